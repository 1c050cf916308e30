package templates

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template/parse"

	"mailshot/templates/function"
)

// scope is what is known about the dot and the variables at one place of a template.
type scope struct {
	dot  shape
	root shape // $
	vars map[string]shape
}

// shape is what is known about a value without a row.
type shape int

const (
	unknown  shape = iota // the item of a range, the result of a function
	rowShape              // the row: fields are columns
	mailshotShape
	nothing     // {{template "x"}} without an argument
	groupShape  // .rows
	memberShape // one of them: fields are columns
)

// checker walks the trees of a set before anything is executed.
type checker struct {
	set   *set
	trees map[string]named // the set's as they were written, or as they were made
	errs  []error
	done  map[string]bool // template name and shape of its dot
	notes bool            // what is used is noted, see Compiler.Used
}

func (k *checker) fail(u *unit, n parse.Node, code, text, hint string) {
	k.errs = append(k.errs, u.raw.ErrorAt(int(n.Position()), code, text, hint))
}

// template checks the template name, called with a dot of the given shape.
func (k *checker) template(name string, dot shape) {
	id := fmt.Sprint(dot, name)
	if k.done[id] {
		return
	}
	k.done[id] = true
	t := k.trees[name]
	if t.tree == nil || t.tree.Root == nil {
		return
	}
	k.list(t.unit, t.tree.Root, scope{dot: dot, root: dot, vars: map[string]shape{}})
}

func (k *checker) list(u *unit, l *parse.ListNode, s scope) {
	if l == nil {
		return
	}
	s.vars = maps.Clone(s.vars)
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			got := k.pipe(u, n.Pipe, s)
			if len(n.Pipe.Decl) == 0 {
				k.whole(u, n.Pipe, got)
			}
		case *parse.IfNode:
			k.branch(u, &n.BranchNode, s, func(body scope, _ shape) scope { return body })
		case *parse.WithNode:
			k.branch(u, &n.BranchNode, s, func(body scope, got shape) scope { body.dot = got; return body })
		case *parse.RangeNode:
			k.branch(u, &n.BranchNode, s, func(body scope, got shape) scope { body.dot = itemOf(got); return body })
		case *parse.TemplateNode:
			dot := nothing
			if n.Pipe != nil {
				dot = k.pipe(u, n.Pipe, s)
			}
			if err := k.set.include(u, n); err != nil {
				k.errs = append(k.errs, err)
				continue
			}
			k.template(n.Name, dot)
		}
	}
}

// itemOf is the shape of what a range over a value has as its dot.
func itemOf(s shape) shape {
	if s == groupShape {
		return memberShape
	}
	return unknown
}

// whole refuses to print what is no single value.
func (k *checker) whole(u *unit, n parse.Node, got shape) {
	switch got {
	case rowShape, memberShape:
		k.fail(u, n, "template", "this prints the whole row", "name a column: {{.column}}")
	case groupShape:
		k.fail(u, n, "template", "this prints all rows", "write {{range .rows}}, and name columns there: {{.column}}")
	}
}

func (k *checker) branch(u *unit, n *parse.BranchNode, s scope, in func(scope, shape) scope) {
	s.vars = maps.Clone(s.vars)
	got := k.pipe(u, n.Pipe, s)
	if n.NodeType == parse.NodeRange {
		for i, v := range n.Pipe.Decl {
			s.vars[v.Ident[0]] = unknown
			if i == len(n.Pipe.Decl)-1 {
				s.vars[v.Ident[0]] = itemOf(got)
			}
		}
	}
	k.list(u, n.List, in(s, got))
	k.list(u, n.ElseList, s)
}

// pipe checks a pipeline and returns the shape of its value.
func (k *checker) pipe(u *unit, p *parse.PipeNode, s scope) shape {
	got := unknown
	for _, c := range p.Cmds {
		if got == rowShape { // the next command takes it
			k.use("")
		}
		got = k.command(u, c, s)
	}
	for _, v := range p.Decl {
		s.vars[v.Ident[0]] = got
	}
	return got
}

func (k *checker) command(u *unit, c *parse.CommandNode, s scope) shape {
	got := unknown
	if f, ok := c.Args[0].(*parse.FieldNode); ok && len(c.Args) > 1 {
		words := strings.TrimPrefix(c.String(), ".")
		hint := "a function comes first: {{upper .name}}"
		if slices.Contains(k.set.c.cfg.Columns, words) || !slices.Contains(k.set.c.cfg.Columns, f.Ident[0]) {
			hint = fmt.Sprintf("for a column whose name is not one word write {{col %q}}", words)
		}
		k.fail(u, f, "template-syntax", fmt.Sprintf("a cell takes no arguments: .%s", words), hint)
		return got
	}
	shapes := make([]shape, len(c.Args))
	for i, arg := range c.Args {
		shapes[i] = k.argument(u, arg, s)
	}
	if len(c.Args) == 1 {
		got = shapes[0]
	}
	id, isCall := c.Args[0].(*parse.IdentifierNode)
	if isCall && id.Ident == "printf" && len(c.Args) > 1 {
		k.format(u, c.Args[1])
	}
	if isCall && id.Ident == "index" && len(c.Args) == 3 {
		got = itemOf(shapes[1])
	}
	// A column whose name is not one word is written {{col "First name"}} or {{index . "First name"}}.
	k.passed(u, c, shapes)
	return got
}

// format checks the format of a printf, where it is known.
func (k *checker) format(u *unit, n parse.Node) {
	text, ok := n.(*parse.StringNode)
	if !ok {
		return
	}
	var advice function.Advice
	if errors.As(function.Format(text.Text), &advice) {
		k.fail(u, n, "template", advice.Text, advice.Hint)
	}
}

// argument checks one operand and returns its shape.
func (k *checker) argument(u *unit, n parse.Node, s scope) shape {
	switch n := n.(type) {
	case *parse.DotNode:
		return s.dot
	case *parse.FieldNode:
		return k.fields(u, n, s.dot, n.Ident)
	case *parse.VariableNode:
		base, known := s.vars[n.Ident[0]]
		if n.Ident[0] == "$" {
			base, known = s.root, true
		}
		if len(n.Ident) == 1 || !known {
			return base
		}
		return k.fields(u, n, base, n.Ident[1:])
	case *parse.ChainNode:
		return k.fields(u, n, k.argument(u, n.Node, s), n.Field)
	case *parse.PipeNode:
		return k.pipe(u, n, s)
	case *parse.IdentifierNode:
		if !k.set.known[n.Ident] {
			hint := "see: mailshot functions"
			if near := function.Nearest(n.Ident, slices.Sorted(maps.Keys(k.set.known))); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			if slices.Contains(k.set.c.cfg.Columns, n.Ident) {
				hint = fmt.Sprintf("for the column write {{.%s}}", n.Ident)
			}
			k.fail(u, n, "unknown-function", fmt.Sprintf("there is no function %q", n.Ident), hint)
		}
	}
	return unknown
}

// fields checks .a.b on a value of the given shape.
func (k *checker) fields(u *unit, n parse.Node, on shape, ident []string) shape {
	switch on {
	case rowShape:
		if ident[0] == "mailshot" {
			if len(ident) == 1 {
				return mailshotShape
			}
			return k.fields(u, n, mailshotShape, ident[1:])
		}
		if ident[0] == "rows" && k.set.c.cfg.Grouped {
			if len(ident) > 1 {
				k.fail(u, n, "template", fmt.Sprintf(".rows is several rows, and .rows.%s says not which", ident[1]),
					fmt.Sprintf("write {{range .rows}}{{.%s}}{{end}}", ident[1]))
			}
			return groupShape
		}
		if k.cell(u, n, ident) {
			k.use(ident[0])
		}
	case memberShape:
		if ident[0] == "mailshot" || ident[0] == "rows" {
			k.fail(u, n, "template", fmt.Sprintf("a row of .rows has no .%s", ident[0]), fmt.Sprintf("write $.%s", ident[0]))
			break
		}
		k.cell(u, n, ident)
	case mailshotShape:
		if !slices.Contains(mailshotNames, ident[0]) {
			k.fail(u, n, "template", fmt.Sprintf("there is no .mailshot.%s", ident[0]),
				"there are "+strings.Join(mailshotNames, ", "))
		} else if ident[0] == "unsubscribe_url" && !k.set.c.cfg.Unsubscribe {
			k.fail(u, n, "template", "nobody knows .mailshot.unsubscribe_url",
				`write unsubscribe: { url: "https://…/{{.mailshot.token}}" } into the campaign file`)
		}
	case nothing:
		k.fail(u, n, "template", fmt.Sprintf("there is no row here for .%s", ident[0]),
			`pass it on with a dot: {{template "…" .}}`)
	default:
		hint := ""
		if slices.Contains(k.set.c.cfg.Columns, ident[0]) || ident[0] == "mailshot" {
			hint = fmt.Sprintf("write $.%s", ident[0])
		}
		k.fail(u, n, "template",
			fmt.Sprintf(".%s: inside {{range}} and {{with}} the dot is the item, not the row", ident[0]), hint)
	}
	return unknown
}

// cell reports whether .a is a cell, which has no parts.
func (k *checker) cell(u *unit, n parse.Node, ident []string) bool {
	known := k.column(u, n, &ident[0])
	if known && len(ident) > 1 {
		k.fail(u, n, "template", fmt.Sprintf("a cell has no parts: .%s.%s", ident[0], ident[1]), "")
	}
	return known
}

// column reports whether a name is one of the list's columns. An alias in the tree is replaced by its column's name.
func (k *checker) column(u *unit, n parse.Node, name *string) bool {
	columns := k.set.c.cfg.Columns
	if columns == nil || slices.Contains(columns, *name) {
		return true
	}
	if alias := k.set.c.cfg.Alias; alias != nil {
		if meant := alias(*name); meant != "" && slices.Contains(columns, meant) {
			*name = meant
			return true
		}
	}
	text, hint := function.UnknownColumn(*name, columns)
	if *name == "rows" {
		hint = "with recipients.group, .rows is the rows of the message"
	}
	k.fail(u, n, "missing-column", text, hint)
	return false
}
