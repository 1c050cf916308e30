package hygiene

import (
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/internal/suggest"
	"mailshot/render/address"
)

// Checker finds what is odd in addresses. The zero value is ready to use. It remembers the domains of a list, and is
// not safe for concurrent use.
type Checker struct {
	slips map[string]string // domain → the domain that was meant, "" if it is not a typo
}

// Address finds what is odd about an address that may be right, and usually is not what was meant.
func (c *Checker) Address(a address.Address) (found []Finding) {
	domain := a.Domain()
	say := func(code, apart, what, hint string) {
		found = append(found, Finding{Code: code, Apart: apart, Text: what, Hint: hint})
	}
	if meant := c.slip(domain); meant != "" {
		say("typo-domain", domain, fmt.Sprintf("%s is usually a typo for %s", domain, meant),
			"correct the address if it is a typo")
	}
	if _, err := address.Parse(a.Local() + "@" + domain); err != nil && !a.IsZero() {
		say("odd-dots", domain, fault.Quote(a.Unicode())+" has dots that the standard does not allow",
			"some servers refuse such addresses whatever is done about them")
	}
	if slices.Contains(disposable, domain) {
		say("disposable-domain", domain, "addresses at "+domain+" are disposable",
			"ask for another, or leave the row out")
	}
	if local := strings.ToLower(a.Local()); slices.Contains(roles, local) {
		say("role-address", local, fault.Quote(a.Unicode())+" is the mailbox of a role, not of a person",
			"several people may read it, and perhaps none of them asked for mail")
	}
	return found
}

// roles are the mailboxes of roles: those of RFC 2142, and those that nobody reads.
var roles = []string{
	"abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news", "webmaster", "www", "uucp", "ftp",
	"root", "admin", "administrator",
	"noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "spam", "bounce", "bounces",
}

// disposable are the best known domains of disposable mailboxes. There are tens of thousands more, and a list of them
// is out of date within a week.
var disposable = []string{
	"10minutemail.com", "10minutemail.net", "dispostable.com", "fakeinbox.com", "getairmail.com", "getnada.com",
	"guerrillamail.biz", "guerrillamail.com",
	"guerrillamail.de", "guerrillamail.info", "guerrillamail.net", "guerrillamail.org", "guerrillamailblock.com",
	"mailcatch.com", "maildrop.cc", "mailinator.com",
	"mailinator.net", "mailnesia.com", "mintemail.com", "mohmal.com", "mytemp.email", "sharklasers.com", "spam4.me",
	"spamgourmet.com", "temp-mail.org", "tempail.com",
	"tempmail.com", "tempmail.net", "throwawaymail.com", "trashmail.com", "trashmail.de", "wegwerfmail.de",
	"yopmail.com", "yopmail.fr", "yopmail.net",
}

// large are the domains that typos are meant for. twins are real domains that look like a typo.
var (
	large = []string{
		"gmail.com", "googlemail.com", "yahoo.com", "yahoo.co.uk", "yahoo.fr", "yahoo.de", "hotmail.com",
		"hotmail.co.uk", "hotmail.fr", "outlook.com", "icloud.com",
		"live.com", "proton.me", "protonmail.com", "orange.fr", "wanadoo.fr", "free.fr", "web.de", "gmx.de", "gmx.net",
		"t-online.de", "mail.ru", "yandex.ru", "libero.it", "comcast.net", "aol.com",
	}
	twins = []string{
		"email.com", "mail.com", "ymail.com", "gmx.com", "gmx.at", "gmx.ch", "gmx.fr", "gmx.us", "live.ca", "live.nl",
		"live.fr", "live.de", "yahoo.ca", "yahoo.es", "yahoo.it", "yahoo.in", "yahoo.gr", "yahoo.ie", "yahoo.pl",
		"yahoo.ro", "yahoo.se", "yahoo.dk", "yahoo.no",
		"hotmail.de", "hotmail.es", "hotmail.it", "hotmail.nl", "hotmail.be", "outlook.fr", "outlook.de", "outlook.es",
		"outlook.it", "yandex.ua", "yandex.by", "yandex.kz", "mail.bg", "aon.com", "aol.de", "ao.com", "free.de",
		"web.com", "eb.de", "line.com", "five.com", "olive.com", "alive.com", "love.com", "live.co", "range.fr",
	}
)

// slip is misspelt with a memory, since a list has the same domains again and again.
func (c *Checker) slip(domain string) string {
	meant, known := c.slips[domain]
	if !known {
		meant = misspelt(domain)
		if c.slips == nil || len(c.slips) == mostSlips {
			c.slips = make(map[string]string)
		}
		c.slips[strings.Clone(domain)] = meant
	}
	return meant
}

// mostSlips is how many domains are remembered at a time.
const mostSlips = 4096

// misspelt is the large domain that differs from a domain by one typo: a letter added, left out, replaced, or swapped
// with the next. It is "" if there is none, and if the domain is too short to tell.
func misspelt(domain string) string {
	if slices.Contains(large, domain) || slices.Contains(twins, domain) {
		return ""
	}
	for _, meant := range large {
		if len(meant) < 7 || len(domain) < len(meant)-1 || len(domain) > len(meant)+1 {
			continue
		}
		if name, _, _ := strings.Cut(meant, "."); len(name) < 4 {
			continue
		}
		if suggest.Distance(domain, meant, 1) == 1 {
			return meant
		}
	}
	return ""
}
