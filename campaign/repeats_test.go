package campaign_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/render/address"
)

// copied is a copy of the folder, with another id in its campaign file and without its ledger.
func (f *folder) under(t *testing.T, id string) *folder {
	t.Helper()
	other := &folder{dir: filepath.Join(t.TempDir(), id), accounts: f.accounts}
	if err := os.CopyFS(other.dir, os.DirFS(f.dir)); err != nil {
		t.Fatal(err)
	}
	other.lose(t)
	text, err := os.ReadFile(filepath.Join(f.dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other.write(t, "campaign.yaml", strings.Replace(string(text), "id: test", "id: "+id, 1))
	return other
}

// before is what a check, a plan and an estimate say about messages that were sent before; they say the same. "" if
// they say nothing. A plan that is not refused is not run.
func (f *folder) before(t *testing.T, o campaign.Options, p campaign.PlanOptions) string {
	t.Helper()
	said := func(r *check.Report, err error) string {
		t.Helper()
		var found *campaign.CheckError
		if errors.As(err, &found) {
			r = found.Report
		} else if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Findings {
			if f.Code == "sent-before" || f.Code == "list-sent-before" {
				return string(f.Severity) + ": " + f.Text
			}
		}
		return ""
	}
	c := f.open(t, o)
	r, err := c.Check(t.Context())
	checked := said(r, err)
	c.Close()
	c = f.open(t, o)
	defer c.Close()
	plan, err := c.Plan(t.Context(), p)
	if err == nil {
		r = plan.Report
	}
	planned := said(r, err)
	if !p.Repeat && !p.AcceptChanges && planned != checked {
		t.Errorf("a check says %q, and a plan %q", checked, planned)
	}
	return planned
}

// The same message to the same people under another id is refused before anything leaves, unless a person wants it
// again. Proven by not asking what is remembered, and by not remembering: 10 messages at the sink. By
// taking the campaign for another one, a check of it was refused.
func TestSameMessageUnderAnotherID(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 5)
	now := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	at := campaign.Options{Now: func() time.Time { return now }}
	f.send(t, at, campaign.PlanOptions{})
	again := f.under(t, "again")
	const words = "5 of 5 got this very message on 3 November as test: " +
		"people.csv:2, people.csv:3, people.csv:4, people.csv:5, people.csv:6"
	if got := again.before(t, at, campaign.PlanOptions{}); got != "error: "+words {
		t.Error(got)
	}
	c := again.open(t, at)
	_, err := c.Estimate(t.Context(), campaign.EstimateOptions{})
	if found := (*campaign.CheckError)(nil); !errors.As(err, &found) {
		t.Errorf("an estimate: %v", err)
	}
	c.Close()
	if n := len(rec.accepted(t)); n != 5 {
		t.Fatalf("%d messages at the sink, want 5", n)
	}
	for _, o := range []campaign.Options{{Now: at.Now}, {Now: at.Now, ID: "third"}} {
		c := f.open(t, o)
		r, err := c.Check(t.Context())
		if err != nil || (r.Errors() > 0) != (o.ID != "") { // the campaign itself is not a repeat, with --id it is
			t.Errorf("%q: %v, %v", o.ID, r, err)
		}
		c.Close()
	}
	now = time.Date(2027, 11, 5, 10, 0, 0, 0, time.UTC)
	if got := again.before(t, at, campaign.PlanOptions{Repeat: true}); got !=
		"note: "+strings.Replace(words, "3 November", "3 November 2026", 1) {
		t.Error(got)
	}
	again.send(t, at, campaign.PlanOptions{})
	if n := len(rec.accepted(t)); n != 10 {
		t.Errorf("%d messages at the sink, want 10", n)
	}
	// 400 days after the first the second is remembered alone.
	now = time.Date(2028, 1, 1, 10, 0, 0, 0, time.UTC)
	third := f.under(t, "third").before(t, at, campaign.PlanOptions{})
	if !strings.Contains(third, "on 5 November 2027 as again") {
		t.Error(third)
	}
	now = time.Date(2029, 1, 1, 10, 0, 0, 0, time.UTC)
	if got := f.under(t, "fourth").before(t, at, campaign.PlanOptions{}); got != "" {
		t.Error(got)
	}
}

// The rows that --accept-changes adds are asked about, and no others: who has got the message by this campaign gets
// nothing any more. Proven by asking about every row: "2 of 3" as test.
func TestSameMessageToAddedRows(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	again := f.under(t, "again")
	text, err := os.ReadFile(filepath.Join(again.dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	again.write(t, "campaign.yaml", "remember: never\n"+string(text)) // its ledger knows all the same
	again.send(t, campaign.Options{}, campaign.PlanOptions{Repeat: true})
	lone := f.under(t, "lone")
	lone.write(t, "people.csv", "email,name,token\nnew@example.com,New,new\n")
	lone.send(t, campaign.Options{}, campaign.PlanOptions{})
	again.write(t, "people.csv", people(2)+"new@example.com,New,new\n")
	if got := again.before(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true}); !strings.HasPrefix(got,
		"error: 1 of 3 ") ||
		!strings.HasSuffix(got, " as lone: people.csv:4") {
		t.Error(got)
	}
	if n := len(rec.accepted(t)); n != 5 {
		t.Errorf("%d messages at the sink, want 5", n)
	}
	again.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, Repeat: true})
	if n := len(rec.accepted(t)); n != 6 {
		t.Errorf("%d messages at the sink, want 6", n)
	}
}

// An unknown may have got the message, and so may whoever was begun when the program was killed; who was refused,
// before the message or after it, or put off, has not got it. Rehearsals neither count nor are asked about. Proven by
// forgetting what is unknown, by keeping what was refused ("3 of"), by remembering rehearsals, and by not remembering
// a message before it begins (the killed run).
func TestSameMessageOfWhomItReached(t *testing.T) {
	t.Parallel()
	f, _ := started(t, 6, "dot:p0@*:drop", "dot:p1@*:550 5.7.1 no", "rcpt:p2@*:550 5.1.1 no", "dot:p3@*:451 4.3.0 later",
		"rcpt:p4@*:451 4.3.0 later")
	text, err := os.ReadFile(filepath.Join(f.dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "campaign.yaml", strings.Replace(string(text), "first: 1s, max: 1s", "first: 2h, max: 4h", 1))
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	own, _ := startSink(t, sink.Options{})
	target := &campaign.SinkTarget{}
	target.Host, target.Port, target.TLS = own.Host(), own.Port(), "none"
	f.send(t, campaign.Options{To: &me}, campaign.PlanOptions{})
	f.send(t, campaign.Options{Sink: target, ID: "sunk"}, campaign.PlanOptions{})
	if got := f.under(t, "early").before(t, campaign.Options{}, campaign.PlanOptions{}); got != "" {
		t.Error(got)
	}
	c := f.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if sum.Counts[string(ledger.Sent)] != 1 || sum.Counts[string(ledger.Unknown)] != 1 {
		t.Fatal(sum.Counts)
	}
	again := f.under(t, "again")
	if got := again.before(t, campaign.Options{}, campaign.PlanOptions{}); !strings.HasPrefix(got, "error: 2 of ") ||
		!strings.HasSuffix(got, " as test: people.csv:2, people.csv:7") {
		t.Error(got)
	}
	if got := again.before(t, campaign.Options{To: &me}, campaign.PlanOptions{}); got != "" {
		t.Error(got)
	}
	if got := again.before(t, campaign.Options{Sink: target}, campaign.PlanOptions{}); got != "" {
		t.Error(got)
	}

	killed, _ := started(t, 3)
	c = killed.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.BeginOne(t.Context()); err != nil { // and is gone
		t.Fatal(err)
	}
	c.Close()
	if got := killed.under(t, "again").before(t, campaign.Options{}, campaign.PlanOptions{}); !strings.HasPrefix(got,
		"error: 1 of 3 ") {
		t.Error(got)
	}
}

// The same list and subject with another text is a note, as is one for whom nothing is kept; forget takes a person out.
func TestSameListWithAnotherMessage(t *testing.T) {
	t.Parallel()
	f, _ := started(t, 2)
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	again := f.under(t, "again")
	again.write(t, "body.txt", "Dear {{.name}}, this is of December\n")
	if got := again.before(t, campaign.Options{}, campaign.PlanOptions{}); !strings.HasPrefix(got,
		"note: this list got messages with the same subject on ") {
		t.Error(got)
	}
	other := f.under(t, "other")
	other.write(t, "people.csv", people(2)+"new@example.com,New,new\n")
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Forget(t.Context(), "p0@example.com"); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if got := other.before(t, campaign.Options{}, campaign.PlanOptions{}); !strings.HasPrefix(got, "error: 1 of 2 ") ||
		!strings.HasSuffix(got, ": people.csv:3") { // p0 is suppressed
		t.Error(got)
	}
	never, _ := started(t, 2)
	never.write(t, "campaign.yaml", strings.Replace(base, "id: test", "id: test\nremember: never", 1))
	text, err := os.ReadFile(filepath.Join(f.dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	never.write(t, "campaign.yaml", "remember: never\n"+string(text))
	never.send(t, campaign.Options{}, campaign.PlanOptions{})
	if got := never.under(t, "again").before(t, campaign.Options{}, campaign.PlanOptions{}); got != "" {
		t.Error(got)
	}
}

// A plan that has had no run was asked about when it was made. Where another campaign has sent since, it is made
// anew, and asked about again. Proven by going on with the plan: 4 messages to 2 people.
func TestSameMessageSinceThePlan(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	if got := f.before(t, campaign.Options{}, campaign.PlanOptions{}); got != "" { // nobody says yes
		t.Fatal(got)
	}
	f.under(t, "again").send(t, campaign.Options{}, campaign.PlanOptions{})
	if got := f.before(t, campaign.Options{}, campaign.PlanOptions{}); !strings.HasPrefix(got, "error: 2 of 2 ") {
		t.Errorf("%q", got)
	}
	rec.exactly(t, 2)
	f.send(t, campaign.Options{}, campaign.PlanOptions{Repeat: true})
	if n := len(rec.accepted(t)); n != 4 {
		t.Errorf("%d messages at the sink, want 4", n)
	}
}

// Whom a campaign has cancelled gets nothing of it, whatever a list adds: so another campaign may have mailed them.
// Proven by asking about cancelled rows: "2 of 3".
func TestSameMessageOfWhoIsCancelled(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	f.before(t, campaign.Options{}, campaign.PlanOptions{})
	l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Cancel(t.Context(), "test")
	if err := errors.Join(err, l.Close()); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	f.under(t, "again").send(t, campaign.Options{}, campaign.PlanOptions{})
	f.write(t, "people.csv", people(2)+"new@example.com,New,new\n")
	f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true})
	rec.exactly(t, 3)
}
