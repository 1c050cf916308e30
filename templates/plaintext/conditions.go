package plaintext

import (
	"regexp"
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/source"
)

// Conditions among the attributes of an element decide whether HTML hides it. The text part then has the element, or
// what is left of it, within the same conditions.

// branch is what a way through the conditions among attributes leads to: an element that is hidden or not, or a
// condition with a branch for each of its parts.
type branch struct {
	hidden bool
	tokens []int // of the condition: its {{if}}, what divides it, its {{end}}
	parts  []*branch
}

// equal says whether two ways lead to the same.
func (b *branch) equal(c *branch) bool {
	return b.hidden == c.hidden && slices.Equal(b.tokens, c.tokens) && slices.EqualFunc(b.parts, c.parts, (*branch).equal)
}

// mostConditions is how many conditions among the attributes of one element there may be where they may hide it.
const mostConditions = 6

// conditions puts the conditions that hide elements below n around them, as comments, which is where the text part
// looks for conditions.
func (w *writer) conditions(n *xhtml.Node) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		if c.Type == xhtml.ElementNode {
			w.conditions(c)
			if at, _ := w.t.Next(attributes(c)); at >= 0 {
				w.condition(c)
			}
		}
		c = next
	}
}

// condition does so for one element.
func (w *writer) condition(n *xhtml.Node) {
	text := attributes(n)
	openers := 0
	for s := text; ; {
		at, i := w.t.Next(s)
		if at < 0 {
			break
		}
		if w.kind(i) == source.Opener {
			openers++
		}
		s = s[at+w.t.Width():]
	}
	if openers > mostConditions {
		if !w.sheets.Empty() || hides.MatchString(text) {
			w.unclear(text)
		}
		return
	}
	b := w.branch(n, text)
	if b.tokens == nil {
		w.decided[n] = b.hidden
		return
	}
	for d := range n.Descendants() {
		w.constant(d.Data + attributes(d))
	}
	copied := &xhtml.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Namespace: n.Namespace, Attr: n.Attr}
	for n.FirstChild != nil {
		c := n.FirstChild
		n.RemoveChild(c)
		copied.AppendChild(c)
	}
	w.spread(n, copied, b)
	n.Parent.RemoveChild(n)
}

// constant makes sure that a text sets no variable and leaves no range, as HTML does whether it hides the text or not.
func (w *writer) constant(text string) {
	for s := text; ; {
		at, i := w.t.Next(s)
		if at < 0 {
			return
		}
		if w.kind(i) == source.Silent && !strings.HasPrefix(source.Inner(w.action(i)), "/*") {
			w.fail(w.t.Actions[i].Start, "the text part cannot do this within an element that a condition hides",
				"write it before the element, or write the text part yourself, as body.text")
		}
		s = s[at+w.t.Width():]
	}
}

// spread puts a branch before a node: the element n in each part where it is shown.
func (w *writer) spread(before, n *xhtml.Node, b *branch) {
	if b.tokens == nil {
		if !b.hidden {
			c := w.clone(n)
			w.decided[c] = false
			before.Parent.InsertBefore(c, before)
		}
		return
	}
	put := func(token string) {
		before.Parent.InsertBefore(&xhtml.Node{Type: xhtml.CommentNode, Data: token}, before)
	}
	put(w.t.Token(b.tokens[0]))
	for i, part := range b.parts {
		switch {
		case i == 0:
		case i < len(b.tokens)-1:
			put(w.t.Token(b.tokens[i]))
		default: // there is no {{else}}
			put(w.t.Call("else", -1))
		}
		w.spread(before, n, part)
	}
	put(w.t.Token(b.tokens[len(b.tokens)-1]))
}

// clone copies a node with what is below it, and what has been decided about it.
func (w *writer) clone(n *xhtml.Node) *xhtml.Node {
	c := &xhtml.Node{Type: n.Type, DataAtom: n.DataAtom, Data: n.Data, Namespace: n.Namespace, Attr: n.Attr}
	if hidden, ok := w.decided[n]; ok {
		w.decided[c] = hidden
	}
	for d := n.FirstChild; d != nil; d = d.NextSibling {
		c.AppendChild(w.clone(d))
	}
	return c
}

// These stand after an attribute and before its value in a text of attributes. No attribute has them.
const (
	attributeEnd = "\x01"
	valueBegin   = "\x02"
)

// attributes is a text of the attributes of an element, in their order, so that a condition may reach over some of
// them.
func attributes(n *xhtml.Node) string {
	var b strings.Builder
	for _, a := range n.Attr {
		b.WriteString(a.Key + valueBegin + a.Val + attributeEnd)
	}
	return b.String()
}

// branch finds the way through the conditions in a text of attributes of n. A condition that both hides and shows is
// kept.
func (w *writer) branch(n *xhtml.Node, text string) *branch {
	from, i := w.next(text, 0)
	if from < 0 {
		return &branch{hidden: w.hides(n, text)}
	}
	b := &branch{tokens: []int{i}}
	var parts []string
	at, depth := from+w.t.Width(), 0
	part := at
	for depth >= 0 {
		k, j := w.next(text, at)
		if k < 0 { // it has no end here
			w.unclear(text)
			return &branch{}
		}
		at = k + w.t.Width()
		switch kind := w.kind(j); {
		case kind == source.Opener:
			depth++
			continue
		case depth > 0 && kind == source.Divider:
			continue
		case depth > 0:
			depth--
			continue
		case kind == source.Closer:
			depth = -1
		}
		parts = append(parts, text[part:k])
		part = at
		b.tokens = append(b.tokens, j)
	}
	if len(parts) == 1 || !w.otherwise(b.tokens) {
		parts = append(parts, "")
	}
	same := true
	for _, s := range parts {
		p := w.branch(n, text[:from]+s+text[at:])
		b.parts = append(b.parts, p)
		same = same && p.equal(b.parts[0])
	}
	if same {
		return b.parts[0]
	}
	if w.t.Function(i) != "if" {
		w.unclear(text)
	}
	return b
}

// otherwise says whether the last divider of a condition is an {{else}} without another condition.
func (w *writer) otherwise(tokens []int) bool {
	return strings.TrimSpace(w.t.Value(tokens[len(tokens)-2])) == "else"
}

// next finds the next control of a condition or a range at or after an offset.
func (w *writer) next(text string, from int) (at, i int) {
	for {
		k, i := w.t.Next(text[from:])
		if k < 0 {
			return -1, -1
		}
		switch w.kind(i) {
		case source.Opener, source.Divider, source.Closer:
			return from + k, i
		}
		from += k + w.t.Width()
	}
}

// kind is what an action does; that of a call that the source does not have prints, unless it divides a condition.
func (w *writer) kind(i int) source.Kind {
	switch {
	case i < len(w.t.Actions):
		return w.t.Actions[i].Kind
	case w.t.Closes(i):
		return source.Divider
	}
	return source.Output
}

// hides says whether an element in the place of another, with the attributes of a text, is hidden.
func (w *writer) hides(of *xhtml.Node, text string) bool {
	n := &xhtml.Node{Type: of.Type, DataAtom: of.DataAtom, Data: of.Data, Parent: of.Parent,
		PrevSibling: of.PrevSibling, NextSibling: of.NextSibling}
	for a := range strings.SplitSeq(text, attributeEnd) {
		key, value, _ := strings.Cut(a, valueBegin)
		n.Attr = append(n.Attr, xhtml.Attribute{Key: strings.TrimSpace(key), Val: value})
		switch strings.TrimSpace(key) {
		case "style":
			w.shown(value)
		case "class":
			w.matched(".", value)
		case "id":
			w.matched("#", value)
		}
	}
	return w.dropped(n)
}

// shown makes sure that no cell says whether an element with a style is hidden.
func (w *writer) shown(style string) {
	for d := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(d, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if at, _ := w.t.Next(value); at >= 0 && (name == "display" || name == "visibility" || name == "opacity") {
			w.unclear(value)
		}
		if at, _ := w.t.Next(name); at >= 0 {
			w.unclear(name)
		}
	}
}

// matched makes sure that no cell says whether a style sheet hides an element by its class or its id.
func (w *writer) matched(sign, value string) {
	for word := range strings.FieldsSeq(value) {
		at, _ := w.t.Next(word)
		if at < 0 {
			continue
		}
		rest, last := word, ""
		for k, _ := w.t.Next(rest); k >= 0; k, _ = w.t.Next(rest) {
			rest = rest[k+w.t.Width():]
			last = rest
		}
		if w.sheets.HidesNamed(sign+word[:at], last) {
			w.unclear(word)
		}
	}
}

// tinySize matches a size of letters that small says yes to.
var tinySize = regexp.MustCompile(`(?:^|[^\w.])(?:0|[012](?:\.\d+)?(?:px|pt))(?:[^\w.%]|$)`)

// legible makes sure that no condition says whether an element is struck through, or too small to be read.
func (w *writer) legible(n *xhtml.Node) {
	text := attributes(n)
	if at, _ := w.t.Next(text); at < 0 {
		return
	}
	_, i := w.t.Next(text)
	plain := strings.ToLower(w.written(text))
	what := ""
	switch {
	case strings.Contains(plain, "line-through") && w.governs(n, nil, "text-decoration", "text-decoration-line"):
		what = "strikes the text through"
	case tinySize.MatchString(plain) && w.governs(n, nil, "font-size", "font"):
		what = "makes the text too small to be read"
	}
	if what != "" {
		w.fail(w.t.Actions[max(w.t.Action(i), 0)].Start, "the text part cannot know whether this "+what,
			"put {{if}} and {{end}} around the element, or write the text part yourself, as body.text")
	}
}

// unclear fails because of the first action in a text of attributes.
func (w *writer) unclear(text string) {
	_, i := w.t.Next(text)
	w.fail(w.t.Actions[max(w.t.Action(i), 0)].Start, "the text part cannot know whether this hides the element",
		"put {{if}} and {{end}} around the element, or write the text part yourself, as body.text")
}
