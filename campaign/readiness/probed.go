package readiness

import (
	"fmt"
	"slices"
	"time"

	"mailshot/campaign/check"
	"mailshot/sender"
)

// expiresSoon is how long before its end a certificate is warned about.
const expiresSoon = 14 * 24 * time.Hour

// Probed says what is wrong with a server that was probed, whoever's mail it is for.
func Probed(p *sender.Probed, now time.Time) []check.Finding {
	var fs []check.Finding
	add := func(severity check.Severity, code, text, hint string) {
		fs = append(fs, check.Finding{Severity: severity, Code: code, Text: text, Hint: hint})
	}
	if p.Err != nil {
		add(check.Error, "probe-failed", p.Err.Error(), "")
	}
	if len(p.Certificates) > 0 && p.Err == nil {
		end := p.Certificates[0].NotAfter
		switch left := end.Sub(now); {
		case left <= 0:
			add(check.Warning, "certificate-expired",
				"the certificate expired on "+end.Format(time.DateOnly)+"; only its fingerprint lets it pass", "")
		case left < expiresSoon:
			add(check.Warning, "certificate-expires",
				fmt.Sprintf("the certificate expires on %s, in %d days", end.Format(time.DateOnly), int(left.Hours()/24)),
				"have it renewed before a long run")
		}
	}
	_, offered := p.Extensions["STARTTLS"]
	if offered && !p.TLS && !slices.Contains([]string{"connect", "ehlo"}, p.Until) {
		add(check.Warning, "tls-unused", "the server offers TLS, and it is not used", "set tls: starttls")
	}
	if p.Extensions != nil && (p.TLS || !offered) {
		if _, ok := p.Extensions["PIPELINING"]; !ok {
			add(check.Warning, "slow-server",
				"the server does not offer PIPELINING: each message takes several round trips", "")
		}
	}
	return fs
}
