package program

import (
	"errors"
	htmltemplate "html/template"
	"io"
	"slices"
	"strconv"
	"text/template/parse"
)

// Guard is the variable that the guards of an execution are assigned to. No source can write it, so it is never one of
// the author's.
const Guard = "$ guard"

// into and out stand around an inlined template: {{Guard := _into NUMBER}}. html/template leaves assignments as they
// are.
const (
	into = "_into"
	out  = "_out"
)

// These bound what a set may grow to when its templates are inlined. A node or a byte within a range counts twice for
// each range around it, because html/template escapes the body of each range twice. In a set that is not inlined it
// does so once for each template.
const (
	mostNodes = 10_000
	mostBytes = 16 << 20
)

// inliner puts included templates in the place of their calls. So each of them is escaped for the place that it stands
// at, and a text goes on from one template into the next.
type inliner struct {
	c     Config
	open  []string // templates that are being inlined
	pipes []*parse.PipeNode
	nodes int
	bytes int // of texts
	times int // how often html/template escapes the place that is inlined
}

// inlined returns the entry's tree with all others in it, escaped.
func (c *compiler) inlined(config Config) *parse.ListNode {
	n := &inliner{c: config, times: 1}
	l := n.template(config.Entry)
	c.included = n.pipes
	if config.HTML {
		return escaped(config, l)
	}
	return l
}

// template returns a copy of a template's tree.
func (n *inliner) template(name string) *parse.ListNode {
	tree := n.c.Trees[name]
	switch {
	case tree == nil || tree.Root == nil:
		panic(&Unknown{"the template " + name + ", which is not there,"})
	case slices.Contains(n.open, name):
		panic(&Unknown{"the template " + name + ", which includes itself,"})
	}
	n.open = append(n.open, name)
	l := tree.Root.CopyList()
	n.list(l)
	n.open = n.open[:len(n.open)-1]
	return l
}

// list inlines what a list calls.
func (n *inliner) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	n.count(l)
	var nodes []parse.Node
	branch := func(b *parse.BranchNode) {
		n.list(b.List)
		n.list(b.ElseList)
	}
	for _, node := range l.Nodes {
		switch node := node.(type) {
		case *parse.IfNode:
			branch(&node.BranchNode)
		case *parse.WithNode:
			branch(&node.BranchNode)
		case *parse.RangeNode:
			times := n.times
			if n.c.HTML {
				n.times *= 2
			}
			n.list(node.List)
			n.times = times
			n.list(node.ElseList)
		case *parse.TemplateNode:
			if node.Pipe != nil && len(node.Pipe.Decl) > 0 {
				panic(&Unknown{node.String()})
			}
			nodes = append(nodes, mark(into, len(n.pipes)))
			n.pipes = append(n.pipes, node.Pipe)
			nodes = append(nodes, n.template(node.Name).Nodes...)
			nodes = append(nodes, mark(out, -1))
			continue
		}
		nodes = append(nodes, node)
	}
	l.Nodes = nodes
}

// count counts a list.
func (n *inliner) count(l *parse.ListNode) {
	for _, node := range l.Nodes {
		n.nodes += n.times
		if text, ok := node.(*parse.TextNode); ok {
			n.bytes += n.times * len(text.Text)
		}
		if n.nodes > mostNodes || n.bytes > mostBytes {
			panic(&Unknown{"a set with so many included templates"})
		}
	}
}

// mark is {{Guard := name number}}.
func mark(name string, number int) *parse.ActionNode {
	args := []parse.Node{parse.NewIdentifier(name)}
	if number >= 0 {
		args = append(args, &parse.NumberNode{NodeType: parse.NodeNumber, IsInt: true, Int64: int64(number),
			Text: strconv.Itoa(number)})
	}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pipe: &parse.PipeNode{NodeType: parse.NodePipe,
		Decl: []*parse.VariableNode{{NodeType: parse.NodeVariable, Ident: []string{Guard}}},
		Cmds: []*parse.CommandNode{{NodeType: parse.NodeCommand, Args: args}}}}
}

// refuse is a writer that takes nothing.
type refuse struct{}

func (refuse) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// escaped has html/template escape a tree.
func escaped(c Config, l *parse.ListNode) *parse.ListNode {
	// Escaping happens at the first execution. A word before everything else ends that execution, so that nothing of
	// the tree is executed: its nodes stand in texts that html/template does not see, and an error could not be worded.
	first := &parse.TextNode{NodeType: parse.NodeText, Text: []byte("x")}
	l.Nodes = append([]parse.Node{first}, l.Nodes...)
	t, err := htmltemplate.New(c.Entry).Funcs(c.Map).AddParseTree(c.Entry, &parse.Tree{Name: c.Entry, Root: l})
	if err == nil {
		err = t.Execute(refuse{}, nil)
	}
	var bad *htmltemplate.Error
	if errors.As(err, &bad) || t == nil || t.Tree == nil {
		panic(&Unknown{"what html/template cannot escape in one piece"})
	}
	l = t.Tree.Root
	l.Nodes = l.Nodes[1:]
	return l
}
