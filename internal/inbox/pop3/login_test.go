package pop3_test

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/pop3"
)

// The logins: the example of RFC 1939 for APOP, greetings that APOP must not use, tokens that are too long for a line.
func TestLogins(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("t0ken", 400)
	for _, tt := range []struct {
		name, greeting, auth string
		caps                 []string
		token                bool
		want                 []string // what the client says to log in
		fails                bool
	}{
		{name: "apop", greeting: "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>", auth: "apop",
			want: []string{"APOP ann " + digest("<1896.697170952@dbc.mtview.ca.us>")}},
		{name: "nothing else", greeting: "+OK <1.2@example.com>", caps: []string{"UIDL"},
			want: []string{"APOP ann " + digest("<1.2@example.com>")}},
		{name: "no timestamp", greeting: "+OK ready", auth: "apop", fails: true},
		{name: "not a Message-ID", greeting: "+OK <\x80\xff\x01@x>", auth: "apop", fails: true},
		{name: "two of them", greeting: "+OK <a@b> <c@d>", auth: "apop", fails: true},
		{name: "no at", greeting: "+OK <ready>", caps: []string{"UIDL"}, want: []string{"USER ann", "PASS " + password}},
		{name: "user", caps: []string{"USER"}, want: []string{"USER ann", "PASS " + password}},
		{name: "no capa", want: []string{"USER ann", "PASS " + password}},
		{name: "plain", caps: []string{"SASL LOGIN PLAIN", "USER"},
			want: []string{"AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00ann\x00"+password))}},
		{name: "xoauth2", caps: []string{"SASL PLAIN XOAUTH2"}, token: true, want: []string{"AUTH XOAUTH2",
			base64.StdEncoding.EncodeToString([]byte("user=ann\x01auth=Bearer " + token + "\x01\x01"))}},
		{name: "no token", caps: []string{"SASL PLAIN", "USER"}, token: true, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{greeting: tt.greeting, caps: tt.caps}
			var said []string
			f.hook = func(c *talk, command string) (string, bool) {
				switch word, _, _ := strings.Cut(command, " "); {
				case word == "CAPA" && tt.name == "no capa":
					return "-ERR\r\n", true
				case command == "AUTH XOAUTH2":
					said = append(said, command)
					return "+ \r\n", true
				case word != "CAPA" && word != "STAT" && word != "QUIT":
					said = append(said, command)
					return "+OK\r\n", true
				}
				return "", false
			}
			c := f.start(t).config()
			c.Auth = tt.auth
			if tt.token {
				c.Password, c.Token = nil, func(context.Context) (string, error) { return token, nil }
			}
			_, _, _, err := read(t, c)
			if tt.fails != (err != nil) {
				t.Error(err)
			}
			secretless(t, err)
			if !slices.Equal(said, tt.want) {
				t.Errorf("the client said %q", said)
			}
		})
	}
}

func digest(timestamp string) string {
	sum := md5.Sum([]byte(timestamp + password))
	return hex.EncodeToString(sum[:])
}

// A server that deletes by itself what was read is left without QUIT.
func TestExpires(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"UIDL", "EXPIRE 0"}, messages: []letter{{"a", "x\r\n"}}}
	if _, texts, _, err := read(t, f.start(t).config()); err != nil || len(texts) != 1 {
		t.Fatal(texts, err)
	}
	if slices.Contains(f.said(), "QUIT") {
		t.Error("the client said QUIT")
	}
}

// A message that is not read to its end, not opened, or opened twice, disturbs no other.
func TestHalfRead(t *testing.T) {
	t.Parallel()
	for _, caps := range [][]string{{"UIDL"}, {"UIDL", "TOP"}} {
		f := &fake{caps: caps}
		for i := range 9 {
			f.messages = append(f.messages, letter{fmt.Sprint("u", i), fmt.Sprintf("%d\r\n%s", i, strings.Repeat("x\r\n", 50_000))})
		}
		box, err := pop3.New(f.start(t).config())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = box.Each(t.Context(), func(string) bool { return false }, func(m inbox.Message) error {
			defer func() { n++ }()
			switch n % 3 {
			case 0:
				r, err := m.Open(t.Context())
				if err != nil {
					return err
				}
				_, err = io.ReadFull(r, make([]byte, 10))
				if n%2 == 0 {
					err = errors.Join(err, r.Close())
				}
				return err
			case 1:
				return nil
			}
			for range 2 {
				if text, err := whole(t.Context(), m); err != nil || text != f.messages[n].text {
					t.Errorf("message %d: %d octets, %v", n, len(text), err)
				}
			}
			return nil
		})
		if err != nil || n != 9 {
			t.Errorf("%d messages, %v", n, err)
		}
	}
}
