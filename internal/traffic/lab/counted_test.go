package lab

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/internal/traffic"
	"mailshot/sender/smtp"
)

// counted is a connection that counts what passes. Reading and writing may be in two goroutines.
type counted struct {
	net.Conn
	mu       sync.Mutex
	up, down int64
	writes   []int // lengths of the client's writes
	turns    []traffic.Exchange
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.down += int64(n)
	if len(c.turns) == 0 {
		c.turns = append(c.turns, traffic.Exchange{})
	}
	c.turns[len(c.turns)-1].Down += n
	return n, err
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wrote(n)
	return n, err
}

func (c *counted) wrote(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.up += int64(n)
	c.writes = append(c.writes, n)
	if len(c.turns) > 0 && c.turns[len(c.turns)-1].Down == 0 {
		c.turns[len(c.turns)-1].Up += n
		return
	}
	c.turns = append(c.turns, traffic.Exchange{Up: n})
}

// text is a message in memory that is written from where it lies, as the campaigns' messages are.
type text []byte

func (m text) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(m)
	return int64(n), err
}

func (m text) Buffers() ([][]byte, bool) { return [][]byte{m}, true }

// message makes a message of a size.
func message(size int) text {
	var b bytes.Buffer
	b.WriteString("From: news@example.org\r\nTo: ann@example.com\r\nSubject: a message\r\n\r\n")
	line := strings.Repeat("x", 76) + "\r\n"
	for b.Len()+2*len(line) <= size {
		b.WriteString(line)
	}
	rest := size - b.Len() - 2
	if rest > 76 {
		b.WriteString(strings.Repeat("y", rest/2-2) + "\r\n")
		rest = size - b.Len() - 2
	}
	b.WriteString(strings.Repeat("z", max(0, rest)) + "\r\n")
	return b.Bytes()
}

const from, to = "news@example.org", "somebody@example.com"

// conversation is what one session sends.
type conversation struct {
	path    traffic.Path
	size, n int
	options smtp.Options
	login   []traffic.Exchange
	line    traffic.Line // without what the delay adds
	version int          // of TLS; 0: 13
	tickets int          // bytes of session tickets
	count   bool         // the session's connection counts also without TLS
}

// envelope is that of each message.
func (c conversation) envelope(i int) smtp.Envelope {
	return smtp.Envelope{From: from, To: to, Size: int64(c.size), EnvID: "", Chunk: c.path == traffic.Chunked && c.size <= 64<<10}
}

// said is what the server said, by its lengths, and when TLS was up.
type said struct {
	replies traffic.Replies
	flights []traffic.Flight
	counted *counted
	took    time.Duration
}

// send plays a session: it dials, sends n messages of one size by a path, and quits.
func (c conversation) send(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error)) (said, error) {
	var s said
	o := c.options
	o.LockStep = c.path == traffic.LockStep
	o.Helo = "client.example"
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if o.Security == smtp.None && !c.count {
			return conn, nil // a message of more than 64 kB is written from where it lies only to a TCP connection
		}
		s.counted = &counted{Conn: conn}
		return s.counted, nil
	}
	if o.Security != smtp.None {
		before := 0
		if o.Security == smtp.StartTLS {
			before = 3 // greeting, EHLO, STARTTLS
		}
		o.Secured = func(state tls.ConnectionState) {
			s.flights = s.counted.handshake(before)
			if state.Version == tls.VersionTLS12 { // the greeting may have come with the server's Finished
				s.flights[len(s.flights)-1].Bytes = 51
			}
		}
	}
	if c.path == traffic.Pipelined && c.n == 1 { // the answers are the same to all
		o.Trace = tracer(&s.replies)
	}
	begin := time.Now()
	session, err := smtp.Dial(ctx, o)
	if err != nil {
		return s, err
	}
	body := message(c.size)
	if len(body) != c.size {
		return s, fmt.Errorf("the message has %d bytes, want %d", len(body), c.size)
	}
	for i := range c.n {
		var next smtp.Next
		if c.path >= traffic.Ahead && i < c.n-1 && (c.path == traffic.Ahead || !session.Chunks(c.envelope(i+1))) {
			next = func() (context.Context, smtp.Envelope, bool) { return ctx, c.envelope(i + 1), true }
		}
		if _, err := session.Send(ctx, c.envelope(i), body, func(context.Context) error { return nil }, next); err != nil {
			return s, err
		}
	}
	session.Quit()
	s.took = time.Since(begin)
	return s, nil
}

// handshake is what has passed behind so many clear exchanges, when TLS has just come up.
func (c *counted) handshake(before int) []traffic.Flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	var flights []traffic.Flight
	for _, turn := range c.turns[before:] {
		flights = append(flights, traffic.Flight{Bytes: turn.Up})
		if turn.Down > 0 {
			flights = append(flights, traffic.Flight{FromServer: true, Bytes: turn.Down})
		}
	}
	return flights
}

// tracer takes the lengths of a server's answers to a session that sends one message without BDAT.
func tracer(r *traffic.Replies) func(server bool, line string) {
	asked := []*int{&r.Greeting}
	return func(server bool, line string) {
		if !server {
			verb, _, _ := strings.Cut(line, " ")
			switch verb {
			case "EHLO":
				r.Offer, r.Ehlo = r.Ehlo, 0
				asked = append(asked, &r.Ehlo)
			case "STARTTLS":
				asked = append(asked, &r.StartTLS)
			case "MAIL":
				asked = append(asked, &r.Mail)
			case "RCPT":
				asked = append(asked, &r.Rcpt)
			case "DATA":
				asked = append(asked, &r.Data, &r.End)
			case "QUIT":
				asked = append(asked, &r.Quit)
			default:
				asked = append(asked, new(int))
			}
			return
		}
		*asked[0] += len(line) + 2
		if line[3] == ' ' {
			asked = asked[1:]
		}
	}
}

func ready(t *testing.T) {
	t.Helper()
	for _, n := range []int{1000, 2000, 5000, 10000, 100000, 1000000} {
		if got := len(message(n)); got != n {
			t.Fatalf("message(%d) has %d bytes", n, got)
		}
	}
}

// trusting is a client's configuration of TLS for a server of the tests.
func trusting(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, ServerName: "localhost"}
}

func TestMessage(t *testing.T) { ready(t) }

// cost is what the model makes of a conversation, from the server's answers and the bytes of the handshake.
func (c conversation) cost(security traffic.Security, r traffic.Replies, got said, line traffic.Line) traffic.Cost {
	session := traffic.Session{Line: line, Path: c.path, Security: security, Replies: r, Login: c.login,
		Hello: len("EHLO client.example\r\n")}
	if security != traffic.Clear {
		session.TLS = traffic.TLS{Version: c.version, Flights: slices.Clip(got.flights), Tickets: c.tickets}
	}
	y := session.Tally()
	y.Add(traffic.Message{Mail: traffic.MailLine(from, c.size), Rcpt: traffic.RcptLine(to), Size: c.size, User: c.size},
		int64(c.n))
	return y.Cost()
}
