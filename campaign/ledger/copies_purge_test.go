package ledger

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

// A purge leaves nothing of what a run that died kept for its keeper, and whoever wants to take it is told so.
//
// Broken on purpose: without the purge of what is kept, Take gave it afterwards, without an error.
func TestPurgeOfWhatIsKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, k := eager(t, path, rowsOf(2))
	r := run(t, l, "c", RunOptions{})
	r.Keep(Keeper{Owner: "o", Keep: func(_, _ []Fingerprint) error { return nil }})
	for range 2 {
		d := next(t, r, t0)
		d.Fingerprint = Fingerprint{1, 1}
		begin(t, r, d)
		if err := r.Settle(t.Context(), d, Result{State: Sent, Time: t0}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Flush(t.Context()), k.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	l = openAt(t, path)
	no, _, err := l.find(t.Context(), "c")
	if err == nil {
		left := steps.Group{Owner: "o", Gets: []steps.Copy{{Delivery: no<<40 + 1, Person: 1, Content: 1}}}
		err = l.db.Write(func(t *sqlite.Tx) error { return steps.Keep(t, no, &left) })
	}
	if err != nil {
		t.Fatal(err)
	}
	done, err := l.Purge(t.Context(), time.Now().Add(time.Hour))
	if err != nil || len(done) != 1 {
		t.Fatal(done, err)
	}
	err = l.Take(t.Context(), "c", "o", func(list []Fingerprint, last bool) error {
		if len(list) > 0 || last {
			t.Errorf("%v, %t", list, last)
		}
		return nil
	})
	if !errors.Is(err, ErrTakeLost) {
		t.Error(err)
	}
}
