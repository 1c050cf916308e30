package sender

import (
	"strings"
	"testing"

	"mailshot/sender/reply"
)

// TestServersAsTheyAre: keywords that are said twice, questions in plain words, mechanisms that are
// offered and not taken. Where the answer says that the mechanism is wrong, the next one is played; a
// password that is wrong is said once.
//
// Broken on purpose: in the version before, which read the last AUTH line alone, demanded Base64 of
// LOGIN's questions, played one mechanism and had one hint, all rows fail but four.
func TestServersAsTheyAre(t *testing.T) {
	t.Parallel()
	plain := b64("\x00ann\x00" + password)
	// login asks two questions, and takes whatever is right.
	login := func(user, pass string) func(p *peer, arg string) {
		return func(p *peer, arg string) {
			if !strings.HasPrefix(strings.ToUpper(arg), "LOGIN") {
				p.say("504 5.5.4 unrecognized authentication type")
				return
			}
			p.say(user)
			name := p.read()
			p.say(pass)
			if secret := p.read(); name == "ann" && secret == password {
				p.say("235 2.7.0 ok")
				return
			}
			p.say("535 5.7.8 no")
		}
	}
	refuses := func(answer string) func(p *peer, arg string) {
		return func(p *peer, arg string) {
			if strings.HasPrefix(arg, "LOGIN") {
				login("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6")(p, arg)
				return
			}
			p.say(answer)
		}
	}
	usual := login("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6")
	for name, c := range map[string]struct {
		caps  []string
		auth  func(p *peer, arg string)
		asked string // server.auth
		class reply.Class
		text  string // in the error
		tries int    // AUTH commands
	}{
		"two AUTH lines":    {caps: []string{"AUTH LOGIN", "AUTH GSSAPI NTLM"}, auth: usual, class: reply.OK, tries: 1},
		"AUTH= before AUTH": {caps: []string{"AUTH=LOGIN", "AUTH GSSAPI"}, auth: usual, class: reply.OK, tries: 1},
		"AUTH= after AUTH":  {caps: []string{"AUTH NTLM", "AUTH=NTLM LOGIN"}, auth: usual, class: reply.OK, tries: 1},
		"lower case, tabs":  {caps: []string{"auth\tntlm\tlogin"}, auth: usual, class: reply.OK, tries: 1},
		"questions in words": {caps: []string{"AUTH LOGIN"}, auth: login("334 Username:", "334 Password:"),
			class: reply.OK, tries: 1},
		"in another language": {caps: []string{"AUTH LOGIN"}, auth: login("334 Имя:", "334 Пароль:"),
			class: reply.OK, tries: 1},
		"words behind": {caps: []string{"AUTH LOGIN"},
			auth:  login("334 VXNlcm5hbWU6 (user)", "334 UGFzc3dvcmQ6 now"),
			class: reply.OK, tries: 1},
		"questions without words": {caps: []string{"AUTH LOGIN"}, auth: login("334", "334 "), class: reply.OK, tries: 1},
		"504": {caps: []string{"AUTH PLAIN LOGIN"}, auth: refuses("504 5.5.4 Unrecognized authentication type"),
			class: reply.OK, tries: 2},
		"534": {caps: []string{"AUTH CRAM-MD5 PLAIN LOGIN"}, auth: refuses("534 5.7.9 Mechanism is too weak"),
			class: reply.OK, tries: 2},
		"502": {caps: []string{"AUTH PLAIN LOGIN"}, auth: refuses("502 5.5.1 not implemented"), class: reply.OK, tries: 2},
		"535 that means the mechanism": {caps: []string{"AUTH PLAIN LOGIN"},
			auth: refuses("535 5.7.0 Authentication mechanism not supported"), class: reply.OK, tries: 2},
		"501 to the first line": {caps: []string{"AUTH PLAIN"}, auth: func(p *peer, arg string) {
			if arg != "PLAIN" {
				p.say("501 5.5.4 no initial response, please")
				return
			}
			p.say("334 go on")
			if p.read() == "\x00ann\x00"+password {
				p.say("235 ok")
			}
		}, class: reply.OK, tries: 2},
		"501 to both": {caps: []string{"AUTH PLAIN LOGIN"}, auth: refuses("501 5.5.2 cannot decode"),
			class: reply.OK, tries: 3},
		"none of them": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, _ string) { p.say("504 5.5.4 no") },
			class: reply.Stop, text: "server.auth", tries: 2},
		"the one that is asked for": {caps: []string{"AUTH PLAIN LOGIN"}, auth: refuses("504 5.5.4 no"), asked: "plain",
			class: reply.Stop, text: "mailshot probe", tries: 1},
		"a wrong password": {caps: []string{"AUTH PLAIN LOGIN"}, auth: refuses("535 5.7.8 no " + plain),
			class: reply.Stop, text: "check the user name and the password", tries: 1},
		"basic authentication off": {caps: []string{"AUTH LOGIN XOAUTH2"}, auth: func(p *peer, _ string) {
			p.say("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant")
		}, class: reply.Stop, text: "see mailshot login", tries: 1},
		"basic authentication not supported": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, _ string) {
			p.say("550 5.7.30 Basic authentication is not supported for Client Submission.")
		}, class: reply.Stop, text: "basic authentication is switched off", tries: 1},
		"app password": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, _ string) {
			p.say("534 5.7.9 Application-specific password required.")
		}, class: reply.Stop, text: "app password", tries: 1},
		"530": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, _ string) {
			p.say("530 5.7.0 Must issue a STARTTLS command first")
		}, class: reply.Stop, text: "tls: starttls", tries: 1},
		"503": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, _ string) {
			p.say("503 5.5.1 Error: authentication not enabled")
		}, class: reply.Stop, text: "port 587", tries: 1},
		"525": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, _ string) { p.say("525 5.7.13 disabled") },
			class: reply.Stop, text: "account is disabled", tries: 1},
		"432": {caps: []string{"AUTH PLAIN"}, auth: func(p *peer, _ string) { p.say("432 4.7.12 a transition") },
			class: reply.Stop, text: "set anew", tries: 1},
		"hangs up at the second": {caps: []string{"AUTH PLAIN LOGIN"}, auth: func(p *peer, arg string) {
			if strings.HasPrefix(arg, "PLAIN") {
				p.say("504 5.5.4 no")
				return
			}
			p.drop()
		}, class: reply.Stop, text: "504", tries: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{caps: c.caps, on: func(p *peer, stage, arg string) bool {
				if stage == "auth" {
					c.auth(p, arg)
				}
				return stage == "auth"
			}}
			cfg := f.listen(t)
			cfg.Username, cfg.Password, cfg.Auth = "ann", secret, c.asked
			out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always)
			if out.Class != c.class || c.text != "" && !strings.Contains(out.Err.Error(), c.text) {
				t.Errorf("got %q: %v", out.Class, out.Err)
			}
			if n := f.count("AUTH "); n != c.tries {
				_, _, lines := f.snapshot()
				t.Errorf("%d AUTH commands in %q, want %d", n, lines, c.tries)
			}
			if out.Err != nil {
				leaks(t, out.Err)
			}
		})
	}
}

// TestHintsOfSessions: what a session is refused for says what to write.
//
// Broken on purpose: without Session.hint, no row has a hint.
func TestHintsOfSessions(t *testing.T) {
	t.Parallel()
	for stage, c := range map[string]struct{ answer, hint string }{
		"ehlo": {"501 5.5.4 Invalid domain name", "set server.helo"},
		"mail": {"530 5.7.0 Authentication required", "server.username"},
	} {
		f := &fake{on: at(stage, c.answer)}
		out := newPool(t, f.listen(t)).Send(t.Context(), message("a@example.org"), always)
		if out.Class != reply.Stop || !strings.Contains(out.Err.Error(), c.hint) {
			t.Errorf("%s: %q: %v", stage, out.Class, out.Err)
		}
	}
}
