package program

import (
	"text/template/parse"

	"mailshot/templates/function"
)

// code says what an operation does.
type code uint8

const (
	opLiteral code = iota // writes text; slot bytes of it were tidied away; to is its run, or -1
	opCell                // writes the cell slot of the row
	opPrint               // writes a value
	opSet                 // puts a value into the variable slot
	opJump                // goes to to
	opUnless              // goes to to if a value counts as false
	opWith                // like opUnless; where it does not jump, it puts the dot aside in slot, and the value is the dot
	opBack                // brings the dot back from slot
	opRange               // begins a range over a value, with the dot put aside in slot; goes to to if there is nothing
	opNext                // goes to to, the begin of the range's body, with the range's next item if there is one
	opTook                // notes the branch slot
	opTick                // counts a turn
	opEnter               // counts an included template
	opLeave               // is the end of it
	opInto                // an included template: puts the dot aside in slot; a value is the dot, and the variable index
)

// op is one operation.
type op struct {
	code    code
	slot    int
	to      int
	text    string
	value   *value
	escape  escape
	depth   int // of opRange and opNext: the number of ranges around it
	index   int // of opRange and opNext: the variable of the number, or -1; of opInto: the variable $
	element int // of opRange and opNext: the variable of the item, or -1
}

// variable is a variable of a template, and the slot that it is in.
type variable struct {
	name string
	slot int
}

// loop is a range around the place that is compiled.
type loop struct {
	breaks, continues []int // jumps to mend
}

// compiler compiles a set.
type compiler struct {
	p        *Program
	included []*parse.PipeNode // by number of an inlined template: what it is called with, or nil
	around   []func()          // what ends the inlined templates around the place that is compiled

	ops   []op
	vars  []variable // visible ones, the innermost last
	slots int        // in use
	most  int        // in use at the same time
	loops []*loop
	depth int // of the deepest range
	label int // the last place that something jumps to
}

// unknown ends the compilation.
func (c *compiler) unknown(n parse.Node) {
	panic(&Unknown{n.String()})
}

func (c *compiler) emit(o op) int {
	c.ops = append(c.ops, o)
	return len(c.ops) - 1
}

// here is the next operation's place, as the target of a jump.
func (c *compiler) here() int {
	c.label = len(c.ops)
	return c.label
}

// slot takes a slot until free.
func (c *compiler) slot() int {
	c.slots++
	c.most = max(c.most, c.slots)
	return c.slots - 1
}

// scope begins a scope of variables, and returns what ends it.
func (c *compiler) scope() func() {
	vars, slots := len(c.vars), c.slots
	return func() { c.vars, c.slots = c.vars[:vars], slots }
}

// declare makes a variable.
func (c *compiler) declare(name string) int {
	slot := c.slot()
	c.vars = append(c.vars, variable{name, slot})
	return slot
}

// find returns the slot of a variable.
func (c *compiler) find(n parse.Node, name string) int {
	for i := len(c.vars) - 1; i >= 0; i-- {
		if c.vars[i].name == name {
			return c.vars[i].slot
		}
	}
	c.unknown(n)
	return -1
}

func (c *compiler) list(l *parse.ListNode) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		c.node(n)
	}
}

func (c *compiler) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.TextNode:
		c.text(string(n.Text))
	case *parse.ActionNode:
		c.action(n)
	case *parse.IfNode:
		c.branch(&n.BranchNode, opUnless)
	case *parse.WithNode:
		c.branch(&n.BranchNode, opWith)
	case *parse.RangeNode:
		c.ranges(n)
	case *parse.BreakNode:
		l := c.loops[len(c.loops)-1]
		l.breaks = append(l.breaks, c.emit(op{code: opJump}))
	case *parse.ContinueNode:
		l := c.loops[len(c.loops)-1]
		l.continues = append(l.continues, c.emit(op{code: opJump}))
	case *parse.CommentNode:
	default:
		c.unknown(n)
	}
}

// text adds a text of the template. It continues the last one if nothing jumps between the two.
func (c *compiler) text(s string) {
	if s == "" {
		return
	}
	if last := len(c.ops) - 1; last >= 0 && c.ops[last].code == opLiteral && c.label <= last {
		s = c.ops[last].text + s
		c.ops = c.ops[:last]
	}
	c.emit(op{code: opLiteral, text: s})
}

// action compiles what prints a value, sets a variable or is a guard.
func (c *compiler) action(n *parse.ActionNode) {
	pipe := n.Pipe
	if len(pipe.Decl) == 0 {
		rest, e := c.escapers(pipe)
		v := c.pipe(rest)
		o := op{code: opPrint, value: v, escape: e}
		if v.kind == valueField && v.of.kind == valueDot && v.name != rowMailshot && e.kind != escapeOther {
			o.code, o.slot = opCell, v.slot
		}
		c.emit(o)
		return
	}
	if len(pipe.Decl) != 1 {
		c.unknown(n)
	}
	if pipe.Decl[0].Ident[0] == Guard && c.guard(pipe) {
		return
	}
	v := c.pipe(pipe)
	if pipe.IsAssign {
		c.emit(op{code: opSet, value: v, slot: c.find(n, pipe.Decl[0].Ident[0])})
		return
	}
	c.emit(op{code: opSet, value: v, slot: c.declare(pipe.Decl[0].Ident[0])})
}

// guard compiles a guard of an execution.
func (c *compiler) guard(pipe *parse.PipeNode) bool {
	if len(pipe.Cmds) != 1 {
		return false
	}
	args := pipe.Cmds[0].Args
	name, ok := args[0].(*parse.IdentifierNode)
	if !ok {
		return false
	}
	number := 0
	if len(args) == 2 {
		n, isNumber := args[1].(*parse.NumberNode)
		if !isNumber {
			return false
		}
		number = int(n.Int64)
	}
	switch name.Ident {
	case function.Took:
		c.emit(op{code: opTook, slot: number})
	case function.Tick:
		c.emit(op{code: opTick})
	case function.Enter:
		c.emit(op{code: opEnter})
	case function.Leave:
		c.emit(op{code: opLeave})
	case into:
		c.into(c.included[number])
	case out:
		last := len(c.around) - 1
		c.around[last]()
		c.around = c.around[:last]
	default:
		return false
	}
	return true
}

// into begins an inlined template. It sees no variables but $, which is what it is called with.
func (c *compiler) into(pipe *parse.PipeNode) {
	o := op{code: opInto}
	if pipe != nil {
		o.value = c.pipe(pipe)
	}
	vars, slots := c.vars, c.slots
	o.slot, o.index = c.slot(), c.slot()
	c.vars = []variable{{"$", o.index}}
	c.emit(o)
	c.around = append(c.around, func() {
		c.emit(op{code: opBack, slot: o.slot})
		c.vars, c.slots = vars, slots
	})
}

// branch compiles a condition.
func (c *compiler) branch(n *parse.BranchNode, o code) {
	defer c.scope()()
	v := c.declaring(n.Pipe)
	slot := c.slot()
	unless := c.emit(op{code: o, value: v, slot: slot})
	end := c.scope()
	c.list(n.List)
	end()
	if o == opWith {
		c.emit(op{code: opBack, slot: slot})
	}
	if n.ElseList == nil {
		c.ops[unless].to = c.here()
		return
	}
	jump := c.emit(op{code: opJump})
	c.ops[unless].to = c.here()
	c.list(n.ElseList)
	c.ops[jump].to = c.here()
}

// declaring compiles the pipeline of a condition, which may declare a variable.
func (c *compiler) declaring(pipe *parse.PipeNode) *value {
	v := c.pipe(pipe)
	switch {
	case len(pipe.Decl) == 0:
		return v
	case len(pipe.Decl) > 1 || pipe.IsAssign:
		c.unknown(pipe)
	}
	slot := c.declare(pipe.Decl[0].Ident[0])
	c.emit(op{code: opSet, value: v, slot: slot})
	return &value{kind: valueVariable, slot: slot}
}

// ranges compiles a range.
func (c *compiler) ranges(n *parse.RangeNode) {
	defer c.scope()()
	o := op{code: opRange, value: c.pipe(n.Pipe), slot: c.slot(), depth: len(c.loops), index: -1, element: -1}
	switch d := n.Pipe.Decl; {
	case n.Pipe.IsAssign || len(d) > 2:
		c.unknown(n)
	case len(d) == 2:
		o.index, o.element = c.declare(d[0].Ident[0]), c.declare(d[1].Ident[0])
	case len(d) == 1:
		o.element = c.declare(d[0].Ident[0])
	}
	begin := c.emit(o)
	l := &loop{}
	c.loops = append(c.loops, l)
	c.depth = max(c.depth, len(c.loops))
	body := c.here()
	end := c.scope()
	c.list(n.List)
	end()
	c.loops = c.loops[:len(c.loops)-1]
	for _, jump := range l.continues {
		c.ops[jump].to = c.here()
	}
	o.code, o.to = opNext, body
	c.emit(o)
	for _, jump := range l.breaks {
		c.ops[jump].to = c.here()
	}
	c.emit(op{code: opBack, slot: o.slot})
	c.ops[begin].to = c.here()
	if n.ElseList == nil {
		return
	}
	jump := c.emit(op{code: opJump})
	c.ops[begin].to = c.here()
	c.list(n.ElseList)
	c.ops[jump].to = c.here()
}
