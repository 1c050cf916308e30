package sender

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailshot/sender/reply"
)

// envelopeLines are the MAIL and RCPT lines a server got.
func envelopeLines(f *fake) []string {
	_, _, lines := f.snapshot()
	return slices.DeleteFunc(lines,
		func(l string) bool { return !strings.HasPrefix(l, "MAIL") && !strings.HasPrefix(l, "RCPT") })
}

// TestReports: DSN (RFC 3461) is asked for where it is offered, and else left out.
func TestReports(t *testing.T) {
	t.Parallel()
	m := message("a+tag=1@example.org")
	m.Notify, m.EnvID, m.Size = "failure,delay", "campaign+7 = x", 0
	for _, c := range []struct {
		caps []string
		want []string
	}{
		{[]string{"DSN", "PIPELINING"}, []string{"MAIL FROM:<news@example.com> RET=HDRS ENVID=campaign+2B7+20+3D+20x",
			"RCPT TO:<a+tag=1@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Btag+3D1@example.org"}},
		{nil, []string{"MAIL FROM:<news@example.com>", "RCPT TO:<a+tag=1@example.org>"}},
	} {
		f := &fake{caps: c.caps}
		p := newPool(t, f.listen(t))
		if out := p.Send(t.Context(), m, always); out.Class != reply.OK {
			t.Fatalf("got %+v", out)
		}
		if got := envelopeLines(f); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q", c.caps, got)
		}
	}
	f := &fake{caps: []string{"DSN", "SMTPUTF8", "8BITMIME"}}
	p := newPool(t, f.listen(t))
	utf8 := message(`jörg+\=1@example.org`)
	utf8.Notify, utf8.Size = "never", 0
	if out := p.Send(t.Context(), utf8, always); out.Class != reply.OK {
		t.Fatalf("got %+v", out)
	}
	// RFC 6533 3, in the form that goes through ASCII.
	if got, want := envelopeLines(f), []string{"MAIL FROM:<news@example.com> BODY=8BITMIME SMTPUTF8 RET=HDRS",
		`RCPT TO:<jörg+\=1@example.org> NOTIFY=NEVER ORCPT=utf-8;j\x{F6}rg\x{2B}\x{5C}\x{3D}1@example.org`,
	}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	f = &fake{caps: []string{"DSN"}}
	p = newPool(t, f.listen(t))
	for _, bad := range []string{"always", "never,failure", "failure,failure", "failure, delay", "success\r\nDATA"} {
		m.Notify = bad
		if out := p.Send(t.Context(), m, always); out.Class == reply.OK || out.Begun || out.Suppress {
			t.Errorf("%q: %+v", bad, out)
		}
	}
	if n := f.count("MAIL"); n != 0 {
		t.Errorf("%d MAILs", n)
	}
}

// TestRequireTLS: REQUIRETLS (RFC 8689) goes with each MAIL, and is never given up.
func TestRequireTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for _, offered := range []bool{true, false} {
		f := &fake{tls: ca.server(t, nil), caps: []string{"STARTTLS", "REQUIRETLS"}}
		if offered {
			f.capsTLS = []string{"REQUIRETLS"}
		}
		cfg := f.listen(t)
		cfg.TLS, cfg.RootCAs, cfg.RequireTLS = "starttls", ca.pool, true
		p := newPool(t, cfg)
		out := p.Send(t.Context(), message("a@example.org"), always)
		switch lines := envelopeLines(f); {
		case offered && (out.Class != reply.OK || !strings.HasSuffix(lines[0], " REQUIRETLS")):
			t.Errorf("got %+v, %q", out, lines)
		case !offered && (out.Class != reply.Stop || len(lines) != 0):
			t.Errorf("got %+v, %q", out, lines)
		}
	}
	if _, err := New(Config{Host: "mail.example", Port: 25, TLS: "none", RequireTLS: true}); err == nil {
		t.Error("TLS required over a connection without")
	}
}

// TestLMTP: LHLO, and one answer after the dot for the one recipient (RFC 2033).
func TestLMTP(t *testing.T) {
	t.Parallel()
	for name, caps := range map[string][]string{"lock-step": nil, "pipelining": {"PIPELINING"},
		"chunking": {"PIPELINING", "CHUNKING"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Without a recipient there is no answer to the message's end: a client would wait for
			// it for long.
			f := &fake{caps: caps}
			f.on = both(at1("rcpt", "nobody@", "550 5.1.1 no such user"),
				func(p *peer, s, _ string) bool { return s == "ehlo" && refuse(p, "500 LMTP") })
			cfg := f.listen(t)
			cfg.Protocol = LMTP
			p := newPool(t, cfg)
			for _, to := range []string{"a@example.org", "b@example.org", "nobody@example.org", "c@example.org"} {
				want := reply.OK
				if strings.HasPrefix(to, "nobody") {
					want = reply.Refuse
				}
				if out := p.Send(t.Context(), message(to), always); out.Class != want {
					t.Errorf("%s: %+v", to, out)
				}
			}
			_, got, _ := f.snapshot()
			if len(got) != 3 || f.count("LHLO") == 0 || f.count("EHLO")+f.count("HELO") != 0 {
				t.Errorf("stored %v", got)
			}
		})
	}
	if _, err := New(Config{Host: "mail.example", Port: 24, Protocol: "uucp"}); err == nil {
		t.Error("another protocol is taken")
	}
}

// TestSocket: a server listens on a Unix socket, without TLS and with a password. Nobody else can
// listen there.
func TestSocket(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "s") // the name of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "smtp")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no Unix sockets here: %v", err)
	}
	f := &fake{caps: []string{"AUTH PLAIN"}}
	f.accept(t, l)
	p := newPool(t, Config{Socket: path, Username: "me", Password: secret})
	if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK || out.Server != path {
		t.Errorf("got %+v", out)
	}
	probed, err := Probe(t.Context(), Config{Socket: path}, ProbeOptions{})
	if err != nil || probed.Err != nil || probed.Server != path {
		t.Errorf("%+v, %v", probed, err)
	}
	if _, err := New(Config{Socket: path, Host: "mail.example", Port: 25}); err == nil {
		t.Error("a socket and a host are taken")
	}
}
