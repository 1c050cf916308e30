package unsubscribing

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/leaving"
	tokens "mailshot/render/token"
)

// An address is one in any spelling, and mistakes are refused.
func TestBase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://www.acme.example/u": "https://www.acme.example/u", "HTTPS://WWW.Acme.Example:443/u/": "https://www.acme.example/u",
		"https://bücher.example": "https://xn--bcher-kva.example", "https://xn--bcher-kva.example/": "https://xn--bcher-kva.example",
		"https://acme.example:8443/a/b": "https://acme.example:8443/a/b", "http://127.0.0.1:8026": "http://127.0.0.1:8026",
		"http://[::1]:80/x": "http://[::1]/x", "http://localhost/": "http://localhost", " https://[2001:db8::1]/u ": "https://[2001:db8::1]/u",
		"https://acme.example/abmelden/ü": "https://acme.example/abmelden/%C3%BC",
		"":                                "", "acme.example/u": "", "http://acme.example": "", "ftp://acme.example": "", "https://": "", "https://a b.example": "",
		"https://u:p@acme.example": "", "https://acme.example/?x=1": "", "https://acme.example/#x": "", "https://acme..example": "",
		"https://acme.example?": "", "https://-a.example": "",
	} {
		b, err := ParseBase(text)
		if (err == nil) != (want != "") || err == nil && b.String() != want {
			t.Errorf("%q: %q, %v; want %q", text, b, err, want)
		}
	}
	if b, _ := ParseBase("https://acme.example/abmelden/ü/"); b.Path() != "/abmelden/ü" {
		t.Error(b.Path())
	}
}

const campaignFile = `id: c
from: %s
subject: Hello
recipients: { file: people.csv }
body: { text: body.txt }
%s
`

// load reads a campaign file.
func load(t *testing.T, from, rest string) *definition.Definition {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"campaign.yaml": fmt.Sprintf(campaignFile, from, rest), "people.csv": "email\na@example.com\n",
		"body.txt": "Hello\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := definition.Load(filepath.Join(dir, "campaign.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// A campaign's links lead to the page, or it is said at their place that they do not.
func TestCheck(t *testing.T) {
	t.Parallel()
	b, err := ParseBase("https://Bücher.example/u")
	if err != nil {
		t.Fatal(err)
	}
	var all []*definition.Definition
	for i, c := range []struct{ link, wrong string }{
		{"https://xn--bcher-kva.example/u/{{.mailshot.token}}", ""}, {"https://bücher.example:443/u/{{ .mailshot.token }}?x={{.email}}", ""},
		{"https://bücher.example/u?token={{.mailshot.token}}", ""},
		{"https://bücher.example/unsub/{{.mailshot.token}}", "does not begin with https://xn--bcher-kva.example/u"},
		{"https://other.example/u/{{.mailshot.token}}", "does not begin with"}, {"https://bücher.example:8443/u/{{.mailshot.token}}", "does not begin with"},
		{"https://bücher.example/u/{{.email}}", "has no {{.mailshot.token}}"}, {"", "has no unsubscribe.url"},
	} {
		rest := "unsubscribe: { url: \"" + c.link + "\" }"
		if c.link == "" {
			rest = ""
		}
		d := load(t, "news@acme.example", rest)
		all = append(all, d)
		errs := b.Check([]*definition.Definition{d})
		if (len(errs) > 0) != (c.wrong != "") || len(errs) > 0 && !strings.Contains(errs[0].Error(), c.wrong) {
			t.Errorf("%d, %s: %v", i, c.link, errs)
		}
	}
	errs := b.Check(all)
	if fs := check.From(errors.Join(errs...)); len(fs) != 5 || !strings.Contains(fs[0].Place, "campaign.yaml:6:") {
		t.Errorf("%+v", fs)
	}
}

// The page names what all campaigns have in common, and topics where there is a choice.
func TestSenders(t *testing.T) {
	t.Parallel()
	a := load(t, "The Club <news@bücher.example>", "topic: news\ntopics: { news: Monthly, Talks: Evenings }\nkind: notice")
	b := load(t, "The Club <talks@bücher.example>", "topic: jobs\nkind: notice")
	other := load(t, "Shop <shop@acme.example>", "kind: notice")
	unnamed := load(t, "billing@bücher.example", "kind: transactional")
	for _, c := range []struct {
		of   []*definition.Definition
		want string
	}{
		{nil, "|| []"}, {[]*definition.Definition{other}, "Shop|acme.example| []"}, {[]*definition.Definition{a, other}, "|| []"},
		{[]*definition.Definition{a, b, unnamed}, "|bücher.example| [{talks Evenings} {news Monthly} {jobs jobs}]"},
		{[]*definition.Definition{b}, "The Club|bücher.example| []"},
	} {
		sender, domain, topics := senders(c.of)
		if got := fmt.Sprintf("%s|%s| %v", sender, domain, topics); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// A POST is on the list when it is answered, its line is in the log and names nobody, and the end waits for whoever is
// being answered.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := accounts.Open(filepath.Join(dir, "user", "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	secret, err := a.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	news := tokens.Campaign{ID: "news-1", Domain: "acme.example", Topic: "news"}
	if err := leaving.Issue(t.Context(), a, news, time.Now()); err != nil {
		t.Fatal(err)
	}
	base, err := ParseBase("https://www.acme.example/u")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := Config{Listen: "127.0.0.1:0", Base: base, Accounts: a, Log: &log, Say: func(string, ...any) {}}
	inner, err := handlerOf(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan struct{})
	s, err := listen(c, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/u/x" {
			close(entered)
		}
		inner.ServeHTTP(w, r)
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	served := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { served <- s.Serve(ctx, nil) })
	defer wg.Wait()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	text := string(tokens.New(secret, news, tokens.Unsubscribe, false).Append(nil, "ann@example.com"))
	for range 2 {
		answer, err := client.Post(s.Address()+"u/"+text, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 200 || string(body) != "unsubscribed\n" {
			t.Errorf("%d %s", answer.StatusCode, body)
		}
	}
	half, pipe := io.Pipe() // a request whose body is still coming when the end does
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.Address()+"u/x", half)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answered := make(chan error, 1)
	wg.Go(func() {
		answer, err := client.Do(r)
		if err == nil {
			answer.Body.Close()
		}
		answered <- err
	})
	if _, err := io.WriteString(pipe, "List-Unsubscribe="); err != nil {
		t.Fatal(err)
	}
	<-entered
	end()
	_, err = io.WriteString(pipe, "One-Click")
	if err = errors.Join(err, pipe.Close(), <-answered, <-served); err != nil {
		t.Error(err)
	}
	var acts []string
	for line := range strings.Lines(log.String()) {
		var l Line
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		acts = append(acts, l.Act+" "+l.Campaign+" "+l.Topic+" "+l.Way)
	}
	if got := strings.Join(acts, ", "); got != "unsubscribed news-1 news one-click, again news-1 news one-click, nothing   one-click" {
		t.Error(got)
	}
	if strings.Contains(log.String(), text) || strings.Contains(log.String(), "ann") {
		t.Error(log.String())
	}
}

// A log that cannot be written is said once.
func TestLogFails(t *testing.T) {
	t.Parallel()
	var said []string
	l := &lines{w: full{}, say: func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }}
	l.add(Line{})
	l.add(Line{})
	if len(said) != 1 || !strings.Contains(said[0], "unsubscribed all the same") {
		t.Errorf("%q", said)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no room") }
