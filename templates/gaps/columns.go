package gaps

import (
	"slices"
	"strings"
	"text/template/parse"

	"mailshot/templates/source"
)

// Column is a column that a template prints or asks about.
type Column struct {
	Name  string // of a column, or mailshot.NAME
	Whole bool   // a link begins with it
	Host  bool   // a link's host begins with it
}

// Odd says whether a cell may make a link broken, although it has a text.
func (c Column) Odd(cell string) bool {
	cell = strings.TrimSpace(cell)
	return c.Whole && (Judge("href", cell, false) != Leads || strings.HasPrefix(cell, "//")) ||
		c.Host && (strings.HasPrefix(cell, ".") || strings.HasPrefix(cell, "/") || strings.Contains(cell, "..") ||
			strings.HasPrefix(cell, "http") || strings.HasPrefix(cell, "?") || strings.HasPrefix(cell, ":"))
}

// Columns adds to columns those of a form, which tree was parsed from. sure says that the cells of these columns decide
// what its links are: no link has the item of a list in it, or a variable.
func Columns(columns []Column, f *source.Form, tree *parse.Tree, isHTML bool) (all []Column, sure bool) {
	g := read(f, isHTML)
	linked := map[int]bool{} // actions within links that name a column
	add := func(name string, at int) {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			i = len(columns)
			columns = append(columns, Column{Name: name})
		}
		if l := g.linkAt(at); l != nil {
			action := g.action(at)
			linked[action] = true
			before := strings.TrimSpace(g.literal(l.From, g.actions[action].Start))
			columns[i].Whole = columns[i].Whole || before == ""
			columns[i].Host = columns[i].Host || strings.HasSuffix(before, "//")
		}
	}
	mentions(tree.Root, add)
	for i, a := range g.actions {
		if a.Kind == source.Output && g.linkAt(a.Start) != nil && !linked[i] {
			return columns, false
		}
	}
	return columns, true
}

// mentions calls add for each column that a tree mentions.
func mentions(n parse.Node, add func(name string, at int)) {
	list := func(l *parse.ListNode) {
		if l != nil {
			for _, n := range l.Nodes {
				mentions(n, add)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		mentions(b.Pipe, add)
		list(b.List)
		list(b.ElseList)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		list(n)
	case *parse.ActionNode:
		mentions(n.Pipe, add)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			mentions(c, add)
		}
	case *parse.CommandNode:
		if name, ok := named(n); ok {
			add(name, int(n.Pos))
			return
		}
		for _, arg := range n.Args {
			mentions(arg, add)
		}
	case *parse.ChainNode:
		mentions(n.Node, add)
	case *parse.FieldNode:
		add(strings.Join(n.Ident[:path(n.Ident)], "."), int(n.Pos))
	case *parse.VariableNode:
		if n.Ident[0] == "$" && len(n.Ident) > 1 {
			add(strings.Join(n.Ident[1:1+path(n.Ident[1:])], "."), int(n.Pos))
		}
	}
}

// path is how many words of a field name one value of the row.
func path(ident []string) int {
	if ident[0] == "mailshot" && len(ident) > 1 {
		return 2
	}
	return 1
}
