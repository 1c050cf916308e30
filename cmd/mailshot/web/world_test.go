package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/cmd/mailshot/web"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/internal/sink"
)

// world is an open window before a folder with campaigns of every kind. One text stands wherever a person, a file or
// a server may have written something, so that two worlds with different texts can be compared. Nothing leaves the
// machine.
type world struct {
	*testing.T
	*web.Window
	Dir       string
	Text      string
	Main      string // the campaign file whose list, message and server are in order, some replies aside
	Files     []string
	cookie    string
	addresses int // how many the main campaign's list has
}

// newWorld makes a world. The servers of its ports do not run: requests go to its handler.
func newWorld(t *testing.T, text string) *world {
	t.Helper()
	w := &world{T: t, Dir: t.TempDir(), Text: text}
	w.write(t)
	var err error
	own := filepath.Join(t.TempDir(), "own", "accounts.db")
	if w.Window, err = web.Open(web.Config{Dir: w.Dir, Accounts: own}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- w.Serve(ctx, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(w.Address())
	if err != nil {
		t.Fatal(err)
	}
	got := w.ask("GET", u.RequestURI(), nil, nil)
	if len(got.Cookies()) != 1 {
		t.Fatalf("the first address: %d", got.StatusCode)
	}
	w.cookie = got.Cookies()[0].Name + "=" + got.Cookies()[0].Value
	return w
}

// fileName is a text as a campaign file may name a file: on one line, and not a template.
func fileName(text string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r): // a byte order mark, directions
			return -1
		case strings.ContainsRune(`/\:{}`, r):
			return '_'
		}
		return r
	}, text)
	for len(name) > 180 {
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	return "x" + name // a name that begins with a dot is hidden, and one with a blank is another matter
}

const worldCampaign = `id: %s
from: %s
subject: 'About {{.name}}, {{.note}}'
recipients:
  file: %s
  address: email
  name: name
body:
  markdown: body.md
attachments:
  - file: %s
    name: %s
server: { host: 127.0.0.1, port: %d, tls: none }
`

func (w *world) write(t *testing.T) {
	t.Helper()
	s := worldServer(t, w.Text)
	name, quoted := fileName(w.Text), strconv.Quote
	cell := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	list := "email,name,note," + cell("col "+w.Text) + "\n"
	for _, address := range []string{"ann@example.com", "refused@example.com", "dropped@example.com", "bob@example.org"} {
		list += strings.Join([]string{address, cell("Ann " + w.Text), cell("n " + w.Text), cell(w.Text)}, ",") + "\n"
		w.addresses++
	}
	wrong := list + strings.Join([]string{cell("not an address " + w.Text), cell(w.Text), cell(w.Text), cell(w.Text)},
		",") + "\n"
	campaign := func(id, list string) string {
		return fmt.Sprintf(worldCampaign, quoted(id), quoted(strconv.Quote("News "+strings.ReplaceAll(w.Text, "{{",
			"{{`{{`}}"))+" <news@example.com>"), quoted(list), quoted(name+".txt"),
			quoted("For you "+name+".txt"), s.Port())
	}
	body := "# Hello {{.name}}\n\nWhat we know: {{.note}} and {{index . " + quoted("col "+w.Text) + "}}.\n"
	for file, text := range map[string]string{
		name + "/campaign.yaml": campaign("main", name+".csv"), name + "/" + name + ".csv": list,
		name + "/body.md": body, name + "/" + name + ".txt": "a file\n",
		"wrong/campaign.yaml": strings.Replace(campaign("wrong", name+".csv"), "  name: name",
			"  name: name\n  columns: { note: number }",
			1), "wrong/" + name + ".csv": wrong,
		"wrong/body.md": body, "wrong/" + name + ".txt": "a file\n",
		"broken.yaml": strings.Replace(campaign("main", name+".csv"), "markdown: body.md", "markdown: "+quoted(name+".md"),
			1) +
			"colour: " + quoted(w.Text) + "\n",
		"odd id.yaml":     campaign("! "+w.Text, name+".csv"),
		name + "-no.yaml": "recipients: " + quoted(w.Text) + "\nid: [" + quoted(w.Text) + "]\n",
	} {
		at := filepath.Join(w.Dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if path.Ext(file) == ".yaml" {
			w.Files = append(w.Files, file)
		}
	}
	w.Main = name + "/campaign.yaml"
	w.Files = []string{w.Main, "wrong/campaign.yaml", "broken.yaml", "odd id.yaml", name + "-no.yaml"}
}

// worldServer is a server that takes most messages. It says the text in its replies.
func worldServer(t *testing.T, text string) *sink.Server {
	t.Helper()
	var o sink.Options
	for _, rule := range []string{"rcpt:refused@*:550 5.1.1 nobody here " + text, "dot:dropped@*:drop"} {
		r, err := sink.ParseRule(rule)
		if err != nil {
			t.Fatal(err)
		}
		o.Rules = append(o.Rules, r)
	}
	s, err := sink.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// ask asks the window for something, with its cookie if it has one. header is set last; "Host" is the request's.
func (w *world) ask(method, target string, form url.Values, header map[string]string) *http.Response {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	return w.do(method, target, body, header)
}

func (w *world) do(method, target string, body io.Reader, header map[string]string) *http.Response {
	ctx, cancel := context.WithCancel(w.Context())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, w.origin()+target, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if w.cookie != "" {
		r.Header.Set("Cookie", w.cookie)
	}
	for k, v := range header {
		switch {
		case k == "Host":
			r.Host = v
		case v == "":
			r.Header.Del(k)
		default:
			r.Header.Set(k, v)
		}
	}
	answer := &first{ResponseRecorder: httptest.NewRecorder(), cancel: cancel}
	w.Handler().ServeHTTP(answer, r)
	return answer.Result()
}

// first is an answer that ends a stream of events after its first words.
type first struct {
	*httptest.ResponseRecorder
	cancel context.CancelFunc
}

func (f *first) Write(b []byte) (int, error) {
	if strings.HasPrefix(f.Header().Get("Content-Type"), "text/event-stream") {
		f.cancel()
	}
	return f.ResponseRecorder.Write(b)
}

func (w *world) origin() string {
	u, _ := url.Parse(w.Address())
	return "http://" + u.Host
}

// pathOf is the address of a page of a campaign file.
func pathOf(file, name string) string { return "/c/" + url.PathEscape(file) + "/" + name }

// until waits until the run of a campaign file is in a phase.
func (w *world) until(file string, phases ...runs.Phase) {
	w.Helper()
	run := w.Desk().Runs.Of(file)
	if run == nil {
		w.Fatalf("%s: no run", file)
	}
	for {
		changed := run.Changed()
		s := run.Snapshot()
		for _, p := range phases {
			if s.Phase == p {
				return
			}
		}
		if s.Phase == runs.Ended {
			findings := check.From(s.Err)
			if found := (*campaign.CheckError)(nil); errors.As(s.Err, &found) {
				findings = found.Report.Findings
			}
			w.Fatalf("%s has ended: %+v", file, findings)
		}
		select {
		case <-changed:
		case <-time.After(most):
			w.Fatalf("%s hangs: %s", file, s.Phase)
		}
	}
}

// plan makes a plan of a campaign file, by the form of its page.
func (w *world) plan(file string) {
	w.Helper()
	if got := w.ask("POST", pathOf(file, "plan"), url.Values{"to": {"server"}},
		nil); got.StatusCode != http.StatusSeeOther {
		w.Fatalf("%s: plan: %d: %q", file, got.StatusCode, regexp.MustCompile(`<bdi>.*</bdi>`).FindAllString(body(w.T, got),
			-1))
	}
}

// send says the number of the plan, and waits until the run has ended.
func (w *world) send(file string, n int) {
	w.Helper()
	page := body(w.T, w.ask("GET", pathOf(file, "plan"), nil, nil))
	plan := regexp.MustCompile(`name="plan" value="([^"]*)"`).FindStringSubmatch(page)
	if plan == nil {
		w.Fatalf("%s: no plan: %s", file, page)
	}
	got := w.ask("POST", pathOf(file, "send"), url.Values{"number": {strconv.Itoa(n)}, "plan": {plan[1]}}, nil)
	if got.StatusCode != http.StatusSeeOther {
		w.Fatalf("%s: send: %d", file, got.StatusCode)
	}
	w.until(file, runs.Ended)
}

// body is the text of an answer.
func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
