package templates

import (
	"text/template/parse"

	"mailshot/templates/function"
)

// rewrite puts the guards of an execution into a tree. They count each turn of a range and each included template, look
// at what is ranged over, and know how deep the includes are.
func rewrite(l *parse.ListNode) {
	if l == nil {
		return
	}
	var nodes []parse.Node
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.IfNode:
			rewrite(n.List)
			rewrite(n.ElseList)
		case *parse.WithNode:
			rewrite(n.List)
			rewrite(n.ElseList)
		case *parse.RangeNode:
			rewrite(n.List)
			rewrite(n.ElseList)
			n.Pipe.Cmds = append(n.Pipe.Cmds, call(function.Range, n.Pipe.Pos))
			n.List.Nodes = append([]parse.Node{guard(function.Tick, n.Pipe.Pos, n.Line)}, n.List.Nodes...)
		case *parse.TemplateNode:
			nodes = append(nodes, guard(function.Enter, n.Pos, n.Line), n, guard(function.Leave, n.Pos, n.Line))
			continue
		}
		nodes = append(nodes, n)
	}
	l.Nodes = nodes
}

func call(name string, pos parse.Pos) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos,
		Args: []parse.Node{parse.NewIdentifier(name).SetTree(nil).SetPos(pos)}}
}

// guard is {{$_ := name}}. It is an assignment because html/template leaves assignments as they are in every context.
func guard(name string, pos parse.Pos, line int) *parse.ActionNode {
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Line: line, Pipe: &parse.PipeNode{
		NodeType: parse.NodePipe, Pos: pos, Line: line,
		Decl: []*parse.VariableNode{{NodeType: parse.NodeVariable, Pos: pos, Ident: []string{"$_"}}},
		Cmds: []*parse.CommandNode{call(name, pos)},
	}}
}

// locate gives the filters that html/template has put into pipelines the place of their pipeline. They have none of
// their own.
func locate(l *parse.ListNode) {
	if l == nil {
		return
	}
	branch := func(b *parse.BranchNode) {
		locate(b.List)
		locate(b.ElseList)
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			for _, c := range n.Pipe.Cmds {
				if c.Pos == 0 {
					c.Pos = n.Pipe.Pos
				}
			}
		case *parse.IfNode:
			branch(&n.BranchNode)
		case *parse.WithNode:
			branch(&n.BranchNode)
		case *parse.RangeNode:
			branch(&n.BranchNode)
		}
	}
}
