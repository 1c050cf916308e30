package pop3_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/internal/inbox/pop3"
)

const username, password = "ann", "made+up=secret/1"

// letter is a message of a fake server.
type letter struct{ uid, text string }

// fake is a POP3 server that does what a test wants of it. Its zero value has no messages and behaves.
type fake struct {
	messages []letter
	greeting string // +OK …
	caps     []string
	clear    []string // capabilities before TLS; nil: caps
	tls      string   // as in pop3.Config; "": none
	// hook answers a command in the fake's place: said is all that the server says; "" = nothing, and hang up. ok is false
	// where the fake answers itself.
	hook func(c *talk, command string) (said string, ok bool)

	t        *testing.T
	cert     tls.Certificate
	pool     *x509.CertPool
	port     int
	mu       sync.Mutex
	commands []string // of all sessions
	clients  sync.WaitGroup
}

// talk is one session.
type talk struct {
	net.Conn
	in      *bufio.Reader
	session int // from 1
	tls     bool
}

// start starts the server. It stops when the test ends.
func (f *fake) start(t *testing.T) *fake {
	t.Helper()
	f.t = t
	f.cert, f.pool = certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.port = l.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithCancel(context.Background())
	f.clients.Go(func() {
		for n := 1; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			f.clients.Go(func() {
				defer stop()
				defer conn.Close()
				f.serve(&talk{Conn: conn, in: bufio.NewReader(conn), session: n})
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		l.Close()
		f.clients.Wait()
	})
	return f
}

// config is that of a client.
func (f *fake) config() pop3.Config {
	mode := f.tls
	if mode == "" {
		mode = "none"
	}
	return pop3.Config{
		Host: "127.0.0.1", Port: f.port, TLS: mode, RootCAs: f.pool, Username: username,
		Password: func(context.Context) (string, error) { return password, nil },
	}
}

// piped is the config of a client whose connections are in memory, for bubbles.
func (f *fake) piped(t *testing.T) pop3.Config {
	f.t = t
	c := f.config()
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			defer far.Close()
			f.serve(&talk{Conn: far, in: bufio.NewReader(far), session: 1})
		}()
		return local{near}, nil
	}
	return c
}

// local is a connection in memory that counts as one within this machine: a password may go over it in clear.
type local struct{ net.Conn }

func (local) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 110} }

// said are the commands that were given, without what they have behind the first word where that is a secret.
func (f *fake) said() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.commands...)
}

func (f *fake) serve(c *talk) {
	if f.tls == "implicit" && !f.secure(c) {
		return
	}
	greeting := f.greeting
	if greeting == "" {
		greeting = "+OK ready"
	}
	if strings.HasPrefix(greeting, "hook") {
		said, _ := f.hook(c, "greeting")
		io.WriteString(c, said)
		greeting = ""
	}
	if greeting != "" {
		io.WriteString(c, greeting+"\r\n")
	}
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		f.mu.Lock()
		f.commands = append(f.commands, line)
		f.mu.Unlock()
		said, ok := "", false
		if f.hook != nil {
			said, ok = f.hook(c, line)
		}
		if !ok {
			said = f.answer(c, line)
		}
		if said == "" {
			return
		}
		if _, err := io.WriteString(c, said); err != nil {
			return
		}
		if line == "QUIT" {
			return
		}
		if line == "STLS" && strings.HasPrefix(said, "+OK") && !f.secure(c) {
			return
		}
	}
}

func (f *fake) secure(c *talk) bool {
	conn := tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{f.cert}})
	if conn.Handshake() != nil {
		return false
	}
	c.Conn, c.in, c.tls = conn, bufio.NewReader(conn), true
	return true
}

// answer answers as a server does.
func (f *fake) answer(c *talk, line string) string {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "CAPA":
		caps := f.caps
		if f.clear != nil && !c.tls {
			caps = f.clear
		}
		return list(caps...)
	case "STLS", "USER", "PASS", "UTF8", "QUIT":
		return "+OK\r\n"
	case "AUTH":
		_, initial, _ := strings.Cut(rest, " ")
		if initial == "" {
			return "+ \r\n"
		}
		return f.plain(initial)
	case "STAT":
		return fmt.Sprintf("+OK %d 1000\r\n", len(f.messages))
	case "UIDL", "LIST":
		var lines []string
		for i, m := range f.messages {
			what := m.uid
			if word == "LIST" {
				what = strconv.Itoa(len(m.text))
			}
			lines = append(lines, fmt.Sprintf("%d %s", i+1, what))
		}
		return list(lines...)
	case "RETR", "TOP":
		number, _, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(f.messages) {
			return "-ERR no such message\r\n"
		}
		return "+OK\r\n" + stuffed(f.messages[n-1].text)
	}
	if !strings.Contains(line, " ") {
		return f.plain(line) // of AUTH
	}
	f.t.Errorf("the client said %q", line)
	return "-ERR\r\n"
}

// plain checks a login by PLAIN.
func (f *fake) plain(encoded string) string {
	got, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || string(got) != "\x00"+username+"\x00"+password {
		return "-ERR [AUTH] wrong\r\n"
	}
	return "+OK\r\n"
}

// list is an answer of several lines.
func list(lines ...string) string {
	return "+OK\r\n" + strings.Join(append(lines, "."), "\r\n") + "\r\n"
}

// stuffed is a message as POP3 carries it.
func stuffed(text string) string {
	if strings.HasPrefix(text, ".") {
		text = "." + text
	}
	text = strings.ReplaceAll(text, "\r\n.", "\r\n..")
	if text != "" && !strings.HasSuffix(text, "\r\n") {
		text += "\r\n"
	}
	return text + ".\r\n"
}

// certificate makes a certificate for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
