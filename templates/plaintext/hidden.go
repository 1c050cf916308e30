package plaintext

import (
	"regexp"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hidings says by selector how style sheets hide or show what it selects. It has the selectors of one class or one id,
// with or without the name of an element, as in "div.preheader": those are how mail hides things.
type hidings map[string]*visibility

// visibility is what declarations say about whether an element is shown.
type visibility struct {
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

// Weights of the cascade, from the heaviest.
const (
	important = 1 << 40
	inline    = 1 << 36
	byID      = 1 << 34
	byClass   = 1 << 33
	byElement = 1 << 32
)

// over takes what weighs more of another, whose weight grows by so much.
func (v *visibility) over(o *visibility, more int64) {
	if o == nil {
		return
	}
	v.display.over(said{o.display.value, o.display.weight + more})
	v.visibility.over(said{o.visibility.value, o.visibility.weight + more})
	v.away = v.away || o.away
}

func (v *visibility) hides() bool {
	return v.display.value == "none" || v.visibility.value == "hidden" || v.visibility.value == "collapse" || v.away
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	simple     = regexp.MustCompile(`^[a-z0-9]*[.#][\w-]+$`)
)

// sheets reads the style sheets of a document. What they say for certain screens only is left out.
func sheets(root *xhtml.Node) hidings {
	h := hidings{}
	for n := range root.Descendants() {
		if n.DataAtom != atom.Style || n.FirstChild == nil {
			continue
		}
		if media := strings.ToLower(strings.TrimSpace(attr(n, "media"))); media == "" || media == "all" || media == "screen" {
			h.read(cssComment.ReplaceAllString(n.FirstChild.Data, " "))
		}
	}
	return h
}

// read reads the rules that hold everywhere: a rule within @media holds for some.
func (h hidings) read(css string) {
	rules := h.rules()
	for {
		open := strings.IndexByte(css, '{')
		if open < 0 {
			return
		}
		selectors, end, depth := css[:open], open+1, 1
		for ; end < len(css) && depth > 0; end++ {
			switch css[end] {
			case '{':
				depth++
			case '}':
				depth--
			}
		}
		if at := strings.LastIndexByte(selectors, ';'); at >= 0 { // @import …;
			selectors = selectors[at+1:]
		}
		v := hiding(strings.TrimSuffix(css[open+1:end], "}"))
		css = css[end:]
		if v == (visibility{}) || strings.HasPrefix(strings.TrimSpace(selectors), "@") {
			continue
		}
		for selector := range strings.SplitSeq(selectors, ",") {
			if selector = strings.TrimSpace(selector); simple.MatchString(selector) {
				rule := h[selector]
				if rule == nil {
					rule = &visibility{}
					h[selector] = rule
				}
				rules++
				rule.over(&v, rules)
			}
		}
	}
}

// rules is a number that no rule so far weighs more than.
func (h hidings) rules() (n int64) {
	for _, v := range h {
		n = max(n, v.display.weight&^important, v.visibility.weight&^important)
	}
	return n
}

// look gathers what the sheets say about an element.
func (h hidings) look(n *xhtml.Node) (v visibility) {
	if len(h) == 0 {
		return v
	}
	id := "#" + attr(n, "id")
	v.over(h[id], byID)
	v.over(h[n.Data+id], byID+byElement)
	for class := range strings.FieldsSeq(attr(n, "class")) {
		v.over(h["."+class], byClass)
		v.over(h[n.Data+"."+class], byClass+byElement)
	}
	return v
}

// hiding reads what declarations of CSS say about whether an element is shown.
func hiding(declarations string) (v visibility) {
	values, weights := map[string]string{}, map[string]int64{}
	for d := range strings.SplitSeq(declarations, ";") {
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
	gone := zero("opacity") || away("left") || away("top") || away("text-indent") || away("margin-left") ||
		strings.HasPrefix(values["clip"], "rect(0")
	v.display, v.visibility = said{values["display"], weights["display"]}, said{values["visibility"], weights["visibility"]}
	v.away = cut || gone
	return v
}

// fontSize finds the size of the letters among declarations of CSS.
var fontSize = regexp.MustCompile(`(?i)(?:^|[;\s])font-size\s*:\s*([\d.]+)(\w*)`)

// small says whether letters are too small to be read, in an element with a style within others whose letters are.
// Many a layout makes the letters between its columns so small, and those in them large again.
func small(style string, within bool) bool {
	m := fontSize.FindStringSubmatch(style)
	if m == nil {
		return within
	}
	n, err := strconv.ParseFloat(m[1], 64)
	return err == nil && (n == 0 || n <= 2 && (m[2] == "px" || m[2] == "pt"))
}

// hides matches what may hide an element among its attributes.
var hides = regexp.MustCompile(`(?i)hidden|display|visibility|height|width|opacity|left|top|text-indent|clip`)

// dropped says whether an element is not for reading: the text part leaves it out.
func (w *writer) dropped(n *xhtml.Node) bool {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Svg:
		return true
	}
	if hidden, ok := w.decided[n]; ok {
		return hidden
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	v, own := w.hidden.look(n), hiding(attr(n, "style"))
	v.over(&own, inline)
	return v.hides()
}
