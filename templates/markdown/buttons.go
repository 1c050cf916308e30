package markdown

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"mailshot/templates/source"
)

// Label are the functions that look whether a button has a text. "Label" begins a button, "Says VALUE" is called for
// each piece of its text, and "Labelled" ends it, with an error if no piece said anything. They print nothing.
type Label struct{ Label, Says, Labelled string }

// links knows where the links of a document are in its source, and whether its buttons have a text.
type links struct {
	t      *tokens
	label  Label
	puts   []func() string // what takes the place of each placeholder
	silent int             // where a button is that has no text in any row, or -1
}

// placeholder stands for something in the rendered document until the document has been looked at: what is looked at
// has only the source's own tokens. It is not a token.
func (l *links) placeholder(put func() string) string {
	l.puts = append(l.puts, put)
	return l.t.Prefix() + "-" + strconv.Itoa(len(l.puts)-1) + "-"
}

// fill puts the tokens in place of the placeholders.
func (l *links) fill(s string) string {
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, l.t.Prefix()+"-")
		number, rest, closed := strings.Cut(after, "-")
		i, err := strconv.Atoi(number)
		if !ok || !closed || err != nil || i >= len(l.puts) {
			return b.String() + s
		}
		b.WriteString(before + l.puts[i]())
		s = rest
	}
}

// read looks at the links of a document.
func (l *links) read(doc ast.Node, src []byte) {
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		var to *[]byte
		switch n := n.(type) {
		case *ast.Link:
			to = &n.Destination
			l.button(n, src)
		case *ast.Image:
			to = &n.Destination
		case *ast.RawHTML:
			l.raw(n, src, n.Segments.Value(src))
			return ast.WalkContinue, nil
		case *ast.HTMLBlock:
			l.raw(n, src, n.Lines().Value(src))
			return ast.WalkContinue, nil
		default:
			return ast.WalkContinue, nil
		}
		if !bytes.Contains(*to, []byte(l.t.Prefix())) { // else its action has the place
			off := l.t.origin(string(src), n.Pos())
			*to = append([]byte(l.placeholder(func() string { return l.t.Mark(off) })), *to...)
		}
		return ast.WalkContinue, nil
	})
}

// raw marks where a piece of the author's own HTML is that may have a link.
func (l *links) raw(n ast.Node, src, html []byte) {
	if n.Pos() >= 0 && leads.Match(html) {
		off := l.t.origin(string(src), n.Pos())
		mark := ast.NewString([]byte(l.placeholder(func() string { return l.t.Mark(off) })))
		mark.SetRaw(true)
		n.Parent().InsertBefore(n.Parent(), n, mark)
	}
}

var leads = regexp.MustCompile(`(?i)\b(?:href|src)\s*=`)

// origin returns where in the source an offset of the text that was made by lines is. That text has the source's
// actions as tokens, and some of them on lines of their own.
func (t *tokens) origin(made string, off int) int {
	from, at := 0, 0 // behind the last action before off: in made, in the source
	for {
		k, i := t.Next(made[from:off])
		if k < 0 {
			break
		}
		from += k + t.Width()
		at = t.Actions[i].End
	}
	const blanks = " \t\n"
	between, rest := made[from:off], t.Source.Text[at:]
	if from > 0 {
		between = strings.TrimLeft(between, blanks)
		rest = strings.TrimLeft(rest, blanks)
	}
	return len(t.Source.Text) - len(rest) + len(between)
}

// button looks at a link of the class button. If only a row can say whether it has a text, functions find out.
func (l *links) button(n *ast.Link, src []byte) {
	class, _ := n.AttributeString("class")
	if b, ok := class.([]byte); !ok || !slices.Contains(strings.Fields(string(b)), "button") {
		return
	}
	off := l.t.origin(string(src), n.Pos())
	said, certain := l.text(n, src)
	if certain {
		return
	}
	if at, _ := l.t.Next(said); at < 0 {
		if l.silent < 0 {
			l.silent = off
		}
		return
	}
	calls := ast.NewString([]byte(l.placeholder(func() string { return l.calls(said, off) })))
	calls.SetRaw(true)
	n.InsertBefore(n, n.FirstChild(), calls)
}

// text is the text of a button, without its marks. certain says that it has one in every row: there is a letter or a
// picture that no condition decides on.
func (l *links) text(n ast.Node, src []byte) (said string, certain bool) {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			b.Write(n.Segment.Value(src))
		case *ast.String:
			b.Write(n.Value)
		case *ast.Image, *ast.AutoLink:
			b.WriteString("x")
		case *ast.RawHTML:
			if bytes.Contains(bytes.ToLower(n.Segments.Value(src)), []byte("<img")) {
				b.WriteString("x")
			}
		}
		return ast.WalkContinue, nil
	})
	depth := 0
	l.t.pieces(b.String(), func(literal string, i int) {
		switch {
		case i < 0:
			certain = certain || depth == 0 && !empty(literal)
		case l.t.Actions[i].Kind == source.Opener:
			depth++
		case l.t.Actions[i].Kind == source.Closer:
			depth--
		case l.t.Actions[i].Kind == source.Include:
			certain = true // it is as good as a letter
		}
	})
	return b.String(), certain || depth != 0 // the nesting is an error of its own
}

// empty says whether a text of Markdown shows nothing: an entity may stand for a blank.
func empty(literal string) bool { return strings.TrimSpace(html.UnescapeString(literal)) == "" }

// pieces calls each for the texts and the actions of a text with tokens; action is -1 for a text.
func (t *tokens) pieces(s string, each func(literal string, action int)) {
	for {
		at, i := t.Next(s)
		if at < 0 {
			each(s, -1)
			return
		}
		each(s[:at], -1)
		each("", i)
		s = s[at+t.Width():]
	}
}

// calls are the actions that look whether a button says something, whose place in the source is off. What decides on
// its text decides on them.
func (l *links) calls(said string, off int) string {
	var b strings.Builder
	call := func(f string, action int) {
		b.WriteString(l.t.Call("if "+f, action) + l.t.Call("end", -1))
	}
	call(l.label.Label, -1)
	l.t.pieces(said, func(literal string, i int) {
		switch {
		case i >= 0 && l.t.isControl(i):
			b.WriteString(l.t.Token(i))
		case i >= 0:
			call(l.label.Says, i)
		case !empty(literal):
			call(l.label.Says+` "x"`, -1)
		}
	})
	b.WriteString(l.t.Mark(off))
	call(l.label.Labelled, -1)
	return b.String()
}

// check is the error about a button without a text.
func (l *links) check() error {
	if l.silent < 0 {
		return nil
	}
	return l.t.Source.ErrorAt(l.silent, "template", "the button has no text",
		"write it into the brackets: [Pay now](https://www.example.com/pay){.button}")
}

// Transform reads the links once their attributes are theirs.
func (l *links) Transform(doc *ast.Document, reader text.Reader, _ parser.Context) {
	l.read(doc, reader.Source())
}
