package plaintext

import (
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/plaintext/marks"
	"mailshot/templates/source"
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
	dynamic := false
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		dynamic = dynamic || c.Type == xhtml.CommentNode
	}
	var count *numbers
	if n.DataAtom == atom.Ol && listed(n) != "none" {
		count = w.count(n, dynamic)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.DataAtom != atom.Li || w.dropped(c):
			w.node(c)
		case count == nil:
			w.item(c, lines)
		default:
			first := count.next(w, c)
			rest := "   "
			if !dynamic {
				rest = strings.Repeat(" ", len(first))
			}
			w.block(w.indent(w.inner(c), first, rest), lines)
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
		for _, box := range []string{"[ ] ", "[x] "} {
			if i := strings.Index(text, box); i >= 0 && strings.Trim(strings.ReplaceAll(text[:i], flowed.Right, ""), "\n") == "" {
				first, text = box, text[:i]+text[i+len(box):]
				break
			}
		}
	}
	w.block(w.indent(text, first, rest), lines)
}

// indent puts first before the first line and rest before the others, after the controls that a line begins with and
// the marks that it keeps. What a line goes on with is as far to the right.
func (w *writer) indent(s, first, rest string) string {
	var b strings.Builder
	s = strings.Trim(s, "\n")
	if w.grouped(s) {
		return flowed.Line + flowed.Item + first + flowed.Hang + marks.Ended(w.t, s) + flowed.End
	}
	n := 0
	for line := range strings.Lines(s) {
		if n > 0 {
			k := marks.Led(w.t, line)
			b.WriteString(line[:k])
			line = line[k:]
		}
		before, line := marks.Nested(line)
		b.WriteString(before)
		lead := rest
		if n == 0 {
			lead = first
		}
		if n == 0 || strings.TrimSpace(line) != "" {
			b.WriteString(flowed.Item + lead + flowed.Hang)
		}
		b.WriteString(line)
		n++
	}
	if n == 0 {
		return first
	}
	return b.String()
}

// grouped says whether the marks of a block are to stand once around all of its lines rather than before each: a
// condition decides about its first line, a template is included in it, or there is such a block in it.
func (w *writer) grouped(s string) bool {
	for rest := s; ; {
		at, i := w.t.Next(rest)
		if at < 0 {
			return marks.Led(w.t, s) > 0 || strings.Contains(s, flowed.Line)
		}
		if w.kind(i) == source.Include {
			return true
		}
		rest = rest[at+w.t.Width():]
	}
}

// quote puts the mark of a quote before each line, after the controls that it begins with.
func (w *writer) quote(s string) string {
	var b strings.Builder
	s = strings.Trim(s, "\n")
	if w.grouped(s) {
		return flowed.Line + flowed.Quote + marks.Ended(w.t, s) + flowed.End
	}
	for line := range strings.Lines(s) {
		k := 0
		if b.Len() > 0 {
			k = marks.Led(w.t, line)
		}
		b.WriteString(line[:k] + flowed.Quote + line[k:])
	}
	return b.String()
}
