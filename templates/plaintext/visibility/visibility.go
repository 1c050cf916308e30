// Package visibility says what of a document a reader does not see. Read reads the document's style sheets. Look then
// says of an element what the sheets and its style= make of it.
//
// What holds for certain screens only, as within most @media, is left out: a text part is for all. Of the properties
// those are read that mail hides things with.
package visibility

import (
	"iter"
	"regexp"
	"strconv"
	"strings"

	"github.com/andybalholm/cascadia"
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Sheets are the rules of style sheets that say whether and how elements are shown.
type Sheets struct {
	rules    map[string][]rule // by what the element must have: ".class", "#id", a name, or "*"
	hiding   map[string]bool   // the classes and ids in the selectors of rules that hide
	combined bool
	n        int // rules so far
}

// rule is one selector with what its rule says. weight is that of the selector and of its place among the others.
type rule struct {
	selector cascadia.Sel
	says     declared
	weight   int64
}

// mostRules is how many selectors are read of those that name neither a class nor an id.
const mostRules = 1000

// Look is what an element looks like.
type Look struct {
	Hidden  bool
	Display string // the value of its display, or "" if nothing says it
}

// declared is what declarations say about whether an element is shown.
type declared struct {
	display, visibility said
	away                bool // it has no room, or stands where nobody sees it
}

// said is the value of a property, and what it weighs in the cascade.
type said struct {
	value  string
	weight int64
}

// over takes the value that weighs more.
func (s *said) over(t said) {
	if t.value != "" && t.weight >= s.weight {
		*s = t
	}
}

// Weights of the cascade, from the heaviest. Those of a selector's parts stand below them, and the place of a rule
// below those.
const (
	important = 1 << 60
	inline    = 1 << 56
	byID      = 1 << 44
	byClass   = 1 << 34
	byElement = 1 << 24
	mostPlace = 1<<24 - 1
)

// over takes what weighs more of another, whose weight grows by so much.
func (v *declared) over(o *declared, more int64) {
	v.display.over(said{o.display.value, o.display.weight + more})
	v.visibility.over(said{o.visibility.value, o.visibility.weight + more})
	v.away = v.away || o.away
}

func (v *declared) hides() bool {
	return v.display.value == "none" || v.visibility.value == "hidden" || v.visibility.value == "collapse" || v.away
}

var (
	comment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	named    = regexp.MustCompile(`[.#][\w-]+`)
	combined = regexp.MustCompile(`[\w\]*)-]\s*[ >+~]\s*[\w\[*.#:-]`)
	last     = regexp.MustCompile(`[^ >+~]*$`)
)

// Read reads the style sheets of a document.
func Read(root *xhtml.Node) *Sheets {
	s := &Sheets{rules: map[string][]rule{}, hiding: map[string]bool{}}
	for n := range root.Descendants() {
		if n.DataAtom == atom.Style && n.FirstChild != nil && everywhere(attr(n, "media")) {
			s.read(comment.ReplaceAllString(n.FirstChild.Data, " "), 0)
		}
	}
	return s
}

// everywhere says whether a list of media holds on all screens.
func everywhere(media string) bool {
	for query := range strings.SplitSeq(strings.ToLower(media), ",") {
		switch strings.TrimPrefix(strings.TrimSpace(query), "only ") {
		case "", "all", "screen":
			return true
		}
	}
	return false
}

// mostNested is how deep rules may stand within @media.
const mostNested = 8

// read reads the rules that hold everywhere.
func (s *Sheets) read(css string, depth int) {
	for {
		open := strings.IndexByte(css, '{')
		if open < 0 || depth > mostNested {
			return
		}
		selectors, end, open1 := css[:open], open+1, 1
		for ; end < len(css) && open1 > 0; end++ {
			switch css[end] {
			case '{':
				open1++
			case '}':
				open1--
			}
		}
		if at := strings.LastIndexByte(selectors, ';'); at >= 0 { // @import …;
			selectors = selectors[at+1:]
		}
		selectors = strings.TrimSpace(selectors)
		within := strings.TrimSuffix(css[open+1:end], "}")
		css = css[end:]
		if media, ok := strings.CutPrefix(selectors, "@media"); ok && everywhere(media) {
			s.read(within, depth+1)
		}
		if says := declarations(within); says != (declared{}) && !strings.HasPrefix(selectors, "@") {
			s.rule(selectors, says)
		}
	}
}

// rule reads the selectors of a rule. One about a state or a part of an element, or that nobody knows, is left out.
func (s *Sheets) rule(selectors string, says declared) {
	for text := range parts(selectors) {
		selector, err := cascadia.Parse(text)
		if err != nil {
			continue
		}
		key := "*"
		if one := last.FindString(text); one != "" && !strings.ContainsAny(text, `[(:\`) {
			if key = named.FindString(one); key == "" {
				key = strings.ToLower(one)
			}
		}
		if key[0] != '.' && key[0] != '#' && s.n >= mostRules {
			continue
		}
		s.n++
		s.combined = s.combined || combined.MatchString(text)
		by := selector.Specificity()
		weight := int64(by[0])*byID + int64(by[1])*byClass + int64(by[2])*byElement + int64(min(s.n, mostPlace))
		s.rules[key] = append(s.rules[key], rule{selector, says, weight})
		if says.hides() {
			for _, name := range named.FindAllString(text, -1) {
				s.hiding[name] = true
			}
		}
	}
}

// parts are the selectors between the commas of a list that are not within brackets.
func parts(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		depth, from := 0, 0
		for i, c := range list + "," {
			switch c {
			case '(', '[':
				depth++
			case ')', ']':
				depth--
			case ',':
				if depth > 0 && i < len(list) {
					continue
				}
				if part := strings.TrimSpace(list[from:i]); part != "" && !yield(part) {
					return
				}
				from = i + 1
			}
		}
	}
}

// Empty says whether the sheets say nothing.
func (s *Sheets) Empty() bool { return s.n == 0 }

// Combined says whether there is a rule that asks for what stands around an element.
func (s *Sheets) Combined() bool { return s.combined }

// HidesNamed says whether a rule that hides names a class or an id which begins and ends with such texts. The first one
// has the sign, "." or "#", before it.
func (s *Sheets) HidesNamed(first, last string) bool {
	for name := range s.hiding {
		if len(name) >= len(first)+len(last) && strings.HasPrefix(name, first) && strings.HasSuffix(name, last) {
			return true
		}
	}
	return false
}

// Look says what an element looks like.
func (s *Sheets) Look(n *xhtml.Node) Look {
	v := declarations(attr(n, "style"))
	for _, property := range []*said{&v.display, &v.visibility} {
		if property.value != "" {
			property.weight += inline
		}
	}
	if s.n > 0 {
		s.gather(&v, n, "*")
		s.gather(&v, n, n.Data)
		if id := attr(n, "id"); id != "" {
			s.gather(&v, n, "#"+id)
		}
		for class := range strings.FieldsSeq(attr(n, "class")) {
			s.gather(&v, n, "."+class)
		}
	}
	return Look{v.hides(), v.display.value}
}

// gather adds what the rules of a key say about an element.
func (s *Sheets) gather(v *declared, n *xhtml.Node, key string) {
	for _, r := range s.rules[key] {
		if r.selector.Match(n) {
			v.over(&r.says, r.weight)
		}
	}
}

// declarations reads what declarations of CSS say about whether an element is shown.
func declarations(css string) (v declared) {
	if css == "" {
		return v
	}
	values, weights := map[string]string{}, map[string]int64{}
	for d := range strings.SplitSeq(css, ";") {
		name, value, _ := strings.Cut(strings.ToLower(d), ":")
		value, flag, _ := strings.Cut(value, "!")
		name = strings.TrimSpace(name)
		weight := int64(0)
		if strings.TrimSpace(flag) == "important" {
			weight = important
		}
		if weight >= weights[name] {
			values[name], weights[name] = strings.TrimSpace(value), weight
		}
	}
	size := func(name string) (float64, bool) {
		number, unit := values[name], ""
		if k := strings.IndexFunc(number, func(r rune) bool { return r != '-' && r != '.' && (r < '0' || r > '9') }); k >= 0 {
			number, unit = number[:k], number[k:]
		}
		f, err := strconv.ParseFloat(number, 64)
		return f, err == nil && (unit == "" || unit == "px" || f == 0)
	}
	zero := func(name string) bool {
		f, ok := size(name)
		return ok && f == 0
	}
	away := func(name string) bool {
		f, ok := size(name)
		return ok && f < -900
	}
	nothing := zero("max-height") || zero("height") || zero("max-width") || zero("width")
	// mso-hide alone hides a button from Outlook, which draws one of its own. A preheader has it beside other tricks.
	cut := nothing && (values["overflow"] == "hidden" || values["mso-hide"] == "all")
	clipped := strings.HasPrefix(values["clip"], "rect(0") || strings.HasPrefix(values["clip"], "rect(1px") ||
		values["clip-path"] == "inset(50%)" || values["clip-path"] == "inset(100%)"
	gone := zero("opacity") || away("left") || away("top") || away("text-indent") || away("margin-left") || clipped
	v.display, v.visibility = said{values["display"], weights["display"]}, said{values["visibility"], weights["visibility"]}
	v.away = cut || gone
	return v
}

// fontSize finds the size of the letters among declarations of CSS.
var fontSize = regexp.MustCompile(`(?i)(?:^|[;\s])font-size\s*:\s*([\d.]+)(\w*)`)

// Small says whether letters are too small to be read, in an element with a style within others whose letters are.
// Many a layout makes the letters between its columns so small, and those in them large again.
func Small(style string, within bool) bool {
	m := fontSize.FindStringSubmatch(style)
	if m == nil {
		return within
	}
	n, err := strconv.ParseFloat(m[1], 64)
	return err == nil && (n == 0 || n <= 2 && (m[2] == "px" || m[2] == "pt"))
}

func attr(n *xhtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
