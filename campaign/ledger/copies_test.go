package ledger

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// Whoever asks what was sent before takes what a run that died had, and has its campaign's lock meanwhile. That is a look,
// and takes as long as two files take to write. A send of the campaign at that moment, as after a power cut that ended
// two of them, waits for it and does not end with "in use".
func TestLockWaitsForATake(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s", "state.db")
	l, k := eager(t, path, rowsOf(4))
	r := run(t, l, "c", RunOptions{})
	r.Keep(Keeper{Owner: "o", Keep: func(_, _ []Fingerprint) error { return nil }})
	for range 2 {
		d := next(t, r, t0)
		d.Fingerprint = Fingerprint{1, 1}
		begin(t, r, d)
	}
	if err := errors.Join(k.Close(), l.Close()); err != nil { // as a kill ends the run
		t.Fatal(err)
	}
	asks, sends := openAt(t, path), openAt(t, path)
	inside, leave, took := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		took <- asks.Take(t.Context(), "c", "o", func(list []Fingerprint, last bool) error {
			if len(list) == 0 || !last {
				t.Errorf("%v, %t", list, last)
			}
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	time.AfterFunc(2*glancing*glance, func() { close(leave) }) // the accounts are on a slow disk
	k2, err := sends.Lock("c")
	if err != nil {
		t.Error(err)
	} else if err := k2.Close(); err != nil {
		t.Error(err)
	}
	if err := <-took; err != nil {
		t.Error(err)
	}
}
