package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"mailshot/sender/mx/mxtest"
	"mailshot/sender/reply"
)

// TestDirect: which server of a domain gets a message, and what it means when none does. a and b
// are the domain's servers, of preference 10 and 20, in that order at 192.0.2.1 and .2. nil is a
// host that refuses connections.
//
// It guards "never twice". With elsewhere saying yes to whatever has not succeeded, "greylisted",
// "refuses the sender" and the like were sent by b. With Begun not looked at, "drops at the dot"
// and "421 at the dot" were sent to b as well, and begin was called twice.
func TestDirect(t *testing.T) {
	t.Parallel()
	stage := func(name, answer string) *fake { return &fake{on: at(name, answer)} }
	drop := func(name string) *fake {
		return &fake{on: func(p *peer, s, _ string) bool {
			if s != name {
				return false
			}
			p.drop()
			return true
		}}
	}
	for name, c := range map[string]struct {
		a, b  *fake
		class reply.Class
		about reply.About
		tried string
		begun bool
		to    string // a or b, which has the message in the end
	}{
		"first":  {&fake{}, &fake{}, reply.OK, "", "192.0.2.1", true, "a"},
		"second": {nil, &fake{}, reply.OK, "", "192.0.2.1 192.0.2.2", true, "b"},
		"none":   {nil, nil, reply.Retry, reply.AboutGroup, "192.0.2.1 192.0.2.2", false, ""},
		"greeting 421": {stage("greeting", "421 4.3.2 later"), &fake{}, reply.OK, "", "192.0.2.1 192.0.2.2",
			true, "b"},
		"greeting 554": {stage("greeting", "554 5.7.1 not from you"), &fake{}, reply.OK, "",
			"192.0.2.1 192.0.2.2", true, "b"},
		"greeting 554 twice": {stage("greeting", "554 5.7.1 no"), stage("greeting", "554 5.7.1 no"), reply.Retry,
			reply.AboutGroup, "192.0.2.1 192.0.2.2", false, ""},
		"ehlo 550": {stage("ehlo", "550 5.7.1 who?"), &fake{}, reply.OK, "", "192.0.2.1 192.0.2.2", true,
			"b"},
		"mail 421": {stage("mail", "421 4.7.0 too much"), &fake{}, reply.OK, "", "192.0.2.1 192.0.2.2",
			true, "b"},
		"drops at rcpt": {drop("rcpt"), &fake{}, reply.OK, "", "192.0.2.1 192.0.2.2", true, "b"},
		"greylisted": {stage("rcpt", "451 4.7.1 come back"), &fake{}, reply.Retry, reply.AboutRecipient,
			"192.0.2.1", false, ""},
		"refuses the recipient": {stage("rcpt", "550 5.1.1 no such user"), &fake{}, reply.Refuse, reply.AboutRecipient,
			"192.0.2.1", false, ""},
		"refuses the sender": {stage("mail", "550 5.1.8 bad sender"), &fake{}, reply.Message, reply.AboutSender,
			"192.0.2.1", false, ""},
		"no relay": {stage("rcpt", "554 5.7.1 Relay access denied"), &fake{}, reply.Refuse,
			reply.AboutRecipient, "192.0.2.1", false, ""},
		"over its quota": {stage("mail", "452 4.5.3 too many"), &fake{}, reply.Hold, reply.AboutGroup,
			"192.0.2.1", false, ""},
		"refuses the message": {stage("end", "554 5.6.0 content"), &fake{}, reply.Message, reply.AboutMessage,
			"192.0.2.1", true, ""},
		"421 at the dot": {stage("end", "421 4.3.0 later"), &fake{}, reply.Hold, reply.AboutGroup, "192.0.2.1",
			true, ""},
		"drops at the dot": {drop("end"), &fake{}, reply.Unknown, reply.AboutMessage, "192.0.2.1", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newInternet(map[string][]string{
				"MX example.com": {"20 b.example.com", "10 a.example.com"}, "A a.example.com": {"192.0.2.1"},
				"A b.example.com": {"192.0.2.2"},
			})
			for addr, f := range map[string]*fake{"192.0.2.1": c.a, "192.0.2.2": c.b} {
				if f != nil {
					n.at(t, addr, f)
				}
			}
			var b begins
			out := n.direct(t, nil).Send(t.Context(), message("ann@Example.COM"), b.begin)
			if out.Class != c.class || out.About != c.about || out.Begun != c.begun || n.tried() != c.tried ||
				b.n > 1 || (b.n == 1) != c.begun {
				t.Errorf("%s about %s, begun %v (%d times), tried %s: %v", out.Class, out.About, out.Begun, b.n,
					n.tried(), out.Err)
			}
			for who, f := range map[string]*fake{"a": c.a, "b": c.b} {
				if f == nil {
					continue
				}
				if _, got, _ := f.snapshot(); len(got) != 0 != (c.to == who) || len(got) > 1 {
					t.Errorf("%s has %v", who, got)
				}
			}
			if out.Class != reply.OK && (out.Err == nil || out.Time.IsZero()) {
				t.Errorf("%+v", out)
			}
		})
	}
}

// TestNowhere: domains whose mail has nowhere to go.
func TestNowhere(t *testing.T) {
	t.Parallel()
	n := newInternet(map[string][]string{
		"MX null.example": {"0 ."}, "MX lost.example": {"10 gone.lost.example"}, "A lost.example": {"192.0.2.1"},
		"MX loop.example": {"10 mx.loop.example"}, "A mx.loop.example": {"127.0.0.1"},
		"A broken.example": {"192.0.2.1"},
		"A plain.example":  {"192.0.2.1"},
	})
	n.Break("MX broken.example", mxtest.SERVFAIL)
	f := n.at(t, "192.0.2.1", &fake{})
	d := n.direct(t, nil)
	for to, want := range map[string]struct {
		class reply.Class
		code  string
	}{
		"x@plain.example":  {reply.OK, "2.0.0"}, // the implicit MX
		"x@null.example":   {reply.Refuse, "5.1.10"},
		"x@gone.example":   {reply.Refuse, "5.1.2"},
		"x@lost.example":   {reply.Refuse, "5.4.4"}, // not its own address
		"x@loop.example":   {reply.Refuse, "5.4.4"},
		"x@broken.example": {reply.Retry, "4.4.3"}, // nor here
		"x@localhost":      {reply.Refuse, "5.1.2"},
		"x@[192.0.2.1]":    {reply.Refuse, "5.1.2"},
		"x@192.0.2.1":      {reply.Refuse, "5.1.2"},
		"x@a..example":     {reply.Refuse, "5.1.2"},
	} {
		out := d.Send(t.Context(), message(to), always)
		if out.Class != want.class || out.Enhanced != want.code || out.Suppress || out.About == reply.AboutServer {
			t.Errorf("%s: %s %s about %s: %v", to, out.Class, out.Enhanced, out.About, out.Err)
		}
	}
	if _, got, _ := f.snapshot(); len(got) != 1 || got[0].To != "x@plain.example" {
		t.Errorf("sent %v", got)
	}
}

// TestLimitsOfTrying: five addresses and two whole sessions for one message.
func TestLimitsOfTrying(t *testing.T) {
	t.Parallel()
	n := newInternet(map[string][]string{
		"MX down.example": {"10 mx.down.example"},
		"A mx.down.example": {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6",
			"192.0.2.7"},
		"MX busy.example":  {"10 a.busy.example", "20 b.busy.example", "30 c.busy.example"},
		"A a.busy.example": {"198.51.100.1"}, "A b.busy.example": {"198.51.100.2"},
		"A c.busy.example": {"198.51.100.3"},
	})
	for _, addr := range []string{"198.51.100.1", "198.51.100.2", "198.51.100.3"} {
		n.at(t, addr, &fake{on: at("mail", "421 4.7.0 too much")})
	}
	d := n.direct(t, nil)
	out := d.Send(t.Context(), message("x@down.example"), always)
	if out.Class != reply.Retry || len(strings.Fields(n.tried())) != 5 {
		t.Errorf("%s, tried %s", out.Class, n.tried())
	}
	out = d.Send(t.Context(), message("x@down.example"), always)
	if out.HoldOff <= 0 || len(strings.Fields(n.tried())) != 5 {
		t.Errorf("a host that is down was tried again at once: %s; %v", n.tried(), out.HoldOff)
	}
	n.mu.Lock()
	n.dialed = nil
	n.mu.Unlock()
	out = d.Send(t.Context(), message("x@busy.example"), always)
	if out.Class != reply.Hold || n.tried() != "198.51.100.1 198.51.100.2" {
		t.Errorf("%s, tried %s", out.Class, n.tried())
	}
}

// TestBlocked: when one domain cannot be reached, it is that domain's trouble. When three cannot,
// and none could before, it is this end's.
func TestBlocked(t *testing.T) {
	t.Parallel()
	records := map[string][]string{}
	for i := range 5 {
		records[fmt.Sprintf("A d%d.example", i)] = []string{fmt.Sprintf("192.0.2.%d", i+1)}
	}
	n := newInternet(records)
	d := n.direct(t, nil)
	for i, about := range []reply.About{reply.AboutGroup, reply.AboutGroup, reply.AboutServer, reply.AboutServer} {
		out := d.Send(t.Context(), message(fmt.Sprintf("x@d%d.example", i)), always)
		if out.Class != reply.Retry || out.About != about ||
			(about == reply.AboutServer) != strings.Contains(out.Text, "port 25") {
			t.Errorf("%d: %s about %s: %s", i, out.Class, out.About, out.Text)
		}
	}
	n.at(t, "192.0.2.5", &fake{})
	if out := d.Send(t.Context(), message("x@d4.example"), always); out.Class != reply.OK {
		t.Errorf("%s: %v", out.Class, out.Err)
	}
	if out := d.Send(t.Context(), message("x@d0.example"), always); out.About != reply.AboutGroup {
		t.Errorf("about %s after one was reached: %v", out.About, out.Err)
	}
}

// TestDirectTLS: what protects the way to a mail exchanger, with and without a policy. The server's
// certificate is for mx.example.com; wrong is a certificate for another name.
//
// With the sites of an enforced policy spoken to opportunistically, the rows "enforce, wrong" and
// "enforce, not there" were sent.
func TestDirectTLS(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	certificate := func(name string) *tls.Config {
		return ca.server(t, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{name}, nil })
	}
	good, wrong := certificate("mx.example.com"), certificate("other.example.com")
	offer := []string{"STARTTLS"}
	refuse := at("starttls", "454 4.7.0 not now")
	const enforce = "version: STSv1\nmode: enforce\nmx: mx.example.com\nmax_age: 86400\n"
	tested := strings.Replace(enforce, "enforce", "testing", 1)
	for name, c := range map[string]struct {
		fake   *fake
		policy string
		class  reply.Class
		secure bool
		conns  int
	}{
		"offered":            {&fake{caps: offer, tls: good}, "", reply.OK, true, 1},
		"any certificate":    {&fake{caps: offer, tls: wrong}, "", reply.OK, true, 1},
		"not offered":        {&fake{}, "", reply.OK, false, 1},
		"refused":            {&fake{caps: offer, tls: good, on: refuse}, "", reply.OK, false, 2},
		"broken":             {&fake{caps: offer, tls: &tls.Config{}}, "", reply.OK, false, 2},
		"enforce":            {&fake{caps: offer, tls: good}, enforce, reply.OK, true, 1},
		"enforce, wrong":     {&fake{caps: offer, tls: wrong}, enforce, reply.Retry, false, 1},
		"enforce, not there": {&fake{}, enforce, reply.Retry, false, 1},
		"enforce, refused":   {&fake{caps: offer, tls: good, on: refuse}, enforce, reply.Retry, false, 1},
		"enforce, broken":    {&fake{caps: offer, tls: &tls.Config{}}, enforce, reply.Retry, false, 1},
		"enforce, other mx": {&fake{caps: offer, tls: good},
			strings.Replace(enforce, "mx.example.com", "*.example.net", 1), reply.Retry, false, 0},
		"testing, wrong": {&fake{caps: offer, tls: wrong}, tested, reply.OK, true, 1},
		"testing, other mx": {&fake{}, strings.Replace(tested, "mx.example.com", "mx.example.net", 1), reply.OK,
			false, 1},
		"a policy of rubbish": {&fake{}, "<html>", reply.OK, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newInternet(map[string][]string{"MX example.com": {"10 mx.example.com"},
				"A mx.example.com": {"192.0.2.1"}})
			if c.policy != "" {
				n.Set("TXT _mta-sts.example.com", "v=STSv1; id=1")
			}
			secure := false
			before := c.fake.on
			c.fake.on = func(p *peer, s, arg string) bool {
				if s == "mail" {
					c.fake.mu.Lock()
					secure = p.secure
					c.fake.mu.Unlock()
				}
				return before != nil && before(p, s, arg)
			}
			n.at(t, "192.0.2.1", c.fake)
			client := &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
				if r.URL.String() != "https://mta-sts.example.com/.well-known/mta-sts.txt" {
					t.Errorf("asked for %s", r.URL)
				}
				return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/plain"}},
					Body: io.NopCloser(strings.NewReader(c.policy))}, nil
			})}
			d := n.direct(t, func(cfg *DirectConfig) { cfg.RootCAs, cfg.Client = ca.pool, client })
			for i := range 2 { // the second finds what the first has learned
				out := d.Send(t.Context(), message("ann@example.com"), always)
				conns, got, _ := c.fake.snapshot()
				if out.Class != c.class || (c.class == reply.Retry) != (len(got) == 0) || secure != c.secure ||
					conns != c.conns {
					t.Errorf("%d: %s, %d stored, over TLS %v, %d connections: %v", i, out.Class, len(got), secure,
						conns, out.Err)
				}
				if c.class == reply.Retry && out.About != reply.AboutGroup {
					t.Errorf("about %s", out.About)
				}
			}
		})
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestDirectConnections: the domains of a site share connections. Connections are used again, and
// bounded for a site and in all.
func TestDirectConnections(t *testing.T) {
	t.Parallel()
	records := map[string][]string{}
	for i := range 20 {
		// Twenty domains, four sites, the hosts of each in any order.
		records[fmt.Sprintf("MX d%d.example", i)] = []string{fmt.Sprintf("10 a%d.example", i%4),
			fmt.Sprintf("10 b%d.example", i%4)}
	}
	n := newInternet(records)
	fakes := map[string]*fake{}
	for i := range 4 {
		for j, host := range []string{"a", "b"} {
			addr := fmt.Sprintf("192.0.2.%d", 10*i+j+1)
			n.Set(fmt.Sprintf("A %s%d.example", host, i), addr)
			fakes[addr] = n.at(t, addr, &fake{})
		}
	}
	d := n.direct(t, func(c *DirectConfig) {
		c.Connections, c.ConnectionsPerSite, c.MessagesPerConnection = 3, 2,
			1000
	})
	var wg sync.WaitGroup
	for w := range 10 {
		wg.Go(func() {
			for i := range 40 {
				out := d.Send(t.Context(), message(fmt.Sprintf("x%d.%d@d%d.example", w, i, (w+i)%20)), always)
				if out.Class != reply.OK {
					t.Errorf("%s: %v", out.Class, out.Err)
				}
			}
		})
	}
	wg.Wait()
	total, used := 0, 0
	for _, f := range fakes {
		_, got, _ := f.snapshot()
		total += len(got)
		if len(got) > 0 {
			used++
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if total != 400 || used != 4 || n.most > 3 {
		t.Errorf("%d messages at %d servers over up to %d connections at once (%d dialled)", total, used, n.most,
			len(n.dialed))
	}
}

// TestDirectProvider: the domains that one provider looks after share its connections, though each
// has servers of its own.
//
// With each site on its own, up to ten connections were open at once.
func TestDirectProvider(t *testing.T) {
	t.Parallel()
	n := newInternet(nil)
	for i := range 10 {
		host := fmt.Sprintf("d%d-example.mail.protection.outlook.com", i)
		n.Set(fmt.Sprintf("MX d%d.example", i), "10 "+host)
		n.Set("A "+host, fmt.Sprintf("192.0.2.%d", i+1))
		n.at(t, fmt.Sprintf("192.0.2.%d", i+1), &fake{})
	}
	d := n.direct(t, func(c *DirectConfig) { c.Connections, c.ConnectionsPerGroup = 10, 3 })
	var wg sync.WaitGroup
	for w := range 20 {
		wg.Go(func() {
			for i := range 10 {
				out := d.Send(t.Context(), message(fmt.Sprintf("x%d.%d@d%d.example", w, i, (w+i)%10)), always)
				if out.Class != reply.OK {
					t.Errorf("%s: %v", out.Class, out.Err)
				}
			}
		})
	}
	wg.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.most > 3 {
		t.Errorf("%d connections at once", n.most)
	}
}

// TestDirectEnds: how ctx, Close, Abort and begin end a Send.
func TestDirectEnds(t *testing.T) {
	t.Parallel()
	n := newInternet(map[string][]string{"A example.com": {"192.0.2.1"}})
	hung := make(chan struct{}, 2)
	f := n.at(t, "192.0.2.1", &fake{on: func(p *peer, s, arg string) bool {
		if s == "rcpt" && strings.Contains(arg, "hang") || s == "end" && strings.Contains(arg, "late") {
			hung <- struct{}{}
			_, _ = p.br.ReadByte() // until the other end closes
			return true
		}
		return false
	}})
	no := errors.New("suppressed")
	d := n.direct(t, nil)
	out := d.Send(t.Context(), message("x@example.com"), func(context.Context) error { return no })
	if out.Class != "" || out.Begun || !errors.Is(out.Err, no) {
		t.Errorf("%+v", out)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan Outcome)
	go func() { done <- d.Send(ctx, message("hang@example.com"), always) }()
	<-hung
	cancel()
	if out := <-done; out.Class != "" || !errors.Is(out.Err, context.Canceled) {
		t.Errorf("%+v", out)
	}
	go func() { done <- d.Send(t.Context(), message("hang@example.com"), always) }()
	go func() { done <- d.Send(t.Context(), message("late@example.com"), always) }()
	<-hung
	<-hung
	d.Abort()
	for range 2 {
		out := <-done
		if out.Begun && out.Class != reply.Unknown ||
			!out.Begun && (out.Class != "" || !errors.Is(out.Err, ErrAborted)) {
			t.Errorf("%+v", out)
		}
	}
	out = d.Send(t.Context(), message("x@example.com"), always)
	if out.Class != "" || !errors.Is(out.Err, ErrAborted) {
		t.Errorf("%+v", out)
	}
	if _, got, _ := f.snapshot(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
	d = n.direct(t, nil)
	d.Close()
	if out := d.Send(t.Context(), message("x@example.com"), always); !errors.Is(out.Err, ErrClosed) {
		t.Errorf("%+v", out)
	}
}

// TestDirectCheck: the name in EHLO must be a name, and lead somewhere.
func TestDirectCheck(t *testing.T) {
	t.Parallel()
	for _, helo := range []string{"", "mail", "192.0.2.1", "mail..example", "mail.example.com.", "mäil.example.com",
		"[192.0.2.1]", "a b.example"} {
		if _, err := NewDirect(DirectConfig{Helo: helo}); err == nil {
			t.Errorf("helo %q was taken", helo)
		}
	}
	n := newInternet(nil)
	if err := n.direct(t, nil).Check(t.Context()); err != nil {
		t.Error(err)
	}
	var e *Error
	err := n.direct(t, func(c *DirectConfig) { c.Helo = "gone.example.com" }).Check(t.Context())
	if !errors.As(err, &e) || e.Outcome.Class != reply.Stop {
		t.Error(err)
	}
	n.Break("A mail.sender.example", mxtest.SERVFAIL)
	err = n.direct(t, nil).Check(t.Context())
	if !errors.As(err, &e) || e.Outcome.Class != reply.Retry || e.Outcome.About != reply.AboutServer {
		t.Error(err)
	}
}
