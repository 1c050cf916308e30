package ledger

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/internal/sqlite"
)

// Verify finds the one delivery whose records contradict each other wherever it stands in the list, however the pieces
// fall that are looked at beside each other. (Breakage: the last piece ended before the last row.)
func TestVerifyLooksAtAll(t *testing.T) {
	t.Parallel()
	l := open1(t)
	for _, n := range []int{1, 2, 15, 16, 17, 100} {
		id := fmt.Sprintf("of %d", n)
		plan(t, l, id, rowsOf(n))
		lock(t, l, id)
		if err := l.Verify(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{1, 2, n / 2, n - 1, n} {
			if at < 1 || at > n {
				continue
			}
			for _, c := range []struct{ do, undo, want string }{
				{"UPDATE deliveries SET attempts = 1 WHERE id = %d", "UPDATE deliveries SET attempts = 0 WHERE id = %d",
					"pending, and it was tried before"},
				{`INSERT INTO attempts(delivery, time, state, stage, code, enhanced, text, server)
					VALUES (%d, 1, 4, 'dot', 250, '', '', '')`, "DELETE FROM attempts WHERE delivery = %d",
					"pending, and it was tried before"},
			} {
				change := func(query string) {
					if err := l.db.Write(func(tx *sqlite.Tx) error {
						_, err := tx.Once(fmt.Sprintf(query, l.idOf(t, id, at)))
						return err
					}); err != nil {
						t.Fatal(err)
					}
				}
				change(c.do)
				err := l.Verify(t.Context(), id)
				if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("people.csv:%d: %s", at+1, c.want)) {
					t.Errorf("row %d of %d: %v", at, n, err)
				}
				change(c.undo)
			}
		}
	}
}

// idOf is the id of a campaign's row with this number.
func (l *Ledger) idOf(t *testing.T, id string, number int) (row int64) {
	t.Helper()
	err := l.db.Reading.QueryRow(`SELECT r.id FROM rows r JOIN campaigns c ON c.no = r.campaign
		WHERE c.id = ? AND r.number = ?`, id, number).Scan(&row)
	if err != nil {
		t.Fatal(err)
	}
	return row
}
