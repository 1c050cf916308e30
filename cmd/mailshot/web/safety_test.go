package web_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"mailshot/cmd/mailshot/web"
	"mailshot/cmd/mailshot/web/one"
	"mailshot/cmd/mailshot/web/people"
)

// wildcards are the parts of the mux's patterns that a request has to fill.
var wildcards = regexp.MustCompile(`\{([a-z]+)(\.\.\.)?\}`)

// request is a request that fits a pattern of the mux, about a campaign file.
func request(pattern, file string) (method, target string) {
	method, target, ok := strings.Cut(pattern, " ")
	if !ok {
		method, target = "GET", pattern
	}
	target = strings.TrimSuffix(target, "{$}")
	target = wildcards.ReplaceAllStringFunc(target, func(part string) string {
		switch part {
		case "{file}":
			return url.PathEscape(file)
		case "{name}":
			return "window.css"
		}
		return "1"
	})
	return method, target
}

// strangers are those who may neither read nor do anything: each request is right but for one thing. "Cookie": "" is
// none.
func strangers(w, other *world) map[string]map[string]string {
	name, _, _ := strings.Cut(w.cookie, "=")
	_, value, _ := strings.Cut(other.cookie, "=")
	return map[string]map[string]string{
		"another origin's page":              {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
		"another origin's page, old browser": {"Origin": "http://evil.example"},
		"a page without an origin":           {"Origin": "null"},
		"another site":                       {"Sec-Fetch-Site": "cross-site"},
		"another site's picture":             {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
		"a page at another port":             {"Origin": w.MailAddress(), "Sec-Fetch-Site": "same-site"},
		"a frame at another port":            {"Sec-Fetch-Site": "same-site"},
		"a name that leads here":             {"Host": "evil.example:" + w.Address()[strings.LastIndex(w.Address(), ":")+1:]},
		"localhost": {"Host": strings.Replace(strings.TrimPrefix(w.origin(), "http://"),
			"127.0.0.1", "localhost", 1)},
		"no cookie":                   {"Cookie": ""},
		"a wrong cookie":              {"Cookie": name + "=AAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"another window's cookie":     {"Cookie": other.cookie},
		"another window's secret":     {"Cookie": name + "=" + value},
		"the language's cookie alone": {"Cookie": "mailshot-language=en"},
	}
}

// Nobody but the person can read or do anything, at any route of the mux.
func TestStrangers(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t, "secretword"), newWorld(t, "x")
	routes := w.Routes()
	if len(routes) < 15 {
		t.Fatalf("%d routes: the test looks at nothing", len(routes))
	}
	before := digest(t, w.Dir)
	for _, pattern := range routes {
		for _, file := range []string{w.Main, "broken.yaml"} {
			method, target := request(pattern, file)
			for who, header := range strangers(w, other) {
				got := w.ask(method, target, formFor(method), header)
				text := body(t, got)
				if got.StatusCode != http.StatusForbidden || strings.Contains(text, "secretword") || len(text) > 300 {
					t.Errorf("%s: %s: %d %.200q", pattern, who, got.StatusCode, text)
				}
				if len(got.Cookies()) > 0 {
					t.Errorf("%s: %s: gets a cookie", pattern, who)
				}
			}
		}
	}
	if w.Desk().Runs.Of(w.Main) != nil {
		t.Error("a stranger has begun a run")
	}
	if digest(t, w.Dir) != before {
		t.Error("a stranger has changed a file")
	}
	// The same requests of the person get through, or the above says nothing.
	for _, pattern := range routes {
		method, target := request(pattern, w.Main)
		header := map[string]string{"Origin": w.origin(), "Sec-Fetch-Site": "same-origin"}
		if got := w.ask(method, target, formFor(method), header); got.StatusCode == http.StatusForbidden {
			t.Errorf("%s: the person is refused", pattern)
		}
	}
}

// formFor is an empty form for the methods that have one.
func formFor(method string) url.Values {
	if method == "GET" {
		return nil
	}
	return url.Values{}
}

// The first address lets nobody in a second time, wherever it is tried.
func TestFirstAddressOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "x") // it has used the ticket
	u, err := url.Parse(w.Address())
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{u.RequestURI(), "/enter", "/enter?ticket=", "/enter/", "/./enter?ticket=x",
		"//enter"} {
		got := w.ask("GET", target, nil, map[string]string{"Cookie": ""})
		if got.StatusCode != http.StatusForbidden || len(got.Cookies()) > 0 {
			t.Errorf("%s: %d", target, got.StatusCode)
		}
	}
}

// No route reads a file outside of the folder: by dots, from the root, by a link that leads out, or by what a name may
// look like on another system.
func TestOutside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "x")
	outside := t.TempDir()
	text := []byte("id: outside\nfrom: a@example.com\nrecipients: secretword.csv\nsubject: secretword\n")
	if err := os.WriteFile(filepath.Join(outside, "campaign.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	rel, err := filepath.Rel(w.Dir, outside)
	if err != nil {
		t.Fatal(err)
	}
	files := []string{
		filepath.ToSlash(rel) + "/campaign.yaml", filepath.ToSlash(outside) + "/campaign.yaml",
		"./broken.yaml", "x/../../broken.yaml", "wrong//campaign.yaml", "wrong/./campaign.yaml", "/broken.yaml",
		`..\campaign.yaml`, `C:\campaign.yaml`, "file:///campaign.yaml", "campaign.yaml\x00", "..", ".", "", "wrong",
		"wrong/body.md", "nothing.yaml", "wrong/campaign.yaml/", "broken.yaml/x.yaml",
	}
	for name, to := range map[string]string{"link.yaml": filepath.Join(outside, "campaign.yaml"), "linked": outside,
		"up.yaml": filepath.Join(rel, "campaign.yaml")} {
		if err := os.Symlink(to, filepath.Join(w.Dir, name)); err != nil {
			t.Log(err) // Windows asks for a right for it
			continue
		}
		files = append(files, name, name+"/campaign.yaml")
	}
	n := 0
	for _, pattern := range w.Routes() {
		if !strings.Contains(pattern, "{file}") {
			continue
		}
		n++
		for _, file := range files {
			method, target := request(pattern, file)
			got := w.ask(method, target, formFor(method), nil)
			// The mux cleans a path: it leads to another route, and to no file.
			cleaned := strings.Trim(file, ".") == "" && got.StatusCode == http.StatusTemporaryRedirect
			if text := body(t, got); strings.Contains(text, "secretword") || got.StatusCode < 400 && !cleaned {
				t.Errorf("%s: %q: %d %.300q", pattern, file, got.StatusCode, text)
			}
		}
	}
	if n < 9 {
		t.Errorf("%d routes with a file: the test looks at nothing", n)
	}
	if text := body(t, w.ask("GET", "/", nil, nil)); strings.Contains(text, "link.yaml") ||
		strings.Contains(text, "linked") {
		t.Error("the first page shows what is outside of the folder")
	}
}

// Nobody can make the window read without an end: a body has a limit at each route that takes one. A list that is
// brought may be large, so it has a limit of its own, which the tests of its room hold.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "x")
	for _, pattern := range w.Routes() {
		method, target := request(pattern, w.Main)
		if method != "POST" || pattern == people.Upload {
			continue
		}
		most := int64(web.MostBody)
		if pattern == one.Send {
			most = one.MostSent
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain"} {
			endless := &endless{}
			if strings.HasPrefix(kind, "multipart") {
				endless.head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n"
			}
			w.do(method, target, endless, map[string]string{"Content-Type": kind})
			if endless.read > most+1<<20 {
				t.Errorf("%s: %d octets of %s were read", pattern, endless.read, kind)
			}
		}
	}
}

// endless is a body without an end.
type endless struct {
	head string
	read int64
}

func (e *endless) Read(b []byte) (int, error) {
	if e.read > 1<<30 {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(b, e.head)
	e.head = e.head[n:]
	if n == 0 {
		for n = range b {
			b[n] = 'x'
		}
		n = len(b)
	}
	e.read += int64(n)
	return n, nil
}

// Whoever connects and says nothing, half of a header, or half of a form that is refused, does not stay. The last one
// stayed for good where the rest of a form had no limit in time.
func TestHeaderTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "x")
	servers := w.Servers()
	synctest.Test(t, func(t *testing.T) {
		for i, s := range servers {
			for _, said := range []string{"", "GET / HTTP/1.1\r\nHost: x\r\n",
				"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf"} {
				near, far := net.Pipe()
				l := &oneListener{conns: make(chan net.Conn, 1)}
				l.conns <- far
				go func() { _ = s.Serve(l) }()
				if _, err := io.WriteString(near, said); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(near); err != nil { // returns when the server closes
					t.Errorf("port %d, %q: %v", i, said, err)
				}
				_ = near.Close()
				close(l.conns)
				synctest.Wait()
			}
		}
	})
}

// oneListener gives one connection.
type oneListener struct{ conns chan net.Conn }

func (l *oneListener) Accept() (net.Conn, error) {
	c, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (l *oneListener) Close() error   { return nil }
func (l *oneListener) Addr() net.Addr { return &net.TCPAddr{} }

// Every page's policy has no word that lets scripts or styles of the page itself run, and a page needs none.
func TestPagePolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "x")
	for _, pattern := range w.Routes() {
		method, target := request(pattern, w.Main)
		got := w.ask(method, target, formFor(method), nil)
		policy := got.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: %q", pattern, policy)
		}
	}
}

// digest is a checksum of a folder's files.
func digest(t *testing.T, dir string) string {
	t.Helper()
	h := sha256.New()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintln(h, name)
		if e.Type().IsRegular() {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			h.Write(b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
