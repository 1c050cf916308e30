package campaign_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/internal/sink"
)

// A file that an older version left takes what comes back: the state is counted, the report has the line, the person's
// story has all of it, a later send mails nobody and ends with exit code 4, and a person takes it back.
//
// Seen to fail: without the step of state.db, "no such table: returns"; with an exit code that knows no bounces, 5 in
// place of 4 where nothing is unknown.
func TestWhatCameBackAboutAnOlderCampaign(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := fixture(t, "state8-accounts9", s)
	f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true})
	n := len(rec.accepted(t))
	l, err := ledger.Open(f.state())
	if err != nil {
		t.Fatal(err)
	}
	var list []ledger.Return
	var who ledger.Record
	for r, err := range l.Deliveries(t.Context(), "versions", ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.State == ledger.Sent && len(list) == 0 || r.State == ledger.Unknown {
			who = r
			list = append(list, ledger.Return{Delivery: r.ID, ID: "m " + r.Key, Kind: "bounce", Reason: "hard", Enhanced: "5.1.1",
				Time: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), Line: "=550 5.1.1 no such user", Source: "maildir:/var/mail/b",
				Matched: "return path", Verified: true, To: ledger.Bounced})
		}
	}
	list = append(list, ledger.Return{Delivery: who.ID, ID: "o " + who.Key, Kind: "out of office", Until: "2026-12-07"})
	if _, err := l.Return(t.Context(), "versions", list); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	bounced := int64(len(list) - 1)
	if again.Counts[string(ledger.Bounced)] != bounced || again.ExitCode() != 4 || len(rec.accepted(t)) != n {
		t.Errorf("%v, exit code %d, %d messages more", again.Counts, again.ExitCode(), len(rec.accepted(t))-n)
	}
	identity(t, again)

	h := f.asking(t, "versions")
	sum, err := h.Summary(t.Context())
	if err != nil || sum.Returned != bounced || !sum.Exact() {
		t.Errorf("%+v %v", sum, err)
	}
	for form, write := range map[string]func(*bytes.Buffer) error{
		"CSV":  func(b *bytes.Buffer) error { return report.WriteCSV(b, sum, h.Reported(t.Context(), ledger.Filter{})) },
		"JSON": func(b *bytes.Buffer) error { return report.WriteJSON(b, sum, h.Reported(t.Context(), ledger.Filter{})) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		has := map[string]string{"CSV": "2026-11-28T09:00:00Z,bounce,hard,5.1.1,'=550 5.1.1 no such user",
			"JSON": `"kind":"bounce","reason":"hard","enhanced":"5.1.1","line":"=550 5.1.1 no such user"`}[form]
		if strings.Count(b.String(), has) != int(bounced) {
			t.Errorf("%s has not %s:\n%s", form, has, b.String())
		}
	}
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p, err := history.Find(t.Context(), who.AddressKey, a, []string{f.state()})
	if err != nil || len(p.Rows) != 1 || len(p.Rows[0].Returns) != 2 {
		t.Fatalf("%+v %v", p, err)
	}
	row := history.Reported(p.Rows[0].Record)
	if why := row.Why(); !strings.HasPrefix(why, "bounce hard 5.1.1, 2026-11-28") || !strings.Contains(why, "no such user") {
		t.Errorf("why: %s", why)
	}
	back := history.Returned(p.Rows[0].Returns[1])
	if words := back.Words() + " " + back.How(); !strings.HasPrefix(words, "out of office, until 2026-12-07 from ") ||
		!strings.Contains(words, "not verified") {
		t.Error(words)
	}
	if k, err := h.Ledger.Resolve(t.Context(), "versions", ledger.Filter{Addresses: []string{who.AddressKey}},
		ledger.Sent); k != 1 || err != nil {
		t.Error(k, err)
	}
	if c := f.counts(t, "versions"); c[ledger.Bounced] != bounced-1 {
		t.Error(c)
	}
}
