package servers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"mailshot/internal/servers"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// Real servers take a message with copies in one transaction, one command at a time and pipelined. Whoever they refuse
// is told, and each of the others gets the message once, whole.
func TestCopies(t *testing.T) {
	t.Parallel()
	const domain, n = "copies.example", 20
	certificate := servers.NewCertificate(t)
	postfix := servers.Postfix(t, certificate, []string{domain}, "", "PIPELINING,CHUNKING")
	dovecot := servers.Dovecot(t)
	submission := func(port int) sender.Config {
		return sender.Config{Host: "127.0.0.1", Port: port, TLS: "starttls", RootCAs: certificate.Pool,
			Username: servers.Username, Password: password}
	}
	logged := 0
	for way, c := range []struct {
		name    string
		cfg     sender.Config
		s       *servers.Server
		refuses bool // some copies
	}{
		{"Postfix", submission(postfix.Ports[0]), postfix, true},
		{"Postfix, lock-step", submission(postfix.Ports[1]), postfix, true},
		{"Dovecot", sender.Config{Host: "127.0.0.1", Port: dovecot.Ports[0], Protocol: sender.LMTP, TLS: "none"}, dovecot,
			false},
	} {
		pool, err := sender.New(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		sent := map[string]string{}
		for i := range n {
			m, text := mail(1000*way+i, domain)
			m.Copies = []string{fmt.Sprintf("copy%d@%s", i, domain), "refused@" + domain, "blind@" + domain, "later@" + domain}
			out := pool.Send(t.Context(), m, func(context.Context) error { return nil })
			if out.Class != reply.OK || len(out.Copies) != 4 {
				t.Fatalf("%s: %+v", c.name, out)
			}
			for j, code := range []int{250, 550, 250, 450} {
				if got := out.Copies[j]; c.refuses && (got.Code != code || got.Accepted != (code == 250)) || !c.refuses &&
					!got.Accepted {
					t.Errorf("%s: %+v, want %d", c.name, got, code)
				}
			}
			sent[messageID(strings.ReplaceAll(text, "\r\n", "\n"))] = text
		}
		each := 5
		if c.refuses {
			each = 3
			logged += n * each
			if err := c.s.Log.Wait(waiting(t), logged, "@"+domain+">", "status=sent"); err != nil {
				t.Fatal(err)
			}
		}
		all, err := c.s.Mailbox(domain)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, m := range all {
			m = strings.ReplaceAll(m, "\r\n", "\n")
			id := messageID(m)
			text, ours := sent[id]
			got[id]++
			_, body, _ := strings.Cut(m, "\n\n")
			_, want, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
			if ours && strings.TrimRight(body, "\n") != strings.TrimRight(want, "\n") || body == "" {
				t.Errorf("%s: %s is not what was sent: %q", c.name, id, body)
			}
		}
		for id := range sent {
			if got[id] != each {
				t.Errorf("%s: %s is in the mailbox %d times, want %d", c.name, id, got[id], each)
			}
		}
	}
}
