package sender

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"mailshot/sender/reply"
)

const password = "correct horse%battery"

func secret(context.Context) (Secret, error) { return password, nil }

// inClear reports whether the server saw the password outside TLS in any form.
func (f *fake) inClear() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.clear.String()
	return strings.Contains(seen, "AUTH") || strings.Contains(seen, password) || strings.Contains(seen, "MAIL FROM") ||
		strings.Contains(seen, base64.StdEncoding.EncodeToString([]byte(password)))
}

// TestProtection sends to servers that cheat at TLS: the cases of the STARTTLS
// corpus (named after its files) and certificates that are wrong.
// Nothing may be sent, and no secret may go over the clear connection.
//
// With the check of buffered bytes at the upgrade taken out, B_1 was sent; with
// InsecureSkipVerify set, all four bad certificates were.
func TestProtection(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	good := ca.server(t, nil)
	other := newAuthority(t)
	starttls, plain := []string{"STARTTLS"}, []string{"AUTH PLAIN"}
	for name, c := range map[string]struct {
		fake     *fake
		implicit bool
		class    reply.Class // OK: it must be sent
		text     string
	}{
		"setup": {fake: &fake{tls: good, caps: starttls, capsTLS: []string{"AUTH PLAIN"}}, class: reply.OK},
		"implicit": {fake: &fake{tls: good, implicit: true, capsTLS: []string{"AUTH PLAIN"}}, implicit: true,
			class: reply.OK},
		"LOGIN": {fake: &fake{tls: good, caps: starttls, capsTLS: []string{"AUTH=LOGIN"}, on: loginDialogue},
			class: reply.OK},
		"AUTH before TLS too": {fake: &fake{tls: good, caps: []string{"AUTH PLAIN", "STARTTLS"},
			capsTLS: []string{"AUTH PLAIN"}},
			class: reply.OK},
		"B_1 bytes behind the 220": {fake: &fake{tls: good, caps: starttls, capsTLS: []string{"AUTH PLAIN"},
			inject: "250-fake.example\r\n250 AUTH PLAIN\r\n"}, class: reply.Stop, text: "unprotected bytes"},
		"D_1 no EHLO": {fake: &fake{tls: good, on: func(p *peer, s, _ string) bool {
			if s == "ehlo" || s == "starttls" {
				p.say("502 5.5.2 what?")
			}
			return s == "ehlo" || s == "starttls"
		}}, class: reply.Stop, text: "does not offer STARTTLS"},
		"O_1 not offered": {fake: &fake{tls: good, caps: []string{"AUTH PLAIN LOGIN"}}, class: reply.Stop,
			text: "does not offer STARTTLS"},
		"O_2 502": {fake: &fake{tls: good, caps: starttls, on: at("starttls", "502 not implemented")},
			class: reply.Stop, text: "not implemented"},
		"O_3 454": {fake: &fake{tls: good, caps: starttls, on: at("starttls", "454 TLS not available")},
			class: reply.Retry, text: "TLS not available"},
		"O_4 354": {fake: &fake{tls: good, caps: starttls, on: at("starttls", "354 do something else")},
			class: reply.Stop, text: "do something else"},
		"hangs up in the handshake": {fake: &fake{tls: good, caps: starttls, on: func(p *peer, s, _ string) bool {
			if s == "starttls" {
				p.say("220 go")
				p.drop()
			}
			return s == "starttls"
		}}, class: reply.Retry, text: "closed"},
		"no TLS behind 220": {fake: &fake{tls: good, caps: starttls, on: func(p *peer, s, _ string) bool {
			if s == "starttls" {
				p.say("220 go")
				_, _ = p.br.ReadByte()
				p.say("220 fooled you, this is not TLS")
				return true
			}
			return s != "greeting" && s != "ehlo"
		}}, class: reply.Stop, text: "does not speak TLS"},
		"wrong name": {fake: &fake{tls: ca.server(t,
			func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }),
			caps: starttls, capsTLS: plain}, class: reply.Stop, text: "certificate"},
		"name in the CN only": {fake: &fake{tls: ca.server(t, func(c *x509.Certificate) { c.IPAddresses = nil }),
			caps: starttls, capsTLS: plain}, class: reply.Stop, text: "certificate"},
		"expired": {fake: &fake{tls: ca.server(t,
			func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
			implicit: true, capsTLS: plain}, implicit: true, class: reply.Stop, text: "expired"},
		"unknown authority": {fake: &fake{tls: other.server(t, nil), caps: starttls, capsTLS: plain}, class: reply.Stop,
			text: "unknown authority"},
		"TLS 1.1": {fake: &fake{tls: &tls.Config{Certificates: good.Certificates, MaxVersion: tls.VersionTLS11},
			implicit: true}, implicit: true, class: reply.Stop, text: "protocol version"},
		"implicit to a clear port": {fake: &fake{}, implicit: true, class: reply.Stop, text: "does not speak TLS"},
		"no AUTH behind TLS": {fake: &fake{tls: good, caps: []string{"STARTTLS", "AUTH PLAIN"}},
			class: reply.Stop, text: "offers no authentication"},
		"only strange AUTH": {fake: &fake{tls: good, caps: starttls, capsTLS: []string{"AUTH NTLM GSSAPI"}},
			class: reply.Stop, text: "only NTLM, GSSAPI"},
		"challenge to PLAIN": {fake: &fake{tls: good, caps: starttls, capsTLS: []string{"AUTH PLAIN"},
			on: at("auth", "334 c29tZXRoaW5n")},
			class: reply.Stop, text: "does not know"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := c.fake.listen(t)
			cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = "starttls", ca.pool, "ann", secret
			if c.implicit {
				cfg.TLS = "implicit"
			}
			p := newPool(t, cfg)
			out := p.Send(t.Context(), message("a@example.org"), always)
			if out.Class != c.class {
				t.Errorf("got class %q, want %q: %v", out.Class, c.class, out.Err)
			}
			if c.text != "" && (out.Err == nil || !strings.Contains(out.Err.Error(), c.text)) {
				t.Errorf("error %v, want one about %q", out.Err, c.text)
			}
			if _, got, _ := c.fake.snapshot(); (len(got) == 1) != (c.class == reply.OK) {
				t.Errorf("stored %v", got)
			}
			if c.fake.inClear() {
				t.Errorf("in clear: %q", c.fake.clear.String())
			}
			if out.Err != nil {
				leaks(t, out.Err)
			}
		})
	}
}

// loginDialogue is LOGIN with wordings that no other server uses.
func loginDialogue(p *peer, stage, arg string) bool {
	if stage != "auth" {
		return false
	}
	if arg != "LOGIN" {
		p.say("504 5.5.4 no initial response here")
		return true
	}
	for _, c := range []struct{ challenge, want string }{{"Benutzername", "ann"}, {"Kennwort bitte", password}} {
		p.say("334 " + base64.StdEncoding.EncodeToString([]byte(c.challenge)))
		line, _ := p.br.ReadString('\n')
		if got, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(line)); string(got) != c.want {
			p.say("535 5.7.8 no")
			return true
		}
	}
	p.say("235 2.7.0 hello")
	return true
}

// leaks looks for the password in an error, however it is written.
func leaks(t *testing.T, err error) {
	t.Helper()
	all := fmt.Sprintf("%v %+v %#v %s", err, err, err, err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		all += fmt.Sprintf("%#v", e)
	}
	plain := base64.StdEncoding.EncodeToString([]byte("\x00ann\x00" + password))
	for _, s := range []string{password, base64.StdEncoding.EncodeToString([]byte(password)), plain} {
		if strings.Contains(all, s) {
			t.Errorf("the password is in %s", all)
		}
	}
}

// TestBadCredentials: a refused login stops everything after one try, also with many workers, and
// nobody tries again. Without the pool's memory of it (stopped), eleven logins were tried.
func TestBadCredentials(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"AUTH PLAIN"}, on: at("auth", "535 5.7.8 bad credentials")}
	cfg := f.listen(t)
	cfg.Username, cfg.Password, cfg.Connections = "ann", secret, 8
	p := newPool(t, cfg)
	outs := make(chan Outcome)
	for range 10 {
		go func() { outs <- p.Send(t.Context(), message("a@example.org"), always) }()
	}
	for range 10 {
		out := <-outs
		if out.Class != reply.Stop || out.Code != 535 || out.Begun ||
			!strings.Contains(out.Err.Error(), "check the user name and the password") {
			t.Errorf("got %+v", out)
		}
		leaks(t, out.Err)
	}
	err := p.Check(t.Context())
	var e *Error
	if !errors.As(err, &e) || e.Outcome.Class != reply.Stop {
		t.Errorf("Check: %v", err)
	}
	if n := f.count("AUTH"); n != 1 {
		t.Errorf("%d attempts to log in", n)
	}
}

// TestAuthLater: when a server has trouble with logins, the pool waits and does not repeat them.
func TestAuthLater(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"AUTH PLAIN"}, on: at("auth", "454 4.7.0 temporary authentication failure")}
	cfg := f.listen(t)
	cfg.Username, cfg.Password = "ann", secret
	p := newPool(t, cfg)
	for range 3 {
		out := p.Send(t.Context(), message("a@example.org"), always)
		if out.Class != reply.Retry || out.About != "server" || out.HoldOff < 3*time.Minute {
			t.Errorf("got %+v", out)
		}
	}
	if n := f.count("AUTH"); n != 1 {
		t.Errorf("%d attempts to log in", n)
	}
}

// TestNoPassword: a password that cannot be had stops the run before anything is said.
func TestNoPassword(t *testing.T) {
	t.Parallel()
	f := &fake{caps: []string{"AUTH PLAIN"}}
	cfg := f.listen(t)
	cfg.Username = "ann"
	cfg.Password = func(context.Context) (Secret, error) { return "", errors.New("SMTP_PASSWORD is not set") }
	out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always)
	if out.Class != reply.Stop || !strings.Contains(out.Err.Error(), "SMTP_PASSWORD is not set") ||
		f.count("AUTH") != 0 {
		t.Errorf("got %+v", out)
	}
}

// TestConfig: every mistake is reported at once, and no password goes without protection.
func TestConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{}, []string{"host", "port"}},
		{Config{Host: "mail.example", Port: 25, TLS: "none", Username: "a", Password: secret}, []string{"without TLS"}},
		{Config{Host: "mail.example", Port: 25, TLS: "ssl"}, []string{`tls "ssl"`}},
		{Config{Host: "mail.example", Port: 25, Helo: "a\r\nMAIL", Connections: -1, Password: secret},
			[]string{"helo", "negative", "user name"}},
	} {
		_, err := New(c.cfg)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: error %v, want one about %q", c.cfg, err, want)
			}
		}
	}
	for port, want := range map[int]string{465: "implicit", 587: "starttls", 25: "starttls"} {
		p, err := New(Config{Host: "mail.example", Port: port})
		if err != nil || p.cfg.TLS != want {
			t.Errorf("port %d: %v, %v", port, p.cfg.TLS, err)
		}
	}
}

// TestSecret tries every way of showing a Secret.
func TestSecret(t *testing.T) {
	t.Parallel()
	s := Secret(password)
	var all bytes.Buffer
	for _, verb := range "vsqxXdtbcoUeEfFgG" { // fmt asks nobody about %p; go vet refuses it
		fmt.Fprintf(&all, "%"+string(verb)+" %+"+string(verb)+" %#"+string(verb)+" ", s, s, s)
		fmt.Fprintf(&all, "%"+string(verb)+"\n", struct{ S Secret }{s})
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&all, nil), slog.NewJSONHandler(&all, nil)} {
		slog.New(h).Info("login", "secret", s, "config", struct{ S Secret }{s}, "list", []Secret{s}, "map",
			map[string]Secret{"k": s})
	}
	b, err := json.Marshal(map[string]any{"s": s, "p": &s, "l": []Secret{s}})
	if err != nil {
		t.Fatal(err)
	}
	all.Write(b)
	fmt.Fprint(&all, s.String(), s.GoString(), fmt.Errorf("e %w %v", errors.New("x"), s))
	for _, form := range []string{password, "horse", fmt.Sprintf("%x", password), fmt.Sprintf("%X", password),
		base64.StdEncoding.EncodeToString([]byte(password))} {
		if strings.Contains(all.String(), form) {
			t.Errorf("%q shows in %s", form, all.String())
		}
	}
}
