package repeats

import (
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
)

// numbered is a message whose content is a number.
type numbered uint64

func (n numbered) Content([]byte, string) uint64 { return uint64(n) }

// recording is a run of a campaign of 40 deliveries that is remembered in the user's accounts, which are open twice.
type recording struct {
	*Recorder
	writes, reads *accounts.Accounts
	made          numbered // the content of the newest message
}

func record(t *testing.T) *recording {
	t.Helper()
	dir := t.TempDir()
	l, err := ledger.Open(filepath.Join(dir, "campaign", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	draft, err := l.Draft(t.Context(), ledger.Campaign{ID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	var rows []ledger.Row
	for i := range int64(40) {
		who := fmt.Sprintf("p%d@example.com", i)
		rows = append(rows, ledger.Row{Number: i + 1, Key: who, Address: who, AddressKey: who, Lane: "example.com",
			State: ledger.Pending, Digest: make([]byte, 32), Fields: []byte{1}})
	}
	if _, err := draft.Add(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if err := draft.Freeze(t.Context(), ledger.Campaign{ID: "c"}); err != nil {
		t.Fatal(err)
	}
	k, err := l.Lock("c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	run, err := l.Run(t.Context(), "c", ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	r := &recording{}
	for _, a := range []**accounts.Accounts{&r.writes, &r.reads} {
		if *a, err = accounts.Open(filepath.Join(dir, "user", "accounts.db")); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*a).Close() })
	}
	r.Recorder, err = Record(t.Context(), r.writes, run, accounts.Mailing{Run: "r", ID: "c"}, 30, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// make takes the next delivery and makes its message. It returns the message's content.
func (r *recording) make(t *testing.T) (*ledger.Delivery, uint64) {
	t.Helper()
	d, err := r.Next(t.Context(), nil, time.Now())
	if err != nil || d == nil {
		t.Fatal("nothing next", err)
	}
	r.made++
	r.Made(d, r.made)
	return d, uint64(r.made)
}

// remembered are the contents that another process finds when no write is under way.
func (r *recording) remembered(t *testing.T) map[uint64]bool {
	t.Helper()
	r.mu.Lock()
	writing := r.writing
	r.mu.Unlock()
	if writing != nil {
		<-writing
	}
	return r.found(t)
}

// found are the contents that another process finds now.
func (r *recording) found(t *testing.T) map[uint64]bool {
	t.Helper()
	all := map[uint64]bool{}
	err := r.reads.Copies(t.Context(), time.Now(), func(c *accounts.Copies) {
		c.Each(func(content uint64) { all[content] = true })
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is begun is remembered when Begin returns, also if it was made long before. What was let go before
// anybody began is never remembered. What came to nothing after that is forgotten at the end.
//
// Broken on purpose: with a Begin that does not wait for the write, 9 of 20 were begun and not remembered; with a write
// that starts when a message is made, or that takes along what was let go, something let go was remembered; with
// nothing forgotten, all were left at the end.
func TestRecorder(t *testing.T) {
	t.Parallel()
	r := record(t)
	type one struct {
		d       *ledger.Delivery
		content uint64
	}
	early, first := r.make(t)
	var begun []one
	want := map[uint64]bool{}
	begin := func(d *ledger.Delivery, content uint64) {
		t.Helper()
		if err := r.Begin(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if !r.found(t)[content] {
			t.Errorf("%d is begun, and not remembered", content)
		}
		begun, want[content] = append(begun, one{d, content}), true
	}
	for i := range 20 {
		gone, never := r.make(t)
		if r.remembered(t)[never] {
			t.Errorf("%d is remembered, and nobody began it", never)
		}
		r.PutBack(gone)
		d, content := r.make(t)
		begin(d, content)
		if i == 0 && !r.remembered(t)[first] {
			t.Error("what was made meanwhile is not remembered with it")
		}
		if r.remembered(t)[never] {
			t.Errorf("%d was let go, and is remembered", never)
		}
	}
	begin(early, first)
	for i, b := range begun {
		if i%2 == 0 {
			r.PutBack(b.d)
			delete(want, b.content)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := r.remembered(t); !maps.Equal(got, want) {
		t.Errorf("%v are remembered at the end, want %v", got, want)
	}
}

// What cannot be remembered does not go: it is deferred.
//
// Broken on purpose: with the error of the write passed over, or not waited for, it was begun.
func TestRecorderFails(t *testing.T) {
	t.Parallel()
	r := record(t)
	d, _ := r.make(t)
	if err := r.writes.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Begin(t.Context(), d); err == nil {
		t.Error("begun, and not remembered")
	}
	if got := r.Counts(); got[ledger.Deferred] != 1 || got[ledger.Begun] != 0 {
		t.Error(got)
	}
}
