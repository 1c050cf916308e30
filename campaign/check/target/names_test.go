package target_test

import (
	"strings"
	"testing"

	"mailshot/campaign/check/target"
)

func TestPlaceholder(t *testing.T) {
	t.Parallel()
	for _, domain := range strings.Fields(`yourdomain.com your-domain.com www.your-domain.org YourCompany.com your_site.net
		yourwebsite.com mydomain.com ihre-domain.de ihrefirma.de deine-seite.de meinedomain.de votre-site.fr votredomaine.com
		tudominio.es tuempresa.com insertlinkhere.com insert-your-link-here.com domain.tld acme.tld domainname.com`) {
		if !target.Placeholder(domain) {
			t.Errorf("%s is not known", domain)
		}
	}
	for _, domain := range strings.Fields(`acme.example example.com yourstory.com mydomains.com domain.com mysite.app site.com
		domaine.fr yours.com ihr-partner.de companyname.com votre.fr tu-dresden.de domainfactory.de`) {
		if target.Placeholder(domain) {
			t.Errorf("%s is taken for a placeholder", domain)
		}
	}
}

// Seen to fail with Plain taking a host of any letters: the link with a Cyrillic а was not looked at.
func TestMixed(t *testing.T) {
	t.Parallel()
	for _, host := range strings.Fields(`pаypal.com xn--pypal-4ve.com gοοgle.com аррӏе.com xn--80ak6aa92e.com micrоsoft.com shop.аmazon.de`) {
		if !target.Mixed(host) || target.Plain([]byte("https://"+host+"/")) ||
			target.Of("https://"+host+"/").Code != "link-homograph" {
			t.Errorf("%s is taken for what it looks like", host)
		}
	}
	for _, host := range strings.Fields(`paypal.com bücher.example xn--bcher-kva.example москва.рф xn--80adxhks.xn--p1ai
		президент.com 例え.jp ελλάδα.gr xn--hxakic4aa.gr مثال.ایران straße.de`) {
		if target.Mixed(host) {
			t.Errorf("%s is taken for another", host)
		}
	}
}

func TestDisguised(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{"Pаypal": true, "Аcme": true, "Gοοgle": true, "Acme": false, "Москва": false,
		"kΩ":       false,
		"µTorrent": false, "Straße": false, "Ελλάδα": false, "日本Acme": false} {
		if got := target.Disguised(word); got != want {
			t.Errorf("%s: %t", word, got)
		}
	}
}
