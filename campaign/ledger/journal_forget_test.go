package ledger

import (
	"testing"
)

// A person who is forgotten through the Ledger that runs the campaign, while their message is on the wire, is as begun
// as without a journal, and the run goes on.
func TestForgetDuringARun(t *testing.T) {
	t.Parallel()
	for _, journal := range []bool{false, true} {
		l, _, _ := forgetful(t)
		l.Eager = journal
		plan(t, l, "c", []Row{personal(1, "wanda"), row(2), row(3)})
		lock(t, l, "c")
		r := run(t, l, "c", RunOptions{})
		var d *Delivery
		for range 3 {
			if other := next(t, r, t0); other.Key == "wanda" {
				d = other
			} else {
				begin(t, r, other) // the journal begins behind the first group
			}
		}
		begin(t, r, d)
		f, err := l.Forget(t.Context(), "wanda@secret.example")
		if err != nil || f.Stopped != 0 {
			t.Errorf("journal %t: the message on the wire was stopped: %+v %v", journal, f, err)
		}
		settle(t, r, d, Sent)
		if err := r.Flush(t.Context()); err != nil {
			t.Errorf("journal %t: %v", journal, err)
		}
		if got := identity(t, l, "c"); got[Sent] != 1 || got[Suppressed] != 0 {
			t.Errorf("journal %t: %v", journal, got)
		}
	}
}
