package markdown

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// letters is Markdown as people write it in mail: line breaks that stay, lists of tasks, footnotes and definitions.
type letters struct {
	t    *tokens
	text bool // for the text part
}

func (l *letters) Extend(m goldmark.Markdown) {
	extension.DefinitionList.Extend(m)
	extension.TaskList.Extend(m)
	extension.Footnote.Extend(m)
	m.Parser().AddOptions(parser.WithASTTransformers(util.Prioritized(l, 1500)))
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(l, 100)))
}

// Transform makes line breaks of the line ends that are meant, and marks the items that are tasks.
func (l *letters) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.Kind() {
		case ast.KindParagraph, ast.KindTextBlock:
			l.breaks(n, reader.Source())
		case east.KindTaskCheckBox:
			if item := n.Parent().Parent(); item != nil && item.Kind() == ast.KindListItem {
				give(item, parser.Attributes{{Name: []byte("class"), Value: []byte("task")}})
				if _, styled := item.AttributeString("style"); !styled {
					item.SetAttributeString("style", []byte("list-style-type:none"))
				}
			}
		}
		return ast.WalkContinue, nil
	})
}

// These say when an editor has wrapped a paragraph, rather than a person: in 60 columns there was no room for the first
// word of the next line, and no line is longer than 120.
const (
	narrowest = 60
	widest    = 120
)

// breaks makes the line ends of a paragraph line breaks. A paragraph that an editor has wrapped has none: each line but
// the last is full. A line end that an action trims, as in {{- .x}}, is none. What stands between two line breaks that
// are written out, with a backslash or two blanks, is looked at by itself.
func (l *letters) breaks(n ast.Node, source []byte) {
	lines := n.Lines()
	if lines == nil || lines.Len() < 2 {
		return
	}
	stays, trimmed := make([]bool, lines.Len()), make([]bool, lines.Len())
	for from := 0; from < lines.Len(); {
		to := from // the last line before a break that is written out
		wrapped := true
		for to+1 < lines.Len() && !written(lines.At(to), source) {
			line, next := l.seen(lines.At(to), source), l.seen(lines.At(to+1), source)
			trimmed[to] = strings.HasSuffix(line, "_-}}") || strings.HasPrefix(next, "{{-_")
			word, _, _ := strings.Cut(next, " ")
			width := utf8.RuneCountInString(line)
			wrapped = wrapped && width <= widest && width+1+utf8.RuneCountInString(word) > narrowest
			to++
		}
		for ; from <= to; from++ {
			stays[from] = !wrapped && !trimmed[from]
		}
	}
	_ = ast.Walk(n, func(m ast.Node, entering bool) (ast.WalkStatus, error) {
		t, ok := m.(*ast.Text)
		if !ok || !entering || !t.SoftLineBreak() {
			return ast.WalkContinue, nil
		}
		for i := range lines.Len() {
			if s := lines.At(i); t.Segment.Start < s.Stop {
				t.SetHardLineBreak(stays[i])
				break
			}
		}
		return ast.WalkContinue, nil
	})
}

// written says whether a line ends in a break that is written out.
func written(s text.Segment, source []byte) bool {
	line := bytes.TrimRight(s.Value(source), "\r\n")
	return bytes.HasSuffix(line, []byte(`\`)) || bytes.HasSuffix(line, []byte("  "))
}

// seen is a line as its author sees it, with its actions.
func (l *letters) seen(s text.Segment, source []byte) string {
	line := strings.TrimSpace(string(s.Value(source)))
	line = strings.ReplaceAll(line, l.t.scheme(), "")
	var b strings.Builder
	for {
		at, i := l.t.Next(line)
		if at < 0 {
			return b.String() + line
		}
		a := l.t.Actions[i]
		b.WriteString(line[:at] + strings.ReplaceAll(l.t.Source.Text[a.Start:a.End], " ", "_"))
		line = line[at+l.t.Width():]
	}
}

func (l *letters) RegisterFuncs(reg renderer.NodeRendererFuncRegisterer) {
	reg.Register(east.KindTaskCheckBox, l.box)
	reg.Register(east.KindFootnoteLink, l.reference)
	reg.Register(east.KindFootnoteBacklink, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) {
		return ast.WalkContinue, nil // few mail programs follow a link within a message
	})
	reg.Register(east.KindFootnoteList, l.notes)
	reg.Register(east.KindFootnote, l.note)
}

// box writes the box of a task as a character: mail programs leave out what belongs to a form.
func (l *letters) box(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		checked := 0
		if n.(*east.TaskCheckBox).IsChecked {
			checked = 1
		}
		if l.text {
			_, _ = w.WriteString([]string{"[ ] ", "[x] "}[checked])
		} else {
			_, _ = w.WriteString([]string{"☐ ", "☑\ufe0e "}[checked]) // U+FE0E: not as a picture
		}
	}
	return ast.WalkContinue, nil
}

// reference writes the number of a footnote.
func (l *letters) reference(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(`<sup class="footnote">` + strconv.Itoa(n.(*east.FootnoteLink).Index) + "</sup>")
	}
	return ast.WalkContinue, nil
}

// notes writes the list of footnotes.
func (l *letters) notes(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<div class=\"footnotes\">\n<hr>\n<ol>\n")
	} else {
		_, _ = w.WriteString("</ol>\n</div>\n")
	}
	return ast.WalkContinue, nil
}

func (l *letters) note(w util.BufWriter, _ []byte, _ ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString("<li>")
	} else {
		_, _ = w.WriteString("</li>\n")
	}
	return ast.WalkContinue, nil
}

// unwrapLines moves the break of a line that is one condition into the condition, so that a line of an address that is
// left out leaves no empty line.
func (t *tokens) unwrapLines(s string) string {
	const end = "<br>\n"
	var b strings.Builder
	for {
		k := strings.Index(s, end)
		if k < 0 {
			return b.String() + s
		}
		line := s[:k]
		from := max(strings.LastIndexByte(line, '\n'), strings.LastIndexByte(line, '>')) + 1
		if first, _, ok := t.pair(line[from:]); ok && !strings.HasPrefix(t.Source.Text[t.Actions[first].Start:], "{{- ") {
			last := len(line) - t.Width()
			b.WriteString(line[:last] + end + line[last:])
		} else {
			b.WriteString(line + end)
		}
		s = s[k+len(end):]
	}
}
