package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
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

// A file that is older than the journal beside it, as it is when SQLite's log is lost, is noticed, or comes to what the
// run had done. It is so also if the file is from before the journal, and if the run wrote a group past the journal
// since, because no journal has room for it.
func TestFileOlderThanTheJournal(t *testing.T) {
	t.Parallel()
	for _, before := range []bool{true, false} {
		t.Run(fmt.Sprint("before the journal ", before), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "s", "state.db")
			l, k := eager(t, path, rowsOf(6))
			r := run(t, l, "c", RunOptions{})
			older := copyOf(t, path)
			begin(t, r, next(t, r, t0))
			talker := next(t, r, t0)
			begin(t, r, talker)
			words := "ok"
			if !before {
				older, words = copyOf(t, path), strings.Repeat("x", 1<<20)
			}
			if err := r.Settle(t.Context(), talker, Result{State: Sent, Text: words}); err != nil {
				t.Fatal(err)
			}
			d := next(t, r, t0)
			begin(t, r, d)                                            // takes the outcome along
			if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
				t.Fatal(err)
			}
			for suffix, b := range older {
				if err := os.WriteFile(path+suffix, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(path + "-shm"); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			l2, err := Open(path)
			if err != nil {
				return
			}
			defer l2.Close()
			k2, err := l2.Lock("c")
			if err != nil {
				return
			}
			defer k2.Close()
			for rec, err := range l2.Deliveries(t.Context(), "c", Filter{States: []State{Pending}}) {
				if err != nil || rec.Key == talker.Key || rec.Key == d.Key {
					t.Errorf("%s has left, and is pending: %v", rec.Key, err)
				}
			}
		})
	}
}

// copyOf is the file at path with its log.
func copyOf(t *testing.T, path string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files[suffix] = b
	}
	return files
}
