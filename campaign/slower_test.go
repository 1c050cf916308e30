package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/sender/mx/mxtest"
)

// slowed runs a campaign in the bubble to its end, and returns the holds it told of and when each domain's messages
// were accepted.
func slowed(t *testing.T, list string, rules ...string) (holds []dispatch.Event, accepted map[string][]time.Time) {
	t.Helper()
	b := startBasin(t, rules...)
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"server: { host: smtp.office365.com, tls: none }\nlimits:\n  connections: 4\n")
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", list)
	c := f.open(t, campaign.Options{Now: time.Now, Network: b.network(), Observe: func(e dispatch.Event) {
		if e.Kind == "hold" {
			holds = append(holds, e)
		}
	}})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	want(t, sum, map[ledger.State]int64{ledger.Sent: sum.Rows})
	accepted = map[string][]time.Time{}
	seen := map[string]bool{}
	for _, r := range b.accepted(t) {
		to := r.To[0]
		if seen[to] {
			t.Errorf("%s was handed over twice", to)
		}
		seen[to] = true
		_, domain, _ := strings.Cut(to, "@")
		accepted[domain] = append(accepted[domain], r.Time)
	}
	return holds, accepted
}

// peopleAt are n people at a domain, without the line of column names.
func peopleAt(domain string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "p%d@%s,Person,%s%d\n", i, domain, domain, i)
	}
	return b.String()
}

// within is how many of the times lie in the stretch that begins at from.
func within(times []time.Time, from time.Time, stretch time.Duration) (n int) {
	for _, t := range times {
		if !t.Before(from) && t.Before(from.Add(stretch)) {
			n++
		}
	}
	return n
}

// handed is how long what was in somebody's hands when a hold began may take: a message that has the connection, and
// one that waits for it.
const handed = 30 * time.Second

// TestGroupAsksForLess: after one provider asked for less, nothing goes to its recipients for as long as it said, then
// half as much as before, while the others' mail goes on.
//
// With a group measured only from its request on, it got 19 in the minute after the hold, and 12 in that before it.
// With a hold that is over at once, it ended with the reply.
func TestGroupAsksForLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		holds, accepted := slowed(t, "email,name,token\n"+peopleAt("hotmail.com", 60)+peopleAt("example.com", 60),
			"rcpt:*@hotmail.com,25:451 4.7.650 The mail server has been temporarily rate limited due to IP reputation",
			"dot:delay 10s")
		if len(holds) != 1 || !strings.HasPrefix(holds[0].Text, "outlook: ") ||
			holds[0].Until.Sub(holds[0].Time) < 15*time.Minute {
			t.Fatalf("%+v", holds)
		}
		asked, until := holds[0].Time, holds[0].Until
		theirs, others := accepted["hotmail.com"], accepted["example.com"]
		if n := within(theirs, asked.Add(handed), until.Sub(asked)-handed); n != 0 {
			t.Errorf("%d went in the hold", n)
		}
		if n := within(others, asked, until.Sub(asked)); n == 0 {
			t.Error("the others waited too")
		}
		before, after := within(theirs, asked.Add(-time.Minute), time.Minute), within(theirs, until, time.Minute)
		if after == 0 || after > (before+1)/2+1 {
			t.Errorf("%d in the minute after the hold, %d in that before it", after, before)
		}
	})
}

// TestServerAsksForLess: after the server asked for less nothing goes for a while, then half as much, and little by
// little as much as before. With a request that only holds the server, 20 went in the minute after it, of 24 before.
func TestServerAsksForLess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		holds, accepted := slowed(t, people(700), "rcpt:*@example.com,70:450 4.7.1 Error: too much mail from 192.0.2.1",
			"dot:delay 10s")
		if len(holds) != 1 {
			t.Fatalf("%+v", holds)
		}
		asked, until, all := holds[0].Time, holds[0].Until, accepted["example.com"]
		if n := within(all, asked.Add(handed), until.Sub(asked)-handed); n != 0 {
			t.Errorf("%d went in the hold", n)
		}
		before, after, late := within(all, asked.Add(-time.Minute), time.Minute), within(all, until, time.Minute),
			within(all, until.Add(11*time.Minute), time.Minute)
		if after == 0 || after > before/2+2 || late < before-1 {
			t.Errorf("%d in the minute before the hold, %d in that after it, %d ten minutes later", before, after, late)
		}
	})
}

// TestHostedDomainsShareAHold: in direct delivery, what a provider asks for at one domain that it looks after holds for
// the others; domains with servers of their own go on. Without hosting, nobody was held: b.example is in a lane of its
// own.
func TestHostedDomainsShareAHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBasin(t, "rcpt:*@a.example,10:421 4.7.28 Gmail has detected an unusual rate of unsolicited mail",
			"dot:delay 10s")
		zone := mxtest.New(map[string][]string{
			"A mail.sender.example":     {"203.0.113.1"},
			"A aspmx.l.google.com":      {"192.0.2.1"},
			"A alt1.aspmx.l.google.com": {"192.0.2.2"},
			"MX a.example":              {"10 aspmx.l.google.com"},
			"MX b.example":              {"5 aspmx.l.google.com", "10 alt1.aspmx.l.google.com"},
			"A own.example":             {"192.0.2.3"},
		})
		network := b.network()
		network.Resolver = zone
		f := newFolder(t)
		f.write(t, "campaign.yaml", base+"server: { direct: true, helo: mail.sender.example }\nlimits:\n  connections: 4\n")
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", "email,name,token\n"+peopleAt("a.example", 30)+peopleAt("b.example", 30)+
			peopleAt("own.example", 60))
		var holds []dispatch.Event
		c := f.open(t, campaign.Options{Now: time.Now, Network: network, Observe: func(e dispatch.Event) {
			if e.Kind == "hold" {
				holds = append(holds, e)
			}
		}})
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.Run(t.Context(), nil, campaign.RunOptions{Wait: true})
		if err != nil {
			t.Fatal(err)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 120})
		if len(holds) == 0 || !strings.HasPrefix(holds[0].Text, "gmail: ") {
			t.Fatalf("%+v", holds)
		}
		asked, until := holds[0].Time, holds[0].Until
		var theirs, others []time.Time
		for _, r := range b.accepted(t) {
			if strings.HasSuffix(r.To[0], "@own.example") {
				others = append(others, r.Time)
			} else {
				theirs = append(theirs, r.Time)
			}
		}
		if n := within(theirs, asked.Add(handed), until.Sub(asked)-handed); n != 0 || len(theirs) != 60 {
			t.Errorf("%d of %d went in the hold", n, len(theirs))
		}
		if n := within(others, asked, until.Sub(asked)); n == 0 {
			t.Error("the others waited too")
		}
	})
}
