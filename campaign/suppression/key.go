package suppression

import (
	"fmt"
	"strings"

	"mailshot/render/address"
)

// Key is the form in which an address, a whole domain ("@example.com", also written "*@example.com") or all domains
// below one ("@*.example.com", without example.com itself) is kept on a suppression list. Case, the composition of letters
// (NFC) and the spelling of an international domain make no difference; dots, what follows a + and letters that only look the same (Arabic
// and Persian yeh) do, because they do to most servers and to the DNS.
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
		return "", fmt.Errorf("%q: a * stands for everybody (*@example.com) or for what is below a domain (@*.example.com), nothing else", s)
	}
	a, err := address.Parse(s)
	if err != nil {
		return "", err
	}
	return a.Key(), nil
}
