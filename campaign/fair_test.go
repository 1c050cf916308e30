package campaign_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/internal/sink"
)

// neighbour is a domain that shares its lane with another.
func neighbour(domain string) string {
	for i := 0; ; i++ {
		if other := fmt.Sprintf("d%d.example", i); pacing.Group(other, "", nil) == pacing.Group(domain, "", nil) {
			return other
		}
	}
}

// A domain or a provider that puts everything off does not take the caps from the others: of a cap of 30 in a second
// they have at least 90 % over 20 seconds, wherever the lanes fall. Without PutOff, 599 of 600 tries went to the
// provider; with its lane among the eager ones, 127 did.
func TestCapsAreSharedFairly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, slow, other string
	}{
		{"lanes of their own", "slow.example", "quick.example"},
		{"a provider", "gmail.com", "quick.example"},
		{"two domains of a provider", "googlemail.com", "quick.example"},
		{"one lane", "slow.example", neighbour("slow.example")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const seconds = 20
				sum, accepted, off := deferring(t, c.slow, c.other, seconds)
				if accepted < 30*seconds*9/10 || off == 0 || off > 30*seconds/10 {
					t.Errorf("%d of a cap of %d went to those who take them, %d tries elsewhere (%v)", accepted, 30*seconds, off,
						sum.Counts)
				}
			})
		})
	}
}

// deferring sends for a while to people at two domains, and at slow, which puts everything off.
func deferring(t *testing.T, slow, other string, seconds int) (sum *campaign.Summary, accepted, off int) {
	t.Helper()
	var mu sync.Mutex
	b := startBasinWith(t, sink.Options{Observe: func(e sink.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == "fault" {
			off++
		}
	}}, "rcpt:*@"+slow+":451 4.7.1 greylisted, try again later", "rcpt:*@gmail.com:451 4.7.1 greylisted, try again later")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"server: { host: smtp.acme.example, tls: none }\n"+
		"limits:\n  connections: 4\n  caps: [30/s]\n  retry: { first: 2s, max: 4s, give_up: 48h }\n")
	f.write(t, "body.txt", "Dear {{.name}}\n")
	var list strings.Builder
	list.WriteString("email,name\n")
	for i := range 700 {
		at := other
		switch {
		case i%3 == 0 && i%2 == 0 && slow == "googlemail.com":
			at = "gmail.com"
		case i%3 == 0:
			at = slow
		case i%3 == 1:
			at = "fast.example"
		}
		fmt.Fprintf(&list, "p%d@%s,Person\n", i, at)
	}
	for i := range 300 {
		fmt.Fprintf(&list, "q%d@fast.example,Person\n", i)
	}
	f.write(t, "people.csv", list.String())
	c := f.open(t, campaign.Options{Now: time.Now, Network: b.network()})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	sum, err := c.Run(ctx, nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	mu.Lock()
	defer mu.Unlock()
	return sum, len(b.accepted(t)), off
}

// A domain that greylists everybody, alone in its list, gets its mail within an hour: new people and those tried
// before take turns, and the gaps end as soon as somebody is accepted. With further tries behind the first ones of
// all, it took three hours.
func TestGreylistedAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBasinWith(t, sink.Options{}, "rcpt:*@slow.example,once:451 4.7.1 greylisted, try again later")
		f := newFolder(t)
		f.write(t, "campaign.yaml", base+"server: { host: smtp.acme.example, tls: none }\nlimits:\n  connections: 4\n")
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", "email,name,token\n"+peopleAt("slow.example", 400))
		c := f.open(t, campaign.Options{Now: time.Now, Network: b.network()})
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 400})
		if sum.Duration > time.Hour {
			t.Errorf("it took %v", sum.Duration)
		}
	})
}
