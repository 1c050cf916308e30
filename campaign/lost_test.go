package campaign_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/render/address"
)

// lose deletes the folder's ledger.
func (f *folder) lose(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(f.dir, ".mailshot")); err != nil {
		t.Fatal(err)
	}
}

// gone checks that the folder's campaign is refused because another ledger was sent with; what is sent all the same
// counts in the sink.
func (f *folder) gone(t *testing.T, o campaign.Options, sent int64) {
	t.Helper()
	c := f.open(t, o)
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err == nil {
		_, err = c.Run(t.Context(), nil, campaign.RunOptions{})
	}
	var e *campaign.GoneError
	if !errors.As(err, &e) || e.Sending.Sent != sent {
		t.Errorf("%v (%+v), want a GoneError of %d messages", err, e, sent)
	}
}

// A ledger that was deleted is noticed by what the accounts remember. Where a person accepts the loss, everybody is
// unknown and nobody is new, so that nobody is mailed twice. Proven by not asking the accounts before the first plan: a
// list was frozen, and changes of it were asked about; by not making unknown what was accepted: 7 messages at the sink;
// and by not noting the ledger that was accepted: the next send was refused again.
func TestLostLedger(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 3)
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1})
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	f.lose(t)
	for range 2 {
		f.gone(t, campaign.Options{}, 3)
	}
	f.write(t, "people.csv", people(4)) // the fourth is new, but nobody can tell
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true})
	want(t, sum, map[ledger.State]int64{ledger.Unknown: 4})
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Unknown: 4})
	f.write(t, "people.csv", people(5))
	c := f.open(t, campaign.Options{})
	var erased *ledger.ErasedError
	_, err := c.Plan(t.Context(), campaign.PlanOptions{AcceptChanges: true})
	if !errors.As(err, &erased) || erased.Keys != 0 {
		t.Errorf("new rows in place of a lost ledger: %v", err)
	}
	c.Close()
	f.lose(t)
	f.gone(t, campaign.Options{}, 4)
	if n := len(rec.accepted(t)); n != 3 {
		t.Errorf("%d messages at the sink, want 3", n)
	}
}

// A run that was killed may have mailed people, and its ledger is missed too. Proven by noting a run at its end alone:
// it was planned anew.
func TestLostLedgerOfAKilledRun(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	c := f.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.BeginRun(t.Context()); err != nil { // and is gone
		t.Fatal(err)
	}
	c.Close()
	f.lose(t)
	f.gone(t, campaign.Options{}, 0)
	if n := len(rec.accepted(t)); n != 0 {
		t.Errorf("%d messages at the sink", n)
	}
}

// What mailed nobody of the list is not missed: a plan without a run, a run in which everybody was refused, rehearsals,
// and a sink. Proven by counting everybody who was refused, and by noting rehearsals: "Plan: campaign test
// was sent from here before".
func TestLostLedgerThatMailedNobody(t *testing.T) {
	t.Parallel()
	f, _ := started(t, 2, "rcpt:*:550 5.7.1 not today")
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	own, _ := startSink(t, sink.Options{})
	target := &campaign.SinkTarget{}
	target.Host, target.Port, target.TLS = own.Host(), own.Port(), "none"
	for range 2 {
		for _, o := range []campaign.Options{{To: &me}, {Sink: target}, {}} {
			c := f.open(t, o)
			if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
				t.Errorf("Plan: %v", err)
			} else if _, err := c.Run(t.Context(), nil, campaign.RunOptions{}); err != nil {
				t.Error(err)
			}
			c.Close()
			f.lose(t)
		}
	}
}

// Two folders with one id are two campaigns, and a folder is the same under another name: through a link, and where
// it was moved and its old name leads to it. Proven by comparing the paths alone: the folder that was moved sent 2
// messages more.
func TestAnotherLedgerOfTheFolder(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	link := &folder{dir: filepath.Join(t.TempDir(), "link"), accounts: f.accounts}
	if err := os.Symlink(f.dir, link.dir); err != nil {
		t.Skip(err)
	}
	aside := filepath.Join(filepath.Dir(f.dir), "aside")
	if err := os.Rename(f.dir, aside); err != nil { // another place, and the old name leads there
		t.Fatal(err)
	}
	if err := os.Symlink(aside, f.dir); err != nil {
		t.Fatal(err)
	}
	other := &folder{dir: filepath.Join(t.TempDir(), "twin"), accounts: f.accounts}
	if err := os.CopyFS(other.dir, os.DirFS(aside)); err != nil {
		t.Fatal(err)
	}
	other.lose(t)

	link.lose(t)
	link.gone(t, campaign.Options{}, 2)
	f.gone(t, campaign.Options{}, 2)
	if n := len(rec.accepted(t)); n != 2 {
		t.Errorf("%d messages at the sink, want 2", n)
	}
	c := other.open(t, campaign.Options{})
	defer c.Close()
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{Repeat: true})
	if err != nil || plan.ToSend != 2 || len(plan.Notes) < 1 {
		t.Errorf("a campaign of another folder: %+v, %v", plan, err)
	}
}

// Of two ledgers of one folder that are planned before either runs, one sends. Proven by a claim that takes what
// another ledger has: 4 messages at the sink.
func TestTwoLedgersAtOnce(t *testing.T) {
	t.Parallel()
	f, rec := started(t, 2)
	var open []*campaign.Campaign
	for range 2 {
		c := f.open(t, campaign.Options{})
		defer c.Close()
		if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
		if err := os.Rename(filepath.Join(f.dir, ".mailshot"), filepath.Join(t.TempDir(), "away")); err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for _, c := range open {
		_, err := c.Run(t.Context(), nil, campaign.RunOptions{})
		var e *campaign.GoneError
		if err == nil {
			ran++
		} else if !errors.As(err, &e) {
			t.Error(err)
		}
	}
	if n := len(rec.accepted(t)); n != 2 || ran != 1 {
		t.Errorf("%d messages at the sink, want 2; %d ran", n, ran)
	}
}

// A campaign that an older mailshot sent is remembered by the first run of this one. Proven by noting only runs that
// have something to send: it was planned anew.
func TestOlderCampaignIsRemembered(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := fixture(t, "state3-accounts4", s)
	f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true})
	n := len(rec.accepted(t))
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	db, err := sql.Open("sqlite", f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("DELETE FROM sendings"); err != nil { // as an older mailshot leaves a finished campaign
		t.Fatal(err)
	}
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	list, err := a.Sendings(t.Context(), "versions")
	if err != nil || len(list) != 1 || list[0].Sent < int64(n) || list[0].Open || time.Since(list[0].Last) > time.Hour {
		t.Fatalf("%+v, %v", list, err)
	}
	f.lose(t)
	f.gone(t, campaign.Options{}, list[0].Sent)
	if again := len(rec.accepted(t)); again != n {
		t.Errorf("%d messages at the sink, were %d", again, n)
	}
}
