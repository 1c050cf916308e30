package sender

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"mailshot/sender/reply"
)

// script is what a server of copies says to one message: to MAIL, to each RCPT, to DATA and to the end. "" hangs up.
type script struct {
	mail string
	rcpt []string // by recipient; the first is To's
	data string
	end  []string // one, or with LMTP one for each recipient that was accepted
}

// mailroom is a server that does to the message of subject what its script says, and is polite to all others.
type mailroom struct {
	script  script
	subject string // local part of the recipients of that message begins so
	caps    string
	lmtp    bool

	mu     sync.Mutex
	got    map[string][]string // texts by recipient
	faults []string
}

func (m *mailroom) wrong(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults = append(m.faults, fmt.Sprintf(format, args...))
}

// serve plays one connection, as strictly as a server may: it takes a message for whoever it accepted.
func (m *mailroom) serve(conn net.Conn) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	say := func(s string) bool { // false: it hangs up
		if s == "" {
			return false
		}
		fmt.Fprintf(conn, "%s\r\n", s)
		return !strings.HasPrefix(s, "421")
	}
	say("220 mailroom.example")
	var to []string
	n, scripted := 0, false
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return
		}
		verb, arg, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		answer := "250 2.0.0 ok"
		switch verb {
		case "EHLO", "LHLO":
			answer = "250-mailroom.example\r\n" + m.caps + "250 HELP"
		case "RSET":
			to, n = nil, 0
		case "MAIL":
			to, n = nil, 0
			if scripted = strings.Contains(arg, "<"+m.subject); scripted {
				answer = m.script.mail
			}
		case "RCPT":
			if scripted {
				answer = m.script.rcpt[n]
				n++
			}
			if strings.HasPrefix(answer, "250") {
				address, _, _ := strings.Cut(strings.TrimPrefix(arg, "TO:<"), ">")
				to = append(to, address)
			}
		case "DATA":
			answer = "354 go on"
			if scripted {
				answer = m.script.data
			}
		case "BDAT":
			m.wrong("a message with copies went by BDAT")
			return
		case "QUIT":
			say("221 bye")
			return
		}
		if !say(answer) {
			return
		}
		if verb != "DATA" || answer[:3] != "354" {
			continue
		}
		var text strings.Builder
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return
			}
			if line == ".\r\n" {
				break
			}
			text.WriteString(line)
		}
		if text.Len() == 0 {
			m.wrong("a lone dot, for %v", to)
		}
		ends := []string{"250 2.0.0 queued"}
		if scripted {
			ends = m.script.end
		} else if m.lmtp {
			ends = slices.Repeat(ends, len(to))
		}
		for i, one := range to {
			if end := ends[min(i, len(ends)-1)]; strings.HasPrefix(end, "250") {
				m.mu.Lock()
				m.got[one] = append(m.got[one], text.String())
				m.mu.Unlock()
			}
		}
		if !m.lmtp {
			ends = ends[:1]
		} else {
			ends = ends[:min(len(ends), len(to))]
		}
		for _, end := range ends {
			if !say(end) {
				return
			}
		}
		to = nil
	}
}

func (m *mailroom) pool(t *testing.T, lockStep bool) *Pool {
	m.got = map[string][]string{}
	cfg := Config{Host: "mailroom.example", Port: 25, TLS: "none", Connections: 1, LockStep: lockStep}
	if m.lmtp {
		cfg.Protocol = LMTP
	}
	var serving sync.WaitGroup
	cfg.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		serving.Go(func() { m.serve(far) })
		return near, nil
	}
	p := newPool(t, cfg)
	t.Cleanup(func() { p.Abort(); serving.Wait() })
	return p
}

// letter is a message from and to people whose addresses begin with the name.
func letter(name string, copies int) Mail {
	m := Mail{From: name + "@example.com", To: name + "@example.org",
		Body: text("Subject: " + name + "\r\n\r\nDear " + name + "\r\n")}
	m.Size = int64(len(m.Body.(text)))
	for i := range copies {
		m.Copies = append(m.Copies, fmt.Sprint(name, ".", i+1, "@example.org"))
	}
	return m
}

var (
	rcptAnswers = []string{"250 2.1.5 ok", "450 4.2.1 later", "550 5.1.1 nobody", "421 4.3.2 closing", "", "354 what"}
	dataAnswers = []string{"354 go on", "451 4.3.0 later", "554 5.5.1 no", ""}
	endAnswers  = []string{"250 2.0.0 queued", "451 4.3.0 later", "554 5.7.1 no", ""}
)

// scripts are all mixed answers to a message of three recipients.
func scripts() (all []script) {
	for _, mail := range []string{"250 2.1.0 ok", "451 4.3.0 later"} {
		for _, first := range rcptAnswers {
			for _, second := range rcptAnswers {
				for _, third := range rcptAnswers[:5] {
					for _, data := range dataAnswers {
						for i, end := range endAnswers {
							if i > 0 && (mail[0] != '2' || !strings.HasPrefix(first, "250") || data == "" || data[0] != '3') {
								continue // it never comes to that
							}
							all = append(all, script{mail, []string{first, second, third}, data, []string{end}})
						}
					}
				}
			}
		}
	}
	return all
}

// Every mixed answer to three recipients, with one command at a time, with PIPELINING, and with the envelope in the
// write that ends another message. The first recipient decides: refused or put off, nobody gets the message. A copy
// that is refused stops nothing and is told. No copy ever gets an empty message or another's, and whatever comes next
// on the connection is whole.
//
// Proven by breaking: with a lone dot in place of the close in clear, "a lone dot, for [a.1@example.org …]", and both
// copies got an empty message; with Chunks not asking for copies, "a message with copies went by BDAT".
func TestCopies(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]struct {
		caps     string
		lockStep bool
		behind   bool
	}{
		"lock-step": {lockStep: true},
		"pipelined": {caps: "250-PIPELINING\r\n250-CHUNKING\r\n"},
		"behind":    {caps: "250-PIPELINING\r\n", behind: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, s := range scripts() {
				m := &mailroom{script: s, subject: "a", caps: mode.caps}
				p := m.pool(t, mode.lockStep)
				var out Outcome
				if mode.behind {
					done := make(chan Outcome)
					before := p.Send(t.Context(), letter("x", 0), func(context.Context) error {
						go func() { done <- p.Send(t.Context(), letter("a", 2), always) }()
						queued(p, 1)
						return nil
					})
					if out = <-done; before.Class != reply.OK && (s.mail != "" && !slices.Contains(s.rcpt, "354 what")) {
						t.Errorf("%q: the message before: %+v", s, before)
					}
				} else {
					if mode.caps != "" { // BDAT would be used from the second message on
						p.Send(t.Context(), letter("x", 0), always)
					}
					out = p.Send(t.Context(), letter("a", 2), always)
				}
				m.judge(t, s, out)
				if next := p.Send(t.Context(), letter("z", 1), always); next.Class == reply.OK {
					if got := m.got["z.1@example.org"]; !slices.Equal(got, []string{"Subject: z\r\n\r\nDear z\r\n"}) {
						t.Errorf("%q: the copy of the next message: %q", s, got)
					}
				} else if next.Begun {
					t.Errorf("%q: the next message: %+v", s, next)
				}
				p.Abort()
				if t.Failed() {
					return
				}
			}
		})
	}
}

// judge holds an outcome against a script.
func (m *mailroom) judge(t *testing.T, s script, out Outcome) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.faults {
		t.Errorf("%q: %s", s, f)
	}
	want := "Subject: a\r\n\r\nDear a\r\n"
	through := s.mail[0] == '2' && strings.HasPrefix(s.rcpt[0], "250") && strings.HasPrefix(s.data, "354")
	for _, c := range s.rcpt[1:] {
		through = through && c != "" && !strings.HasPrefix(c, "421") && c[0] != '3'
	}
	end := s.end[0]
	if out.Begun != through {
		t.Errorf("%q: begun %v: %+v", s, out.Begun, out)
	}
	took := through && strings.HasPrefix(end, "250")
	if (out.Class == reply.OK) != took {
		t.Errorf("%q: %+v", s, out)
	}
	if through && end == "" && out.Class != reply.Unknown {
		t.Errorf("%q: nobody knows, and it is %q", s, out.Class)
	}
	if !through && out.Class != "" {
		// What the first recipient was told decides, as if there were no copies.
		switch first := s.rcpt[0]; {
		case s.mail[0] == '2' && strings.HasPrefix(first, "550") && out.Class != reply.Refuse &&
			!slices.Contains(s.rcpt, "354 what"):
			t.Errorf("%q: %+v", s, out)
		case out.Class == reply.Unknown:
			t.Errorf("%q: in doubt before the body: %+v", s, out)
		}
	}
	for i, answer := range append([]string{"250"}, s.rcpt[1:]...) {
		to := "a@example.org"
		if i > 0 {
			to = fmt.Sprint("a.", i, "@example.org")
		}
		wanted := []string(nil)
		if took && strings.HasPrefix(answer, "250") {
			wanted = []string{want}
		}
		if got := m.got[to]; !slices.Equal(got, wanted) {
			t.Errorf("%q: %s got %q", s, to, got)
		}
		if i == 0 || !through {
			continue
		}
		said := out.Copies[i-1]
		if said.Address != to || said.Accepted != (wanted != nil) {
			t.Errorf("%q: %+v", s, said)
		}
		if !strings.HasPrefix(answer, "250") && answer[:3] != fmt.Sprint(said.Code) {
			t.Errorf("%q: %+v of %q", s, said, answer)
		}
	}
	if !through && out.Copies != nil {
		t.Errorf("%q: copies of a message that never left: %+v", s, out.Copies)
	}
}

// A server of LMTP says of each recipient whether it has the message (RFC 2033 4.2). The first answer decides.
func TestCopiesLMTP(t *testing.T) {
	t.Parallel()
	for _, lockStep := range []bool{true, false} {
		for _, first := range endAnswers[:3] {
			for _, second := range endAnswers {
				for _, third := range endAnswers {
					s := script{"250 ok", []string{rcptAnswers[0], rcptAnswers[0], rcptAnswers[0]}, "354 go on",
						[]string{first, second, third}}
					m := &mailroom{script: s, subject: "a", lmtp: true, caps: "250-PIPELINING\r\n"}
					p := m.pool(t, lockStep)
					out := p.Send(t.Context(), letter("a", 2), always)
					if fmt.Sprint(out.Code) != first[:3] || (out.Class == reply.OK) != (first[0] == '2') || !out.Begun {
						t.Errorf("%q: %+v", s.end, out)
					}
					lost := false
					for i, end := range s.end[1:] {
						lost = lost || end == ""
						said := out.Copies[i]
						switch {
						case lost && (said.Code != 0 || said.Accepted || said.Stage != reply.End):
							t.Errorf("%q: nobody knows: %+v", s.end, said)
						case !lost && (fmt.Sprint(said.Code) != end[:3] || said.Accepted != (end[0] == '2')):
							t.Errorf("%q: %+v", s.end, said)
						}
					}
					if next := p.Send(t.Context(), letter("z", 1), always); next.Class != reply.OK || !next.Copies[0].Accepted {
						t.Errorf("%q: the next message: %+v", s.end, next)
					}
					p.Abort()
				}
			}
		}
	}
}
