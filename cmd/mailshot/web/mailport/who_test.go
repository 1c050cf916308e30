package mailport

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/opened"
)

func port() *Port { return &Port{Host: "127.0.0.1:4712", Window: "http://127.0.0.1:4711"} }

func ask(p *Port, method, address string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, address, nil)
	for k, v := range header {
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	p.Handler().ServeHTTP(w, r)
	return w.Result()
}

// A mail is shown to whoever knows its secret, and to no page of another site.
func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	p := port()
	address := p.Keep(&opened.Message{HTML: "<p>for Ann"})
	secret := strings.Split(address, "/")[3]
	if len(secret) < 26 {
		t.Errorf("%s: a short secret", secret)
	}
	for _, tt := range []struct {
		name, method, address string
		header                map[string]string
		status                int
	}{
		{"the window's frame", "GET", address, map[string]string{"Sec-Fetch-Site": "same-site"}, 200},
		{"the person's browser", "GET", address, map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"with images", "GET", address + "images", nil, 200},
		{"another name for this machine", "GET", address, map[string]string{"Host": "evil.example:4712"}, 403},
		{"the window's name", "GET", address, map[string]string{"Host": "127.0.0.1:4711"}, 403},
		{"another site", "GET", address, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"another origin", "GET", address, map[string]string{"Origin": "http://evil.example"}, 403},
		{"no origin's frame", "GET", address, map[string]string{"Origin": "null"}, 403},
		{"a form", "POST", address, nil, 405},
		{"no secret", "GET", p.Origin() + "/", nil, 404},
		{"another secret", "GET", p.Origin() + "/AAAAAAAAAAAAAAAAAAAAAAAAAA/", nil, 404},
		{"half of the secret", "GET", p.Origin() + "/" + secret[:13] + "/", nil, 404},
		{"another page", "GET", address + "x", nil, 404},
	} {
		got := ask(p, tt.method, tt.address, tt.header)
		body := make([]byte, 100)
		n, _ := got.Body.Read(body)
		if shown := strings.Contains(string(body[:n]), "Ann"); got.StatusCode != tt.status || shown != (tt.status == 200) {
			t.Errorf("%s: %d %q", tt.name, got.StatusCode, body[:n])
		}
	}
}

// Cookies ignore ports, so this port neither reads one nor sets one: it would be the window's.
func TestNoCookie(t *testing.T) {
	t.Parallel()
	p := port()
	address := p.Keep(&opened.Message{HTML: "<p>for Ann"})
	for _, address := range []string{address, address + "images", p.Origin() + "/x/"} {
		plain := ask(p, "GET", address, nil)
		with := ask(p, "GET", address, map[string]string{"Cookie": "mailshot-4711=x; mailshot-language=fa"})
		if plain.StatusCode != with.StatusCode || plain.ContentLength != with.ContentLength {
			t.Errorf("%s: %d, with a cookie %d", address, plain.StatusCode, with.StatusCode)
		}
		if len(plain.Cookies())+len(with.Cookies()) > 0 {
			t.Errorf("%s sets a cookie", address)
		}
	}
}

// What a mail may do: nothing runs, nothing is sent, only the window frames it, and images from elsewhere are loaded
// only where a person asked for them.
func TestPolicy(t *testing.T) {
	t.Parallel()
	p := port()
	address := p.Keep(&opened.Message{HTML: "<p>for Ann"})
	for path, images := range map[string]string{"": "data:", "images": "data: https: http:"} {
		head := ask(p, "GET", address+path, nil).Header
		var got []string
		for part := range strings.SplitSeq(head.Get("Content-Security-Policy"), ";") {
			got = append(got, strings.TrimSpace(part))
		}
		want := []string{"default-src 'none'", "style-src 'unsafe-inline'", "font-src data:", "form-action 'none'",
			"base-uri 'none'", "sandbox", "img-src " + images, "frame-ancestors " + p.Window}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
		if head.Get("Referrer-Policy") != "no-referrer" || head.Get("X-Content-Type-Options") != "nosniff" ||
			head.Get("Cache-Control") != "no-store" || head.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%q: %v", path, head)
		}
	}
}

// The oldest message goes first, and each has a secret of its own.
func TestKept(t *testing.T) {
	t.Parallel()
	p := port()
	var all []string
	for range most + 1 {
		all = append(all, p.Keep(&opened.Message{HTML: "<p>"}))
	}
	if got := ask(p, "GET", all[0], nil); got.StatusCode != http.StatusNotFound {
		t.Errorf("the oldest: %d", got.StatusCode)
	}
	if got := ask(p, "GET", all[1], nil); got.StatusCode != http.StatusOK {
		t.Errorf("the second: %d", got.StatusCode)
	}
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != most+1 {
		t.Errorf("%d addresses", n)
	}
}
