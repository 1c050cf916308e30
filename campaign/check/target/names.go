package target

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Placeholders matches a placeholder domain, which is in a template until somebody writes the real one, in several
// languages. It is a part of a regular expression, without groups that capture.
const Placeholders = `(?:www\.|mail\.|shop\.|news\.)?(?:` +
	`your[-_]?(?:real[-_]?)?(?:domain|site|web[-_]?site|company|business|brand|store|shop|organi[sz]ation|app|name|blog|server|` +
	`link|url)(?:[-_]?(?:name|here))?` +
	`|my[-_]?(?:domain|site|web[-_]?site|company|business)(?:[-_]?name)?` +
	`|ihre?n?[-_]?(?:domain|firma|web[-_]?seite|website|unternehmen)|deine?[-_]?(?:domain|firma|web[-_]?seite|seite)` +
	`|meine?[-_]?(?:domain|firma)|votre[-_]?(?:domaine|site|entreprise|societe)|tu[-_]?(?:dominio|sitio|empresa|tienda)` +
	`|su[-_]?dominio|tuo[-_]?(?:dominio|sito)|(?:jouw|uw)[-_]?(?:domein|website|bedrijf)` +
	`|insert[-_]?(?:your[-_]?)?(?:link|url|domain)(?:[-_]?here)?|domain[-_]?name)` +
	`\.(?:com|org|net|de|fr|es|it|nl|at|ch|eu|ir|io|co|co\.uk|info|example|tld)`

var placeholder = regexp.MustCompile(`^(?i:` + Placeholders + `|(?:[a-z0-9-]+\.)+tld)$`)

// Placeholder says whether a domain should have been replaced: yourdomain.com, ihre-firma.de, domain.tld.
func Placeholder(domain string) bool {
	return mayBePlaceholder(domain) && placeholder.MatchString(domain)
}

// begins are the beginnings of what Placeholders matches behind its first group.
var begins = []string{"your", "my", "ihr", "dein", "mein", "votre", "tu", "su", "jouw", "uw", "insert", "domain"}

// mayBePlaceholder says quickly whether a domain may match placeholder. Each address with a cell in it passes here, in
// each message.
func mayBePlaceholder(domain string) bool {
	domain = strings.ToLower(domain)
	if strings.HasSuffix(domain, ".tld") {
		return true
	}
	for _, sub := range []string{"www.", "mail.", "shop.", "news."} {
		if rest, ok := strings.CutPrefix(domain, sub); ok {
			domain = rest
			break
		}
	}
	return slices.ContainsFunc(begins, func(begin string) bool { return strings.HasPrefix(domain, begin) })
}

// lookalikes are Cyrillic letters that most fonts draw as Latin ones (Chromium, spoof_checks/idn_spoof_checker.cc).
const lookalikes = "асԁеһіјӏорԛѕԝхуҽѵѡ"

// Mixed says whether a reader may take the name of a host for another name: Latin letters with Cyrillic, Greek or
// Armenian ones in one label, or a label of Cyrillic letters that all look like Latin ones below a Latin top-level
// domain. Unicode Technical Standard 39, section 5, calls these mixed-script and whole-script confusables.
func Mixed(host string) bool {
	if !strings.Contains(host, "xn--") && isASCII(host) {
		return false
	}
	name, err := idna.Punycode.ToUnicode(host)
	if err != nil {
		return false
	}
	labels := strings.Split(name, ".")
	top := labels[len(labels)-1]
	for _, label := range labels {
		if mixed(label) {
			return true
		}
		seen := false
		alike := isASCII(top) && !strings.ContainsFunc(label, func(r rune) bool {
			seen = seen || unicode.Is(unicode.Cyrillic, r)
			return unicode.IsLetter(r) && !strings.ContainsRune(lookalikes, unicode.ToLower(r))
		})
		if alike && seen {
			return true
		}
	}
	return false
}

// Disguised says whether a word of a name has Latin letters, and letters of another script that look like Latin ones:
// Pаypal with a Cyrillic а. Signs such as Ω and µ are no disguise.
func Disguised(word string) bool {
	return mixed(word) && strings.ContainsFunc(word, func(r rune) bool {
		return strings.ContainsRune(lookalikes+"АВЕЅІЈКМНОРСТХҮԚԜкмтвнαονρυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", r)
	})
}

// mixed says whether a word has Latin letters and letters of a script some of whose letters look like Latin ones.
func mixed(word string) bool {
	latin, other := false, false
	for _, r := range word {
		switch {
		case r < 0x80:
			latin = latin || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian):
			other = other || unicode.IsLetter(r)
		case unicode.Is(unicode.Latin, r):
			latin = true
		}
	}
	return latin && other
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
