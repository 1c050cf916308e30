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
	zero := func(name string) bool {
		number := strings.TrimRight(values[name], "%abcdefghijklmnopqrstuvwxyz")
		f, err := strconv.ParseFloat(number, 64)
		return err == nil && f == 0
	}
	none := values["display"] == "none" || values["visibility"] == "hidden" || values["visibility"] == "collapse"
	cut := values["overflow"] == "hidden" && (zero("max-height") || zero("height") || zero("max-width") || zero("width"))
	return none || cut || zero("opacity"), values["display"] != "" || values["visibility"] != "" || cut || zero("opacity")
}

// dropped says whether an element is not for reading: the text part leaves it out.
func (w *writer) dropped(n *xhtml.Node) bool {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Svg:
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	hides, says := hiding(attr(n, "style"))
	return hides || !says && w.hidden.hide(n)
}
