package program

import (
	"reflect"
	"strings"
	"text/template/parse"

	"mailshot/templates/function"
)

// kind says how a value is worked out.
type kind uint8

const (
	valueFixed    kind = iota // a constant
	valueDot                  // the dot
	valueRow                  // the row, whatever the dot is
	valueVariable             // the variable slot
	valueField                // a column of the row of, or a field of its mailshot
	valueHas                  // whether the row of has the column with something in it
	valueOpt                  // a column of the row of, or nothing
	valueCall                 // a function's result
	valueAnd                  // the first of args that counts as false, else the last
	valueOr                   // the first of args that counts as true, else the last
	valueNot                  // the opposite of args[0]
)

// value is an expression of a template.
type value struct {
	kind  kind
	slot  int // of a variable, a column or a function
	name  string
	fixed any
	of    *value
	args  []*value
	final bool // of valueAnd and valueOr: the last of args comes through a pipe, so it is always worked out
}

// These are the fields of a row that are not columns; of rowGroup only where the row has a group.
const (
	rowMailshot = "mailshot"
	rowGroup    = "rows"
)

// These stand for the row, its mailshot, its group, and a row of the group by its number. So no map is made of them.
type (
	row      struct{}
	mailshot struct{}
	group    struct{}
	member   int
)

var anyType = reflect.TypeFor[any]()

// escapers parts a pipeline from the escapers that html/template has put at its end.
func (c *compiler) escapers(pipe *parse.PipeNode) (*parse.PipeNode, escape) {
	n := len(pipe.Cmds)
	for n > 0 && strings.HasPrefix(called(pipe.Cmds[n-1]), escaperPrefix) {
		n--
	}
	if n == 0 {
		c.unknown(pipe)
	}
	var names []string
	for _, cmd := range pipe.Cmds[n:] {
		if len(cmd.Args) != 1 {
			c.unknown(pipe)
		}
		names = append(names, called(cmd))
	}
	rest := *pipe
	rest.Cmds = pipe.Cmds[:n]
	return &rest, c.p.escape(names)
}

// called returns the function that a command calls, or "".
func called(cmd *parse.CommandNode) string {
	if id, ok := cmd.Args[0].(*parse.IdentifierNode); ok {
		return id.Ident
	}
	return ""
}

// pipe compiles a pipeline. What it declares is the caller's part.
func (c *compiler) pipe(p *parse.PipeNode) *value {
	var v *value
	for _, cmd := range p.Cmds {
		v = c.command(cmd, v)
	}
	return v
}

// command compiles a command. final is what comes to it through a pipe, or nil.
func (c *compiler) command(cmd *parse.CommandNode, final *value) *value {
	if name := called(cmd); name != "" {
		return c.function(cmd, name, cmd.Args[1:], final)
	}
	if len(cmd.Args) > 1 || final != nil {
		c.unknown(cmd)
	}
	return c.operand(cmd.Args[0])
}

// operand compiles what is not a function with arguments.
func (c *compiler) operand(n parse.Node) *value {
	switch n := n.(type) {
	case *parse.DotNode:
		return &value{kind: valueDot}
	case *parse.FieldNode:
		return c.fields(&value{kind: valueDot}, n.Ident)
	case *parse.VariableNode:
		return c.fields(&value{kind: valueVariable, slot: c.find(n, n.Ident[0])}, n.Ident[1:])
	case *parse.ChainNode:
		return c.fields(c.operand(n.Node), n.Field)
	case *parse.PipeNode:
		if len(n.Decl) > 0 {
			c.unknown(n)
		}
		return c.pipe(n)
	case *parse.IdentifierNode:
		return c.function(n, n.Ident, nil, nil)
	case *parse.BoolNode:
		return &value{fixed: n.True}
	case *parse.StringNode:
		return &value{fixed: n.Text}
	case *parse.NumberNode:
		return c.number(n)
	}
	c.unknown(n)
	return nil
}

// number compiles a number where any value may stand. Its writing says what it is, as for the engine.
func (c *compiler) number(n *parse.NumberNode) *value {
	isRune := strings.HasPrefix(n.Text, "'")
	isHex := len(n.Text) > 2 && strings.EqualFold(n.Text[:2], "0x") && !strings.ContainsAny(n.Text, "pP")
	switch {
	case n.IsComplex:
	case n.IsFloat && !isHex && !isRune && strings.ContainsAny(n.Text, ".eEpP"):
		return &value{fixed: n.Float64}
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		return &value{fixed: int(n.Int64)}
	}
	c.unknown(n)
	return nil
}

func (c *compiler) fields(v *value, names []string) *value {
	for _, name := range names {
		v = &value{kind: valueField, of: v, name: name, slot: c.p.column(name)}
	}
	return v
}

// function compiles a call.
func (c *compiler) function(n parse.Node, name string, args []parse.Node, final *value) *value {
	switch name {
	case "and", "or":
		v := &value{kind: valueAnd, args: c.arguments(args), final: final != nil}
		if name == "or" {
			v.kind = valueOr
		}
		if final != nil {
			v.args = append(v.args, final)
		}
		if len(v.args) == 0 {
			c.unknown(n)
		}
		return v
	case "not":
		v := &value{kind: valueNot, args: c.arguments(args)}
		if final != nil {
			v.args = append(v.args, final)
		}
		if len(v.args) != 1 {
			c.unknown(n)
		}
		return v
	case function.Range: // opRange looks at what it goes over itself
		if len(args) == 0 && final != nil {
			return final
		}
	}
	if v := c.column(name, args, final); v != nil {
		return v
	}
	return c.call(n, name, args, final)
}

// column compiles the functions that ask for a column by a name that is known now. It returns nil for any other.
func (c *compiler) column(name string, args []parse.Node, final *value) *value {
	if final != nil || len(args) == 0 {
		return nil
	}
	column, ok := args[len(args)-1].(*parse.StringNode)
	if !ok || column.Text == rowMailshot {
		return nil
	}
	v := &value{name: column.Text}
	switch {
	case name == "col" && len(args) == 1:
		v.kind, v.of = valueField, &value{kind: valueRow}
	case name == "index" && len(args) == 2:
		v.kind = valueField
	case name == "has" && len(args) == 2:
		v.kind = valueHas
	case name == "opt" && len(args) == 2:
		v.kind = valueOpt
	default:
		return nil
	}
	if v.of == nil {
		v.of = c.operand(args[0])
	}
	v.slot = c.p.column(column.Text)
	return v
}

// call compiles a call of a function of Config.Map. How many arguments it takes, and which constants, is known now.
func (c *compiler) call(n parse.Node, name string, args []parse.Node, final *value) *value {
	slot, typ := c.p.call(name)
	if slot < 0 {
		c.unknown(n)
	}
	v := &value{kind: valueCall, slot: slot, name: name}
	given, fixed := len(args), typ.NumIn()
	if final != nil {
		given++
	}
	if typ.IsVariadic() {
		fixed--
	}
	if given < fixed || given > fixed && !typ.IsVariadic() {
		c.unknown(n)
	}
	for i, arg := range args {
		var in reflect.Type
		if i < fixed {
			in = typ.In(i)
		} else if in = typ.In(fixed).Elem(); in != anyType {
			c.unknown(n)
		}
		v.args = append(v.args, c.argument(arg, in))
	}
	if final != nil {
		v.args = append(v.args, final)
	}
	return v
}

func (c *compiler) arguments(args []parse.Node) []*value {
	var all []*value
	for _, arg := range args {
		all = append(all, c.argument(arg, anyType))
	}
	return all
}

// argument compiles an argument of a type. A constant must be of that type, while any other value is looked at when it
// is known.
func (c *compiler) argument(n parse.Node, in reflect.Type) *value {
	fits := true
	switch n := n.(type) {
	case *parse.StringNode:
		fits = in == anyType || in.Kind() == reflect.String
	case *parse.BoolNode:
		fits = in == anyType || in.Kind() == reflect.Bool
	case *parse.NumberNode:
		if in.Kind() == reflect.Int {
			if !n.IsInt {
				c.unknown(n)
			}
			return &value{fixed: int(n.Int64)}
		}
		fits = in == anyType
	case *parse.NilNode:
		fits = false
	}
	if !fits {
		c.unknown(n)
	}
	return c.operand(n)
}
