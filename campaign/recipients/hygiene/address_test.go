package hygiene

import "testing"

// No large domain, and none of its like, is taken for a slip of another.
func TestDomainsThatAreNoSlips(t *testing.T) {
	t.Parallel()
	for _, domain := range append(append([]string{"gmx.com", "gmail.de", "mail.com", "web.com", "example.org",
		"live.co.uk", "yahoo.com.br", "free.it"}, large...), twins...) {
		if meant := misspelt(domain); meant != "" {
			t.Errorf("%s: meant %s", domain, meant)
		}
	}
}
