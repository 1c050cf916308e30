package runs

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
)

// event is an outcome.
func event(state ledger.State, at time.Time, lane, text string, took time.Duration) dispatch.Event {
	return dispatch.Event{Kind: dispatch.Reached(state), Time: at, Lane: lane, Text: text, Took: took,
		Server: "mx.example:25", Place: "people.csv:7"}
}

// Outcomes are counted by minute, by lane and by reply, and the times to the reply are right to a tenth.
func TestProgress(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := &progress{}
	p.begin(now.Add(-time.Minute))
	for i := range 100 {
		p.observe(event(ledger.Sent, now, "gmail", "ok", time.Duration(i+1)*10*time.Millisecond))
	}
	for range 3 {
		p.observe(event(ledger.Refused, now.Add(-2*time.Minute), "rest-3 Europe/Berlin", "550 no", 0))
	}
	p.observe(event(ledger.Deferred, now, "gmail", "451 later", time.Second))
	got, started, _ := p.now()
	if started.IsZero() || got.Rate != 200 {
		t.Errorf("%v a minute", got.Rate)
	}
	if len(got.Lanes) != 2 || got.Lanes[0].Group != "gmail" || got.Lanes[0].N != 101 || got.Lanes[1].Group != "" ||
		got.Lanes[1].Counts["refused"] != 3 || fmt.Sprint(got.Lanes[0].Servers) != "[mx.example:25]" {
		t.Errorf("%+v", got.Lanes)
	}
	if len(got.Replies) != 2 || got.Replies[0].N != 3 || got.Replies[0].Last != "people.csv:7" {
		t.Errorf("%+v", got.Replies)
	}
	m := got.Minutes[0]
	if math.Abs(m.P50-.5) > .06 || math.Abs(m.P95-.96) > .1 {
		t.Errorf("p50 %v, p95 %v", m.P50, m.P95)
	}
}

// A hold of the run ends with the next outcome, that of a group at its time, and that of a server too.
func TestHolds(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := &progress{}
	hold := func(lane, server string, until time.Time) {
		p.observe(dispatch.Event{Kind: dispatch.Hold, Lane: lane, Server: server, Text: "because", Until: until, Time: now})
	}
	hold("", "", now.Add(time.Hour))
	hold("gmail", "", now.Add(time.Hour))
	hold("yahoo", "", now.Add(-time.Second))
	hold("", "second", now.Add(time.Hour))
	if got, _, _ := p.now(); len(got.Holds) != 3 || got.Holds[0].Group+got.Holds[0].Server != "" {
		t.Errorf("%+v", got.Holds)
	}
	p.observe(event(ledger.Sent, now, "outlook", "", 0))
	if got, _, _ := p.now(); len(got.Holds) != 2 || got.Holds[0].Group != "gmail" || got.Holds[1].Server != "second" {
		t.Errorf("%+v", got.Holds)
	}
}

// A run that waits for its caps says nothing, and is seen to wait.
func TestQuiet(t *testing.T) {
	synctest.Test(t, quiet)
}

func quiet(t *testing.T) {
	for _, tt := range []struct {
		done, planned int64
		flight        int
		ago           time.Duration
		want          bool
	}{{2, 6, 0, time.Minute, true}, {2, 6, 1, time.Minute, false}, {6, 6, 0, time.Minute, false}, {2, 6, 0, 0,
		false}, {0, 0, 0, time.Minute, false}} {
		p := &progress{}
		e := event(ledger.Sent, time.Now().Add(-tt.ago), "", "", 0)
		e.Done, e.Planned, e.InFlight = tt.done, tt.planned, tt.flight
		p.observe(e)
		if got, _, _ := p.now(); got.Quiet != tt.want {
			t.Errorf("%+v: %v", tt, got.Quiet)
		}
	}
}

// A run of any length has a page of the same size.
func TestBounded(t *testing.T) {
	t.Parallel()
	p := &progress{}
	start := time.Now().Add(-200 * time.Minute)
	for i := range 20_000 {
		p.observe(event(ledger.Refused, start.Add(time.Duration(i)*600*time.Millisecond), fmt.Sprintf("d%d.example", i),
			fmt.Sprintf("550 no %d", i), time.Duration(i)*time.Hour))
	}
	got, _, _ := p.now()
	if len(got.Replies) > mostReplies || len(got.Minutes) > mostMinutes || len(got.Lanes) > mostLanes+1 {
		t.Errorf("%d replies, %d minutes, %d lanes", len(got.Replies), len(got.Minutes), len(got.Lanes))
	}
	n := int64(0)
	for _, l := range got.Lanes {
		n += l.N
	}
	if n != 20_000 {
		t.Errorf("%d in all lanes", n)
	}
}

// What a server says late in a long run is seen, what is common stays, and replies that differ in the address alone are
// one. With the first forty kept, nothing new is ever seen.
func TestReplies(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := &progress{}
	say := func(text string) {
		e := event(ledger.Refused, now, "gmail", text, 0)
		e.Address = "ann@example.com"
		p.observe(e)
	}
	for range 5 {
		say("550 common")
	}
	for i := range 3 * mostReplies {
		say(fmt.Sprintf("550 queue %d", i))
	}
	for i := range 3 {
		e := event(ledger.Refused, now, "gmail", fmt.Sprintf("550 <p%d@example.com> unknown", i), 0)
		e.Address = fmt.Sprintf("p%d@example.com", i)
		p.observe(e)
	}
	say("451 slow down")
	got, _, _ := p.now()
	var texts []string
	for _, r := range got.Replies {
		texts = append(texts, fmt.Sprint(r.N, " ", r.Text))
	}
	if len(texts) != mostReplies || texts[0] != "5 550 common" || texts[1] != "3 550 <p2@example.com> unknown" ||
		!slices.Contains(texts, "1 451 slow down") {
		t.Errorf("%q", texts)
	}
}

// A hold stays while the replies to what was begun before it come in, which may be as many again as were ever under
// way at a time, and goes with the replies behind them. Seen to fail with a hold that ends with the next reply: a run
// of three connections, held back by its cap for a quarter of an hour, said that nothing held it back.
func TestHoldStays(t *testing.T) {
	t.Parallel()
	p := &progress{}
	sent := func(inFlight int) []Hold {
		e := event(ledger.Sent, time.Now(), "", "", 0)
		e.InFlight = inFlight
		p.observe(e)
		now, _, _ := p.now()
		return now.Holds
	}
	sent(3)
	p.observe(dispatch.Event{Kind: dispatch.Hold, Text: "1200/15min", Until: time.Now().Add(time.Hour), InFlight: 3})
	for left := range 6 {
		if holds := sent(max(2-left, 0)); len(holds) != 1 {
			t.Errorf("%d replies since: %v", left+1, holds)
		}
	}
	if holds := sent(0); len(holds) != 0 {
		t.Errorf("a message was begun and sent: %v", holds)
	}
}
