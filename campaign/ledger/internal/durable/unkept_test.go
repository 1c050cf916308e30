package durable

import (
	"errors"
	"runtime"
	"testing"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
)

// After a failed Keep nothing more is begun: neither is what a Write has that was waiting for the fold meanwhile in
// which it failed. That Write is the first that could know, and it is under way wherever a fold is slow.
func TestKeepFailsWhileAWriteWaits(t *testing.T) {
	t.Parallel()
	const all = 2*many + 2
	w := writer(t, all)
	leave := make(chan struct{})
	full := errors.New("no room for the accounts")
	w.Keep = func([]steps.Copy, []steps.Copy) error {
		<-leave
		return full
	}
	if err := w.Write(held(1, 1), func() {}); err != nil { // makes the journal
		t.Fatal(err)
	}
	begin := func(id int64) error {
		return w.Write(&steps.Group{Now: id, Owner: "o", Gets: []steps.Copy{{Delivery: id, Person: 1, Content: 1}},
			Begun: []steps.Step{{ID: id, From: schema.Pending, To: schema.Begun}}}, func() {})
	}
	for id := int64(2); id < all; id++ {
		if err := begin(id); err != nil {
			t.Fatal(err)
		}
	}
	w.until(func() bool { return w.folding != nil && w.net.Len() >= many })
	last := make(chan error, 1)
	go func() { last <- begin(all) }()
	for range 10_000 {
		runtime.Gosched()
	}
	close(leave)
	if err := <-last; !errors.Is(err, full) {
		t.Errorf("begun after the keeper had failed: %v", err)
	}
	if err := w.Close(); !errors.Is(err, full) {
		t.Error(err)
	}
}
