// Package folding tells whether two texts are the same to a person, whatever keyboard or program wrote them. [Text] folds a
// text for comparing, [Name] a column's name, [Loose] a name of which neither case nor hyphens matter; [Index] and [Nearest]
// find a name among others. It is for comparing only: what a message holds, what a key or an address is, stays as it
// stands in the list.
package folding

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/internal/suggest"

	"golang.org/x/text/unicode/norm"
)

// Text is a text as it is compared with another one, in where and by the names of columns: what two keyboards write for one word is the
// same. Arabic and Persian yeh and kaf, the digits of Arabic and Persian, the forms of letters that old programs store in the place of
// the letters (U+FB50 to U+FEFC), tatweel and the zero-width non-joiner make no difference, and neither does how a letter is composed
// (NFC). It is for comparing only: what a message holds, what a key or an address is, stays as it stands in the list.
func Text(s string) string {
	if ASCII(s) {
		return s
	}
	if strings.ContainsFunc(s, presented) {
		var b strings.Builder
		for _, r := range s {
			if presented(r) {
				b.WriteString(norm.NFKC.String(string(r)))
			} else {
				b.WriteRune(r)
			}
		}
		s = b.String()
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case 'ي':
			return 'ی'
		case 'ك':
			return 'ک'
		case 0x0640, 0x200C:
			return -1
		}
		return Digit(r)
	}, norm.NFC.String(s))
}

// presented reports whether a rune is a form that an Arabic letter takes in a word, stored as a character.
func presented(r rune) bool { return r >= 0xFB50 && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC }

// Index is the place of the one name that is like this one, -1 if there is none or more than one: itself, else what alike and blanks
// of any kind let pass.
func Index(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	found := -1
	like := Name(name)
	for i, n := range names {
		if Name(n) != like {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

// Name is a column's name as it is compared: nobody sees which blanks are in it, or how many.
func Name(s string) string { return Text(strings.Join(strings.Fields(s), " ")) }

// Loose makes names comparable: alike, in lower case, without blanks, hyphens and underscores.
func Loose(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, Text(s))
}

// ASCII reports whether a text is ASCII.
func ASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Digit is a digit of Arabic or Persian as the one of ASCII; all else is itself.
func Digit(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	}
	return r
}

// Nearest is the hint "did you mean", or "" if nothing is near.
func Nearest(name string, names []string) string {
	from, limit := Loose(name), suggest.Limit(name)
	best := suggest.Nearest(names, func(n string) (int, int) { return suggest.Distance(from, Loose(n), limit), limit })
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}
