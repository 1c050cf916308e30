package sink

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// Each rule in one conversation, over a real socket. A step of the script is what the client says and what it must then
// hear. "EOF" is a closed connection, "RESET" one that is reset.
func TestFaults(t *testing.T) {
	t.Parallel()
	type step struct{ say, hear string }
	const mail, rcpt, data = "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@gmail.example>\r\n", "DATA\r\n"
	hello := []step{{"", "220 "}, {"EHLO c.example\r\n", "250-"}}
	head := append(hello[:2:2], step{mail, "250 "}, step{rcpt, "250 "}, step{data, "354 "})
	message := stuffed(body)
	tests := []struct {
		rule     string
		tls      string
		steps    []step
		accepted int64
	}{
		{rule: "connect:421 4.3.2 busy", steps: []step{{"", "421 4.3.2 busy\r\n"}, {"", "EOF"}}},
		{rule: "connect:554 5.3.2 no", steps: []step{{"", "554 5.3.2 no\r\n"}, {"EHLO x\r\n", "503 "}, {"QUIT\r\n", "221 "},
			{"", "EOF"}}},
		{rule: "connect:drop", steps: []step{{"", "EOF"}}},
		{rule: "ehlo:reset", steps: []step{{"", "220 "}, {"EHLO x\r\n", "RESET"}}},
		{rule: "connect:half", steps: []step{{"", "220 sink.example ESEOF"}}},
		{rule: "connect:220 mx.example hi", steps: []step{{"", "220 mx.example hi\r\n"}, {"EHLO x\r\n", "250-"},
			{mail, "250 "}}},
		{rule: `connect:220 one\ntwo`, steps: []step{{"", "220-one\r\n220 two\r\n"}, {"EHLO x\r\n", "250-"}}},
		{rule: "ehlo:502 5.5.1 what", steps: []step{{"", "220 "}, {"EHLO x\r\n", "502 5.5.1 what\r\n"}, {mail, "502 "}}},
		{rule: "ehlo:drop", steps: []step{{"", "220 "}, {"EHLO x\r\n", "EOF"}}},
		{rule: `ehlo:1:raw "250-x\r\n250 SIZE 5\r\n"`, steps: []step{{"", "220 "}, {"EHLO x\r\n", "250-x\r\n250 SIZE 5\r\n"},
			{mail, "250 "}}},
		{rule: "ehlo:500 5.5.1 no", tls: "starttls", steps: []step{{"", "220 "}, {"EHLO x\r\n", "500 5.5.1 no\r\n"}}},
		{rule: "starttls:454 4.7.0 later", tls: "starttls",
			steps: append(hello[:2:2], step{"STARTTLS\r\n", "454 4.7.0 later\r\n"}, step{mail, "530 "})},
		{rule: "starttls:drop", tls: "starttls", steps: append(hello[:2:2], step{"STARTTLS\r\n", "EOF"})},
		{rule: "tls:drop", tls: "starttls", steps: append(hello[:2:2], step{"STARTTLS\r\n", "220 "}, step{"", "EOF"})},
		{rule: "tls:drop", tls: "implicit", steps: []step{{"", "EOF"}}},
		{rule: "mail:451 4.3.0 later", steps: append(hello[:2:2], step{mail, "451 4.3.0 later\r\n"}, step{rcpt, "502 "},
			step{mail, "451 "})},
		{rule: "mail:a@*:550 5.7.1 not you", steps: append(hello[:2:2], step{mail, "550 5.7.1 not you\r\n"},
			step{"MAIL FROM:<c@example.com>\r\n", "250 "})},
		{rule: "mail:garbage", steps: append(hello[:2:2], step{mail, "\x00\xff"})},
		{rule: "rcpt:*@gmail.example:450 4.2.1 slow: down", steps: append(hello[:2:2], step{mail, "250 "},
			step{rcpt, "450 4.2.1 slow: down\r\n"},
			step{"RCPT TO:<b@example.org>\r\n", "250 "}, step{data, "354 "}, step{message, "250 "}), accepted: 1},
		{rule: "rcpt:once:451 4.7.1 greylisted", steps: append(hello[:2:2], step{mail, "250 "},
			step{rcpt, "451 4.7.1 greylisted\r\n"}, step{rcpt, "250 "})},
		{rule: "rcpt:421 4.7.0 bye", steps: append(hello[:2:2], step{mail, "250 "}, step{rcpt + data, "421 4.7.0 bye\r\n"},
			step{"", "EOF"})},
		{rule: "rcpt:half", steps: append(hello[:2:2], step{mail, "250 "}, step{rcpt, "250 2.0.0 OEOF"})},
		{rule: "rcpt:drop", steps: append(hello[:2:2], step{mail + rcpt + data, "250 "}, step{"", "EOF"})},
		{rule: "data:450 4.3.0 not now", steps: append(hello[:2:2], step{mail, "250 "}, step{rcpt, "250 "},
			step{data, "450 4.3.0 not now\r\n"},
			step{mail, "250 "}, step{"RSET\r\n", "250 "})},
		{rule: "data:1:451 4.3.0 not now",
			steps: append(append(hello[:2:2], step{mail + rcpt + data, "250 "}, step{"", "250 "},
				step{"", "451 4.3.0 not now\r\n"}), append(head[2:5:5], step{message, "250 "})...), accepted: 1},
		{rule: "data:354 go", steps: append(head[:4:4], step{data, "354 go\r\n"}, step{message, "250 "}), accepted: 1},
		{rule: "data:drop", steps: append(head[:4:4], step{data, "EOF"})},
		{rule: "data:delay 1ms", steps: append(head[:5:5], step{message, "250 "}), accepted: 1},
		{rule: "body:reset", steps: append(head[:5:5], step{"Subject: x\r\n", "RESET"})},
		{rule: "dot:drop", steps: append(head[:5:5], step{message, "EOF"})},
		{rule: "dot:store-drop", steps: append(head[:5:5], step{message, "EOF"}), accepted: 1},
		{rule: "dot:reset", steps: append(head[:5:5], step{message, "RESET"})},
		{rule: "dot:store-reset", steps: append(head[:5:5], step{message, "RESET"}), accepted: 1},
		{rule: "dot:half", steps: append(head[:5:5], step{message, "250 2.0.0 OEOF"})},
		{rule: "dot:store-half", steps: append(head[:5:5], step{message, "250 2.0.0 OEOF"}), accepted: 1},
		{rule: "dot:554 5.7.1 spam", steps: append(head[:5:5], step{message, "554 5.7.1 spam\r\n"}, step{mail, "250 "})},
		{rule: "dot:store-451 4.3.0 a lie", steps: append(head[:5:5], step{message, "451 4.3.0 a lie\r\n"}), accepted: 1},
		{rule: "dot:421 4.3.2 bye", steps: append(head[:5:5], step{message, "421 4.3.2 bye\r\n"}, step{"", "EOF"})},
		{rule: "dot:250 fine, id 7", steps: append(head[:5:5], step{message, "250 fine, id 7\r\n"}), accepted: 1},
		{rule: "dot:600 what", steps: append(head[:5:5], step{message, "600 what\r\n"})},
		{rule: `dot:raw "250 ok\r\n421 bye\r\n"`, steps: append(head[:5:5], step{message, "250 ok\r\n"},
			step{"", "421 bye\r\n"}, step{mail, "250 "}), accepted: 1},
		{rule: `dot:raw "250-x\r\n" drop`, steps: append(head[:5:5], step{message, "250-x\r\nEOF"}), accepted: 1},
		// Whether the client still reads the reply before the reset depends on its system.
		{rule: `dot:raw "250 ok\r\n" reset`, steps: append(head[:5:5], step{message, ""}), accepted: 1},
		{rule: `dot:raw "25" drop`, steps: append(head[:5:5], step{message, "25EOF"})},
		{rule: "dot:2:drop", steps: append(append(head[:5:5], step{message, "250 "}),
			append(head[2:5:5], step{message, "EOF"})...), accepted: 1},
		{rule: "mail:2+/conn:421 4.7.0 too many", steps: append(head[:5:5], step{message, "250 "},
			step{mail, "421 4.7.0 too many\r\n"}, step{"", "EOF"}), accepted: 1},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			var m memory
			s := start(t, Options{TLS: tt.tls, Record: &m}, tt.rule)
			k := dial(t, s)
			for i, st := range tt.steps {
				k.say(st.say)
				got, err := k.reply()
				switch {
				case err == io.EOF:
					got += "EOF"
				case errors.Is(err, syscall.ECONNRESET):
					got += "RESET"
				case err != nil:
					t.Fatal(err)
				}
				if !strings.HasPrefix(got, st.hear) {
					t.Fatalf("step %d: %q was answered with %q, want %q", i, st.say, got, st.hear)
				}
			}
			if s.Accepted() != tt.accepted || int64(len(m.records(t))) != tt.accepted {
				t.Errorf("%d accepted, %d records, want %d", s.Accepted(), len(m.records(t)), tt.accepted)
			}
		})
	}
}

// A fault under TLS goes through the encryption.
func TestFaultUnderTLS(t *testing.T) {
	t.Parallel()
	s := start(t, Options{TLS: "implicit"}, "rcpt:450 4.2.1 slow", "data:drop")
	c := dialTLS(t, s).hello()
	c.say("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n")
	c.expect("250 ")
	c.expect("450 4.2.1 slow\r\n")
}

// A server that never answers ends with Close, and a client that leaves ends
// the stall.
func TestStall(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"connect:stall", "mail:stall", "data:stall", "dot:stall", "dot:store-stall",
		"body:stall", "dot:delay 1h"} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			hit := make(chan bool, 1)
			s := start(t, Options{Observe: func(e Event) {
				if e.Kind == "fault" {
					hit <- true
				}
			}}, rule)
			k := dial(t, s)
			k.say("EHLO x\r\n" + envelope("b@example.org") + stuffed(body))
			<-hit
			s.Close()
			if _, err := io.ReadAll(k.r); err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("after Close: %v", err)
			}
			want := int64(0)
			if strings.Contains(rule, "store-") {
				want = 1
			}
			if s.Accepted() != want {
				t.Errorf("%d accepted, want %d", s.Accepted(), want)
			}
			if s.Open() != 0 {
				t.Errorf("%d connections open after Close", s.Open())
			}
		})
	}
}

func TestStallEndsWithClient(t *testing.T) {
	t.Parallel()
	closed := make(chan bool, 1)
	s := start(t, Options{Observe: func(e Event) {
		if e.Kind == "closed" {
			closed <- true
		}
	}}, "mail:stall")
	k := dial(t, s).hello()
	k.say("MAIL FROM:<a@example.com>\r\n")
	k.Close()
	<-closed
}

// pipes is a listener whose connections are made in memory.
type pipes struct{ c chan net.Conn }

func (l pipes) Accept() (net.Conn, error) {
	c, ok := <-l.c
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (l pipes) Close() error   { close(l.c); return nil }
func (l pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }

// In a bubble of synctest delays are exact and take no time.
func TestDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := pipes{make(chan net.Conn)}
		s := start(t, Options{Listener: l}, "connect:delay 3s", "mail:delay 2s", "dot:store-delay 4m")
		here, there := net.Pipe()
		l.c <- there
		k := &talk{t, here, bufio.NewReader(here)}
		began := time.Now()
		k.expect("220")
		if d := time.Since(began); d != 3*time.Second {
			t.Errorf("greeting after %v, want 3s", d)
		}
		k.say("EHLO x\r\n")
		k.expect("250")
		began = time.Now()
		k.say("MAIL FROM:<a@example.com>\r\n")
		k.expect("250")
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("MAIL answered after %v, want 2s", d)
		}
		k.say("RCPT TO:<b@example.org>\r\n")
		k.expect("250")
		k.say("DATA\r\n")
		k.expect("354")
		began = time.Now()
		k.say(stuffed(body))
		synctest.Wait()
		if s.Accepted() != 1 {
			t.Error("not stored before the delay")
		}
		k.expect("250")
		if d := time.Since(began); d != 4*time.Minute {
			t.Errorf("dot answered after %v, want 4m", d)
		}
		k.Close()
		s.Close()
	})
}

func TestParseRule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                      `unknown point ""`,
		"foo:drop":              `unknown point "foo" (one of auth, body,`,
		"dot":                   "no action",
		"dot:":                  `unknown action ""`,
		"dot:explode":           `unknown action "explode"`,
		"dot:1%:explode":        `unknown action "explode"`,
		"dot:101%:drop":         `"101%" is not a percentage`,
		"dot:NaN%:drop":         `"NaN%" is not a percentage`,
		"dot:0:drop":            `unknown condition "0"`,
		"dot:x:drop":            `unknown condition "x"`,
		"dot:3:3:drop":          `unknown action "3:drop"`,
		"dot:delay soon":        `delay "soon" is not a time such as 2s`,
		"dot:delay -1s":         "is not a time",
		"dot:drop now":          `"drop" takes nothing after it`,
		"dot:raw 250":           "raw needs a quoted string",
		`dot:raw "250" later`:   "raw needs a quoted string",
		"rcpt:store-drop":       "there is a message to store only at dot",
		"body:450 no":           "nothing is answered at body",
		"tls:garbage":           "nothing is answered at tls",
		"ehlo:*@x.example:drop": "no address is known at ehlo",
		"mail:once:drop":        "no recipient is known at mail",
	} {
		if _, err := ParseRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseRule(%q) = %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{
		"rcpt:*@gmail.example:450 4.2.1 slow down", "dot:1%:drop", "dot:3:store-drop", "mail:delay 2s", "DOT:drop",
		"rcpt:*@a.example,0.5%,3+/conn:550 no: never", "mail:450 4.1.1 try: later", `dot:raw "a:b"`, "dot:250",
		" dot : drop ",
	} {
		r, err := ParseRule(text)
		if err != nil {
			t.Errorf("ParseRule(%q): %v", text, err)
		} else if r.String() != text {
			t.Errorf("String() = %q, want %q", r, text)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"rcpt:*@gmail.example:450 4.2.1 slow down", "dot:0.5%,3+/conn:store-drop",
		`dot:raw "\x00" drop`, "mail:delay 2s", "x:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "rule ") {
				t.Errorf("%q: error without the rule: %v", s, err)
			}
			return
		}
		if again, err := ParseRule(r.String()); err != nil || again.action != r.action || again.answer != r.answer ||
			len(again.when) != len(r.when) {
			t.Errorf("%q does not read back: %v", s, err)
		}
		if r.action == "reply" && (!strings.HasSuffix(r.answer, "\r\n") ||
			strings.Count(r.answer, "\n") != strings.Count(r.answer, "\r\n")) {
			t.Errorf("%q: reply %q is not made of lines", s, r.answer)
		}
		if st := newRuleState(r, 0); len(r.when) == 0 && !st.hit(nil, "a@b") {
			t.Errorf("%q: without a condition it must hold", s)
		}
	})
}

// A share hits about its share, the same recipients in every run and order,
// others under another seed, and a recipient's next attempt anew.
func TestShare(t *testing.T) {
	t.Parallel()
	r, err := ParseRule("rcpt:10%:450 no")
	if err != nil {
		t.Fatal(err)
	}
	address := func(i int) string {
		return "r" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String() + "@example.org"
	}
	const n = 20000
	draw := func(seed uint64, backwards bool) map[string]bool {
		st := newRuleState(r, seed)
		hits := make(map[string]bool)
		for i := range n {
			if backwards {
				i = n - 1 - i
			}
			if st.hit(nil, address(i)) {
				hits[address(i)] = true
			}
		}
		return hits
	}
	one, two, other := draw(0, false), draw(0, true), draw(1, false)
	if len(one) < n*9/100 || len(one) > n*11/100 {
		t.Errorf("10%% hit %d of %d", len(one), n)
	}
	same := 0
	for a := range one {
		if !two[a] {
			t.Fatalf("%s is hit in one order and not in the other", a)
		}
		if other[a] {
			same++
		}
	}
	if len(one) != len(two) || same > len(one)/5 {
		t.Errorf("%d and %d hits, %d the same under another seed", len(one), len(two), same)
	}
	st := newRuleState(r, 0)
	again := 0
	for a := range one {
		st.hit(nil, a)
		if st.hit(nil, a) {
			again++
		}
	}
	if again > len(one)/5 {
		t.Errorf("%d of %d are hit at the second attempt too", again, len(one))
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"*@gmail.example", "a@gmail.example", true}, {"*@gmail.example", "a@gmail.example.org", false},
		{"a?@*", "ab@x", true}, {"a?@*", "a@x", false}, {"*a*b*@x", "xxaxxbxx@x", true}, {"*", "", true}, {"?", "", false},
		{"a@b", "a@b", true},
		{"*ab", "aab", true}, {"*a*", "b", false},
	} {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}
