package recipients

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// alike is a text as it is compared with another one, in where and by the names of columns: what two keyboards write for one word is the
// same. Arabic and Persian yeh and kaf, the digits of Arabic and Persian, the forms of letters that old programs store in the place of
// the letters (U+FB50 to U+FEFC), tatweel and the zero-width non-joiner make no difference, and neither does how a letter is composed
// (NFC). It is for comparing only: what a message holds, what a key or an address is, stays as it stands in the list.
func alike(s string) string {
	if plain(s) {
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
		return plainDigit(r)
	}, norm.NFC.String(s))
}

// presented reports whether a rune is a form that an Arabic letter takes in a word, stored as a character.
func presented(r rune) bool { return r >= 0xFB50 && r <= 0xFDFF || r >= 0xFE70 && r <= 0xFEFC }

// sameName is the place of the one name that is like this one, -1 if there is none or more than one: itself, else what alike and blanks
// of any kind let pass.
func sameName(names []string, name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	found := -1
	like := nameAlike(name)
	for i, n := range names {
		if nameAlike(n) != like {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

// nameAlike is a column's name as it is compared: nobody sees which blanks are in it, or how many.
func nameAlike(s string) string { return alike(strings.Join(strings.Fields(s), " ")) }
