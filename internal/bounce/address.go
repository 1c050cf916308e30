package bounce

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/sender/reply"
)

// address is a pattern for an address in running text. RFC 6531 allows letters of any script in it.
const address = `(?:"[^"\s<>]{1,64}"|[^\s<>()\[\]:;,"@|\\（）：；，。、【】「」《》“”]{1,128})@` +
	`(?:[\pL\pN](?:[\pL\pN-]*[\pL\pN])?(?:\.[\pL\pN](?:[\pL\pN-]*[\pL\pN])?)*|\[[0-9A-Fa-f:.]+\])`

var anyAddress = regexp.MustCompile(address)

// firstAddress returns the first address of a field; "" if it has none.
func firstAddress(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		if a := trimAddress(anyAddress.FindString(s[i:])); a != "" {
			return a
		}
	}
	return trimAddress(anyAddress.FindString(s))
}

// trimAddress takes off what people and programs write around an address.
func trimAddress(a string) string {
	a = strings.TrimLeft(codeBefore.ReplaceAllString(a, ""), "'`*=“‘«")
	for _, before := range []string{"mailto:", "smtp:", "rfc822;", "RFC822;", "SMTP:"} {
		a = strings.TrimPrefix(a, before)
	}
	if strings.HasPrefix(a, "@") || !strings.Contains(a, "@") {
		return ""
	}
	return withoutLabel(a)
}

// codeBefore is a basic code that a gateway glues to what a server said: "550-'ann@example.com... No such user'".
var codeBefore = regexp.MustCompile(`^[45]\d\d-['"]`)

// withoutLabel cuts off what a script without blanks puts right before an address: "收件人ann@example.com".
func withoutLabel(a string) string {
	i := strings.LastIndexFunc(a, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
	})
	if i < 0 {
		return a
	}
	_, width := utf8.DecodeRuneInString(a[i:])
	if rest := a[i+width:]; strings.IndexByte(rest, '@') > 0 {
		return rest
	}
	return a
}

// typedAddress reads an address with its type: "rfc822; ann@example.com" (RFC 3464 section 2.3), "utf-8; …" (RFC 6533).
// It is "" for types that are not of electronic mail.
func typedAddress(s string) string {
	kind, rest, typed := strings.Cut(s, ";")
	if !typed {
		return firstAddress(s)
	}
	switch kind = strings.ToLower(strings.TrimSpace(kind)); {
	case kind == "utf-8":
		return firstAddress(unEscape(rest))
	case kind == "rfc822" || kind == "rfc-822" || kind == "smtp" || kind == "internet" || kind == "unknown" || kind == "":
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "|") || strings.HasPrefix(rest, "/") {
			return "" // a program or a file of a delivery agent
		}
		return firstAddress(rest)
	case strings.Contains(kind, "@"):
		return firstAddress(s)
	}
	return ""
}

// unEscape decodes the \x{HEX} of utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533 section 3).
func unEscape(s string) string {
	return escape.ReplaceAllStringFunc(s, func(one string) string {
		n, err := strconv.ParseUint(one[3:len(one)-1], 16, 32)
		if err != nil || n < 0x20 || !utf8.ValidRune(rune(n)) {
			return one
		}
		return string(rune(n))
	})
}

var escape = regexp.MustCompile(`\\x\{[0-9A-Fa-f]{1,6}\}`)

// oneLine makes a line safe to show and to store: no controls, at most 300 bytes.
func oneLine(s string) string {
	const most = 300
	if len(s) > 4*reply.MaxText {
		s = s[:4*reply.MaxText]
	}
	s = reply.Clean(s)
	if len(s) <= most {
		return s
	}
	s = s[:most-len("…")]
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if strings.EqualFold(one, s) {
			return true
		}
	}
	return false
}
