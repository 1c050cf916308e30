package plaintext

import (
	"slices"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"mailshot/templates/plaintext/visibility"
	"mailshot/templates/source"
)

// anchor is a link of the document.
type anchor struct {
	node  *xhtml.Node
	href  string   // with its actions as they are written
	text  bool     // it has words, and not only a picture
	scope []string // the branches of conditions and ranges that it stands in
}

// addresses finds the links whose address need not be written, because another link shows it whenever they are shown:
// one with words rather than a picture, the first one otherwise.
func (w *writer) addresses(root *xhtml.Node) {
	anchors := w.anchors(root)
	w.twice = map[*xhtml.Node]bool{}
	slices.SortStableFunc(anchors, func(a, b anchor) int { // those with words first
		switch {
		case a.text == b.text:
			return 0
		case a.text:
			return -1
		}
		return 1
	})
	shown := map[string][]anchor{}
	for _, a := range anchors {
		others := shown[a.href]
		if slices.ContainsFunc(others, func(b anchor) bool { return b.around(a) }) {
			w.twice[a.node] = true
		} else if len(others) < mostShown {
			shown[a.href] = append(others, a)
		}
	}
}

// Links returns the addresses of the links that each message shows, by their source: those that no condition decides
// about and nothing hides. doc is a document whose actions are hidden behind tokens.
func Links(t *source.Tokens, doc string) (addresses map[string]bool) {
	addresses = map[string]bool{}
	root, err := parse(doc)
	if err != nil {
		return addresses
	}
	w := newWriter(t, root, Options{})
	for _, a := range w.anchors(root) {
		if len(a.scope) == 0 {
			addresses[a.href] = true
		}
	}
	return addresses
}

// mostShown is with how many others of its address a link is compared.
const mostShown = 50

// around says whether b is there whenever a is.
func (b anchor) around(a anchor) bool {
	return len(b.scope) <= len(a.scope) && slices.Equal(b.scope, a.scope[:len(b.scope)])
}

// anchors finds the links of a document.
func (w *writer) anchors(root *xhtml.Node) []anchor {
	f := &finder{w: w, fixed: true}
	for _, a := range w.t.Actions {
		if a.Kind == source.Silent {
			f.fixed = false // a variable may be another one further down
		}
	}
	f.find(root, false)
	return f.anchors
}

// finder finds the links of a document, with the conditions that they stand in.
type finder struct {
	w       *writer
	fixed   bool // an action prints the same wherever it is written in one scope
	scope   []string
	anchors []anchor
}

func (f *finder) find(n *xhtml.Node, tiny bool) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == xhtml.TextNode || c.Type == xhtml.CommentNode:
			f.controls(c.Data)
		case c.Type != xhtml.ElementNode || f.w.dropped(c):
			continue
		case (c.DataAtom == atom.A || c.DataAtom == atom.Area) && !visibility.Small(attr(c, "style"), tiny):
			f.anchor(c)
		}
		f.find(c, visibility.Small(attr(c, "style"), tiny))
	}
}

// controls follows the conditions and ranges in a text.
func (f *finder) controls(s string) {
	t := f.w.t
	for {
		at, i := t.Next(s)
		if at < 0 {
			return
		}
		s = s[at+t.Width():]
		switch f.w.kind(i) {
		case source.Opener:
			f.scope = append(f.scope, strconv.Itoa(i))
		case source.Divider:
			if n := len(f.scope); n > 0 {
				f.scope[n-1] += "," + strconv.Itoa(i)
			}
		case source.Closer:
			if n := len(f.scope); n > 0 {
				f.scope = f.scope[:n-1]
			}
		case source.Silent:
			f.leave(i)
		}
	}
}

// leave follows a {{break}} or a {{continue}}: what comes after it in its range may not be there when what comes before
// it is.
func (f *finder) leave(i int) {
	if word := f.w.t.Function(i); word != "break" && word != "continue" {
		return
	}
	for n := len(f.scope) - 1; n >= 0; n-- {
		first, _, _ := strings.Cut(f.scope[n], ",")
		if opener, _ := strconv.Atoi(first); f.w.t.Function(opener) == "range" {
			f.scope[n] += "," + strconv.Itoa(i)
			return
		}
	}
}

// values are the branches that the values of the dot and of variables depend on.
func (f *finder) values() (s string) {
	for _, in := range f.scope {
		for number := range strings.SplitSeq(in, ",") {
			i, _ := strconv.Atoi(number)
			said := f.w.action(i)
			if word := f.w.t.Function(i); word == "range" || strings.Contains(said, "with") || sets.MatchString(said) {
				s += " " + in
				break
			}
		}
	}
	return s
}

func (f *finder) anchor(n *xhtml.Node) {
	t := f.w.t
	href := destination(n)
	if href == "" || href[0] == '#' {
		return
	}
	key, rest, acts := "", href, false
	for at, i := t.Next(rest); at >= 0; at, i = t.Next(rest) {
		if i >= len(t.Actions) || t.Actions[i].Kind != source.Output || !f.fixed && strings.Contains(f.w.action(i), "$") {
			return
		}
		key += rest[:at] + f.w.action(i)
		rest = rest[at+t.Width():]
		acts = true
	}
	if acts { // what it prints depends on the dot and the variables there
		rest += f.values()
	}
	if !acts && icon(n) {
		return // it is left out
	}
	words := false
	for d := range n.Descendants() {
		words = words || d.Type == xhtml.TextNode && strings.Trim(d.Data, spaces+ghosts+joiners) != ""
	}
	if !words && !pictured(n) && n.DataAtom != atom.Area {
		return
	}
	f.anchors = append(f.anchors, anchor{n, key + rest, words, slices.Clone(f.scope)})
}
