package plaintext

import (
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/function"
)

// list writes a list. If there are controls in it, its items are numbered when the message is made.
func (w *writer) list(n *xhtml.Node) {
	w.begin()
	ordered := n.DataAtom == atom.Ol
	next := 1
	if s := attr(n, "start"); s != "" && strings.Trim(s, "0123456789") == "" && len(s) < 9 {
		next = 0
		for _, c := range s {
			next = next*10 + int(c-'0')
		}
	}
	dynamic := false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		dynamic = dynamic || c.Type == xhtml.CommentNode
	}
	id := 0
	if ordered && dynamic {
		w.lists++
		id = w.lists
		w.b.WriteString(w.t.Call(function.Restart+" "+strconv.Itoa(id)+" "+strconv.Itoa(next), -1))
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.DataAtom != atom.Li:
			w.node(c)
		case !ordered:
			w.node(c)
		case dynamic:
			w.block(w.indent(w.inner(c), w.t.Call(function.Number+" "+strconv.Itoa(id), -1)+". ", "   "), 1)
		default:
			w.block(w.indent(w.inner(c), strconv.Itoa(next)+". ", "   "), 1)
			next++
		}
	}
	if n.Parent == nil || n.Parent.DataAtom != atom.Li {
		w.b.WriteString("\n")
	}
	w.dirty = false
}

// indent puts first before the first line and rest before the others, after the controls that a line begins with.
func (w *writer) indent(s, first, rest string) string {
	var b strings.Builder
	s = strings.Trim(s, "\n")
	n := 0
	for line := range strings.Lines(s) {
		for n > 0 && strings.HasPrefix(line, blockMark) {
			k := len(blockMark) + w.t.Width()
			b.WriteString(line[:k])
			line = line[k:]
		}
		switch {
		case n == 0:
			b.WriteString(first)
		case strings.TrimSpace(line) != "":
			b.WriteString(rest)
		default:
			b.WriteString(strings.TrimRight(rest, " "))
		}
		b.WriteString(line)
		n++
	}
	if n == 0 {
		return first
	}
	return b.String()
}

// isData says whether a table holds data: it has header cells, has no table within, and is not marked as a layout.
func isData(n *xhtml.Node) bool {
	if attr(n, "role") == "presentation" {
		return false
	}
	heads := false
	for d := range n.Descendants() {
		heads = heads || d.DataAtom == atom.Th
		if d.DataAtom == atom.Table {
			return false
		}
	}
	return heads
}

// rows writes a data table: one line for each row, with bars between the cells, and a line of dashes under the header.
func (w *writer) rows(n *xhtml.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == xhtml.CommentNode:
			w.comment(c)
		case c.DataAtom == atom.Tr:
			var cells, dashes []string
			head := true
			for d := c.FirstChild; d != nil; d = d.NextSibling {
				if d.Type == xhtml.CommentNode && len(cells) > 0 {
					if at, _ := w.t.Next(d.Data); at == 0 {
						cells[len(cells)-1] += d.Data
					}
				}
				if d.DataAtom == atom.Td || d.DataAtom == atom.Th {
					cells = append(cells, strings.Join(strings.Fields(w.inner(d)), " "))
					dashes = append(dashes, "---")
					head = head && d.DataAtom == atom.Th
				}
			}
			w.b.WriteString(strings.Join(cells, " | ") + "\n")
			if head {
				w.b.WriteString(strings.Join(dashes, " | ") + "\n")
			}
			w.dirty = false
		case c.Type == xhtml.ElementNode:
			w.rows(c)
		}
	}
}
