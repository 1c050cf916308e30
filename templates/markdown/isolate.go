package markdown

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/source"
)

// Isolate keeps the parts of a right-to-left document together that run from left to right: what is written in Latin
// letters, numbers of several parts such as +98 21 5555 0100, and what an action prints, by what it prints. Without
// that, a sign at their edge or their parts change places. doc has tokens for its actions.
func Isolate(t *source.Tokens, doc string) string {
	var b strings.Builder
	z := xhtml.NewTokenizer(strings.NewReader(doc))
	inside := 0 // elements whose text is left to right as a whole, or is not shown
	for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
		raw := string(z.Raw())
		switch tt {
		case xhtml.StartTagToken, xhtml.EndTagToken:
			name, _ := z.TagName()
			switch atom.Lookup(name) {
			case atom.Pre, atom.Code, atom.Kbd, atom.Samp, atom.Style, atom.Script, atom.Title, atom.Textarea, atom.Svg, atom.Math,
				atom.Bdi, atom.Bdo, atom.Select:
				if tt == xhtml.StartTagToken {
					inside++
				} else {
					inside = max(inside-1, 0)
				}
			}
			b.WriteString(raw)
		case xhtml.TextToken:
			if inside > 0 {
				b.WriteString(raw)
			} else {
				isolated(&b, t, raw)
			}
		default:
			b.WriteString(raw)
		}
	}
	return b.String()
}

// isolated writes a text with its left-to-right parts in elements of their own.
func isolated(b *strings.Builder, t *source.Tokens, text string) {
	for {
		at, i := t.Next(text)
		if at < 0 {
			spanned(b, text)
			return
		}
		spanned(b, text[:at])
		if i < len(t.Actions) && t.Actions[i].Kind == source.Output {
			b.WriteString(`<span dir="auto">` + t.Token(i) + "</span>")
		} else {
			b.WriteString(t.Token(i))
		}
		text = text[at+t.Width():]
	}
}

// spanned writes a text and puts what leftToRight finds in it into elements of their own. A sign and a number right
// behind a digit or a letter are a part of what is before them.
func spanned(b *strings.Builder, text string) {
	done := 0
	for _, at := range leftToRight.FindAllStringIndex(text, -1) {
		found := text[at[0]:at[1]]
		before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
		b.WriteString(text[done:at[0]])
		done = at[1]
		switch found[0] {
		case '&':
			b.WriteString(found)
			continue
		case '+', '-':
			if unicode.IsDigit(before) || unicode.IsLetter(before) {
				b.WriteString(found)
				continue
			}
		}
		b.WriteString(`<span dir="ltr"` + unbroken(found) + ">" + found + "</span>")
	}
	b.WriteString(text[done:])
}

// mostUnbroken is how many characters a number of several parts has at most that is not broken at the end of a line.
const mostUnbroken = 20

// unbroken is the style of a part that stands on one line: a telephone number is read in two pieces otherwise, each on
// another side of the text. What is long, or has words, may be broken.
func unbroken(part string) string {
	if len(part) > mostUnbroken || !strings.Contains(part, " ") || strings.ContainsFunc(part, unicode.IsLetter) {
		return ""
	}
	return ` style="white-space:nowrap"`
}

// leftToRight finds what is written in Latin letters, with the numbers and signs among it, and numbers of several
// parts. A number alone, as 3.5, needs nothing. It finds entities, too, so as not to find their names.
var leftToRight = regexp.MustCompile(func() string {
	const (
		letter = `[A-Za-z\x{c0}-\x{24f}]`
		either = `[A-Za-z0-9\x{c0}-\x{24f}]`
		sign   = `(?:[.,:/'’_@%+#=\x{2011}\x{2013}-]|&amp;)`
		word   = `[+#@$€£]?` + either + `(?:` + sign + `*` + either + `)*[+%#]*`
		closed = `(?:` + word + `|\(` + word + `(?: ` + word + `)*\))`
		part   = `[0-9]+(?:[.,:/][0-9]+)*`
		number = `[+-]?` + part + `(?:[ -]` + part + `)+|[+-]` + part
	)
	// Some words of which the first has a letter, or a number and then such a word; or a number of several parts.
	return `&#?[0-9A-Za-z]+;|(?:[$€£+]?[0-9][0-9.,]* )?[+#@]?[0-9]*` + letter + `(?:` + sign + `*` + either + `)*[+%#]*(?: (?:[&–-]|&amp;) ` +
		closed + `| ` + closed + `)*|` + number
}())
