// Package css finds mistakes in CSS that make a browser or a mail program drop what is written: a misspelt property,
// a length without its unit, a missing semicolon. Call [Wrong] with the declarations of a style attribute or of a rule.
//
// It says nothing of what it does not know. Properties of one program (mso-…, -webkit-…) and tricks that only some
// programs read are not looked at. The package is pure.
package css

import (
	"regexp"
	"slices"
	"strings"

	"mailshot/internal/suggest"
)

// Mistake is one in a text of CSS.
type Mistake struct {
	At         int // its offset
	Text, Hint string
}

// properties are those that mails are written with.
var properties = strings.Fields("background background-color background-image background-position " +
	"background-repeat background-size border border-bottom border-collapse border-color border-left " +
	"border-radius border-right border-spacing border-style border-top border-width box-shadow box-sizing " +
	"clear color cursor direction display float font font-family font-size font-style font-weight height left " +
	"letter-spacing line-height list-style list-style-type margin margin-bottom margin-left margin-right " +
	"margin-top max-height max-width min-height min-width opacity outline overflow padding padding-bottom " +
	"padding-left padding-right padding-top position right table-layout text-align text-decoration text-indent " +
	"text-overflow text-shadow text-transform top vertical-align visibility white-space width word-break " +
	"word-spacing word-wrap z-index")

// lengths are properties whose numbers need a unit. Those of HTML's attributes do not.
var lengths = strings.Fields("font-size width height max-width min-width max-height min-height padding " +
	"padding-top padding-right padding-bottom padding-left margin margin-top margin-right margin-bottom " +
	"margin-left border-radius letter-spacing text-indent")

var (
	name    = regexp.MustCompile(`^[a-z]+(?:-[a-z]+)*$`)
	bare    = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]+$`)
	hex     = regexp.MustCompile(`#[0-9A-Za-z]*`)
	colour  = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$`)
	ran     = regexp.MustCompile(`[\s"'%a-z0-9](\s+)(` + strings.Join(longest(properties), "|") + `)\s*:`)
	spaced  = regexp.MustCompile(`[0-9]\s+(px|pt|em|rem|%)(?:\s|$)`)
	colours = regexp.MustCompile(`(?:^|-)color$|^background$|^border(?:-top|-right|-bottom|-left)?$`)
)

// longest are texts with the longest first.
func longest(texts []string) []string {
	texts = slices.Clone(texts)
	slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	return texts
}

// Wrong returns the mistakes of declarations, in order. dynamic says which octets stand for what is not known; what has
// one of them is not looked at.
func Wrong(text string, dynamic func(byte) bool) (found []Mistake) {
	at := 0
	for _, d := range split(text) {
		start := at
		at += len(d) + len(";")
		trimmed := strings.TrimSpace(d)
		start += strings.Index(d, trimmed)
		if trimmed == "" || slices.ContainsFunc([]byte(d), dynamic) || strings.Contains(d, "/*") ||
			strings.Contains(d, "<") {
			continue
		}
		if m := declaration(trimmed); m.Text != "" {
			m.At += start
			found = append(found, m)
		}
	}
	return found
}

// split takes declarations apart. A semicolon within quotes or brackets, as of a data: URL, parts nothing.
func split(text string) (all []string) {
	from, depth, quote := 0, 0, byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ';' && depth <= 0:
			all = append(all, text[from:i])
			from = i + 1
		}
	}
	return append(all, text[from:])
}

// declaration is what is wrong with one declaration; its Text is "" if nothing is.
func declaration(d string) (m Mistake) {
	property, value, ok := strings.Cut(d, ":")
	small := strings.ToLower(strings.TrimSpace(property))
	if !ok {
		first, _, more := strings.Cut(small, " ")
		if more && slices.Contains(properties, first) {
			return Mistake{len(first), "the style has no colon after " + first, "write " + first + ": and the value"}
		}
		return m
	}
	if !name.MatchString(small) || strings.HasPrefix(small, "mso-") {
		return m
	}
	if known := near(small); known != "" {
		return Mistake{0, "the style has " + small + ", which is misspelt", "write " + known}
	}
	offset := len(property) + len(":")
	if r := ran.FindStringSubmatchIndex(strings.ToLower(value)); r != nil && !strings.Contains(value, "(") {
		return Mistake{offset + r[2], "the style has no semicolon before " + value[r[4]:r[5]], "write ; before it"}
	}
	if !slices.Contains(properties, small) {
		return m
	}
	if colours.MatchString(small) && !strings.Contains(value, "(") {
		for _, h := range hex.FindAllStringIndex(value, -1) {
			if is := value[h[0]:h[1]]; !colour.MatchString(is) {
				return Mistake{offset + h[0], "the style has " + is + ", which is not a colour",
					"write # and 3 or 6 digits"}
			}
		}
	}
	if !slices.Contains(lengths, small) || strings.Contains(value, "(") {
		return m
	}
	if b := spaced.FindStringSubmatchIndex(value); b != nil {
		return Mistake{offset + b[2], "the style has a blank before " + value[b[2]:b[3]] + ", so " + small + " is dropped",
			"remove the blank"}
	}
	for at, word := range words(value) {
		if bare.MatchString(word) && strings.Trim(word, "+-0.") != "" {
			return Mistake{offset + at, "the style has " + small + " " + word + " without a unit, and it is dropped",
				"write " + word + "px"}
		}
	}
	return m
}

// words yields the words of a value with their offsets.
func words(value string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		at := 0
		for word := range strings.FieldsSeq(value) {
			at += strings.Index(value[at:], word)
			if !yield(at, strings.TrimSuffix(word, "!important")) {
				return
			}
			at += len(word)
		}
	}
}

// near is the property that a name was meant for; "" if it is one itself, or like none.
func near(small string) string {
	if slices.Contains(properties, small) || slices.Contains(others, small) || len(small) < 4 {
		return ""
	}
	limit := 1
	if len(small) > 7 {
		limit = 2
	}
	best, least := "", limit+1
	for _, p := range properties {
		if n := suggest.Distance(small, p, limit); n < least {
			best, least = p, n
		}
	}
	return best
}

// others are properties that mails rarely have, and that look like misspelt ones.
var others = strings.Fields("align border-image bottom break-after clip columns content filter flex flow fill " +
	"gap grid hyphens inset mask mix-blend-mode object-fit order orphans page quotes resize rotate scale src " +
	"size stroke tab-size transform translate transition user-select widows zoom border-block border-inline " +
	"overflow-x overflow-y background-clip background-origin background-attachment margin-inline margin-block " +
	"padding-inline padding-block font-stretch font-variant font-display font-synthesis font-smoothing " +
	"text-rendering text-wrap text-justify text-size-adjust line-break line-clamp list-style-image " +
	"list-style-position outline-color outline-style outline-width outline-offset caption-side empty-cells " +
	"color-scheme unicode-bidi pointer-events overflow-wrap border-top-color border-top-style border-top-width " +
	"border-right-color border-right-style border-right-width border-bottom-color border-bottom-style " +
	"border-bottom-width border-left-color border-left-style border-left-width border-top-left-radius " +
	"border-top-right-radius border-bottom-left-radius border-bottom-right-radius background-position-x " +
	"background-position-y text-decoration-color text-decoration-line text-decoration-style " +
	"text-underline-offset animation animation-name behavior supported-color-schemes")
