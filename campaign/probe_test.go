package campaign

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/limits"
)

// What would go wrong with a server is said before the run, each thing by its code.
func TestJudge(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	until := func(d time.Duration) []*x509.Certificate { return []*x509.Certificate{{NotAfter: now.Add(d)}} }
	good := map[string]string{"PIPELINING": "", "SIZE": "1000", "SMTPUTF8": "", "AUTH": "PLAIN"}
	login := definition.Server{Host: "mail.acme.example", Username: "ann", Password: &definition.Secret{Env: "X"}}
	for name, c := range map[string]struct {
		probed sender.Probed
		server definition.Server
		limits definition.Limits
		weight Estimate
		codes  string
	}{
		"all is well":     {sender.Probed{TLS: true, Certificates: until(90 * 24 * time.Hour), Extensions: good, MaxSize: 1000}, login, definition.Limits{}, Estimate{Largest: 1000}, ""},
		"expires":         {sender.Probed{TLS: true, Certificates: until(13 * 24 * time.Hour), Extensions: good}, login, definition.Limits{}, Estimate{}, "certificate-expires"},
		"expired":         {sender.Probed{TLS: true, Certificates: until(-time.Hour), Extensions: good}, login, definition.Limits{}, Estimate{}, "certificate-expired"},
		"failed":          {sender.Probed{Err: errors.New("x")}, login, definition.Limits{}, Estimate{}, "probe-failed"},
		"too large":       {sender.Probed{TLS: true, Extensions: good, MaxSize: 1000}, login, definition.Limits{}, Estimate{Largest: 1001}, "over-server-limit"},
		"strange letters": {sender.Probed{TLS: true, Extensions: map[string]string{"PIPELINING": ""}}, login, definition.Limits{}, Estimate{UTF8: 2}, "no-smtputf8"},
		"no login":        {sender.Probed{TLS: true, Extensions: good}, definition.Server{Host: "mail.acme.example"}, definition.Limits{}, Estimate{}, "no-login"},
		"other mechanism": {sender.Probed{TLS: true, Extensions: good}, definition.Server{Host: "mail.acme.example", Username: "ann", Password: login.Password, Auth: "CRAM-MD5"}, definition.Limits{}, Estimate{}, "auth-not-offered"},
		"in clear":        {sender.Probed{Extensions: map[string]string{"STARTTLS": "", "PIPELINING": ""}, Until: "tls"}, login, definition.Limits{}, Estimate{}, "tls-unused"},
		"slow":            {sender.Probed{TLS: true, Extensions: map[string]string{}}, login, definition.Limits{}, Estimate{}, "slow-server"},
		"above the preset": {sender.Probed{TLS: true, Extensions: good}, definition.Server{Host: "smtp.gmail.com", Username: "ann", Password: login.Password},
			definition.Limits{Caps: []limits.Cap{{N: 5000, Window: 24 * time.Hour}, {N: 1, Window: time.Minute}}, Connections: 1}, Estimate{}, "limits above-preset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			campaign := &Campaign{def: &definition.Definition{Servers: []*definition.Server{&c.server}, Limits: c.limits}, now: func() time.Time { return now }}
			c.server.Limits = c.limits
			var codes []string
			for _, f := range campaign.Judge(&c.server, &c.probed, &c.weight) {
				codes = append(codes, f.Code)
				if f.Text == "" || f.Severity != check.Error && f.Severity != check.Warning {
					t.Errorf("%+v", f)
				}
			}
			if got := strings.Join(codes, " "); got != c.codes {
				t.Errorf("found %q, want %q", got, c.codes)
			}
		})
	}
}
