// Package markdown renders Markdown whose {{actions}} are hidden behind tokens. Call Render, then Show of the tokens
// for the HTML with its actions.
//
// The renderer (goldmark) sees an action that prints as a word. An action that shapes the text (if, range, else, end)
// may be on a line of its own between blocks, or at the start of a list item or a table row. Such lines become blocks
// of their own. One list stays one list and one table one table, however many conditions are in it.
//
// Markdown is read as people write mail. A line end within a paragraph is a line break, as in an address or a
// signature, unless an editor has wrapped the paragraph: then each line but the last is full, which means that the next
// word had no room in 60 columns. There are tables, lists of tasks, footnotes, definitions and attributes.
package markdown

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"mailshot/templates/markup"
	"mailshot/templates/source"
)

// tokens is a source with its actions hidden, with what this room asks of it.
type tokens struct{ *source.Tokens }

// Options say how Markdown is rendered.
type Options struct {
	// Link makes what is written for an action in angle brackets, <{{.url}}>.
	Link func(t *source.Tokens, action int) string
	// Label looks whether the buttons of a document that a reader sees have a text.
	Label Label
	// Text says that a text part is made of the HTML. Default: a reader sees the HTML.
	Text bool
	// Quotes has typewriter quotes, dashes and dots set as those of Language, a BCP 47 tag.
	Quotes   bool
	Language string
}

// Render returns the HTML of a Markdown source with tokens for its actions. An action alone on a line becomes a comment
// that holds its token.
func Render(src *source.Source, o Options) (*source.Tokens, string, error) {
	hidden, err := src.Tokens()
	if err != nil {
		return nil, "", err
	}
	t := &tokens{hidden}
	for _, a := range t.Actions {
		if a.Kind == source.Define {
			return nil, "", src.ErrorAt(a.Start, "template", "Markdown cannot have {{define}} and {{block}}",
				"put the part into a file of its own and include it")
		}
	}
	if err := deep(src); err != nil {
		return nil, "", err
	}
	attributes := &attributes{t: t, action: -1}
	extensions := []goldmark.Extender{attributes, mailBlocks{}, &letters{t: t, text: o.Text},
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough, t.linkify()}
	if o.Quotes {
		extensions = append(extensions, typographer{o.Language})
	}
	links := &links{t: t, label: o.Label, silent: -1}
	transformers := []util.PrioritizedValue{util.Prioritized(&controlTransformer{t}, 2000)}
	if !o.Text {
		transformers = append(transformers, util.Prioritized(links, 1500))
	}
	md := goldmark.New(
		goldmark.WithExtensions(extensions...),
		goldmark.WithParserOptions(
			parser.WithBlockParsers(util.Prioritized(&controlParser{t}, 50)),
			parser.WithASTTransformers(transformers...)),
		goldmark.WithRendererOptions(
			html.WithUnsafe(), // the author's own HTML; cells are not here yet
			renderer.WithNodeRenderers(util.Prioritized(&controlRenderer{t}, 50))),
	)
	var out bytes.Buffer
	if err := md.Convert([]byte(t.lines()), &out); err != nil {
		return nil, "", src.ErrorAt(0, "template", err.Error(), "")
	}
	if err := errors.Join(attributes.check(), links.check()); err != nil {
		return nil, "", err
	}
	s := t.unwrapParagraphs(t.unwrapLines(out.String()))
	if err := t.nesting(s); err != nil {
		return nil, "", err
	}
	if err := t.lost(s); err != nil {
		return nil, "", err
	}
	s, err = markup.HiddenText(hidden, links.fill(t.bracketed(s, o.Link)))
	return hidden, s, err
}

// lines is Hide for Markdown. A control (if, range, else, end …) that shares its line with the start of a list item, a
// table row, a heading or a quote gets a line of its own, as if the author had written it so:
//
//	{{range split ";" .items}}- {{.}}
//	{{end}}
func (t *tokens) lines() string {
	var b strings.Builder
	split := map[int]bool{} // openers that stand on a line of their own
	for line := range strings.Lines(t.address(t.Hide())) {
		end := line[len(strings.TrimRight(line, "\n")):]
		line = line[:len(line)-len(end)]
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if controls := t.controls(line); controls != nil {
			for _, i := range controls {
				split[i] = true
			}
			b.WriteString(line + end)
			continue
		}
		rest := line[len(indent):]
		for {
			at, i := t.Next(rest)
			if at != 0 || !t.isControl(i) || !t.beforeBlock(rest[t.Width():]) {
				break
			}
			split[i] = true
			b.WriteString(indent + rest[:t.Width()] + "\n")
			rest = strings.TrimLeft(rest[t.Width():], " \t")
		}
		var tail []string
		for len(rest) >= t.Width() {
			trimmed := strings.TrimRight(rest, " \t")
			from := len(trimmed) - t.Width()
			if from < 0 {
				break
			}
			at, i := t.Next(trimmed[from:])
			if at != 0 || t.Actions[i].Opener < 0 || !split[t.Actions[i].Opener] {
				break
			}
			tail = append(tail, trimmed[from:])
			rest = trimmed[:from]
		}
		if strings.TrimSpace(rest) != "" || len(tail) == 0 {
			b.WriteString(indent + rest)
			if len(tail) > 0 {
				b.WriteString("\n")
			}
		}
		slices.Reverse(tail)
		for k, token := range tail {
			b.WriteString(indent + token)
			if k < len(tail)-1 {
				b.WriteString("\n")
			}
		}
		b.WriteString(end)
	}
	return b.String()
}

// beforeBlock says whether s begins, after further controls, with a mark that begins a block.
func (t *tokens) beforeBlock(s string) bool {
	s = strings.TrimLeft(s, " \t")
	if at, i := t.Next(s); at == 0 && t.isControl(i) {
		return t.beforeBlock(s[t.Width():])
	}
	for _, mark := range []string{"- ", "* ", "+ ", "|", "# ", "## ", "### ", "#### ", "> "} {
		if strings.HasPrefix(s, mark) {
			return true
		}
	}
	number := strings.TrimLeft(s, "0123456789")
	return len(number) < len(s) && (strings.HasPrefix(number, ". ") || strings.HasPrefix(number, ") "))
}

// isControl says whether an action shapes the text instead of printing into it.
func (t *tokens) isControl(i int) bool { return i >= 0 && t.Actions[i].Kind != source.Output }

// controls returns the actions of a line that holds nothing but controls, and nil for any other line.
func (t *tokens) controls(line string) []int {
	var is []int
	for {
		line = strings.TrimLeft(line, " \t\n")
		if line == "" {
			return is
		}
		at, i := t.Next(line)
		if at != 0 || !t.isControl(i) {
			return nil
		}
		is = append(is, i)
		line = line[t.Width():]
	}
}

// control is a line of controls between blocks.
type control struct {
	ast.BaseBlock
	actions []int
}

var kindControl = ast.NewNodeKind("Control")

func (c *control) Kind() ast.NodeKind         { return kindControl }
func (c *control) IsRaw() bool                { return true }
func (c *control) Dump(src []byte, level int) { ast.DumpHelper(c, src, level, nil, nil) }

// controlParser makes a line of controls a block of its own.
type controlParser struct{ t *tokens }

func (p *controlParser) Trigger() []byte { return []byte{p.t.Prefix()[0]} }

func (p *controlParser) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	actions := p.t.controls(string(line))
	if actions == nil || p.inTable(actions[0], reader, pc) {
		return nil, parser.NoChildren
	}
	reader.Advance(segment.Len() - 1)
	return &control{actions: actions}, parser.NoChildren
}

// inTable says whether the line of this control continues a table and is then one of its rows. A table, here, is an
// unfinished paragraph that has a line of dashes and bars. An else or end whose opener is above the table ends the
// table.
func (p *controlParser) inTable(action int, reader text.Reader, pc parser.Context) bool {
	opened := pc.OpenedBlocks()
	if len(opened) == 0 {
		return false
	}
	paragraph, ok := opened[len(opened)-1].Node.(*ast.Paragraph)
	if !ok {
		return false
	}
	lines := paragraph.Lines()
	for k := 1; k < lines.Len(); k++ {
		segment := lines.At(k)
		s := strings.TrimSpace(string(segment.Value(reader.Source())))
		if !strings.Contains(s, "-") || strings.Trim(s, "|:- \t") != "" || !strings.ContainsAny(s, "|:") {
			continue
		}
		if p.t.Actions[action].Opener < 0 {
			return true
		}
		for j := k + 1; j < lines.Len(); j++ {
			segment := lines.At(j)
			if slices.Contains(p.t.controls(string(segment.Value(reader.Source()))), p.t.Actions[action].Opener) {
				return true
			}
		}
		return false
	}
	return false
}

func (p *controlParser) Continue(ast.Node, text.Reader, parser.Context) parser.State {
	return parser.Close
}
func (p *controlParser) Close(ast.Node, text.Reader, parser.Context) {}
func (p *controlParser) CanInterruptParagraph() bool                 { return true }
func (p *controlParser) CanAcceptIndentedLine() bool                 { return false }

// controlTransformer joins what lines of controls have cut apart, so that one list stays one list and one table one
// table.
type controlTransformer struct{ t *tokens }

func (c *controlTransformer) Transform(doc *ast.Document, reader text.Reader, pc parser.Context) {
	var tables []*east.Table
	var parents []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			if t, ok := n.(*east.Table); ok {
				tables = append(tables, t)
			}
			if n.Type() != ast.TypeInline && n.HasChildren() {
				parents = append(parents, n)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, t := range tables {
		c.table(t, reader.Source())
	}
	slices.Reverse(parents) // the inner ones first
	for _, p := range parents {
		c.lists(p)
	}
}

// table turns rows that are lines of controls into controls. Controls at its end whose partners are outside move out of
// it.
func (c *controlTransformer) table(t *east.Table, source []byte) {
	inside := map[int]bool{}
	for row := t.FirstChild(); row != nil; {
		next := row.NextSibling()
		if _, ok := row.(*east.TableRow); ok {
			if actions := c.t.controls(rowText(row, source)); actions != nil {
				n := &control{actions: actions}
				t.ReplaceChild(t, row, n)
				for _, a := range actions {
					inside[a] = true
				}
			}
		}
		row = next
	}
	for n, ok := t.LastChild().(*control); ok; n, ok = t.LastChild().(*control) {
		if o := c.t.Actions[n.actions[0]].Opener; o >= 0 && inside[o] {
			break
		}
		t.RemoveChild(t, n)
		t.Parent().InsertAfter(t.Parent(), t, n)
	}
}

// rowText returns the text of a row. In a line of controls, only the first cell has text.
func rowText(row ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(row, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := n.(type) {
			case *ast.Text:
				b.Write(n.Segment.Value(source))
			case *east.TableRow, *east.TableCell:
			default:
				b.WriteString("\x00")
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// lists joins lists of one kind that are separated by controls only, if the partner of each control is among them too.
func (c *controlTransformer) lists(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		for list := c.join(n); list != nil; list = c.join(n) {
			n = list
		}
	}
}

// join makes one list of the shortest balanced run of controls and lists of one kind that begins at first and holds two
// lists, or one list in a range. It returns nil if there is no such run: a condition around a whole list then stays
// outside.
func (c *controlTransformer) join(first ast.Node) ast.Node {
	var list *ast.List
	var run []ast.Node
	open := map[int]bool{}
	depth, lists, ranged := 0, 0, false
	for n := first; n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *control:
			for _, i := range n.actions {
				switch a := c.t.Actions[i]; {
				case a.Kind == source.Opener:
					depth++
					open[i] = true
					ranged = ranged || len(run) == 0 && strings.HasPrefix(source.Inner(c.t.Source.Text[a.Start:a.End]), "range")
				case a.Kind == source.Include, a.Opener >= 0 && !open[a.Opener]:
					return nil
				case a.Kind == source.Closer:
					depth--
				}
			}
		case *ast.List:
			if list == nil {
				list = n
			} else if list.Marker != n.Marker {
				return nil
			}
			lists++
		default:
			return nil
		}
		run = append(run, n)
		if depth == 0 && len(run) > 1 && (lists > 1 || lists == 1 && ranged) {
			c.merge(list, run)
			return list
		}
	}
	return nil
}

// merge moves a run of lists and controls into its first list.
func (c *controlTransformer) merge(list *ast.List, run []ast.Node) {
	parent := list.Parent()
	before := true
	for _, n := range run {
		if n == ast.Node(list) {
			before = false
			continue
		}
		parent.RemoveChild(parent, n)
		switch n := n.(type) {
		case *ast.List:
			list.IsTight = list.IsTight && n.IsTight
			for item := n.FirstChild(); item != nil; {
				next := item.NextSibling()
				list.AppendChild(list, item)
				item = next
			}
		default:
			if before {
				list.InsertBefore(list, firstItem(list), n)
			} else {
				list.AppendChild(list, n)
			}
		}
	}
}

// firstItem returns a list's first item that is not a control.
func firstItem(l *ast.List) ast.Node {
	n := l.FirstChild()
	for n != nil && n.Kind() == kindControl {
		n = n.NextSibling()
	}
	return n
}

// controlRenderer writes controls as comments. It also writes table rows, so that a body begins and ends even if its
// first or last row is a control.
type controlRenderer struct{ t *tokens }

func (r *controlRenderer) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindControl, r.render)
	reg.Register(east.KindTableRow, r.row)
}

func (r *controlRenderer) render(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		for _, i := range n.(*control).actions {
			_, _ = w.WriteString("<!--" + r.t.Token(i) + "-->")
		}
		_, _ = w.WriteString("\n")
		endBody(w, n)
	}
	return ast.WalkContinue, nil
}

func (r *controlRenderer) row(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		if class, ok := n.AttributeString("class"); ok {
			_, _ = fmt.Fprintf(w, "<tr class=%q>\n", class)
		} else {
			_, _ = w.WriteString("<tr>\n")
		}
	} else {
		_, _ = w.WriteString("</tr>\n")
		endBody(w, n)
	}
	return ast.WalkContinue, nil
}

// endBody ends the table's body after its last row.
func endBody(w util.BufWriter, n ast.Node) {
	if n.Parent().Kind() == east.KindTable && n.Parent().LastChild() == n {
		_, _ = w.WriteString("</tbody>\n")
	}
}
