package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Who lists what is unknown sees all of it, or is told that nobody knows. It is so without the journal of a run that
// died, and in a Ledger that was open while the run died.
func TestRecoverNeedsTheJournal(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprint("lost ", lost), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "s", "state.db")
			l, k := eager(t, path, rowsOf(6))
			r := run(t, l, "c", RunOptions{})
			first := next(t, r, t0)
			begin(t, r, first)
			settle(t, r, first, Sent)
			if err := r.Flush(t.Context()); err != nil { // the file has nothing begun
				t.Fatal(err)
			}
			begin(t, r, next(t, r, t0))
			other := openAt(t, path)
			if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
				t.Fatal(err)
			}
			if lost {
				if err := os.Remove(l.journalPath("c")); err != nil {
					t.Fatal(err)
				}
				other = openAt(t, path)
			}
			err := other.Recover(t.Context(), "c")
			got := identity(t, other, "c")
			if lost && err == nil {
				t.Errorf("nobody is told that the journal is gone: %v", got)
			}
			if !lost && (err != nil || !nonzero(got, map[State]int64{Sent: 1, Unknown: 1, Pending: 4})) {
				t.Errorf("%v %v", got, err)
			}
		})
	}
}
