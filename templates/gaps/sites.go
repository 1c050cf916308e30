package gaps

import (
	"maps"
	"slices"
	"strings"
	"text/template/parse"
)

// says are the functions whose caller has said what is to be printed where a cell is empty.
var says = []string{"default", "coalesce", "choose", "required", "opt", "has", "empty", "or", "and", "not"}

// origin is what is known about a value: the columns that it is made of, and whether the template says what is printed
// where they are empty.
type origin struct {
	columns []string
	at      int // offset of the first column
	said    bool
	inner   bool // asked by a call that the author did not write
}

// site is an action of a tree, with the offset of its first column.
type site struct {
	action *parse.ActionNode
	at     int
}

// walk is a walk over a tree that knows which columns the conditions around a place are about.
type walk struct {
	found []site
}

// around is what is known at one place of a tree.
type around struct {
	asked []string          // columns of the conditions around
	dot   bool              // the dot is the row
	vars  map[string]origin // variables
}

// sites returns the actions of a tree that print a value of the row about which the template says nothing else.
func sites(l *parse.ListNode) []site {
	w := &walk{}
	w.list(l, around{dot: true, vars: map[string]origin{}})
	return w.found
}

func (w *walk) list(l *parse.ListNode, in around) {
	if l == nil {
		return
	}
	in.vars = maps.Clone(in.vars)
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			o := in.pipe(n.Pipe)
			for _, v := range n.Pipe.Decl {
				in.vars[v.Ident[0]] = o
			}
			if len(n.Pipe.Decl) == 0 && len(o.columns) > 0 && !o.said {
				w.found = append(w.found, site{n, o.at})
			}
		case *parse.IfNode:
			w.branch(&n.BranchNode, in, in.dot)
		case *parse.WithNode:
			w.branch(&n.BranchNode, in, false)
		case *parse.RangeNode:
			w.branch(&n.BranchNode, in, false)
		}
	}
}

func (w *walk) branch(b *parse.BranchNode, in around, dot bool) {
	o := in.pipe(b.Pipe)
	in.vars = maps.Clone(in.vars)
	for _, v := range b.Pipe.Decl {
		in.vars[v.Ident[0]] = origin{columns: o.columns, said: true}
	}
	if !o.inner {
		in.asked = append(slices.Clone(in.asked), o.columns...)
	}
	body := in
	body.dot = dot
	w.list(b.List, body)
	w.list(b.ElseList, in)
}

// pipe returns what is known about the value of a pipeline.
func (in around) pipe(p *parse.PipeNode) origin {
	var o origin
	add := func(column string, n parse.Node) {
		if len(o.columns) == 0 {
			o.at = int(n.Position())
		}
		o.columns = append(o.columns, column)
		o.said = o.said || slices.Contains(in.asked, column)
	}
	var visit func(n parse.Node)
	visit = func(n parse.Node) {
		switch n := n.(type) {
		case *parse.PipeNode:
			for _, c := range n.Cmds {
				visit(c)
			}
		case *parse.CommandNode:
			if name, ok := named(n); ok {
				add(name, n)
				return
			}
			for _, arg := range n.Args {
				visit(arg)
			}
		case *parse.ChainNode:
			visit(n.Node)
		case *parse.FieldNode:
			if in.dot {
				add(n.Ident[0], n)
			}
		case *parse.VariableNode:
			if n.Ident[0] == "$" && len(n.Ident) > 1 {
				add(n.Ident[1], n)
			}
			v := in.vars[n.Ident[0]]
			for _, column := range v.columns {
				add(column, n)
			}
			o.said = o.said || v.said
		case *parse.IdentifierNode:
			o.said = o.said || slices.Contains(says, n.Ident)
			o.inner = o.inner || strings.HasPrefix(n.Ident, "_")
		}
	}
	visit(p)
	return o
}

// named returns the column of {{col "First name"}} and {{index . "First name"}}.
func named(c *parse.CommandNode) (string, bool) {
	id, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok || id.Ident != "col" && id.Ident != "index" {
		return "", false
	}
	name, ok := c.Args[len(c.Args)-1].(*parse.StringNode)
	if !ok {
		return "", false
	}
	return name.Text, true
}
