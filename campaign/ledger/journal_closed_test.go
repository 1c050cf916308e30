package ledger

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"mailshot/internal/sqlite"
)

// A run that could not be closed, because another process wrote for long, leaves its journal. Who changes the campaign
// through the same Ledger, which holds the lock, meets what is in it; and the next process can take it over.
func TestByHandAfterAFailedClose(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, k := eager(t, path, rowsOf(6))
	r := run(t, l, "c", RunOptions{})
	begin(t, r, next(t, r, t0))
	d := next(t, r, t0)
	begin(t, r, d)
	settle(t, r, d, Sent)
	begin(t, r, next(t, r, t0)) // takes the outcome along
	if err := l.db.Write(func(tx *sqlite.Tx) error { return tx.Script("PRAGMA busy_timeout = 0") }); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", sqlite.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); !sqlite.Busy(err) {
		t.Fatal(err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Cancel(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(k.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	l2 := openAt(t, path)
	if got := identity(t, l2, "c"); got[Sent] != 1 {
		t.Errorf("one was sent: %v", got)
	}
	if k2, err := l2.Lock("c"); err != nil {
		t.Error("the campaign can never be locked again:", err)
	} else if err := k2.Close(); err != nil {
		t.Error(err)
	}
}
