package sender

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailshot/sender/smtp"
)

func conversation(p *Probed) string {
	var b strings.Builder
	for _, l := range p.Conversation {
		fmt.Fprintf(&b, "%v %s\n", l.Server, l.Text)
	}
	return b.String()
}

// TestProbeSteps: a probe goes as far as it is told and no further.
func TestProbeSteps(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for step, verbs := range map[string]string{
		"connect": "",
		"ehlo":    "EHLO",
		"tls":     "EHLO STARTTLS EHLO",
		"auth":    "EHLO STARTTLS EHLO AUTH",
		"":        "EHLO STARTTLS EHLO AUTH",
		"mail":    "EHLO STARTTLS EHLO AUTH MAIL RSET",
		"rcpt":    "EHLO STARTTLS EHLO AUTH MAIL RCPT RSET",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			f := &fake{tls: ca.server(t, nil), caps: []string{"STARTTLS"},
				capsTLS: []string{"AUTH PLAIN LOGIN", "SIZE 1000", "PIPELINING"}}
			cfg := f.listen(t)
			cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = "starttls", ca.pool, "ann", secret
			p, err := Probe(t.Context(), cfg, ProbeOptions{Until: step, From: "a@example.com", To: "b@example.org"})
			if err != nil || p.Err != nil {
				t.Fatal(err, p.Err)
			}
			want := step
			if step == "" {
				want = "auth"
			}
			var said []string
			for _, l := range p.Conversation {
				if verb, _, _ := strings.Cut(l.Text, " "); !l.Server && verb != "QUIT" {
					said = append(said, verb)
				}
			}
			if got := strings.Join(said, " "); got != verbs || p.Reached != want || p.Until != want {
				t.Errorf("said %q, want %q; reached %q of %q", got, verbs, p.Reached, p.Until)
			}
			if strings.Contains(verbs, "AUTH") {
				if p.MaxSize != 1000 || len(p.Mechanisms()) != 2 || len(p.Certificates) == 0 ||
					p.TLSVersion < tls.VersionTLS12 || p.RoundTrip <= 0 || p.Connect <= 0 {
					t.Errorf("%+v", p)
				}
			}
			if _, stored, _ := f.snapshot(); len(stored) > 0 {
				t.Error("a message was sent")
			}
		})
	}
}

// TestProbeMasks: no form of the password is in what a probe shows, whatever the server makes of
// it. With the masks left out of Session.got, the echo shows it.
func TestProbeMasks(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	plain := base64.StdEncoding.EncodeToString([]byte("\x00ann\x00" + password))
	for name, f := range map[string]*fake{
		"taken": {capsTLS: []string{"AUTH PLAIN"}},
		"login": {capsTLS: []string{"AUTH LOGIN"}, on: loginDialogue},
		"echo":  {capsTLS: []string{"AUTH PLAIN"}, on: at("auth", "535 5.7.8 no: "+password+" and "+plain)},
		"late":  {capsTLS: []string{"AUTH PLAIN"}, on: at("mail", "550 5.7.1 not with "+password)},
		"challenge": {capsTLS: []string{"AUTH PLAIN"},
			on: at("auth", "334 "+base64.StdEncoding.EncodeToString([]byte(password)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.tls, f.implicit = ca.server(t, nil), true
			cfg := f.listen(t)
			cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = "implicit", ca.pool, "ann", secret
			p, err := Probe(t.Context(), cfg, ProbeOptions{Until: "mail", From: "a@example.com"})
			if err != nil {
				t.Fatal(err)
			}
			shown := conversation(p) + fmt.Sprint(p.Err)
			for _, form := range []string{password, plain, base64.StdEncoding.EncodeToString([]byte(password)),
				hex.EncodeToString([]byte(password))} {
				if strings.Contains(shown, form) {
					t.Errorf("%q is shown in\n%s", form, shown)
				}
			}
			if !strings.Contains(shown, "[secret]") {
				t.Errorf("nothing was masked in\n%s", shown)
			}
		})
	}
}

// TestProbeFailures: a probe reports what stopped it and the step before. It shows a certificate
// that was not accepted, too.
func TestProbeFailures(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	good := ca.server(t, nil)
	expired := ca.server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	for name, c := range map[string]struct {
		fake    *fake
		reached string
		text    string
		shown   bool // certificates
	}{
		"expired": {&fake{tls: expired, caps: []string{"STARTTLS"}}, "ehlo", "expired", true},
		"unknown": {&fake{tls: newAuthority(t).server(t, nil), caps: []string{"STARTTLS"}}, "ehlo",
			"unknown authority", true},
		"refused STARTTLS": {&fake{tls: good, caps: []string{"STARTTLS"}, on: at("starttls", "454 TLS not available")},
			"ehlo", "TLS not available", false},
		"no STARTTLS": {&fake{tls: good}, "ehlo", "does not offer STARTTLS", false},
		"greeting":    {&fake{on: at("greeting", "554 go away")}, "", "go away", false},
		"no AUTH":     {&fake{tls: good, caps: []string{"STARTTLS"}}, "tls", "offers no authentication", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := c.fake.listen(t)
			cfg.TLS, cfg.RootCAs, cfg.Username, cfg.Password = "starttls", ca.pool, "ann", secret
			p, err := Probe(t.Context(), cfg, ProbeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if p.Err == nil || !strings.Contains(p.Err.Error(), c.text) || p.Reached != c.reached ||
				(len(p.Certificates) > 0) != c.shown {
				t.Errorf("reached %q, %d certificates, %v", p.Reached, len(p.Certificates), p.Err)
			}
			if c.fake.inClear() {
				t.Errorf("in clear: %q", c.fake.clear.String())
			}
		})
	}
}

// TestFingerprint: the one certificate is accepted whatever is wrong with it, and no other, however
// right it is. With pin's comparison taken out, the other certificate was accepted.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	odd := newAuthority(t).server(t, func(c *x509.Certificate) {
		c.NotAfter, c.IPAddresses = time.Now().Add(-time.Minute), nil
	})
	sum := sha256.Sum256(odd.Certificates[0].Certificate[0])
	for name, c := range map[string]struct {
		tls *tls.Config
		ok  bool
	}{"pinned": {odd, true}, "another, verified": {ca.server(t, nil), false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{tls: c.tls, caps: []string{"STARTTLS"}}
			cfg := f.listen(t)
			cfg.TLS, cfg.RootCAs, cfg.Fingerprint = "starttls", ca.pool, hex.EncodeToString(sum[:])
			out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always)
			if (out.Err == nil) != c.ok {
				t.Error(out.Err)
			}
			p, err := Probe(t.Context(), cfg, ProbeOptions{})
			if err != nil || (p.Err == nil) != c.ok || len(p.Certificates) == 0 {
				t.Fatal(err, p)
			}
			if !c.ok && !strings.Contains(p.Err.Error(), (&smtp.FingerprintError{}).Error()) {
				t.Error(p.Err)
			}
		})
	}
}

// TestClientCertificate: a server that knows its clients by certificate gets the certificate.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	mine := ca.server(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	server := ca.server(t, nil)
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	for name, with := range map[string]bool{"with": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := (&fake{tls: server, implicit: true}).listen(t)
			cfg.TLS, cfg.RootCAs = "implicit", ca.pool
			if with {
				cfg.Certificates = mine.Certificates
			}
			if out := newPool(t, cfg).Send(t.Context(), message("a@example.org"), always); (out.Err == nil) != with {
				t.Error(out.Err)
			}
		})
	}
}
