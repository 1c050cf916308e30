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
				s := start(t, Options{TLS: mode, Username: "u", Password: "p w", Record: &m, Store: store,
					Headers: []string{"x-token"}})
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
				if r.Sequence != 1 || r.Connection != 1 || r.User != "u" || r.TLS != (mode != "none") ||
					r.From != "a@example.com" ||
					fmt.Sprint(r.To) != "[b@example.org]" || r.ID != "abc@example.com" || r.Subject != "Grüße =?utf-8?q?x?=" ||
					r.Size != int64(len(body)) || r.SHA256 != hex.EncodeToString(sum[:]) ||
					fmt.Sprint(r.Header["X-Token"]) != "[one two]" || r.Time.IsZero() {
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

// Ground truth: the record is on disk before the first byte of the reply is on the wire. Proven by answering in
// Session.Data before keep was called: "the reply was sent before the record".
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

// The observer hears of each step before the client can know that it was made, and of the reply after.
func TestEventsInOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, extra, commands string }{
		{"DATA", "data ", envelope("b@example.org") + stuffed(body)},
		{"BDAT", "", fmt.Sprintf("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nBDAT %d LAST\r\n%s", len(body),
			body)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			tl := &tapped{Listener: l}
			var mu sync.Mutex
			var got string
			var size int64
			done := make(chan bool)
			s := start(t, Options{Listener: tl, Observe: func(e Event) {
				mu.Lock()
				defer mu.Unlock()
				if e.Kind != "body" || !strings.HasSuffix(got, "body ") {
					got += e.Kind + " "
				}
				size = max(size, e.Size)
				if taken := strings.Contains(tl.sent(), "queued"); taken != (e.Kind == "replied") && e.Kind != "closed" {
					t.Errorf("at %s the reply was sent: %t", e.Kind, taken)
				}
				if e.Kind == "closed" {
					close(done)
				}
			}})
			k := dial(t, s).hello()
			k.say(tt.commands + "QUIT\r\n")
			if _, err := io.ReadAll(k.r); err != nil {
				t.Fatal(err)
			}
			<-done
			mu.Lock()
			defer mu.Unlock()
			if want := "connected mail rcpt " + tt.extra + "body dot stored replied closed "; got != want {
				t.Errorf("events %q, want %q", got, want)
			}
			if size != int64(len(body)) {
				t.Errorf("the body's events end at %d bytes, it has %d", size, len(body))
			}
		})
	}
}

// A message whose record cannot be made durable is not accepted.
func TestRecordFails(t *testing.T) {
	t.Parallel()
	m := memory{err: errors.New("disk is full")}
	s := start(t, Options{Record: &m})
	k := dial(t, s).hello()
	if got := k.send("b@example.org"); !strings.HasPrefix(got, "451 4.3.0 sink: disk is full") {
		t.Errorf("reply %q", got)
	}
	if s.Accepted() != 0 {
		t.Error("accepted without a record")
	}
}

// A message by BDAT is recorded too. A chunk that a lost connection cuts off is not, though go-smtp itself would take
// it.
func TestBDAT(t *testing.T) {
	t.Parallel()
	var m memory
	closed := make(chan bool, 2)
	s := start(t, Options{Record: &m, Observe: func(e Event) {
		if e.Kind == "closed" {
			closed <- true
		}
	}})
	k := dial(t, s).hello()
	k.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n")
	k.expect("250")
	k.expect("250")
	k.say(fmt.Sprintf("BDAT 5\r\nFrom:BDAT %d LAST\r\n%s", len(" x\r\n\r\nhi"), " x\r\n\r\nhi"))
	k.expect("250")
	k.expect("250")
	k.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n")
	k.expect("250")
	k.expect("250")
	k.say("BDAT 100 LAST\r\nhalf of it")
	k.Close()
	<-closed
	if recs := m.records(t); len(recs) != 1 || recs[0].Size != 13 {
		t.Errorf("records %+v", recs)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := start(t, Options{MaxSize: 50, MaxConnections: 1, Hide: []string{"PIPELINING", "size", "SMTPUTF8", "DSN"}})
	k := dial(t, s)
	k.expect("220")
	k.say("EHLO x\r\n")
	if got := k.expect("250-Hello x\r\n"); got != "250-Hello x\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 CHUNKING\r\n" {
		t.Errorf("EHLO: %q", got)
	}
	second := dial(t, s)
	second.expect("421 4.7.0")
	second.expectEnd()
	if got := k.send("b@example.org"); !strings.HasPrefix(got, "552 5.3.4") {
		t.Errorf("too large: %q", got)
	}
	k.say("MAIL FROM:<a@example.com> SIZE=51\r\n")
	k.expect("552 5.3.4")
	if s.Connections() != 2 || s.Peak() != 2 || s.Accepted() != 0 {
		t.Errorf("%d connections, peak %d, %d accepted", s.Connections(), s.Peak(), s.Accepted())
	}
}

// Many clients, one file: every record is whole and numbered in order.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "records"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := start(t, Options{Record: f})
	const clients, each = 8, 20
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			k := dial(t, s).hello()
			for j := range each {
				k.send(fmt.Sprintf("r%d.%d@example.org", i, j))
			}
		})
	}
	wg.Wait()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	recs, err := ReadRecords(f)
	if err != nil || len(recs) != clients*each || s.Accepted() != clients*each || s.Peak() > clients {
		t.Fatalf("%d records, %d accepted, peak %d, %v", len(recs), s.Accepted(), s.Peak(), err)
	}
	seen := make(map[string]bool)
	for i, r := range recs {
		if r.Sequence != int64(i+1) || seen[r.To[0]] {
			t.Fatalf("record %d: %+v", i, r)
		}
		seen[r.To[0]] = true
	}
}

func TestReadRecords(t *testing.T) {
	t.Parallel()
	recs, err := ReadRecords(strings.NewReader("{\"sequence\":1,\"to\":[\"a@b\"]}\n{\"sequence\":2,\"to"))
	if err != nil || len(recs) != 1 {
		t.Errorf("torn tail: %d, %v", len(recs), err)
	}
	if _, err := ReadRecords(strings.NewReader("{}\nnonsense\n")); err == nil ||
		!strings.Contains(err.Error(), "record 2") {
		t.Errorf("nonsense: %v", err)
	}
}

// Pipelined raw clients, so that the server is what is measured.
func BenchmarkAccept(b *testing.B) {
	for _, size := range []int{1 << 10, 10 << 10} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			s := start(b, Options{Record: bufio.NewWriterSize(io.Discard, 1<<16)})
			text := body + strings.Repeat(strings.Repeat("x", 70)+"\r\n", (size-len(body))/72)
			transaction := stuffed(text) + envelope("b@example.org")
			b.SetBytes(int64(size))
			const clients = 4
			var wg sync.WaitGroup
			for i := range clients {
				wg.Go(func() {
					k := dial(b, s).hello()
					k.say(envelope("b@example.org"))
					read := func(n int) {
						for range n {
							if _, err := k.r.ReadSlice('\n'); err != nil {
								b.Error(err)
								return
							}
						}
					}
					read(3)
					for n := i; n < b.N; n += clients {
						k.say(transaction)
						read(4)
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(s.Accepted())/b.Elapsed().Seconds(), "msg/s")
		})
	}
}
