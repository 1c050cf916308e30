package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"testing"

	"mailshot/internal/servers"
	"mailshot/internal/sink"
	"mailshot/internal/traffic"
	"mailshot/sender"
	"mailshot/sender/auth"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// TestPostfix sends into a Postfix with STARTTLS and a login. Its answers are counted in a first session, and it answers
// what came in one write by one.
func TestPostfix(t *testing.T) {
	w := newWire(t, 0)
	certificate := servers.NewCertificate(t)
	var s *servers.Server
	within(t, w.server, func() { s = servers.Postfix(t, certificate, []string{"example.com"}, "") })
	c := conversation{
		login:   traffic.LoginOf("PLAIN", len(servers.Username), len(servers.Password)),
		tickets: tickets / 2, version: 13,
		options: smtp.Options{Address: fmt.Sprintf("127.0.0.1:%d", s.Ports[0]), Security: smtp.StartTLS,
			TLS: &tls.Config{RootCAs: certificate.Pool},
			Auth: func(_ context.Context, server auth.Server) (*auth.Client, error) {
				return auth.Choose(server, auth.Credentials{Mechanism: "PLAIN", Username: servers.Username,
					Password: servers.Password})
			}},
	}
	c.path, c.size, c.n = traffic.Pipelined, 1000, 1
	first, err := c.send(t.Context(), w.dial)
	if err != nil {
		t.Fatal(err)
	}
	first.replies.Together = true
	for _, c.path = range paths {
		for _, c.size = range []int{1000, 10_000, 100_000} {
			first.replies.Chunk = first.replies.End + len(fmt.Sprintf("%d bytes ", c.size)) // it says so
			for _, c.n = range []int{1, 10, 100} {
				t.Run(fmt.Sprintf("%s/postfix/%d×%d", c.path, c.n, c.size), func(t *testing.T) {
					wireSMTP(t, w, c, traffic.StartTLS, first.replies)
				})
			}
		}
	}
}

// TestPool sends by a pool with more callers than its one connection. It takes the paths that the model says.
func TestPool(t *testing.T) {
	w := newWire(t, 0)
	s, err := sink.Start(sink.Options{Listener: w.listen(t, "127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := conversation{path: traffic.Pipelined, size: 1000, n: 1,
		options: smtp.Options{Address: s.Addr(), Security: smtp.None}}
	first, err := c.send(t.Context(), w.dial)
	if err != nil {
		t.Fatal(err)
	}
	first.replies.Together = true
	c.n = 20
	for c.size, c.path = range map[int]traffic.Path{10_000: traffic.Chunked, 66_000: traffic.Ahead} {
		t.Run(fmt.Sprintf("%s/pool/%d×%d", c.path, c.n, c.size), func(t *testing.T) {
			pool, err := sender.New(sender.Config{Host: s.Host(), Port: s.Port(), TLS: "none", Helo: "client.example",
				Connections: 1, Dial: w.dial})
			if err != nil {
				t.Fatal(err)
			}
			capture := w.capture(t)
			var callers sync.WaitGroup
			for range c.n {
				callers.Go(func() {
					out := pool.Send(t.Context(), sender.Mail{From: from, To: to, Size: int64(c.size), Body: message(c.size)},
						func(context.Context) error { return nil })
					if out.Class != reply.OK {
						t.Errorf("%+v", out)
					}
				})
			}
			callers.Wait()
			if err := pool.Close(); err != nil {
				t.Error(err)
			}
			measure(t.Name(), capture.end()).compare(t, c.cost(traffic.Clear, first.replies, said{}, traffic.Line{}))
		})
	}
}

// TestLine sends over IPv6, and without timestamps.
func TestLine(t *testing.T) {
	w := newWire(t, 0)
	for _, l := range []struct {
		name, address string
		line          traffic.Line
	}{{"ipv6", "[fd00::2]:0", traffic.Line{IPv6: true}}, {"bare", "127.0.0.1:0", traffic.Line{NoTimestamps: true}}} {
		if l.line.NoTimestamps {
			set(t, w.client, "tcp_timestamps", "0")
		}
		s, err := sink.Start(sink.Options{Listener: w.listen(t, l.address)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		c := conversation{path: traffic.Pipelined, size: 1000, n: 1, line: l.line,
			options: smtp.Options{Address: s.Addr(), Security: smtp.None}}
		first, err := c.send(t.Context(), w.dial)
		if err != nil {
			t.Fatal(err)
		}
		first.replies.Together = true
		for _, c.path = range paths {
			for _, c.size = range []int{1000, 10_000} {
				c.n = 10
				t.Run(fmt.Sprintf("%s/%s/%d×%d", c.path, l.name, c.n, c.size), func(t *testing.T) {
					wireSMTP(t, w, c, traffic.Clear, first.replies)
				})
			}
		}
	}
}
