package markdown

import (
	"bytes"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// mailBlocks makes what a letter has and a web page has not: buttons that stand alone become tables of one cell, which
// Outlook for Windows paints, and a table's row that is bold throughout is its sum.
type mailBlocks struct{}

func (m mailBlocks) Extend(md goldmark.Markdown) {
	md.Parser().AddOptions(parser.WithASTTransformers(util.Prioritized(m, 1500))) // after attributes
	md.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(m, 500)))
}

// What stands around the link of a button that stands alone.
const (
	ButtonTable = `<table role="presentation" class="button">`
	ButtonCell  = `<td class="button">`
)

// button is a button that stands alone. It holds the link.
type button struct{ ast.BaseBlock }

var kindButton = ast.NewNodeKind("Button")

func (b *button) Kind() ast.NodeKind         { return kindButton }
func (b *button) Dump(src []byte, level int) { ast.DumpHelper(b, src, level, nil, nil) }

// Transform finds the buttons and the sums.
func (mailBlocks) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	var alone []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Paragraph:
			if entering && onlyButtons(n, reader.Source()) {
				alone = append(alone, n)
			}
		case *east.Table:
			if entering {
				dataTable(n)
			}
		case *east.TableRow:
			if entering && isSum(n, reader.Source()) {
				n.SetAttributeString("class", []byte("sum"))
			}
		}
		return ast.WalkContinue, nil
	})
	for _, p := range alone {
		for c := p.FirstChild(); c != nil; {
			next := c.NextSibling()
			if c.Kind() == ast.KindLink {
				b := &button{}
				b.AppendChild(b, c)
				p.Parent().InsertBefore(p.Parent(), p, b)
			}
			c = next
		}
		p.Parent().RemoveChild(p.Parent(), p)
	}
}

// onlyButtons says whether a paragraph has links of the class button and nothing else.
func onlyButtons(p ast.Node, source []byte) bool {
	found := false
	for c := p.FirstChild(); c != nil; c = c.NextSibling() {
		if blank(c, source) {
			continue
		}
		if c.Kind() != ast.KindLink || !isButton(c) {
			return false
		}
		found = true
	}
	return found
}

func isButton(n ast.Node) bool {
	class, _ := n.AttributeString("class")
	text, _ := class.([]byte)
	return slices.ContainsFunc(bytes.Fields(text), func(c []byte) bool { return string(c) == "button" })
}

// blank says whether an inline node is text that shows nothing.
func blank(n ast.Node, source []byte) bool {
	t, ok := n.(*ast.Text)
	return ok && len(bytes.TrimSpace(t.Segment.Value(source))) == 0
}

// dataTable gives a table the classes by which a layout knows tables of data, and how many columns this one has.
func dataTable(t *east.Table) {
	class := []byte("data")
	switch n := len(t.Alignments); {
	case n == 2:
		class = append(class, " two"...)
	case n == 3:
		class = append(class, " three"...)
	case n >= 6:
		class = append(class, " many"...)
	}
	if hasPicture(t) {
		class = append(class, " pictures"...)
	}
	if own, ok := t.AttributeString("class"); ok {
		if text, ok := own.([]byte); ok {
			class = append(append(class, ' '), text...)
		}
	}
	t.SetAttributeString("class", class)
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			edge(cell)
		}
	}
}

// edge gives a cell the classes that say whether it is the first or the last of its row, and whether it is a head of no
// side of its own. Selectors could say so, too, but few mail programs know those.
func edge(cell ast.Node) {
	var class []string
	if cell.PreviousSibling() == nil {
		class = append(class, "first")
	}
	if cell.NextSibling() == nil {
		class = append(class, "last")
	}
	if _, head := cell.Parent().(*east.TableHeader); head {
		cell.SetAttributeString("scope", []byte("col"))
		if c, ok := cell.(*east.TableCell); ok && c.Alignment == east.AlignNone {
			class = append(class, "start")
		}
	}
	if class != nil {
		cell.SetAttributeString("class", []byte(strings.Join(class, " ")))
	}
}

// hasPicture says whether there is a picture in a table. Its columns then share the width equally, because a picture
// would make its own column as wide as itself.
func hasPicture(table ast.Node) bool {
	found := false
	_ = ast.Walk(table, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		found = found || n.Kind() == ast.KindImage
		return ast.WalkContinue, nil
	})
	return found
}

// isSum says whether each cell of a row that is not empty is bold throughout, and one of them is not empty.
func isSum(row ast.Node, source []byte) bool {
	bold := false
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		for c := cell.FirstChild(); c != nil; c = c.NextSibling() {
			if blank(c, source) {
				continue
			}
			if e, ok := c.(*ast.Emphasis); !ok || e.Level < 2 {
				return false
			}
			bold = true
		}
	}
	return bold
}

func (m mailBlocks) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(kindButton, m.button)
}

// button writes a button as a table of its own. Several are one below the other: beside each other they would be wider
// than a phone.
func (mailBlocks) button(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(ButtonTable + "<tr>" + ButtonCell)
	} else {
		_, _ = w.WriteString("</td></tr></table>\n")
	}
	return ast.WalkContinue, nil
}
