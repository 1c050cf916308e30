package servers_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"mailshot/internal/servers"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// messages is how many go each way.
const messages = 1000

// body is a finished message, with CRLF line ends.
type body string

func (b body) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, string(b))
	return int64(n), err
}

// texts are what servers may stumble over: dots, empty lines, lines of the longest kind, words that look like an mbox or
// like commands, and one body too large to go by BDAT.
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
		"Message-ID: <%d.%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n%s", to, i, i, to, texts[i%len(texts)])
	return sender.Mail{From: "news@example.com", To: to, Size: int64(len(m)), Body: body(m)}, m
}

// send hands n messages to a domain over to a server and gives those that were reported as sent, by Message-ID.
func send(t *testing.T, cfg sender.Config, domain string, n int) map[string]string {
	t.Helper()
	p, err := sender.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sent := map[string]string{}
	var mu sync.Mutex
	var workers sync.WaitGroup
	next := make(chan int)
	for range 2 * cfg.Connections {
		workers.Go(func() {
			for i := range next {
				m, text := mail(i, domain)
				out := p.Send(t.Context(), m, func(context.Context) error { return nil })
				if out.Class != reply.OK {
					t.Errorf("%s: %s %v", m.To, out.Class, out.Err)
					continue
				}
				mu.Lock()
				sent[messageID(text)] = text
				mu.Unlock()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
	return sent
}

// messageID is that of a message with any line ends.
func messageID(m string) string {
	_, rest, _ := strings.Cut(m, "\nMessage-ID: <")
	id, _, _ := strings.Cut(rest, ">")
	return id
}

// delivered compares a mailbox with what was reported as sent: the same messages, each once, and each of them to the byte
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
		case !strings.Contains(top, "<"+strings.SplitN(id, ".", 2)[1]+">") && !strings.Contains(top, ": "+strings.SplitN(id, ".", 2)[1]+"\n"):
			t.Errorf("%s: to somebody else: %q", id, top)
		}
		seen[id] = true
	}
}

func waiting(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func password(context.Context) (sender.Secret, error) { return servers.Password, nil }

// TestPostfix: a thousand messages each way, over STARTTLS and with a login, are in the mailbox as they were sent.
func TestPostfix(t *testing.T) {
	t.Parallel()
	ways := []struct{ name, withhold, auth string }{
		{"lock-step", "pipelining,chunking", "plain"},
		{"pipelined", "chunking", "cram-md5"},
		{"bdat", "", ""},
	}
	var domains, withhold []string
	for _, w := range ways {
		domains, withhold = append(domains, w.name+".example"), append(withhold, w.withhold)
	}
	certificate := servers.NewCertificate(t)
	s := servers.Postfix(t, certificate, domains, withhold...)
	t.Run("ways", func(t *testing.T) {
		for i, w := range ways {
			t.Run(w.name, func(t *testing.T) {
				t.Parallel()
				cfg := sender.Config{Host: "127.0.0.1", Port: s.Ports[i], TLS: "starttls", RootCAs: certificate.Pool,
					Username: servers.Username, Password: password, Auth: w.auth, Connections: 3}
				sent := send(t, cfg, domains[i], messages)
				if err := s.Log.Wait(waiting(t), len(sent), "@"+domains[i]+">", "status=sent"); err != nil {
					t.Fatal(err)
				}
				delivered(t, s, domains[i], sent)
			})
		}
	})
	if t.Failed() {
		t.Log(strings.Join(s.Log.Lines("warning"), "\n"))
	}
}

// TestDovecot: the same, by LMTP into the mailbox.
func TestDovecot(t *testing.T) {
	t.Parallel()
	s := servers.Dovecot(t)
	for _, w := range []struct {
		name string
		set  func(*sender.Config)
	}{
		{"lock-step", func(c *sender.Config) { c.LockStep = true }},
		{"pipelined", func(c *sender.Config) { c.ChunkLimit = -1 }},
		{"bdat", func(*sender.Config) {}},
	} {
		t.Run(w.name, func(t *testing.T) {
			cfg := sender.Config{Host: "127.0.0.1", Port: s.Ports[0], Protocol: sender.LMTP, TLS: "none", Connections: 3}
			w.set(&cfg)
			domain := w.name + ".example"
			delivered(t, s, domain, send(t, cfg, domain, messages))
		})
	}
}
