package servers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/imap"
	"mailshot/internal/servers"
)

// account is what an account of an IMAP server is read with.
type account struct {
	*servers.IMAP
	certificate *servers.Certificate
	name        string
}

// box is the account's inbox.
func (a account) box(t *testing.T, change func(*imap.Config)) *imap.Box {
	t.Helper()
	b, err := imap.New(a.config(change))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func (a account) config(change func(*imap.Config)) imap.Config {
	c := imap.Config{Host: "127.0.0.1", Port: a.Ports[1], Username: a.name, RootCAs: a.certificate.Pool,
		Password: func(context.Context) (string, error) { return servers.Password, nil }}
	if change != nil {
		change(&c)
	}
	return c
}

// letters are n messages with LF line ends, by the names of their files.
func letters(from, n int) map[string]string {
	all := map[string]string{}
	for i := from; i < from+n; i++ {
		_, m := mail(i, "example.com")
		all[fmt.Sprintf("%d.M%d.host", 1_700_000_000+i, i)] = strings.ReplaceAll(m, "\r\n", "\n")
	}
	return all
}

// bodies are the texts of messages in ascending order, with CRLF line ends.
func bodies(files map[string]string) []string {
	var all []string
	for _, text := range files {
		all = append(all, strings.ReplaceAll(text, "\n", "\r\n"))
	}
	slices.Sort(all)
	return all
}

// read reads all of a message.
func read(ctx context.Context, m inbox.Message) (string, error) {
	r, err := m.Open(ctx)
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

// all reads the messages of a box, by ascending ID, but for those that are known.
func all(ctx context.Context, b inbox.Box, known map[string]string) error {
	return b.Each(ctx, func(id string) bool { _, ok := known[id]; return ok }, func(m inbox.Message) error {
		text, err := read(ctx, m)
		if err != nil {
			return err
		}
		known[m.ID] = text
		return nil
	})
}

// texts are the values of a map in ascending order.
func values(m map[string]string) []string {
	var v []string
	for _, text := range m {
		v = append(v, text)
	}
	slices.Sort(v)
	return v
}

// TestIMAP reads a box by every way to protect the connection and to log in, and compares the mailbox before and after,
// with its files' names, which have the flags. It fails where the folder is opened by SELECT and bodies are fetched
// without PEEK: then the messages are moved from new to cur, and marked as seen.
func TestIMAP(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	mechanisms := []string{"plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"}
	s := servers.DovecotIMAP(t, certificate, strings.Join(mechanisms, " "), nil)
	a := account{s, certificate, servers.Username}
	files := letters(0, 70)
	files["1700000099.M99.host"] = "Subject: empty\n\n"
	files["1700000098.M98.host"] = "Subject: large\n\n" + strings.Repeat(strings.Repeat("x", 70)+"\n", 12_345)
	s.Put(a.name, files)
	before, want := s.Files(a.name, ""), bodies(files)
	for _, tls := range []string{"implicit", "starttls"} {
		for _, mechanism := range append(mechanisms, "") {
			t.Run(tls+" "+mechanism, func(t *testing.T) {
				known := map[string]string{}
				b := a.box(t, func(c *imap.Config) {
					c.Auth = mechanism
					if c.TLS = tls; tls == "starttls" {
						c.Port = s.Ports[0]
					}
				})
				for range 2 { // the second time over the same connection, and nothing is new
					if err := all(t.Context(), b, known); err != nil {
						t.Fatal(err)
					}
				}
				if diff := cmp.Diff(want, values(known)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	if diff := cmp.Diff(before, s.Files(a.name, "")); diff != "" {
		t.Errorf("the mailbox was changed: %s", diff)
	}
}

// TestIMAPLogin logs in with names and passwords that are hard to write down, by the LOGIN command and by PLAIN.
func TestIMAPLogin(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	passwords := map[string]string{"ann": `quote"back\slash`, "o.brien+tag@example.com": "two words",
		"two words": "Überraschung 密码",
		"jürgen":    "{5}", "用户": `\\x""`}
	plain := servers.DovecotIMAP(t, certificate, "plain", passwords)
	for name, password := range passwords {
		a := account{plain, certificate, name}
		for _, auth := range []string{"", "login"} { // LOGIN is not offered, so it is the command
			known := map[string]string{}
			b := a.box(t, func(c *imap.Config) {
				c.Auth = auth
				c.Password = func(context.Context) (string, error) { return password, nil }
			})
			if err := all(t.Context(), b, known); err != nil {
				t.Errorf("%q %q: %v", name, auth, err)
			}
		}
	}
	wrong := account{plain, certificate, "ann"}.box(t, func(c *imap.Config) {
		c.Password = func(context.Context) (string, error) { return `wrong "secret" пароль`, nil }
	})
	err := all(t.Context(), wrong, map[string]string{})
	var e *imap.Error
	if !errors.As(err, &e) || e.Temporary() || strings.Contains(err.Error(), "secret") || e.Hint == "" {
		t.Errorf("%v", err)
	}
}

// TestIMAPFolder asks for a folder that there is not.
func TestIMAPFolder(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	a := account{servers.DovecotIMAP(t, certificate, "", nil), certificate, servers.Username}
	err := all(t.Context(), a.box(t, func(c *imap.Config) { c.Folder = "Outgoing copy" }), map[string]string{})
	var e *imap.NoFolderError
	if !errors.As(err, &e) || len(e.Near) < 3 || e.Near[0] != "Outgoing copies" {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"Entwürfe", "Outgoing copies", "inbox"} {
		b := a.box(t, func(c *imap.Config) { c.Folder = name })
		if err := all(t.Context(), b, map[string]string{}); err != nil {
			t.Error(err)
		}
	}
}

// TestIMAPGone removes messages while they are read, one of them before its body is asked for, and reads one that is
// larger than may be.
func TestIMAPGone(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	s := servers.DovecotIMAP(t, certificate, "", nil)
	a := account{s, certificate, servers.Username}
	files := letters(0, 300)
	files["1700000200.M200.host"] = "Subject: too large\n\n" + strings.Repeat(strings.Repeat("x", 70)+"\n", 4000)
	s.Put(a.name, files)
	b := a.box(t, func(c *imap.Config) { c.Limits.Message = 200_000 })
	read, large := 0, 0
	err := b.Each(t.Context(), func(string) bool { return false }, func(m inbox.Message) error {
		if read++; read == 5 {
			s.Remove(a.name, "1700000250.M250.host", "1700000251.M251.host")
		}
		r, err := m.Open(t.Context())
		var e *imap.TooLargeError
		if errors.As(err, &e) {
			large++
			return nil
		}
		if err != nil {
			return err
		}
		return r.Close()
	})
	if err != nil || read != 298 || large != 1 {
		t.Errorf("%d read, %d too large, %v", read, large, err)
	}
}

// cut is a connection that is lost after so many octets.
type cut struct {
	net.Conn
	left int
}

func (c *cut) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), max(c.left, 1))])
	if c.left -= n; c.left <= 0 {
		_ = c.Close()
	}
	return n, err
}

// TestIMAPKilled reads a box and is stopped at 50 random points: a lost connection, or the end of the reader. Whoever
// reads remembers the IDs, as a ledger does. In the end each message was counted once, and the mailbox is as it was.
func TestIMAPKilled(t *testing.T) {
	t.Parallel()
	n := 300
	if *long {
		n = 10_000
	}
	certificate := servers.NewCertificate(t)
	s := servers.DovecotIMAP(t, certificate, "", nil)
	a := account{s, certificate, servers.Username}
	files := letters(0, n)
	s.Put(a.name, files)
	before := s.Files(a.name, "")
	known := killed(t, a, n, nil)
	if diff := cmp.Diff(bodies(files), values(known)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, s.Files(a.name, "")); diff != "" {
		t.Errorf("the mailbox was changed: %s", diff)
	}
}

// killed reads the n messages of a box and is stopped at 50 random points. It fails the test if a message is counted
// twice, and returns the messages by their IDs.
func killed(t *testing.T, a account, n int, change func(*imap.Config)) map[string]string {
	t.Helper()
	known, times, lost := map[string]string{}, map[string]int{}, 0
	for kill := 0; len(known) < n && kill < 1000; kill++ {
		ctx, cancel := context.WithCancel(t.Context())
		b := a.box(t, func(c *imap.Config) {
			if change != nil {
				change(c)
			}
			if kill < 50 && kill%2 == 0 {
				c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					conn, err := new(net.Dialer).DialContext(ctx, network, address)
					return &cut{conn, 10_000 + rand.IntN(n*500)}, err // a message has 12 kB, on average
				}
			}
		})
		stop := rand.IntN(n / 25)
		err := b.Each(ctx, func(id string) bool { _, ok := known[id]; return ok }, func(m inbox.Message) error {
			if stop--; kill < 50 && kill%2 == 1 && stop < 0 {
				cancel() // the process ends before it has remembered the message
				return context.Canceled
			}
			text, err := read(ctx, m)
			if err != nil {
				return err
			}
			known[m.ID] = text
			times[m.ID]++
			return nil
		})
		cancel()
		var part *imap.PartError
		if errors.As(err, &part) {
			lost++
		}
		_ = b.Close()
		if kill >= 50 && err != nil {
			t.Fatal(err)
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was counted %d times", id, n)
		}
	}
	t.Logf("%d messages, 50 times killed, %d of them by a lost connection in the middle", len(known), lost)
	return known
}

// TestIMAPWait waits for messages by IDLE.
func TestIMAPWait(t *testing.T) {
	t.Parallel()
	certificate := servers.NewCertificate(t)
	s := servers.DovecotIMAP(t, certificate, "", nil)
	a := account{s, certificate, servers.Username}
	s.Put(a.name, letters(0, 3))
	b, known := a.box(t, nil), map[string]string{}
	for i := range 3 {
		for len(known) < 3+i { // the server may not have looked at the folder yet
			if err := all(t.Context(), b, known); err != nil {
				t.Fatal(err)
			}
		}
		arrived := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { arrived <- b.Wait(ctx) }()
		s.Put(a.name, letters(10+i, 1))
		if err := <-arrived; err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Wait(ctx) }()
	cancel()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
