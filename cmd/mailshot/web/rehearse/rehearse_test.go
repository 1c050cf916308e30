package rehearse

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/internal/sink"
)

// window is the room over a folder with one campaign of ten people.
type window struct {
	*testing.T
	desk *desk.Desk
	mux  *http.ServeMux
	dir  string

	mu sync.Mutex
	to []string // what the campaign's server took
}

func open(t *testing.T) *window {
	t.Helper()
	w := &window{T: t, mux: http.NewServeMux(), dir: t.TempDir()}
	server, err := sink.Start(sink.Options{Record: record{w}})
	if err != nil {
		t.Fatal(err)
	}
	people := "email,name\n"
	for i := range 10 {
		name := fmt.Sprintf("Person %d", i+1)
		if i == 6 {
			name = "" // an odd one
		}
		people += fmt.Sprintf("p%d@example.com,%s\n", i+1, name)
	}
	for name, text := range map[string]string{
		"campaign.yaml": fmt.Sprintf("id: club\nfrom: Club <club@example.org>\nsubject: Hi {{.name}}\n"+
			"recipients: { file: to.csv }\nbody: { html: body.html }\nserver: { host: 127.0.0.1, port: %d, tls: none }\n",
			server.Port()),
		"to.csv": people, "body.html": "<p>Hello <b>{{.name}}</b>, {{.email}}</p>\n",
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	w.desk = &desk.Desk{Runs: runs.New(), Mail: &mailport.Port{},
		Shelf: &shelf.Shelf{Dir: w.dir, Root: root, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")}}
	t.Cleanup(func() {
		w.desk.Runs.Drain()
		w.desk.Surveys.Close()
		if err := root.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	for pattern, answer := range Routes(w.desk) {
		w.mux.HandleFunc(pattern, answer)
	}
	return w
}

// record takes the sink's lines.
type record struct{ w *window }

func (r record) Write(line []byte) (int, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.w.to = append(r.w.to, string(line))
	return len(line), nil
}

// taken are the lines so far.
func (w *window) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.to)
}

func (w *window) ask(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	a := httptest.NewRecorder()
	w.mux.ServeHTTP(a, r)
	return a
}

// run sends what a form asks for, and waits until it has ended.
func (w *window) run(form url.Values) runs.Snapshot {
	w.Helper()
	a := w.ask("/c/campaign.yaml/rehearse", form)
	if a.Code != http.StatusSeeOther || !strings.HasSuffix(a.Header().Get("Location"), "/plan") {
		w.Fatalf("%d %s\n%s", a.Code, a.Header().Get("Location"), a.Body)
	}
	run := w.desk.Runs.Of("campaign.yaml")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for {
		changed, s := run.Changed(), run.Snapshot()
		if s.Phase == runs.Planned {
			_ = run.Send(s.Plan.ToSend) // an earlier turn may have
		}
		if s.Phase == runs.Ended {
			if s.Err != nil {
				w.Fatal(s.Err)
			}
			return s
		}
		select {
		case <-changed:
		case <-ctx.Done():
			w.Fatal("the run does not end")
		}
	}
}

// surveyed waits until it is known which rows are odd.
func (w *window) surveyed() {
	w.Helper()
	c, err := w.desk.Shelf.Campaign(context.Background(), "campaign.yaml")
	if err != nil {
		w.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Minute); ; {
		if w.desk.Surveys.Of("campaign.yaml", survey.Version(c.Def), w.desk.Shelf.Options(c)).Done {
			return
		}
		if time.Now().After(end) {
			w.Fatal("the survey does not end")
		}
		<-time.After(10 * time.Millisecond) // it says nothing when it ends
	}
}

// The built-in server's messages are listed and open; nobody else gets one, and no other file opens.
func TestToSink(t *testing.T) {
	t.Parallel()
	w := open(t)
	if s := w.run(url.Values{"do": {"sink"}}); s.Summary.Sent != 10 {
		t.Errorf("%d sent", s.Summary.Sent)
	}
	if to := w.taken(); len(to) != 0 {
		t.Errorf("the people's server took %q", to)
	}
	page := w.ask("/c/campaign.yaml/rehearse", nil).Body.String()
	if !strings.Contains(page, `data-past="1"`) {
		t.Error(page)
	}
	page = w.ask("/c/campaign.yaml/rehearse/1", nil).Body.String()
	if n := strings.Count(page, "data-row="); n != 10 || !strings.Contains(page, "Hi Person 3") {
		t.Errorf("%d rows:\n%s", n, page)
	}
	for _, v := range views() {
		a := w.ask("/c/campaign.yaml/rehearse/1?message=p3@example.com.eml&view="+v, nil)
		if page := a.Body.String(); a.Code != http.StatusOK || !strings.Contains(page, "Hi Person 3") {
			t.Errorf("%s: %d", v, a.Code)
		}
	}
	for _, path := range []string{"/c/campaign.yaml/rehearse/2", "/c/campaign.yaml/rehearse/x",
		"/c/none.yaml/rehearse/1"} {
		if a := w.ask(path, nil); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
	if page := w.ask("/c/campaign.yaml/rehearse/1?message=..%2Fstate.db", nil).Body.String(); !strings.Contains(page,
		"p3@") {
		t.Error("another file was opened")
	}
}

// To me: the first rows and the odd ones, all of them to one address.
func TestToMe(t *testing.T) {
	t.Parallel()
	w := open(t)
	w.surveyed()
	w.run(url.Values{"do": {"me"}, "me": {" me@example.org "}, "rows": {"2"}, "odd": {"1"}})
	all := strings.Join(w.taken(), "")
	if strings.Contains(all, "p1@example.com") || !strings.Contains(all, "me@example.org") {
		t.Errorf("%s", all)
	}
	for _, subject := range []string{`"subject":"Hi Person 1"`, `"subject":"Hi Person 2"`, `"subject":"Hi"`} {
		if !strings.Contains(strings.ReplaceAll(all, `Hi "`, `Hi"`), subject) {
			t.Errorf("%s did not go: %s", subject, all)
		}
	}
	if n := len(w.taken()); n >= 10 {
		t.Errorf("%d messages went", n)
	}
	w.run(url.Values{"do": {"me"}, "me": {"me@example.org"}, "rows": {"1"}})
}

// Every tester gets every message of the rehearsal, and the list is kept.
func TestToTesters(t *testing.T) {
	t.Parallel()
	w := open(t)
	form := url.Values{"do": {"testers"}, "testers": {"eve@example.org\r\nFay <fay@example.org>, eve@example.org"},
		"rows": {"2"}}
	s := w.run(form)
	if s.Summary.Sent != 4 || s.Done != 4 || s.Progress.Planned != 4 {
		t.Errorf("%d sent, %d of %d done", s.Summary.Sent, s.Done, s.Progress.Planned)
	}
	all := strings.Join(w.taken(), "")
	if e, f := strings.Count(all, `"to":["eve@example.org"]`), strings.Count(all, `"to":["fay@example.org"]`); e != 2 ||
		f != 2 {
		t.Errorf("eve got %d and fay %d", e, f)
	}
	if page := w.ask("/c/campaign.yaml/rehearse", nil).Body.String(); !strings.Contains(page,
		"Fay &lt;fay@example.org&gt;") {
		t.Error("the list was not kept")
	}
}

// What is wrong stands at its field, and nothing is begun.
func TestMistakes(t *testing.T) {
	t.Parallel()
	w := open(t)
	for _, form := range []url.Values{{"do": {"me"}, "me": {"<b>"}}, {"do": {"me"}},
		{"do": {"testers"}, "testers": {" \n"}},
		{"do": {"testers"}, "testers": {"eve@example.org\n<b>@@"}}, {"do": {"keep"}, "testers": {"x"}}} {
		a := w.ask("/c/campaign.yaml/rehearse", form)
		if a.Code != http.StatusUnprocessableEntity || !strings.Contains(a.Body.String(), "wrong-text") {
			t.Errorf("%v: %d", form, a.Code)
		}
	}
	if w.desk.Runs.Of("campaign.yaml") != nil {
		t.Error("a run was begun")
	}
}

// The browser remembers the address that was typed, and not what a cookie can have of it: the rest is somebody
// else's. What is no address is not remembered.
func TestRemembered(t *testing.T) {
	t.Parallel()
	w := open(t)
	for _, me := range []string{"me@example.org", "jörg@example.org", "a%41+b@example.org"} {
		a := w.ask("/c/campaign.yaml/rehearse", url.Values{"do": {"me"}, "me": {me}, "rows": {"1"}})
		if run := w.desk.Runs.Of("campaign.yaml"); run != nil {
			run.Leave()
			w.desk.Runs.Drain()
			w.desk.Runs = runs.New()
		}
		cookies := a.Result().Cookies()
		if a.Code != http.StatusSeeOther || len(cookies) != 1 {
			t.Fatalf("%s: %d with %v", me, a.Code, cookies)
		}
		r := httptest.NewRequest(http.MethodGet, "/c/campaign.yaml/rehearse", nil)
		r.AddCookie(cookies[0])
		page := httptest.NewRecorder()
		w.mux.ServeHTTP(page, r)
		if want := `name="me" value="` + me + `"`; !strings.Contains(html.UnescapeString(page.Body.String()), want) {
			t.Errorf("%s is not remembered", want)
		}
	}
	if a := w.ask("/c/campaign.yaml/rehearse", url.Values{"do": {"me"}, "me": {"x"}}); len(a.Result().Cookies()) > 0 {
		t.Error("a mistake is remembered")
	}
}
