// Package address is the one address grammar of mailshot. Call [Parse] for an address, and [ParseMailbox] for an
// address with a name.
//
// A cell, a From line and a suppression entry all go through these two. The envelope (RCPT TO:<…>) and the headers are
// both written from the value that comes out. So there is no second reading of an address that could disagree with the
// first and send a message to another domain.
//
// The grammar is narrower than RFC 5321 on purpose. It takes a dot-string local part (RFC 5321 4.1.2, with the UTF-8 of
// RFC 6531 3.3), an @, and a domain of two labels or more, kept as lower-case A-labels (RFC 5890). It refuses what is
// legal but never seen in an honest list, because receivers disagree about it: comments, folding, domain literals,
// quoted local parts that need their quotes, source routes, groups. Nothing is repaired silently. An invisible
// character, a full-width @ or a typographic quote is refused, with its position and the plain form, for the person who
// must correct the list. [ParseLenient] takes dots that some providers give out against the standard.
//
// net/mail's parser is not used because it takes most of that, and reports no position. Domains are converted by
// x/net/idna.
package address

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Address is one mail address, as it goes into the envelope. It is comparable and immutable. The zero value is not an
// address. Two spellings of one mailbox may differ as values: compare [Address.Key] for identity.
type Address struct {
	local  string // a dot-string, as given, without quotes
	domain string // lower-case A-labels, no trailing dot
}

// String returns the envelope form, local@domain: what goes between the angle brackets of RCPT TO and into To. It has
// no blanks, no control characters and none of <>()[]:;,\", and is empty for the zero value. A local part that only
// [ParseLenient] takes is between quotes (RFC 5321 4.1.2).
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	if reason, _ := dots(a.local); reason != "" {
		return `"` + a.local + `"@` + a.domain
	}
	return a.local + "@" + a.domain
}

// Append appends what String returns.
func (a Address) Append(b []byte) []byte {
	if a.IsZero() {
		return b
	}
	if reason, _ := dots(a.local); reason != "" {
		b = append(append(append(b, '"'), a.local...), '"')
	} else {
		b = append(b, a.local...)
	}
	return append(append(b, '@'), a.domain...)
}

// Local returns the part before the @, as it was written.
func (a Address) Local() string { return a.local }

// Domain returns the domain as lower-case A-labels, without a trailing dot.
func (a Address) Domain() string { return a.domain }

// Unicode returns the address for people to read: the domain in its own script.
func (a Address) Unicode() string {
	if a.IsZero() {
		return ""
	}
	return a.local + "@" + unicodeDomain(a.domain)
}

// Key returns the identity by which addresses are compared: the local part in lower case and NFC, @, and the domain.
// RFC 5321 lets a server tell Ann@ from ann@, but providers do not, and two mails to one person are the worse mistake.
func (a Address) Key() string {
	if a.IsZero() {
		return ""
	}
	return strings.ToLower(norm.NFC.String(a.local)) + "@" + a.domain
}

// ASCII reports whether the address can be sent without SMTPUTF8 (RFC 6531). The domain always can, the local part only
// if it is ASCII. It is true for the zero value.
func (a Address) ASCII() bool { return isASCII(a.local) }

// IsZero reports whether a is the zero value.
func (a Address) IsZero() bool { return a.domain == "" }

// Mailbox is an address with the name that is shown beside it.
type Mailbox struct {
	Name    string // as people read it: without quotes, "" if there is none
	Address Address
}

// Error says why a text is not an address.
type Error struct {
	Text   string // what was parsed, as given
	Reason string // for people: `no @`, `two addresses in one cell`
	Hint   string // what to write instead, "" if there is no good guess
}

// Error returns the text in quotes, shortened, with what cannot be seen made visible, and the reason.
func (e *Error) Error() string {
	s := quote(e.Text) + ": " + e.Reason
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// RFC 5321 4.5.3.1: octets of the local part, of a label, and of a path less its angle brackets.
const (
	maxLocal = 64
	maxLabel = 63
	maxTotal = 254
)

// Parse reads one address. Blanks and tabs around it are dropped. Everything else must be the address. The error is
// always an *[Error].
func Parse(s string) (Address, error) {
	return parsed(s, reading{})
}

// ParseLenient reads one address as [Parse] does, and takes dots before the @ that RFC 5321 does not allow without
// quotes: two in a row, at the start, and right before the @. Japanese providers gave out such addresses for years:
// ann..b@docomo.ne.jp. The error is always an *[Error].
func ParseLenient(s string) (Address, error) {
	return parsed(s, reading{lenient: true})
}

// reading is how an address is read. The zero value is strict, with hints.
type reading struct {
	lenient bool // dots may stand where RFC 5321 does not allow them
	silent  bool // without hints, which are made by reading once more
}

func parsed(s string, how reading) (Address, error) {
	a, reason, hint := parse(s, how)
	if reason != "" {
		return Address{}, &Error{Text: s, Reason: reason, Hint: hint}
	}
	return a, nil
}

func parse(s string, how reading) (a Address, reason, hint string) {
	text := strings.Trim(s, " \t")
	if text == "" {
		return a, "empty", ""
	}
	if reason, hint := unreadable(s, text, how); reason != "" {
		return a, reason, hint
	}
	local, domain, ok := split(text)
	if !ok {
		reason, hint = explain(text, how)
		return a, reason, hint
	}
	if reason, hint := checkLocal(local, how.lenient); reason != "" {
		return a, reason, hint
	}
	ascii, reason, hint := toASCII(domain)
	if reason != "" {
		return a, reason, hint
	}
	if len(local)+1+len(ascii) > maxTotal {
		return a, "longer than 254 characters", ""
	}
	return Address{local: local, domain: ascii}, "", ""
}

// split cuts a text at its one @. The text must not have characters with a meaning in RFC 5322. Quotes around a local
// part that does not need them are dropped (RFC 5321 4.1.2: both forms are one mailbox). ok is false if there is
// anything else in it.
func split(s string) (local, domain string, ok bool) {
	if rest, found := strings.CutPrefix(s, `"`); found {
		local, domain, found = strings.Cut(rest, `"@`)
		if !found || local == "" {
			return "", "", false
		}
	} else if local, domain, found = strings.Cut(s, "@"); !found {
		return "", "", false
	}
	if local == "" || domain == "" || strings.ContainsAny(local, specials) || strings.ContainsAny(domain, specials) {
		return "", "", false
	}
	return local, domain, true
}

// specials are RFC 5322's, less the dot, and the blanks.
const specials = " \t()<>[]:;@\\,\""

func checkLocal(s string, lenient bool) (reason, hint string) {
	if reason, hint := dots(s); reason != "" && !lenient {
		return reason, hint
	}
	switch {
	case len(s) > maxLocal:
		return "the part before the @ is longer than 64 characters", ""
	case strings.Trim(s, ".") == "":
		return "nothing but dots before the @", ""
	case encodedWord(s):
		// Legal atoms, but some servers decode them and find another address inside.
		return "an encoded word (=?…?=) before the @", "write the address itself"
	}
	return "", ""
}

// dots finds dots that a dot-string does not have.
func dots(s string) (reason, hint string) {
	switch {
	case s[0] == '.':
		return "a dot at the start", ""
	case s[len(s)-1] == '.':
		return "a dot before the @", ""
	case strings.Contains(s, ".."):
		return "two dots in a row before the @", ""
	}
	return "", ""
}

func encodedWord(s string) bool {
	_, rest, ok := strings.Cut(s, "=?")
	return ok && strings.Contains(rest, "?=")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
