package campaign_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/internal/sink"
)

// A warm-up is kept on each day, also by what was admitted on the day before. The key of the day's cap has the date on
// which a use was reserved. Broken on purpose: with an intent.open that does not look at the date again, what was begun
// ahead before midnight left after it and counted for the day before: 17 messages for each connection.
func TestAheadOfMidnight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const day = 60
		_, b, c, _ := ahead(t, 200, "limits:\n  connections: 1\n  warmup: [60, 61]\nledger: { block: 16 }\n"+
			"schedule: { zone: UTC }\n", sink.Options{})
		defer c.Close()
		midnight := time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)
		time.Sleep(time.Until(midnight) - 10*time.Minute)
		if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		before, after := 0, 0
		for _, r := range b.accepted(t) {
			if r.Time.Before(midnight) {
				before++
			} else {
				after++
			}
		}
		// The one that was on the wire at midnight may count for either day.
		if before == 0 || after > day+2 {
			t.Errorf("%d on the day before, %d after midnight; the warm-up allows %d or %d a day", before, after, day, day+1)
		}
	})
}

// After a server asked for less, one message that hangs does not keep the other connections from going on: somebody
// looks when the pace has room again. Broken on purpose: with a Run.pass that wakes nobody while the pace has a gap,
// and it has one right after each message that was taken, the lookout that took the first message after the hold left
// nobody behind who knew the time.
func TestLookoutOfAPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var until, hung time.Time
		b := startBasinWith(t, sink.Options{Observe: func(e sink.Event) {
			mu.Lock()
			first := e.Kind == "dot" && !until.IsZero() && hung.IsZero() && !time.Now().Before(until)
			if first {
				hung = time.Now()
			}
			mu.Unlock()
			if first {
				time.Sleep(9 * time.Minute)
			}
		}}, "rcpt:*@example.com,70:450 4.7.1 Error: too much mail from 192.0.2.1", "dot:delay 10s")
		f := newFolder(t)
		f.write(t, "campaign.yaml", base+"server: { host: smtp.office365.com, tls: none }\nlimits:\n  connections: 4\n")
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", people(300))
		c := f.open(t, campaign.Options{Now: time.Now, Network: b.network(), Observe: func(e dispatch.Event) {
			if e.Kind == dispatch.Hold {
				mu.Lock()
				if until.IsZero() {
					until = e.Until
				}
				mu.Unlock()
			}
		}})
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range b.accepted(t) {
			if r.Time.After(hung) && r.Time.Before(hung.Add(9*time.Minute)) {
				n++
			}
		}
		if hung.IsZero() || n == 0 {
			t.Errorf("while one message hung from %v on for nine minutes, %d others were accepted", hung, n)
		}
	})
}
