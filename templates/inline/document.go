package inline

import (
	"slices"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/inline/condition"
	"mailshot/templates/source"
)

// marker is the attribute that has the number of a tag while the document is looked at.
const marker = "data-inline-tag"

// mostVariants bounds the bytes that are read to find out what the branches do to the elements around them.
const mostVariants = 16 << 20

// role is what a word stands for.
type role int

const (
	printing role = iota
	opens
	divides
	closes
)

// word is what stands for an action while HTML and CSS are read.
type word struct {
	role role
	node *node
}

// element is an element of the author's: its start tag, which may be used at several places.
type element struct {
	form   *source.Form
	off    int // of its < in the form
	uses   []*use
	tag    *tag
	frozen bool // its style= cannot be written into

	matches []match
	inlined map[*declaration]bool
	styles  []styled
}

// use is an element at one place of the document.
type use struct {
	*tag
	nodes   []*xhtml.Node
	classes map[string]bool // all that it may have

	loose bool // what it stands in hangs on a branch
	shaky bool // what stands beside it, or beside what it stands in, hangs on a branch
	loops bool // it is within a range
	maybe bool // it is within a branch
}

// document is the composed document.
type document struct {
	c       *composer
	nodes   []*node
	tokens  *source.Tokens
	words   []word
	main    *view
	tags    []*tag
	uses    []*use // by the number of the tag
	element map[elementKey]*element
	list    []*element // in order
	sheets  []*sheet
	rules   []*rule
	dynamic map[string]bool // names of attributes that an action decides on
	vague   bool            // an action decides on the name of an attribute
	root    *xhtml.Node
	asks    []condition.Selector // the elements whose style= selectors ask for
	asksAll bool                 // any element may be one
}

type elementKey struct {
	form *source.Form
	off  int
}

// newDocument reads the composed document. It returns nil if it cannot be read for certain.
func newDocument(c *composer, nodes []*node) *document {
	d := &document{c: c, nodes: nodes, element: map[elementKey]*element{}, dynamic: map[string]bool{}}
	var all strings.Builder
	for form := range c.actions {
		all.WriteString(form.Text)
	}
	d.tokens = source.NewTokens(source.New("", 0, 0, all.String()), make([]source.Action, c.words))
	d.words = make([]word, c.words)
	d.name(nodes)
	d.main = d.view(choice{})
	var doc string
	var ok bool
	if d.tags, doc, ok = d.main.tags(); !ok || strings.Contains(all.String(), marker) {
		return nil
	}
	if d.root = read(doc); d.root == nil {
		return nil
	}
	d.gather()
	d.branches()
	d.styles()
	return d
}

// name notes what each word stands for.
func (d *document) name(nodes []*node) {
	for _, n := range nodes {
		switch n.kind {
		case output:
			d.words[n.word] = word{printing, n}
		case branch:
			d.words[n.word], d.words[n.word+1], d.words[n.word+2] = word{opens, n}, word{divides, n}, word{closes, n}
			for _, l := range n.lists {
				d.name(l)
			}
		}
	}
}

// read parses HTML as a mail program does.
func read(doc string) *xhtml.Node {
	root, err := xhtml.ParseWithOptions(strings.NewReader(doc), xhtml.ParseOptionEnableScripting(false))
	if err != nil {
		return nil
	}
	return root
}

// number returns the number of a node's tag, or -1 if the author wrote no tag for it.
func number(n *xhtml.Node) int {
	for _, a := range n.Attr {
		if a.Key == marker {
			if i, err := strconv.Atoi(a.Val); err == nil {
				return i
			}
		}
	}
	return -1
}

// gather makes the elements.
func (d *document) gather() {
	for _, t := range d.tags {
		k := elementKey{t.place.form, t.off}
		e := d.element[k]
		if e == nil {
			e = &element{form: k.form, off: k.off, tag: t, inlined: map[*declaration]bool{}}
			d.element[k] = e
			d.list = append(d.list, e)
		}
		u := &use{tag: t}
		e.uses = append(e.uses, u)
		d.uses = append(d.uses, u)
		for _, a := range t.attrs {
			d.vague = d.vague || a.vague
			if a.dynamic {
				d.dynamic[a.name] = true
			}
		}
	}
	for n := range d.root.Descendants() {
		if i := number(n); n.Type == xhtml.ElementNode && i >= 0 && i < len(d.uses) {
			d.uses[i].nodes = append(d.uses[i].nodes, n)
		}
	}
}

// above are the keys of the elements that a node stands in.
func above(n *xhtml.Node, tags []*tag) []key {
	var keys []key
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Type == xhtml.ElementNode {
			keys = append(keys, identity(p, tags))
		}
	}
	return keys
}

// beside are the keys of the elements within a node.
func beside(n *xhtml.Node, tags []*tag) []key {
	var keys []key
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == xhtml.ElementNode {
			keys = append(keys, identity(c, tags))
		}
	}
	return keys
}

// identity is the key of a node. A node without a tag has its name's length for one, which is enough to compare with.
func identity(n *xhtml.Node, tags []*tag) key {
	if i := number(n); i >= 0 && i < len(tags) {
		return tags[i].key
	}
	return key{nil, len(n.Data)}
}

// branches finds out what the branches do to the elements around them: it reads the document once for each way that a
// branch can go, and compares. In a long document with many branches it takes several of them at a time, which stand
// far from each other.
func (d *document) branches() {
	var all, outside []*node
	d.eachBranch(d.nodes, &all)
	for _, n := range all {
		if d.loops(n); !d.within(n) {
			outside = append(outside, n)
		}
	}
	groups := min(len(outside), max(mostVariants/(2*len(d.main.text)+1), 4))
	for g := range groups {
		for i := range 2 {
			take := map[int]int{}
			for k := g; k < len(outside); k += groups {
				take[outside[k].word] = i
			}
			d.compare(take)
		}
	}
}

// doubt makes nothing certain about where elements stand.
func (d *document) doubt() {
	for _, u := range d.uses {
		u.loose, u.shaky, u.maybe = true, true, true
	}
}

func (d *document) eachBranch(nodes []*node, all *[]*node) {
	for _, n := range nodes {
		if n.kind == branch {
			*all = append(*all, n)
			for _, l := range n.lists {
				d.eachBranch(l, all)
			}
		}
	}
}

// within says whether a branch begins within a tag or a style. It then decides on an attribute or on rules.
func (d *document) within(n *node) bool {
	i := slices.IndexFunc(d.main.parts, func(p part) bool { return p.n == n })
	at := d.main.parts[i].at
	for _, t := range d.tags {
		if at >= t.at && at < t.at+len(t.raw) || t.inside > 0 && at >= t.inside && at < t.inside+len(t.content) {
			return true
		}
	}
	return false
}

// loops notes what is in a range.
func (d *document) loops(n *node) {
	if !n.repeat {
		return
	}
	from, to := -1, -1
	for _, p := range d.main.parts {
		if p.n == n {
			if from < 0 {
				from = p.at
			}
			to = p.at
		}
	}
	for _, u := range d.uses {
		if u.at >= from && u.at < to {
			u.loops, u.shaky, u.maybe = true, true, true
		}
	}
}

// compare reads a variant of the document, and notes which elements stand elsewhere in it.
func (d *document) compare(take map[int]int) {
	tags, doc, ok := d.view(choice{take: take}).tags()
	root := read(doc)
	if !ok || root == nil {
		d.doubt()
		return
	}
	in := map[key]*xhtml.Node{}
	for n := range root.Descendants() {
		if i := number(n); n.Type == xhtml.ElementNode && i >= 0 && i < len(tags) {
			in[tags[i].key] = n
		}
	}
	for _, u := range d.uses {
		other := in[u.key]
		if other == nil {
			u.maybe = true
		}
		if other == nil || len(u.nodes) == 0 {
			continue
		}
		if !slices.Equal(above(u.nodes[0], d.tags), above(other, tags)) {
			u.loose, u.shaky = true, true
		}
		for a, b := u.nodes[0].Parent, other.Parent; a != nil && b != nil && !u.shaky; a, b = a.Parent, b.Parent {
			u.shaky = !slices.Equal(beside(a, d.tags), beside(b, tags))
		}
	}
}
