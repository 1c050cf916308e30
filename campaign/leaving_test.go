package campaign_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/render"
	"mailshot/render/address"
)

// newsletter is a folder whose messages have their token for a subject; keys are more lines of its campaign file.
func newsletter(t *testing.T, s *sink.Server, id, keys string) *folder {
	t.Helper()
	f := newFolder(t)
	f.topic(t, s, id, keys)
	f.write(t, "people.csv", people(3))
	return f
}

// topic writes the campaign file.
func (f *folder) topic(t *testing.T, s *sink.Server, id, keys string) {
	t.Helper()
	f.write(t, "campaign.yaml", "id: "+id+"\nfrom: Club <club@example.org>\nsubject: '{{.mailshot.token}}'\n"+
		"recipients: { file: people.csv, name: name }\nbody: { text: body.txt }\n"+keys+server(s, ""))
	f.write(t, "body.txt", id+", dear {{.name}}\n")
}

// subjects are what came, by address.
func (r *record) subjects(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, m := range r.accepted(t) {
		all[m.To[0]] = m.Subject
	}
	return all
}

// found is what a token says with the folder's accounts and ledger.
func (f *folder) found(t *testing.T, text string) (*leaving.Token, error) {
	t.Helper()
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	return leaving.Find(t.Context(), text, a, []string{f.state()})
}

// leaves unsubscribes by a token.
func (f *folder) leaves(t *testing.T, text string) accounts.Entry {
	t.Helper()
	found, err := f.found(t, text)
	if err != nil {
		t.Fatal(err)
	}
	e, err := found.Entry()
	if err != nil {
		t.Fatal(err)
	}
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Suppress(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return e
}

const newsKeys = "kind: newsletter\ntopic: news\nunsubscribe: { url: 'https://example.org/u/{{.mailshot.token}}' }\n"

// A token says whose it is and what they leave, as long as there are the accounts: after its person was forgotten, and
// after its campaign was purged. Whoever leaves by it then is not mailed either.
func TestTokensLast(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newsletter(t, s, "news-1", newsKeys)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	all := rec.subjects(t)
	says := func(i, address string) {
		t.Helper()
		got, err := f.found(t, all[i+"@example.com"])
		if err != nil || got.Campaign != "news-1" || got.Topic != "news" || got.Domain != "example.org" ||
			got.AddressKey != address || got.Rehearsal {
			t.Errorf("%s: %+v, %v", i, got, err)
		}
	}
	says("p0", "p0@example.com")
	f.forget(t, "p0@example.com")
	says("p0", "")
	says("p1", "p1@example.com")
	l, err := ledger.Open(f.state())
	if err != nil {
		t.Fatal(err)
	}
	if done, err := l.Purge(t.Context(), time.Now().Add(time.Hour)); err != nil || len(done) != 1 {
		t.Fatal(done, err)
	}
	l.Close()
	says("p1", "")
	if e := f.leaves(t, all["p1@example.com"]); !strings.HasPrefix(e.Key, accounts.Hidden) || e.Topic != "news" {
		t.Errorf("%+v", e)
	}
	f.topic(t, s, "news-2", newsKeys)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 2, ledger.Suppressed: 1})
	if got, err := f.found(t, rec.subjects(t)["p2@example.com"]); err != nil || got.Campaign != "news-2" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What nobody made here unsubscribes nobody, and what is written otherwise is the same token.
func TestTokensOfOthers(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f, other := newsletter(t, s, "news-1", newsKeys), newsletter(t, s, "news-1", newsKeys)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	mine := rec.subjects(t)["p1@example.com"]
	want(t, other.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 3})
	theirs := rec.subjects(t)["p1@example.com"]
	for _, text := range []string{theirs, strings.Repeat("a", 52), strings.Repeat("a", 32), mine[:51] + "z", mine[:20] +
		theirs[20:],
		theirs[:8] + mine[8:], "https://example.org/u/" + theirs, "nothing", ""} {
		var unusable *leaving.UnusableError
		if got, err := f.found(t, text); !errors.As(err, &unusable) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{mine, " " + strings.ToUpper(mine) + "\n", mine[:30] + "\r\n  " + mine[30:],
		"https://example.org/u/" + mine,
		"<https://example.org/u/" + strings.ToUpper(mine) + ">,"} {
		if got, err := f.found(t, text); err != nil || got.AddressKey != "p1@example.com" {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	// A genuine token of a campaign that was only looked at: nobody has it.
	f.topic(t, s, "news-9", newsKeys)
	c := f.open(t, campaign.Options{})
	defer c.Close()
	for m, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.found(t, m.Message.Subject()); !errors.Is(err, leaving.ErrUnknown) {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// A rehearsal's tokens act on nobody. A dry run has those of the send, octet for octet.
func TestTokensOfRehearsals(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newsletter(t, s, "news-1", newsKeys)
	me, err := address.Parse("p1@example.com")
	if err != nil {
		t.Fatal(err)
	}
	f.send(t, campaign.Options{To: &me}, campaign.PlanOptions{Limit: 1})
	got, err := f.found(t, rec.subjects(t)["p1@example.com"])
	if err != nil || !got.Rehearsal {
		t.Fatalf("%+v, %v", got, err)
	}
	if e, err := got.Entry(); err == nil {
		t.Errorf("a rehearsal's token unsubscribes: %+v", e)
	}
	var shown []string
	c := f.open(t, campaign.Options{})
	for m, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, m.Message.Subject())
	}
	c.Close()
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	for _, token := range rec.subjects(t) {
		if !slices.Contains(shown, token) {
			t.Errorf("%s was sent, and the dry run had %s", token, shown)
		}
	}
}

// A campaign that an older version planned goes on with the tokens it has, and they are understood; a new one has new
// ones.
func TestTokensOfOlderPlans(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := newsletter(t, s, "old", newsKeys)
	older := func() {
		f.exec(t, "UPDATE campaigns SET definition = replace(replace(definition, 'digests=4 ', 'digests=3 '), 'kind=', 'x=')")
	}
	c := f.open(t, campaign.Options{})
	if _, err := c.Plan(t.Context(), campaign.PlanOptions{}); err != nil {
		t.Fatal(err)
	}
	c.Close()
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1})
	older()
	f.write(t, "body.txt", "Dear {{.name}}!\n")
	f.send(t, campaign.Options{}, campaign.PlanOptions{AcceptChanges: true, Limit: 1})
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	secret := secretOf(t, f)
	for address, text := range rec.subjects(t) {
		want := 32
		if address == rec.accepted(t)[0].To[0] {
			want = 52
		}
		if len(text) != want || want == 32 && text != render.OldToken(secret, "old", address) {
			t.Errorf("%s: %s", address, text)
		}
		if got, err := f.found(t, text); err != nil || got.AddressKey != address || got.Topic != "news" {
			t.Errorf("%s: %+v, %v", address, got, err)
		}
	}
}

func secretOf(t *testing.T, f *folder) []byte {
	t.Helper()
	a, err := accounts.Open(f.accounts)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(secret)
}

// Whoever left the news gets the invoice and the other newsletter. Whose mailbox bounced gets nothing. Whoever leaves a
// newsletter without a topic gets no newsletter and no notice from that domain. It holds in the plan and in the run.
func TestLeavingByTopic(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:p2@*:550 5.1.1 no such user")
	f := newsletter(t, s, "news-1", newsKeys)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 2, ledger.Refused: 1})
	first := rec.subjects(t)
	f.leaves(t, first["p1@example.com"])
	count := func(id, keys string, sent, suppressed int64) {
		t.Helper()
		f.topic(t, s, id, keys)
		c := f.open(t, campaign.Options{})
		defer c.Close()
		plan, err := c.Plan(t.Context(), campaign.PlanOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if plan.ToSend != sent || plan.Counts["suppressed"] != suppressed {
			t.Errorf("%s: %d to send, %v", id, plan.ToSend, plan.Counts)
		}
	}
	const leave = "unsubscribe: { url: 'https://example.org/u/{{.mailshot.token}}' }\n"
	count("news-2", newsKeys, 1, 2)
	count("offers-1", "kind: newsletter\ntopic: offers\n"+leave, 2, 1)
	count("invoice-1", "kind: transactional\n", 2, 1)
	count("plain-1", "", 2, 1)
	f.topic(t, s, "bulk-1", "kind: newsletter\n"+leave)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 2, ledger.Suppressed: 1})
	f.leaves(t, rec.subjects(t)["p0@example.com"])
	count("notice-1", "kind: notice\n", 1, 2)
	count("news-3", newsKeys, 0, 3)
	count("invoice-2", "kind: transactional\n", 2, 1)
	// The plan of offers-1 was made before p0 left: the run asks again.
	f.topic(t, s, "offers-1", "kind: newsletter\ntopic: offers\n"+leave)
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 1, ledger.Suppressed: 2})
	f.topic(t, s, "invoice-1", "kind: transactional\n")
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}),
		map[ledger.State]int64{ledger.Sent: 2, ledger.Suppressed: 1})
}
