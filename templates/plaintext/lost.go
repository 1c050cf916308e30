package plaintext

import (
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/source"
)

// dropped says whether an element is not for reading: the text part leaves it out.
func dropped(n *xhtml.Node) bool {
	switch n.DataAtom {
	case atom.Head, atom.Style, atom.Script, atom.Title, atom.Template, atom.Noscript, atom.Iframe, atom.Object, atom.Svg:
		return true
	}
	return strings.Contains(strings.ReplaceAll(attr(n, "style"), " ", ""), "display:none")
}

// lost finds an action that prints something for people to read, and that is not in the text made of the document. An
// action may be missing that stands in an element that is dropped, in a comment, or in an attribute other than the
// address of a link.
func (w *writer) lost(root *xhtml.Node, text string) error {
	t, found := w.t, w.spared
	tokens(t, text, found)
	passed(t, root, false, found)
	for i, a := range t.Actions {
		if a.Kind == source.Output && !found[i] {
			return t.Source.ErrorAt(a.Start, "lost-value", "the text part would lose what this prints",
				"write it elsewhere, or write the text part yourself, as body.text")
		}
	}
	return nil
}

// passed notes the actions that a text part may leave out. inside says that n is within an element that is dropped.
func passed(t *source.Tokens, n *xhtml.Node, inside bool, found []bool) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		in := inside || c.Type == xhtml.ElementNode && dropped(c)
		switch {
		case c.Type == xhtml.ElementNode:
			tokens(t, c.Data, found)
			for _, a := range c.Attr {
				tokens(t, a.Key, found)
				if in || c.DataAtom != atom.A || a.Key != "href" {
					tokens(t, a.Val, found)
				}
			}
		case in, c.Type == xhtml.CommentNode:
			tokens(t, c.Data, found)
		}
		passed(t, c, in, found)
	}
}

// tokens notes the actions whose tokens are in s, themselves or within a call.
func tokens(t *source.Tokens, s string, found []bool) {
	for {
		at, i := t.Next(s)
		if at < 0 {
			return
		}
		if i = t.Action(i); i >= 0 {
			found[i] = true
		}
		s = s[at+t.Width():]
	}
}
