// Package plaintext derives the text part of a message from its HTML. FromHTML takes an author's HTML, and Write takes
// a document whose {{actions}} are hidden behind tokens. Tidy cleans up what the resulting template prints.
//
// The text is derived once from the template, not from each message. Conditions and loops stay in it, around the lines
// that they decide about. Only the finished message knows the number of a list's item or what a cell adds to an
// address, so the text calls functions for those (function.Number, function.Query and their like).
//
// Two converters of finished HTML were tried on the HTML of the golden test: html-to-markdown v2.5 and html2text v1.0.
// Both show what display:none hides, and join the cells of tables by nothing or a blank. html-to-markdown escapes * and
// _ in what people read; html2text drops the numbers of a list. Given the template itself, both let the HTML parser
// move a loop out of its table. Run on each message they take 160 and 80 µs.
package plaintext

import (
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/markup"
	"mailshot/templates/source"
)

// FromHTML derives the text of an HTML source.
func FromHTML(src *source.Source) (*source.Form, error) {
	t, err := src.Tokens()
	if err != nil {
		return nil, err
	}
	// A control between elements goes into a comment. The parser leaves comments in place, while it moves text out of
	// tables.
	var b strings.Builder
	doc, err := markup.HiddenText(t, t.Hide())
	if err != nil {
		return nil, err
	}
	z := xhtml.NewTokenizer(strings.NewReader(doc))
	for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
		raw := string(z.Raw())
		if tt != xhtml.TextToken {
			b.WriteString(raw)
			continue
		}
		for {
			at, i := t.Next(raw)
			if at < 0 {
				break
			}
			b.WriteString(raw[:at])
			if t.Actions[i].Kind == source.Output {
				b.WriteString(t.Token(i))
			} else {
				b.WriteString("<!--" + t.Token(i) + "-->")
			}
			raw = raw[at+t.Width():]
		}
		b.WriteString(raw)
	}
	return Write(t, b.String(), false)
}

// Write derives the text of an HTML document with tokens for actions. With breaks, line ends in the document stay line
// ends, as the author of Markdown has set them.
func Write(t *source.Tokens, doc string, breaks bool) (*source.Form, error) {
	root, err := xhtml.Parse(strings.NewReader(doc))
	if err != nil {
		return nil, t.Source.ErrorAt(0, "template-html", err.Error(), "")
	}
	w := &writer{t: t, breaks: breaks, spared: make([]bool, len(t.Actions)), hidden: sheets(root)}
	w.children(root)
	text := strings.ReplaceAll(w.b.String(), blockMark, "")
	if err := w.lost(root, text); err != nil {
		return nil, err
	}
	f := t.Show(text)
	if _, err := f.Parse("u0"); err != nil {
		e := err.(*source.Error)
		e.Text, e.Hint = "this HTML cannot become a text part: "+e.Text, "write the text part yourself, as body.text"
		return nil, e
	}
	return f, nil
}

// blockMark stands before a control that is between blocks, so that indent puts nothing inside its condition.
const blockMark = "\x00"

// writer writes a document as text. A block ends its own lines, so a control around it takes the line ends with it.
type writer struct {
	t      *source.Tokens
	b      strings.Builder
	breaks bool // line ends in the source stay: Markdown's author has set them
	dirty  bool // something stands on the current line
	space  bool // a blank is due before the next word
	lists  int
	hidden hidings // what the document's style sheets hide
	spared []bool  // by action: it may be missing, because something else says the same
}

// sub returns a writer for a part of the document.
func (w *writer) sub() *writer { return &writer{t: w.t, hidden: w.hidden, spared: w.spared} }

func (w *writer) children(n *xhtml.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

// inner writes what is in n with a writer of its own.
func (w *writer) inner(n *xhtml.Node) string {
	sub := w.sub()
	sub.breaks, sub.lists = w.breaks, w.lists+1
	sub.children(n)
	w.lists = sub.lists
	return sub.b.String()
}

func (w *writer) node(n *xhtml.Node) {
	switch n.Type {
	case xhtml.TextNode:
		w.words(n.Data)
		return
	case xhtml.CommentNode:
		w.comment(n)
		return
	case xhtml.DocumentNode:
		w.children(n)
		return
	case xhtml.ElementNode:
	default:
		return
	}
	if w.dropped(n) {
		return
	}
	switch n.DataAtom {
	case atom.Br:
		w.line()
	case atom.Hr:
		w.block("----", 2)
	case atom.Img:
		w.words(attr(n, "alt"))
	case atom.A:
		w.link(n)
	case atom.Pre:
		w.block(w.indent(raw(n), "    ", "    "), 2)
	case atom.Blockquote:
		w.block(w.indent(w.inner(n), "> ", "> "), 2)
	case atom.Ul, atom.Ol:
		w.list(n)
	case atom.Li:
		w.block(w.indent(w.inner(n), "- ", "  "), 1)
	case atom.Table:
		if isData(n) {
			w.begin()
			w.rows(n)
			w.b.WriteString("\n")
			return
		}
		w.begin()
		w.children(n)
		w.end(1)
		if attr(n, "class") == "button" { // a paragraph of its own
			w.b.WriteString("\n")
		}
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Dl, atom.Figure:
		w.begin()
		w.children(n)
		w.end(2)
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Aside, atom.Address,
		atom.Center, atom.Tr, atom.Td, atom.Th, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Figcaption,
		atom.Body, atom.Html:
		w.begin()
		w.children(n)
		w.end(1)
	default:
		w.children(n)
	}
}

// begin starts a block on a line of its own.
func (w *writer) begin() {
	if w.dirty {
		w.b.WriteString("\n")
	}
	w.dirty, w.space = false, false
}

// end ends a block, with an empty line after it when lines is 2.
func (w *writer) end(lines int) {
	if w.dirty || lines > 1 {
		w.b.WriteString(strings.Repeat("\n", lines))
	}
	w.dirty, w.space = false, false
}

// line ends the line.
func (w *writer) line() {
	w.b.WriteString("\n")
	w.dirty, w.space = false, false
}

// block writes a made block.
func (w *writer) block(text string, lines int) {
	w.begin()
	text = strings.TrimRight(text, "\n")
	w.b.WriteString(text)
	// Controls at the end are after a line end already.
	width := len(blockMark) + w.t.Width()
	for k := len(text) - width; k >= 0 && strings.HasPrefix(text[k:], blockMark); k -= width {
		if text = text[:k]; strings.HasSuffix(text, "\n") {
			lines--
			break
		}
	}
	w.b.WriteString(strings.Repeat("\n", lines))
}

// words writes text. Each run of blanks in it becomes one blank.
func (w *writer) words(s string) {
	for s != "" {
		i := strings.IndexAny(s, " \t\r\n")
		word := s
		if i >= 0 {
			word = s[:i]
		}
		if word != "" {
			if w.space && w.dirty {
				w.b.WriteByte(' ')
			}
			w.b.WriteString(word)
			w.dirty, w.space = true, false
		}
		if i < 0 {
			return
		}
		w.space = true
		if s[i] == '\n' && w.breaks && w.dirty {
			w.line()
		}
		s = s[i+1:]
	}
}

// comment writes a comment that holds a control, and leaves out any other.
func (w *writer) comment(n *xhtml.Node) {
	s := n.Data
	at, i := w.t.Next(s)
	if at != 0 || len(s) != w.t.Width() || i >= len(w.t.Actions) {
		return
	}
	if betweenBlocks(n) {
		if w.dirty && w.t.Actions[i].Kind == source.Opener {
			w.line()
		}
		w.b.WriteString(blockMark)
	} else if w.space && w.dirty {
		w.b.WriteByte(' ')
		w.space = false
	}
	w.b.WriteString(s)
	if w.t.Actions[i].Kind == source.Include {
		w.b.WriteString("\n\n")
	}
}

// structural elements hold nothing but blocks.
var structural = []atom.Atom{atom.Ul, atom.Ol, atom.Table, atom.Tbody, atom.Thead, atom.Tfoot, atom.Tr}

// inlines are the elements within a line.
var inlines = []atom.Atom{0, atom.A, atom.Abbr, atom.B, atom.Big, atom.Br, atom.Cite, atom.Code, atom.Del, atom.Em,
	atom.Font, atom.I, atom.Img, atom.Ins, atom.Kbd, atom.Label, atom.Mark, atom.Q, atom.S, atom.Small, atom.Span,
	atom.Strong, atom.Sub, atom.Sup, atom.U}

// betweenBlocks says whether a control is between blocks rather than within a line.
func betweenBlocks(n *xhtml.Node) bool {
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
			return true, slices.Contains(inlines, m.DataAtom)
		}
		return false, false
	}
	if there, inline := neighbour(func(m *xhtml.Node) *xhtml.Node { return m.NextSibling }); there {
		return !inline
	}
	_, inline := neighbour(func(m *xhtml.Node) *xhtml.Node { return m.PrevSibling })
	return !inline
}

// raw returns the text below n as it is.
func raw(n *xhtml.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		switch d.Type {
		case xhtml.TextNode, xhtml.CommentNode:
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

func attr(n *xhtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
