// Package folding tells whether two texts are the same to a person, whatever keyboard or program wrote them. [Text]
// folds a text for comparing, [Name] a column's name, and [Loose] a name in which case and hyphens do not matter.
// [Index] and [Nearest] find a name among others, [Match] the columns of one list in another.
//
// Folded texts are for comparing only. What a message contains, and what a key or an address is, stays as it is in
// the list.
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

// Text returns a text in the form in which where and column names compare it. What two keyboards write for one word
// becomes the same:
//
//   - Arabic and Persian yeh and kaf,
//   - Arabic and Persian digits,
//   - the presentation forms of Arabic letters, which old programs store (U+FB50 to U+FEFC),
//   - tatweel and the zero-width non-joiner,
//   - composed and decomposed letters (NFC).
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

// presented reports whether a rune is a presentation form of an Arabic letter.
func presented(r rune) bool { return r >= 0xFB50 && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC }

// Index is the index of the name that equals name, or else of the only one that is the same as it when folded. It is
// -1 if there is none, or more than one.
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

// Name returns a column's name in the form in which it is compared: nobody sees the kind or the number of blanks in
// it.
func Name(s string) string { return Text(strings.Join(strings.Fields(s), " ")) }

// Loose folds a name and removes case, blanks, hyphens and underscores.
func Loose(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, Text(s))
}

// ASCII reports whether a text is all ASCII.
func ASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Digit returns the ASCII digit for an Arabic or Persian one, and any other rune as it is.
func Digit(r rune) rune {
	switch {
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	}
	return r
}

// Nearest is the hint "did you mean", or "" if no name is near.
func Nearest(name string, names []string) string {
	from, limit := Loose(name), suggest.Limit(name)
	best := suggest.Nearest(names, func(n string) (int, int) { return suggest.Distance(from, Loose(n), limit), limit })
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}
