// Package oneline says what a text of one line may hold that goes into a header, an address or a file's name: [Check]
// says what is wrong with one, and [Printable] whether it is plain ASCII.
package oneline

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Check looks for what no header, address or file name may have, and says what it is and where: control characters
// of any kind (CR, LF and NUL first of all), the two Unicode line ends, and bytes that are not UTF-8 (such as half a
// surrogate pair). None of it is ever removed silently.
func Check(s string) string {
	if Printable(s) {
		return ""
	}
	n := 0
	for i, r := range s {
		n++
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return fmt.Sprintf("text that is not UTF-8 at character %d", n)
			}
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Sprintf("%s at character %d", controlName(r), n)
		}
	}
	return ""
}

func controlName(r rune) string {
	name := map[rune]string{0: "NUL", '\t': "tab", '\n': "line feed", '\r': "carriage return",
		0x85: "next line", 0x2028: "line separator", 0x2029: "paragraph separator"}[r]
	if name == "" {
		name = "control character"
	}
	return fmt.Sprintf("%s (U+%04X)", name, r)
}

// Printable reports whether a text is printable ASCII, blanks too.
func Printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
