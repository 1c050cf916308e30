package ledger

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/repair"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Where the journal and the file contradict each other, for one of them is damaged, nothing can be taken over, now or
// later. Whoever would go on is told the way out, as with a journal that is gone. A repair makes unknown whatever is in
// the journal, whichever state the damage gave it.
func TestJournalContradictsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, k := eager(t, path, rowsOf(4))
	r := run(t, l, "c", RunOptions{})
	begin(t, r, next(t, r, t0))
	d := next(t, r, t0)
	begin(t, r, d)
	if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path, schema.Versions)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Write(func(tx *sqlite.Tx) error {
		if _, err := tx.Exec("UPDATE deliveries SET state = ?, reason = 'a bit' WHERE id = ?", schema.Held,
			d.ID); err != nil {
			return err
		}
		return schema.Recount(tx, 1)
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	l2, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l2.Close()
	_, err = l2.Lock("c")
	var bad *statefile.Error
	if !errors.As(err, &bad) || !strings.Contains(bad.Hint, "mailshot state repair") {
		t.Errorf("no way out: %v", err)
	}
	if err := l2.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := repair.File(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range openAt(t, path).Deliveries(t.Context(), "c", Filter{IDs: []int64{d.ID}}) {
		if err != nil || rec.State != Unknown { // a retry would send it
			t.Errorf("the journal says that it is begun, and it is %s after the repair: %v %q", rec.State, err, report.Lines)
		}
	}
}
