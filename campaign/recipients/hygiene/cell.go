// Package hygiene finds what is odd in a list and not a mistake. [Cell] looks at the text of any cell: letters that
// were read in the wrong encoding, a blank that nobody sees, what other programs have left. [Checker.Address] looks
// at an address: a typo in a domain, a disposable mailbox, a role. A list with findings may be mailed, but a person
// should know them before.
package hygiene

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/internal/mojibake"
	"mailshot/render/address"
)

// Finding is something odd, for a person to judge.
type Finding struct {
	Code  string // kebab-case, fixed: mojibake, typo-domain
	Apart string // findings of one code that differ in this are reported separately
	Text  string // what is odd
	Hint  string // what to do
}

// Cell finds what is odd in the text of a cell. name says that the cell is to be the name of a person.
func Cell(text string, name bool) (found []Finding) {
	say := func(code, what, hint string) {
		found = append(found, Finding{Code: code, Text: what, Hint: hint})
	}
	if name && strings.IndexByte(text, '@') > 0 {
		if _, err := address.Parse(strings.TrimSpace(text)); err == nil {
			say("name-address", fault.Quote(strings.TrimSpace(text))+" is an address, and people are greeted by it",
				"write the name; or leave the cell empty, and write {{default \"friend\" .name}}")
		}
	}
	if shortened(text) {
		say("shortened-number", fault.Quote(text)+" looks like a number that Excel has shortened, digits lost",
			"format the column as text in Excel, and fill it again from its source")
	}
	if len(text) > 1 && text[0] == '\'' && text[len(text)-1] == '\'' {
		say("odd-quote", fault.Quote(text)+" is in apostrophes, which are part of the text here",
			"if they are meant as quotes, export the list again with the quote \"")
	}
	found = append(found, leftover(text)...)
	if folding.ASCII(text) {
		return found
	}
	switch mended := mojibake.Mended(text); {
	case mended != "":
		say("mojibake", fault.Quote(text)+" looks like "+fault.Quote(mended)+" read in the wrong encoding",
			"export the list again, as UTF-8")
	case strings.ContainsRune(text, utf8.RuneError):
		say("lost-letters", fault.Quote(text)+" holds U+FFFD, which stands for a letter that was lost",
			"export the list again, as UTF-8")
	}
	if c, where := oddBlank(text); c != 0 {
		say("odd-blank", fmt.Sprintf("%s holds %s U+%04X %s, which people do not see but filters do",
			fault.Quote(text), blankName(c), c, where), "delete it, if where, the key or a template compares the cell")
	}
	return found
}

// shortened reports whether a text is a long whole number as Excel shortens it: 4.91235E+11.
func shortened(text string) bool {
	mantissa, power, ok := strings.Cut(text, "E+")
	if !ok || len(power) != 2 || len(mantissa) == 0 || len(mantissa) > 18 {
		return false
	}
	for _, c := range mantissa + power {
		if (c < '0' || c > '9') && c != '.' && c != ',' {
			return false
		}
	}
	return true
}

// oddBlank finds a blank at the ends of a text that is not one of the keyboard's, or an invisible one anywhere.
// Joiners inside words are left alone: Persian words and emoji need them. An override (U+202D, U+202E) turns the order
// of what follows, so a name reads as another one.
func oddBlank(text string) (rune, string) {
	trimmed := strings.Trim(text, " \t\r\n")
	if r, _ := utf8.DecodeRuneInString(trimmed); unicode.IsSpace(r) || zeroWidth(r) {
		return r, "at its start"
	}
	if r, _ := utf8.DecodeLastRuneInString(trimmed); unicode.IsSpace(r) || zeroWidth(r) {
		return r, "at its end"
	}
	if i := strings.IndexFunc(trimmed, func(r rune) bool {
		return r == 0x200B || r == 0xFEFF || r == 0x00AD || r == 0x202D || r == 0x202E
	}); i >= 0 {
		r, _ := utf8.DecodeRuneInString(trimmed[i:])
		return r, "within"
	}
	return 0, ""
}

func zeroWidth(r rune) bool {
	return r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r == 0x00AD || r >= 0x202A && r <= 0x202E
}

func blankName(r rune) string {
	switch {
	case r == 0x00A0 || r == 0x202F:
		return "the no-break space"
	case r == 0x00AD:
		return "the soft hyphen"
	case unicode.IsSpace(r):
		return "the blank"
	}
	return "the invisible character"
}
