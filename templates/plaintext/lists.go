package plaintext

import (
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/function"
	"mailshot/templates/plaintext/flowed"
)

// list writes a list. If there are controls in it, its items are numbered when the message is made.
func (w *writer) list(n *xhtml.Node) {
	inner := n.Parent != nil && n.Parent.DataAtom == atom.Li
	if w.begin(); !inner {
		w.apart()
	}
	lines := 1
	if loose(n) {
		lines = 2
	}
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
	open, shut := "", ". "
	if n.Parent != nil && attr(n.Parent, "class") == "footnotes" {
		open, shut = "[", "] "
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.DataAtom == atom.Li && !ordered && !w.dropped(c):
			w.item(c, lines)
		case c.DataAtom != atom.Li || w.dropped(c):
			w.node(c)
		case dynamic:
			w.block(w.indent(w.inner(c), open+w.t.Call(function.Number+" "+strconv.Itoa(id), -1)+shut, "   "), lines)
		default:
			w.block(w.indent(w.inner(c), open+strconv.Itoa(next)+shut, strings.Repeat(" ", len(open+strconv.Itoa(next)+shut))), lines)
			next++
		}
	}
	if !inner {
		w.b.WriteString("\n")
	}
	w.dirty = false
}

// loose says whether a list has an item of two blocks or more, so that empty lines keep its items apart.
func loose(n *xhtml.Node) bool {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		blocks := 0
		for d := c.FirstChild; d != nil; d = d.NextSibling {
			switch d.DataAtom {
			case atom.P, atom.Pre, atom.Blockquote, atom.Table:
				blocks++
			}
		}
		if blocks > 1 {
			return true
		}
	}
	return false
}

// item writes an item of a list without numbers. That of a task has its box for a sign.
func (w *writer) item(n *xhtml.Node, lines int) {
	first, rest := "- ", "  "
	text := w.inner(n)
	if attr(n, "class") == "task" {
		first, rest = "", "    "
	}
	w.block(w.indent(text, first, rest), lines)
}

// indent puts first before the first line and rest before the others, after the controls that a line begins with and
// the marks that it keeps.
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
		before, line := nested(line)
		b.WriteString(before)
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

// quote puts the mark of a quote before each line, after the controls that it begins with.
func (w *writer) quote(s string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.Trim(s, "\n")) {
		for b.Len() > 0 && strings.HasPrefix(line, blockMark) {
			k := len(blockMark) + w.t.Width()
			b.WriteString(line[:k])
			line = line[k:]
		}
		b.WriteString(flowed.Quote + line)
	}
	return b.String()
}
