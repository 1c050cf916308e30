package courtesy

import "strings"

// providers are systems that take the mail of several domains, with the domains of most of their
// users. The MX records of these domains showed what they have in common. A domain of a company's
// own is not among them.
var providers = map[string][]string{
	"gmail":   {"gmail.com", "googlemail.com"},
	"outlook": {"msn.com", "passport.com", "windowslive.com"},
	"yahoo": {"ymail.com", "rocketmail.com", "myyahoo.com", "aim.com", "verizon.net", "att.net", "sbcglobal.net",
		"bellsouth.net"},
	"icloud":   {"icloud.com", "me.com", "mac.com"},
	"gmx":      {"gmx.net", "gmx.info", "web.de", "mail.com"},
	"proton":   {"proton.me", "protonmail.com", "protonmail.ch", "pm.me"},
	"fastmail": {"fastmail.com", "fastmail.fm"},
	"zoho":     {"zoho.com", "zohomail.com", "zohomail.eu", "zohomail.in"},
	"t-online": {"t-online.de", "magenta.de"},
	"orange":   {"orange.fr", "wanadoo.fr"},
	"free":     {"free.fr"},
	"laposte":  {"laposte.net"},
	"libero":   {"libero.it", "virgilio.it", "iol.it", "inwind.it", "giallo.it", "blu.it"},
	"comcast":  {"comcast.net"},
	"yandex":   {"yandex.ru", "yandex.com", "ya.ru", "yandex.kz", "yandex.by", "narod.ru"},
	"mail-ru":  {"mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"},
	"seznam":   {"seznam.cz", "email.cz", "post.cz"},
	"wp":       {"wp.pl", "o2.pl"},
	"qq":       {"qq.com", "foxmail.com"},
	"netease":  {"163.com", "126.com", "yeah.net"},
	"naver":    {"naver.com"},
	"yahoo-jp": {"yahoo.co.jp", "ymail.ne.jp"}, // another company, with servers of its own
}

// national are the names under which a provider has domains of many countries.
var national = map[string]string{
	"outlook": "outlook", "hotmail": "outlook", "live": "outlook",
	"yahoo": "yahoo", "aol": "yahoo", "gmx": "gmx",
}

var byDomain = func() map[string]string {
	m := map[string]string{}
	for name, domains := range providers {
		for _, d := range domains {
			m[d] = name
		}
	}
	return m
}()

// Group names the provider whose servers take the mail of a domain (lower case, A-labels): "gmail"
// for gmail.com and googlemail.com, "" for most domains. It knows a fixed list and does not ask the
// DNS. Such providers count what comes in for all their domains together.
func Group(domain string) string {
	if g, ok := byDomain[domain]; ok {
		return g
	}
	name, country, _ := strings.Cut(domain, ".")
	if g, ok := national[name]; ok && isNational(country) {
		return g
	}
	return ""
}

// isNational reports whether a suffix is com, that of a country, or com or co below that of a
// country.
func isNational(suffix string) bool {
	top := suffix
	if rest, ok := strings.CutPrefix(suffix, "com."); ok {
		top = rest
	} else if rest, ok := strings.CutPrefix(suffix, "co."); ok {
		top = rest
	}
	return suffix == "com" || len(top) == 2 && !strings.Contains(top, ".")
}

// Share finds which of the named domains (lower case, A-labels) gives a domain its limits. It is
// the domain itself, or else the first named domain that [Group] puts into the domain's group
// (group "": none). Share returns "" if there is none.
func Share(domain, group string, named []string) string {
	share := ""
	for _, n := range named {
		if n == domain {
			return n
		}
		if share == "" && group != "" && Group(n) == group {
			share = n
		}
	}
	return share
}

// exchangers are the ends of the names of providers' mail servers, as MX records name them.
// Providers that take the mail of people's own domains come first. The rest are companies that
// receive mail for others, and filter it.
var exchangers = map[string][]string{
	"gmail":       {"google.com", "googlemail.com"},
	"m365":        {"mail.protection.outlook.com", "mx.microsoft"},
	"outlook":     {"olc.protection.outlook.com"},
	"yahoo":       {"yahoodns.net"},
	"icloud":      {"mail.icloud.com"},
	"gmx":         {"gmx.net", "web.de", "mail.com"},
	"proton":      {"protonmail.ch"},
	"fastmail":    {"messagingengine.com"},
	"zoho":        {"zoho.com", "zoho.eu", "zoho.in"},
	"t-online":    {"t-online.de"},
	"orange":      {"orange.fr"},
	"free":        {"free.fr"},
	"laposte":     {"laposte.net"},
	"libero":      {"libero.it", "virgilio.it"},
	"comcast":     {"comcast.net"},
	"yandex":      {"yandex.ru", "yandex.net"},
	"mail-ru":     {"mail.ru"},
	"seznam":      {"seznam.cz"},
	"wp":          {"wp.pl"},
	"qq":          {"qq.com"},
	"netease":     {"netease.com"},
	"naver":       {"naver.com"},
	"ionos":       {"kundenserver.de", "ionos.de", "ionos.com", "ionos.co.uk", "ionos.fr", "ionos.es"},
	"strato":      {"rzone.de"},
	"ovh":         {"ovh.net"},
	"gandi":       {"gandi.net"},
	"infomaniak":  {"infomaniak.ch"},
	"rackspace":   {"emailsrvr.com"},
	"godaddy":     {"secureserver.net"},
	"ses":         {"amazonaws.com"},
	"cloudflare":  {"mx.cloudflare.net"},
	"mimecast":    {"mimecast.com"},
	"proofpoint":  {"pphosted.com", "ppe-hosted.com"},
	"barracuda":   {"barracudanetworks.com"},
	"symantec":    {"messagelabs.com"},
	"cisco":       {"iphmx.com"},
	"trend-micro": {"trendmicro.com", "trendmicro.eu"},
	"hornet":      {"hornetsecurity.com"},
}

var bySuffix = func() map[string]string {
	m := map[string]string{}
	for name, suffixes := range exchangers {
		for _, s := range suffixes {
			m[s] = name
		}
	}
	return m
}()

// GroupOfHost names the provider that a mail exchanger (lower case, without its last dot) belongs
// to: "gmail" for aspmx.l.google.com, "" for most hosts. Where [Group] knows the provider too, it
// has the same name there.
func GroupOfHost(host string) string {
	for rest := host; rest != ""; _, rest, _ = strings.Cut(rest, ".") {
		if g, ok := bySuffix[rest]; ok {
			return g
		}
	}
	return ""
}
