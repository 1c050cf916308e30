// Package mask takes secrets out of texts that others have written: the words of
// a mail server, the errors of an authorization server, what a program prints.
// Such a text is shown, logged and kept, and who wrote it may have repeated what
// was sent to it, as it was or in the form in which it travelled.
package mask

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"
)

// Mark stands where a secret was.
const Mark = "[secret]"

// least is the length in bytes from which on a secret, and a piece of one that
// was encoded, is looked for. Shorter ones are found in any text by chance.
const least = 4

// Text returns s without the secrets: as they are, URL-encoded, quoted as JSON
// or Go would, in hexadecimal, and in Base64, also where they are a part of what
// was encoded: then all of it goes. Empty secrets and those of less than four
// bytes are not looked for.
func Text(s string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) < least {
			continue
		}
		for _, form := range forms(secret) {
			s = strings.ReplaceAll(s, form, Mark)
		}
		for _, core := range cores(secret) {
			s = encoded(core).ReplaceAllLiteralString(s, Mark)
		}
	}
	return s
}

// forms are the ways to write a secret of which its own characters can be told.
func forms(secret string) []string {
	digits := hex.EncodeToString([]byte(secret))
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret)
	return []string{secret, url.QueryEscape(secret), url.PathEscape(secret), quoted, digits, strings.ToUpper(digits)}
}

// cores are what a secret comes to in Base64, whatever stands before and behind
// it, in both alphabets: the characters that depend on nothing else, for each of
// the three ways in which it may lie.
func cores(secret string) []string {
	var all []string
	for before := range 3 {
		bits := append(make([]byte, before), secret...)
		from := (before*8 + 5) / 6
		to := len(bits) * 8 / 6
		for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if core := e.EncodeToString(bits)[from:to]; len(core) >= least {
				all = append(all, core)
			}
		}
	}
	return all
}

// encoded matches a whole run of Base64 with core in it, also URL-encoded.
func encoded(core string) *regexp.Regexp {
	const more = `(?:[A-Za-z0-9+/_-]|%2[BbFf])*`
	core = strings.NewReplacer("+", `(?:\+|%2[Bb])`, "/", `(?:/|%2[Ff])`).Replace(core)
	return regexp.MustCompile(more + core + more + `(?:=|%3[Dd])*`)
}
