// Package mask takes secrets out of texts that others have written: [Text] returns a text without them.
//
// Such a text is what a mail server, an authorization server or a program says. It is shown, logged and kept, and its
// author may have repeated what was sent to it, as it was or in the form in which it travelled.
package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Mark takes the place of a secret.
const Mark = "[secret]"

// least is the length in bytes from which on a secret, or a piece of an encoded secret, is looked for. Shorter ones are
// found in any text by chance.
const least = 4

// Text returns s without the secrets, each replaced by [Mark]. It finds a secret as it is, URL-encoded, quoted as JSON,
// Go or HTML would, in quoted-printable, in UTF-16, in hexadecimal, and in Base64. Where a secret is part of what was
// encoded in Base64, all of that goes. Secrets of less than four bytes are not looked for.
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

// forms are the ways to write a secret in which each of its characters is written by itself.
func forms(secret string) []string {
	digits := hex.EncodeToString([]byte(secret))
	quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secret)
	all := []string{secret, quoted, digits, strings.ToUpper(digits), html.EscapeString(secret)}
	for _, in := range []string{url.QueryEscape(secret), url.PathEscape(secret), printable(secret)} {
		all = append(all, in, escapes.ReplaceAllStringFunc(in, strings.ToLower))
	}
	for _, in := range []string{
		strconv.Quote(secret), strconv.QuoteToASCII(secret), jsonOf(secret, true), jsonOf(secret, false),
	} {
		all = append(all, in[1:len(in)-1])
	}
	var little, big []byte
	for _, u := range utf16.Encode([]rune(secret)) {
		little, big = append(little, byte(u), byte(u>>8)), append(big, byte(u>>8), byte(u))
	}
	return append(all, string(little), string(big))
}

// escapes are the bytes that URLs and quoted-printable write as two digits.
var escapes = regexp.MustCompile(`[%=][0-9A-F]{2}`)

// printable is s in quoted-printable (RFC 2045 6.7), on one line.
func printable(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c == '=' || c < ' ' || c > '~' {
			fmt.Fprintf(&b, "=%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// jsonOf is s as a string of JSON.
func jsonOf(s string, forHTML bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(forHTML)
	_ = e.Encode(s) // encoding a string cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// cores are a secret in Base64, whatever comes before and after it, in both alphabets. A core has the characters that
// depend on the secret alone; there is one for each of the three alignments.
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

// encoded matches a whole run of Base64 that contains core, also URL-encoded.
func encoded(core string) *regexp.Regexp {
	const more = `(?:[A-Za-z0-9+/_-]|%2[BbFf])*`
	core = strings.NewReplacer("+", `(?:\+|%2[Bb])`, "/", `(?:/|%2[Ff])`).Replace(core)
	return regexp.MustCompile(more + core + more + `(?:=|%3[Dd])*`)
}
