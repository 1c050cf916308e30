// Package plaintext derives the text part of a message from its HTML. FromHTML takes an author's HTML, and Write takes
// a document whose {{actions}} are hidden behind tokens. The template that they make says by the marks of package
// flowed what each line is; flowed.Tidy lays out what the template prints.
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
	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/plaintext/marks"
	"mailshot/templates/plaintext/visibility"
	"mailshot/templates/source"
)

// Options say what a document does not say itself.
type Options struct {
	Language string // BCP 47; default: English
	Right    bool   // it is written from right to left, unless it says otherwise
}

// FromHTML derives the text of an HTML source.
func FromHTML(src *source.Source, o Options) (*source.Form, error) {
	t, doc, err := Document(src)
	if err != nil {
		return nil, err
	}
	return Write(t, doc, o)
}

// Document hides the actions of an HTML source behind tokens. Controls are in comments.
func Document(src *source.Source) (*source.Tokens, string, error) {
	t, err := src.Tokens()
	if err != nil {
		return nil, "", err
	}
	// A control between elements goes into a comment. The parser leaves comments in place, while it moves text out of
	// tables.
	var b strings.Builder
	doc, err := markup.HiddenText(t, t.Hide())
	if err != nil {
		return nil, "", err
	}
	b.WriteString(around(doc))
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
	return t, b.String(), nil
}

// Write derives the text of an HTML document with tokens for actions.
func Write(t *source.Tokens, doc string, o Options) (*source.Form, error) {
	root, err := parse(doc)
	if err != nil {
		return nil, t.Source.ErrorAt(0, "template-html", err.Error(), "")
	}
	w := newWriter(t, root, o)
	w.addresses(root)
	w.children(root)
	text := w.b.String()
	if w.err == nil {
		w.err = w.lost(root, text)
	}
	if w.err == nil {
		w.err = w.forgotten(text)
	}
	if w.err != nil {
		return nil, w.err
	}
	f := t.Show(strings.ReplaceAll(marks.Left(t, marks.Ended(t, marks.Signed(t, text))), marks.Block, ""))
	if _, err := f.Parse("u0"); err != nil {
		e := err.(*source.Error)
		e.Text, e.Hint = "this HTML cannot become a text part: "+e.Text, "write the text part yourself, as body.text"
		return nil, e
	}
	return f, nil
}

// parse reads a document as a mail program does, which executes no scripts.
func parse(doc string) (*xhtml.Node, error) {
	return xhtml.ParseWithOptions(strings.NewReader(doc), xhtml.ParseOptionEnableScripting(false))
}

// writer writes a document as text. A block ends its own lines, so a control around it takes the line ends with it.
type writer struct {
	*document
	t     *source.Tokens
	b     strings.Builder
	dirty bool // something stands on the current line
	gap   rune // a blank that is due before the next word, or 0
	seam  bool // the next word is not a part of the word before it, also without a blank between them
	lists int
	right bool // what is written is written from right to left
	tiny  bool // what is written is too small to be read
}

// document is what is known of the whole document.
type document struct {
	sheets   *visibility.Sheets   // what its style sheets hide
	decided  map[*xhtml.Node]bool // whether elements are hidden whose attributes have conditions
	spared   []bool               // by action: it may be missing, because something else says the same
	twice    map[*xhtml.Node]bool // links whose address another link shows
	language string               // unless an element says another one
	numbered int                  // what the numbers of its lists begin with: an included template has others
	err      error                // why there can be no text, the first reason
}

// fail notes why there can be no text. at is the place in the source.
func (w *writer) fail(at int, text, hint string) {
	if w.err == nil {
		w.err = w.t.Source.ErrorAt(max(at, 0), "unclear-text", text, hint)
	}
}

// sub returns a writer for a part of the document.
func (w *writer) sub() *writer {
	return &writer{document: w.document, t: w.t, lists: w.lists, right: w.right, tiny: w.tiny}
}

func (w *writer) children(n *xhtml.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

// inner writes what is in n with a writer of its own.
func (w *writer) inner(n *xhtml.Node) string {
	sub := w.sub()
	sub.lists = w.lists + 1
	sub.children(n)
	w.lists = sub.lists
	return sub.b.String()
}

// node writes a node.
func (w *writer) node(n *xhtml.Node) {
	switch n.Type {
	case xhtml.TextNode:
		if !w.tiny {
			w.words(n.Data)
		}
	case xhtml.CommentNode:
		w.comment(n)
	case xhtml.DocumentNode:
		w.children(n)
	case xhtml.ElementNode:
		if w.dropped(n) {
			return
		}
		w.legible(n)
		right, tiny := w.right, w.tiny
		switch strings.ToLower(attr(n, "dir")) {
		case "rtl":
			w.right = true
		case "ltr":
			w.right = false
		}
		w.tiny = visibility.Small(attr(n, "style"), w.tiny)
		if w.within(n) {
			w.element(n)
		} else {
			w.begin()
			w.element(n)
			w.end(1)
		}
		w.right, w.tiny = right, tiny
	}
}

// element writes an element.
func (w *writer) element(n *xhtml.Node) {
	switch n.DataAtom {
	case atom.Br:
		w.line()
	case atom.Hr:
		w.block("----", 2)
	case atom.Img:
		w.apartFrom(picture(n))
	case atom.Input:
		w.apartFrom(field(n))
	case atom.A:
		w.link(n)
	case atom.Area:
		w.area(n)
	case atom.Pre:
		w.block(w.indent(w.raw(n), flowed.Fixed+"    ", flowed.Fixed+"    "), 2)
	case atom.Blockquote:
		w.block(w.quote(w.inner(n)), 2)
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		w.list(n)
	case atom.Li:
		w.item(n, 1)
	case atom.Dd:
		w.block(w.indent(w.inner(n), "  ", "  "), 1)
	case atom.Table:
		w.table(n)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.heading(n)
	case atom.P, atom.Dl, atom.Figure:
		w.apart()
		w.children(n)
		w.end(2)
	case atom.Td, atom.Th: // of a layout
		w.begin()
		w.children(n)
		w.end(2)
	case atom.Div, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Aside, atom.Address,
		atom.Center, atom.Tr, atom.Dt, atom.Form, atom.Fieldset, atom.Figcaption, atom.Caption, atom.Details,
		atom.Summary, atom.Legend, atom.Hgroup, atom.Optgroup, atom.Option, atom.Body, atom.Html:
		w.begin()
		w.children(n)
		w.end(1)
	case atom.Del, atom.S, atom.Strike:
		w.struck(n)
	case atom.Q:
		w.quoted(n)
	case atom.Sup, atom.Sub:
		if attr(n, "class") == "footnote" {
			w.words("[" + strings.TrimSpace(w.raw(n)) + "]")
			return
		}
		w.raised(n)
	default:
		w.inline(n)
	}
}

// inline writes an element within a line.
func (w *writer) inline(n *xhtml.Node) {
	style := strings.ToLower(attr(n, "style"))
	if spaced.MatchString(style) {
		w.seam = true
		defer func() { w.seam = true }()
	}
	if strings.Contains(style, "line-through") {
		w.struck(n)
		return
	}
	w.children(n)
}

// heading writes a heading, which is underlined when the text is laid out.
func (w *writer) heading(n *xhtml.Node) {
	w.apart()
	sub := w.sub()
	sub.children(n)
	under := flowed.Under
	if n.DataAtom == atom.H1 {
		under = flowed.Head
	}
	text := strings.Trim(sub.b.String(), "\n")
	if strings.Contains(text, marks.Block) { // conditions between blocks decide about lines
		w.children(n)
		w.end(2)
		return
	}
	w.b.WriteString(under + strings.ReplaceAll(text, "\n", flowed.Break) + "\n")
	w.dirty = false
	w.end(2)
}

// start begins the current line, if nothing stands on it.
func (w *writer) start() {
	if w.right && !w.dirty {
		w.b.WriteString(flowed.Right)
	}
}

// begin starts a block on a line of its own.
func (w *writer) begin() {
	if w.dirty {
		w.b.WriteString("\n")
	}
	w.dirty, w.gap, w.seam = false, 0, false
}

// apart starts a block with an empty line before it. An empty line too many goes when the text is laid out.
func (w *writer) apart() {
	if w.begin(); w.b.Len() > 0 {
		w.b.WriteString("\n")
	}
}

// end ends a block, with an empty line after it when lines is 2.
func (w *writer) end(lines int) {
	if w.dirty || lines > 1 {
		w.b.WriteString(strings.Repeat("\n", lines))
	}
	w.dirty, w.gap, w.seam = false, 0, false
}

// line ends the line.
func (w *writer) line() {
	w.b.WriteString("\n")
	w.dirty, w.gap, w.seam = false, 0, false
}

// block writes a made block.
func (w *writer) block(text string, lines int) {
	if w.begin(); lines > 1 {
		w.apart()
	}
	text = strings.TrimRight(text, "\n")
	w.b.WriteString(text)
	// Controls at the end are after a line end already.
	width := len(marks.Block) + w.t.Width()
	for k := len(text) - width; k >= 0 && strings.HasPrefix(text[k:], marks.Block); k -= width {
		if text = text[:k]; strings.HasSuffix(text, "\n") {
			lines--
			break
		}
	}
	w.b.WriteString(strings.Repeat("\n", lines))
}

// comment writes a comment that holds a control, and leaves out any other.
func (w *writer) comment(n *xhtml.Node) {
	s := n.Data
	at, i := w.t.Next(s)
	if at != 0 || len(s) != w.t.Width() {
		return
	}
	kind := w.kind(i)
	if w.betweenBlocks(n) {
		if w.dirty && kind == source.Opener {
			w.line()
		}
		w.b.WriteString(marks.Block)
	} else {
		w.start()
		if w.gap != 0 && w.dirty {
			w.b.WriteRune(w.gap)
			w.gap = 0
		}
	}
	w.b.WriteString(s)
	if kind == source.Include {
		w.b.WriteString("\n\n")
	}
}

func has(n *xhtml.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a xhtml.Attribute) bool { return a.Key == name })
}

func attr(n *xhtml.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// FromText makes a text part of a text that its author wrote. right says that it is written from right to left.
func FromText(src *source.Source, right bool) (*source.Form, error) {
	t, err := src.Tokens()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for line := range strings.Lines(t.Hide()) {
		if right {
			b.WriteString(flowed.Right)
		}
		b.WriteString(line)
	}
	return t.Show(marks.Ended(t, b.String())), nil
}
