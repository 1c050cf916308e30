package servers_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/internal/inbox/imap"
	"mailshot/internal/servers"
)

// TestIMAPOthers reads 10,000 messages of a Cyrus, where they were put by APPEND, and of a Courier, and is killed at
// 50 random points meanwhile.
func TestIMAPOthers(t *testing.T) {
	if !*long {
		t.Skip("Cyrus and Courier are for the long form: go test ./internal/servers -run IMAPOthers -servers.long -v")
	}
	root := servers.UnpackIMAP(t)
	certificate := servers.NewCertificate(t)
	for name, start := range map[string]func(testing.TB, string, *servers.Certificate) *servers.IMAP{
		"Cyrus": servers.Cyrus, "Courier": servers.Courier,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, root, certificate)
			a := account{s, certificate, servers.Username}
			var want []string
			if name == "Courier" { // whose APPEND takes seconds where it has no FAM
				files := letters(0, 10_000)
				s.Put(servers.Username+"/Maildir", files)
				want = bodies(files)
				ask(t, a, "SELECT INBOX", "NOOP") // as another program does: what is new gets a UID that lasts
			} else {
				want = appended(t, a, 10_000)
			}
			before := flags(t, a)
			for _, security := range []string{"implicit", "starttls"} {
				known := killed(t, a, len(want), func(c *imap.Config) {
					if c.TLS = security; security == "starttls" {
						c.Port = s.Ports[0]
					}
				})
				if diff := cmp.Diff(want, values(known)); diff != "" {
					t.Error(diff)
				}
			}
			if diff := cmp.Diff(before, flags(t, a)); diff != "" || len(before) != len(want) {
				t.Errorf("%d messages; the mailbox was changed: %s", len(before), diff)
			}
			if t.Failed() {
				all := s.Log.Lines()
				t.Log(strings.Join(all[max(0, len(all)-40):], "\n"))
			}
		})
	}
}

// appended puts n messages into an inbox by APPEND, and returns their texts in ascending order.
func appended(t *testing.T, a account, n int) (texts []string) {
	t.Helper()
	appender, err := imap.NewAppender(a.config(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer appender.Close()
	for i := range n {
		_, m := mail(i, "example.com")
		texts = append(texts, m)
		if err := appender.Append(t.Context(), imap.Message{Size: int64(len(m)), Body: body(m)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(texts)
	return texts
}

// flags are what a server says about each message: its UID, flags, date and size.
func flags(t *testing.T, a account) []string {
	t.Helper()
	return ask(t, a, "EXAMINE INBOX", "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)")
}

// ask gives commands over a connection of the test's own, and returns what the server says about messages.
func ask(t *testing.T, a account, commands ...string) (found []string) {
	t.Helper()
	conn, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", a.Ports[1]), &tls.Config{RootCAs: a.certificate.Pool})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := bufio.NewScanner(conn)
	login := fmt.Sprintf("LOGIN %s %q", a.name, servers.Password)
	for i, command := range append([]string{login}, commands...) {
		tag := fmt.Sprintf("t%d ", i)
		if _, err := fmt.Fprintf(conn, "%s%s\r\n", tag, command); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() && !strings.HasPrefix(lines.Text(), tag) {
			if strings.Contains(lines.Text(), " FETCH (") {
				found = append(found, lines.Text())
			}
		}
		if !strings.HasPrefix(lines.Text(), tag+"OK") {
			t.Fatalf("%s: %s", command, lines.Text())
		}
	}
	return found
}
