package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"testing"

	"mailshot/internal/sink"
	"mailshot/internal/traffic"
	"mailshot/sender/auth"
	"mailshot/sender/smtp"
)

var names = map[traffic.Security]string{traffic.Clear: "none", traffic.Implicit: "implicit", traffic.StartTLS: "starttls"}

var paths = []traffic.Path{traffic.LockStep, traffic.Pipelined, traffic.Ahead, traffic.Chunked}

// TestSession is the small form: what a session of ours writes and reads on loopback is what the model says, to the
// byte, and its writes have as many segments. Seen red with crypto/tls's first record taken as 1,208 bytes long, and
// with one message by DATA in place of two before BDAT.
func TestSession(t *testing.T) {
	t.Parallel()
	for _, security := range []traffic.Security{traffic.Clear, traffic.Implicit, traffic.StartTLS} {
		for _, version := range []int{12, 13} {
			if security == traffic.Clear && version == 12 {
				continue
			}
			t.Run(fmt.Sprintf("%s-%d", security, version), func(t *testing.T) {
				t.Parallel()
				sessions(t, security, version)
			})
		}
	}
}

func sessions(t *testing.T, security traffic.Security, version int) {
	name := names[security]
	s, err := sink.Start(sink.Options{TLS: name})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	trust := trusting(s.RootCAs())
	if version == 12 {
		trust.MaxVersion = tls.VersionTLS12
	}
	c := conversation{options: smtp.Options{Address: s.Addr(), Security: smtp.Security(name), TLS: trust}, count: true,
		version: version}
	c.path, c.size, c.n = traffic.Pipelined, 1000, 1
	first, err := c.send(t.Context(), new(net.Dialer).DialContext)
	if err != nil {
		t.Fatal(err)
	}
	first.replies.Together = true
	for _, c.path = range paths {
		for _, c.size = range []int{1000, 10_000, 60_000, 200_000} {
			if c.size > sendBuffer && security == traffic.Clear {
				continue // the counting makes such a message go out in parts
			}
			for _, c.n = range []int{1, 2, 3, 20} {
				got, err := c.send(t.Context(), new(net.Dialer).DialContext)
				if err != nil {
					t.Fatal(err)
				}
				cost := c.cost(security, first.replies, got, traffic.Line{})
				at := fmt.Sprintf("%s %d × %d", c.path, c.n, c.size)
				if got.counted.up != cost.PayloadUp {
					t.Errorf("%s: %d bytes were written, want %d", at, got.counted.up, cost.PayloadUp)
				}
				if !answersFit(cost.PayloadDown-got.counted.down, c.n, overhead(security, version)) {
					t.Errorf("%s: %d bytes were read, want %d", at, got.counted.down, cost.PayloadDown)
				}
				segments := int64(0)
				for _, n := range got.counted.writes {
					segments += int64((n + 1447) / 1448)
				}
				if segments != cost.DataUp.Expected {
					t.Errorf("%s: the writes have %d segments, want %v: %v", at, segments, cost.DataUp, got.counted.writes)
				}
			}
		}
	}
}

// answersFit reports whether so many bytes may be missing of the answers. close_notify may come when the client has
// closed, and the answers to a write may come in two records in place of one.
func answersFit(missing int64, n, overhead int) bool {
	if overhead == 0 {
		return missing == 0
	}
	for _, alert := range []int64{0, int64(2 + overhead)} {
		if more := alert - missing; more >= 0 && more%int64(overhead) == 0 && more <= int64(n*overhead) {
			return true
		}
	}
	return false
}

// sendBuffer is above what a session writes at once to a connection that counts.
const sendBuffer = 64 << 10

func overhead(security traffic.Security, version int) int {
	switch {
	case security == traffic.Clear:
		return 0
	case version == 12:
		return 29
	default:
		return 22
	}
}

// TestLogins compares the exchanges of AUTH with what our mechanisms write.
func TestLogins(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "SCRAM-SHA-1", "SCRAM-SHA-256"} {
		c := auth.Credentials{Mechanism: mechanism, Username: "ann@example.org", Password: "a password of 24 letters"}
		if mechanism == "XOAUTH2" || mechanism == "OAUTHBEARER" {
			c.Password, c.Token = "", "a-token-of-24-characters"
		}
		client, err := auth.Choose(auth.Server{Offered: []string{mechanism}, Host: "smtp.example.com", Port: 587}, c)
		if err != nil {
			t.Fatal(err)
		}
		name, initial, err := client.Start()
		if err != nil {
			t.Fatal(err)
		}
		line := "AUTH " + name + "\r\n"
		up := len(line)
		if initial != nil {
			up += 1 + (len(initial)+2)/3*4
		}
		got := traffic.LoginOf(mechanism, len(c.Username), 24)
		if len(got) == 0 || got[0].Up < up-4 || got[0].Up > up+4 {
			t.Errorf("%s: %+v, and the first line has %d bytes", mechanism, got, up)
		}
	}
	if traffic.LoginOf("GSSAPI", 1, 1) != nil {
		t.Error("a mechanism that is not known has a login")
	}
}

// TestLogin sends with a login and compares what is written.
func TestLogin(t *testing.T) {
	t.Parallel()
	s, err := sink.Start(sink.Options{TLS: "implicit", Username: "news", Password: "secret of the sink"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, mechanism := range []string{"PLAIN", "LOGIN"} {
		c := conversation{path: traffic.LockStep, size: 10_000, n: 3, version: 13, login: traffic.LoginOf(mechanism, 4, 18),
			options: smtp.Options{Address: s.Addr(), TLS: trusting(s.RootCAs()), Auth: func(_ context.Context, server auth.Server) (*auth.Client, error) {
				return auth.Choose(server, auth.Credentials{Mechanism: mechanism, Username: "news", Password: "secret of the sink"})
			}}}
		got, err := c.send(t.Context(), new(net.Dialer).DialContext)
		if err != nil {
			t.Fatal(err)
		}
		if cost := c.cost(traffic.Implicit, traffic.Replies{}, got, traffic.Line{}); got.counted.up != cost.PayloadUp {
			t.Errorf("%s: %d bytes were written, want %d", mechanism, got.counted.up, cost.PayloadUp)
		}
	}
}

// TestHandshake compares the handshake that the model assumes with one that is played. Signatures and names vary by some
// bytes.
func TestHandshake(t *testing.T) {
	t.Parallel()
	s, err := sink.Start(sink.Options{TLS: "implicit", Hostname: "server.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for version, max := range map[int]uint16{12: tls.VersionTLS12, 13: tls.VersionTLS13} {
		trust := trusting(s.RootCAs())
		trust.ServerName, trust.MaxVersion = "server.example.com", max
		chain := 0
		c := conversation{path: traffic.LockStep, size: 1000, n: 1, options: smtp.Options{Address: s.Addr(), TLS: trust}}
		trust.VerifyConnection = func(state tls.ConnectionState) error {
			for _, certificate := range state.PeerCertificates {
				chain += len(certificate.Raw)
			}
			return nil
		}
		got, err := c.send(t.Context(), new(net.Dialer).DialContext)
		if err != nil {
			t.Fatal(err)
		}
		want := traffic.Handshake(version, chain)
		if len(want) != len(got.flights) {
			t.Fatalf("TLS %d: %v, want %v", version, got.flights, want)
		}
		if version == 12 {
			got.flights[0] = want[0] // this ClientHello offers nothing but TLS 1.2, and is shorter
		}
		for i, f := range got.flights {
			if f.FromServer != want[i].FromServer || f.Bytes < want[i].Bytes-16 || f.Bytes > want[i].Bytes+16 {
				t.Errorf("TLS %d with a chain of %d bytes: %v, want %v", version, chain, got.flights, want)
				break
			}
		}
	}
}
