package desk_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/leaving/desk"
	"mailshot/campaign/leaving/visitors"
	"mailshot/render/token"
)

// house is a desk with the accounts of a user who has sent campaigns.
type house struct {
	*testing.T
	accounts *accounts.Accounts
	secret   []byte
	desk     *desk.Desk
	file     string // accounts.db

	mu   sync.Mutex
	now  time.Time
	acts []desk.Act
}

var (
	news   = token.Campaign{ID: "news-1", Domain: "example.org", Topic: "news"}
	events = token.Campaign{ID: "events-1", Domain: "example.org", Topic: "events"}
	plain  = token.Campaign{ID: "plain-1", Domain: "example.org"}
)

const ann = "ann@example.com"

func newHouse(t *testing.T, with func(*desk.Config)) *house {
	t.Helper()
	file := filepath.Join(t.TempDir(), "user", "accounts.db")
	a, err := accounts.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	h := &house{T: t, accounts: a, file: file, now: time.Date(2026, time.November, 30, 10, 0, 0, 0, time.UTC)}
	if h.secret, err = a.Secret(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []token.Campaign{news, events, plain} {
		if err := leaving.Issue(t.Context(), a, c, h.now); err != nil {
			t.Fatal(err)
		}
	}
	c := desk.Config{
		Accounts: a, Sender: "The Club", Domain: "example.org",
		Topics:  []desk.Topic{{Key: "events", Name: "Evenings & talks"}, {Key: "News", Name: "Monthly <news>"}},
		Observe: func(a desk.Act) { h.mu.Lock(); defer h.mu.Unlock(); h.acts = append(h.acts, a) },
		Now:     func() time.Time { h.mu.Lock(); defer h.mu.Unlock(); return h.now },
	}
	if with != nil {
		with(&c)
	}
	if h.desk, err = desk.New(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	return h
}

// later is a later time.
func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// of is a person's token.
func (h *house) of(c token.Campaign, person string) string {
	return string(token.New(h.secret, c, token.Unsubscribe, false).Append(nil, person))
}

// ask asks the desk. Each of fields is a header field, "Name: value".
func (h *house) ask(method, path, body string, fields ...string) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequest(method, "https://www.acme.example"+path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.desk.ServeHTTP(w, r)
	return w
}

// list is the suppression list: domain, topic and reason of each entry, and whose it is.
func (h *house) list(people ...string) (all []string) {
	h.Helper()
	hash, err := h.accounts.AddressHash(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	for e, err := range h.accounts.Suppressions(h.Context()) {
		if err != nil {
			h.Fatal(err)
		}
		who := e.Key
		for _, p := range append(people, ann) {
			if e.Key == accounts.HiddenKey(hash(p)) {
				who = p
			}
		}
		all = append(all, strings.Join([]string{who, e.Domain, e.Topic, e.Reason, e.Source}, "|"))
	}
	slices.Sort(all)
	return all
}

func (h *house) lists(want ...string) {
	h.Helper()
	if got := h.list(); !slices.Equal(got, want) {
		h.Errorf("the list has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// acted are the acts so far; they are forgotten.
func (h *house) acted() (all []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.acts {
		all = append(all, strings.TrimRight(strings.Join([]string{a.Act, a.Campaign, a.Topic, a.Way, a.Why}, "|"), "|"))
	}
	h.acts = nil
	return all
}

const (
	oneClick = "List-Unsubscribe=One-Click"
	button   = "act=leave&lang=en&scope=this"

	byClick = ann + "|example.org|news|unsubscribed with one click|campaign news-1"
	byPage  = ann + "|example.org|news|unsubscribed on the page|campaign news-1"
)

// What mail programs and the button send unsubscribes from the topic, or if there is none from all newsletters and
// notices, of that domain. It is on the list when it is answered, once, and the answer is not a redirect and sets no
// cookie.
func TestActs(t *testing.T) {
	t.Parallel()
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	if err := m.WriteField("List-Unsubscribe", "One-Click"); err != nil {
		t.Fatal(err)
	}
	m.Close()
	form := "Content-Type: application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		of     token.Campaign
		body   string
		fields []string
		path   string // %s is the token
		want   []string
	}{
		"one click":     {news, oneClick, nil, "", []string{byClick}},
		"in parts":      {news, parts.String(), []string{"Content-Type: " + m.FormDataContentType()}, "", []string{byClick}},
		"a charset":     {news, oneClick, []string{form + "; charset=UTF-8"}, "", []string{byClick}},
		"no type":       {news, oneClick, []string{"Content-Type: "}, "", []string{byClick}},
		"a line's end":  {news, oneClick + "\r\n", nil, "", []string{byClick}},
		"small letters": {news, "list-unsubscribe=one-click", nil, "", []string{byClick}},
		"a query":       {news, oneClick, nil, "/unsubscribe?token=%s", []string{byClick}},
		"a short query": {news, oneClick, nil, "/?t=%s&utm_source=mail", []string{byClick}},
		"below":         {news, oneClick, nil, "/mail/u/%s/", []string{byClick}},
		"capitals":      {news, oneClick, nil, "/u/%S", []string{byClick}},
		"in a sentence": {news, oneClick, nil, "/u/%s).", []string{byClick}},
		"a line break":  {news, oneClick, nil, "/u/%b", []string{byClick}},
		"the button":    {news, button, nil, "", []string{byPage}},
		"of no topic":   {plain, button, nil, "", []string{ann + "|example.org|*|unsubscribed on the page|campaign plain-1"}},
		"all": {news, "act=leave&scope=all", nil, "",
			[]string{ann + "|example.org|*|unsubscribed on the page|campaign news-1"}},
		"another topic": {news, "act=leave&topic=events", nil, "",
			[]string{ann + "|example.org|events|unsubscribed on the page|campaign news-1"}},
		"two": {news, "act=leave&scope=this&topic=events&topic=news", nil, "",
			[]string{ann + "|example.org|events|unsubscribed on the page|campaign news-1", byPage}},
		"a topic that is not one": {news, "act=leave&topic=evil&scope=never", nil, "", nil},
		"nothing chosen":          {news, "act=leave", nil, "", nil},
		"no body":                 {news, "", nil, "", nil},
		"another body":            {news, "a=b&List-Unsubscribe=yes", nil, "", nil},
		"only a language":         {news, "lang=de", nil, "", nil},
		"JSON":                    {news, `{"List-Unsubscribe":"One-Click"}`, []string{"Content-Type: application/json"}, "", nil},
		"before it is asked for":  {news, oneClick, []string{"Sec-Purpose: prefetch;prerender"}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			text := h.of(c.of, ann)
			path := strings.NewReplacer("%s", text, "%S", strings.ToUpper(text), "%b", text[:30]+"%0D%0A"+text[30:]).Replace(c.path)
			if path == "" {
				path = "/u/" + text
			}
			for range 2 {
				w := h.ask("POST", path, c.body, c.fields...)
				if w.Code != 200 || len(w.Result().Cookies()) > 0 || w.Header().Get("Location") != "" {
					t.Errorf("%d %v", w.Code, w.Header())
				}
				h.T = t
				h.lists(c.want...)
			}
			acts := h.acted()
			if len(acts) != 2*len(c.want) && !strings.Contains(c.body, "evil") {
				t.Errorf("%q", acts)
			}
			for i, a := range acts {
				if want := map[bool]string{true: "unsubscribed|", false: "again|"}[i < len(c.want)]; !strings.HasPrefix(a, want) {
					t.Errorf("act %d: %s", i, a)
				}
			}
		})
	}
}

// note is the sealed note on a page.
var note = regexp.MustCompile(`name="undo" value="([^"]*)"`)

// The answer is the same for a genuine token, one that is on the list already, and for any other: status, fields, text
// and length. It shows no address and no token. Each waits for a transaction.
//
// Seen to fail: with a status of 404 for an unknown token.
func TestSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	genuine, listed := h.of(news, ann), h.of(news, "bob@example.com")
	h.ask("POST", "/u/"+listed, oneClick)
	h.acted()
	other := []byte(strings.Repeat("x", 32))
	made := func(secret []byte, c token.Campaign, u token.Use, rehearsal bool) string {
		return string(token.New(secret, c, u, rehearsal).Append(nil, ann))
	}
	altered := []byte(genuine)
	altered[30] ^= 'a' ^ 'b'
	texts := map[string]string{
		"genuine": genuine, "listed": listed, "altered": string(altered),
		"of another secret": made(other, news, token.Unsubscribe, false),
		"unknown":           h.of(token.Campaign{ID: "never-sent", Domain: "example.org"}, ann),
		"rehearsal":         made(h.secret, news, token.Unsubscribe, true),
		"return path":       made(h.secret, news, token.ReturnPath, false),
		"envelope":          made(h.secret, news, token.Envelope, false),
		"made up":           strings.Repeat("a", 52), "old": strings.Repeat("ab", 16), "short": "abc", "long": strings.Repeat("q", 900),
		"an address": "ann@example.com", "markup": "%3Cscript%3Ealert(1)%3C/script%3E",
	}
	for _, body := range []string{"", oneClick, button, "act=leave&scope=all&lang=fa", "undo=x", "GET", "HEAD"} {
		var first, firstOf string
		for name, text := range texts {
			method := "POST"
			if body == "GET" || body == "HEAD" {
				method = body
			}
			w := h.ask(method, "/u/"+text, body)
			page := w.Body.String()
			sealed := note.FindStringSubmatch(page)
			if acts := strings.Contains(body, "leave"); acts != (sealed != nil) {
				t.Errorf("%s, %s: a note: %q", name, body, sealed)
			} else if acts {
				page = strings.ReplaceAll(page, sealed[1], fmt.Sprint(len(sealed[1])))
				if strings.Contains(sealed[1], text) && len(text) > 9 { // a short text may be in any note by chance
					t.Errorf("%s: the note has %s", name, text)
				}
			}
			if strings.Contains(page, text) || strings.Contains(page, "ann@") {
				t.Errorf("%s: the page has %s", name, text)
			}
			all := fmt.Sprint(w.Code, w.Header(), page)
			if first == "" {
				first, firstOf = all, name
			}
			if w.Code != 200 || all != first {
				t.Errorf("%q: the answers to %s and %s differ:\n%s\n%s", body, firstOf, name, first, all)
			}
		}
	}
	for _, a := range h.acted() {
		if strings.Contains(a, "@") || regexp.MustCompile(`[a-z2-7]{32}`).MatchString(a) {
			t.Errorf("an act names somebody: %s", a)
		}
	}
}

// Every answer says that it is not to be kept, framed, found, or given more than itself.
func TestFields(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"} {
		for _, path := range []string{"/u/" + h.of(news, ann), "/", "/u", "/u/", "/unsubscribe", "/robots.txt"} {
			w := h.ask(method, path, "")
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
				"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
			} {
				if got := w.Header().Get(name); !strings.Contains(got, want) {
					t.Errorf("%s %s: %s: %s", method, path, name, got)
				}
			}
			if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") ||
				strings.Contains(policy, "unsafe") {
				t.Error(policy)
			}
			want := map[string]int{"OPTIONS": 204, "PUT": 405, "DELETE": 405, "PATCH": 405, "TRACE": 405, "PROPFIND": 405}[method]
			switch {
			case want != 0:
			case path == "/robots.txt" && method != "POST", strings.HasPrefix(path, "/u/") && len(path) > 3:
				want = 200
			case path != "/robots.txt":
				want = 404
			default:
				want = 200
			}
			if w.Code != want {
				t.Errorf("%s %s: %d, want %d", method, path, w.Code, want)
			}
			if method == "HEAD" && w.Body.Len() > 0 && path != "/robots.txt" {
				t.Errorf("HEAD %s has a body", path)
			}
		}
	}
	h.lists()
}

// The page is in the person's language, and stays in it.
func TestLanguages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path := "/u/" + h.of(news, ann)
	for _, c := range []struct{ method, query, body, accept, want string }{
		{"GET", "", "", "", "en"}, {"GET", "", "", "de-AT,de;q=0.9,en;q=0.8", "de"}, {"GET", "", "", "fa-IR", "fa"},
		{"GET", "", "", "ja,zh;q=0.5", "en"}, {"GET", "?lang=fr", "", "de", "fr"}, {"GET", "?lang=xx", "", "ar-EG", "ar"},
		{"GET", "?lang=%00'%22", "", "es-MX", "es"}, {"POST", "", "lang=fa", "de", "fa"}, {"POST", "?lang=fr", button, "de", "en"},
		{"GET", "", "", "*", "en"}, {"GET", "", "", "en;q=0,fr", "fr"},
		{"GET", "", "", strings.Repeat("de-", 4000), "en"},
	} {
		w := h.ask(c.method, path+c.query, c.body, "Accept-Language: "+c.accept)
		dir := "ltr"
		if c.want == "fa" || c.want == "ar" {
			dir = "rtl"
		}
		if got := w.Header().Get("Content-Language"); got != c.want ||
			!strings.Contains(w.Body.String(), `<html lang="`+c.want+`" dir="`+dir+`">`) {
			t.Errorf("%+v: %s", c, got)
		}
	}
	if page := h.ask("GET", path, "").Body.String(); !strings.Contains(page, "Monthly &lt;news&gt;") ||
		!strings.Contains(page, "Evenings &amp; talks") || !strings.Contains(page, "<bdi>The Club</bdi>") ||
		!strings.Contains(page, "from \u2068example.org\u2069") {
		t.Error(page)
	}
}

// A body may be 8 KB, and no more is read of it; what is not a form does nothing, and nothing falls over it.
func TestBodies(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	path := "/u/" + h.of(news, ann)
	if w := h.ask("POST", path, oneClick+"&x="+strings.Repeat("x", 8<<10)); w.Code != 413 {
		t.Errorf("%d", w.Code)
	}
	h.lists()
	for _, fields := range []string{"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=x", "text/html", ";;;"} {
		for _, body := range []string{"--x\r\n", "%zz=%", "--x\r\nContent-Disposition: form-data\r\n\r\n", strings.Repeat("--x\r\n\r\n", 900), "&&&;"} {
			if w := h.ask("POST", path, body, "Content-Type: "+fields); w.Code != 200 {
				t.Errorf("%s, %q: %d", fields, body, w.Code)
			}
		}
	}
	r := httptest.NewRequest("POST", "https://www.acme.example"+path, io.MultiReader(strings.NewReader("List-"), broken{}))
	w := httptest.NewRecorder()
	h.desk.ServeHTTP(w, r)
	if w.Code != 400 {
		t.Errorf("half a body: %d", w.Code)
	}
	h.lists()
	h.ask("POST", path, oneClick+"&x="+strings.Repeat("x", 8<<10-len(oneClick)-3))
	h.lists(byClick)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Who asks too often is told so, and nothing is done. Others are answered.
func TestTooMany(t *testing.T) {
	t.Parallel()
	var h *house
	h = newHouse(t, func(c *desk.Config) {
		c.Limits = &visitors.Limits{Each: visitors.Rate{PerSecond: 1, Burst: 3}, Now: func() time.Time { return h.now }}
		c.Proxies, _ = visitors.ParseProxies([]string{"192.0.2.1"}) // httptest's client
	})
	path := "/u/" + h.of(news, ann)
	var codes []int
	for range 5 {
		codes = append(codes, h.ask("POST", path, "", "X-Forwarded-For: 198.51.100.7").Code)
	}
	w := h.ask("POST", path, oneClick, "X-Forwarded-For: 198.51.100.7")
	if !slices.Equal(codes, []int{200, 200, 200, 429, 429}) || w.Code != 429 || w.Header().Get("Retry-After") == "" {
		t.Error(codes, w.Code)
	}
	h.lists()
	if w := h.ask("POST", path, oneClick, "X-Forwarded-For: 198.51.100.7, 198.51.100.8"); w.Code != 200 {
		t.Error(w.Code)
	}
	h.lists(byClick)
}

// Where the accounts cannot be written, a person is told that nothing has changed, and so is whoever made a token up.
//
// Seen to fail: with an answer before the transaction, and with an answer to an unknown token that does not wait.
func TestFailed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	paths := []string{"/u/" + h.of(news, ann), "/u/abc"}
	if err := h.accounts.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		w := h.ask("POST", path, oneClick)
		if w.Code != 503 || !strings.Contains(w.Body.String(), "Nothing has changed") || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if acts := h.acted(); len(acts) != 1 || !strings.HasPrefix(acts[0], "failed|") {
			t.Errorf("%q", acts)
		}
	}
}
