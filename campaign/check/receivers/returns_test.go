package receivers_test

import (
	"testing"

	"mailshot/campaign/check/receivers"
	"mailshot/sender/reply"
)

// An envelope sender that the server refuses is an error, and one that the server replaces is a warning where it has a
// token. An address behind a + belongs to its login.
func TestReturns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, login, does, local, domain string
		token                            bool
		want                             string
	}{
		{"the login", "b@acme.example", reply.EnvelopeLogin, "b", "acme.example", false, ""},
		{"the login in capitals, with a token", "B@acme.example", reply.EnvelopeLogin, "b", "Acme.example", true, ""},
		{"another mailbox", "b@acme.example", reply.EnvelopeLogin, "bounces", "acme.example", false, "envelope-refused"},
		{"another domain", "b@acme.example", reply.EnvelopeLogin, "b", "b.acme.example", true, "envelope-refused"},
		{"a login that is not an address", "apikey", reply.EnvelopeLogin, "b", "acme.example", true, ""},
		{"no bounces", "b@acme.example", reply.EnvelopeLogin, "", "", false, ""},
		{"replaced", "b@acme.example", reply.EnvelopeReplaced, "b", "acme.example", true, "envelope-replaced"},
		{"replaced, without a token", "b@acme.example", reply.EnvelopeReplaced, "b", "acme.example", false, ""},
		{"not known", "b@acme.example", "", "x", "acme.example", true, ""},
	} {
		found := receivers.Look(receivers.Facts{
			From:     receivers.Mailbox{Named: true, Local: "a", Domain: "acme.example"},
			Envelope: c.domain, Returns: receivers.Returns{Local: c.local, Token: c.token},
			Servers: []receivers.Server{{Host: "smtp.acme.example", Login: c.login, Envelope: c.does}},
		})
		got := ""
		for _, f := range found {
			if f.Key == "bounces" {
				got = f.Code
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, found)
		}
	}
}
