package inline

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"
)

// view is the document as one text, with words for its actions.
type view struct {
	text  string
	parts []part
	doc   *document
}

// part says that the text from offset at on is that of a node.
type part struct {
	at int
	n  *node
}

// choice is what a view takes of the branches.
type choice struct {
	outlook bool        // also what only Outlook reads
	take    map[int]int // by the word of a branch: the one list that is taken; default: all of them
}

// view writes the document.
func (d *document) view(by choice) *view {
	v := &view{doc: d}
	var b strings.Builder
	var write func(nodes []*node)
	add := func(n *node, text string) {
		v.parts = append(v.parts, part{b.Len(), n})
		b.WriteString(text)
	}
	write = func(nodes []*node) {
		for _, n := range nodes {
			switch {
			case n.kind == branch:
				one, only := by.take[n.word]
				add(n, d.tokens.Token(n.word))
				for i, l := range n.lists {
					if i > 0 {
						add(n, d.tokens.Token(n.word+1))
					}
					if !only || one == i {
						write(l)
					}
				}
				add(n, d.tokens.Token(n.word+2))
			case n.hidden && !by.outlook:
			case n.kind == output:
				add(n, d.tokens.Token(n.word))
			default:
				add(n, n.text)
			}
		}
	}
	write(d.nodes)
	v.text = b.String()
	return v
}

// node returns the node that an offset of the text is in, and the offset within the node's text.
func (v *view) node(at int) (n *node, off int) {
	i := sort.Search(len(v.parts), func(i int) bool { return v.parts[i].at > at }) - 1
	if i < 0 {
		return nil, 0
	}
	return v.parts[i].n, at - v.parts[i].at
}

// key is where a tag is: in one use of a template.
type key struct {
	place *place
	off   int // in the form
}

// tag is a start tag of a view.
type tag struct {
	key
	name    string
	at      int // of its < in the view
	raw     string
	node    *node
	attrs   []attribute
	closed  int // of a style element: where its end tag ends, or -1
	content string
	inside  int // of a style element: where its content begins
}

// tags finds the start tags of a view. It returns the view's HTML as well, with the number of its tag in each, and
// without words outside of tags. ok is false if an action decides on the name of an element.
func (v *view) tags() (tags []*tag, doc string, ok bool) {
	var b strings.Builder
	z := xhtml.NewTokenizer(strings.NewReader(v.text))
	at := 0
	var style *tag
	for {
		tt := z.Next()
		raw := v.text[at : at+len(z.Raw())]
		switch tt {
		case xhtml.ErrorToken:
			return tags, b.String(), true
		case xhtml.StartTagToken, xhtml.SelfClosingTagToken:
			t := v.tag(raw, at)
			if t == nil {
				return nil, "", false
			}
			t.write(&b, len(tags))
			if tags = append(tags, t); t.name == "style" {
				style = t
				t.inside = at + len(raw)
			}
		case xhtml.TextToken:
			if style != nil {
				style.content = raw
				b.WriteString(raw)
			} else {
				b.WriteString(v.doc.wordless(raw))
			}
		case xhtml.EndTagToken:
			if style != nil && strings.HasPrefix(strings.ToLower(raw), "</style") {
				style.closed = at + len(raw)
			}
			style = nil
			if strings.Contains(raw, v.doc.tokens.Prefix()) {
				return nil, "", false
			}
			b.WriteString(raw)
		case xhtml.DoctypeToken:
			b.WriteString(raw)
		}
		at += len(raw)
	}
}

// tag reads a start tag. It returns nil if an action stands in its name.
func (v *view) tag(raw string, at int) *tag {
	n, off := v.node(at)
	if n == nil || n.kind != static {
		return nil
	}
	t := &tag{key: key{n.place, n.off + off}, raw: raw, at: at, node: n, closed: -1}
	end := 1 + strings.IndexAny(raw[1:], " \t\r\n\f/>")
	if end < 1 || strings.Contains(raw[:end], v.doc.tokens.Prefix()) {
		return nil
	}
	t.name = strings.ToLower(raw[1:end])
	if last, _ := v.node(at + end - 1); last != n {
		return nil
	}
	t.attrs = attributes(raw, end)
	v.settle(t)
	return t
}

// write writes the tag with its number, and with those attributes on which how a browser reads HTML may depend.
func (t *tag) write(b *strings.Builder, number int) {
	b.WriteString("<" + t.name + " " + marker + `="` + strconv.Itoa(number) + `"`)
	for _, a := range t.attrs {
		if !a.dynamic && !a.vague && a.name != marker {
			b.WriteString(" " + a.name + `="` + xhtml.EscapeString(a.value) + `"`)
		}
	}
	if strings.HasSuffix(t.raw, "/>") {
		b.WriteString("/")
	}
	b.WriteString(">")
}

// wordless takes the words out of a text.
func (d *document) wordless(s string) string {
	var b strings.Builder
	for {
		at, i := d.tokens.Next(s)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:at])
		s = s[at+d.tokens.Width():]
	}
}

// attribute is an attribute of a tag. Its offsets are those in the tag.
type attribute struct {
	name     string
	value    string // with its entities resolved
	from, to int    // of the value, without quotes
	quote    byte   // " or ', 0 for none
	equals   bool   // it has a value
	dynamic  bool   // an action decides whether it is there, or prints into its value
	maybe    bool   // an action decides whether it is there
	vague    bool   // an action decides on its name
}

// attributes reads a tag's attributes as HTML does. from is where the tag's name ends.
func attributes(raw string, from int) []attribute {
	var all []attribute
	const blank = " \t\r\n\f"
	i := from
	skip := func(set string) {
		for i < len(raw) && strings.IndexByte(set, raw[i]) >= 0 {
			i++
		}
	}
	for {
		skip(blank + "/")
		if i >= len(raw) || raw[i] == '>' {
			return all
		}
		start := i
		i++ // a name may begin with =
		for i < len(raw) && strings.IndexByte(blank+"/>=", raw[i]) < 0 {
			i++
		}
		a := attribute{name: strings.ToLower(raw[start:i]), from: i, to: i}
		skip(blank)
		if i < len(raw) && raw[i] == '=' {
			i++
			skip(blank)
			a.equals = true
			a.from = i
			if i < len(raw) && (raw[i] == '"' || raw[i] == '\'') {
				a.quote = raw[i]
				a.from = i + 1
				n := strings.IndexByte(raw[a.from:], a.quote)
				if n < 0 {
					return append(all, a)
				}
				a.to = a.from + n
				i = a.to + 1
			} else {
				for i < len(raw) && strings.IndexByte(blank+">", raw[i]) < 0 {
					i++
				}
				a.to = i
			}
			a.value = xhtml.UnescapeString(raw[a.from:a.to])
		}
		if !slices.ContainsFunc(all, func(o attribute) bool { return o.name == a.name && !o.dynamic }) {
			all = append(all, a)
		}
	}
}

// settle finds out which attributes of a tag an action decides on.
func (v *view) settle(t *tag) {
	prefix := v.doc.tokens.Prefix()
	depth, kept := 0, t.attrs[:0]
	for _, a := range t.attrs {
		if strings.Contains(a.name, prefix) {
			depth += v.doc.depth(a.name)
			if v.doc.wordless(a.name) != "" || v.doc.prints(a.name) || a.equals {
				a.vague, a.dynamic = true, true
				kept = append(kept, a)
			}
			continue
		}
		a.maybe = depth > 0
		a.dynamic = a.maybe || strings.Contains(a.value, prefix)
		kept = append(kept, a)
	}
	t.attrs = kept
}

// depth is how many branches the words of a text open more than they close.
func (d *document) depth(s string) int {
	depth := 0
	d.eachWord(s, func(_ int, w word) {
		switch w.role {
		case opens:
			depth++
		case closes:
			depth--
		}
	})
	return depth
}

// prints says whether a text has the word of an action that prints.
func (d *document) prints(s string) bool {
	found := false
	d.eachWord(s, func(_ int, w word) { found = found || w.role == printing })
	return found
}

// controls says whether a text has the word of a branch.
func (d *document) controls(s string) bool {
	found := false
	d.eachWord(s, func(_ int, w word) { found = found || w.role != printing })
	return found
}

// eachWord calls do for the words of a text.
func (d *document) eachWord(s string, do func(at int, w word)) {
	from := 0
	for {
		at, i := d.tokens.Next(s[from:])
		if i < 0 {
			return
		}
		do(from+at, d.words[i])
		from += at + d.tokens.Width()
	}
}
