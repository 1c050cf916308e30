// Package guards puts calls into the trees of templates, for what templates do not say themselves. [Guards] counts
// what an execution does, [Call] and [Number] make pieces of a tree, and [EachAction] goes through one.
package guards

import (
	"strconv"
	"text/template/parse"

	"mailshot/templates/function"
	"mailshot/templates/program"
)

// Guards puts the guards of an execution into trees. They count each turn of a range and each included template, look
// at what is ranged over, know how deep the includes are, and note which branches are taken.
type Guards struct {
	branches int // noted so far
}

// branch puts the guards into the branch of a condition or a range.
func (g *Guards) branch(l *parse.ListNode, pos parse.Pos, line int) {
	if l == nil {
		return
	}
	g.List(l)
	took := guard(function.Took, pos, line)
	took.Pipe.Cmds[0].Args = append(took.Pipe.Cmds[0].Args, Number(g.branches, pos))
	g.branches++
	l.Nodes = append([]parse.Node{took}, l.Nodes...)
}

// List puts the guards into a list of nodes.
func (g *Guards) List(l *parse.ListNode) {
	if l == nil {
		return
	}
	var nodes []parse.Node
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.IfNode:
			g.branch(n.List, n.Pos, n.Line)
			g.branch(n.ElseList, n.Pos, n.Line)
		case *parse.WithNode:
			g.branch(n.List, n.Pos, n.Line)
			g.branch(n.ElseList, n.Pos, n.Line)
		case *parse.RangeNode:
			g.branch(n.List, n.Pos, n.Line)
			g.branch(n.ElseList, n.Pos, n.Line)
			n.Pipe.Cmds = append(n.Pipe.Cmds, Call(function.Range, n.Pipe.Pos))
			n.List.Nodes = append([]parse.Node{guard(function.Tick, n.Pipe.Pos, n.Line)}, n.List.Nodes...)
		case *parse.TemplateNode:
			nodes = append(nodes, guard(function.Enter, n.Pos, n.Line), n, guard(function.Leave, n.Pos, n.Line))
			continue
		}
		nodes = append(nodes, n)
	}
	l.Nodes = nodes
}

// Number is a number in a tree.
func Number(n int, pos parse.Pos) *parse.NumberNode {
	return &parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(n), Text: strconv.Itoa(n)}
}

// Call is a call of a function without arguments.
func Call(name string, pos parse.Pos) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos,
		Args: []parse.Node{parse.NewIdentifier(name).SetTree(nil).SetPos(pos)}}
}

// guard is {{Guard := name}}. It is an assignment because html/template leaves assignments as they are in every
// context.
func guard(name string, pos parse.Pos, line int) *parse.ActionNode {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Line: line, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: pos, Line: line,
		Decl: []*parse.VariableNode{{NodeType: parse.NodeVariable, Pos: pos, Ident: []string{program.Guard}}},
		Cmds: []*parse.CommandNode{Call(name, pos)},
	}}
}

// Unnamed renames the variables that calls around links are assigned to. They come from a text, in which they must have
// a name that the author may have given as well.
func Unnamed(l *parse.ListNode) {
	EachAction(l, func(n *parse.ActionNode) {
		if len(n.Pipe.Decl) != 1 || len(n.Pipe.Cmds) != 1 {
			return
		}
		name, ok := n.Pipe.Cmds[0].Args[0].(*parse.IdentifierNode)
		if ok && (name.Ident == function.Open || name.Ident == function.Close) {
			n.Pipe.Decl[0].Ident = []string{program.Guard}
		}
	})
}

// Locate gives the filters that html/template has put into pipelines the place of their pipeline. They have none of
// their own.
func Locate(l *parse.ListNode) {
	EachAction(l, func(n *parse.ActionNode) {
		for _, c := range n.Pipe.Cmds {
			if c.Pos == 0 {
				c.Pos = n.Pipe.Pos
			}
		}
	})
}

// EachAction calls do for each action of a tree, also those within conditions and loops.
func EachAction(l *parse.ListNode, do func(*parse.ActionNode)) {
	if l == nil {
		return
	}
	branch := func(b *parse.BranchNode) {
		EachAction(b.List, do)
		EachAction(b.ElseList, do)
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			do(n)
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		}
	}
}
