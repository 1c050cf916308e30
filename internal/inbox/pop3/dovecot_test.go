package pop3_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/pop3"
	"mailshot/internal/mailbox"
	"mailshot/internal/servers"
)

var long = flag.Bool("pop3.long", false, "10,000 messages")

// letters are n messages, some of them odd.
func letters(n int) []mailbox.Item {
	list := make([]mailbox.Item, n)
	for i := range list {
		text := fmt.Sprintf("From: a%d@example.com\nSubject: %d\n\n%s.\n..\n", i, i, strings.Repeat("x\n", i%50))
		list[i] = mailbox.Item{Body: strings.NewReader(text), Date: time.Unix(1_790_000_000+int64(i), 0)}
	}
	return list
}

// state is all that mail programs see of a mailbox: the names and contents of its messages.
func state(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, sub := range []string{"new", "cur"} {
		err := filepath.WalkDir(filepath.Join(dir, sub), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			fmt.Fprintf(&b, "%s %q\n", path, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// A real server: each way in, each way to log in, and the mailbox is the same afterwards.
func TestDovecot(t *testing.T) {
	t.Parallel()
	cert := servers.NewCertificate(t)
	s := servers.DovecotPOP3(t, cert, "plain login cram-md5 scram-sha-1 scram-sha-256")
	dir := s.Maildir(t, servers.Username, letters(30)...)
	before := state(t, dir)
	for _, way := range []struct {
		tls  string
		port int
	}{{"starttls", s.Ports[0]}, {"implicit", s.Ports[1]}} {
		for _, auth := range []string{"", "user", "plain", "login", "cram-md5", "scram-sha-256", "SCRAM-SHA-1"} {
			c := pop3.Config{
				Host: "127.0.0.1", Port: way.port, TLS: way.tls, Username: servers.Username, Auth: auth, RootCAs: cert.Pool,
				Password: func(context.Context) (string, error) { return servers.Password, nil },
			}
			ids, texts, bad, err := read(t, c)
			if err != nil || len(bad) > 0 || len(ids) != 30 {
				t.Fatalf("%v %s: %d messages, %v, %v", way, auth, len(ids), bad, err)
			}
			if want := "From: a7@example.com\r\nSubject: 7\r\n\r\n" + strings.Repeat("x\r\n", 7) + ".\r\n..\r\n"; texts[7] != want {
				t.Errorf("%q, want %q", texts[7], want)
			}
			c.Password = func(context.Context) (string, error) { return "another", nil }
			if auth == "" {
				_, _, _, err = read(t, c)
				var e *pop3.Error
				if !errors.As(err, &e) || e.Later || e.Hint == "" || strings.Contains(err.Error(), "another") {
					t.Errorf("a wrong password: %v", err)
				}
			}
		}
	}
	if after := state(t, dir); after != before {
		t.Error("the mailbox has changed")
	}
}

// Killed at 50 moments and begun again, with a caller that remembers what it has read: each message once, none lost.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	n := 300
	if *long {
		n = 10_000
	}
	cert := servers.NewCertificate(t)
	s := servers.DovecotPOP3(t, cert, "")
	dir := s.Maildir(t, servers.Username, letters(n)...)
	before := state(t, dir)
	c := pop3.Config{
		Host: "127.0.0.1", Port: s.Ports[1], Username: servers.Username, RootCAs: cert.Pool, TLS: "implicit",
		Password: func(context.Context) (string, error) { return servers.Password, nil },
	}
	box, err := pop3.New(c)
	if err != nil {
		t.Fatal(err)
	}
	durable := map[string]int{}
	var texts []string
	for run := range 51 {
		ctx, cancel := context.WithCancel(t.Context())
		stop := rand.IntN(2*n/50 + 1) // messages, and then somewhere within one
		err := box.Each(ctx, func(id string) bool { return durable[id] > 0 }, func(m inbox.Message) error {
			if stop--; stop < 0 && run < 50 {
				time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, cancel)
			}
			text, err := whole(ctx, m)
			if err != nil {
				return err
			}
			durable[m.ID]++
			texts = append(texts, text)
			return nil
		})
		cancel()
		if err != nil && (run == 50 || ctx.Err() == nil) {
			t.Fatal(run, err)
		}
	}
	for id, times := range durable {
		if times != 1 {
			t.Errorf("%s was read %d times", id, times)
		}
	}
	slices.Sort(texts)
	if len(durable) != n || len(slices.Compact(texts)) != n {
		t.Errorf("%d messages of %d", len(durable), n)
	}
	if after := state(t, dir); after != before {
		t.Error("the mailbox has changed")
	}
}
