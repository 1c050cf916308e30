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

// Enhanced splits the enhanced status code (RFC 2034) off the front of an answer's first line. It
// returns "" and the line when there is no such code, or when its parts are not numbers of the
// lengths that RFC 3463 allows.
func Enhanced(line string) (code, rest string) {
	field, rest, _ := strings.Cut(line, " ")
	parts := strings.Split(field, ".")
	if len(parts) != 3 || len(parts[0]) != 1 || !strings.Contains("245", parts[0]) {
		return "", line
	}
	for _, p := range parts[1:] {
		if len(p) < 1 || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
			return "", line
		}
	}
	return field, strings.TrimLeft(rest, " ")
}
