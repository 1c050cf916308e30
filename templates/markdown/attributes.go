package markdown

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// attributes reads {.class #id name=value}: right after a link, a picture or code, at the end of a heading, and on a
// line of its own right after any other block. What is in the braces is the author's alone: an action there is an
// error, so that no cell becomes an attribute.
type attributes struct {
	t      *tokens
	action int // one that stands in braces, or -1
}

func (a *attributes) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(parser.WithAttribute(),
		parser.WithInlineParsers(util.Prioritized(&inlineAttributes{}, 150)), // after links, before their text
		parser.WithBlockParsers(util.Prioritized(&blockAttributes{}, 60)),
		parser.WithASTTransformers(util.Prioritized(a, 1000)))
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(codeAttributes{}, 500)))
}

// codeAttributes writes blocks of code as goldmark does, with their attributes.
type codeAttributes struct{}

func (c codeAttributes) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(ast.KindCodeBlock, c.code)
	reg.Register(ast.KindFencedCodeBlock, c.code)
}

func (codeAttributes) code(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</code></pre>\n")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<pre")
	html.RenderAttributes(w, n, nil)
	_, _ = w.WriteString("><code")
	if fenced, ok := n.(*ast.FencedCodeBlock); ok && fenced.Language(source) != nil {
		_, _ = w.WriteString(` class="language-`)
		html.DefaultWriter.Write(w, fenced.Language(source))
		_ = w.WriteByte('"')
	}
	_ = w.WriteByte('>')
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		html.DefaultWriter.RawWrite(w, line.Value(source))
	}
	return ast.WalkContinue, nil
}

// braces is what may be a list of attributes. Other tools' placeholders are not.
var braces = regexp.MustCompile(`^\{ *(?:[.#][\pL_]|[a-zA-Z][\w-]*=)[^{}\n]*\}`)

// read reads the attributes that the reader stands at.
func read(reader text.Reader) (parser.Attributes, bool) {
	line, _ := reader.PeekLine()
	if !braces.Match(line) {
		return nil, false
	}
	list, ok := parser.ParseAttributes(reader)
	for i, a := range list {
		if number, isNumber := a.Value.(float64); isNumber {
			list[i].Value = strconv.AppendFloat(nil, number, 'f', -1, 64)
		}
	}
	return list, ok
}

// give adds attributes to those of a node.
func give(n ast.Node, list parser.Attributes) {
	for _, a := range list {
		value := a.Value
		if old, has := n.Attribute(a.Name); has && string(a.Name) == "class" {
			if before, isText := old.([]byte); isText {
				value = bytes.Join([][]byte{before, a.Value.([]byte)}, []byte(" "))
			}
		}
		n.SetAttribute(a.Name, value)
	}
}

// inlineAttributes reads those right after a link, a picture or code.
type inlineAttributes struct{}

func (inlineAttributes) Trigger() []byte { return []byte{'{'} }

func (inlineAttributes) Parse(parent ast.Node, reader text.Reader, _ parser.Context) ast.Node {
	n := parent.LastChild()
	if n == nil {
		return nil
	}
	switch n.Kind() {
	case ast.KindLink, ast.KindImage, ast.KindAutoLink, ast.KindCodeSpan:
	default:
		return nil
	}
	if c := reader.PrecendingCharacter(); c != ')' && c != ']' && c != '>' && c != '`' {
		return nil
	}
	line, start := reader.Position()
	list, ok := read(reader)
	if !ok {
		reader.SetPosition(line, start)
		return nil
	}
	give(n, list)
	_, here := reader.Position()
	return ast.NewTextSegment(text.NewSegment(here.Start, here.Start)) // what has been read leaves nothing
}

// listed is a line of attributes until it is clear what they belong to.
type listed struct {
	ast.BaseBlock
	list parser.Attributes
}

var kindListed = ast.NewNodeKind("Attributes")

func (l *listed) Kind() ast.NodeKind         { return kindListed }
func (l *listed) IsRaw() bool                { return true }
func (l *listed) Dump(src []byte, level int) { ast.DumpHelper(l, src, level, nil, nil) }

// blockAttributes reads a line that is nothing but attributes, right after a block.
type blockAttributes struct{}

func (blockAttributes) Trigger() []byte { return []byte{'{'} }

func (blockAttributes) Open(parent ast.Node, reader text.Reader, _ parser.Context) (ast.Node, parser.State) {
	line, segment := reader.PeekLine()
	before := parent.LastChild()
	if before == nil || before.Kind() == kindControl || before.Kind() == kindListed ||
		before.Kind() == east.KindFootnote || // which is moved to the end: the line is its text
		followsBlank(reader.Source(), segment.Start) {
		return nil, parser.NoChildren
	}
	trimmed := bytes.TrimSpace(line)
	if whole := braces.Find(trimmed); whole == nil || len(whole) < len(trimmed) {
		return nil, parser.NoChildren
	}
	reader.Advance(len(line) - len(bytes.TrimLeft(line, " \t")))
	list, ok := read(reader)
	if !ok {
		return nil, parser.NoChildren
	}
	return &listed{list: list}, parser.NoChildren
}

// followsBlank says whether the line before the one at off is blank, or there is none.
func followsBlank(source []byte, off int) bool {
	at := bytes.LastIndexByte(source[:off], '\n')
	if at < 0 {
		return true
	}
	return len(bytes.TrimSpace(source[bytes.LastIndexByte(source[:at], '\n')+1:at])) == 0
}

func (blockAttributes) Continue(ast.Node, text.Reader, parser.Context) parser.State {
	return parser.Close
}
func (blockAttributes) Close(ast.Node, text.Reader, parser.Context) {}
func (blockAttributes) CanInterruptParagraph() bool                 { return true }
func (blockAttributes) CanAcceptIndentedLine() bool                 { return false }

// Transform gives the attributes of a line to the block before it, and finds actions among attributes.
func (a *attributes) Transform(doc *ast.Document, _ text.Reader, _ parser.Context) {
	var lines []*listed
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if l, ok := n.(*listed); ok && entering {
			lines = append(lines, l)
		}
		return ast.WalkContinue, nil
	})
	for _, l := range lines {
		to := l.PreviousSibling()
		if to == nil {
			continue
		}
		if to.Kind() == ast.KindTextBlock { // the text of an item, which has no element of its own
			to = to.Parent()
		}
		give(to, l.list)
		l.Parent().RemoveChild(l.Parent(), l)
	}
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			for _, attribute := range n.Attributes() {
				value, _ := attribute.Value.([]byte)
				if at, i := a.t.Next(string(attribute.Name) + " " + string(value)); at >= 0 {
					a.action = i
				}
			}
		}
		return ast.WalkContinue, nil
	})
}

// check is the error about an action in braces.
func (a *attributes) check() error {
	if a.action < 0 {
		return nil
	}
	at := a.t.Actions[a.action].Start
	return a.t.Source.ErrorAt(at, "template", "an action cannot stand in the braces of attributes",
		"write the class itself: "+strings.TrimSpace("[Pay now]({{.url}}){.button}"))
}
