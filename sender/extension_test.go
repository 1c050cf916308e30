package sender

import (
	"slices"
	"strings"
	"testing"

	"mailshot/sender/reply"
)

// envelopeLines are the MAIL and RCPT lines a server got.
func envelopeLines(f *fake) []string {
	_, _, lines := f.snapshot()
	return slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "MAIL") && !strings.HasPrefix(l, "RCPT") })
}

// TestReports: DSN (RFC 3461) is asked for where it is offered, and left out where not.
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
	f := &fake{caps: []string{"DSN"}}
	p := newPool(t, f.listen(t))
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

// TestRequireTLS (RFC 8689): asked for in each MAIL, and never given up.
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
	for name, caps := range map[string][]string{"lock-step": nil, "pipelining": {"PIPELINING"}, "chunking": {"PIPELINING", "CHUNKING"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// No recipient, no answer to the message's end: a client that waited for one would wait long.
			f := &fake{caps: caps}
			f.on = both(at1("rcpt", "nobody@", "550 5.1.1 no such user"), func(p *peer, s, _ string) bool { return s == "ehlo" && refuse(p, "500 LMTP") })
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
			if _, got, _ := f.snapshot(); len(got) != 3 || f.count("LHLO") == 0 || f.count("EHLO")+f.count("HELO") != 0 {
				t.Errorf("stored %v", got)
			}
		})
	}
	if _, err := New(Config{Host: "mail.example", Port: 24, Protocol: "uucp"}); err == nil {
		t.Error("another protocol is taken")
	}
}
