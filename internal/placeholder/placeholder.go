// Package placeholder finds the fields of other tools in a text, which no template of ours fills: «Name», %NAME%,
// [FIRST_NAME], ${name}, *|FNAME|*. Finder.Find returns them.
//
// Brackets, braces and percent signs have other uses. Marks that have none (*|…|*, <%= … %>) are taken as they are. For
// the others the word within must be a name: one that people give to such fields in several languages, a column of the
// list, or a word as programs write it (FIRST_NAME). Code and URLs with %20 are left alone.
package placeholder

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Mark is a placeholder in a text.
type Mark struct {
	At, End int
	Name    string // the word within
}

// Finder finds placeholders. Its zero value is ready. It may be used concurrently.
type Finder struct {
	Columns []string // of the list; a placeholder that is named like one is meant for it
	Own     bool     // also {{…}}: the text is not a template of ours
}

// trust says what the word within a mark must be.
type trust int

const (
	always trust = iota // anything that the pattern takes
	field               // a known name, a column, or a word with underscores
	shout               // these, or a word in capitals
)

// kind is one way to write a placeholder. The group of the pattern is the name.
type kind struct {
	pattern func() *regexp.Regexp
	trust   trust
	clue    string // a text without it has none of this kind
}

const (
	word  = `[\pL_][\pL\pM\pN_.\- ]{0,40}?`
	tight = `[\pL_][\pL\pM\pN_.\-]{0,40}`
)

// pattern compiles when it is asked for first. All of the patterns together are a tenth of what a start of the program
// takes, and most commands need none.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var own = kind{pattern(`\{\{[^{}\n]{1,80}\}\}`), always, "{{"}

var kinds = []kind{
	{pattern(`\*\|([A-Z][A-Z0-9_:.\- ]*)\|\*`), always, "*|"},
	{pattern(`<%[=\-@]?\s*([^%<>\n]{1,80}?)\s*-?%>`), always, "<%"},
	{pattern(`&lt;%=?\s*([^%<>\n]{1,80}?)\s*%&gt;`), always, "&lt;%"},
	{pattern(`<\?(?:php|=)([^<>]{1,80}?)\?>`), always, "<?"},
	{pattern(`<<\s*(` + word + `)\s*>>`), always, "<<"},
	{pattern(`&lt;&lt;\s*(` + word + `)\s*&gt;&gt;`), always, "&lt;&lt;"},
	{pattern(`%%\s*(` + word + `)\s*%%`), always, "%%"},
	{pattern(`\$\{\s*([\pL_][\pL\pM\pN_.:\-]{0,40})\s*\}`), always, "${"},
	{pattern(`\{!\s*\$?([\pL_][\pL\pM\pN_.\-]{0,60})\s*\}`), always, "{!"},
	{pattern(`\{%\s*([a-z]+\s[^%\n]{1,80}?|[A-Z_]+)\s*%\}`), always, "{%"},
	{pattern(`[#%]\{\s*(` + word + `)\s*\}`), field, "{"},
	{pattern(`\[\[\s*(` + word + `)\s*\]\]`), shout, "[["},
	{pattern(`\[%\s*(` + word + `)\s*%\]`), always, "[%"},
	{pattern(`\[\s*(` + word + `)\s*\]`), field, "["},
	{pattern(`\{\s*\$?(` + word + `)\s*\}`), field, "{"},
	{pattern(`%(` + tight + `)%`), shout, "%"},
	{pattern(`##(` + tight + `)##`), shout, "##"},
	{pattern(`@@(` + tight + `)@@`), shout, "@@"},
	{pattern(`#(` + tight + `)#`), field, "#"},
	{pattern(`\B-([\pL_]+)-\B`), field, "-"},
	{pattern(`«\s*(` + word + `)\s*»`), field, "«"},
	{pattern(`&laquo;\s*(` + word + `)\s*&raquo;`), field, "&laquo;"},
	{pattern(`\$([\pL_][\pL\pN_]{2,40})\b`), field, "$"},
}

// clues gives each octet with which a clue of a kind begins a bit.
var clues = func() (bits [256]uint16) {
	next := uint16(1)
	for _, k := range append([]kind{own}, kinds...) {
		if c := k.clue[0]; bits[c] == 0 {
			bits[c] = next
			next <<= 1
		}
	}
	return bits
}()

// Find returns the placeholders of a text, in order. They do not overlap.
func (f *Finder) Find(text string) []Mark {
	var has uint16 // most texts have none of the clues, and are looked at once
	for i := range len(text) {
		has |= clues[text[i]]
	}
	if has == 0 {
		return nil
	}
	var found []Mark
	look := func(k kind) {
		if has&clues[k.clue[0]] == 0 || !strings.Contains(text, k.clue) {
			return
		}
		for _, m := range k.pattern().FindAllStringSubmatchIndex(text, -1) {
			mark := Mark{At: m[0], End: m[1]}
			if len(m) > 2 {
				mark.Name = strings.TrimSpace(text[m[2]:m[3]])
			}
			if !overlaps(found, mark) && f.means(k, text, mark) {
				found = append(found, mark)
			}
		}
	}
	if f.Own {
		look(own)
	}
	for _, k := range kinds {
		look(k)
	}
	slices.SortFunc(found, func(a, b Mark) int { return a.At - b.At })
	return found
}

// Escaped finds placeholders that an editor has escaped within an address: %7B%7Bname%7D%7D, %5BFIRST_NAME%5D. It
// returns the first as it was meant, or "".
func (f *Finder) Escaped(address string) string {
	if !strings.Contains(address, "%") {
		return ""
	}
	plain, err := url.PathUnescape(address)
	if err != nil || plain == address {
		return ""
	}
	escaped := Finder{Columns: f.Columns, Own: true}
	for _, m := range escaped.Find(plain) {
		if s := plain[m.At:m.End]; !strings.Contains(address, s) {
			return s
		}
	}
	return ""
}

func overlaps(found []Mark, m Mark) bool {
	return slices.ContainsFunc(found, func(f Mark) bool { return m.At < f.End && f.At < m.End })
}

// means says whether a mark is a placeholder, and not the text of somebody who writes brackets.
func (f *Finder) means(k kind, text string, m Mark) bool {
	if k.trust == always {
		return true
	}
	before, after := last(text[:m.At]), first(text[m.End:])
	switch text[m.At] {
	case '[':
		// [text](link), [text][reference], [reference]: link, ![picture], a[index]
		if strings.ContainsRune("([:", after) || strings.ContainsRune("]!)\\", before) || letter(before) {
			return false
		}
	case '{':
		if strings.ContainsRune("{\\$%#", before) || after == '}' || letter(before) && !f.known(m.Name) {
			return false
		}
	case '#', '-':
		if !strings.ContainsRune(" \t\n>(,", before) && before != ' ' || !strings.ContainsRune(" \t\n<),.!:;", after) && after != ' ' {
			return false
		}
	case '%':
		// 50%OFF%, %C3%BC, %TEMP%\x
		if unicode.IsDigit(before) || before == '%' || after == '%' || after == '\\' || after == '/' ||
			slices.Contains(variables, m.Name) || hexadecimal(m.Name) {
			return false
		}
	}
	return f.known(m.Name) || underscores(m.Name) || k.trust == shout && shouts(m.Name)
}

// known says whether a word is the name of a field or of a column.
func (f *Finder) known(name string) bool {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:] // contact.first_name
	}
	plain := fold(name)
	if slices.Contains(names, plain) {
		return true
	}
	return !slices.Contains(common, plain) && slices.ContainsFunc(f.Columns, func(c string) bool {
		return plain != "" && fold(c) == plain
	})
}

// fold leaves the letters and digits of a name, in small letters.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// underscores says whether a word is written as programs write names: FIRST_NAME, order_id.
func underscores(s string) bool {
	inner := strings.Trim(s, "_")
	return strings.Contains(inner, "_") && !strings.ContainsAny(s, " .") && len(inner) > 3
}

// shouts says whether a word is all capitals.
func shouts(s string) bool {
	return len(s) > 2 && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsUpper(r) && !unicode.IsDigit(r) })
}

// hexadecimal says whether the word between two percent signs may be escaped bytes of an address.
func hexadecimal(s string) bool {
	digit := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' }
	return len(s) == 2 && digit(s[0]) && digit(s[1])
}

func first(s string) rune {
	for _, r := range s {
		return r
	}
	return ' '
}

func last(s string) rune {
	if s == "" {
		return ' '
	}
	r := []rune(s[max(0, len(s)-4):])
	return r[len(r)-1]
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
