package sender

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/xdg-go/scram"

	"mailshot/sender/reply"
)

const accessToken = "ya29.A0AfH6SMBx+long/token~of-_letters=="

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// read decodes a response of the client.
func (p *peer) read() string {
	line, _ := p.br.ReadString('\n')
	line = strings.TrimSpace(line)
	p.f.mu.Lock()
	p.f.lines = append(p.f.lines, line)
	p.f.mu.Unlock()
	if line == "*" {
		return line
	}
	b, _ := base64.StdEncoding.DecodeString(line)
	return string(b)
}

// challenge says something and reads the answer.
func (p *peer) challenge(s string) string {
	p.say("334 " + b64(s))
	return p.read()
}

// scramServer is a server that knows the password; cheat changes its last message, "" leaves it out.
func scramServer(t *testing.T, cheat func(final string) string) func(*peer, string, string) bool {
	known, err := scram.SHA256.NewClient("ann", password, "")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := known.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt of the earth", Iters: 4096})
	if err != nil {
		t.Fatal(err)
	}
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
	if err != nil {
		t.Fatal(err)
	}
	return func(p *peer, stage, arg string) bool {
		if stage != "auth" {
			return false
		}
		_, initial, _ := strings.Cut(arg, " ")
		first, _ := base64.StdEncoding.DecodeString(initial)
		conv := server.NewConversation()
		said, err := conv.Step(string(first))
		if err != nil {
			p.say("501 5.5.2 " + err.Error())
			return true
		}
		final, err := conv.Step(p.challenge(said))
		if err != nil || !conv.Valid() {
			p.say("535 5.7.8 no")
			return true
		}
		if final = cheat(final); final != "" && p.challenge(final) == "*" {
			p.say("501 5.7.0 cancelled")
			return true
		}
		p.say("235 2.7.0 welcome")
		return true
	}
}

// TestScramServer: a server that says yes without the proof that it knows the password gets
// nothing. Without the call of Verified, the server with no signature got the message. With
// errSignature and Valid taken out, so did the server with the wrong signature.
func TestScramServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cheat func(string) string
		class reply.Class
		text  string
	}{
		"honest":       {func(s string) string { return s }, reply.OK, ""},
		"no signature": {func(string) string { return "" }, reply.Stop, "has not proven"},
		"wrong signature": {func(string) string { return "v=" + b64("0123456789abcdef0123456789abcdef") }, reply.Stop,
			"could not prove"},
		"an error": {func(string) string { return "e=other-error" }, reply.Stop, "other-error"},
		"nonsense": {func(string) string { return "Password:" }, reply.Stop, "SCRAM-SHA-256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{caps: []string{"AUTH PLAIN SCRAM-SHA-256 LOGIN"}, on: scramServer(t, c.cheat)}
			cfg := f.listen(t)
			cfg.Username, cfg.Password = "ann", secret
			out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always)
			if out.Class != c.class || c.text != "" && !strings.Contains(out.Err.Error(), c.text) {
				t.Errorf("got %q: %v", out.Class, out.Err)
			}
			if _, got, _ := f.snapshot(); len(got) != 0 && c.class != reply.OK || f.count("MAIL") != len(got) {
				t.Errorf("stored %v", got)
			}
			if out.Err != nil {
				leaks(t, out.Err)
			}
		})
	}
}

// tokenForms are the forms in which a token travels. None of them may show.
func tokenForms(token string) []string {
	whole := "user=ann@example.com\x01auth=Bearer " + token + "\x01\x01"
	return []string{token, url.QueryEscape(token), b64(token), b64(whole), url.QueryEscape(b64(whole)),
		fmt.Sprintf("%x", token)}
}

// TestToken plays both mechanisms for tokens to servers that take them, refuse
// them, and repeat them in their refusals.
func TestToken(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("eyJ0eXAi.", 200)
	echo := strings.Join(tokenForms(accessToken), " ")
	status := `{"status":"400","schemes":"Bearer","scope":"https://mail.example/ ` + accessToken + `"}`
	for name, c := range map[string]struct {
		caps  string
		token string
		auth  func(p *peer, arg string)
		class reply.Class
		text  string
		lines []string // what the client said
	}{
		"XOAUTH2 taken": {caps: "PLAIN XOAUTH2 OAUTHBEARER", auth: func(p *peer, _ string) { p.say("235 ok") },
			class: reply.OK,
			lines: []string{"AUTH XOAUTH2 " + b64("user=ann@example.com\x01auth=Bearer "+accessToken+"\x01\x01")}},
		"XOAUTH2 refused": {caps: "XOAUTH2", auth: func(p *peer, _ string) {
			p.challenge(status)
			p.say("535 5.7.3 Authentication unsuccessful " + echo)
		}, class: reply.Stop, text: "wanted scope https://mail.example/", lines: []string{"AUTH XOAUTH2 ", ""}},
		"OAUTHBEARER refused": {caps: "OAUTHBEARER", auth: func(p *peer, _ string) {
			p.challenge(status)
			p.say("535 5.7.8 no: " + echo)
		}, class: reply.Stop, text: "mailshot login", lines: []string{"AUTH OAUTHBEARER ", "AQ=="}},
		"longer than a line": {caps: "XOAUTH2", token: long, auth: func(p *peer, arg string) {
			if arg == "XOAUTH2" && p.challenge("") == "user=ann@example.com\x01auth=Bearer "+long+"\x01\x01" {
				p.say("235 ok")
				return
			}
			p.say("500 5.5.6 line too long")
		}, class: reply.OK, lines: []string{"AUTH XOAUTH2"}},
		"taken before it was said": {caps: "XOAUTH2", token: long, auth: func(p *peer, _ string) { p.say("235 ok") },
			class: reply.Stop, text: "before it has seen it"},
		"a question before it was said": {caps: "XOAUTH2", token: long, auth: func(p *peer, _ string) {
			p.challenge("what is your name?")
			p.say("501 cancelled")
		}, class: reply.Stop, text: "does not know", lines: []string{"AUTH XOAUTH2", "*"}},
		"two questions": {caps: "XOAUTH2", auth: func(p *peer, _ string) {
			p.challenge(status)
			p.challenge(status)
			p.say("501 cancelled")
		}, class: reply.Stop, text: "does not know", lines: []string{"AUTH XOAUTH2 ", "", "*"}},
		"no Base64": {caps: "XOAUTH2", auth: func(p *peer, _ string) {
			p.say("334 " + accessToken)
			p.read()
			p.say("501 cancelled")
		}, class: reply.Stop, text: "does not know", lines: []string{"AUTH XOAUTH2 ", "*"}},
		"no sense": {caps: "XOAUTH2", auth: func(p *peer, _ string) { p.say("what? " + echo) }, class: reply.Retry,
			text: "malformed answer"},
		"for now": {caps: "XOAUTH2", auth: func(p *peer, _ string) { p.say("454 4.7.0 later " + echo) },
			class: reply.Retry, text: "later"},
		"no mechanism for tokens": {caps: "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1",
			auth:  func(p *peer, _ string) { p.say("235 ok") },
			class: reply.Stop, text: "the login needs XOAUTH2 or OAUTHBEARER"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{caps: []string{"AUTH " + c.caps}, on: func(p *peer, stage, arg string) bool {
				if stage != "auth" {
					return false
				}
				c.auth(p, arg)
				return true
			}}
			var mu sync.Mutex
			var seen []Event
			cfg := f.listen(t)
			token := c.token
			if token == "" {
				token = accessToken
			}
			cfg.Username, cfg.Token = "ann@example.com",
				func(context.Context) (Secret, error) { return Secret(token), nil }
			cfg.Observe = func(e Event) { mu.Lock(); seen = append(seen, e); mu.Unlock() }
			out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always)
			if out.Class != c.class || c.text != "" && !strings.Contains(out.Err.Error(), c.text) {
				t.Errorf("got %q: %v", out.Class, out.Err)
			}
			_, _, lines := f.snapshot()
			for i, want := range c.lines {
				if i+1 >= len(lines) || !strings.HasPrefix(lines[i+1], want) || want == "" && lines[i+1] != "" ||
					want == "*" && lines[i+1] != "*" {
					t.Errorf("line %d of %q is not %q", i+1, lines, want)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			j, err := json.Marshal(struct {
				Outcome Outcome
				Events  []Event
			}{out, seen})
			if err != nil {
				t.Fatal(err)
			}
			all := fmt.Sprintf("%+v %#v %s", out, out, j)
			for e := out.Err; e != nil; e = errors.Unwrap(e) {
				all += fmt.Sprintf("%v %#v", e, e)
			}
			for _, form := range tokenForms(token) {
				if strings.Contains(all, form) {
					t.Errorf("%q shows in %s", form, all)
				}
			}
		})
	}
}

type passing struct{ error }

func (passing) Temporary() bool { return true }

// TestNoToken: a token that cannot be had stops the pool before it says anything, unless it may be
// had later.
func TestNoToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		class reply.Class
	}{{errors.New("log in again"), reply.Stop},
		{fmt.Errorf("token: %w", passing{errors.New("no route")}), reply.Retry}} {
		f := &fake{caps: []string{"AUTH XOAUTH2"}}
		cfg := f.listen(t)
		cfg.Username, cfg.Token = "ann", func(context.Context) (Secret, error) { return "", c.err }
		p := newPool(t, cfg)
		out := p.Send(t.Context(), message("a@example.org"), always)
		if out.Class != c.class || out.About != reply.AboutServer ||
			!strings.Contains(out.Err.Error(), c.err.Error()) || !errors.Is(out.Err, c.err) {
			t.Errorf("got %+v", out)
		}
		if conns, _, _ := f.snapshot(); conns != 0 {
			t.Errorf("%d connections", conns)
		}
	}
}

// TestAuthConfig: which of password, token and mechanism go together.
func TestAuthConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  Config
		want string // "": good
	}{
		{Config{Username: "a", Password: secret, Auth: "scram-sha-256"}, ""},
		{Config{Username: "a", Token: secret, Auth: "xoauth2"}, ""},
		{Config{Auth: "external"}, ""},
		{Config{Username: "a", Password: secret, Token: secret}, "both"},
		{Config{Token: secret}, "without a user name"},
		{Config{Username: "a", Password: secret, Auth: "ntlm"}, "not one of"},
		{Config{Username: "a", Auth: "plain"}, "without a password or a token"},
		{Config{Auth: "external", TLS: "none"}, "without TLS"},
	} {
		c.cfg.Host, c.cfg.Port = "mail.example", 587
		_, err := New(c.cfg)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one about %q", c.cfg, err, c.want)
		}
	}
}

// TestConfiguredMechanism: the mechanism that the campaign asks for is played, and no other.
func TestConfiguredMechanism(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mechanism string
		class     reply.Class
		lines     int
	}{{"login", reply.OK, 1}, {"cram-md5", reply.Stop, 0}} {
		f := &fake{caps: []string{"AUTH PLAIN LOGIN"}, on: loginDialogue}
		cfg := f.listen(t)
		cfg.Username, cfg.Password, cfg.Auth = "ann", secret, c.mechanism
		out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always)
		if out.Class != c.class || f.count("AUTH") != c.lines {
			t.Errorf("%s: got %q, %d AUTH: %v", c.mechanism, out.Class, f.count("AUTH"), out.Err)
		}
	}
}
