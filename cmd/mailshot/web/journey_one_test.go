package web_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailshot/internal/mailbox"
	"mailshot/internal/sink"
)

// club is a folder with a campaign that is sent through a sink, which keeps what it takes in caught.
func club(t *testing.T, rules ...string) (dir, caught string, server *sink.Server) {
	t.Helper()
	dir, caught = t.TempDir(), filepath.Join(t.TempDir(), "caught")
	store, err := mailbox.Open("eml", caught, mailbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := sink.Options{Store: store}
	for _, text := range rules {
		rule, err := sink.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Rules = append(o.Rules, rule)
	}
	if server, err = sink.Start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		_ = store.Close()
	})
	for name, text := range map[string]string{
		"campaign.yaml": fmt.Sprintf("id: club\nfrom: The Club <club@example.org>\nsubject: News for {{.name}}\n"+
			"recipients: { file: people.csv }\nbody: { markdown: body.md }\n"+
			"server: { host: 127.0.0.1, port: %d, tls: none }\n", server.Port()),
		"people.csv": "email,name\nann@example.com,Ann\nbob@example.com,Bob\n",
		"body.md":    "# News\n\nHello {{.name}}, this is the news.\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, caught, server
}

// One message with an attachment, which arrives as it was written; sent again, the window asks.
func TestOneMessage(t *testing.T) {
	ways(t, func(t *testing.T, y way) {
		dir, caught, server := club(t)
		file := filepath.Join(t.TempDir(), "the invoice.pdf")
		if err := os.WriteFile(file, []byte("%PDF-1.4 an invoice\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		w := openBy(t, dir, y)
		w.click(`a[href="/one"]`, "#to")
		w.shot(fmt.Sprintf("one-%d", y.width))
		fill := func(then string) {
			w.fill("#to", "Dan Example <dan@example.com>")
			w.fill("#subject", "Your invoice")
			w.fill("#text", "Hello Dan,\nhere it is.")
			w.attach("#files", file)
			w.click(`.letter button`, then)
		}
		fill(`[data-result=sent]`)
		w.shot(fmt.Sprintf("one-sent-%d", y.width))
		names, err := filepath.Glob(filepath.Join(caught, "*"))
		if err != nil || len(names) != 1 {
			t.Fatalf("%q, %v", names, err)
		}
		got, err := os.ReadFile(names[0])
		pdf := base64.StdEncoding.EncodeToString([]byte("%PDF-1.4 an invoice\n"))
		for _, want := range []string{"From: The Club <club@example.org>", "To: Dan Example <dan@example.com>",
			"Subject: Your invoice", "here it is.", "the invoice.pdf", pdf} {
			if err != nil || !bytes.Contains(got, []byte(want)) {
				t.Errorf("%q is not in it (%v):\n%s", want, err, got)
			}
		}
		w.click(`a[href^="/one?"]`, "#to")
		fill(`[data-result=again]`)
		w.shot(fmt.Sprintf("one-again-%d", y.width))
		if n := server.Accepted(); n != 1 {
			t.Errorf("%d messages went", n)
		}
		w.click(`button.danger`, `[data-result=sent]`)
		if n := server.Accepted(); n != 2 {
			t.Errorf("%d messages went", n)
		}
	})
}
