package source

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Valid finds the first place where the text is not UTF-8, and says how the word there reads in windows-1252, which is
// what most files are that are not UTF-8. It returns nil for a text that is UTF-8.
func (s *Source) Valid() error {
	const code, hint = "template-not-utf8", "save the file as UTF-8"
	if text, ok := wide(s.Text); ok {
		return s.ErrorAt(0, code, fmt.Sprintf("this file is UTF-16, and not UTF-8; it begins with %q", text), hint)
	}
	if i := strings.IndexByte(s.Text, 0); i >= 0 {
		return s.ErrorAt(i, code, "there is a NUL in this file: it is not a text", "")
	}
	for i := 0; i < len(s.Text); {
		c, size := utf8.DecodeRuneInString(s.Text[i:])
		if c == utf8.RuneError && size == 1 {
			return s.ErrorAt(i, code, fmt.Sprintf("this file is not UTF-8; in windows-1252 it would read %q here", s.word(i)), hint)
		}
		i += size
	}
	return nil
}

// word is the word around a byte, as windows-1252 reads it.
func (s *Source) word(at int) string {
	const most = 40 // bytes to either side
	ends := func(c rune) bool { return c <= ' ' || strings.ContainsRune("<>{}\"", c) }
	from, to := max(at-most, 0), min(at+most, len(s.Text))
	if i := strings.LastIndexFunc(s.Text[from:at], ends); i >= 0 {
		from += i + 1
	}
	if i := strings.IndexFunc(s.Text[at:to], ends); i >= 0 {
		to = at + i
	}
	word, _ := charmap.Windows1252.NewDecoder().String(s.Text[from:to])
	return word
}

// wide says whether a text is UTF-16, by its byte order mark or by a NUL in every other byte, and how it begins. By now
// some line ends may have lost a byte, so only the first line tells.
func wide(text string) (begins string, ok bool) {
	order := 0 // which byte of two is the low one
	switch {
	case strings.HasPrefix(text, "\xff\xfe"):
		text = text[2:]
	case strings.HasPrefix(text, "\xfe\xff"):
		text, order = text[2:], 1
	case len(text) > 3 && text[0] != 0 && text[1] == 0 && text[2] != 0 && text[3] == 0:
	case len(text) > 3 && text[0] == 0 && text[1] != 0 && text[2] == 0 && text[3] != 0:
		order = 1
	default:
		return "", false
	}
	var units []uint16
	for i := 0; i+1 < len(text) && len(units) < 20; i += 2 {
		unit := uint16(text[i+order]) | uint16(text[i+1-order])<<8
		if unit == '\n' || unit == '\r' {
			break
		}
		units = append(units, unit)
	}
	return string(utf16.Decode(units)), true
}
