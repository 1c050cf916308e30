package campaign_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// ahead is a campaign to n people over one connection to a server that takes 20 s for each, in a bubble, and the notes
// of its plan.
func ahead(t *testing.T, n int, more string, o sink.Options) (*folder, *basin, *campaign.Campaign, []string) {
	t.Helper()
	b := startBasinWith(t, o, "dot:delay 20s")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"server: { host: smtp.acme.example, tls: none }\n"+more)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(n))
	c := f.open(t, campaign.Options{Now: time.Now, Network: b.network()})
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return f, b, c, plan.Notes
}

// One delivery is begun while another has the connection, and no more than that. When the run stops, it is put back
// whole: it is pending, and its use of the cap is another's. Broken on purpose: with nothing begun before its turn, 1
// was begun; with three places for those ahead, 3 were; with nothing given back in release, the second run sent nobody.
func TestBegunAheadAndPutBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, b, c, _ := ahead(t, 8, "limits:\n  connections: 1\n  caps: [5/1h]\n", sink.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var seen map[ledger.State]int64
		var meanwhile sync.WaitGroup
		meanwhile.Go(func() {
			time.Sleep(50 * time.Second) // the third is on the wire
			seen = f.counts(t, "test")
			cancel()
		})
		sum, err := c.Run(ctx, nil, campaign.RunOptions{})
		meanwhile.Wait()
		if err != nil {
			t.Fatal(err)
		}
		if seen[ledger.Sent] != 2 || seen[ledger.Begun] != 2 || seen[ledger.Pending] != 4 {
			t.Errorf("while the third was on the wire: %v", seen)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 3, ledger.Pending: 5})
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c = f.open(t, campaign.Options{Now: time.Now, Network: b.network()})
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		if sum, err = c.Run(ctx, nil, campaign.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 5, ledger.Pending: 3})
	})
}

// With a block of three, four are begun at most: three ahead, and one on the wire. The plan says what a power cut may
// leave. Broken on purpose: with the block left out of the run's Config, 2 were begun.
func TestBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, _, c, notes := ahead(t, 14, "limits: { connections: 1 }\nledger: { block: 3 }\n", sink.Options{})
		defer c.Close()
		const note = "ledger.block: 3: a power cut may leave 4 unknown for each connection, a kill one"
		if !slices.Contains(notes, note) {
			t.Errorf("the plan's notes are %q", notes)
		}
		var seen map[ledger.State]int64
		var meanwhile sync.WaitGroup
		meanwhile.Go(func() {
			time.Sleep(130 * time.Second) // the seventh is on the wire
			seen = f.counts(t, "test")
		})
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		meanwhile.Wait()
		if err != nil {
			t.Fatal(err)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 14})
		if seen[ledger.Begun] != 4 {
			t.Errorf("while the seventh was on the wire: %v", seen)
		}
	})
}

// What is begun ahead does not go when its lane has closed since: nobody's message begins outside the hours, and who
// had to stay is as before. Broken on purpose: with open left out of start, a fifth message went out after one o'clock.
func TestAheadOfTheHours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		late := 0
		one := time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC) // a bubble begins at midnight
		_, b, c, _ := ahead(t, 8, "limits:\n  connections: 1\nschedule: { hours: [00:00-01:00], zone: UTC }\n",
			sink.Options{Observe: func(e sink.Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind == "dot" && !time.Now().Before(one) {
					late++
				}
			}})
		defer c.Close()
		time.Sleep(time.Until(one) - 70*time.Second)
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 4, ledger.Pending: 4})
		mu.Lock()
		defer mu.Unlock()
		if late > 0 || len(b.accepted(t)) != 4 {
			t.Errorf("%d messages after one o'clock, %d in all", late, len(b.accepted(t)))
		}
	})
}
