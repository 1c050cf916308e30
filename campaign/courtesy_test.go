package campaign_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
)

// hand is a clock that a test moves.
type hand struct {
	mu sync.Mutex
	t  time.Time
}

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hand) to(t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = t
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// courteous is a campaign to n people with limits and more, and its clock.
func courteous(t *testing.T, s *sink.Server, list, limits, more, now string) (*folder, *hand) {
	t.Helper()
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+server(s, limits)+more)
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", list)
	return f, &hand{t: at(t, now)}
}

// stops checks that a run ended with work left, and why.
func stops(t *testing.T, sum *campaign.Summary, next string, words ...string) {
	t.Helper()
	if sum.ExitCode() != 75 {
		t.Errorf("exit %d, want 75", sum.ExitCode())
	}
	for _, w := range words {
		if !strings.Contains(sum.Stopped, w) {
			t.Errorf("stopped %q, want %q in it", sum.Stopped, w)
		}
	}
	if next != "" && !sum.NextDue.Equal(at(t, next)) {
		t.Errorf("next %v, want %s", sum.NextDue, next)
	}
}

// A wave goes, is held across runs, and the next goes when the hold is over. Proven by letting leave forget Held: the
// first run did not end with its wave, and waited for p0's second try.
func TestWaves(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:p0@example.com,once:450 4.2.0 later")
	f, clock := courteous(t, s, people(12), "  waves: [2, 5, rest]\n  hold: 3h\n", "", "2026-11-23T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	sum := f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Deferred: 1, ledger.Pending: 10})
	stops(t, sum, "2026-11-23T12:00:00Z", "wave 1 of 3 is out, 2 in all")
	clock.to(at(t, "2026-11-23T10:59:59Z"))
	sum = f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Deferred: 1, ledger.Pending: 10})
	// The second try of p0 is of the first wave: the second takes five others.
	clock.to(at(t, "2026-11-23T12:00:00Z"))
	sum = f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 7, ledger.Pending: 5})
	stops(t, sum, "2026-11-23T15:00:00Z", "wave 2 of 3 is out, 7 in all")
	clock.to(at(t, "2026-11-23T15:00:00Z"))
	sum = f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 12})
	if sum.ExitCode() != 0 || len(rec.accepted(t)) != 12 {
		t.Errorf("exit %d, %d at the sink", sum.ExitCode(), len(rec.accepted(t)))
	}
}

// Too many refusals stop the campaign and name the replies; it stays stopped until somebody raises the share. Proven by
// leaving breaches out of settled: all 40 were tried.
func TestStopLoss(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:p*@example.com:550 5.1.1 no such person")
	f, clock := courteous(t, s, people(40), "  stop_loss: { refused: 20%, after: 10 }\n", "", "2026-11-23T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	sum := f.send(t, o, campaign.PlanOptions{})
	// What is under way when the tenth is refused is finished: twelve workers, one message each.
	n := sum.Counts[string(ledger.Refused)]
	if n < 10 || n > 22 || sum.Left != 40-n {
		t.Errorf("%v, %d left", sum.Counts, sum.Left)
	}
	stops(t, sum, "", "stop-loss: 1", "refused (100%, at most 20%)", `× 550 5.1.1 "`, "no such person", "mailshot report",
		"limits.stop_loss")
	sum = f.send(t, o, campaign.PlanOptions{})
	stops(t, sum, "", fmt.Sprintf("stop-loss: %d of %d refused", n, n), "no such person")
	if sum.Counts[string(ledger.Refused)] != n || len(rec.accepted(t)) != 0 {
		t.Errorf("a stopped campaign went on: %v", sum.Counts)
	}
	f.write(t, "campaign.yaml", base+server(s, ""))
	want(t, f.send(t, o, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Refused: 40})
}

// A server that refuses one message after the other for what is in them has the campaign stop, by default after ten in
// a row and those that were under way, one for each of the four connections. With the refusals not counted, all 80 were
// refused.
func TestContentRefused(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "dot:*@example.com:554 5.7.1 message contains a banned link")
	f, clock := courteous(t, s, people(80), "", "", "2026-11-23T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	sum := f.send(t, o, campaign.PlanOptions{})
	n := sum.Counts[string(ledger.Refused)]
	if n < 10 || n > 10+4 || sum.Left != 80-n {
		t.Errorf("%v, %d left", sum.Counts, sum.Left)
	}
	stops(t, sum, "", "stop-loss: 10 messages in a row", "127.0.0.1", `554 5.7.1 "`, "banned link",
		"limits.stop_loss.content", "mailshot retry")
	// Who sends again does so knowing it, and the count begins anew.
	f.write(t, "campaign.yaml", base+server(s, "  stop_loss: { content: 25 }\n"))
	sum = f.send(t, o, campaign.PlanOptions{})
	if more := sum.Counts[string(ledger.Refused)] - n; more < 25 || more > 25+4 || len(rec.accepted(t)) != 0 {
		t.Errorf("%d more: %v", more, sum.Counts)
	}
	stops(t, sum, "", "stop-loss: 25 messages in a row")
}

// A message that is taken begins the count anew, and people refused for themselves are not counted. With a count that
// is never begun anew, the campaign stopped at the tenth of every second one.
func TestContentRefusedNowAndThen(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "dot:bad*@example.com:554 5.7.1 spam",
		"rcpt:gone*@example.com:550 5.1.1 no such person")
	list := "email,name,token\n"
	for i := range 40 {
		list += fmt.Sprintf("%s%d@example.com,Person,tok%d\n", []string{"bad", "good"}[i%2], i, i)
	}
	for i := range 20 {
		list += fmt.Sprintf("gone%d@example.com,Person,gone%d\n", i, i)
	}
	f := newFolder(t)
	f.write(t, "campaign.yaml", base+strings.Replace(server(s, ""), "connections: 4", "connections: 1", 1))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", list)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 20, ledger.Refused: 40})
}

// One provider's refusals stop the campaign though the campaign's own share is small.
func TestStopLossOfAGroup(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{}, "rcpt:*@gmail.com:550 5.7.1 spam", "rcpt:*@googlemail.com:550 5.7.1 spam")
	list := people(150)
	for i := range 5 {
		list += fmt.Sprintf("g%d@gmail.com,G,g%d\nh%d@googlemail.com,H,h%d\n", i, i, i, i)
	}
	f, clock := courteous(t, s, list, "  stop_loss: { refused: 50%, after: 4 }\n", "", "2026-11-23T09:00:00Z")
	sum := f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{})
	stops(t, sum, "", "stop-loss: gmail: ", `× 550 5.7.1 "`)
	if sum.Counts[string(ledger.Sent)] == 0 {
		t.Errorf("%v", sum.Counts)
	}
	// A run about others alone does not get around it. Proven by asking only about the lanes of those others: all went.
	was := sum.Counts[string(ledger.Sent)]
	sum = f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{Only: `name != "G" && name != "H"`})
	stops(t, sum, "", "stop-loss: gmail: ")
	if sum.Counts[string(ledger.Sent)] != was {
		t.Errorf("%d more were sent", sum.Counts[string(ledger.Sent)]-was)
	}
}

// Nothing goes out of hours, also not to those whose own clock says so. Proven by letting leave forget the
// hours: all three went in the first run.
func TestHours(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	list := "email,name,token,where\n" +
		"a@example.com,A,a,\nb@example.com,B,b,America/New_York\nc@example.com,C,c,Asia/Tokyo\n"
	f, clock := courteous(t, s, list, "",
		"schedule: { days: [mon-fri], hours: [09:00-17:00], zone: Europe/Berlin, zone_column: where }\n",
		"2026-11-22T23:30:00Z")
	o := campaign.Options{Now: clock.now}
	// Monday 8:30 in Tokyo: within the hour, and so waited for; a moment later it is open.
	clock.to(at(t, "2026-11-23T00:00:00Z"))
	sum := f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 2})
	stops(t, sum, "2026-11-23T08:00:00Z", "out of hours")
	clock.to(at(t, "2026-11-23T08:00:00Z"))
	sum = f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 1})
	stops(t, sum, "2026-11-23T14:00:00Z", "out of hours")
	clock.to(at(t, "2026-11-23T22:00:00Z"))
	sum = f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 1})
	stops(t, sum, "2026-11-24T14:00:00Z", "out of hours")
	if len(rec.accepted(t)) != 2 {
		t.Errorf("%d at the sink", len(rec.accepted(t)))
	}
	// Hours that are taken out of the file hold no longer.
	f.write(t, "campaign.yaml", base+server(s, ""))
	want(t, f.send(t, o, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
}

func TestNotAfter(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f, clock := courteous(t, s, people(3), "", "schedule: { zone: Europe/Berlin, not_after: 2026-11-23 12:00 }\n",
		"2026-11-23T10:59:00Z")
	o := campaign.Options{Now: clock.now}
	want(t, f.send(t, o, campaign.PlanOptions{Limit: 1}), map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 2})
	c := f.open(t, o)
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	clock.to(at(t, "2026-11-23T11:00:00Z"))
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Pending: 2})
	stops(t, sum, "", "not_after", "2026-11-23 12:00 CET", "cancel")
	if said := f.unready(t, o); !strings.Contains(said, "(Mon 2026-11-23 12:00 CET) has passed") {
		t.Errorf("got %s", said)
	}
}

// A row whose zone is none, and a column that is not there, are told before anything is sent.
func TestBadZones(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f, _ := courteous(t, s, "email,name,where\na@example.com,A,Mars/Base\n", "",
		"schedule: { hours: [09:00-17:00], zone_column: where }\n", "2026-11-23T10:00:00Z")
	c := f.open(t, campaign.Options{})
	defer c.Close()
	report, err := c.Check(t.Context())
	if err != nil || len(report.Findings) != 1 || report.Findings[0].Code != "bad-zone" ||
		report.Findings[0].Place != "people.csv:2" {
		t.Errorf("%+v, %v", report, err)
	}
	f.write(t, "campaign.yaml", base+server(s, "")+"schedule: { hours: [09:00-17:00], zone_column: zone }\n")
	c2 := f.open(t, campaign.Options{})
	defer c2.Close()
	if _, err := c2.Check(t.Context()); err == nil ||
		!strings.Contains(fmt.Sprintf("%+v", err.(*campaign.CheckError).Report.Findings), `no column "zone"`) {
		t.Errorf("%v", err)
	}
}

// A new sender's day is full for all campaigns and runs, the next day has the next step, and refusals hold it. Proven
// by leaving the day's limit out of Reserve: all that can be sent were on the first day.
func TestWarmup(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:p1@example.com:550 5.1.1 no such person")
	f, clock := courteous(t, s, people(20), "  warmup: [2, 3, 5, 8]\n",
		"schedule: { zone: Europe/Berlin, not_after: 2027-01-01 }\n", "2026-11-23T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	// p0 and p1, of whom one is refused: more than six in a hundred, and the first step stays.
	sum := f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Refused: 1, ledger.Pending: 18})
	stops(t, sum, "2026-11-23T23:00:00Z", "warm-up, step 1 of 4: today's 2 messages are sent")
	sum = f.send(t, o, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 1, ledger.Refused: 1, ledger.Pending: 18})
	for i, c := range []struct {
		day  string
		sent int64
		step string
	}{
		{"2026-11-23T23:00:00Z", 3, "step 1 of 4: today's 2 "},
		{"2026-11-25T12:00:00Z", 6, "step 2 of 4: today's 3 "},
		{"2026-11-26T12:00:00Z", 11, "step 3 of 4: today's 5 "},
	} {
		clock.to(at(t, c.day))
		sum = f.send(t, o, campaign.PlanOptions{})
		if sum.Counts[string(ledger.Sent)] != c.sent {
			t.Errorf("day %d: %v", i, sum.Counts)
		}
		stops(t, sum, "", c.step)
	}
	clock.to(at(t, "2026-11-28T12:00:00Z"))
	want(t, f.send(t, o, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 19, ledger.Refused: 1})
	if len(rec.accepted(t)) != 19 {
		t.Errorf("%d at the sink", len(rec.accepted(t)))
	}
}

// One cap for a domain holds for all domains of its provider. Proven by letting Share forget providers: seven went.
func TestProviderSharesACap(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	list := people(2)
	for i := range 3 {
		list += fmt.Sprintf("g%d@gmail.com,G,g%d\nh%d@googlemail.com,H,h%d\n", i, i, i, i)
	}
	f, _ := courteous(t, s, list, "  domains: { gmail.com: 2/3h }\n", "", "2026-11-23T09:00:00Z")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 4, ledger.Pending: 4})
}

// A list sorted by domain does not reach the server in blocks.
func TestDomainsAreMixed(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	list := "email,name\n"
	for i := range 30 {
		list += fmt.Sprintf("g%d@gmail.com,G\n", i)
	}
	for i := range 10 {
		list += fmt.Sprintf("h%d@hotmail.com,H\n", i)
	}
	f, clock := courteous(t, s, list, "", "", "2026-11-23T09:00:00Z")
	want(t, f.send(t, campaign.Options{Now: clock.now}, campaign.PlanOptions{Limit: 20}),
		map[ledger.State]int64{ledger.Sent: 20, ledger.Pending: 20})
	n := 0
	for _, r := range rec.accepted(t) {
		if strings.Contains(fmt.Sprint(r), "hotmail.com") {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d of the first twenty are hotmail's, want 5", n)
	}
}
