package campaign_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/campaign"
	families "mailshot/campaign/identity"
	"mailshot/campaign/ledger"
)

// dated is a campaign to n people whose id has a date in it, and its clock.
func dated(t *testing.T, n int, more, now string, rules ...string) (*folder, *record, *hand) {
	t.Helper()
	f, rec := started(t, n, rules...)
	f.rewrite(t, "id: test", "id: news-{{date}}")
	f.rewrite(t, "from: Sender", more+"from: Sender")
	return f, rec, &hand{t: at(t, now)}
}

// rewrite replaces text in the campaign file.
func (f *folder) rewrite(t *testing.T, old, text string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(f.dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "campaign.yaml", strings.Replace(string(b), old, text, 1))
}

// sendsAs sends, and checks which campaign that was.
func (f *folder) sendsAs(t *testing.T, id string, o campaign.Options, p campaign.PlanOptions) *campaign.Summary {
	t.Helper()
	sum := f.send(t, o, p)
	if sum.ID != id {
		t.Errorf("sent as %s, want %s", sum.ID, id)
	}
	return sum
}

// refusal plans, and returns why that is refused.
func (f *folder) refusal(t *testing.T, o campaign.Options) error {
	t.Helper()
	c := f.open(t, o)
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		return err
	}
	t.Error("the plan was not refused")
	return nil
}

// exactly checks that n people have one message each.
func (r *record) exactly(t *testing.T, n int) {
	t.Helper()
	got := map[string]int{}
	for _, m := range r.accepted(t) {
		if got[m.To[0]]++; got[m.To[0]] == 2 {
			t.Errorf("%s has a second message", m.To[0])
		}
	}
	if len(got) != n {
		t.Errorf("%d people have a message, want %d", len(got), n)
	}
}

// A campaign under a cap goes on for four days as the one that it was begun as, and the next day begins a new one.
// Proven by taking the day's own id whatever is left: 28 messages to 7 people.
func TestDatedUnderACap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := startBasin(t)
		f := newFolder(t)
		f.write(t, "campaign.yaml", strings.Replace(base, "id: test", "id: news-{{date}}", 1)+
			"server: { host: mail.example, tls: none }\nlimits: { caps: [7/24h] }\nschedule: { zone: UTC }\n")
		f.write(t, "body.txt", "Dear {{.name}}\n")
		f.write(t, "people.csv", people(25))
		o := campaign.Options{Network: b.network(), Now: time.Now}
		days := 0
		for left := int64(1); left > 0 && days < 9; days++ {
			sum := f.sendsAs(t, "news-2000-01-01", o, campaign.PlanOptions{})
			left = sum.Left
			time.Sleep(time.Until(sum.NextDue)) // what its last line says
		}
		if days != 4 {
			t.Errorf("it took %d days", days)
		}
		b.exactly(t, 25)
		time.Sleep(24 * time.Hour)
		f.write(t, "body.txt", "Dear {{.name}}, it is another day\n")
		f.sendsAs(t, "news-2000-01-05", o, campaign.PlanOptions{Limit: 1})
	})
}

// What --limit left last week is not finished: this week's send goes on with it, and says so. A campaign that is
// finished holds nothing up, nor does one whose plan nobody said yes to.
func TestDatedLeftovers(t *testing.T) {
	t.Parallel()
	f, rec, clock := dated(t, 5, "", "2026-11-20T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	c := f.open(t, o) // planned, and nobody said yes
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	clock.to(at(t, "2026-11-21T09:00:00Z"))
	f.sendsAs(t, "news-2026-11-21", o, campaign.PlanOptions{Limit: 2})
	clock.to(at(t, "2026-11-28T09:00:00Z"))
	c = f.open(t, o)
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(plan.Notes, "\n"); !plan.Resumed || !strings.Contains(notes, "--new begins news-2026-11-28") {
		t.Errorf("resumed %v, notes %q", plan.Resumed, notes)
	}
	c.Close()
	f.sendsAs(t, "news-2026-11-21", o, campaign.PlanOptions{})
	rec.exactly(t, 5)
	f.write(t, "body.txt", "Dear {{.name}}, it is the next week\n")
	f.sendsAs(t, "news-2026-11-28", o, campaign.PlanOptions{})
	if n := len(rec.accepted(t)); n != 10 {
		t.Errorf("%d messages, want 10", n)
	}
}

// The day is that of the schedule's zone: the zone of the clock, as TZ gives it, says nothing. Proven by taking the
// date in the zone of the clock: both sent to everybody.
func TestDatedInTwoZones(t *testing.T) {
	t.Parallel()
	f, rec, _ := dated(t, 2, "schedule: { zone: Europe/Berlin }\n", "2026-11-21T09:00:00Z")
	moment := at(t, "2026-11-21T22:30:00Z") // 23:30 in Berlin
	for _, hours := range []int{14, -12} {
		in := time.FixedZone("", hours*3600)
		o := campaign.Options{Now: func() time.Time { return moment.In(in) }}
		f.sendsAs(t, "news-2026-11-21", o, campaign.PlanOptions{})
	}
	rec.exactly(t, 2)
}

// A day that comes earlier than that of the latest campaign (another TZ, a clock that was set back) is not a new day.
// Proven by asking only whether the latest campaign is finished: everybody was mailed again.
func TestDatedDayThatGoesBack(t *testing.T) {
	t.Parallel()
	f, rec, clock := dated(t, 2, "", "2026-11-22T12:00:00Z")
	o := campaign.Options{Now: clock.now}
	f.sendsAs(t, "news-2026-11-22", o, campaign.PlanOptions{})
	clock.to(at(t, "2026-11-20T12:00:00Z"))
	f.sendsAs(t, "news-2026-11-22", o, campaign.PlanOptions{})
	rec.exactly(t, 2)
}

// Inputs that changed, and one unknown of an earlier day, are refused; a new campaign is begun only if a person says
// so. What was passed over then is refused too, once the newer one is finished: its people may have that one's
// message. Proven by asking the campaigns in the ledger about what is pending alone: the unknown one was passed over,
// and by going on with what was passed over: p1 had a second message.
func TestDatedRefused(t *testing.T) {
	t.Parallel()
	f, rec, clock := dated(t, 3, "", "2026-11-20T09:00:00Z", "dot:p0@example.com,once:drop")
	o := campaign.Options{Now: clock.now}
	f.sendsAs(t, "news-2026-11-20", o, campaign.PlanOptions{Limit: 1})
	f.write(t, "body.txt", "Dear {{.name}}, good morning\n")
	clock.to(at(t, "2026-11-21T09:00:00Z"))
	var changed *campaign.ChangedError
	if err := f.refusal(t, o); !errors.As(err, &changed) || changed.ID != "news-2026-11-20" {
		t.Errorf("changed inputs: %v", err)
	}
	f.sendsAs(t, "news-2026-11-21", campaign.Options{Now: clock.now, New: true}, campaign.PlanOptions{})
	f.sendsAs(t, "news-2026-11-21", o, campaign.PlanOptions{}) // it is finished, and the day is the same
	clock.to(at(t, "2026-11-22T09:00:00Z"))
	var open *families.UnfinishedError
	if err := f.refusal(t, o); !errors.As(err, &open) || open.Unknown() || len(open.Open) != 1 || open.Open[0].Left != 2 {
		t.Errorf("passed over: %v", err)
	}
	l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if n, err := l.Cancel(t.Context(), "news-2026-11-20"); err != nil || n != 2 {
		t.Errorf("%d cancelled, %v", n, err)
	}
	if err := f.refusal(t, o); !errors.As(err, &open) || !open.Unknown() || open.Open[0].ID != "news-2026-11-20" {
		t.Errorf("one unknown: %v", err)
	}
	rec.exactly(t, 3)
	if _, err := l.Resolve(t.Context(), "news-2026-11-20", ledger.Filter{}, ledger.Sent); err != nil {
		t.Fatal(err)
	}
	f.sendsAs(t, "news-2026-11-22", o, campaign.PlanOptions{Repeat: true})
}

// A ledger that was deleted is missed the next day, too. What was begun since by a person who knew holds nothing up.
// Proven by asking the accounts about the day's own id alone: everybody was mailed again.
func TestDatedLedgerThatIsGone(t *testing.T) {
	t.Parallel()
	f, rec, clock := dated(t, 3, "", "2026-11-20T23:50:00Z")
	f.rewrite(t, "from: Sender", "schedule: { zone: UTC }\nfrom: Sender")
	o := campaign.Options{Now: clock.now}
	f.sendsAs(t, "news-2026-11-20", o, campaign.PlanOptions{})
	f.lose(t)
	clock.to(at(t, "2026-11-21T00:10:00Z"))
	f.gone(t, o, 3)
	rec.exactly(t, 3)
	want(t, f.sendsAs(t, "news-2026-11-20", o, campaign.PlanOptions{AcceptCopy: true}),
		map[ledger.State]int64{ledger.Unknown: 3})
	var open *families.UnfinishedError
	if err := f.refusal(t, o); !errors.As(err, &open) || !open.Unknown() {
		t.Errorf("unknown: %v", err)
	}
	f.lose(t)
	again := campaign.PlanOptions{Repeat: true}
	f.sendsAs(t, "news-2026-11-21", campaign.Options{Now: clock.now, New: true}, again)
	clock.to(at(t, "2026-11-22T00:10:00Z"))
	f.sendsAs(t, "news-2026-11-22", o, again)
}

// Rows of an older mailshot have no template and are found by their ids; rows that another template made are not ours.
// Proven by comparing templates alone: the older row was not found.
func TestDatedRowsOfAnOlderProgram(t *testing.T) {
	t.Parallel()
	for template, id := range map[string]string{
		"": "news-2026-11-20", "news-{{date}}": "news-2026-11-20", "{{date}}-{{date}}": "news-2026-11-21",
	} {
		f, _, clock := dated(t, 3, "", "2026-11-20T09:00:00Z")
		o := campaign.Options{Now: clock.now}
		f.sendsAs(t, "news-2026-11-20", o, campaign.PlanOptions{Limit: 1})
		db, err := sql.Open("sqlite", filepath.Join(f.dir, ".mailshot", "state.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var was string
		if err := db.QueryRow("SELECT template FROM campaigns").Scan(&was); err != nil || was != "news-{{date}}" {
			t.Errorf("template %q, %v", was, err)
		}
		if _, err := db.Exec("UPDATE campaigns SET template = ?", template); err != nil {
			t.Fatal(err)
		}
		clock.to(at(t, "2026-11-21T09:00:00Z"))
		f.sendsAs(t, id, o, campaign.PlanOptions{Repeat: true})
	}
}

// A plan is asked about while midnight passes, and another process begins the new day's campaign meanwhile: the first
// may not begin any more. Proven by leaving out alone: 6 messages to 3 people.
func TestDatedMeanwhile(t *testing.T) {
	t.Parallel()
	f, rec, clock := dated(t, 3, "", "2026-11-20T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	c := f.open(t, o)
	defer c.Close()
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	clock.to(at(t, "2026-11-21T09:00:00Z"))
	f.sendsAs(t, "news-2026-11-21", o, campaign.PlanOptions{})
	var other *families.MeanwhileError
	if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); !errors.As(err, &other) ||
		other.Other != "news-2026-11-21" {
		t.Errorf("Run: %v", err)
	}
	rec.exactly(t, 3)
}

// Two processes plan on both sides of midnight, and the earlier day's begins. The later plan is not begun, neither
// then nor by the next send, which finds that its people have got the message. Proven by going on with the plan: 6
// messages to 3 people.
func TestDatedPlannedMeanwhile(t *testing.T) {
	t.Parallel()
	f, rec, clock := dated(t, 3, "", "2026-11-20T09:00:00Z")
	o := campaign.Options{Now: clock.now}
	first := f.open(t, o)
	defer first.Close()
	if _, err := first.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	clock.to(at(t, "2026-11-21T09:00:00Z"))
	second := f.open(t, o)
	if _, err := second.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	var other *families.MeanwhileError
	if _, err := second.Run(t.Context(), nil, campaign.RunOptions{}); !errors.As(err, &other) {
		t.Errorf("Run: %v", err)
	}
	second.Close()
	var found *campaign.CheckError
	if err := f.refusal(t, o); !errors.As(err, &found) {
		t.Error(err)
	}
	rec.exactly(t, 3)
}
