package campaign_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// off is a wall clock that is wrong by so much, on this machine.
func off(by time.Duration) campaign.Options {
	return campaign.Options{Now: func() time.Time { return time.Now().Add(by) }, Clock: clock.System}
}

// Ten in a day stay ten, however the clock jumps between runs, and a person is told. As it was, each run with a clock
// two days back freed the cap for the next; a jump ahead freed it at once. With the campaign's clock in the place of
// the machine's, twenty are at the server.
func TestCapWhileTheClockJumps(t *testing.T) {
	t.Parallel()
	s, mail := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, "  caps: [10/24h]\n"))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(60))
	for _, c := range []struct {
		by   time.Duration
		note string
	}{{0, ""}, {-48 * time.Hour, "2 days behind"}, {0, ""}, {48 * time.Hour, "2 days ahead"}, {0, ""}} {
		o := off(c.by)
		open := f.open(t, o)
		plan, err := open.Plan(t.Context(), campaign.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sum, err := open.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := open.Close(); err != nil {
			t.Fatal(err)
		}
		if n := len(mail.accepted(t)); n != 10 {
			t.Fatalf("clock off by %s: %d messages at the server", c.by, n)
		}
		notes := strings.Join(plan.Notes, "\n")
		if said := strings.Contains(notes, "this machine's clock is"); said != (c.note != "") ||
			!strings.Contains(notes, c.note) {
			t.Errorf("clock off by %s: notes %q, want %q", c.by, notes, c.note)
		}
		if !strings.Contains(sum.Stopped, c.note) {
			t.Errorf("clock off by %s: stopped %q, want %q", c.by, sum.Stopped, c.note)
		}
		// The next may go a day after the first ten, by the clock that a person sees.
		if in := sum.NextDue.Sub(o.Now()); in < 23*time.Hour || in > 25*time.Hour {
			t.Errorf("clock off by %s: the next in %s", c.by, in)
		}
	}
}

// Two processes on one machine, one of whose clocks is three hours ahead, keep to one cap of ten in two hours. As it
// was, each freed what the other had used. With their own clocks in the place of the machine's, 29 are at the server.
// Both have the same message for the same people: so they repeat.
func TestCapOfTwoProcessesWithTwoClocks(t *testing.T) {
	t.Parallel()
	s, mail := startSink(t, sink.Options{})
	a, b := newFolder(t), newFolder(t)
	b.accounts = a.accounts
	for i, f := range []*folder{a, b} {
		f.write(t, "campaign.yaml", strings.Replace(base, "id: ", "id: "+string(rune('a'+i)), 1)+server(s,
			"  caps: [10/2h]\n"))
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", people(20))
	}
	for range 2 {
		var wg sync.WaitGroup
		for f, by := range map[*folder]time.Duration{a: 0, b: 3 * time.Hour} {
			wg.Go(func() {
				sum := f.send(t, off(by), campaign.PlanOptions{Repeat: true})
				if sum.Counts[string(ledger.Pending)] == 0 {
					t.Error("nothing is left")
				}
			})
		}
		wg.Wait()
		if n := len(mail.accepted(t)); n != 10 {
			t.Errorf("%d messages at the server, cap 10", n)
		}
	}
}
