package mx_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender/mx"
	"mailshot/sender/mx/mxtest"
)

const enforce = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmx: *.example.net\r\nmax_age: 86400\r\n"

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		enforce: "enforce mx.example.com,*.example.net 24h0m0s",
		"version: STSv1\nmode: testing\nmx:mx.example.com\nmax_age:  10  \n":      "testing mx.example.com 10s",
		"version: STSv1\nmode: none\nmax_age: 0\n":                                "none  0s",
		"mode: enforce\nmax_age: 9999999999\nmx: MX.Example.COM.\nversion: STSv1": "enforce mx.example.com 8766h0m0s",
		"version: STSv1\nmode: enforce\nmode: none\nmx: a.example\n" +
			"max_age: 1\nmax_age: 2\nextension: x": "enforce a.example 1s",
		"": "", "<html>": "",
		"version: STSv2\nmode: none\nmax_age: 1\n":                            "",
		"mode: none\nmax_age: 1\n":                                            "",
		"version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1\n":           "",
		"version: STSv1\nmode: enforce\nmax_age: 1\n":                         "",
		"version: STSv1\nmode: enforce\nmx: a.example\n":                      "",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n":         "",
		"version: STSv1\nmode: enforce\nmx: a.example\nmax_age: 99999999999x": "",
		"version: STSv1\nmode: enforce\nmx: a.*.example\nmax_age: 1\n":        "",
		"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n":                  "",
		"version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n":                "",
	} {
		p, err := mx.ParsePolicy(text)
		got := ""
		if err == nil {
			got = string(p.Mode) + " " + strings.Join(p.MX, ",") + " " + p.MaxAge.String()
		}
		if got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// TestAllows: a star is one label, the leftmost (RFC 8461 4.1).
func TestAllows(t *testing.T) {
	t.Parallel()
	p, err := mx.ParsePolicy(enforce)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"mx.example.com": true, "MX.Example.Com.": true, "a.example.net": true,
		"a.b.example.net": false, "example.net": false, ".example.net": false, "mx2.example.com": false,
		"aexample.net": false, "": false,
	} {
		if got := p.Allows(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add(enforce)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := mx.ParsePolicy(text)
		if err == nil && (p.MaxAge < 0 || p.MaxAge > 31557600*time.Second || p.Mode != mx.None && len(p.MX) == 0) {
			t.Errorf("%q: %+v", text, p)
		}
	})
}

// host serves the policy of every domain that ends in example.com, over HTTPS.
type host struct {
	server  *httptest.Server
	client  *http.Client
	fetched atomic.Int64
	answer  atomic.Pointer[http.HandlerFunc]
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	h.serve(text(enforce))
	h.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.fetched.Add(1)
		if r.URL.Path != "/.well-known/mta-sts.txt" || !strings.HasPrefix(r.Host, "mta-sts.") {
			http.NotFound(w, r)
			return
		}
		(*h.answer.Load())(w, r)
	}))
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are to fail
	h.server.StartTLS()
	t.Cleanup(h.server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(h.server.Certificate()) // it is for *.example.com
	h.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, h.server.Listener.Addr().String())
		},
	}}
	return h
}

func (h *host) serve(f http.HandlerFunc) { h.answer.Store(&f) }

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, s)
	}
}

// TestPolicy: a policy is found by its record, fetched once, kept, replaced when the record says
// so, and holds through trouble.
//
// With the valid policy dropped when the record cannot be had, the rows "record gone", "dns down"
// and "from the file" went without a policy: blocking one question would have taken TLS away.
func TestPolicy(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	zone := mxtest.New(nil)
	dir := filepath.Join(t.TempDir(), "policies")
	sts := mx.NewSTS(mx.STSConfig{Resolver: zone, Client: h.client, Dir: dir})
	if sts.Policy(t.Context(), "example.com") != nil || h.fetched.Load() != 0 {
		t.Error("a policy without a record")
	}
	zone.Set("TXT _mta-sts.example.com", "v=STSv1; id=1;")
	for range 3 {
		if p := sts.Policy(t.Context(), "example.com"); !p.Enforced() || p.ID != "1" || h.fetched.Load() != 1 {
			t.Fatalf("%+v after %d fetches", p, h.fetched.Load())
		}
	}
	step := func(name, id string, fetched int64) {
		t.Helper()
		p := sts.Policy(t.Context(), "example.com")
		if p == nil && id != "" || p != nil && p.ID != id || h.fetched.Load() != fetched {
			t.Errorf("%s: %+v after %d fetches", name, p, h.fetched.Load())
		}
	}
	zone.Set("TXT _mta-sts.example.com")
	step("record gone", "1", 1)
	zone.Break("TXT _mta-sts.example.com", mxtest.SERVFAIL)
	step("dns down", "1", 1)
	zone.Break("TXT _mta-sts.example.com", nil)
	zone.Set("TXT _mta-sts.example.com", "v=STSv1; id=2", "v=STSv1; id=3")
	step("two records", "1", 1)
	h.serve(http.NotFound)
	zone.Set("TXT _mta-sts.example.com", "v=spf1 -all", "v=STSv1; id=2")
	step("fetch fails", "1", 2)
	step("pause after it", "1", 2)
	// The next process knows the policy, and fetches the new one.
	h.serve(text(strings.ReplaceAll(enforce, "mx.example.com", "new.example.com")))
	sts = mx.NewSTS(mx.STSConfig{Resolver: zone, Client: h.client, Dir: dir})
	zone.Set("TXT _mta-sts.example.com")
	step("from the file", "1", 2)
	zone.Set("TXT _mta-sts.example.com", "v=STSv1; id=2")
	step("replaced", "2", 3)
	h.serve(text("version: STSv1\nmode: none\nmax_age: 100\n"))
	zone.Set("TXT _mta-sts.example.com", "v=STSv1; id=9")
	step("withdrawn", "", 4)
	step("withdrawn, kept", "", 4)
	// A file of another domain does not count.
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info, err)
	}
	for _, rubbish := range []string{"", "{}",
		`{"domain":"b.example.com","id":"1","expires":"2999-01-01T00:00:00Z","policy":"` + "x" + `"}`} {
		if err := os.WriteFile(files[0], []byte(rubbish), 0o600); err != nil {
			t.Fatal(err)
		}
		sts = mx.NewSTS(mx.STSConfig{Resolver: mxtest.New(nil), Client: h.client, Dir: dir})
		step("rubbish", "", 4)
	}
}

// TestFetch: what is not a policy though something was served (RFC 8461 3.3).
func TestFetch(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	good := text(enforce)
	for name, answer := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://mta-sts.example.com/.well-known/mta-sts.txt?again", http.StatusFound)
		},
		"redirect with a policy": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" {
				good(w, r)
				return
			}
			http.Redirect(w, r, r.URL.Path+"?again", http.StatusMovedPermanently)
		},
		"html":      func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, enforce+"<html>") },
		"203":       func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(203); good(w, r) },
		"too large": text(enforce + strings.Repeat("x: y\n", 14_000)),
		"no policy": text("hello\n"),
	} {
		zone := mxtest.New(map[string][]string{"TXT _mta-sts.example.com": {"v=STSv1; id=1"}})
		h.serve(answer)
		before := h.fetched.Load()
		p := mx.NewSTS(mx.STSConfig{Resolver: zone, Client: h.client}).Policy(t.Context(), "example.com")
		if p != nil || h.fetched.Load() != before+1 {
			t.Errorf("%s: %+v, %d fetches", name, p, h.fetched.Load()-before)
		}
	}
	// A certificate that does not verify: the same server under a name that the certificate lacks.
	zone := mxtest.New(map[string][]string{"TXT _mta-sts.example.org": {"v=STSv1; id=1"}})
	h.serve(good)
	if p := mx.NewSTS(mx.STSConfig{Resolver: zone, Client: h.client}).Policy(t.Context(), "example.org"); p != nil {
		t.Errorf("fetched past a bad certificate: %+v", p)
	}
}

// TestExpiry: a policy holds for its max_age and no longer, and a failed fetch is repeated after
// five minutes.
func TestExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		served := enforce
		fetched := 0
		client := &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			fetched++
			if served == "" {
				return nil, io.ErrUnexpectedEOF
			}
			return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain"}},
				Body: io.NopCloser(strings.NewReader(served))}, nil
		})}
		zone := mxtest.New(map[string][]string{"TXT _mta-sts.example.com": {"v=STSv1; id=1"}})
		sts := mx.NewSTS(mx.STSConfig{Resolver: zone, Client: client, Dir: t.TempDir()})
		step := func(name string, some bool, want int) {
			t.Helper()
			if p := sts.Policy(t.Context(), "example.com"); (p != nil) != some || fetched != want {
				t.Errorf("%s: %+v after %d fetches", name, p, fetched)
			}
		}
		step("first", true, 1)
		served = ""
		time.Sleep(24*time.Hour - time.Second)
		step("still valid", true, 1)
		time.Sleep(2 * time.Second)
		step("over", false, 2)
		time.Sleep(5*time.Minute - time.Second)
		step("pause", false, 2)
		time.Sleep(2 * time.Second)
		served = strings.ReplaceAll(enforce, "86400", "0")
		step("not to be kept", true, 3)
		step("not kept", true, 4)
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
