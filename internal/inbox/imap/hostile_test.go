package imap

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mailshot/internal/inbox/server"
)

// secretFree fails the test if the password shows, in an error or on the wire without TLS.
func secretFree(t *testing.T, err error, s *seen) {
	t.Helper()
	s.end()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range []string{err.Error(), s.clear} {
		if strings.Contains(text, "sesame") || strings.Contains(text, "c2VzYW1l") || strings.Contains(text, "LOGIN") ||
			strings.Contains(text, "AUTHENTICATE") {
			t.Errorf("the secret, or a login, shows: %s", text)
		}
	}
}

// TestHostile has a server misbehave at each point of a conversation: it hangs up, falls silent, ends with BYE, answers
// with another tag, with garbage, with a line, lines or a literal without end. Each time the box is left with an error
// in plain words, and no more than a few megabytes were read.
func TestHostile(t *testing.T) {
	t.Parallel()
	const most = 24 << 20 // octets that a server gets rid of, with what the system buffers
	odd := []struct {
		name  string
		do    func(p *peer)
		later bool // it may work another time
	}{
		{"hangs up", func(p *peer) { panic(over{}) }, true},
		{"falls silent", func(p *peer) { p.hear() }, true},
		{"BYE", func(p *peer) { p.say("* BYE [ALERT] \x1b[31mgone for %s\r\n", p.known); panic(over{}) }, true},
		{"half an answer", func(p *peer) { p.say("* OK [UIDVAL"); panic(over{}) }, true},
		{"other tag", func(p *peer) { p.say("zz9 OK done\r\n"); p.hear() }, false},
		{"garbage", func(p *peer) { p.say("\x00\xff)({}\r\n\r\n\"%%\\\r\n"); p.hear() }, false},
		{"HTTP", func(p *peer) { p.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"); p.hear() }, false},
		{"endless line", func(p *peer) { p.say("* "); p.flood("x") }, false},
		{"endless tagged line", func(p *peer) { p.say("%s OK ", p.tag); p.flood("[x") }, false},
		{"endless lines", func(p *peer) { p.flood("* OK still here\r\n") }, false},
		{"endless data", func(p *peer) { p.flood("* 3 FETCH (UID 3 FLAGS ())\r\n* LIST () \"/\" x\r\n* SEARCH 1\r\n") }, false},
		{"endless numbers", func(p *peer) { p.say("* SEARCH"); p.flood(" 4000000000") }, false},
		{"endless literal", func(p *peer) { p.say("* 1 FETCH (UID 3 BODY[]<0> {4000000000}\r\n"); p.flood("x") }, false},
		{"endless literal of a name", func(p *peer) { p.say("* LIST () \"/\" {99999999999999999999}\r\n"); p.flood("x") }, false},
		{"deep lists", func(p *peer) { p.say("* 1 FETCH (UID 3 BODYSTRUCTURE "); p.flood("(") }, false},
	}
	for _, at := range stages {
		for _, o := range odd {
			if at == "greeting" && (o.name == "endless lines" || o.name == "endless data" || o.name == "endless tagged line") {
				continue // its first line is a greeting, or has no tag
			}
			t.Run(string(at)+" "+o.name, func(t *testing.T) {
				t.Parallel()
				c, s := serve(t, server.Implicit, func(p *peer) { behave(p, at, o.do) })
				if o.name == "falls silent" {
					c.Timeouts.Answer = 1500 * time.Millisecond
				}
				found, err := each(t, c)
				var own *Error
				if !errors.As(err, &own) || len(found) > 0 {
					t.Fatalf("%v, %v", found, err)
				}
				if own.Later != o.later || len(err.Error()) > 700 || strings.ContainsAny(err.Error(), "\x00\x1b\r\n") {
					t.Errorf("%v %q", own.Later, err)
				}
				secretFree(t, err, s)
				if s.most > most {
					t.Errorf("the server wrote %d octets", s.most)
				}
			})
		}
	}
}

// TestBeforeTLS are the ways in which somebody between client and server, who cannot break TLS, tries to be believed
// ("Why TLS is better without STARTTLS", USENIX Security 2021). The server behind TLS takes no logins, so that only what
// came before could make one possible. It fails where the buffer is kept at STARTTLS, where PREAUTH is taken, or where
// the capabilities from before are.
func TestBeforeTLS(t *testing.T) {
	t.Parallel()
	const evil = "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n"
	for _, c := range []struct {
		name, greeting, answer, behind string
		want                           string
	}{
		{"PREAUTH", "* PREAUTH [CAPABILITY IMAP4rev1 AUTH=PLAIN] welcome\r\n", "", "", "logged in already"},
		{"preauth in lower case", "* preauth welcome\r\n", "", "", "logged in already"},
		{"BYE", "* BYE [REFERRAL imap://evil.example/] call 555-0100\r\n", "", "", "takes no connections"},
		{"not IMAP", "220 mail.example.com ESMTP\r\n", "", "", "not IMAP"},
		{"NO", "", "TAG NO [ALERT] call 555-0100\r\n", "", "does not start TLS"},
		{"BAD", "", "TAG BAD what\r\n", "", "does not start TLS"},
		{"BYE in place of an answer", "", "* BYE call 555-0100\r\n", "", "ends the connection"},
		{"a continuation", "", "+ go on\r\n", "", "does not start TLS"},
		{"data before the answer", "", evil + "* 5 EXISTS\r\n* LIST () \"/\" Evil\r\n* OK [ALERT] call 555-0100\r\nTAG OK begin\r\n",
			"", "LOGINDISABLED"},
		{"capabilities in the greeting", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n", "TAG OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] go\r\n",
			"", "LOGINDISABLED"},
		{"data behind the answer", "", "TAG OK begin\r\n", evil, "unprotected bytes"},
		{"answers behind the answer", "", "TAG OK begin\r\n", evil + "a2 OK done\r\na3 OK done\r\n", "unprotected bytes"},
		{"one byte behind the answer", "", "TAG OK begin\r\n", "*", "unprotected bytes"},
		{"no TLS at all", "", "TAG OK begin\r\n", "", "TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, s := serve(t, server.StartTLS, func(p *peer) {
				if c.greeting == "" {
					c.greeting = "* OK ready\r\n"
				}
				p.say("%s", c.greeting)
				p.hear()
				p.say("%s", strings.ReplaceAll(c.answer, "TAG", p.tag)+c.behind)
				if c.name == "no TLS at all" {
					p.say("* OK evil\r\n")
					p.hear()
				}
				p.encrypt()
				for { // TLS is up
					switch command := p.hear(); command {
					case "CAPABILITY":
						p.say("* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n")
						p.ok()
					default:
						t.Errorf("the client says %q", command)
						p.ok()
					}
				}
			})
			found, err := each(t, cfg)
			if err == nil || len(found) > 0 || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("%v %v", found, err)
			}
			if strings.Contains(err.Error(), "555-0100") || strings.Contains(err.Error(), "evil") {
				t.Errorf("words from before TLS are shown: %v", err)
			}
			if c.want == "LOGINDISABLED" {
				err = errors.New("")
			}
			secretFree(t, err, s)
		})
	}
}

// TestNoPassword are servers that get no password, or none that shows.
func TestNoPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, caps, answer string
		want               string
	}{
		{"LOGINDISABLED", "IMAP4rev1 LOGINDISABLED", "", "LOGINDISABLED"},
		{"no mechanism", "IMAP4rev1 LOGINDISABLED AUTH=NTLM AUTH=GSSAPI", "", "LOGINDISABLED"},
		{"echo", "IMAP4rev1 AUTH=PLAIN SASL-IR", "NO I do not like \"" + password + "\" or AG9wZW4=", "refuses the login"},
		{"echo of a command", "IMAP4rev1", `NO not open "sesame" \1`, "refuses the login"},
		{"referral", "IMAP4rev1", "NO [REFERRAL imap://ann@evil.example/] go there", "refuses the login"},
		{"PREAUTH", "", "", "logged in already"},
		{"not IMAP4", "IMAP2bis", "", "does not speak IMAP4rev1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, s := serve(t, server.Implicit, func(p *peer) {
				if c.name == "PREAUTH" {
					p.say("* PREAUTH welcome\r\n")
					p.hear()
				}
				p.say("* OK ready\r\n")
				p.hear()
				p.say("* CAPABILITY %s\r\n", c.caps)
				p.ok()
				if command := p.hear(); c.answer == "" {
					t.Errorf("the client says %q", command)
				}
				p.say("%s %s\r\n", p.tag, c.answer)
				p.hear()
			})
			_, err := each(t, cfg)
			var own *Error
			if !errors.As(err, &own) || own.Later || !strings.Contains(err.Error(), c.want) ||
				strings.Contains(err.Error(), "sesame") {
				t.Errorf("%v", err)
			}
			if n := s.connections.Load(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// TestCertificate refuses a server that cannot show that it is the one, before anything is said.
func TestCertificate(t *testing.T) {
	t.Parallel()
	for _, security := range []string{server.Implicit, server.StartTLS} {
		for _, change := range []func(*Config){
			func(c *Config) { c.RootCAs = nil },
			func(c *Config) { c.Host = "localhost" },
			func(c *Config) { c.Fingerprint = strings.Repeat("0", 64) },
		} {
			cfg, s := serve(t, security, func(p *peer) {
				if security == server.StartTLS {
					p.say("* OK ready\r\n")
					p.hear()
					p.ok()
					p.encrypt()
				}
				t.Errorf("the client says %q", p.hear())
			})
			change(&cfg)
			_, err := each(t, cfg)
			var own *Error
			if !errors.As(err, &own) || own.Later || !strings.Contains(err.Error(), "nothing was sent") {
				t.Errorf("%v", err)
			} else {
				secretFree(t, err, s)
			}
		}
	}
}
