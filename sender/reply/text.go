package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is the longest text of an answer that is kept, in bytes.
const MaxText = 1000

// Clean makes a server's words safe to show and to store. Control and format characters (escape
// sequences, line ends, direction overrides) and bytes that are not UTF-8 become one blank, and so
// do runs of blanks. What is longer than [MaxText] is cut, and ends in an ellipsis.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	blank := false
	for _, r := range s {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) {
			blank = b.Len() > 0
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > MaxText {
			b.WriteString("…")
			break
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plain reports whether Clean has nothing to do: printable ASCII with single blanks between words.
func plain(s string) bool {
	if len(s) > MaxText-1 {
		return false
	}
	before := byte(' ')
	for i := range len(s) {
		c := s[i]
		if c < ' ' || c > '~' || c == ' ' && before == ' ' {
			return false
		}
		before = c
	}
	return before != ' ' || s == ""
}

// Enhanced splits the enhanced status code (RFC 2034) off the front of an answer's first line. It
// returns "" and the line when there is no such code, or when its parts are not numbers of the
// lengths that RFC 3463 allows.
func Enhanced(line string) (code, rest string) {
	field, rest, _ := strings.Cut(line, " ")
	class, more, _ := strings.Cut(field, ".")
	subject, detail, _ := strings.Cut(more, ".")
	if len(class) != 1 || !strings.Contains("245", class) || !number(subject) || !number(detail) {
		return "", line
	}
	return field, strings.TrimLeft(rest, " ")
}

// number reports whether a part of an enhanced status code has one to three digits.
func number(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 3
}
