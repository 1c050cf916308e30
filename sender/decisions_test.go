package sender

import (
	"testing"

	"mailshot/sender/reply"
)

// TestDecisions has a server give the answers of the decision table at their steps. A Send makes of
// them what the table says, the connection is closed or clean, and the next message goes, or waits,
// as it should.
func TestDecisions(t *testing.T) {
	t.Parallel()
	const server, sender, recipient, mail, group = reply.AboutServer, reply.AboutSender, reply.AboutRecipient,
		reply.AboutMessage, reply.AboutGroup
	for _, c := range []struct {
		stage, answer string
		class         reply.Class
		about         reply.About
	}{
		{"greeting", "421 4.3.2 busy", reply.Retry, server},
		{"greeting", "450 4.7.1 wait", reply.Retry, server},
		{"greeting", "554 5.7.1 blocked", reply.Stop, server},
		{"ehlo", "421 4.7.0 Try again later, closing connection", reply.Retry, server},
		{"auth", "454 4.7.0 Temporary authentication failure", reply.Retry, server},
		{"auth", "421 4.7.0 Too many login attempts", reply.Retry, server},
		{"auth", "451 4.3.0 later", reply.Retry, server},
		{"auth", "432 4.7.12 A password transition is needed", reply.Stop, server},
		{"auth", "534 5.7.9 Application-specific password required", reply.Stop, server},
		{"auth", "535 5.7.8 bad credentials", reply.Stop, server},
		{"auth", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
			reply.Stop, server},
		{"auth", "550 5.7.30 Basic authentication is not supported for Client Submission", reply.Stop, server},
		{"auth", "525 5.7.13 account disabled", reply.Stop, server},
		{"auth", "538 5.7.11 Encryption required", reply.Stop, server},
		{"mail", "432 4.3.2 Concurrent connections limit exceeded", reply.Hold, server},
		{"mail", "450 4.7.1 Error: too much mail from 192.0.2.1", reply.Hold, server},
		{"mail", "452 4.3.1 Insufficient system storage", reply.Hold, server},
		{"mail", "452 4.4.5 too fast", reply.Hold, server},
		{"mail", "454 Throttling failure: Maximum sending rate exceeded.", reply.Hold, server},
		{"mail", "454 Throttling failure: Daily message quota exceeded.", reply.Hold, server},
		{"mail", "550 5.4.5 Daily user sending limit exceeded", reply.Hold, server},
		{"mail", "553 5.1.7 bad sender", reply.Stop, sender},
		{"mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", reply.Stop, sender},
		{"mail", "552 5.3.4 too big", reply.Message, mail},
		{"mail", "530 5.7.0 Authentication required", reply.Stop, server},
		{"rcpt", "450 4.7.1 Greylisted, try again in 5 minutes", reply.Retry, recipient},
		{"rcpt", "450 4.2.1 The user is receiving mail too quickly", reply.Retry, recipient},
		{"rcpt", "451 4.3.0 lookup failure", reply.Retry, recipient},
		{"rcpt", "452 4.5.3 too many recipients", reply.Hold, server},
		{"rcpt", "452 4.2.2 mailbox full", reply.Retry, recipient},
		{"rcpt", "552 5.2.2 mailbox full", reply.Refuse, recipient},
		{"rcpt", "550 5.1.1 no such user", reply.Refuse, recipient},
		{"rcpt", "550 no such user", reply.Refuse, recipient},
		{"rcpt", "554 5.7.1 <x@example.org>: Relay access denied", reply.Stop, server},
		{"rcpt", "550 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", reply.Hold, group},
		{"rcpt", "550 5.7.133 restricted", reply.Refuse, recipient},
		{"data", "451 4.3.0 not now", reply.Retry, mail},
		{"data", "554 5.5.1 no valid recipients", reply.Hold, server},
		{"end", "250 2.0.0 Ok: queued as 4XyZ", reply.OK, ""},
		{"end", "451 4.3.0 try later", reply.Retry, mail},
		{"end", "552 5.3.4 too big", reply.Message, mail},
		{"end", "552 5.7.0 illegal attachment", reply.Message, mail},
		{"end", "550 5.7.26 unauthenticated", reply.Stop, sender},
		{"end", "550 5.7.515 authentication level", reply.Stop, sender},
		{"end", "554 5.7.1 spam", reply.Message, mail},
		{"end", "550 5.4.5 Daily user sending limit exceeded", reply.Hold, server},
		{"end", "421 4.3.2 going down", reply.Hold, server},
	} {
		t.Run(c.stage+" "+c.answer, func(t *testing.T) {
			t.Parallel()
			f := &fake{caps: []string{"AUTH PLAIN"}}
			f.on = once(c.stage, func(p *peer) {
				p.say(c.answer)
				switch {
				case c.answer[:3] == "421":
					p.drop()
				case c.class == reply.OK && c.stage == "end":
					p.store(stored{To: "a@example.org"})
				}
			})
			cfg := f.listen(t)
			cfg.Username, cfg.Password, cfg.Connections = "ann", secret, 1
			p := newPool(t, cfg)
			out := p.Send(t.Context(), message("a@example.org"), always)
			if out.Class != c.class || out.About != c.about || out.Begun != (c.stage == "end" || c.class == reply.OK) {
				t.Errorf("got %q about %q, begun %v, want %q about %q: %v", out.Class, out.About, out.Begun, c.class,
					c.about, out.Err)
			}
			before := c.stage == "greeting" || c.stage == "ehlo" || c.stage == "auth"
			next := p.Send(t.Context(), message("b@example.org"), always)
			switch {
			case before && c.class == reply.Stop && next.Class != reply.Stop, before && c.class == reply.Retry &&
				(next.Class != reply.Retry || next.HoldOff <= 0):
				t.Errorf("the next is %q, to wait for %v", next.Class, next.HoldOff)
			case !before && next.Class != reply.OK:
				t.Errorf("the next: %+v", next)
			}
		})
	}
}
