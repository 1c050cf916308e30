package plaintext

import (
	"regexp"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hidings says by selector whether a style sheet hides what it selects. It has the selectors of one class or one id,
// with or without the name of an element, as in "div.preheader": those are how mail hides things.
type hidings map[string]bool

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
		hides, says := hiding(strings.TrimSuffix(css[open+1:end], "}"))
		css = css[end:]
		if !says || strings.HasPrefix(strings.TrimSpace(selectors), "@") {
			continue
		}
		for selector := range strings.SplitSeq(selectors, ",") {
			if selector = strings.TrimSpace(selector); simple.MatchString(selector) {
				h[selector] = hides
			}
		}
	}
}

// hide says whether a sheet hides an element. The element's own style goes before it.
func (h hidings) hide(n *xhtml.Node) bool {
	if len(h) == 0 {
		return false
	}
	marks := []string{"#" + attr(n, "id")}
	for class := range strings.FieldsSeq(attr(n, "class")) {
		marks = append(marks, "."+class)
	}
	for _, mark := range marks {
		if h[mark] || h[n.Data+mark] {
			return true
		}
	}
	return false
}

// hiding says whether declarations of CSS hide an element, and whether they say anything about that.
func hiding(declarations string) (hides, says bool) {
	values := map[string]string{}
	for d := range strings.SplitSeq(declarations, ";") {
		name, value, _ := strings.Cut(strings.ToLower(d), ":")
		value, _, _ = strings.Cut(value, "!")
		values[strings.TrimSpace(name)] = strings.TrimSpace(value)
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
	none := values["display"] == "none" || values["visibility"] == "hidden" || values["visibility"] == "collapse"
	nothing := zero("max-height") || zero("height") || zero("max-width") || zero("width")
	// mso-hide alone hides a button from Outlook, which draws one of its own. A preheader has it beside other tricks.
	cut := nothing && (values["overflow"] == "hidden" || values["mso-hide"] == "all")
	gone := zero("opacity") || away("left") || away("top") || away("text-indent") || away("margin-left") ||
		strings.HasPrefix(values["clip"], "rect(0")
	return none || cut || gone, values["display"] != "" || values["visibility"] != "" || cut || gone
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
	hides, says := hiding(attr(n, "style"))
	return hides || !says && w.hidden.hide(n)
}
