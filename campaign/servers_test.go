package campaign_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// item is one of servers: name and more are its keys.
func item(s *sink.Server, name, more string) string {
	return fmt.Sprintf("  - { name: %s, host: %s, port: %d, tls: none%s }\n", name, s.Host(), s.Port(), more)
}

// several is a campaign that sends by servers a and b, to n domains with each people.
func several(t *testing.T, servers, limits string, domains, each int) *folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+"servers:\n"+servers+"limits:\n  retry: { first: 1s, max: 1s, give_up: 48h }\n"+
		limits)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	var list strings.Builder
	list.WriteString("email,name,token\n")
	for d := range domains {
		for i := range each {
			fmt.Fprintf(&list, "p%d@d%d.example,Person %d,tok%d-%dtok\n", i, d, i, d, i)
		}
	}
	f.write(t, "people.csv", list.String())
	return f
}

// by counts a sink's messages by recipient.
func by(t *testing.T, rec *record) map[string]int {
	t.Helper()
	got := map[string]int{}
	for _, r := range rec.accepted(t) {
		got[r.To[0]]++
	}
	return got
}

// once checks that n people got one message each, from whichever server.
func once(t *testing.T, n int, recs ...*record) {
	t.Helper()
	all := map[string]int{}
	for _, rec := range recs {
		for to, times := range by(t, rec) {
			all[to] += times
		}
	}
	if len(all) != n {
		t.Errorf("%d people got a message, want %d", len(all), n)
	}
	for to, times := range all {
		if times != 1 {
			t.Errorf("%s got %d messages", to, times)
		}
	}
}

func domainOf(to string) string { return to[strings.LastIndexByte(to, '@')+1:] }

// Each server gets a part of the domains, and a domain all of its messages from one server.
func TestServers(t *testing.T) {
	t.Parallel()
	a, recA := startSink(t, sink.Options{})
	b, recB := startSink(t, sink.Options{})
	f := several(t, item(a, "a", "")+item(b, "b", ""), "", 60, 5)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 300})
	once(t, 300, recA, recB)
	home := map[string]string{}
	for name, rec := range map[string]*record{"a": recA, "b": recB} {
		for to := range by(t, rec) {
			if other := home[domainOf(to)]; other != "" && other != name {
				t.Errorf("%s was sent to by %s and by %s", domainOf(to), other, name)
			}
			home[domainOf(to)] = name
		}
	}
	if len(by(t, recA)) == 0 || len(by(t, recB)) == 0 {
		t.Error("one of the servers had nothing to do")
	}
}

// If one server is down from the start, the other takes all.
func TestServerDown(t *testing.T) {
	t.Parallel()
	a, recA := startSink(t, sink.Options{})
	b, recB := startSink(t, sink.Options{})
	f := several(t, item(a, "a", "")+item(b, "b", ""), "", 20, 3)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 60})
	once(t, 60, recA, recB)
	if sum.ExitCode() != 0 || len(sum.Out) != 1 || !strings.HasPrefix(sum.Out[0], "a: ") {
		t.Errorf("exit %d, out %q", sum.ExitCode(), sum.Out)
	}
}

// A server that does not take the password is out, and said to be; the run ends only when all are.
func TestServerWithBadPassword(t *testing.T) {
	t.Parallel()
	a, recA := startSink(t, sink.Options{Username: "u", Password: "right"})
	b, recB := startSink(t, sink.Options{})
	login := ", username: u, password: { file: password }"
	f := several(t, item(a, "a", login)+item(b, "b", ""), "", 20, 3)
	f.write(t, "password", "wrong\n")
	var mu sync.Mutex
	var outs []string
	sum := f.send(t, campaign.Options{Observe: func(e dispatch.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == "out" {
			outs = append(outs, e.Server+": "+e.Text)
		}
	}}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 60})
	once(t, 60, recA, recB)
	if len(outs) != 1 || !strings.HasPrefix(outs[0], "a: ") || len(sum.Out) != 1 || sum.Failed {
		t.Errorf("told %q, out %q, failed %v", outs, sum.Out, sum.Failed)
	}
	f = several(t, item(a, "a", login)+item(a, "b", login), "", 5, 1)
	f.write(t, "password", "wrong\n")
	sum = f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Pending: 5})
	if sum.ExitCode() != 1 || !strings.Contains(sum.Stopped, "a: ") || !strings.Contains(sum.Stopped, "; b: ") {
		t.Errorf("exit %d, stopped %q", sum.ExitCode(), sum.Stopped)
	}
}

// Each server keeps to its own caps, to the message; when they are used up for long the other takes over, and when
// those of both are the run ends with the time of the first.
func TestServersWithCaps(t *testing.T) {
	t.Parallel()
	a, recA := startSink(t, sink.Options{})
	b, recB := startSink(t, sink.Options{})
	clock := &hand{t: at(t, "2026-11-23T09:00:00Z")}
	capped := ", limits: { caps: 5/3h, cap_group: a }"
	f := several(t, item(a, "a", capped)+item(b, "b", ", limits: { cap_group: b }"), "", 20, 3)
	want(t, f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 60})
	once(t, 60, recA, recB)
	if n := len(recA.accepted(t)); n != 5 {
		t.Errorf("%d messages by a, want 5", n)
	}
	f = several(t, item(a, "a", capped)+item(b, "b", ", limits: { caps: 7/2h, cap_group: b }"), "", 20, 3)
	sum := f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 12, ledger.Pending: 48})
	stops(t, sum, "2026-11-23T11:00:00Z")
	if a, b := len(recA.accepted(t)), len(recB.accepted(t)); a != 10 || b != 62 {
		t.Errorf("%d and %d messages, want 10 and 62", a, b)
	}
}

// What was greylisted is tried again by the server that tried first: each recipient is put off once though both servers
// do so.
func TestGreylistedStays(t *testing.T) {
	t.Parallel()
	a, recA := startSink(t, sink.Options{}, "rcpt:once:450 4.2.0 greylisted")
	b, recB := startSink(t, sink.Options{}, "rcpt:once:450 4.2.0 greylisted")
	f := several(t, item(a, "a", "")+item(b, "b", ""), "", 20, 2)
	var mu sync.Mutex
	deferred := 0
	sum := f.send(t, campaign.Options{Observe: func(e dispatch.Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Kind == "deferred" {
			deferred++
		}
	}}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 40})
	once(t, 40, recA, recB)
	if deferred != 40 {
		t.Errorf("put off %d times, want 40", deferred)
	}
}

// closer is a sink's record that closes the sink with the n-th message. From then on nobody gets a new connection.
type closer struct {
	record
	n      int
	door   net.Listener
	sink   *sink.Server
	closed sync.WaitGroup
}

func (c *closer) Write(p []byte) (int, error) {
	c.mu.Lock()
	if c.n--; c.n == 0 {
		_ = c.door.Close()
		c.closed.Go(func() { c.sink.Close() })
	}
	c.mu.Unlock()
	return c.record.Write(p)
}

// A server that dies in the middle of a run leaves what it may have taken unknown, and the rest to the other. Nobody is
// sent to by both. Proven by deferring what has no reply to its final dot instead of making it unknown:
// p1@d7.example got two messages.
func TestServerDies(t *testing.T) {
	t.Parallel()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rec := &closer{n: 10, door: door}
	a, _ := startSink(t, sink.Options{Record: rec, Listener: door}, "dot:10+:store-drop")
	rec.sink = a
	b, recB := startSink(t, sink.Options{})
	f := several(t, item(a, "a", "")+item(b, "b", ""), "", 40, 5)
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	rec.closed.Wait()
	unknown := sum.Counts[string(ledger.Unknown)]
	if unknown < 1 || unknown > 4 {
		t.Errorf("%d unknown, want 1 to 4: %v", unknown, sum.Counts)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 200 - unknown, ledger.Unknown: unknown})
	all := by(t, &rec.record)
	for to, n := range by(t, recB) {
		all[to] += n
	}
	for to, n := range all {
		if n > 1 {
			t.Errorf("%s got %d messages", to, n)
		}
	}
	if missing := 200 - len(all); missing > int(unknown) {
		t.Errorf("%d people got nothing, and %d are unknown", missing, unknown)
	}
}
