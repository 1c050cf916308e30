package plaintext

import (
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// structural elements hold nothing but blocks.
var structural = []atom.Atom{atom.Ul, atom.Ol, atom.Table, atom.Tbody, atom.Thead, atom.Tfoot, atom.Tr}

// inlines are the elements within a line, unless a style makes blocks of them.
var inlines = []atom.Atom{0, atom.A, atom.Abbr, atom.Acronym, atom.B, atom.Bdi, atom.Bdo, atom.Big, atom.Br, atom.Button,
	atom.Cite, atom.Code, atom.Data, atom.Del, atom.Dfn, atom.Em, atom.Font, atom.I, atom.Img, atom.Input, atom.Ins,
	atom.Kbd, atom.Label, atom.Mark, atom.Nobr, atom.Q, atom.Ruby, atom.S, atom.Samp, atom.Small, atom.Span, atom.Strike,
	atom.Strong, atom.Sub, atom.Sup, atom.Time, atom.Tt, atom.U, atom.Var, atom.Wbr}

// boxes are the values of display that make a block of an element.
var boxes = []string{"block", "table", "flex", "grid", "list-item", "flow-root", "table-row"}

// within says whether an element stands within a line, or is a block by its name: it is not made a block by its style.
func (w *writer) within(n *xhtml.Node) bool {
	if n.DataAtom == atom.Br || n.DataAtom == atom.Img || n.DataAtom == atom.Input || !slices.Contains(inlines, n.DataAtom) {
		return true
	}
	return !slices.Contains(boxes, w.sheets.Look(n).Display)
}

// betweenBlocks says whether a control is between blocks rather than within a line.
func (w *writer) betweenBlocks(n *xhtml.Node) bool {
	if n.Parent == nil || slices.Contains(structural, n.Parent.DataAtom) {
		return true
	}
	if slices.Contains(inlines, n.Parent.DataAtom) && n.Parent.Type == xhtml.ElementNode || n.Parent.DataAtom == atom.P {
		return false
	}
	neighbour := func(step func(*xhtml.Node) *xhtml.Node) (there, inline bool) {
		for m := step(n); m != nil; m = step(m) {
			switch {
			case m.Type == xhtml.TextNode && strings.TrimSpace(m.Data) == "", m.Type == xhtml.CommentNode:
				continue
			case m.Type == xhtml.TextNode:
				return true, true
			}
			return true, slices.Contains(inlines, m.DataAtom) && w.within(m)
		}
		return false, false
	}
	if there, inline := neighbour(func(m *xhtml.Node) *xhtml.Node { return m.NextSibling }); there {
		return !inline
	}
	_, inline := neighbour(func(m *xhtml.Node) *xhtml.Node { return m.PrevSibling })
	return !inline
}
