package address

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// toASCII returns the domain as lower-case A-labels. It maps nothing but case and NFC. A full-width letter or an
// ideographic full stop would be another spelling of a domain, and we must not guess which domain the receiver reads.
func toASCII(s string) (domain, reason, hint string) {
	if s[len(s)-1] == '.' {
		return "", "a dot at the end", "write " + quote(strings.TrimRight(s, "."))
	}
	domain = strings.ToLower(s)
	international := false
	if !isASCII(s) {
		domain, international = norm.NFC.String(domain), true
	}
	labels := 0
	last := ""
	for label := range strings.SplitSeq(domain, ".") {
		labels++
		last = label
		switch {
		case label == "" && labels == 1:
			return "", "a dot after the @", ""
		case label == "":
			return "", "two dots in a row in the domain", ""
		case label[0] == '-' || label[len(label)-1] == '-':
			return "", "a hyphen at the start or end of " + quote(label), ""
		case len(label) > maxLabel && isASCII(label):
			return "", "a part of the domain is longer than 63 characters", ""
		case strings.HasPrefix(label, "xn--"):
			international = true
		}
		for _, r := range label {
			if r < 0x80 && !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-') {
				return "", fmt.Sprintf("%q in the domain", r), "letters, digits, hyphens and dots only"
			}
		}
	}
	if labels == 1 {
		return "", "no dot after the @", "a whole domain, like example.com"
	}
	if strings.Trim(last, "0123456789") == "" {
		return "", "a domain that ends in a number", ""
	}
	if !international {
		return domain, "", ""
	}
	return international2008(domain)
}

// international2008 converts by IDNA 2008 and back, and takes only what comes back as it went in. A malformed punycode
// label must not be one domain here and another at the server.
func international2008(s string) (domain, reason, hint string) {
	p := profile()
	domain, err := p.ToASCII(s)
	if err != nil {
		return "", "domain " + quote(s) + " is not a valid international name", ""
	}
	shown, err := p.ToUnicode(domain)
	if err != nil {
		return "", "domain " + quote(s) + " is not a valid international name", ""
	}
	if back, err := p.ToASCII(shown); err != nil || back != domain {
		return "", "domain " + quote(s) + " changes when it is converted and back", ""
	}
	return domain, "", ""
}

// unicodeDomain is the reverse of toASCII, for people. What does not convert is shown as it is.
func unicodeDomain(s string) string {
	if !strings.Contains(s, "xn--") {
		return s
	}
	shown, err := profile().ToUnicode(s)
	if err != nil {
		return s
	}
	if reason, _ := unreadable("x@"+shown, "x@"+shown, reading{silent: true}); reason != "" {
		return s // a name that nobody could write back, of signs that are not letters
	}
	return shown
}

// profile is IDNA 2008 with every check on and no mapping.
func profile() *idna.Profile {
	return idna.New(
		idna.ValidateLabels(true),
		idna.CheckHyphens(true),
		idna.CheckJoiners(true),
		idna.BidiRule(),
		idna.StrictDomainName(true),
		idna.VerifyDNSLength(true),
	)
}
