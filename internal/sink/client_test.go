package sink

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
)

// talk is a client that says exactly what it is told to say.
type talk struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, s *Server) *talk {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &talk{t, c, bufio.NewReader(c)}
}

func (k *talk) say(s string) {
	k.t.Helper()
	if _, err := io.WriteString(k.Conn, s); err != nil {
		k.t.Fatal(err)
	}
}

// reply reads one reply, its lines joined.
func (k *talk) reply() (string, error) {
	var b strings.Builder
	for {
		line, err := k.r.ReadString('\n')
		b.WriteString(line)
		if err != nil || len(line) < 4 || line[3] != '-' {
			return b.String(), err
		}
	}
}

func (k *talk) expect(prefix string) string {
	k.t.Helper()
	got, err := k.reply()
	if err != nil || !strings.HasPrefix(got, prefix) {
		k.t.Fatalf("reply %q, %v; want %q", got, err, prefix)
	}
	return got
}

func (k *talk) expectEnd() {
	k.t.Helper()
	rest, err := io.ReadAll(k.r)
	if len(rest) > 0 || err != nil {
		k.t.Fatalf("read %q, %v; want a closed connection", rest, err)
	}
}

// hello gets the conversation to where MAIL may come.
func (k *talk) hello() *talk {
	k.t.Helper()
	k.expect("220")
	k.say("EHLO client.example\r\n")
	k.expect("250")
	return k
}

func envelope(to string) string {
	return "MAIL FROM:<a@example.com>\r\nRCPT TO:<" + to + ">\r\nDATA\r\n"
}

func stuffed(s string) string {
	s = strings.ReplaceAll(s, "\r\n.", "\r\n..")
	return s + ".\r\n"
}

// send sends one message and returns the last reply.
func (k *talk) send(to string) string {
	k.t.Helper()
	k.say(envelope(to))
	k.expect("250")
	k.expect("250")
	k.expect("354")
	k.say(stuffed(body))
	got, err := k.reply()
	if err != nil {
		k.t.Fatal(err)
	}
	return got
}

func dialTLS(t testing.TB, s *Server) *talk {
	t.Helper()
	c, err := tls.Dial("tcp", s.Addr(), &tls.Config{RootCAs: s.RootCAs(), ServerName: s.Host()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &talk{t, c, bufio.NewReader(c)}
}
