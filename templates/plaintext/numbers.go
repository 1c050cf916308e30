package plaintext

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/function"
	"mailshot/templates/locale"
	"mailshot/templates/plaintext/marks"
	"mailshot/templates/source"
)

// numbers are those of the items of a list, which HTML would give them.
type numbers struct {
	id         int // of a list that is numbered when the message is made, or 0
	at, step   int
	kind       string // the type of the list
	open, shut string
}

// count finds how a list is numbered. That of footnotes has its numbers in brackets.
func (w *writer) count(n *xhtml.Node, dynamic bool) *numbers {
	c := &numbers{at: 1, step: 1, kind: listed(n), shut: ". "}
	if n.Parent != nil && attr(n.Parent, "class") == "footnotes" {
		c.open, c.shut = "[", "] "
	}
	w.governed(n, []string{"start"}, "reversed", "type", "list-style", "list-style-type")
	start := attr(n, "start")
	at, known := integer(start)
	if known {
		c.at = at
	}
	if has(n, "reversed") {
		c.step = -1
		if at, _ := w.t.Next(start); dynamic && !known && at < 0 {
			w.fail(strings.Index(w.t.Source.Text, "reversed"), "the text part cannot number a reversed list whose items a condition or a range decides about",
				"give the list a start, or write the text part yourself, as body.text")
		}
		if !known {
			c.at = 0
			for d := n.FirstChild; d != nil; d = d.NextSibling {
				if d.DataAtom == atom.Li && !w.dropped(d) {
					c.at++
				}
			}
		}
	}
	for d := n.FirstChild; d != nil; d = d.NextSibling {
		at, _ := w.t.Next(attr(d, "value"))
		dynamic = dynamic || at >= 0
	}
	if at, _ := w.t.Next(start); dynamic || at >= 0 {
		w.lists++
		c.id = w.numbered + w.lists
		// It stands between blocks: a line that begins with it begins with what comes after it.
		w.b.WriteString(marks.Block + w.t.Call(fmt.Sprint(function.Restart, " ", c.id, " ", c.at), -1))
		if again := c.restart(w, start); again != "" {
			w.b.WriteString(marks.Block + again)
		}
	}
	return c
}

// numbered is what the numbers of the lists in a file begin with. Those of a template that is included are others.
func numbered(file string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(file))
	return int(h.Sum32() >> 2)
}

// governs says whether an action decides about one of the attributes of an element, or about a declaration of its style
// with such a name: whether it is there, or what it is. A number that an action prints is known when it is printed.
func (w *writer) governs(n *xhtml.Node, printed []string, others ...string) bool {
	depth, within := 0, false // of the condition that what has been read stands in
	acts := func(s string) (rest string, any bool) {
		for {
			at, i := w.t.Next(s)
			if at < 0 {
				within = within || s != "" && depth > 0
				return rest + s, any
			}
			within = within || at > 0 && depth > 0
			switch w.kind(i) {
			case source.Opener:
				depth++
			case source.Closer:
				depth--
			}
			rest, s, any = rest+s[:at], s[at+w.t.Width():], true
		}
	}
	for _, a := range n.Attr {
		within = false
		key, _ := acts(a.Key)
		if key != "style" {
			within := within
			_, any := acts(a.Val)
			if within && slices.Contains(printed, key) || (within || any) && slices.Contains(others, key) {
				return true
			}
			continue
		}
		for d := range strings.SplitSeq(strings.ToLower(a.Val), ";") {
			rest, any := acts(d)
			name, _, _ := strings.Cut(strings.TrimSpace(rest), ":")
			if (within || any) && slices.Contains(others, strings.TrimSpace(name)) {
				return true
			}
		}
	}
	return false
}

// governed fails if an action decides about how a list is numbered.
func (w *writer) governed(n *xhtml.Node, printed []string, others ...string) {
	if w.governs(n, printed, others...) {
		_, i := w.t.Next(attributes(n))
		w.fail(w.t.Actions[max(w.t.Action(i), 0)].Start, "the text part cannot know how this numbers the list",
			"put {{if}} and {{end}} around the whole list, or write the text part yourself, as body.text")
	}
}

// listStyles are the types of the styles that number a list as a type does.
var listStyles = map[string]string{"decimal": "1", "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A",
	"upper-latin": "A", "lower-roman": "i", "upper-roman": "I", "none": "none", "disc": "none", "circle": "none",
	"square": "none"}

// listed is the type of a list. Its style goes before its attribute.
func listed(n *xhtml.Node) string {
	for d := range strings.SplitSeq(strings.ToLower(attr(n, "style")), ";") {
		name, value, _ := strings.Cut(d, ":")
		if name = strings.TrimSpace(name); name != "list-style" && name != "list-style-type" {
			continue
		}
		for word := range strings.FieldsSeq(value) {
			if kind, ok := listStyles[word]; ok {
				return kind
			}
		}
	}
	return attr(n, "type")
}

// next returns the sign of the next item.
func (c *numbers) next(w *writer, n *xhtml.Node) string {
	w.governed(n, []string{"value"})
	value := attr(n, "value")
	at, known := integer(value)
	if c.id > 0 {
		call := fmt.Sprintf("%s %d %d %q", function.Number, c.id, c.step, c.kind)
		return c.restart(w, value) + c.open + w.t.Call(call, -1) + c.shut
	}
	if known {
		c.at = at
	}
	label := locale.Label(c.at, c.kind)
	c.at += c.step
	return c.open + label + c.shut
}

// restart lets a list that is numbered when the message is made go on with what an attribute says.
func (c *numbers) restart(w *writer, value string) string {
	value = strings.TrimSpace(value)
	at, i := w.t.Next(value)
	n, known := integer(value)
	switch {
	case at < 0 && known:
		return w.t.Call(fmt.Sprint(function.Restart, " ", c.id, " ", n), -1)
	case at < 0:
		return ""
	case len(value) != w.t.Width() || i >= len(w.t.Actions) || w.t.Actions[i].Kind != source.Output:
		w.fail(w.t.Actions[max(w.t.Action(i), 0)].Start, "the text part cannot number a list that goes on with "+w.written(value),
			"write one action that prints the number, or write the text part yourself, as body.text")
		return ""
	}
	return w.t.Call(fmt.Sprint(function.Restart, " ", c.id), i)
}

// begins matches the whole number that an attribute begins with.
var begins = regexp.MustCompile(`^[+-]?[0-9]+`)

// integer reads an attribute that is a whole number, as HTML does: what comes after the number does not count.
func integer(s string) (n int, ok bool) {
	n, err := strconv.Atoi(begins.FindString(strings.TrimSpace(s)))
	return n, err == nil && n > -1e9 && n < 1e9
}
