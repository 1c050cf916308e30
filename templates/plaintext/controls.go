package plaintext

import (
	"regexp"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/plaintext/visibility"
	"mailshot/templates/source"
)

// newWriter returns a writer for a document, and readies the document.
func newWriter(t *source.Tokens, root *xhtml.Node, o Options) *writer {
	w := &writer{t: t, right: o.Right, document: &document{spared: make([]bool, len(t.Actions)),
		sheets: visibility.Read(root), decided: map[*xhtml.Node]bool{}, language: o.Language,
		numbered: numbered(t.Source.File)}}
	w.comments(root)
	w.conditions(root)
	w.surroundings(root)
	return w
}

// around is what a part of a table, which is included in one, has around it. A parser of HTML that does not know this
// takes rows and cells for words.
func around(doc string) string {
	z := xhtml.NewTokenizer(strings.NewReader(doc))
	for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
		if tt != xhtml.StartTagToken {
			continue
		}
		name, _ := z.TagName()
		switch atom.Lookup(name) {
		case atom.Style, atom.Link, atom.Meta:
			continue
		case atom.Td, atom.Th:
			return "<table><tr>"
		case atom.Tr, atom.Tbody, atom.Thead, atom.Tfoot, atom.Caption, atom.Col, atom.Colgroup:
			return "<table>"
		}
		return ""
	}
	return ""
}

// comments leaves nothing of the comments of a document but the controls that html/template obeys in them, each in a
// comment of its own. So does it with what the parser takes for the document's head, whose controls begin the body: one
// behind a style sheet decides about what comes after the sheet.
func (w *writer) comments(root *xhtml.Node) {
	var comments []*xhtml.Node
	var head, body *xhtml.Node
	for n := range root.Descendants() {
		switch {
		case n.Type == xhtml.CommentNode:
			comments = append(comments, n)
		case n.DataAtom == atom.Head && head == nil:
			head = n
		case n.DataAtom == atom.Body && body == nil:
			body = n
		}
	}
	put := func(before *xhtml.Node, in *xhtml.Node, tokens []int) {
		for _, i := range tokens {
			in.InsertBefore(&xhtml.Node{Type: xhtml.CommentNode, Data: w.t.Token(i)}, before)
		}
	}
	for _, n := range comments {
		if !w.authored(n) {
			continue
		}
		tokens(w.t, n.Data, w.spared)
		put(n, n.Parent, w.controls(n.Data, false))
		n.Parent.RemoveChild(n)
	}
	if head == nil || body == nil {
		return
	}
	var b strings.Builder
	for n := head.FirstChild; n != nil; n = n.NextSibling {
		if n.Type == xhtml.CommentNode {
			b.WriteString(n.Data)
			continue
		}
		b.WriteString(attributes(n))
		for d := range n.Descendants() {
			b.WriteString(d.Data + attributes(d))
		}
	}
	put(body.FirstChild, body, w.controls(b.String(), true))
}

// authored says whether a comment is one of the document's author. The others hold one action that is not in a comment.
func (w *writer) authored(n *xhtml.Node) bool {
	at, i := w.t.Next(n.Data)
	if at != 0 || len(n.Data) != w.t.Width() {
		return true
	}
	if i >= len(w.t.Actions) {
		return false
	}
	a := w.t.Actions[i]
	return strings.HasSuffix(w.t.Source.Text[:a.Start], "<!--") && strings.HasPrefix(w.t.Source.Text[a.End:], "-->")
}

// controls are those of a text that is left out which still decide about what is not. Conditions that begin and end in
// it decide about nothing else, unless they set variables. includes says that the text includes templates.
func (w *writer) controls(text string, includes bool) (kept []int) {
	var open []int // of those kept
	for {
		at, i := w.t.Next(text)
		if at < 0 {
			return kept
		}
		text = text[at+w.t.Width():]
		switch kind := w.kind(i); {
		case kind == source.Output, kind == source.Include && !includes:
			continue
		case kind == source.Opener, kind == source.Define:
			open = append(open, len(kept))
		case kind == source.Closer && len(open) > 0:
			from := open[len(open)-1]
			open = open[:len(open)-1]
			if w.kind(kept[from]) == source.Define || !slices.ContainsFunc(kept[from:], w.effective) {
				kept = kept[:from]
				continue
			}
		}
		kept = append(kept, i)
	}
}

// effective says whether an action does something although nothing is within it.
func (w *writer) effective(i int) bool {
	kind := w.kind(i)
	return kind == source.Silent || kind == source.Include || sets.MatchString(w.action(i))
}

// action is an action as its author has written it.
func (w *writer) action(i int) string {
	if i >= len(w.t.Actions) {
		return ""
	}
	return w.t.Source.Text[w.t.Actions[i].Start:w.t.Actions[i].End]
}

// sets matches how an action sets a variable or two, and named a variable.
var (
	sets  = regexp.MustCompile(`(\$\w+)\s*(?:,\s*(\$\w+)\s*)?(:?=)`)
	named = regexp.MustCompile(`\$\w+`)
)

// forgotten finds an action that sets a variable and is not in the text, where an action that uses the variable is; and
// one that leaves a range and is not in the text, where the range is.
func (w *writer) forgotten(text string) error {
	t := w.t
	in := make([]bool, len(t.Actions))
	tokens(t, text, in)
	used := map[string]bool{}
	for i, a := range t.Actions {
		if !in[i] {
			continue
		}
		s := w.action(i)
		if a.Kind == source.Silent {
			s = sets.ReplaceAllString(s, "")
		}
		for _, name := range named.FindAllString(s, -1) {
			used[name] = true
		}
	}
	var open []int
	for i, a := range t.Actions {
		switch word := t.Function(i); {
		case a.Kind == source.Opener || a.Kind == source.Define:
			open = append(open, i)
		case a.Kind == source.Closer && len(open) > 0:
			open = open[:len(open)-1]
		case !in[i] && (word == "break" || word == "continue"):
			k := len(open) - 1
			for ; k > 0 && t.Function(open[k]) != "range"; k-- {
			}
			if k >= 0 && in[open[k]] {
				return t.Source.ErrorAt(a.Start, "lost-value", "the text part would not leave the range here",
					"write it outside of elements that are hidden and of attributes, or write the text part yourself, as body.text")
			}
		}
		if in[i] || strings.HasPrefix(source.Inner(w.action(i)), "/*") {
			continue
		}
		for _, m := range sets.FindAllStringSubmatch(w.action(i), -1) {
			if (used[m[1]] || used[m[2]]) && (a.Kind == source.Silent || m[3] == "=") {
				return t.Source.ErrorAt(a.Start, "lost-value", "the text part would not know what this sets "+m[1]+" to",
					"set the variable outside of elements that are hidden and of attributes, or write the text part yourself, as body.text")
			}
		}
	}
	return nil
}

// raw returns the text below n as it is, without what HTML does not show.
func (w *writer) raw(n *xhtml.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type != xhtml.ElementNode:
			b.WriteString(c.Data)
		case c.DataAtom == atom.Br:
			b.WriteString("\n")
		case !w.dropped(c):
			said, href := w.raw(c), ""
			if c.DataAtom == atom.A {
				href = destination(c)
				w.whole(href)
			}
			b.WriteString(said)
			if text := strings.TrimSpace(w.written(said)); href != "" && href[0] != '#' && !w.twice[c] && text != w.written(href) &&
				text != w.written(bare(href)) {
				b.WriteString(" <" + w.href(href) + ">")
			} else {
				tokens(w.t, href, w.spared)
			}
		}
	}
	return b.String()
}
