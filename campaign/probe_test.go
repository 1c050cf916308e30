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
		"all is well": {
			probed: sender.Probed{TLS: true, Certificates: until(90 * 24 * time.Hour), Extensions: good, MaxSize: 1000},
			server: login, weight: Estimate{Largest: 1000},
		},
		"expires": {
			probed: sender.Probed{TLS: true, Certificates: until(13 * 24 * time.Hour), Extensions: good},
			server: login, codes: "certificate-expires",
		},
		"expired": {
			probed: sender.Probed{TLS: true, Certificates: until(-time.Hour), Extensions: good},
			server: login, codes: "certificate-expired",
		},
		"failed": {probed: sender.Probed{Err: errors.New("x")}, server: login, codes: "probe-failed"},
		"too large": {
			probed: sender.Probed{TLS: true, Extensions: good, MaxSize: 1000},
			server: login, weight: Estimate{Largest: 1001}, codes: "over-server-limit",
		},
		"strange letters": {
			probed: sender.Probed{TLS: true, Extensions: map[string]string{"PIPELINING": ""}},
			server: login, weight: Estimate{UTF8: 2}, codes: "no-smtputf8",
		},
		"no login": {
			probed: sender.Probed{TLS: true, Extensions: good},
			server: definition.Server{Host: "mail.acme.example"}, codes: "no-login",
		},
		"other mechanism": {
			probed: sender.Probed{TLS: true, Extensions: good},
			server: definition.Server{
				Host: "mail.acme.example", Username: "ann", Password: login.Password, Auth: "CRAM-MD5",
			},
			codes: "auth-not-offered",
		},
		"in clear": {
			probed: sender.Probed{Extensions: map[string]string{"STARTTLS": "", "PIPELINING": ""}, Until: "tls"},
			server: login, codes: "tls-unused",
		},
		"slow": {
			probed: sender.Probed{TLS: true, Extensions: map[string]string{}},
			server: login, codes: "slow-server",
		},
		"above the preset": {
			probed: sender.Probed{TLS: true, Extensions: good},
			server: definition.Server{Host: "smtp.gmail.com", Username: "ann", Password: login.Password},
			limits: definition.Limits{
				Caps: []limits.Cap{{N: 5000, Window: 24 * time.Hour}, {N: 1, Window: time.Minute}}, Connections: 1,
			},
			codes: "limits above-preset",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			campaign := &Campaign{
				def: &definition.Definition{Servers: []*definition.Server{&c.server}, Limits: c.limits},
				now: func() time.Time { return now },
			}
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
