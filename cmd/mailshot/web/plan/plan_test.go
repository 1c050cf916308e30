package plan

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/sink"
	"mailshot/internal/sink/sinktest"
)

// shop is a window's pages of planning and running over a folder with one campaign, whose server is a sink.
type shop struct {
	*testing.T
	dir  string
	mux  *http.ServeMux
	desk *desk.Desk
}

func open(t *testing.T, n int, rules ...string) *shop {
	t.Helper()
	s, release := held(t, n, 0, rules...)
	release()
	return s
}

// held is a shop whose server takes the first messages, and answers no further one before release is called.
func held(t *testing.T, n int, first int64, rules ...string) (s *shop, release func()) {
	t.Helper()
	var parsed []sink.Rule
	for _, text := range rules {
		r, err := sink.ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, r)
	}
	server, release := sinktest.Held(t, sink.Options{Rules: parsed}, first)
	s = &shop{T: t, dir: t.TempDir(), mux: http.NewServeMux()}
	s.write("people.csv", people(n))
	s.write("body.md", "Hello")
	s.write("campaign.yaml", fmt.Sprintf("id: news\nfrom: Club <club@example.org>\nsubject: Hello\n"+
		"recipients: { file: people.csv }\nbody: { markdown: body.md }\nserver: { host: %s, port: %d, tls: none }\n"+
		"limits: { connections: 2, caps: [100000/24h] }\n", server.Host(), server.Port()))
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.desk = &desk.Desk{Shelf: &shelf.Shelf{Dir: s.dir, Root: root,
		Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")},
		Runs: runs.New(), Mail: &mailport.Port{}}
	t.Cleanup(func() { s.desk.Runs.Drain(); _ = root.Close() })
	for pattern, answer := range Routes(s.desk) {
		s.mux.HandleFunc(pattern, answer)
	}
	return s, release
}

func people(n int) string {
	var list strings.Builder
	list.WriteString("email\n")
	for i := range n {
		fmt.Fprintf(&list, "p%d@example.com\n", i)
	}
	return list.String()
}

func (s *shop) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) get(page string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequest("GET", "/c/campaign.yaml/"+page, nil).WithContext(s.Context()))
	return w
}

// hidden is a hidden field of a page.
func hidden(page, name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return m[1]
}

// post sends a form as the page has it now, where pairs do not say what the page had.
func (s *shop) post(page string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	switch page {
	case "send", "leave":
		form.Set("plan", hidden(s.get("plan").Body.String(), "plan"))
	case "abort":
		form.Set("run", hidden(s.get("run").Body.String(), "run"))
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest("POST", "/c/campaign.yaml/"+page, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

// planned begins a plan, and returns its page.
func (s *shop) planned(pairs ...string) string {
	s.Helper()
	if w := s.post("plan", pairs...); w.Code != http.StatusSeeOther {
		s.Fatalf("%d %s", w.Code, w.Body)
	}
	run := s.desk.Runs.Of("campaign.yaml")
	for x := run.Snapshot(); x.Phase != runs.Planned && x.Phase != runs.Ended; x = run.Snapshot() {
		if x.Phase == runs.Asking {
			s.post("accept", "run", x.Name)
		}
		runtime.Gosched()
	}
	return s.get("plan").Body.String()
}

// until waits until the run has come to a phase, or has ended.
func (s *shop) until(phase runs.Phase) {
	s.Helper()
	run := s.desk.Runs.Of("campaign.yaml")
	for p := run.Phase(); p != phase && p != runs.Ended; p = run.Phase() {
		runtime.Gosched()
	}
}

func has(t *testing.T, page string, parts ...string) {
	t.Helper()
	if _, main, ok := strings.Cut(page, "<main"); ok {
		page = main
	}
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("no %q in\n%s", part, page)
		}
	}
}

// A plan says where all rows stand, the caps, and the first messages with a way to each; a wrong number sends nothing
// and is said above its field; the right one sends.
func TestPlanAndSend(t *testing.T) {
	t.Parallel()
	s := open(t, 5)
	page := s.planned("to", "server")
	has(t, page, `data-count="5"`, `data-cap="100_000/24h"`, `/message?row=1"`, "The states add up")
	for _, number := range []string{"", "4", "x", "-5"} {
		w := s.post("send", "number", number)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(),
			`aria-describedby="number-hint number-wrong"`) {
			t.Errorf("%q: %d", number, w.Code)
		}
	}
	if w := s.post("send", "number", "۵"); w.Code != http.StatusSeeOther {
		t.Errorf("%d", w.Code)
	}
	s.until(runs.Ended)
	page = s.get("run").Body.String()
	has(t, page, `data-exit="0"`, `data-state="sent" data-count="5"`, "127.0.0.1", "<polyline",
		"<rect class=\"state-sent\"")
}

// What keeps a plan from being made comes with the choice that answers it, and the choice does.
func TestRefused(t *testing.T) {
	t.Parallel()
	s := open(t, 4)
	s.planned("to", "server")
	s.post("send", "number", "4")
	s.until(runs.Ended)
	s.write("people.csv", people(6))
	page := s.planned("to", "server")
	has(t, page, `data-why="changed"`, `class="answer"><label class="inline"><input type="checkbox" name="accept-changes"`,
		"--accept-changes")
	page = s.planned("to", "server", "accept-changes", "1")
	has(t, page, `data-count="2"`, "data-changes", "2 added")
	s.post("leave")
	s.until(runs.Ended)
	s.write("body.md", "Hello {{.nobody}}")
	page = s.planned("to", "server", "accept-changes", "1")
	has(t, page, `data-why=`, `data-finding=`, "body.md")
}

// A campaign that another process has is shown from its ledger, with who has it, and the stream tells when that ends.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	s := open(t, 3)
	s.planned("to", "server")
	s.post("leave")
	s.until(runs.Ended)
	l, err := ledger.Open(filepath.Join(s.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lock, err := l.Lock("news")
	if err != nil {
		t.Fatal(err)
	}
	// The lock's file names this process, which the page takes for itself: another number stands for another process.
	files, err := filepath.Glob(filepath.Join(s.dir, ".mailshot", "state.db.locks", "*.lock"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("4711\n"), 0o600); err != nil {
		t.Skip("a lock keeps others from writing here: ", err)
	}
	has(t, s.get("run").Body.String(), `data-holder="4711"`)
	has(t, s.planned("to", "server"), `data-why="locked"`)
	server := httptest.NewServer(s.mux)
	defer server.Close()
	answer, err := http.Get(server.URL + "/c/campaign.yaml/run/events")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	events := 0
	for lines.Scan() {
		if lines.Text() == "event: changed" {
			if events++; events == 1 {
				if err := lock.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if events != 2 {
		t.Errorf("%d events", events)
	}
	if page := s.get("run").Body.String(); strings.Contains(page, "data-holder") {
		t.Error("somebody still has it")
	}
}

// A stream that was cut is taken up by asking again; it ends with the run, and a stream of nothing ends at once.
func TestEvents(t *testing.T) {
	t.Parallel()
	s := open(t, 40, "dot:delay 10ms")
	server := httptest.NewServer(s.mux)
	defer server.Close()
	stream := func() (*http.Response, *bufio.Scanner) {
		answer, err := http.Get(server.URL + "/c/campaign.yaml/run/events")
		if err != nil {
			t.Fatal(err)
		}
		return answer, bufio.NewScanner(answer.Body)
	}
	s.planned("to", "server")
	s.post("send", "number", "40")
	cut, lines := stream()
	for lines.Scan() && lines.Text() != "event: changed" {
	}
	if err := cut.Body.Close(); err != nil {
		t.Fatal(err)
	}
	whole, lines := stream()
	defer whole.Body.Close()
	last := ""
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			last = data
		}
	}
	if last != string(runs.Ended) {
		t.Errorf("the last word is %q", last)
	}
	has(t, s.get("run").Body.String(), `data-state="sent" data-count="40"`)
}

// Whoever pauses, aborts or leaves what is not there goes back to a page and changes nothing.
func TestNothingToDo(t *testing.T) {
	t.Parallel()
	s := open(t, 1)
	for _, page := range []string{"pause", "abort", "leave"} {
		if w := s.post(page); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", page, w.Code)
		}
	}
	if w := s.post("send", "number", "1"); w.Code != http.StatusSeeOther ||
		!strings.HasSuffix(w.Header().Get("Location"), "/plan") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if page := s.get("run").Body.String(); !regexp.MustCompile(`class="empty"`).MatchString(page) {
		t.Error(page)
	}
}

// Two windows that look at one run agree: what one of them pauses has ended in both.
func TestTwoWindows(t *testing.T) {
	t.Parallel()
	s := open(t, 60, "dot:delay 10ms")
	server := httptest.NewServer(s.mux)
	defer server.Close()
	s.planned("to", "server")
	s.post("send", "number", "60")
	last := make(chan string, 2)
	for range 2 {
		answer, err := http.Get(server.URL + "/c/campaign.yaml/run/events")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			defer answer.Body.Close()
			word := ""
			for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					word = data
				}
			}
			last <- word
		}()
	}
	s.until(runs.Sending)
	s.post("pause")
	if a, b := <-last, <-last; a != string(runs.Ended) || b != string(runs.Ended) {
		t.Errorf("%q and %q", a, b)
	}
	if a, b := s.get("run").Body.String(), s.get("run").Body.String(); a != b || !strings.Contains(a, "data-exit=") {
		t.Error("the windows show different pages")
	}
}

// A run is told in tenths, and a hold by its words without the numbers: neither is said each second anew.
func TestSaidOnce(t *testing.T) {
	t.Parallel()
	d := watched{}
	if d.Tenths() != 0 || d.Held() != (watched{}).Held() {
		t.Errorf("%d, %q", d.Tenths(), d.Held())
	}
	d.Planned = 2140
	seen := map[int64]bool{}
	for d.Done = range d.Planned + 1 {
		seen[d.Tenths()] = true
	}
	if len(seen) != 11 {
		t.Errorf("%d steps", len(seen))
	}
	held := map[string]bool{}
	for _, text := range []string{"waits 10 s: 421 slow down", "waits 9 s: 421 slow down", "1/min"} {
		d.Holds = []runs.Hold{{Group: "gmail", Text: text}}
		held[d.Held()] = true
	}
	if len(held) != 2 {
		t.Errorf("%v", held)
	}
}
