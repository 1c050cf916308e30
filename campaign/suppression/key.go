package suppression

import (
	"fmt"
	"strings"

	"mailshot/render/address"
)

// Key returns the form in which a suppression list keeps an entry. An entry is an address, a whole domain
// ("@example.com", also written "*@example.com"), or all domains below one ("@*.example.com", which leaves out
// example.com itself).
//
// Case, the composition of letters (NFC) and the spelling of an international domain make no difference. Dots, what
// follows a + and letters that only look the same (Arabic and Persian yeh) do make one, because they do to most servers
// and to the DNS.
func Key(s string) (string, error) {
	if domain, ok := strings.CutPrefix(strings.TrimPrefix(s, "*"), "@"); ok {
		if below, ok := strings.CutPrefix(domain, "*."); ok {
			a, err := address.Parse("x@x." + below)
			if err != nil || strings.Contains(below, "*") {
				return "", fmt.Errorf("%q: %q is not a domain", s, below)
			}
			return "@*." + strings.TrimPrefix(a.Domain(), "x."), nil
		}
		a, err := address.Parse("x@" + domain)
		if err != nil {
			return "", err
		}
		return "@" + a.Domain(), nil
	}
	if strings.Contains(s, "*") {
		return "", fmt.Errorf("%q: a * may stand only for everybody at a domain (*@example.com) "+
			"or for all domains below one (@*.example.com)", s)
	}
	a, err := address.ParseLenient(s) // whoever may be mailed may be suppressed
	if err != nil {
		return "", err
	}
	return a.Key(), nil
}
