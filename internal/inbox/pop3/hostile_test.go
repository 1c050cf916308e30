package pop3_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailshot/internal/inbox/pop3"
)

// secretless fails the test if an error shows the password, in the clear or as it travelled.
func secretless(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, form := range []string{password, base64.StdEncoding.EncodeToString([]byte("\x00" + username + "\x00" + password)),
		base64.StdEncoding.EncodeToString([]byte(password))} {
		if strings.Contains(err.Error(), form) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

// What comes without TLS decides nothing, and no password goes over it. The attacks are those of the EAST project, as
// far as POP3 has them. Broken on purpose: without the look at what is buffered behind +OK, the injected answer was
// taken for the server's, and the password went by the mechanism that it names.
func TestBeforeTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		clear []string
		hook  func(c *talk, command string) (string, bool)
		want  string // in the error; "" = it works
	}{
		{name: "nothing is offered", clear: []string{}},
		{name: "a login is offered", clear: []string{"SASL PLAIN", "USER"}},
		{name: "refused", hook: func(c *talk, command string) (string, bool) {
			return "-ERR hunter2 no TLS\r\n", command == "STLS"
		}, want: "does not start TLS"},
		{name: "injected", hook: func(c *talk, command string) (string, bool) {
			return "+OK\r\n+OK CAPA\r\nSASL PLAIN\r\n.\r\n", command == "STLS"
		}, want: "unprotected bytes"},
		{name: "greeted twice", hook: func(c *talk, command string) (string, bool) {
			return "+OK ready\r\n+OK go on\r\n", command == "greeting"
		}, want: "nobody asked for"},
		{name: "no TLS behind it", hook: func(c *talk, command string) (string, bool) {
			if command == "STLS" {
				io.WriteString(c, "+OK\r\n")
				io.ReadFull(c, make([]byte, 5))
				io.WriteString(c, "+OK in clear\r\n")
				return "", true
			}
			return "", false
		}, want: "does not speak TLS"},
		{name: "hung up", hook: func(c *talk, command string) (string, bool) { return "", command == "STLS" },
			want: "closed the connection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{tls: "starttls", caps: []string{"SASL PLAIN", "UIDL"}, clear: tt.clear, hook: tt.hook}
			if tt.name == "greeted twice" {
				f.greeting = "hook"
			}
			_, _, _, err := read(t, f.start(t).config())
			secretless(t, err)
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2")):
				t.Errorf("%v, want %q in it", err, tt.want)
			}
			if tt.want != "" {
				for _, c := range f.said() {
					if c != "STLS" {
						t.Errorf("the client said %q", c)
					}
				}
			}
			if said := f.said(); len(said) > 0 && said[0] != "STLS" {
				t.Errorf("the client asked first %q", said[0])
			}
		})
	}
}

// A certificate that is not the server's, or nobody's, is refused before a password is sent.
func TestCertificates(t *testing.T) {
	t.Parallel()
	f := (&fake{tls: "implicit", caps: []string{"SASL PLAIN"}}).start(t)
	for _, tt := range []struct {
		change func(*pop3.Config)
		want   string
	}{
		{func(c *pop3.Config) { c.RootCAs = nil }, "ca_file"},
		{func(c *pop3.Config) { c.Host = "localhost" }, "name in the certificate"},
		{func(c *pop3.Config) { c.Fingerprint = strings.Repeat("ab", 32) }, "another fingerprint"},
		{func(c *pop3.Config) { c.TLS, c.Timeouts.Connect = "starttls", time.Second }, "in time"},
	} {
		c := f.config()
		c.Timeouts.Answer = time.Second
		tt.change(&c)
		c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", f.port))
		}
		_, _, _, err := read(t, c)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %q", err, tt.want)
		}
	}
	if said := f.said(); len(said) > 0 {
		t.Errorf("the client said %q", said)
	}
}

// A configuration that would send a password in clear, or cannot work, is refused at once.
func TestConfig(t *testing.T) {
	t.Parallel()
	good := pop3.Config{Host: "pop.example.com", Username: "ann", Password: func(context.Context) (string, error) { return "", nil }}
	if b, err := pop3.New(good); err != nil || b.Name() != "pop3://ann@pop.example.com:995" {
		t.Errorf("%v, %v", b, err)
	}
	for want, change := range map[string]func(*pop3.Config){
		"never sent":      func(c *pop3.Config) { c.TLS = "none" },
		"not implicit":    func(c *pop3.Config) { c.TLS = "ssl" },
		"neither":         func(c *pop3.Config) { c.Password = nil },
		"both":            func(c *pop3.Config) { c.Token = c.Password },
		"control":         func(c *pop3.Config) { c.Username = "a\r\nDELE 1" },
		"not one of":      func(c *pop3.Config) { c.Auth = "ntlm" },
		"not a host":      func(c *pop3.Config) { c.Host = "a b" },
		"over TLS":        func(c *pop3.Config) { c.TLS, c.Auth = "starttls", "apop" },
		"not a SHA-256":   func(c *pop3.Config) { c.Fingerprint = "abc" },
		"between 1 and":   func(c *pop3.Config) { c.Port = 70000 },
		"without a user":  func(c *pop3.Config) { c.Username = "" },
		"limits must not": func(c *pop3.Config) { c.Limits.Line = 3 },
	} {
		c := good
		change(&c)
		if _, err := pop3.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// -ERR, nonsense, silence and an end, at each command: an error that names no secret, never a hang and never a message
// that is not the server's.
func TestEachPoint(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"greeting", "CAPA", "UTF8", "USER", "PASS", "AUTH", "STAT", "UIDL", "LIST", "TOP", "RETR", "QUIT"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			for _, said := range answers {
				point(t, at, said)
			}
		})
	}
}

// answers are what no server should say.
var answers = []string{
	"-ERR [SYS/TEMP] " + password + "\r\n", "-ERR\r\n", "nonsense\r\n", "", "+OK\r\n+OK\r\n", "+O", "\r\n",
	"+OK " + strings.Repeat("x", 100_000) + "\r\n", "+OK\r\n1 a\r\n", "+ \r\n", "+OK -1 -1\r\n", "+OK 99999999999 1\r\n",
	"+OK\r\n1 a\r\n1 b\r\n.\r\n", "+OK\r\nx y\r\n.\r\n", "+OK\r\n0 a\r\n.\r\n", "* OK\r\n", "220 smtp.example.com\r\n",
	"+OK \x1b[2J\x00\r\n",
}

// point has a server say something at one command.
func point(t *testing.T, at, said string) {
	t.Helper()
	f := &fake{caps: []string{"UIDL", "UTF8"}, messages: []letter{{"a", "Subject: x\r\n\r\nx\r\n"}}, greeting: "hook"}
	switch at {
	case "AUTH":
		f.caps = append(f.caps, "SASL PLAIN")
	case "TOP":
		f.caps = append(f.caps, "TOP")
	}
	f.hook = func(c *talk, command string) (string, bool) {
		word, _, _ := strings.Cut(command, " ")
		if word == at {
			return said, true
		}
		return "+OK ready\r\n", command == "greeting"
	}
	c := f.start(t).config()
	c.Timeouts = pop3.Timeouts{Answer: 200 * time.Millisecond, Quit: 100 * time.Millisecond}
	ids, texts, bad, err := read(t, c)
	for _, err := range append(bad, err) {
		if at != "greeting" && at != "CAPA" && at != "UTF8" { // before the login it is no secret
			secretless(t, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\x00\r\n") {
			t.Errorf("%q: the error has control characters: %q", said, err)
		}
	}
	for i, text := range texts {
		if text != f.messages[0].text && len(bad) == 0 && at != "RETR" && at != "TOP" {
			t.Errorf("%q: message %s is %q", said, ids[i], text)
		}
	}
	if err == nil && len(bad) == 0 && len(texts) == 0 && at != "STAT" && at != "UIDL" {
		t.Errorf("%q: nothing was read and nothing is wrong", said)
	}
}

// What is too large is refused within the limits, and what comes after it is read.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, top := range []bool{true, false} {
		for _, uidl := range []bool{true, false} {
			f := &fake{messages: []letter{{"a", "A: 1\r\n\r\n"}, {"big", "B: 2\r\n\r\n"}, {"c", "C: 3\r\n\r\n"}, {"d", "D: 4\r\n\r\n"}}}
			if uidl {
				f.caps = append(f.caps, "UIDL")
			}
			if top {
				f.caps = append(f.caps, "TOP")
			}
			endless := strings.Repeat("x", 64<<10)
			f.hook = func(c *talk, command string) (string, bool) {
				switch {
				case command == "UIDL" && !uidl:
					return "-ERR unknown\r\n", true
				case command == "LIST":
					return list("1 9", "2 9", "3 9", "4 200000"), true
				case strings.HasPrefix(command, "RETR 2"), strings.HasPrefix(command, "TOP 2"):
					io.WriteString(c, "+OK\r\n")
					for { // a line without an end
						if _, err := io.WriteString(c, endless); err != nil {
							return "", true
						}
					}
				}
				return "", false
			}
			c := f.start(t).config()
			c.Limits.Message = 100_000
			ids, texts, bad, err := read(t, c)
			if err != nil || len(ids) != 4 || texts[0] != "A: 1\r\n\r\n" || texts[2] != "C: 3\r\n\r\n" {
				t.Errorf("top %v uidl %v: %q %v", top, uidl, ids, err)
			}
			for _, err := range bad {
				var large *pop3.TooLargeError
				if !errors.As(err, &large) || large.Size <= 100_000 || large.Size > 1_000_000 {
					t.Errorf("%v", err)
				}
			}
			if len(bad) != 2 {
				t.Errorf("top %v uidl %v: %d errors", top, uidl, len(bad))
			}
		}
	}
}

// A list without an end, and a message that stalls, end with an error.
func TestStalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, want string
		hook       func(c *talk, command string) (string, bool)
	}{
		{"list", "more messages", func(c *talk, command string) (string, bool) {
			if command != "UIDL" {
				return "", false
			}
			io.WriteString(c, "+OK\r\n")
			for n := 1; ; n++ {
				if _, err := fmt.Fprintf(c, "%d u%d\r\n", n, n); err != nil {
					return "", true
				}
			}
		}},
		{"line", "longer", func(c *talk, command string) (string, bool) {
			if command != "UIDL" {
				return "", false
			}
			io.WriteString(c, "+OK\r\n1 ")
			for {
				if _, err := io.WriteString(c, "xxxxxxxxxxxxxxxx"); err != nil {
					return "", true
				}
			}
		}},
		{"message", "in time", func(c *talk, command string) (string, bool) {
			return "+OK\r\nSubject: never\r\n", strings.HasPrefix(command, "RETR")
		}},
		{"silence", "in time", func(c *talk, command string) (string, bool) {
			if command == "STAT" {
				c.in.ReadString('\n')
			}
			return "", false
		}},
		{"half a message", "within an answer", func(c *talk, command string) (string, bool) {
			if strings.HasPrefix(command, "RETR") {
				io.WriteString(c, "+OK\r\nSubject: half\r\n")
				return "", true
			}
			return "", false
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // in a bubble only what stalls takes time
				f := &fake{caps: []string{"UIDL"}, messages: []letter{{"a", "x\r\n"}}, hook: tt.hook}
				c := f.piped(t)
				c.Limits.Messages = 1000
				_, _, bad, err := read(t, c)
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				if strings.Contains(tt.name, "message") && len(bad) != 1 {
					t.Errorf("the message has %d errors", len(bad))
				}
			})
		})
	}
}

// Counts that do not agree: what is listed is read, and what is missing is said.
func TestWrongCounts(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"UIDL"}, messages: []letter{{"a", "x\r\n"}, {"b", "y\r\n"}}}
	stat := "+OK 5 1\r\n"
	f.hook = func(c *talk, command string) (string, bool) { return stat, command == "STAT" }
	c := f.start(t).config()
	ids, _, _, err := read(t, c)
	if len(ids) != 2 || err == nil || !strings.Contains(err.Error(), "lists only 2") {
		t.Errorf("%v %v", ids, err)
	}
	stat = "+OK 1 1\r\n"
	if ids, _, _, err = read(t, c); len(ids) != 2 || err != nil {
		t.Errorf("%v %v", ids, err)
	}
}

// One unique id for several messages: copies count once, others each for themselves, and when the first is gone the rest
// keep their names.
func TestSameUIDL(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"UIDL"}, messages: []letter{{"a", "1\r\n"}, {"a", "2\r\n"}, {"a", "1\r\n"}, {"b", "3\r\n"}, {"a", "4\r\n"}}}
	c := f.start(t).config()
	ids, texts, bad, err := read(t, c)
	if err != nil || len(bad) > 0 || strings.Join(texts, "") != "1\r\n2\r\n3\r\n4\r\n" || ids[0] != "a" || ids[2] != "b" {
		t.Fatalf("%q %q %v", ids, texts, err)
	}
	if again, _, _, err := read(t, c, ids...); err != nil || len(again) > 0 {
		t.Errorf("again: %q %v", again, err)
	}
}

// Without UIDL a message is known by its content, in whatever order; a server that has UIDL and does not give it now is
// an error, because all messages would have other names.
func TestWithoutUIDL(t *testing.T) {
	t.Parallel()
	f := &fake{messages: []letter{{"", "A: 1\r\n\r\nx\r\n"}, {"", "A: 2\r\n\r\nx\r\n"}, {"", "Status: RO\r\nA: 1\r\n\r\nx\r\n"}}}
	said := "-ERR\r\n"
	f.hook = func(c *talk, command string) (string, bool) { return said, command == "UIDL" }
	c := f.start(t).config()
	ids, texts, _, err := read(t, c)
	if err != nil || len(ids) != 2 || texts[1] != "A: 2\r\n\r\nx\r\n" {
		t.Fatalf("%q %v", ids, err)
	}
	slices.Reverse(f.messages)
	if again, _, _, err := read(t, c, ids...); err != nil || len(again) > 0 {
		t.Errorf("again: %q %v", again, err)
	}
	said = "-ERR [SYS/TEMP] later\r\n"
	var e *pop3.Error
	if _, _, _, err = read(t, c); !errors.As(err, &e) || !e.Later {
		t.Errorf("%v", err)
	}
	f.caps, said = []string{"UIDL"}, "-ERR\r\n"
	if ids, _, _, err = read(t, c); err == nil {
		t.Errorf("%q", ids)
	}
}

// A server whose TOP cuts messages off is asked by RETR; one that counts too much is believed after a while.
func TestTop(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"UIDL", "TOP"}}
	for i := range 10 {
		f.messages = append(f.messages, letter{fmt.Sprint("u", i), fmt.Sprintf("A: %d\r\n\r\n%s", i, strings.Repeat("x\r\n", 100))})
	}
	cut := true
	f.hook = func(c *talk, command string) (string, bool) {
		word, _, _ := strings.Cut(command, " ")
		switch {
		case cut && word == "TOP":
			return "+OK\r\nA: cut\r\n.\r\n", true
		case !cut && word == "LIST":
			return list("1 9999", "2 9999", "3 9999", "4 9999", "5 9999", "6 9999", "7 9999", "8 9999", "9 9999", "10 9999"), true
		}
		return "", false
	}
	c := f.start(t).config()
	for _, retrs := range []int{10, 3} {
		f.mu.Lock()
		f.commands = nil
		f.mu.Unlock()
		_, texts, bad, err := read(t, c)
		if err != nil || len(bad) > 0 {
			t.Fatal(err, bad)
		}
		for i, text := range texts {
			if text != f.messages[i].text {
				t.Errorf("message %d is %q", i, text)
			}
		}
		n := 0
		for _, c := range f.said() {
			if strings.HasPrefix(c, "RETR") {
				n++
			}
		}
		if n != retrs {
			t.Errorf("%d RETR, want %d", n, retrs)
		}
		cut = false
	}
}
