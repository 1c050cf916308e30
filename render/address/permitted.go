package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// permitted reports whether a character beyond ASCII may be in an address. These are the letters, marks and digits of
// IDNA 2008 (RFC 5892), before the @ in upper case as well. Others come from a word processor or a lost encoding, and
// nobody types them on purpose: typographic quotes, dashes, guillemets, boxes, ligatures, letters in another width.
// before and after are the characters around r, 0 for none.
func permitted(before, r, after rune) bool {
	switch {
	case r == 0xB7: // the middle dot of Catalan
		return lower(before) == 'l' && lower(after) == 'l'
	case r == 0x375:
		return unicode.Is(unicode.Greek, after)
	case r == 0x5F3, r == 0x5F4:
		return unicode.Is(unicode.Hebrew, before)
	case r == 0x30FB:
		return unicode.In(before, unicode.Hiragana, unicode.Katakana, unicode.Han) ||
			unicode.In(after, unicode.Hiragana, unicode.Katakana, unicode.Han)
	case strings.ContainsRune("ßςཋ〇۽۾", r):
		return true
	case r == 0x640, r == 0x7FA, r == 0x302E, r == 0x302F, 0x3031 <= r && r <= 0x3035, r == 0x303B,
		0x1100 <= r && r <= 0x11FF, 0xA960 <= r && r <= 0xA97F, 0xD7B0 <= r && r <= 0xD7FF:
		return false
	}
	if !unicode.In(r, unicode.Ll, unicode.Lu, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd) {
		return false
	}
	small := string(lower(r))
	return norm.NFKC.String(small) == norm.NFC.String(small)
}

func lower(r rune) rune { return unicode.ToLower(r) }

// joins reports whether a zero-width joiner or non-joiner at offset i of a text belongs to a label of its domain: such
// a one is part of the name (RFC 5892, appendix A.1 and A.2).
func joins(text string, i int) bool {
	at := strings.LastIndexByte(text, '@')
	if i < at {
		return false
	}
	from := max(strings.LastIndexByte(text[:i], '.'), at) + 1
	to := len(text)
	if n := strings.IndexByte(text[i:], '.'); n >= 0 {
		to = i + n
	}
	_, err := profile().ToASCII(norm.NFC.String(strings.ToLower(text[from:to])))
	return err == nil
}

// Signs that programs put around an address or in the place of one of its signs.
const (
	wrapping    = "“”„‟‘’‚‛«»‹›❝❞＂\"'`´′″–—―•·●▪►→…,;<>()[]{}|"
	apostrophes = "’‘‛′´＇`"
	hyphens     = "‐‑‒–—―−⁃﹣－"
)

// box reports whether r is a line or a block that text in a lost encoding shows in the place of letters.
func box(r rune) bool { return 0x2500 <= r && r <= 0x259F }

// plain is the address that a text stands for with the signs of a keyboard, "" if that is not an address. It takes
// nothing out of the middle: the rest would be somebody else's address.
func plain(text string) string {
	text = strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(wrapping, r) || box(r)
	})
	text = norm.NFKC.String(strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(apostrophes, r):
			return '\''
		case strings.ContainsRune(hyphens, r):
			return '-'
		case r == 0x3002 || r == 0xFF61:
			return '.'
		}
		return r
	}, text))
	if len(text) > maxTotal {
		return ""
	}
	a, reason, _ := parse(text, reading{silent: true})
	if reason != "" {
		return ""
	}
	return a.Unicode()
}

// written is the hint to write an address in its plain form, or what else can be said of a character that cannot be in
// one.
func written(text string, how reading) string {
	switch {
	case how.silent:
		return ""
	case len(text) > 4*maxTotal:
		return ""
	case plain(text) != "":
		return "write " + quote(plain(text))
	case labelled(text) != "":
		return "write " + quote(labelled(text)) + " if that domain is meant"
	case strings.ContainsFunc(text, box), strings.Contains(text, "â€"), strings.Contains(text, "Ã"),
		strings.Contains(text, "Â"):
		return "the list has lost its encoding; export it again as UTF-8"
	}
	return ""
}

// labelled is an address whose domain has signs that are not letters, with its A-labels; "" if it is not one.
func labelled(text string) string {
	i := strings.LastIndexByte(text, '@')
	if i < 0 || isASCII(text[i:]) || strings.ContainsFunc(text, box) {
		return ""
	}
	domain, err := profile().ToASCII(norm.NFC.String(strings.ToLower(text[i+1:])))
	if err != nil {
		return ""
	}
	if a, reason, _ := parse(text[:i+1]+domain, reading{silent: true}); reason == "" {
		return a.String()
	}
	return ""
}

// neighbours are the characters before and after the one at offset i of a text, 0 for none.
func neighbours(text string, i, size int) (before, after rune) {
	if i > 0 {
		before, _ = utf8.DecodeLastRuneInString(text[:i])
	}
	if i+size < len(text) {
		after, _ = utf8.DecodeRuneInString(text[i+size:])
	}
	return before, after
}
