package campaign_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/sink"
	"mailshot/render/address"
)

const copied = base +
	"cc: [\"{{.accountant}}\"]\nbcc: [archive@example.org, \"{{.boss}}\"]\nreply_to: [help@example.org, \"{{.boss}}\"]\n"

// withCopies is a folder of four people, of whom the first has two accountants and the last has no copies of her own.
func withCopies(t *testing.T, s *sink.Server, extra string) *folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "campaign.yaml", copied+server(s, extra))
	f.write(t, "body.txt", "Dear {{.name}}\n")
	f.write(t, "people.csv", "email,name,accountant,boss\n"+
		"ann@example.com,Ann,a1@example.net; a2@example.net,boss@example.com\n"+
		"bob@example.com,Bob,\"\"\"Books, Inc.\"\" <books@example.net>\",\n"+
		"cat@example.com,Cat,cat@example.com,archive@example.org\n"+
		"dan@example.com,Dan,,\n")
	return f
}

// envelopes are the recipients of each accepted message, by the first of them.
func envelopes(t *testing.T, rec *record) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, r := range rec.accepted(t) {
		if _, twice := all[r.To[0]]; twice {
			t.Errorf("%s was mailed twice", r.To[0])
		}
		all[r.To[0]] = r.To
	}
	return all
}

// copiesOf are what the ledger says of the copies of a row.
func copiesOf(t *testing.T, f *folder, to string) string {
	t.Helper()
	l, err := ledger.Open(filepath.Join(f.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var said []string
	for r, err := range l.Deliveries(t.Context(), "test", ledger.Filter{Addresses: []string{to}}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Last == nil {
			continue
		}
		for _, c := range r.Last.Copies {
			said = append(said, fmt.Sprintf("%s %v %v %d %s", c.Address, c.Blind, c.Accepted, c.Code, c.Text))
		}
	}
	return strings.Join(said, "\n")
}

// One message goes in one transaction to its recipient and to those who get copies: each once, and those of bcc in no
// header. What is refused or put off of copies stops nothing and stands in the ledger. A finished campaign sends
// nothing.
func TestCopies(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{Headers: []string{"Cc", "Bcc", "Reply-To"}},
		"rcpt:a2@*:550 5.1.1 nobody", "rcpt:boss@*:450 4.2.1 later")
	f := withCopies(t, s, "")
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 4})
	got := envelopes(t, rec)
	for to, wanted := range map[string][]string{
		"ann@example.com": {"ann@example.com", "a1@example.net", "archive@example.org"},
		"bob@example.com": {"bob@example.com", "books@example.net", "archive@example.org"},
		"cat@example.com": {"cat@example.com", "archive@example.org"},
		"dan@example.com": {"dan@example.com", "archive@example.org"},
	} {
		if !slices.Equal(got[to], wanted) {
			t.Errorf("%s: %v, want %v", to, got[to], wanted)
		}
	}
	for _, r := range rec.accepted(t) {
		cc := map[string]string{"ann@example.com": "a1@example.net, a2@example.net",
			"bob@example.com": `"Books, Inc." <books@example.net>`, "cat@example.com": "cat@example.com"}[r.To[0]]
		reply := "help@example.org"
		if boss := map[string]string{"ann@example.com": "boss@example.com",
			"cat@example.com": "archive@example.org"}[r.To[0]]; boss != "" {
			reply += ", " + boss
		}
		if strings.Join(r.Header["Cc"], "|") != cc || r.Header["Bcc"] != nil ||
			strings.Join(r.Header["Reply-To"], "|") != reply {
			t.Errorf("%s: %q", r.To[0], r.Header)
		}
	}
	if said := copiesOf(t, f, "ann@example.com"); !strings.HasPrefix(said, "a1@example.net false true 250 ") ||
		!strings.Contains(said, "\na2@example.net false false 550 nobody\n") ||
		!strings.HasSuffix(said, "\nboss@example.com true false 450 later") {
		t.Error(said)
	}
	f.send(t, campaign.Options{}, campaign.PlanOptions{})
	if n := len(rec.accepted(t)); n != 4 {
		t.Errorf("%d messages", n)
	}
}

// If the first recipient is refused or put off, no copy gets the message. Who is put off gets it later, and the copies
// with it, once.
func TestCopiesOfTheRefused(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{}, "rcpt:ann@*:550 5.1.1 nobody", "rcpt:bob@*@1:450 4.2.1 later")
	f := withCopies(t, s, "")
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	want(t, sum, map[ledger.State]int64{ledger.Sent: 3, ledger.Refused: 1})
	got := envelopes(t, rec)
	if got["ann@example.com"] != nil || !slices.Contains(got["bob@example.com"], "books@example.net") || len(got) != 3 {
		t.Error(slices.Sorted(maps.Keys(got)), got["bob@example.com"])
	}
	if said := copiesOf(t, f, "ann@example.com"); said != "" {
		t.Error(said)
	}
}

// Whoever is on the suppression list gets no copy: said in the plan, and of each attempt. The message goes to all
// others.
func TestSuppressedCopy(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := withCopies(t, s, "suppress: [no.txt]\n")
	f.write(t, "no.txt", "a2@example.net\narchive@example.org\n")
	c := f.open(t, campaign.Options{})
	p, err := c.Plan(t.Context(), campaign.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, finding := range p.Report.Findings {
		found = append(found, finding.Code+" "+finding.Text)
	}
	if all := strings.Join(found, "\n"); !strings.Contains(all,
		"suppressed-copy the copy for a2@example.net is left out") {
		t.Error(all)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 4})
	if got := envelopes(t, rec)["ann@example.com"]; !slices.Equal(got,
		[]string{"ann@example.com", "a1@example.net", "boss@example.com"}) {
		t.Error(got)
	}
	if said := copiesOf(t, f, "dan@example.com"); !strings.HasPrefix(said,
		"archive@example.org true false 0 left out: suppressed") {
		t.Error(said)
	}
}

// A rehearsal to one address gives nobody a copy.
func TestNoCopiesInARehearsal(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{Headers: []string{"Cc"}})
	f := withCopies(t, s, "")
	me, err := address.Parse("me@example.org")
	if err != nil {
		t.Fatal(err)
	}
	f.send(t, campaign.Options{To: &me}, campaign.PlanOptions{})
	all := rec.accepted(t)
	if len(all) != 4 {
		t.Errorf("%d messages", len(all))
	}
	for _, r := range all {
		if !slices.Equal(r.To, []string{"me@example.org"}) {
			t.Error(r.To)
		}
	}
}

// Each recipient is a use of the caps, and all of a message are reserved together: 5/24h lets Ann with her four copies
// go, and nobody else. A message that no cap would ever let go is an error of the plan.
func TestCopiesUseCaps(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := withCopies(t, s, "  caps: [6/24h]\n")
	sum := f.send(t, campaign.Options{}, campaign.PlanOptions{})
	n := 0
	for _, r := range rec.accepted(t) {
		n += len(r.To)
	}
	if n > 6 || n < 5 || sum.Left == 0 {
		t.Errorf("%d recipients, %d left: %v", n, sum.Left, sum.Counts)
	}
	f = withCopies(t, s, "  caps: [4/24h]\n")
	if said := f.unready(t, campaign.Options{}); !strings.Contains(said,
		"5 recipients with its copies, and the cap 4/24h") {
		t.Error(said)
	}
	paced := withCopies(t, s, "  caps: [50/s]\n  domains: { example.net: 20/s }\n")
	want(t, paced.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 4})
}

// What changed of the copies after the plan is a changed message: it is held, and goes to nobody.
func TestCopiesAreFrozen(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := withCopies(t, s, "")
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 1})
	f.write(t, "campaign.yaml", strings.Replace(copied, "archive@", "other@", 1)+server(s, ""))
	c := f.open(t, campaign.Options{})
	defer c.Close()
	_, err := c.Plan(t.Context(), campaign.PlanOptions{})
	var changed *campaign.ChangedError
	if !errors.As(err, &changed) || !slices.Equal(changed.What, []string{"campaign.yaml (bcc)", "the templates"}) {
		t.Errorf("%v", err)
	}
	if n := len(rec.accepted(t)); n != 1 {
		t.Errorf("%d messages", n)
	}
}
