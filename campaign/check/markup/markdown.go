package markup

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// markdown looks at the links and images of Markdown, and at the HTML within it.
func (l *looker) markdown(masked string) {
	src := []byte(masked)
	doc := goldmark.New(goldmark.WithExtensions(extension.Linkify, extension.Table, extension.Strikethrough)).
		Parser().Parse(text.NewReader(src))
	html := opaque(src)
	level := 0
	aside := map[int]bool{} // offsets of code, and of links
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			aside[n.Pos()] = true
			l.link(n.Pos(), string(n.Destination), textOf(n, src), pictured(n))
		case *ast.Image:
			aside[n.Pos()+len("!")] = true
			alt := textOf(n, src)
			l.image(n.Pos(), string(n.Destination), alt, alt != "", true)
			return ast.WalkSkipChildren, nil
		case *ast.AutoLink:
			if n.AutoLinkType == ast.AutoLinkURL {
				if address := string(n.URL(src)); !strings.HasPrefix(address, "http://www.") {
					l.link(n.Pos(), address, address, false)
				}
			}
		case *ast.Heading:
			if level > 0 && n.Level > level+1 {
				l.say(n.Pos(), "heading-order", "a step of the headings is left out",
					strings.Repeat("#", level+1)+" is the next one")
			}
			level = n.Level
		case *ast.CodeSpan, *ast.CodeBlock, *ast.FencedCodeBlock:
			code(n, aside)
			return ast.WalkSkipChildren, nil
		case *ast.RawHTML:
			for i := range n.Segments.Len() {
				s := n.Segments.At(i)
				copy(html[s.Start:s.Stop], src[s.Start:s.Stop])
			}
		case *ast.HTMLBlock:
			for i := range n.Lines().Len() {
				s := n.Lines().At(i)
				copy(html[s.Start:s.Stop], src[s.Start:s.Stop])
			}
		}
		return ast.WalkContinue, nil
	})
	l.html(string(html), false)
	for _, m := range unread.FindAllStringIndex(masked, -1) {
		if !aside[m[0]] {
			l.say(m[0], "link-unread", "this looks like a link, and Markdown does not read it as one",
				"write [text](https://…), without a blank before the ( or in the address")
		}
	}
	l.saying(0, masked, aside)
	l.domains(0, masked, aside)
	l.greeting(0, masked)
	l.unnamed(0, masked)
}

// unread matches text that was meant as a link and is not a link: [text] (address), an address with a blank in it, and
// [text][name] if no line gives the name an address.
var unread = regexp.MustCompile(`\[[^\[\]\n]*\pL[^\[\]\n]*\](?:[ \t]+\((?:https?://|mailto:|www\.)[^()\n]*\)` +
	`|\((?:https?://|mailto:)[^()\n"'<>\s]*[ \t]+[^"'(\s)][^()\n]*\)` + `|\[[^\[\]\n]*\pL[^\[\]\n]*\])`)

// code marks the offsets of code.
func code(n ast.Node, aside map[int]bool) {
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			aside[i] = true
		}
	}
	if n.Type() == ast.TypeBlock {
		for i := range n.Lines().Len() {
			mark(n.Lines().At(i).Start, n.Lines().At(i).Stop)
		}
		return
	}
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			mark(t.Segment.Start, t.Segment.Stop)
		}
	}
}

// opaque returns a text whose words are not known: only blanks stay. The caller puts the HTML back in its place.
func opaque(src []byte) []byte {
	html := make([]byte, len(src))
	for i, c := range src {
		switch c {
		case ' ', '\t', '\n', silent:
			html[i] = c
		default:
			html[i] = printed
		}
	}
	return html
}

// textOf is the text of a link or an image.
func textOf(n ast.Node, src []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(n.Segment.Value(src))
				if n.SoftLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// pictured says whether an image is in a link.
func pictured(n ast.Node) (is bool) {
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if _, ok := n.(*ast.Image); ok {
			is = true
		}
		return ast.WalkContinue, nil
	})
	return is
}
