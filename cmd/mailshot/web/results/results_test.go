package results

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
)

const campaignFile = `id: news
from: Club <club@example.org>
subject: Hello
recipients:
  file: people.csv
body:
  markdown: body.md
archive: sent
server: { host: smtp.example.com }
`

// t0 is when everything happens.
var t0 = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// shop is a window's results over a folder with one campaign of n rows: of each four one is sent, one refused, one
// unknown and one waits.
type shop struct {
	*testing.T
	dir string
	mux *http.ServeMux
}

func open(t *testing.T, n int) *shop {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"campaign.yaml": campaignFile, "people.csv": "email\nann@example.com\n",
		"body.md": "Hello"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, filepath.Join(dir, ".mailshot", "state.db"), "news", n)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	d := &desk.Desk{Shelf: &shelf.Shelf{Dir: dir, Root: root, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")},
		Runs: runs.New(), Mail: &mailport.Port{}}
	s := &shop{T: t, dir: dir, mux: http.NewServeMux()}
	for pattern, answer := range Routes(d) {
		s.mux.HandleFunc(pattern, answer)
	}
	return s
}

// fill makes a ledger with a campaign.
func fill(t *testing.T, file, id string, n int) {
	t.Helper()
	l, err := ledger.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	c := ledger.Campaign{ID: id, From: "Club <club@example.org>", Created: t0}
	d, err := l.Draft(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var rows []ledger.Row
	for i := range n {
		address := fmt.Sprintf("p%d@example.com", i)
		rows = append(rows, ledger.Row{Number: int64(i + 1), Place: fmt.Sprintf("people.csv:%d", i+2), Key: address,
			Address: address, AddressKey: address, Fields: []byte(address), Digest: make([]byte, 32), Lane: "gmail",
			State: ledger.Pending})
	}
	_, err = d.Add(t.Context(), rows)
	if err = errors.Join(err, d.Freeze(t.Context(), c)); err != nil {
		t.Fatal(err)
	}
	lock, err := l.Lock(id)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Run(t.Context(), id, ledger.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	results := []ledger.Result{{State: ledger.Sent, Code: 250, Text: "ok"},
		{State: ledger.Refused, Code: 550, Enhanced: "5.1.1", Text: "<b>no such user</b>"},
		{State: ledger.Unknown, Text: "the connection was lost"}}
	for i := range n {
		if i%4 == 3 {
			continue
		}
		delivery, err := r.Next(t.Context(), nil, t0)
		if err == nil {
			err = errors.Join(r.Begin(t.Context(), delivery), r.Start(t.Context(), delivery))
		}
		res := results[i%4]
		res.Stage, res.Server, res.Time = "dot", "mx.example:25", t0
		if err = errors.Join(err, r.Settle(t.Context(), delivery, res)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(r.Close(), lock.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// get answers a request for a page of the campaign.
func (s *shop) get(path string) *httptest.ResponseRecorder {
	s.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequest("GET", "/c/campaign.yaml/results"+path, nil))
	return w
}

// seen is what the page of a list has seen.
func (s *shop) seen(query string) string {
	m := regexp.MustCompile(`name="seen" value="(\w+)"`).FindStringSubmatch(s.get(query).Body.String())
	if m == nil {
		return ""
	}
	return m[1]
}

// post sends a form of the page as it is now, unless the form says what the page was, and returns the page that it
// leads to.
func (s *shop) post(path string, form url.Values) *httptest.ResponseRecorder {
	s.Helper()
	if form = maps.Clone(form); !form.Has("seen") {
		form.Set("seen", s.seen(form.Get("back")))
	}
	r := httptest.NewRequest("POST", "/c/campaign.yaml/results/"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if w.Code == http.StatusSeeOther {
		to := strings.TrimPrefix(w.Header().Get("Location"), "/c/campaign.yaml/results")
		return s.get(to)
	}
	return w
}

var (
	rowPattern   = regexp.MustCompile(`data-row="(\d+)"`)
	idPattern    = regexp.MustCompile(`name="id" value="(\d+)"`)
	countPattern = regexp.MustCompile(`data-state="(\w+)" data-count="(\d+)"`)
)

func all(p *regexp.Regexp, page string) (found []string) {
	for _, m := range p.FindAllStringSubmatch(page, -1) {
		found = append(found, strings.Join(m[1:], " "))
	}
	return found
}

// link is the address of a link of a page, by its rel.
func link(page, rel string) string {
	m := regexp.MustCompile(`rel="` + rel + `" href="/c/campaign.yaml/results([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// All rows come once, page by page forwards and back again, also those of one state.
func TestPages(t *testing.T) {
	t.Parallel()
	s := open(t, 240)
	for query, want := range map[string]int{"": 240, "?state=refused": 60, "?q=P1": 111, "?reply=550-5.1.1": 60,
		"?q=nobody": 0,
		"?q=%25":    0, "?state=sent&state=refused": 120} {
		seen, back := map[string]bool{}, map[string]bool{}
		page := s.get(query).Body.String()
		last := page
		for at := query; ; {
			for _, row := range all(rowPattern, page) {
				if seen[row] {
					t.Errorf("%s: row %s comes twice", query, row)
				}
				seen[row] = true
			}
			if at = link(page, "next"); at == "" {
				break
			}
			page = s.get(at).Body.String()
			last = page
		}
		for {
			for _, row := range all(rowPattern, last) {
				back[row] = true
			}
			at := link(last, "prev")
			if at == "" {
				break
			}
			last = s.get(at).Body.String()
		}
		if len(seen) != want || len(back) != want {
			t.Errorf("%s: %d rows, %d backwards, want %d", query, len(seen), len(back), want)
		}
	}
	page := s.get("").Body.String()
	if got := all(countPattern, page); !slices.Equal(got, []string{"sent 60", "refused 60", "unknown 60", "pending 60"}) {
		t.Errorf("%q", got)
	}
	if strings.Contains(page, "<b>no such") || !strings.Contains(page, "&lt;b&gt;no such user") {
		t.Error("a server's words are markup")
	}
}

// A person decides about marked rows, and about all that are unknown; nothing is decided where none is marked.
func TestDecide(t *testing.T) {
	t.Parallel()
	s := open(t, 40)
	page := s.get("?state=unknown").Body.String()
	ids := all(idPattern, page)
	if len(ids) != 10 {
		t.Fatalf("%q", ids)
	}
	back := url.Values{"back": {"?state=unknown"}}
	with := func(pairs ...string) url.Values {
		form := url.Values{"back": back["back"]}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		return form
	}
	if w := s.post("decide", with("as", "sent")); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d without a mark", w.Code)
	}
	if w := s.post("decide", with("as", "pending", "id", ids[0])); w.Code != http.StatusBadRequest {
		t.Errorf("%d for no decision", w.Code)
	}
	for as, n := range map[string]string{"sent": "2 messages count as sent now",
		"refused": "1 message counts as refused"} {
		form := with("as", as, "id", ids[0])
		if ids = ids[1:]; as == "sent" {
			form.Add("id", ids[0])
			ids = ids[1:]
		}
		if w := s.post("decide", form); !strings.Contains(w.Body.String(), n) {
			t.Errorf("%s: %d %s", as, w.Code, w.Body)
		}
	}
	w := s.post("decide", with("as", "resend", "all", "1"))
	if !strings.Contains(w.Body.String(), "7 messages are pending again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := all(countPattern, s.get("").Body.String()); !slices.Equal(got,
		[]string{"sent 12", "refused 11", "pending 17"}) {
		t.Errorf("%q", got)
	}
}

// What was refused is tried again, what a person decided about only where it is marked; cancel takes out what is left.
func TestRetryAndCancel(t *testing.T) {
	t.Parallel()
	s := open(t, 40)
	refused := all(idPattern, s.get("?state=refused").Body.String())
	if w := s.post("retry", url.Values{"id": refused[:1]}); !strings.Contains(w.Body.String(), "1 row is pending again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.post("cancel", url.Values{}); !strings.Contains(w.Body.String(), "11 messages were cancelled") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.post("retry", url.Values{"all": {"1"}}); !strings.Contains(w.Body.String(), "9 rows are pending again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	w := s.post("retry", url.Values{"all": {"1"}, "back": {"?state=sent"}})
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d for what was sent", w.Code)
	}
}

// While another one has the campaign nothing can be decided, and the page says who has it.
func TestLocked(t *testing.T) {
	t.Parallel()
	s := open(t, 8)
	l, err := ledger.Open(filepath.Join(s.dir, ".mailshot", "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lock, err := l.Lock("news")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, path := range []string{"retry", "cancel", "decide"} {
		w := s.post(path, url.Values{"all": {"1"}, "as": {"sent"}})
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if got := all(countPattern, s.get("").Body.String()); !slices.Equal(got,
		[]string{"sent 2", "refused 2", "unknown 2", "pending 2"}) {
		t.Errorf("%q", got)
	}
}

// The files have all rows, or those of the state that is shown, and their names are the campaign's.
func TestDownload(t *testing.T) {
	t.Parallel()
	s := open(t, 40)
	for form, want := range map[string]int{"csv?": 41, "csv?state=refused": 11, "json?state=sent": 12, "csv?q=p1": 12,
		"csv?reply=550-5.1.1": 11, "csv?q=p1&state=refused&after=5": 6, "json?q=p1&state=refused": 7} {
		w := s.get("/download/" + form)
		kind, _, _ := strings.Cut(form, "?")
		if n := strings.Count(w.Body.String(), "\n"); w.Code != 200 || n != want ||
			w.Header().Get("Content-Disposition") != `attachment; filename="news.`+kind+`"; filename*=UTF-8''news.`+kind {
			t.Errorf("%s: %d, %d lines, %q", form, w.Code, n, w.Header())
		}
	}
	if w := s.get("/download/xlsx"); w.Code != 200 || !bytes.HasPrefix(w.Body.Bytes(), []byte("PK")) {
		t.Error(w.Code)
	}
	for _, path := range []string{"/download/exe", "/download/zip", "/row?id=1", "/row", "/message?id=x"} {
		if w := s.get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	html := s.get("/download/html").Body.String()
	for _, bad := range []string{"<script", "href=\"http", "src=", "@import", "url(", "<form", "<b>no such"} {
		if strings.Contains(html, bad) {
			t.Errorf("the file has %q", bad)
		}
	}
	for _, part := range []string{"<style>", "<rect", "&lt;b&gt;no such user", `data-state="unknown"`,
		"default-src 'none'"} {
		if !strings.Contains(html, part) {
			t.Errorf("the file has no %q", part)
		}
	}
}

// What is found and taken away is whole, however many reads it takes. Seen to fail with each read from the first row
// on.
func TestFitting(t *testing.T) {
	t.Parallel()
	s := open(t, 40)
	l, err := history.Open(t.Context(), filepath.Join(s.dir, ".mailshot", "state.db"), "news")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, each := range []int{1, 3, 10, 1000} {
		n, last := 0, int64(0)
		for r, err := range fitting(t.Context(), l, asked{States: []string{"refused"}, Text: "@example.com"}, each) {
			if err != nil || r.Number <= last || r.State != "refused" {
				t.Fatalf("%+v after %d: %v", r, last, err)
			}
			n, last = n+1, r.Number
		}
		if n != 10 {
			t.Errorf("%d rows by %d", n, each)
		}
	}
}

// A rehearsal has results of its own, which are shown where the campaign has none; its messages can be taken away.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	s := open(t, 8)
	dir := filepath.Join(s.dir, ".mailshot", "sink", "2")
	fill(t, filepath.Join(dir, "state.db"), "news", 4)
	if err := os.MkdirAll(filepath.Join(dir, "messages"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := "Subject: Hello\r\n\r\nHello"
	if err := os.WriteFile(filepath.Join(dir, "messages", "p0@example.com.eml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := len(all(rowPattern, s.get("").Body.String())); n != 8 {
		t.Errorf("%d rows", n)
	}
	page := s.get("?of=sink/2").Body.String()
	if n := len(all(rowPattern, page)); n != 4 || !strings.Contains(page, "Rehearsal 2") ||
		!strings.Contains(page, "/message?of=sink%2f2") {
		t.Errorf("%d rows: %s", n, page)
	}
	b := s.get("/download/zip?of=sink/2").Body.Bytes()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(z.File) != 1 {
		t.Fatal(err)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(f); err != nil || string(b) != text {
		t.Errorf("%q %v", b, err)
	}
	if err := os.RemoveAll(filepath.Join(s.dir, ".mailshot", "state.db")); err != nil {
		t.Fatal(err)
	}
	if n := len(all(rowPattern, s.get("").Body.String())); n != 4 {
		t.Errorf("%d rows without the campaign's own", n)
	}
}

// The page of a person has every attempt and every decision, and their rows in other campaigns.
func TestPerson(t *testing.T) {
	t.Parallel()
	s := open(t, 8)
	fill(t, filepath.Join(s.dir, "other", ".mailshot", "state.db"), "older", 4)
	id := all(idPattern, s.get("?state=refused").Body.String())[0]
	s.post("retry", url.Values{"id": {id}})
	page := s.get("/row?id=" + id).Body.String()
	events := all(regexp.MustCompile(`data-event="(\w+)"`), page)
	if !slices.Contains(events, "refused") || !slices.Contains(events, "pending") || !strings.Contains(page, "older") ||
		!strings.Contains(page, "mx.example:25") || strings.Contains(page, "<b>no such") {
		t.Errorf("%q\n%s", events, page)
	}
}
