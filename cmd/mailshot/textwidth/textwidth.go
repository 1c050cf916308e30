// Package textwidth counts the columns that a text takes on a terminal. Call [Of] for the number, [Fit] to shorten a
// text to it, [Wrap], [Beside] and [Sum] to break a text into lines, and [Isolated] for a cell of a table.
package textwidth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"
)

// Of is how many columns a text takes on a terminal. It counts what a person sees as one character once: wide
// East Asian characters and emoji take two, marks and joiners none, and an emoji made of several (a family, a flag)
// two.
func Of(text string) int {
	n := 0
	for len(text) > 0 {
		size, w := character(text)
		n += w
		text = text[size:]
	}
	return n
}

// character is the first character of a text that is not empty, as a person sees it: its bytes, and its columns.
func character(text string) (size, columns int) {
	base, size := utf8.DecodeRuneInString(text)
	columns = runeWidth(base)
	if regional(base) {
		if next, n := utf8.DecodeRuneInString(text[size:]); regional(next) {
			return size + n, 2 // two letters are a flag
		}
	}
	for size < len(text) {
		r, n := utf8.DecodeRuneInString(text[size:])
		switch {
		case r == 0xFE0F && columns == 1 && base >= 0x80 && !unicode.IsLetter(base):
			columns = 2 // a symbol as an emoji
		case r == 0x20E3 && size > 1:
			columns = 2 // a key around a digit
		case r == 0x200D && columns == 2:
			// A joiner makes one of two pictures.
			if next, m := utf8.DecodeRuneInString(text[size+n:]); pictured(next) {
				n += m
			}
		case r >= 0x1F3FB && r <= 0x1F3FF && columns == 2: // the colour of a skin
		case runeWidth(r) == 0:
		default:
			return size, columns
		}
		size += n
	}
	return size, columns
}

// regional reports whether a rune is a letter of a flag.
func regional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

// pictured reports whether a rune may be a part of an emoji made of several.
func pictured(r rune) bool { return r >= 0x2190 && r <= 0x2BFF || r >= 0x1F000 && r <= 0x1FAFF }

// runeWidth is the columns of a rune by itself.
func runeWidth(r rune) int {
	switch {
	case r == 0x00AD: // a terminal shows the hyphen
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1160 && r <= 0x11FF, r >= 0xD7B0 && r <= 0xD7FF: // all letters of a Korean syllable but the first
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Fit cuts text to at most n columns; what is cut is marked by an ellipsis.
func Fit(text string, n int) string {
	if Of(text) <= n {
		return text
	}
	used := 0
	for at := 0; at < len(text); {
		size, w := character(text[at:])
		if used+w > n-1 {
			return text[:at] + "…"
		}
		used += w
		at += size
	}
	return text
}

// Isolated puts a cell with letters that are written from right to left between FSI and PDI (UAX 9), which take no
// column. Without them the cells beside it would move.
func Isolated(cell string) string {
	if !strings.ContainsFunc(cell, func(r rune) bool {
		p, _ := bidi.LookupRune(r)
		return p.Class() == bidi.R || p.Class() == bidi.AL || p.Class() == bidi.AN
	}) {
		return cell
	}
	return "\u2068" + cell + "\u2069"
}
