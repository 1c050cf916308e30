package plaintext

import (
	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/plaintext/visibility"
	"mailshot/templates/source"
)

// lost finds an action that prints something for people to read, and that is not in the text made of the document. An
// action may be missing that stands in an element that is dropped, in a comment, or in an attribute other than the
// address of a link.
func (w *writer) lost(root *xhtml.Node, text string) error {
	t, found := w.t, w.spared
	tokens(t, text, found)
	w.passed(root, false, false)
	for i, a := range t.Actions {
		if a.Kind == source.Output && !found[i] {
			return t.Source.ErrorAt(a.Start, "lost-value", "the text part would lose what this prints",
				"write it elsewhere, or write the text part yourself, as body.text")
		}
	}
	return nil
}

// passed notes the actions that a text part may leave out. inside says that n is within an element that is dropped, and
// tiny that its words are too small to be read.
func (w *writer) passed(n *xhtml.Node, inside, tiny bool) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		small := visibility.Small(attr(c, "style"), tiny)
		in := inside || c.Type == xhtml.ElementNode && w.dropped(c)
		switch {
		case c.Type == xhtml.ElementNode:
			tokens(w.t, c.Data, w.spared)
			for _, a := range c.Attr {
				tokens(w.t, a.Key, w.spared)
				if in || c.DataAtom != atom.A && c.DataAtom != atom.Area || a.Key != "href" {
					tokens(w.t, a.Val, w.spared)
				}
			}
		case in, tiny && c.Type == xhtml.TextNode, c.Type == xhtml.CommentNode:
			tokens(w.t, c.Data, w.spared)
		}
		w.passed(c, in, small)
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
