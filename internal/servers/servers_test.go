package servers_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/internal/servers"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// messages is how many messages go each way.
const messages = 1000

// body is a finished message, with CRLF line ends.
type body string

func (b body) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(b))
	return int64(n), err
}

// texts are bodies that servers may stumble over: dots, empty lines, the longest lines, words that look like an mbox or
// like commands, and one body too large for BDAT.
var texts = []string{
	"Dear reader,\r\nthis is all.\r\n",
	".\r\n..\r\n.leading\r\n. QUIT\r\n",
	"\r\n\r\nempty lines on both sides\r\n\r\n\r\n",
	strings.Repeat("x", 998) + "\r\n." + strings.Repeat("y", 997) + "\r\n",
	"From here on\r\n>From there\r\nQUIT\r\nDATA\r\nRSET\r\n",
	"blanks at the end \t \r\n\ttab\r\n \r\n",
	strings.Repeat("0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n", 900),
}

// mail is message number i to a domain.
func mail(i int, domain string) (sender.Mail, string) {
	to := fmt.Sprintf("person%d@%s", i, domain)
	m := fmt.Sprintf("From: News <news@example.com>\r\nTo: <%s>\r\nSubject: Number %d\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n"+
		"Message-ID: <%d.%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n%s", to, i, i, to,
		texts[i%len(texts)])
	return sender.Mail{From: "news@example.com", To: to, Size: int64(len(m)), Body: body(m)}, m
}

// wire counts what goes over a connection.
type wire struct {
	net.Conn
	*counts
	heard bool // since the last write
}

// counts are the counts of all connections of a pool.
type counts struct {
	opened, turns atomic.Int64 // connections; writes after something was read
	bdat          atomic.Int64 // BDAT commands, where TLS does not hide them
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.heard = w.heard || n > 0
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	if w.heard {
		w.turns.Add(1)
	}
	w.heard = false
	if i := bytes.Index(b, []byte("\r\nBDAT ")); i >= 0 && bytes.HasPrefix(b, []byte("MAIL FROM")) {
		w.bdat.Add(1)
	}
	return w.Conn.Write(b)
}

// send hands the messages to a domain over to a server and returns those that were reported as sent, by Message-ID. It
// closes all connections.
func send(t *testing.T, cfg sender.Config, domain string) (map[string]string, *counts) {
	t.Helper()
	c := new(counts)
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		c.opened.Add(1)
		return &wire{Conn: conn, counts: c}, err
	}
	p, err := sender.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sent := map[string]string{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	var broken atomic.Bool
	next := make(chan int)
	for range 2 * cfg.Connections {
		workers.Go(func() {
			for i := range next {
				m, text := mail(i, domain)
				out := p.Send(t.Context(), m, func(context.Context) error { return nil })
				if out.Class != reply.OK {
					t.Errorf("%s: %s %v", m.To, out.Class, out.Err)
					broken.Store(true)
					continue
				}
				mu.Lock()
				sent[messageID(text)] = text
				mu.Unlock()
			}
		})
	}
	for i := range messages {
		if broken.Load() {
			break // a thousand errors would say no more
		}
		next <- i
	}
	close(next)
	workers.Wait()
	t.Logf("%d sent over %d connections in %d round trips", len(sent), c.opened.Load(), c.turns.Load())
	return sent, c
}

// messageID is the Message-ID of a message with any line ends.
func messageID(m string) string { return between(m, "\nMessage-ID: <", ">") }

// recipient is the address that a message's To names.
func recipient(m string) string { return between(between(m, "\nTo: ", "\r\n"), "<", ">") }

func between(s, begin, end string) string {
	_, s, _ = strings.Cut(s, begin)
	s, _, _ = strings.Cut(s, end)
	return s
}

// delivered compares a mailbox with what was reported as sent: the same messages, each once, and each byte for byte
// below what the server put on top.
func delivered(t *testing.T, s *servers.Server, domain string, sent map[string]string) {
	t.Helper()
	box, err := s.Mailbox(domain)
	if err != nil {
		t.Fatal(err)
	}
	if len(box) != len(sent) {
		t.Errorf("%d messages in the mailbox, %d reported as sent", len(box), len(sent))
	}
	seen := map[string]bool{}
	for _, got := range box {
		id := messageID(got)
		want, ok := sent[id]
		top, same := strings.CutSuffix(got, strings.ReplaceAll(want, "\r\n", "\n"))
		switch {
		case !ok:
			t.Errorf("in the mailbox, and not reported as sent: %q", id)
		case seen[id]:
			t.Errorf("%s: twice", id)
		case !same || top != "" && !strings.HasSuffix(top, "\n") || strings.Contains(top, "\n\n"):
			t.Errorf("%s: other bytes: %.2000q", id, got)
		case !strings.Contains("\n"+top, "\nDelivered-To: "+recipient(want)+"\n") &&
			!strings.Contains("\n"+top, "\nEnvelope-to: "+recipient(want)+"\n"):
			t.Errorf("%s: to somebody else: %q", id, top)
		}
		seen[id] = true
	}
}

func waiting(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a hang, and no slow machine
	t.Cleanup(cancel)
	return ctx
}

func password(context.Context) (sender.Secret, error) { return servers.Password, nil }

// ways are the three shapes of a transaction, by what a server offers.
var ways = []struct{ name, withhold, auth string }{
	{"lock-step", "pipelining,chunking", "plain"},
	{"pipelined", "chunking", "cram-md5"},
	{"bdat", "", ""},
}

// shape fails the test unless the messages went in the intended way.
func shape(t *testing.T, way string, c *counts) {
	t.Helper()
	const setup = 12 // round trips of a connection before its first message, and QUIT: TLS and SCRAM take the most
	turns := int(c.turns.Load()) - setup*int(c.opened.Load())
	switch {
	case way == "lock-step" && turns < 3*messages:
		t.Errorf("%d round trips: not one command after another", turns)
	case way != "lock-step" && turns > 2*messages:
		t.Errorf("%d round trips: not pipelined", turns)
	}
}

// chunks fails the test unless n is the number of messages that should go by BDAT.
func chunks(t *testing.T, way string, n int) {
	t.Helper()
	if way == "bdat" && n < messages/2 || way != "bdat" && n != 0 {
		t.Errorf("%d messages went by BDAT", n)
	}
}

// TestPostfix sends a thousand messages each way, over STARTTLS and with a login. They are in the mailbox as they were
// sent.
func TestPostfix(t *testing.T) {
	t.Parallel()
	var domains, withhold []string
	for _, w := range ways {
		domains, withhold = append(domains, w.name+".example"), append(withhold, w.withhold)
	}
	certificate := servers.NewCertificate(t)
	s := servers.Postfix(t, certificate, append(domains, "campaign.example"), append(withhold, "", "")...)
	t.Run("group", func(t *testing.T) {
		for i, w := range ways {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				cfg := sender.Config{Host: "127.0.0.1", Port: s.Ports[i], TLS: "starttls", RootCAs: certificate.Pool,
					Username: servers.Username, Password: password, Auth: w.auth, Connections: 3}
				sent, c := send(t, cfg, domains[i])
				if err := s.Log.Wait(waiting(t), len(sent), "@"+domains[i]+">", "status=sent"); err != nil {
					t.Fatal(err)
				}
				delivered(t, s, domains[i], sent)
				port := "postfix/" + strconv.Itoa(s.Ports[i]) + "/"
				if err := s.Log.Wait(waiting(t), int(c.opened.Load()), port, "disconnect from"); err != nil {
					t.Fatal(err)
				}
				bdat := 0
				for _, line := range s.Log.Lines(port, "disconnect from") {
					if m := regexp.MustCompile(` bdat=(\d+) `).FindStringSubmatch(line); m != nil {
						n, _ := strconv.Atoi(m[1]) // they are digits
						bdat += n
					}
				}
				shape(t, w.name, c)
				chunks(t, w.name, bdat)
			})
		}
		t.Run("campaign", func(t *testing.T) {
			t.Parallel()
			ca, err := os.ReadFile(certificate.File)
			if err != nil {
				t.Fatal(err)
			}
			server := fmt.Sprintf("server: { host: 127.0.0.1, port: %d, tls: starttls, username: %s, password: { file: password }, ca_file: ca.pem }\n",
				s.Ports[len(ways)], servers.Username)
			if counts := campaigned(t, s, server, messages, string(ca)); counts[string(ledger.Sent)] != messages+1 {
				t.Errorf("the report says %v", counts)
			}
		})
		t.Run("bare newline", func(t *testing.T) {
			t.Parallel()
			bareNewline(t, s.Ports[len(ways)+1], certificate)
		})
	})
	// Of the machine's clocks, which may differ by a second where they are read, the mail knows nothing.
	clocks := func(line string) bool {
		return strings.Contains(line, "warning: file system clock is ") ||
			strings.Contains(line, "warning: resetting file time stamps")
	}
	if warnings := slices.DeleteFunc(s.Log.Lines("warning"), clocks); len(warnings) > 0 {
		t.Errorf("Postfix warns:\n%s", strings.Join(warnings, "\n"))
	}
}

// bareNewline checks that the server that has taken all those messages refuses an LF without its CR.
func bareNewline(t *testing.T, port int, certificate *servers.Certificate) {
	c, err := smtp.Dial(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, step := range []func() error{
		func() error { return c.StartTLS(&tls.Config{ServerName: "127.0.0.1", RootCAs: certificate.Pool}) },
		func() error { return c.Auth(smtp.PlainAuth("", servers.Username, servers.Password, "127.0.0.1")) },
		func() error { return c.Mail("news@example.com") },
		func() error { return c.Rcpt("person@campaign.example") },
		func() error { return c.Text.PrintfLine("DATA") },
		func() error { _, _, err := c.Text.ReadResponse(354); return err },
		func() error { return c.Text.PrintfLine("Subject: one\nline\r\n\r\n.") },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if code, text, err := c.Text.ReadResponse(250); code/100 != 5 || !strings.Contains(text, "bare") {
		t.Errorf("an LF without its CR was answered by %d %s, %v", code, text, err)
	}
}

// TestDovecot does the same by LMTP into the mailbox.
func TestDovecot(t *testing.T) {
	t.Parallel()
	s := servers.Dovecot(t)
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			cfg := sender.Config{Host: "127.0.0.1", Port: s.Ports[0], Protocol: sender.LMTP, TLS: "none", Connections: 3,
				LockStep: w.name == "lock-step"}
			if w.name == "pipelined" {
				cfg.ChunkLimit = -1
			}
			domain := w.name + ".example"
			sent, c := send(t, cfg, domain)
			delivered(t, s, domain, sent)
			shape(t, w.name, c)
			chunks(t, w.name, int(c.bdat.Load()))
		})
	}
	// It offers no SMTPUTF8: one recipient is refused for that, and nobody else.
	t.Run("campaign", func(t *testing.T) {
		t.Parallel()
		const n = 50
		counts := campaigned(t, s, "server: { socket: "+s.Socket+", protocol: lmtp }\n", n, "")
		if counts[string(ledger.Sent)] != n || counts[string(ledger.Refused)] != 1 {
			t.Errorf("the report says %v", counts)
		}
	})
}
