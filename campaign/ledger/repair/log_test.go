package repair_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/ledger/repair"
)

// logged is a state file as a kill leaves it, with its log not yet folded in.
func logged(t *testing.T) (path string, truth map[int64]ledger.State) {
	t.Helper()
	path, _ = lived(t)
	l := openAt(t, path)
	lock(t, l, "c")
	r := run(t, l, "c", ledger.RunOptions{Now: func() time.Time { return t0 }})
	for range 12 {
		d := next(t, r, t0)
		begin(t, r, d)
		settle(t, r, d, ledger.Sent)
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	to := copied(t, path) // while it is open
	truth = map[int64]ledger.State{}
	for rec, err := range l.Deliveries(t.Context(), "c", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		truth[rec.ID] = rec.State
	}
	return to, truth
}

// Damage in the middle of the log is refused, where SQLite drops the rest of it without a word; a torn end is dropped,
// as a power cut leaves it. Proven by opening without looking: "delivery 1099511627841 was sent and is pending: it
// would be sent again", and others.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	path, truth := logged(t)
	log, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const frame = 24 + 4096
	frames := (len(log) - 32) / frame
	if frames < 12 {
		t.Fatalf("%d frames", frames)
	}
	torn := copied(t, path)
	if err := os.WriteFile(torn+"-wal", log[:len(log)-frame/2], 0o600); err != nil {
		t.Fatal(err)
	}
	statesAt(t, torn) // opens, and adds up

	for _, k := range []int{-1, 0, 1, frames / 2, frames * 2 / 3} {
		p := copied(t, path)
		broken, where := bytes.Clone(log), 24
		if k < 0 { // the head of the log
			broken[17] ^= 4
		} else {
			where = 32 + k*frame
			broken[where+24+1000] ^= 4
		}
		if err := os.WriteFile(p+"-wal", broken, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := ledger.Open(p)
		if err == nil {
			l.Close()
			neverTwice(t, truth, statesAt(t, p))
			t.Fatalf("frame %d: opened", k)
		}
		if f := asFile(t, err); !strings.Contains(f.Text, fmt.Sprintf("byte %d", where)) ||
			!strings.Contains(f.Hint, "state repair") {
			t.Error(err)
		}
		if _, err := repair.File(t.Context(), p, false); err != nil {
			t.Error(err)
			continue
		}
		now := statesAt(t, p)
		neverTwice(t, truth, now)
		for id, s := range now {
			if s == ledger.Pending || s == ledger.Deferred {
				t.Fatalf("frame %d: %d is still %s", k, id, s)
			}
		}
	}
}
