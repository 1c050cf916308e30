package imap

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/server"
)

const password = `open "sesame" \1`

// peer is one connection to a scripted server. Its methods end the script when the connection has ended.
type peer struct {
	net.Conn
	t       *testing.T
	br      *bufio.Reader
	config  *tls.Config
	secure  bool
	clear   strings.Builder // what came without TLS
	written int64
	tag     string
	known   string // the password, when the server has seen it
}

// over ends a script.
type over struct{}

func (p *peer) say(format string, args ...any) {
	n, err := fmt.Fprintf(p.Conn, format, args...)
	if p.written += int64(n); err != nil {
		panic(over{})
	}
}

// hear reads a command and returns it without its tag.
func (p *peer) hear() string {
	line, err := p.br.ReadString('\n')
	if !p.secure {
		p.clear.WriteString(line)
	}
	if err != nil {
		panic(over{})
	}
	tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	p.tag = tag
	return rest
}

// ok answers a command.
func (p *peer) ok() { p.say("%s OK done\r\n", p.tag) }

// encrypt plays the server's side of TLS.
func (p *peer) encrypt() {
	conn := tls.Server(p.Conn, p.config)
	if err := conn.HandshakeContext(p.t.Context()); err != nil {
		panic(over{})
	}
	p.Conn, p.br, p.secure = conn, bufio.NewReader(conn), true
}

// flood says something without end.
func (p *peer) flood(text string) {
	text = strings.Repeat(text, 1+(32<<10)/len(text))
	for {
		p.say("%s", text)
	}
}

// serve starts a server whose connections play a script. It returns the configuration of a client, and what is known
// of the connections when the test has ended.
func serve(t *testing.T, security string, script func(p *peer)) (c Config, seen *seen) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config, pool := certificate(t)
	seen = new(struct{ seenFields })
	var scripts sync.WaitGroup
	scripts.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			seen.connections.Add(1)
			scripts.Go(func() {
				p := &peer{Conn: conn, t: t, br: bufio.NewReader(conn), config: config}
				defer func() {
					if r := recover(); r != nil && r != any(over{}) {
						panic(r)
					}
					_ = conn.Close()
					seen.add(p)
				}()
				if security == server.Implicit {
					p.encrypt()
				}
				script(p)
			})
		}
	})
	seen.end = sync.OnceFunc(func() {
		_ = l.Close()
		scripts.Wait()
	})
	t.Cleanup(seen.end)
	return Config{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: security, Username: "ann@example.com",
		Password: func(context.Context) (string, error) { return password, nil }, RootCAs: pool,
		Timeouts: Timeouts{Answer: time.Minute}}, seen
}

// seen is what is known of a server's connections.
type seen = struct{ seenFields }

type seenFields struct {
	end         func() // waits for the scripts; the client has closed its connections
	connections atomic.Int64
	mu          sync.Mutex
	clear       string
	most        int64 // octets that one of them took
}

func (s *seenFields) add(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear += p.clear.String()
	s.most = max(s.most, p.written)
}

var pair = sync.OnceValues(func() (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, err
})

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	c, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(c.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return c, pool
}

// stage is a point of a conversation.
type stage string

// The stages of reading one message by a server that behaves.
var stages = []stage{"greeting", "capability", "login", "capability again", "examine", "search", "sizes", "bodies"}

// behave plays a server with two messages, and calls odd in place of its answer at one stage.
func behave(p *peer, at stage, odd func(p *peer)) {
	step := func(s stage, good func()) {
		if s != "greeting" {
			p.hear()
		}
		if s == "capability again" {
			p.known = password
		}
		if s == at {
			odd(p)
			return
		}
		good()
	}
	capability := func() {
		p.say("* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN IDLE\r\n")
		p.ok()
	}
	step("greeting", func() { p.say("* OK ready\r\n") })
	step("capability", capability)
	step("login", p.ok)
	step("capability again", capability)
	for {
		step("examine", func() { p.say("* 2 EXISTS\r\n* OK [UIDVALIDITY 7] \r\n* FLAGS (\\Seen $x[1] ü)\r\n"); p.ok() })
		step("search", func() { p.say("* SEARCH 4 3 4\r\n"); p.ok() })
		step("sizes", func() {
			for i := 3; i < 5; i++ {
				p.say("* %d FETCH (UID %d RFC822.SIZE 15 INTERNALDATE \"30-Nov-2026 10:00:00 +0000\")\r\n", i-2, i)
			}
			p.ok()
		})
		step("bodies", func() {
			for i := 3; i < 5; i++ {
				p.say("* %d FETCH (UID %d BODY[]<0> {15}\r\nSubject: %d\r\n\r\n.)\r\n", i-2, i, i)
			}
			p.ok()
		})
	}
}

// each reads a box and returns its messages by their IDs.
func each(t *testing.T, c Config) (map[string]string, error) {
	t.Helper()
	b, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	return eachOf(t.Context(), b)
}

func eachOf(ctx context.Context, b *Box) (map[string]string, error) {
	found := map[string]string{}
	return found, b.Each(ctx, func(string) bool { return false }, func(m inbox.Message) error {
		r, err := m.Open(ctx)
		if err != nil {
			found[m.ID] = "error: " + err.Error()
			return nil
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		if found[m.ID] = string(text); err != nil {
			found[m.ID] = "error: " + err.Error()
		}
		return nil
	})
}
