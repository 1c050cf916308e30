package sender

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fake is a scripted SMTP server. It is polite unless on says otherwise.
type fake struct {
	caps, capsTLS []string // offered in EHLO, before and after TLS
	tls           *tls.Config
	implicit      bool
	inject        string // sent in clear behind the answer to STARTTLS
	// on is called at each stage, before the polite answer. It returns true when it has dealt with
	// the stage itself. Stages: greeting, each command's verb in lower case, body (354 was just
	// said), end (the message was read, and not stored).
	on func(p *peer, stage, arg string) bool

	mu     sync.Mutex
	conns  int
	stored []stored
	lines  []string // commands, as they came, over all connections
	clear  strings.Builder
}

type stored struct{ From, To, Data string }

// peer is the fake's side of one connection.
type peer struct {
	f      *fake
	n      int // 1 for the first connection
	sent   int // messages ended with a dot on this connection
	conn   net.Conn
	br     *bufio.Reader
	secure bool
	gone   bool // closed: what it has read already is not looked at
}

func (p *peer) raw(s string) { _, _ = io.WriteString(p.conn, s) }
func (p *peer) say(s string) { p.raw(s + "\r\n") }

// drop closes the connection. The peer finds out on its next read.
func (p *peer) drop() { p.gone = true; _ = p.conn.Close() }

// reset closes the connection so that what is unread on either side is lost.
func (p *peer) reset() {
	p.gone = true
	if tcp, ok := p.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = p.conn.Close()
}

func (p *peer) does(stage, arg string) bool { return p.f.on != nil && p.f.on(p, stage, arg) }

func (f *fake) snapshot() (conns int, got []stored, lines []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.conns, slices.Clone(f.stored), slices.Clone(f.lines)
}

func (f *fake) count(verb string) (n int) {
	_, _, lines := f.snapshot()
	for _, l := range lines {
		if strings.HasPrefix(l, verb) {
			n++
		}
	}
	return n
}

// tap keeps what comes over the wire before TLS.
type tap struct {
	net.Conn
	f *fake
}

func (t tap) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.f.mu.Lock()
	t.f.clear.Write(b[:n])
	t.f.mu.Unlock()
	return n, err
}

// serve plays one connection.
func (f *fake) serve(conn net.Conn) {
	defer conn.Close()
	f.mu.Lock()
	f.conns++
	p := &peer{f: f, n: f.conns, conn: conn}
	f.mu.Unlock()
	if f.implicit {
		t := tls.Server(conn, f.tls)
		if t.Handshake() != nil {
			return
		}
		p.conn, p.secure = t, true
	}
	p.br = bufio.NewReader(p.conn)
	if !p.secure {
		p.br = bufio.NewReader(tap{p.conn, f})
	}
	if !p.does("greeting", "") {
		p.say("220 fake.example ESMTP")
	}
	var m stored
	for !p.gone {
		line, err := p.br.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		f.mu.Lock()
		f.lines = append(f.lines, line)
		f.mu.Unlock()
		verb, arg, _ := strings.Cut(line, " ")
		verb = strings.ToLower(verb)
		if p.does(verb, arg) {
			continue
		}
		switch verb {
		case "ehlo", "lhlo":
			caps := f.caps
			if p.secure {
				caps = f.capsTLS
			}
			p.raw("250-fake.example\r\n")
			for _, c := range caps {
				p.raw("250-" + c + "\r\n")
			}
			p.say("250 HELP")
		case "starttls":
			p.raw("220 go ahead\r\n" + f.inject)
			t := tls.Server(p.conn, f.tls)
			if t.Handshake() != nil {
				return
			}
			p.conn, p.secure = t, true
			p.br = bufio.NewReader(t)
		case "auth":
			p.say("235 2.7.0 welcome")
		case "mail":
			m = stored{From: arg}
			p.say("250 2.1.0 ok")
		case "rcpt":
			m.To, _, _ = strings.Cut(strings.TrimPrefix(arg, "TO:<"), ">")
			p.say("250 2.1.5 ok")
		case "data":
			if m.To == "" {
				p.say("503 5.5.1 no valid recipients")
				continue
			}
			p.say("354 go on")
			if p.does("body", "") {
				return
			}
			data, err := p.readData()
			if err != nil {
				return
			}
			m.Data = data
			p.sent++
			done := m
			m = stored{}
			if p.does("end", done.To) {
				continue
			}
			p.store(done)
			p.say("250 2.0.0 queued")
		case "bdat":
			size, _, _ := strings.Cut(arg, " ")
			n, _ := strconv.Atoi(size)
			data := make([]byte, n)
			if _, err := io.ReadFull(p.br, data); err != nil {
				return
			}
			if m.To == "" {
				p.say("503 5.5.1 no valid recipients")
				continue
			}
			m.Data = string(data)
			p.sent++
			done := m
			m = stored{}
			if p.does("end", done.To) {
				continue
			}
			p.store(done)
			p.say("250 2.0.0 queued")
		case "rset":
			m = stored{}
			p.say("250 2.0.0 ok")
		case "quit":
			p.say("221 bye")
			return
		default:
			p.say("250 ok")
		}
	}
}

func (p *peer) store(m stored) {
	p.f.mu.Lock()
	defer p.f.mu.Unlock()
	p.f.stored = append(p.f.stored, m)
}

// readData reads up to the final dot, and removes the dot stuffing.
func (p *peer) readData() (string, error) {
	var b strings.Builder
	for {
		line, err := p.br.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return b.String(), nil
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

// listen serves on a loopback port until the test's end.
func (f *fake) listen(t testing.TB) Config {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.accept(t, ln)
	return Config{Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port, TLS: "none"}
}

// accept serves all connections to ln, until the test ends.
func (f *fake) accept(t testing.TB, ln net.Listener) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			wg.Go(func() { f.serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

// pipe serves on in-memory connections, for bubbles of synctest.
func (f *fake) pipe() Config {
	return Config{Host: "mail.example", Port: 25, TLS: "none",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := net.Pipe()
			go f.serve(far)
			return near, nil
		}}
}

// newPool makes a pool that is closed at the test's end.
func newPool(t testing.TB, cfg Config) *Pool {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Abort(); p.Close() })
	return p
}

func message(to string) Mail {
	body := "Subject: to " + to + "\r\n\r\nHello.\r\n.dot\r\n..\r\n"
	return Mail{From: "news@example.com", To: to, Size: int64(len(body)), Body: text(body)}
}

// text is a message as it stands.
type text string

func (s text) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(s))
	return int64(n), err
}

// always begins.
func always(context.Context) error { return nil }

// authority is a certificate authority of the test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// server issues a certificate for 127.0.0.1, changed by how.
func (a *authority) server(t testing.TB, how func(*x509.Certificate)) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if how != nil {
		how(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
