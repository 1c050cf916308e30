package sink

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"mailshot/internal/mailbox"
)

const body = "From: A <a@example.com>\r\nTo: b@example.org\r\nSubject: Grüße\r\n =?utf-8?q?x?=\r\n" +
	"Message-ID:\r\n <abc@example.com>\r\nX-Token: one\r\nx-token: two\r\n\r\nHello\r\n.dot\r\n..two\r\n"

// memory is a record writer that counts syncs.
type memory struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	syncs int
	err   error
}

func (m *memory) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.buf.Write(p)
}

func (m *memory) Sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.syncs++
	return m.err
}

func (m *memory) records(t testing.TB) []Record {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	recs, err := ReadRecords(bytes.NewReader(m.buf.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return recs
}

func start(t testing.TB, o Options, rules ...string) *Server {
	t.Helper()
	for _, text := range rules {
		r, err := ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		o.Rules = append(o.Rules, r)
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// talk is a client that says exactly what it is told.
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

// hello goes as far as MAIL may come.
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

func TestAccept(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"none", "starttls", "implicit"} {
		for _, mech := range []string{"PLAIN", "LOGIN"} {
			t.Run(mode+" "+mech, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				store, err := mailbox.Open("eml", dir, mailbox.Options{})
				if err != nil {
					t.Fatal(err)
				}
				var m memory
				s := start(t, Options{TLS: mode, Username: "u", Password: "p w", Record: &m, Store: store, Headers: []string{"x-token"}})
				cfg := &tls.Config{RootCAs: s.RootCAs(), ServerName: s.Host()}
				var c *smtp.Client
				switch mode {
				case "none":
					c, err = smtp.Dial(s.Addr())
				case "starttls":
					c, err = smtp.DialStartTLS(s.Addr(), cfg)
				case "implicit":
					c, err = smtp.DialTLS(s.Addr(), cfg)
				}
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if err := c.Mail("a@example.com", nil); err == nil {
					t.Fatal("MAIL before AUTH was taken")
				}
				auth := func(password string) error {
					if mech == "LOGIN" {
						return c.Auth(sasl.NewLoginClient("u", password))
					}
					return c.Auth(sasl.NewPlainClient("", "u", password))
				}
				var serr *smtp.SMTPError
				if err := auth("wrong"); !errors.As(err, &serr) || serr.Code != 535 {
					t.Fatalf("wrong password: %v, want 535", err)
				}
				if err := auth("p w"); err != nil {
					t.Fatal(err)
				}
				if err := c.SendMail("a@example.com", []string{"b@example.org"}, strings.NewReader(body)); err != nil {
					t.Fatal(err)
				}
				if err := c.Quit(); err != nil {
					t.Fatal(err)
				}
				recs := m.records(t)
				if len(recs) != 1 || s.Accepted() != 1 || m.syncs != 1 {
					t.Fatalf("%d records, %d accepted, %d syncs, want one each", len(recs), s.Accepted(), m.syncs)
				}
				sum := sha256.Sum256([]byte(body))
				r := recs[0]
				if r.Sequence != 1 || r.Connection != 1 || r.User != "u" || r.TLS != (mode != "none") || r.From != "a@example.com" ||
					fmt.Sprint(r.To) != "[b@example.org]" || r.ID != "abc@example.com" || r.Subject != "Grüße =?utf-8?q?x?=" ||
					r.Size != int64(len(body)) || r.SHA256 != hex.EncodeToString(sum[:]) || fmt.Sprint(r.Header["X-Token"]) != "[one two]" || r.Time.IsZero() {
					t.Errorf("record %+v", r)
				}
				kept, err := os.ReadFile(filepath.Join(dir, "b@example.org.eml"))
				if err != nil || string(kept) != body {
					t.Errorf("stored %q, %v", kept, err)
				}
			})
		}
	}
}

func TestClearTextBeforeSTARTTLS(t *testing.T) {
	t.Parallel()
	s := start(t, Options{TLS: "starttls", Username: "u", Password: "p"})
	k := dial(t, s)
	k.expect("220 sink.example")
	k.say("MAIL FROM:<a@example.com>\r\n")
	k.expect("530")
	k.say("EHLO x\r\n")
	if got := k.expect("250-"); strings.Contains(got, "AUTH") || !strings.Contains(got, "STARTTLS") {
		t.Errorf("EHLO: %q", got)
	}
	k.say("AUTH PLAIN AHUAcA==\r\n")
	k.expect("530")
	k.say("NOOP\r\n")
	k.expect("250")
	k.say("STARTTLS\r\nMAIL FROM:<a@example.com>\r\n")
	k.expect("554")
	k.expectEnd()
}

// tapped is a listener that keeps what its connections write.
type tapped struct {
	net.Listener
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *tapped) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &tap{c, l}, err
}

func (l *tapped) sent() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

type tap struct {
	net.Conn
	l *tapped
}

func (c *tap) Write(p []byte) (int, error) {
	c.l.mu.Lock()
	c.l.out.Write(p)
	c.l.mu.Unlock()
	return c.Conn.Write(p)
}

// Ground truth: the record is on disk before the first byte of the reply is on
// the wire. Proven by answering in Session.Data before keep was called: "the
// reply was sent before the record".
func TestRecordBeforeReply(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tl := &tapped{Listener: l}
	var m memory
	var stored bool
	s := start(t, Options{Listener: tl, Record: &m, Observe: func(e Event) {
		if e.Kind != "stored" {
			return
		}
		stored = true
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.buf.Len() == 0 || m.syncs != 1 {
			t.Errorf("stored with %d bytes of record and %d syncs", m.buf.Len(), m.syncs)
		}
		if sent := tl.sent(); strings.Contains(sent, "queued") {
			t.Errorf("the reply was sent before the record: %q", sent)
		}
	}})
	k := dial(t, s).hello()
	if got := k.send("b@example.org"); !strings.Contains(got, "queued") {
		t.Errorf("reply %q", got)
	}
	if !stored {
		t.Error("never stored")
	}
}
