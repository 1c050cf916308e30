package inline

import (
	"slices"
	"sort"
	"strings"
	"text/template/parse"

	"mailshot/templates/function"
	"mailshot/templates/source"
)

// mostBytes bounds the document that is put together from a template and all that it includes.
const mostBytes = 8 << 20

// mostIncludes bounds how deep templates include each other.
const mostIncludes = 50

// kind says what a node of the composed document is.
type kind int

const (
	static kind = iota // text of the author
	output             // an action that prints
	branch             // an {{if}}, {{range}} or {{with}}
)

// node is a part of the document: the templates' trees, with each included template in its place.
type node struct {
	kind   kind
	place  *place
	text   string // of static, and of output what is between its braces
	off    int    // of static and output: where its text is in the form
	word   int    // of output: its word; of branch: its first word, for the beginning; then else, then end
	row    bool   // the dot is the row here
	hidden bool   // it stands in a comment that only Outlook reads
	shown  bool   // it stands between conditional comments that Outlook does not read
	bound  bool   // of output: what it prints depends on the dot
	fixed  bool   // of output: it uses variables, so it cannot stand anywhere else
	lists  [][]*node
	repeat bool // of branch: it is a range
}

// place is one use of a template: a template that is included twice has two.
type place struct {
	form *source.Form
	name string
	id   int
}

// composer puts the document together.
type composer struct {
	set     map[string]Template
	actions map[*source.Form][]source.Action
	open    []string
	places  int
	words   int
	bytes   int
	bad     bool
	inside  []bool // the conditional comments that are open: whether only Outlook reads them
}

// compose returns the nodes of the document. It is not ok if the templates include each other for ever, or too much.
func (c *composer) compose(entry string) (nodes []*node, ok bool) {
	nodes = c.template(entry, true)
	return nodes, !c.bad
}

func (c *composer) template(name string, row bool) []*node {
	t, ok := c.set[name]
	if !ok || t.Tree == nil || t.Tree.Root == nil || len(c.open) > mostIncludes || slices.Contains(c.open, name) {
		c.bad = true
		return nil
	}
	c.open = append(c.open, name)
	defer func() { c.open = c.open[:len(c.open)-1] }()
	if _, ok := c.actions[t.Form]; !ok {
		c.actions[t.Form], _ = source.Scan(t.Form.Text)
	}
	c.places++
	return c.list(&place{form: t.Form, name: name, id: c.places}, t.Tree.Root, row, row)
}

// list returns the nodes of a list. row says that the dot is the row, and root that $ is.
func (c *composer) list(p *place, l *parse.ListNode, row, root bool) []*node {
	var nodes []*node
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if c.bad {
			return nil
		}
		switch n := n.(type) {
		case *parse.TextNode:
			nodes = append(nodes, c.static(p, n, row))
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 && !c.conditional(n) {
				nodes = append(nodes, c.output(p, n, row))
			}
		case *parse.IfNode:
			nodes = append(nodes, c.branch(p, &n.BranchNode, row, row, root))
		case *parse.WithNode:
			nodes = append(nodes, c.branch(p, &n.BranchNode, false, row, root))
		case *parse.RangeNode:
			nodes = append(nodes, c.branch(p, &n.BranchNode, false, row, root))
		case *parse.TemplateNode:
			nodes = append(nodes, c.template(n.Name, passes(n.Pipe, row, root))...)
		}
	}
	return nodes
}

// passes says whether a template is given the row as its dot.
func passes(p *parse.PipeNode, row, root bool) bool {
	if p == nil || len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 {
		return false
	}
	switch a := p.Cmds[0].Args[0].(type) {
	case *parse.DotNode:
		return row
	case *parse.VariableNode:
		return root && len(a.Ident) == 1 && a.Ident[0] == "$"
	}
	return false
}

func (c *composer) static(p *place, n *parse.TextNode, row bool) *node {
	off := int(n.Pos)
	if off+len(n.Text) > len(p.form.Text) || p.form.Text[off:off+len(n.Text)] != string(n.Text) {
		c.bad = true
	}
	if c.bytes += len(n.Text); c.bytes > mostBytes {
		c.bad = true
	}
	return &node{kind: static, place: p, text: string(n.Text), off: off, row: row, hidden: c.hidden(), shown: c.shown()}
}

func (c *composer) output(p *place, n *parse.ActionNode, row bool) *node {
	m := &node{kind: output, place: p, word: c.words, row: row, hidden: c.hidden(), shown: c.shown(), fixed: true}
	c.words++
	off := int(n.Pos)
	all := c.actions[p.form]
	i := sort.Search(len(all), func(i int) bool { return all[i].End > off })
	if i < len(all) && all[i].Start <= off {
		action := p.form.Text[all[i].Start:all[i].End]
		m.text, m.fixed = source.Inner(action), false
		m.off = all[i].Start + strings.Index(action, m.text)
	}
	for _, cmd := range n.Pipe.Cmds {
		look(cmd, m)
	}
	return m
}

// look finds out what a command depends on.
func look(n parse.Node, m *node) {
	switch n := n.(type) {
	case *parse.CommandNode:
		for _, a := range n.Args {
			look(a, m)
		}
	case *parse.PipeNode:
		m.fixed = m.fixed || len(n.Decl) > 0
		for _, cmd := range n.Cmds {
			look(cmd, m)
		}
	case *parse.ChainNode:
		look(n.Node, m)
	case *parse.FieldNode, *parse.DotNode:
		m.bound = true
	case *parse.VariableNode:
		m.fixed = true
	}
}

func (c *composer) branch(p *place, n *parse.BranchNode, body, row, root bool) *node {
	m := &node{kind: branch, place: p, word: c.words, row: row, hidden: c.hidden(), shown: c.shown(),
		repeat: n.NodeType == parse.NodeRange}
	c.words += 3
	inside := slices.Clone(c.inside)
	then := c.list(p, n.List, body, root)
	c.inside = inside // each branch goes on with what was open before it
	m.lists = [][]*node{then, c.list(p, n.ElseList, row, root)}
	return m
}

// conditional reports whether an action writes a conditional comment, and notes whether what follows is for Outlook
// only, or for all others.
func (c *composer) conditional(n *parse.ActionNode) bool {
	if len(n.Pipe.Cmds) != 1 || len(n.Pipe.Cmds[0].Args) != 2 {
		return false
	}
	f, ok := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
	text, isText := n.Pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !ok || !isText || f.Ident != function.Conditional {
		return false
	}
	switch low := strings.ToLower(text.Text); {
	case strings.Contains(low, "endif]"):
		c.inside = c.inside[:max(len(c.inside)-1, 0)]
	case strings.HasPrefix(low, "<!--[if") && strings.HasSuffix(low, "]>"):
		c.inside = append(c.inside, true)
	case strings.HasPrefix(low, "<!--[if"), strings.HasPrefix(low, "<![if"):
		c.inside = append(c.inside, false)
	}
	return true
}

// hidden says whether only Outlook reads what comes next.
func (c *composer) hidden() bool { return slices.Contains(c.inside, true) }

// shown says whether what comes next stands between conditional comments, and others than Outlook read it.
func (c *composer) shown() bool { return len(c.inside) > 0 && !c.hidden() }
