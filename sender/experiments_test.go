package sender

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/sender/reply"
)

// TestSlowServer: the server of one connection says a byte each ten seconds, at each step. That
// wait ends at the step's deadline, with what the step means. The other connections do not notice.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	for stage, c := range map[string]struct {
		conn  int // the slow one; the first has to log in before there is another
		class reply.Class
		after time.Duration
	}{
		// other connections were there: if one fails beside them, the message has not failed
		"greeting": {2, reply.OK, 5 * time.Minute},
		"ehlo":     {2, reply.OK, 5 * time.Minute},
		"mail":     {1, reply.Retry, 5 * time.Minute},
		"rcpt":     {1, reply.Retry, 5 * time.Minute},
		"data":     {1, reply.Retry, 5 * time.Minute},
		"end":      {1, reply.Unknown, 10 * time.Minute},
	} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{on: func(p *peer, s, _ string) bool {
					if s != stage || p.n != c.conn {
						return false
					}
					for _, err := io.WriteString(p.conn, "2"); err == nil; _, err = io.WriteString(p.conn, "5") {
						time.Sleep(10 * time.Second) // synctest: no time passes
					}
					return true
				}}
				cfg := f.pipe()
				cfg.Connections = 4
				p, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				var mu sync.Mutex
				at := map[time.Duration]map[reply.Class]int{}
				next := 0
				var wg sync.WaitGroup
				for range 8 {
					wg.Go(func() {
						for {
							mu.Lock()
							i := next
							next++
							mu.Unlock()
							if i >= 400 {
								return
							}
							out := p.Send(t.Context(), message(fmt.Sprintf("p%d@example.org", i)), always)
							mu.Lock()
							d := time.Since(start)
							if at[d] == nil {
								at[d] = map[reply.Class]int{}
							}
							at[d][out.Class]++
							mu.Unlock()
						}
					})
				}
				wg.Wait()
				if at[0][reply.OK] != 399 || at[c.after][c.class] != 1 || len(at) != 2 {
					t.Errorf("outcomes by time %v, want 399 ok at once and one %s after %v", at, c.class, c.after)
				}
				p.Close()
				time.Sleep(time.Minute) // synctest: the slow server finds out
			})
		})
	}
}

// TestHandshakes: TLS that hangs, and alerts where none belong. Nothing goes in clear. Since the
// trouble may pass, the message is tried again.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	// fatal is an alert, handshake_failure, as it stands on the wire in clear.
	fatal := "\x15\x03\x03\x00\x02\x02\x28"
	for name, c := range map[string]struct {
		security string
		on       func(p *peer, s, arg string) bool
		after    time.Duration
		class    reply.Class
	}{
		"hangs behind STARTTLS": {"starttls", func(p *peer, s, _ string) bool {
			if s == "starttls" {
				p.say("220 go ahead")
				_, _ = io.Copy(io.Discard, p.br)
				p.gone = true
			}
			return s == "starttls"
		}, 30 * time.Second, reply.Retry},
		"alert in the handshake": {"starttls", func(p *peer, s, _ string) bool {
			if s == "starttls" {
				p.say("220 go ahead")
				_, _ = p.br.ReadByte()
				go func() { _, _ = io.Copy(io.Discard, p.br) }() // what else the client has to say
				p.raw(fatal)
				p.drop()
			}
			return s == "starttls"
		}, 0, reply.Stop},
		"alert after EHLO": {"starttls", func(p *peer, s, _ string) bool {
			if s == "ehlo" && p.secure {
				p.gone = true
				conn := p.conn.(*tls.Conn).NetConn()
				_, _ = conn.Write([]byte(fatal))
				_ = conn.Close()
				return true
			}
			return false
		}, 0, reply.Retry},
		"farewell after EHLO": {"implicit", func(p *peer, s, _ string) bool {
			if s == "ehlo" {
				_ = p.conn.(*tls.Conn).CloseWrite() // close_notify
				p.drop()
			}
			return s == "ehlo"
		}, 0, reply.Retry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				good := newAuthority(t) // in the bubble's time
				cert := good.server(t, func(c *x509.Certificate) { c.DNSNames = []string{"mail.example"} })
				f := &fake{tls: cert, caps: []string{"STARTTLS"}, capsTLS: []string{"AUTH PLAIN"}, on: c.on,
					implicit: c.security == "implicit"}
				cfg := f.pipe()
				cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = c.security, good.pool, "ann", secret
				p, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				out := p.Send(t.Context(), message("a@example.org"), always)
				if took := time.Since(start); out.Class != c.class || out.Begun || took != c.after {
					t.Errorf("class %q after %v, want %q after %v: %v", out.Class, took, c.class, c.after, out.Err)
				}
				if f.inClear() {
					t.Errorf("in clear: %q", f.clear.String())
				}
				p.Close()
			})
		})
	}
}

// TestRenewedMidRun: the certificate is renewed, and the key and the offers change, while a pool is
// at work with a message a connection. What is still good is accepted. What is not stops the pool,
// and nothing goes in clear.
func TestRenewedMidRun(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	first := ca.server(t, nil).Certificates[0]
	for name, c := range map[string]struct {
		later  tls.Certificate
		vanish bool
		text   string // "": goes on
	}{
		"renewed": {later: ca.server(t, nil).Certificates[0]},
		"expired": {later: ca.server(t,
			func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }).Certificates[0], text: "expired"},
		"another authority's": {later: other.server(t, nil).Certificates[0], text: "unknown authority"},
		"STARTTLS vanishes":   {later: first, vanish: true, text: "does not offer STARTTLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var handshakes atomic.Int64
			f := &fake{caps: []string{"STARTTLS"}, capsTLS: []string{"AUTH PLAIN"}}
			f.tls = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				if handshakes.Add(1) > 5 {
					return &c.later, nil
				}
				return &first, nil
			}}
			f.on = func(p *peer, s, _ string) bool {
				if s != "ehlo" || p.secure || !c.vanish || p.n <= 5 {
					return false
				}
				p.raw("250-fake.example\r\n250 AUTH PLAIN\r\n")
				return true
			}
			cfg := f.listen(t)
			cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = "starttls", ca.pool, "ann", secret
			cfg.Connections, cfg.MessagesPerConnection = 1, 1
			p := newPool(t, cfg)
			for i := range 10 {
				out := p.Send(t.Context(), message(fmt.Sprintf("p%d@example.org", i)), always)
				want := reply.OK
				if i >= 5 && c.text != "" {
					want = reply.Stop
				}
				if out.Class != want || want == reply.Stop && !strings.Contains(out.Err.Error(), c.text) {
					t.Errorf("message %d: %q: %v", i, out.Class, out.Err)
				}
			}
			conns, got, _ := f.snapshot()
			if c.text != "" && (len(got) != 5 || conns != 6) {
				t.Errorf("%d stored over %d connections", len(got), conns)
			}
			if f.inClear() {
				t.Errorf("in clear: %q", f.clear.String())
			}
		})
	}
}

// TestNames: the server's name cannot be resolved, or leads nowhere. Eight workers that ask each
// second make few look-ups, and when the name is mended the mail goes. A name that does not exist
// is a mistake of the configuration.
func TestNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error // nil: a black hole
		class reply.Class
	}{
		"SERVFAIL": {&net.DNSError{Err: "server misbehaving", Name: "mail.example", IsTemporary: true}, reply.Retry},
		"time-out": {&net.DNSError{Err: "i/o timeout", Name: "mail.example", IsTimeout: true, IsTemporary: true},
			reply.Retry},
		"NXDOMAIN":   {&net.DNSError{Err: "no such host", Name: "mail.example", IsNotFound: true}, reply.Stop},
		"black hole": {nil, reply.Retry},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{}
				cfg := f.pipe()
				polite, mended := cfg.Dial, time.Now().Add(time.Hour)
				var tries atomic.Int64
				cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					if time.Now().After(mended) {
						return polite(ctx, network, address)
					}
					tries.Add(1)
					if c.err == nil {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return nil, &net.OpError{Op: "dial", Net: network, Err: c.err}
				}
				p, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				var wg sync.WaitGroup
				var sent atomic.Int64
				for w := range 8 {
					wg.Go(func() {
						for time.Since(mended) < 2*time.Hour {
							out := p.Send(t.Context(), message(fmt.Sprintf("p%d@example.org", w)), always)
							if out.Class == reply.OK {
								sent.Add(1)
								return
							}
							if out.Class != c.class || out.About != reply.AboutServer || out.Begun {
								t.Errorf("got %+v", out)
								return
							}
							time.Sleep(time.Second) // synctest: no time passes
						}
					})
				}
				wg.Wait()
				want, most := int64(8), int64(12) // waits of 5 s, doubling
				if c.class == reply.Stop {
					want, most = 0, 1
				}
				if sent.Load() != want || tries.Load() > most {
					t.Errorf("%d sent, %d look-ups in an hour, want %d and at most %d", sent.Load(), tries.Load(), want,
						most)
				}
				p.Close()
			})
		})
	}
}

// TestTwoAddresses: a name with an address at which nobody answers, and one at which the server does.
func TestTwoAddresses(t *testing.T) {
	t.Parallel()
	if list, err := net.DefaultResolver.LookupHost(t.Context(), "localhost"); err != nil || len(list) < 2 {
		t.Skipf("localhost has the addresses %v, %v; two are needed", list, err)
	}
	f := &fake{}
	cfg := f.listen(t) // on 127.0.0.1 only
	cfg.Host = "localhost"
	if out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
		t.Errorf("got %+v", out)
	}
}

// TestPasswordRotated: the password stops being good in the middle of a run. Each connection that
// is opened finds out once at most, everything stops, and a pool with the new password goes on.
func TestPasswordRotated(t *testing.T) {
	t.Parallel()
	var good atomic.Value
	good.Store(b64("\x00ann\x00" + password))
	var logins, refused atomic.Int64
	f := &fake{caps: []string{"AUTH PLAIN"}}
	f.on = func(p *peer, s, arg string) bool {
		if s != "auth" {
			return false
		}
		if logins.Add(1) == 5 {
			good.Store(b64("\x00ann\x00another"))
		}
		if strings.TrimPrefix(arg, "PLAIN ") == good.Load().(string) {
			return false
		}
		refused.Add(1)
		p.say("535 5.7.8 bad credentials")
		return true
	}
	cfg := f.listen(t)
	cfg.Username, cfg.Password, cfg.Connections, cfg.MessagesPerConnection = "ann", secret, 4, 3
	send := func(p *Pool, n int) (left int) {
		var wg sync.WaitGroup
		var missed atomic.Int64
		for w := range 8 {
			wg.Go(func() {
				for i := w; i < n; i += 8 {
					switch out := p.Send(t.Context(), message(fmt.Sprintf("p%d@example.org", i)), always); {
					case out.Class == reply.Stop && !out.Begun:
						missed.Add(1)
					case out.Class != reply.OK:
						t.Errorf("got %+v", out)
					}
				}
			})
		}
		wg.Wait()
		return int(missed.Load())
	}
	left := send(newPool(t, cfg), 100)
	if n := refused.Load(); left == 0 || n == 0 || n > 4 {
		t.Errorf("%d left, %d logins refused with 4 connections", left, n)
	}
	cfg.Password = func(context.Context) (Secret, error) { return "another", nil }
	before := refused.Load()
	if missed := send(newPool(t, cfg), left); missed != 0 || refused.Load() != before {
		t.Errorf("with the new password %d are left", missed)
	}
	if _, got, _ := f.snapshot(); len(got) != 100 {
		t.Errorf("%d stored", len(got))
	}
}

// TestTooLarge: the error for a message larger than the server's SIZE gives both numbers, and the
// server never hears of the message. Others go on.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"SIZE 1048576", "PIPELINING"}}
	p := newPool(t, f.listen(t))
	big := message("a@example.org")
	big.Body = text(strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 18_000))
	big.Size = int64(len(big.Body.(text)))
	out := p.Send(t.Context(), big, always)
	if out.Class != reply.Message || out.Begun || !strings.Contains(out.Err.Error(), "1404000") ||
		!strings.Contains(out.Err.Error(), "1048576") {
		t.Errorf("got %+v", out)
	}
	if n := f.count("MAIL") + f.count("DATA"); n != 0 {
		t.Errorf("%d MAIL and DATA", n)
	}
	if out := p.Send(t.Context(), message("b@example.org"), always); out.Class != reply.OK {
		t.Errorf("b: %+v", out)
	}
}

// breaker is a connection that breaks in the write that holds the end of a message and the next
// message's envelope, so many bytes behind the end of the dot.
type breaker struct {
	net.Conn
	behind int
}

func (b *breaker) Write(p []byte) (int, error) {
	end := []byte("\r\n.\r\n")
	i := bytes.Index(p, append(end, "MAIL"...))
	if i < 0 {
		return b.Conn.Write(p)
	}
	n, _ := b.Conn.Write(p[:i+len(end)+b.behind])
	_ = b.Conn.Close()
	return n, io.ErrClosedPipe
}

// TestBreaksInOneWrite: the connection breaks while the end of message a and the envelope of
// message b are written. One byte short of the dot's end nobody has a's message, and it may go
// again. From there on it is in doubt, though the write failed.
//
// It guards "never twice": with part taking any failed write for an unfinished message, the rows
// from "0 behind" on came back as retry, and the server had stored a.
func TestBreaksInOneWrite(t *testing.T) {
	t.Parallel()
	for behind, want := range map[int]reply.Class{-1: reply.Retry, 0: reply.Unknown, 7: reply.Unknown,
		40: reply.Unknown} {
		t.Run(fmt.Sprint(behind, " behind"), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fake{caps: []string{"PIPELINING"}}
				cfg := f.pipe()
				cfg.Connections = 1
				polite, dials := cfg.Dial, 0
				cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := polite(ctx, network, address)
					if dials++; dials == 1 {
						conn = &breaker{conn, behind}
					}
					return conn, err
				}
				p, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				a, b, begun := pair(t.Context(), p, always)
				if a.Class != want || !a.Begun {
					t.Errorf("a: %+v", a)
				}
				if b.Class != reply.OK && !b.Begun && b.About == reply.AboutServer {
					b = p.Send(t.Context(), message("b@example.org"), always)
				}
				if b.Class != reply.OK || begun > 1 {
					t.Errorf("b begun %d times: %+v", begun, b)
				}
				synctest.Wait()
				_, got, _ := f.snapshot()
				had := 0
				for _, m := range got {
					if m.To == "a@example.org" {
						had++
					}
				}
				if had > 1 || (had == 1) != (want == reply.Unknown) || len(got) != had+1 {
					t.Errorf("a is %q, and the server has %+v", a.Class, got)
				}
				p.Close()
			})
		})
	}
}

// broken is a message with bare LFs. It counts how often it was written.
type broken struct{ writes *int }

func (b broken) WriteTo(w io.Writer) (int64, error) {
	*b.writes++
	n, err := io.WriteString(w, "Subject: x\r\n\r\na line\nand its end\r\n")
	return int64(n), err
}

// TestBadMessageInOneWrite: when a message cannot be written, the message is at fault and not the
// connection. It is written once, nobody hears of it, and the connection goes on. With brokenOff
// not asking about BodyError it was written again on a second connection.
func TestBadMessageInOneWrite(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"PIPELINING", "CHUNKING"}}
	p := newPool(t, f.listen(t))
	if out := p.Send(t.Context(), message("a@example.org"), always); out.Class != reply.OK {
		t.Fatalf("a: %+v", out)
	}
	writes, begun := 0, 0
	out := p.Send(t.Context(), Mail{From: "news@example.com", To: "b@example.org", Size: 40, Body: broken{&writes}},
		func(context.Context) error { begun++; return nil })
	if out.Class != reply.Message || begun != 0 || writes != 1 || errors.Is(out.Err, context.Canceled) {
		t.Errorf("written %d times, begun %d times: %+v", writes, begun, out)
	}
	if out := p.Send(t.Context(), message("c@example.org"), always); out.Class != reply.OK {
		t.Errorf("c: %+v", out)
	}
	if conns, got, _ := f.snapshot(); conns != 1 || len(got) != 2 || f.count("MAIL") != 2 {
		t.Errorf("%d connections, %d MAILs, stored %v", conns, f.count("MAIL"), got)
	}
}
