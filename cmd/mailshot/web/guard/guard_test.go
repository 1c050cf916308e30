package guard

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const mail = "http://127.0.0.1:4712"

// door is a guard with something behind it that says who got through.
func door(t *testing.T) (*Guard, http.Handler, *int) {
	t.Helper()
	g := New(netip.MustParseAddrPort("127.0.0.1:4711"), mail)
	through := 0
	return g, g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		through++
		_, _ = w.Write([]byte("the list"))
	})), &through
}

func ask(h http.Handler, method, target string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, "http://127.0.0.1:4711"+target, nil)
	for k, v := range header {
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// enter takes the first address and returns the cookie that it gives, as a request has it.
func enter(t *testing.T, g *Guard, h http.Handler) string {
	t.Helper()
	u, err := url.Parse(g.Address())
	if err != nil {
		t.Fatal(err)
	}
	got := ask(h, "GET", u.RequestURI(), nil)
	cookies := got.Cookies()
	if got.StatusCode != http.StatusSeeOther || len(cookies) != 1 {
		t.Fatalf("the first address: %d, %d cookies", got.StatusCode, len(cookies))
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

// Each rule of the guard holds by itself: all else about these requests is right. Each row was seen to get through with
// its rule taken out of Wrap, sameSite or known.
func TestRules(t *testing.T) {
	t.Parallel()
	g, h, through := door(t)
	cookie := enter(t, g, h)
	other := New(netip.MustParseAddrPort("127.0.0.1:4713"), mail)
	otherCookie := enter(t, other, rehosted(other.Wrap(http.NotFoundHandler()), "127.0.0.1:4713"))
	name, value, _ := strings.Cut(cookie, "=")
	for _, tt := range []struct {
		name, method string
		header       map[string]string
		ok           bool
	}{
		{"the person", "GET", map[string]string{"Cookie": cookie}, true},
		{"an address that the person typed", "GET", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "none"}, true},
		{"the window's own page", "GET", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}, true},
		{"the window's own form", "POST", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin",
			"Origin": "http://127.0.0.1:4711"}, true},
		{"a script with the cookie", "POST", map[string]string{"Cookie": cookie}, true},

		{"another name for this machine (rebinding)", "GET",
			map[string]string{"Cookie": cookie, "Host": "evil.example:4711"}, false},
		{"localhost", "GET", map[string]string{"Cookie": cookie, "Host": "localhost:4711"}, false},
		{"the mail port's name", "GET", map[string]string{"Cookie": cookie, "Host": "127.0.0.1:4712"}, false},
		{"no port", "GET", map[string]string{"Cookie": cookie, "Host": "127.0.0.1"}, false},
		{"another origin", "GET", map[string]string{"Cookie": cookie, "Origin": "http://evil.example"}, false},
		{"an origin without a name", "POST", map[string]string{"Cookie": cookie, "Origin": "null"}, false},
		{"the mail port's origin", "GET", map[string]string{"Cookie": cookie, "Origin": mail}, false},
		{"https of the same host", "GET", map[string]string{"Cookie": cookie, "Origin": "https://127.0.0.1:4711"}, false},
		{"a cross-site request", "GET", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}, false},
		{"a page at another port", "GET", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-site"}, false},
		{"an unknown site", "GET", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "x"}, false},
		{"a form without a page", "POST", map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "none"}, false},
		{"no cookie", "GET", nil, false},
		{"a wrong cookie", "GET", map[string]string{"Cookie": name + "=AAAAAAAAAAAAAAAAAAAAAAAAAA"}, false},
		{"an empty cookie", "GET", map[string]string{"Cookie": name + "="}, false},
		{"the right value with another name", "GET", map[string]string{"Cookie": "x=" + value}, false},
		{"another window's cookie", "GET", map[string]string{"Cookie": otherCookie}, false},
		{"another window's value", "GET",
			map[string]string{"Cookie": name + otherCookie[strings.Index(otherCookie, "="):]}, false},
		{"a wrong cookie and the right one", "GET", map[string]string{"Cookie": name + "=x; " + cookie}, true},
	} {
		before := *through
		got := ask(h, tt.method, "/", tt.header)
		if passed := *through > before; passed != tt.ok || passed == (got.StatusCode == http.StatusForbidden) {
			t.Errorf("%s: %d, passed %v", tt.name, got.StatusCode, passed)
		}
	}
}

// rehosted gives requests another Host.
func rehosted(h http.Handler, host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = host
		h.ServeHTTP(w, r)
	})
}

// The first address works once, also for many at once. It was seen to fail without the ticket's deletion.
func TestTicketOnce(t *testing.T) {
	t.Parallel()
	g, h, _ := door(t)
	u, err := url.Parse(g.Address())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	in := 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			got := ask(h, "GET", u.RequestURI(), nil)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case got.StatusCode == http.StatusSeeOther:
				in++
			case len(got.Cookies()) > 0:
				t.Error("a cookie for somebody who was refused")
			}
		})
	}
	all.Wait()
	if in != 1 {
		t.Errorf("%d got in", in)
	}
	for _, target := range []string{Enter, Enter + "?ticket=", Enter + "?ticket=x", u.RequestURI()} {
		if got := ask(h, "GET", target, nil); got.StatusCode != http.StatusForbidden || len(got.Cookies()) > 0 {
			t.Errorf("%s: %d", target, got.StatusCode)
		}
	}
	if g.Address() != g.Origin()+Enter+"?ticket=" {
		t.Errorf("the ticket is still there: %s", g.Address())
	}
}

// The first address takes no ticket from another page or at another name, so that none can use it up; and whoever is
// in already gets to the window by it.
func TestTicketOfAnotherPage(t *testing.T) {
	t.Parallel()
	g, h, _ := door(t)
	u, err := url.Parse(g.Address())
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []map[string]string{
		{"Host": "evil.example:4711"}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
	} {
		if got := ask(h, "GET", u.RequestURI(), header); got.StatusCode != http.StatusForbidden || len(got.Cookies()) > 0 {
			t.Errorf("%v: %d", header, got.StatusCode)
		}
	}
	if got := ask(h, "HEAD", u.RequestURI(), nil); got.StatusCode == http.StatusSeeOther {
		t.Error("a look at the head uses the ticket up")
	}
	cookie := enter(t, g, h)
	got := ask(h, "GET", u.RequestURI(), map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "none"})
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != "/" {
		t.Errorf("a reload of the first address: %d", got.StatusCode)
	}
}

// The cookie is out of reach of scripts and of other sites, and ends with the browser. The address forgets the ticket.
func TestCookie(t *testing.T) {
	t.Parallel()
	g, h, _ := door(t)
	u, err := url.Parse(g.Address())
	if err != nil {
		t.Fatal(err)
	}
	got := ask(h, "GET", u.RequestURI(), nil)
	c := got.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.MaxAge != 0 || c.Domain != "" || c.Path != "/" {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(c.Name, "4711") {
		t.Errorf("%s: two windows share one name, for cookies ignore ports", c.Name)
	}
	if len(c.Value) < 26 || strings.Contains(g.Address(), c.Value) {
		t.Errorf("%s: short, or the ticket", c.Value)
	}
	if to := got.Header.Get("Location"); to != "/" {
		t.Errorf("the address keeps %q", to)
	}
}

// Each answer, a refusal too, says what its page may load: what the window serves, and mails in frames.
func TestPolicy(t *testing.T) {
	t.Parallel()
	_, h, _ := door(t)
	for _, target := range []string{"/", Enter, Enter + "?ticket=x"} {
		head := ask(h, "GET", target, nil).Header
		policy := map[string]string{}
		for part := range strings.SplitSeq(head.Get("Content-Security-Policy"), ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
			policy[name] = value
		}
		for name, want := range map[string]string{
			"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'",
			"form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'", "frame-src": mail,
		} {
			if policy[name] != want {
				t.Errorf("%s: %s is %q", target, name, policy[name])
			}
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "X-DNS-Prefetch-Control": "off"} {
			if head.Get(name) != want {
				t.Errorf("%s: %s is %q", target, name, head.Get(name))
			}
		}
		if strings.Contains(head.Get("Content-Security-Policy"), "unsafe") {
			t.Error(head.Get("Content-Security-Policy"))
		}
		if head.Get("Access-Control-Allow-Origin") != "" {
			t.Error("other origins may read")
		}
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1:0", "127.0.0.1:8025": "127.0.0.1:8025", "127.8.9.1:1": "127.8.9.1:1",
		"localhost:8025": "127.0.0.1:8025", "[::1]:0": "[::1]:0",
		"0.0.0.0:0": "", "[::]:0": "", "192.168.1.2:80": "", ":8025": "", "example.com:80": "", "8025": "", "": "",
		"[::ffff:10.0.0.1]:80": "", "127.0.0.1:x": "", "127.0.0.1": "", "localhost.example.com:1": "",
	} {
		at, err := Loopback(listen)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is taken as %s", listen, at)
		case want != "" && (err != nil || at.String() != want):
			t.Errorf("%q is %s, %v", listen, at, err)
		}
	}
}

// Another user of the machine gets nowhere, with the ticket or with the cookie: a browser gives the cookie to every
// server of this machine. Neither was refused when the user was asked for at the first address alone, where the
// cookie of somebody else is of no use. The ticket stays good for its person.
func TestAnotherUser(t *testing.T) {
	t.Parallel()
	g, h, through := door(t)
	u, err := url.Parse(g.Address())
	if err != nil {
		t.Fatal(err)
	}
	cookie := ""
	for i, same := range []bool{false, true, false} {
		asked := 0
		g.same = func(peer, at string) bool {
			if asked++; peer != "192.0.2.1:1234" || at != "127.0.0.1:4711" {
				t.Errorf("%s to %s", peer, at)
			}
			return same
		}
		if i == 1 {
			cookie = enter(t, g, h)
			continue
		}
		for _, method := range []string{"GET", "HEAD", "POST", "OPTIONS"} {
			for _, target := range []string{"/", u.RequestURI(), "/assets/1/window.css"} {
				got := ask(h, method, target, map[string]string{"Cookie": cookie})
				if got.StatusCode != http.StatusForbidden || len(got.Cookies()) > 0 || *through > 0 || asked == 0 {
					t.Errorf("%s %s, cookie %q: %d", method, target, cookie, got.StatusCode)
				}
			}
		}
	}
}

// Whose a connection is, is asked once for all requests on it, and once for each connection.
func TestConnection(t *testing.T) {
	t.Parallel()
	g, h, _ := door(t)
	asked := 0
	g.same = func(string, string) bool {
		asked++
		return true
	}
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	for range 2 {
		ctx := g.Connection(t.Context(), far)
		for range 3 {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1:4711/", nil))
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times for two connections", asked)
	}
}

// A browser leaves the port 80 out of Host and Origin. The window refused everything there.
func TestPort80(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"127.0.0.1:80", "[::1]:80", "127.0.0.1:8080"} {
		g := New(netip.MustParseAddrPort(at), mail)
		h := g.Wrap(http.NotFoundHandler())
		u, err := url.Parse(g.Address())
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", u.String(), nil)
		if r.Host = u.Host; u.Port() == "80" {
			r.Host = strings.TrimSuffix(u.Host, ":80")
		}
		r.Header.Set("Origin", "http://"+r.Host)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusSeeOther {
			t.Errorf("%s: %d", at, w.Code)
		}
		if c := w.Result().Cookies(); len(c) != 1 || c[0].Name != "mailshot-"+at[strings.LastIndex(at, ":")+1:] {
			t.Errorf("%s: %v", at, c)
		}
	}
}
