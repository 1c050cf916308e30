package address

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"mailshot/internal/ellipsis"
)

// These words are about the cell of a list; see Error.Alone.
const (
	twoAddresses = "two addresses in one cell"
	ownColumn    = ", the name in a column of its own"
)

// unreadable finds the first character that must not be in an address although a person may not see why: controls,
// characters without width, look-alikes of the signs that give an address its form. text is s without the blanks around
// it. Positions count runes of s from 1, as a person counts in the cell.
func unreadable(s, text string, how reading) (reason, hint string) {
	plain := true
	for i := range len(text) {
		if c := text[i]; c < 0x20 || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return "", ""
	}
	if !utf8.ValidString(s) {
		return "bytes that are not UTF-8", "save the list as UTF-8"
	}
	start := strings.Index(s, text)
	for i, r := range text {
		if r >= 0x20 && r < 0x7f {
			continue
		}
		where := func() string {
			return fmt.Sprintf("%U at position %d", r, utf8.RuneCountInString(s[:start+i])+1)
		}
		switch {
		case r == '\n' || r == '\r' || r == 0x2028 || r == 0x2029 || r == 0x85:
			if addresses(text) > 1 {
				return twoAddresses, "one address per row"
			}
			return "line break " + where(), "delete it"
		case unicode.IsControl(r):
			return "control character " + where(), "delete it"
		case r == utf8.RuneError:
			return "unreadable character " + where(), "the list has lost its encoding; export it again as UTF-8"
		case (r == 0x200C || r == 0x200D) && joins(text, i):
		case invisible(r):
			return "invisible character " + where(), "delete it"
		case lookalike(r) != 0:
			return fmt.Sprintf("%q instead of %q, %s", r, lookalike(r), where()), fmt.Sprintf("write %q", lookalike(r))
		default:
			before, after := neighbours(text, i, utf8.RuneLen(r))
			if !permitted(before, r, after) {
				return fmt.Sprintf("%q, which cannot be in an address, %s", r, where()), written(text, how)
			}
		}
	}
	return "", ""
}

// invisible reports whether r shows nothing: format characters, blanks other than the space, what Unicode says a reader
// may ignore, and what is not assigned.
func invisible(r rune) bool {
	return !unicode.IsPrint(r) || r == 0x2800 || r == 0x034F ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// lookalike returns the ASCII sign for which r stands in another width or script, or 0. Letters are not concerned: a
// Cyrillic a is the domain's business, and the A-label shows it.
func lookalike(r rune) rune {
	if r == 0x3002 || r == 0xFF61 {
		return '.'
	}
	c := norm.NFKC.PropertiesString(string(r)).Decomposition()
	if len(c) != 1 || !strings.ContainsRune("@."+specials, rune(c[0])) {
		return 0
	}
	return rune(c[0])
}

// explain says what is wrong with a text that does not have the form of an address, for the person who typed it.
func explain(s string, how reading) (reason, hint string) {
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(lower, "mailto:"):
		return "a link instead of an address", "write " + quote(s[len("mailto:"):])
	case s[0] == '"' && !strings.ContainsAny(s, "<>,;"):
		return "a quoted part before the @, which servers read differently", ""
	case addresses(s) > 1:
		return twoAddresses, "one address per row"
	case strings.ContainsAny(s, "<>"):
		if i := strings.LastIndexByte(s, '<'); i >= 0 && s[len(s)-1] == '>' {
			if a, reason, _ := parse(s[i+1:len(s)-1], reading{silent: true}); reason == "" {
				return "display name in the address", "write " + quote(a.String()) + ownColumn
			}
		}
		return "angle brackets in the address", ""
	case !strings.Contains(s, "@"):
		return "no @", ""
	case strings.HasPrefix(s, "@"):
		return "nothing before the @", ""
	case strings.HasSuffix(s, "@"):
		return "nothing after the @", ""
	case strings.ContainsAny(s, "()"):
		return "a comment in the address", "delete the parentheses and what is in them"
	case strings.Contains(s, "@["):
		return "an IP address or literal instead of a domain", ""
	case strings.Contains(s, `"`):
		return "a quoted part before the @, which servers read differently", ""
	case strings.Count(s, "@") > 1:
		return "more than one @", ""
	}
	for i, r := range s {
		if strings.ContainsRune(specials, r) && r != '@' {
			if r == ' ' || r == '\t' {
				return fmt.Sprintf("a blank at position %d", utf8.RuneCountInString(s[:i])+1), blank(s, i, how)
			}
			return fmt.Sprintf("%q at position %d", r, utf8.RuneCountInString(s[:i])+1), written(s, how)
		}
	}
	return "not an address", ""
}

// blank is the hint for a blank at offset i. Before the @ it may stand after a name, and the address without it would
// be somebody else's.
func blank(s string, i int, how reading) string {
	if i > strings.IndexByte(s, '@') {
		return "delete it"
	}
	if how.silent {
		return ""
	}
	if a, reason, _ := parse(s[strings.LastIndexAny(s, " \t")+1:], reading{silent: true}); reason == "" {
		return "if the address is " + quote(a.Unicode()) + ", write that alone" + ownColumn
	}
	return ""
}

// addresses counts the pieces of a cell that look like an address, to tell a list in a cell from a typo.
func addresses(s string) int {
	n := 0
	between := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;/|<>", r) }
	for piece := range strings.FieldsFuncSeq(s, between) {
		if i := strings.IndexByte(piece, '@'); i > 0 && strings.IndexByte(piece[i:], '.') > 1 {
			n++
		}
	}
	return n
}

// quote shows a text in an error: in quotes, with what cannot be seen escaped, and no longer than a line.
func quote(s string) string {
	return ellipsis.Quote(s, 81)
}
