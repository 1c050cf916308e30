package campaign_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// A lane whose cap is used up for hours does not end the run for the others, where something is due in two seconds.
// Proven by waiting for the later of the lane's cap and the earliest due of all: the run ended with p0 deferred.
func TestClosedLaneDoesNotEndTheRun(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "rcpt:p0@example.com,once:450 4.2.0 later")
	f := newFolder(t)
	yaml := base + server(s, "  domains: { example.net: 1/3h }\n")
	f.write(t, "campaign.yaml", strings.Replace(yaml, "first: 1s, max: 1s", "first: 2s, max: 2s", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(1)+"a@example.net,A,a\nb@example.net,B,b\n")
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 1})
	if sum.ExitCode() != 75 {
		t.Errorf("exit %d, want 75", sum.ExitCode())
	}
}

// A cap of a domain that is added after the list was frozen holds for it. Proven by leaving the frozen lanes alone: all
// six were sent.
func TestNewDomainCapHoldsForAFrozenList(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(6))
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1})
	f.write(t, "campaign.yaml", base+server(s, "  domains: { example.com: 2/3h }\n"))
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 3, ledger.Pending: 3})
	if n := len(rec.accepted(t)); n != 3 {
		t.Errorf("%d messages at the sink, want 3", n)
	}
}

// A recipient of whom the server was told counts against the caps, also when the suppression list stopped the message
// at the last moment. Proven by giving such a use back: two were sent.
func TestUseOfSuppressedRecipientCounts(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, "  caps: [2/3h]\n"))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(3))
	c := f.open(t, campaign.Options{})
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	err = a.Suppress(t.Context(), accounts.Entry{Key: "p0@example.com", Reason: "asked"})
	if err := errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Suppressed: 1, ledger.Pending: 1})
}

// A server that takes each final dot and hangs up does not get the whole list: after a few in a row it is held. Proven
// by not counting unknown outcomes as failures of the server: all 200 became unknown.
func TestUnknownInARowHoldsTheServer(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "dot:store-drop")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(200))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := f.open(t, campaign.Options{Observe: func(e dispatch.Event) {
		if e.Kind == "hold" {
			cancel()
		}
	}})
	defer c.Close()
	if _, err := c.Plan(ctx, campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(ctx, nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	identity(t, sum)
	// Four connections: eight failures in a row are two each, the ninth holds while others may be on their way.
	if n := sum.Counts["unknown"]; n == 0 || n > 16 {
		t.Errorf("%d unknown, want at most 16", n)
	}
	if sum.ExitCode() != 75 {
		t.Errorf("exit %d, want 75", sum.ExitCode())
	}
}

// A server that hangs up at one recipient, every time, gets the others; that one is deferred like any other failed try.
// Proven by always putting it back: it went first again and again, with a longer pause of the server each time, and the
// run did not come to the others.
func TestRecipientThatBreaksTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the pauses of the server are of half a minute
		b := startBasin(t, "rcpt:p0@example.com:421 4.7.0 go away")
		f := newFolder(t)
		f.write(t, "campaign.yaml", base+"server: { host: smtp.acme.example, tls: none }\n"+
			"limits:\n  connections: 1\n  retry: { first: 2h, max: 2h }\n")
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", people(20))
		holds := 0
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := f.open(t, campaign.Options{Now: time.Now, Network: b.network(), Observe: func(e dispatch.Event) {
			if e.Kind == "hold" {
				if holds++; holds > 1 {
					cancel()
				}
			}
		}})
		defer c.Close()
		if _, err := c.Plan(ctx, campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		sum, err := c.Run(ctx, nil, campaign.RunOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want(t, sum, map[ledger.State]int64{ledger.Sent: 19, ledger.Deferred: 1})
		if n := len(b.accepted(t)); n != 19 {
			t.Errorf("%d messages at the sink", n)
		}
	})
}

// A server that is busy when the run begins is work left (75), not a fault of the campaign (1).
func TestBusyServerIsWorkLeft(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "connect:421 4.3.2 later")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, ""))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(2))
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	if sum.ExitCode() != 75 || sum.Stopped == "" {
		t.Errorf("exit %d, stopped %q; want 75 and the server's words", sum.ExitCode(), sum.Stopped)
	}
}

// What a run says of its progress never exceeds what it set out to do, however often a message is put off; and the
// cap that holds back what is left is named, with the domain whose own it is. Proven by counting each put-off as
// done: "6 of 5", and by asking the account's caps alone: none was named.
func TestProgressOfARun(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "rcpt:p0@example.com,once:451 4.3.0 later")
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, "  domains: { b.example: 1/3h }\n"))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", people(5)+"a@b.example,A,a\nb@b.example,B,b\n")
	var most int64
	var over []dispatch.Event
	sum := f.send(t, campaign.Options{Observe: func(e dispatch.Event) {
		if most = max(most, e.Done); e.Done > e.Planned {
			over = append(over, e)
		}
	}}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 6, ledger.Pending: 1})
	if most != 6 || over != nil {
		t.Errorf("%d done of 7, and %+v", most, over)
	}
	if !slices.Equal(sum.Full, []string{"b.example 1/3h"}) {
		t.Errorf("used up: %q", sum.Full)
	}
}
