package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// eager is a ledger at path with the campaign c of n rows, whose runs use a journal, and its lock.
func eager(t *testing.T, path string, rows []Row) (*Ledger, *Lock) {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	l.Eager = true
	plan(t, l, "c", rows)
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	return l, k
}

// A journal that is older than the file beside it, as a backup of each at its own time leaves them, lacks what the run
// did last. It is as lost as one that is gone.
func TestJournalOlderThanTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, k := eager(t, path, rowsOf(6))
	r := run(t, l, "c", RunOptions{})
	for range 2 {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, Sent)
	}
	begin(t, r, next(t, r, t0))
	older, err := os.ReadFile(l.journalPath("c"))
	if err != nil {
		t.Fatal(err)
	}
	begin(t, r, next(t, r, t0))
	if err := r.Fold(); err != nil { // the file has four
		t.Fatal(err)
	}
	d := next(t, r, t0)
	begin(t, r, d)
	settle(t, r, d, Sent) // the server has it
	begin(t, r, next(t, r, t0))
	if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
		t.Fatal(err)
	}
	if err := os.WriteFile(l.journalPath("c"), older, 0o600); err != nil {
		t.Fatal(err)
	}
	l2, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l2.Close()
	k2, err := l2.Lock("c")
	if err != nil {
		return
	}
	defer k2.Close()
	r2 := run(t, l2, "c", RunOptions{})
	for {
		again, err := r2.Next(t.Context(), nil, t0)
		if err != nil || again == nil {
			break
		}
		t.Errorf("%s may be sent, and was begun before: sent %t", again.Key, again.ID == d.ID)
	}
}
