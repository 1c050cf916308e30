package plaintext

import (
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/source"
)

// hides matches what may hide an element among its attributes.
var hides = regexp.MustCompile(`(?i)hidden|display|visibility|height|width|opacity|left|top|text-indent|clip`)

// dropped says whether an element is not for reading: the text part leaves it out.
func (w *writer) dropped(n *xhtml.Node) bool {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Iframe, atom.Svg, atom.Datalist:
		return true
	case atom.Dialog:
		if !has(n, "open") {
			return true
		}
	}
	if hidden, ok := w.decided[n]; ok {
		return hidden
	}
	return has(n, "hidden") || w.sheets.Look(n).Hidden
}

// surroundings makes sure that no action in a class or an id decides whether a style sheet hides something else: what
// is in the element, as the rule ".paid .due" does.
func (w *writer) surroundings(root *xhtml.Node) {
	if !w.sheets.Combined() {
		return
	}
	for n := range root.Descendants() {
		if n.Type != xhtml.ElementNode {
			continue
		}
		written := n.Attr
		certain, acts := w.decides(n, false)
		if !acts {
			continue
		}
		possible, _ := w.decides(n, true)
		for d := range n.Descendants() {
			if d.Type != xhtml.ElementNode {
				continue
			}
			n.Attr = certain
			hidden := w.sheets.Look(d).Hidden
			n.Attr = possible
			otherwise := w.sheets.Look(d).Hidden
			if n.Attr = written; hidden != otherwise {
				w.unclear(attributes(n))
				return
			}
		}
	}
}

// decides returns the attributes of an element with the classes and the id that it has in each message, or with all
// that it may have, and whether actions decide about them.
func (w *writer) decides(n *xhtml.Node, all bool) (attrs []xhtml.Attribute, acts bool) {
	for _, a := range n.Attr {
		if at, _ := w.t.Next(a.Val); at >= 0 && (a.Key == "class" || a.Key == "id") {
			a.Val, acts = w.known(a.Val, all), true
		}
		attrs = append(attrs, a)
	}
	return attrs, acts
}

// known returns the words of a text that no action prints, and that no condition decides about unless all are asked
// for.
func (w *writer) known(s string, all bool) string {
	const printed = "\x00"
	var b strings.Builder
	depth := 0
	for {
		at, i := w.t.Next(s)
		text := s
		if at >= 0 {
			text = s[:at]
		}
		if depth == 0 || all {
			b.WriteString(text)
		}
		if at < 0 {
			break
		}
		sign := " "
		switch s = s[at+w.t.Width():]; w.kind(i) {
		case source.Opener:
			depth++
		case source.Closer:
			depth--
		case source.Output:
			sign = printed
		}
		b.WriteString(sign)
	}
	var words []string
	for word := range strings.FieldsSeq(b.String()) {
		if !strings.Contains(word, printed) {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
