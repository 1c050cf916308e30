package campaign_test

import (
	"bytes"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/campaign"
	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// inLanguages is a campaign in three languages, with a server to be added.
func inLanguages(t *testing.T) *folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "campaign.yaml", `id: test
from: Sender <sender@example.org>
subject: "Invoice for {{.name}}"
recipients: { file: people.csv, language: lang, columns: { amount: number } }
body: { markdown: body.md, layout: letter }
attachments: [ { file: terms.txt } ]
languages:
  default: en
  fa: { subject: "صورتحساب {{.name}}", markdown: body.fa.md, attachments: [ { file: terms.fa.txt, name: "شرایط.txt" } ] }
  de: { text: body.de.txt }
`)
	f.write(t, "body.md", "Dear {{.name}}, you owe {{num 2 .amount}}.\n")
	f.write(t, "body.fa.md", "{{.name}} عزیز، {{num 2 .amount}}\n")
	f.write(t, "body.de.txt", "Guten Tag {{.name}}, offen sind {{num 2 .amount}}.\n")
	f.write(t, "terms.txt", "terms")
	f.write(t, "terms.fa.txt", "شرایط")
	f.write(t, "people.csv", `email,name,lang,amount
p0@example.com,Ann,en,1234.5
p1@example.com,Babak,fa,1234.5
p2@example.com,Carl,de,1234.5
p3@example.com,Dara,fa-IR,1234.5
p4@example.com,Eve,xx,1234.5
p5@example.com,Fay,,1234.5
p6@example.com,Gerd,de_CH,1234.5
p7@example.com,Hal,../../body.fa,1234.5
`)
	return f
}

// subjects are the decoded subjects of what a sink took, by recipient.
func subjects(t *testing.T, rec *record) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, r := range rec.accepted(t) {
		subject, err := new(mime.WordDecoder).DecodeHeader(r.Subject)
		if err != nil {
			t.Fatal(err)
		}
		found[r.To[0]] = subject
	}
	return found
}

// Each row's message is in the language that its cell names, from the plan to a send that goes on; a code that is none
// of the languages takes the default, and one finding counts the rows. Proven by a choice that always is the default:
// Babak's subject was English, and the send that went on held his message.
func TestLanguages(t *testing.T) {
	t.Parallel()
	s, rec := startSink(t, sink.Options{})
	f := inLanguages(t)
	f.replace(t, "campaign.yaml", func(text string) string { return text + server(s, "") })

	c := f.open(t, campaign.Options{})
	plan, err := c.Plan(t.Context(), campaign.PlanOptions{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range plan.Report.Findings {
		found = append(found, fmt.Sprintf("%s %s %s: %s (%s)", f.Severity, f.Code, f.Place, f.Text, f.Hint))
	}
	want1 := []string{`warning unknown-language campaign.yaml:4:43: column lang has no language of the campaign, and the ` +
		`message is in en: "xx" first; in 3 of 8 messages (people.csv:6, people.csv:7, people.csv:9) ` +
		`(codes as in languages: en, fa, de)`}
	if !slices.Equal(found, want1) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want1, "\n"))
	}
	sum, err := c.Run(t.Context(), nil, campaign.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	want(t, sum, map[ledger.State]int64{ledger.Sent: 2, ledger.Pending: 6})
	want(t, f.send(t, campaign.Options{}, campaign.PlanOptions{}), map[ledger.State]int64{ledger.Sent: 8})

	got := subjects(t, rec)
	for to, subject := range map[string]string{
		"p0@example.com": "Invoice for Ann", "p1@example.com": "صورتحساب Babak", "p2@example.com": "Invoice for Carl",
		"p3@example.com": "صورتحساب Dara", "p4@example.com": "Invoice for Eve", "p5@example.com": "Invoice for Fay",
		"p6@example.com": "Invoice for Gerd", "p7@example.com": "Invoice for Hal",
	} {
		if plain(got[to]) != subject {
			t.Errorf("%s: %q, want %q", to, got[to], subject)
		}
	}
}

// plain is a text without the marks and isolates of bidirectional texts.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u200e' || r == '\u200f' || r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, s)
}

// A changed body of any language is a change of the templates, also where the rows left are in other languages; a
// changed default is one of the file. Proven by compiling the default's templates alone: a changed body.de.txt was not
// asked about.
func TestLanguagesAreCovered(t *testing.T) {
	t.Parallel()
	s, _ := startSink(t, sink.Options{})
	f := inLanguages(t)
	f.replace(t, "campaign.yaml", func(text string) string { return text + server(s, "") })
	f.send(t, campaign.Options{}, campaign.PlanOptions{Limit: 7})
	o := campaign.PlanOptions{}
	body, err := os.ReadFile(filepath.Join(f.dir, "body.de.txt"))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "body.de.txt", "Anders\n")
	f.asked(t, o, "the templates")
	f.write(t, "body.de.txt", string(body))
	f.replace(t, "campaign.yaml", func(text string) string { return strings.Replace(text, "صورتحساب", "حساب", 1) })
	f.asked(t, o, "campaign.yaml (languages)", "the templates")
	f.replace(t, "campaign.yaml", func(text string) string { return strings.Replace(text, "حساب", "صورتحساب", 1) })
	f.replace(t, "campaign.yaml", func(text string) string {
		return strings.Replace(text, "default: en",
			"default: en-GB", 1)
	})
	f.asked(t, o, "campaign.yaml (body, languages)", "the templates") // the layout has the language in it
	f.replace(t, "campaign.yaml", func(text string) string {
		return strings.Replace(text, "default: en-GB",
			"default: en", 1)
	})
	want(t, f.send(t, campaign.Options{}, o), map[ledger.State]int64{ledger.Sent: 8})
}

// A dry run, a preview and the wire have the same bytes in each language, but for Date. Proven by a preview that makes
// all in the default language.
func TestLanguagesOnTheWire(t *testing.T) {
	t.Parallel()
	f := inLanguages(t)
	var sent [2][]string
	for i := range sent {
		store := filepath.Join(t.TempDir(), "mail.mbox")
		w, err := mailbox.Open("mbox", store, mailbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, _ := startSink(t, sink.Options{Store: w})
		own := *f
		own.dir = filepath.Join(t.TempDir(), "c")
		if err := os.CopyFS(own.dir, os.DirFS(f.dir)); err != nil {
			t.Fatal(err)
		}
		own.replace(t, "campaign.yaml", func(text string) string { return text + server(s, "") })
		own.send(t, campaign.Options{}, campaign.PlanOptions{AcceptCopy: true, Repeat: true})
		s.Close()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(store)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range strings.Split(string(b), "\nFrom ") {
			if _, m, ok := strings.Cut(m, "Message-ID:"); ok {
				sent[i] = append(sent[i], strings.ReplaceAll(strings.TrimSpace(m), "\r\n", "\n"))
			}
		}
		slices.Sort(sent[i])
	}
	var shown []string
	c := f.open(t, campaign.Options{})
	defer c.Close()
	for m, err := range c.Messages(t.Context(), campaign.Chosen{}) {
		if err != nil || m.Err != nil {
			t.Fatal(err, m.Err)
		}
		var b bytes.Buffer
		if _, err := m.Message.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(b.String(), "Message-ID:")
		shown = append(shown, strings.ReplaceAll(strings.TrimSpace(after), "\r\n", "\n"))
	}
	slices.Sort(shown)
	if len(shown) != 8 || !slices.Equal(shown, sent[0]) || !slices.Equal(shown, sent[1]) {
		t.Errorf("%d previewed, %d and %d sent, and they differ", len(shown), len(sent[0]), len(sent[1]))
	}
}
