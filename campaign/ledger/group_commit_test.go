package ledger

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mailshot/internal/sqlite"
)

// Many callers share transactions, each sees only its own outcome, and when Begin has returned nil it is on the disk.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	const callers, rows = 32, 1500
	l := open1(t)
	plan(t, l, "c", rowsOf(rows))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	var begun atomic.Int64
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				d, err := r.Next(t.Context(), nil, t0)
				if err != nil {
					t.Error(err)
					return
				}
				if d == nil {
					return
				}
				if err := errors.Join(r.Begin(t.Context(), d), r.Start(t.Context(), d)); err != nil {
					t.Error(err)
					return
				}
				if begun.Add(1)%100 == 0 { // another connection sees it
					var state int64
					if err := l.db.Reading.QueryRow("SELECT state FROM deliveries WHERE id = ?",
						d.ID).Scan(&state); err != nil || stateOf(state) != Begun {
						t.Error(stateOf(state), err)
					}
				}
				if err := r.Settle(t.Context(), d, Result{State: Sent, Text: "ok"}); err != nil {
					t.Error(err)
					return
				}
				sum := int64(0)
				for _, n := range r.Counts() {
					sum += n
				}
				if sum != rows {
					t.Errorf("counts add up to %d", sum)
				}
			}
		})
	}
	wg.Wait()
	if got := identity(t, l, "c"); begun.Load() != rows || got[Sent] != rows || !nonzero(got, r.Counts()) {
		t.Error(begun.Load(), got, r.Counts())
	}
}

// After an error of the disk a Begin is not begun, no further one is tried, and what was begun before is unknown to the
// next run. Breakage that shows it: not keeping the error gave "second begin: <nil>".
func TestDiskFullStopsTheRun(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s/state.db"
	l := openAt(t, path)
	plan(t, l, "c", rowsOf(4))
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, l, "c", RunOptions{})
	first, second, third := next(t, r, t0), next(t, r, t0), next(t, r, t0)
	begin(t, r, first)
	if err := l.db.Write(func(tx *sqlite.Tx) error {
		return tx.Script("PRAGMA max_page_count = 1") // the fewest there can be: as many as there are
	}); err != nil {
		t.Fatal(err)
	}
	if err := r.Settle(t.Context(), first, Result{State: Sent, Text: strings.Repeat("x", 1<<20)}); err != nil {
		t.Fatal(err)
	}
	err = r.Begin(t.Context(), second)
	if f := asFile(t, err); f.Hint == "" || !strings.Contains(err.Error(), "no room") {
		t.Error(err)
	}
	r.PutBack(second)
	if err := r.Begin(t.Context(), third); err == nil {
		t.Error("second begin:", err)
	}
	if _, err := r.Next(t.Context(), nil, t0); err == nil {
		t.Error("next after an error of the disk")
	}
	if err := r.Settle(t.Context(), third, Result{State: Refused}); err == nil {
		t.Error("settled after an error of the disk")
	}
	if err := r.Close(); err == nil {
		t.Error("closed as if all were well")
	}
	if err := errors.Join(k.Close()); err != nil {
		t.Fatal(err)
	}
	l2 := openAt(t, path)
	lock(t, l2, "c")
	run(t, l2, "c", RunOptions{})
	if got := identity(t, l2, "c"); !nonzero(got, map[State]int64{Unknown: 1, Pending: 3}) {
		t.Error(got)
	}
}

// Another process that holds the write lock for too long is not a fault of the disk: the group fails, its outcomes
// stay, and the run goes on.
func TestBusyIsNotTheDisk(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s/state.db"
	l := openAt(t, path)
	plan(t, l, "c", rowsOf(2))
	lock(t, l, "c")
	r := run(t, l, "c", RunOptions{})
	d, d2 := next(t, r, t0), next(t, r, t0)
	begin(t, r, d)
	settle(t, r, d, Sent)
	if err := l.db.Write(func(tx *sqlite.Tx) error { return tx.Script("PRAGMA busy_timeout = 0") }); err != nil {
		t.Fatal(err)
	}
	other := openAt(t, path)
	if err := other.db.Write(func(*sqlite.Tx) error {
		if err := r.Begin(t.Context(), d2); !sqlite.Busy(err) {
			t.Error(err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	begin(t, r, d2)
	settle(t, r, d2, Sent)
	if _, _, err := due(t, r); err != nil {
		t.Error(err)
	}
	if got := identity(t, l, "c"); got[Sent] != 2 {
		t.Error(got)
	}
}
