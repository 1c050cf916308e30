package message_test

import (
	"bytes"
	"io"
	"net/mail"
	"strings"
	"testing"

	"mailshot/render"
)

const newsletterFile = `id: test
from: Acme <news@acme.example>
subject: News
recipients: { file: people.csv }
body: { markdown: body.md, layout: newsletter, postal: "Acme Ltd, 1 Main Street" }
kind: newsletter
topic: news
topics: { news: Monthly news }
unsubscribe: { url: "https://acme.example/u/{{.mailshot.token}}?n={{urlescape .name}}", mailto: "u+{{.mailshot.token}}@acme.example" }
headers: { Precedence: list }
dkim: [{ domain: acme.example, selector: s1, key: { file: s1.pem } }]
`

// wire is a message as others read it.
func wire(t *testing.T, m *render.Message) (mail.Header, string) {
	t.Helper()
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	read, err := mail.ReadMessage(&b)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(read.Body)
	if err != nil {
		t.Fatal(err)
	}
	return read.Header, strings.ReplaceAll(string(body), "=\r\n", "")
}

// A newsletter has the fields of its kind, each once; one that the campaign file gives itself is as given there. The
// person's address for leaving is the same in the header, in the layout's link and wherever the body prints it.
func TestNewsletter(t *testing.T) {
	t.Parallel()
	dir := folder(t, "email,name,amount,file\nann@example.com,Ann & Co,1,x\nbob@example.com,Bob,1,x\n")
	write(t, dir, "campaign.yaml", newsletterFile)
	write(t, dir, "body.md",
		"Dear {{.name}}\n\n[Leave]({{.mailshot.unsubscribe_url}}) or write {{.mailshot.unsubscribe_url}}\n")
	m, rows, err := open(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i, query := range []string{"Ann%20%26%20Co", "Bob"} {
		made := m.Make(rows[i], date)
		if made.Err != nil {
			t.Fatal(made.Err)
		}
		h, body := wire(t, made.Message)
		leave, rest, _ := strings.Cut(strings.TrimPrefix(h.Get("List-Unsubscribe"), "<"), ">")
		token, found := strings.CutSuffix(strings.TrimPrefix(leave, "https://acme.example/u/"), "?n="+query)
		if !found || len(token) < 20 || seen[token] || rest != ", <mailto:u+"+token+"@acme.example?subject=unsubscribe>" {
			t.Error(h["List-Unsubscribe"])
		}
		seen[token] = true
		for name, want := range map[string]string{
			"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "List-Id": "Monthly news <news.acme.example>",
			"Feedback-Id": "test:news:newsletter:acme-example", "Precedence": "list", "Auto-Submitted": "",
			"X-Auto-Response-Suppress": "OOF, AutoReply",
		} {
			if got := strings.Join(h[name], "|"); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		text := strings.ReplaceAll(body, "=3D", "=")
		if n := strings.Count(text, leave); n < 4 { // the text part's two or more, the links of body and layout, and the word
			t.Errorf("%s is %d times in\n%s", leave, n, text)
		}
	}
}

// Whoever prints the address for leaving where the campaign file gives none is told so, with the place.
func TestNowhereToLeave(t *testing.T) {
	t.Parallel()
	dir := folder(t, "email,name,amount,file\nann@example.com,Ann,1,bill.txt\n")
	write(t, dir, "body.txt", "Dear {{.name}}\n{{.mailshot.unsubscribe_url}}\n")
	_, _, err := open(t, dir, nil)
	if err == nil || !strings.Contains(err.Error(), "body.txt:2:12") || !strings.Contains(err.Error(), "unsubscribe_url") {
		t.Error(err)
	}
}

// A cell puts nothing into the fields but what it says: no second address, no second field.
func TestHostileLeaving(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"x>, <https://evil.example/", "a b", "x\ty", "é", "<", "%0d%0aX-Evil: y"} {
		dir := folder(t, "email,name,amount,file\nann@example.com,\""+cell+"\",1,x\n")
		write(t, dir, "campaign.yaml", strings.ReplaceAll(newsletterFile, "{{urlescape .name}}", "{{.name}}"))
		write(t, dir, "body.md", "Dear\n")
		m, rows, err := open(t, dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		made := m.Make(rows[0], date)
		if made.Err != nil {
			continue // refused, by name
		}
		h, _ := wire(t, made.Message)
		if got := h.Get("List-Unsubscribe"); strings.Count(got, "<") != 2 || h.Get("X-Evil") != "" ||
			strings.ContainsAny(got, "\té") {
			t.Errorf("%q: %q", cell, got)
		}
	}
}
