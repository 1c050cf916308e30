package plaintext

import (
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/plaintext/marks"
	"mailshot/templates/source"
)

// table writes a table: one of data as rows, which are aligned when the text is laid out, and one that lays out a
// message as the blocks in it.
func (w *writer) table(n *xhtml.Node) {
	w.apart()
	if !w.isData(n) {
		w.children(n)
		w.end(1)
		return
	}
	r := &rower{w: w}
	r.rows(n, false)
	w.b.WriteString("\n")
	w.dirty, w.gap = false, 0
}

// rower writes the rows of a table of data.
type rower struct {
	w     *writer
	below map[int]int // by column: how many rows a cell above reaches down
	body  bool        // a row that is not one of heads has been written
}

func (r *rower) rows(n *xhtml.Node, head bool) {
	w := r.w
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == xhtml.CommentNode:
			w.comment(c)
		case c.DataAtom == atom.Caption:
			w.node(c)
			w.end(2)
		case c.Type == xhtml.ElementNode && w.dropped(c):
		case c.DataAtom == atom.Tr:
			r.row(c, head)
		case c.Type == xhtml.ElementNode:
			r.rows(c, c.DataAtom == atom.Thead)
		}
	}
}

// row writes one row.
func (r *rower) row(n *xhtml.Node, head bool) {
	w := r.w
	heads, others := 0, 0
	for d := n.FirstChild; d != nil; d = d.NextSibling {
		switch d.DataAtom {
		case atom.Th:
			heads++
		case atom.Td:
			others++
		}
	}
	kind := flowed.Row
	if head = !r.body && heads+others > 0 && (head || others == 0); head {
		kind = flowed.Top
	}
	r.body = r.body || !head
	if w.right {
		w.b.WriteString(flowed.Right)
	}
	w.b.WriteString(kind)
	at := 0
	for d := n.FirstChild; d != nil; d = d.NextSibling {
		switch {
		case d.Type == xhtml.CommentNode:
			if k, i := w.t.Next(d.Data); k == 0 && len(d.Data) == w.t.Width() {
				if w.kind(i) == source.Include {
					w.fail(w.t.Actions[max(w.t.Action(i), 0)].Start, "the text part cannot know the cells of this row",
						"include the whole table or its cells' texts, or write the text part yourself, as body.text")
				}
				w.b.WriteString(d.Data)
			}
		case d.DataAtom == atom.Td || d.DataAtom == atom.Th:
			for ; r.below[at] > 0; at++ {
				r.below[at]--
				w.b.WriteString(flowed.Cell + "a1")
			}
			at += r.cell(d, at)
		}
	}
	w.b.WriteString("\n")
	w.dirty, w.gap = false, 0
}

// cell writes a cell of the column at, and returns how many columns it spans.
func (r *rower) cell(n *xhtml.Node, at int) int {
	span := number(attr(n, "colspan"), 1, 60)
	if down := number(attr(n, "rowspan"), 1, 200); down > 1 {
		if r.below == nil {
			r.below = map[int]int{}
		}
		for c := range span {
			r.below[at+c] = down - 1
		}
	}
	text := ""
	if !r.w.dropped(n) {
		text = r.w.inside(n)
	}
	r.w.b.WriteString(flowed.Cell + string([]byte{alignment(n), '0' + byte(span)}) + text)
	return span
}

// inside writes what is in a cell, without the marks of its lines.
func (w *writer) inside(n *xhtml.Node) string {
	var lines []string
	for line := range strings.Lines(w.inner(n)) {
		before, rest := marks.Nested(strings.TrimSpace(line))
		if strings.HasSuffix(before, flowed.Top) || strings.HasSuffix(before, flowed.Row) {
			rest = string(flowed.Unmarked([]byte(rest)))
		}
		if rest != "" {
			lines = append(lines, rest)
		}
	}
	return strings.Join(lines, flowed.Break)
}

// number reads an attribute that is a number from 1 to most.
func number(s string, otherwise, most int) int {
	n := 0
	for _, c := range strings.TrimSpace(s) {
		if c < '0' || c > '9' || n > most {
			return otherwise
		}
		n = n*10 + int(c-'0')
	}
	if n < 1 || n > most {
		return otherwise
	}
	return n
}

// alignment says how a cell is aligned by its attributes.
func alignment(n *xhtml.Node) byte {
	said := strings.ToLower(attr(n, "align"))
	for d := range strings.SplitSeq(strings.ToLower(attr(n, "style")), ";") {
		if name, value, _ := strings.Cut(d, ":"); strings.TrimSpace(name) == "text-align" {
			said = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "!important"))
		}
	}
	switch said {
	case "right", "end":
		return 'r'
	case "center":
		return 'c'
	case "left", "start":
		// Layouts say left of every cell, also of numbers.
	}
	return 'a'
}

// grid is what a table looks like.
type grid struct {
	rows, wide int  // rows, and those with two cells or more that have something in them
	heads      bool // a row of heads comes before others
	mixed      bool // heads and others stand in one row
	numbers    bool // a cell beside another is a number, or an action
	blocks     bool // a cell has blocks in it, or pictures alone
	nested     bool // there is a table in it
	long       bool // a cell has more than a table's cell has
	onlyHeads  bool // there are no other rows
	many       bool // rows are made by a range
}

// isData says whether a table holds data rather than the layout of a message. A table of data has two columns and more,
// and short texts in them; a row of heads above others says it of any table, and numbers say it of one that calls
// itself a layout.
func (w *writer) isData(n *xhtml.Node) bool {
	g := &grid{onlyHeads: true}
	w.measure(n, g)
	switch {
	case g.nested || g.wide == 0:
		return false
	case g.heads && !g.onlyHeads:
		return true
	case g.blocks || g.long:
		return false
	case attr(n, "role") == "presentation" || attr(n, "role") == "none":
		return g.numbers
	case g.mixed, g.numbers:
		return true
	}
	return (g.wide > 1 || g.many) && g.wide*2 > g.rows
}

// measure looks at the rows of a table.
func (w *writer) measure(n *xhtml.Node, g *grid) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == xhtml.CommentNode:
			if at, i := w.t.Next(c.Data); at == 0 && i < len(w.t.Actions) && w.t.Actions[i].Kind == source.Opener {
				g.many = g.many || w.t.Function(i) == "range"
			}
		case c.Type != xhtml.ElementNode || w.dropped(c):
		case c.DataAtom == atom.Tr:
			w.measureRow(c, g)
		default:
			w.measure(c, g)
		}
	}
}

func (w *writer) measureRow(n *xhtml.Node, g *grid) {
	heads, others, filled, numeric := 0, 0, 0, false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Td && c.DataAtom != atom.Th || w.dropped(c) {
			continue
		}
		for d := range c.Descendants() {
			g.nested = g.nested || d.DataAtom == atom.Table
		}
		if g.nested {
			return
		}
		if c.DataAtom == atom.Th {
			heads++
		} else {
			others++
		}
		text := w.plain(c)
		if text == "" {
			continue
		}
		filled++
		g.blocks = g.blocks || !plainCell(c)
		g.long = g.long || strings.Count(text, "\x00") == 0 && len([]rune(text)) > 80
		numeric = numeric || filled > 1 && isNumber(text)
	}
	if heads+others == 0 {
		return
	}
	g.rows++
	if filled > 1 {
		g.wide++
		g.numbers = g.numbers || numeric
		g.mixed = g.mixed || heads > 0 && others > 0
	}
	if others > 0 {
		g.onlyHeads = false
	} else if g.onlyHeads && filled > 1 {
		g.heads = true
	}
}

// plain is what a cell shows, with a NUL for each action.
func (w *writer) plain(n *xhtml.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == xhtml.TextNode:
			s := d.Data
			for at, _ := w.t.Next(s); at >= 0; at, _ = w.t.Next(s) {
				b.WriteString(s[:at] + "\x00")
				s = s[at+w.t.Width():]
			}
			b.WriteString(s)
		case d.DataAtom == atom.Img:
			b.WriteString(attr(d, "alt"))
		}
		b.WriteByte(' ')
	}
	return strings.Trim(b.String(), spaces+ghosts+joiners)
}

// isNumber says whether a cell may be a number: it has digits, or actions alone.
func isNumber(text string) bool {
	if strings.Trim(text, "\x00 ") == "" {
		return true
	}
	return flowed.Number(strings.ReplaceAll(text, "\x00", "0"))
}

// plainCell says whether a cell has no more blocks than one around its text, and no link drawn as a button.
func plainCell(n *xhtml.Node) bool {
	blocks := 0
	for d := range n.Descendants() {
		switch d.DataAtom {
		case atom.P, atom.Div:
			blocks++
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Hr,
			atom.Center:
			return false
		}
	}
	return blocks < 2
}
