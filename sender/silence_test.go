package sender

import (
	"context"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender/reply"
)

// TestSilence: whoever waits for a server is told after five seconds, once, and again only after the
// server has greeted meanwhile. The wait itself is as long as ever.
//
// Broken on purpose: without the timer nobody is told. Without the memory each connection tells.
func TestSilence(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tls       string
		connected bool
		text      string
	}{
		"no greeting":     {"none", true, "tls: implicit"},
		"no TLS answer":   {"implicit", true, "tls: starttls"},
		"no connection":   {"none", false, "firewall"},
		"no answer again": {"starttls", true, "tls: implicit"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var mu sync.Mutex
				var told []Event
				f := &fake{on: func(*peer, string, string) bool {
					time.Sleep(time.Hour) // synctest: it reads nothing and says nothing
					return true
				}}
				cfg := f.pipe()
				cfg.TLS, cfg.Host = c.tls, "127.0.0.1"
				if !c.connected {
					cfg.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
				}
				cfg.Observe = func(e Event) {
					mu.Lock()
					defer mu.Unlock()
					if e.Kind == Silent {
						told = append(told, e)
					}
				}
				p, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					p.Send(t.Context(), message("a@example.org"), always)
					p.connects.reset()
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				time.Sleep(2 * time.Hour) // synctest: until the server's end of the last connection is done
				if len(told) != 1 || told[0].Time.Sub(start) != patience || !strings.Contains(told[0].Text, c.text) {
					t.Errorf("told %+v", told)
				}
			})
		})
	}
}

// TestHintsOfConnections: what keeps a connection from being made says what to look at.
//
// Broken on purpose: without the hints of dialError and broken, all rows fail.
func TestHintsOfConnections(t *testing.T) {
	t.Parallel()
	refused := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
		}
	}
	for name, c := range map[string]struct {
		dial func(context.Context, string, string) (net.Conn, error)
		hint string
	}{
		"refused":    {refused(syscall.ECONNREFUSED), "nothing listens there"},
		"no network": {refused(syscall.ENETUNREACH), "connected to a network"},
		"no route":   {refused(syscall.EHOSTUNREACH), "connected to a network"},
		"no name server": {refused(&net.DNSError{Err: "server misbehaving", Name: "mail.example", IsTemporary: true}),
			"connected to a network"},
		"no answer": {refused(context.DeadlineExceeded), "firewall"},
	} {
		out := newPool(t, Config{Host: "mail.example", Port: 587, Dial: c.dial}).Send(t.Context(),
			message("a@example.org"), always)
		if out.Class != reply.Retry || !strings.Contains(out.Err.Error(), c.hint) {
			t.Errorf("%s: %q: %v", name, out.Class, out.Err)
		}
	}
	f := &fake{on: func(p *peer, stage, _ string) bool { p.drop(); return stage == "greeting" }}
	out := newPool(t, f.listen(t)).Send(t.Context(), message("a@example.org"), always)
	if out.Stage != reply.Greeting || !strings.Contains(out.Err.Error(), "tls: implicit") {
		t.Errorf("hung up: %v", out.Err)
	}
}

// TestProbeSaysTLS: a probe whose login is refused says that there was TLS, and whose certificate.
//
// Broken on purpose: with the state taken from the open session alone, a refused login has no TLS.
func TestProbeSaysTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for _, implicit := range []bool{true, false} {
		f := &fake{tls: ca.server(t, nil), implicit: implicit, caps: []string{"STARTTLS"}, capsTLS: []string{"AUTH PLAIN"},
			on: at("auth", "535 5.7.8 no")}
		cfg := f.listen(t)
		cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = "starttls", ca.pool, "ann", secret
		if implicit {
			cfg.TLS = "implicit"
		}
		p, err := Probe(t.Context(), cfg, ProbeOptions{})
		if err != nil || p.Err == nil {
			t.Fatal(err, p)
		}
		if !p.TLS || p.TLSVersion == 0 || len(p.Certificates) == 0 || p.Reached != "tls" {
			t.Errorf("%s: TLS %v %d, %d certificates, reached %s: %v", cfg.TLS, p.TLS, p.TLSVersion, len(p.Certificates),
				p.Reached, p.Err)
		}
	}
}
