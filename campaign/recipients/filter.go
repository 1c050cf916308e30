package recipients

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"

	"mailshot/campaign/recipients/expression"
	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
)

// filter is a compiled where expression.
type filter struct {
	text    string
	place   string
	program *vm.Program
	header  *Header
	names   []int  // columns that it names, by index
	uses    uint64 // the same as bits; columns from 63 on share the last bit
	unlike  *Fault // a text of the expression that cannot be found in folded cells
}

// Filter compiles an expression over the columns, as in where and --only. A column is a variable if its name can be
// one, and is row["any name"] in any case. Typed columns have their type, and are nil where the cell is empty. An
// unknown column or a wrong type is a [*Fault] with the place in the expression. The returned function is safe for
// concurrent use; its error is a [*Fault] with the row's place. "" is true for all rows, and a group is chosen if one
// of its rows is.
func (h *Header) Filter(expression string) (func(*Row) (bool, error), error) {
	if expression == "" {
		return func(*Row) (bool, error) { return true, nil }, nil
	}
	f, err := h.compile(expression, "")
	if err != nil {
		return nil, err
	}
	return func(r *Row) (yes bool, err error) {
		for i := 0; !yes && i < max(len(r.Group), 1); i++ {
			one, wrong := r, (*Fault)(nil)
			if r.Group != nil {
				one = r.Group[i]
			}
			if yes, wrong = f.match(one); wrong != nil {
				wrong.Place = one.Place
				return false, wrong
			}
		}
		return yes, nil
	}, nil
}

func (h *Header) compile(text, place string) (*filter, error) {
	if place == "" {
		place = "where"
	}
	columns := types.Map{}
	for _, c := range h.Columns {
		columns[c.Name] = c.Type.expr()
	}
	env := types.Map{"row": columns}
	for name, t := range columns {
		if name != "row" {
			env[name] = t
		}
	}
	f := &filter{text: text, place: place, header: h}
	program, err := expr.Compile(text, expr.Env(env), expr.AsBool(),
		expr.Patch(visitor{f, map[*ast.StringNode]string{}}))
	if f.unlike != nil {
		return nil, f.unlike
	}
	if err != nil {
		return nil, f.fault(err)
	}
	f.program = program
	return f, nil
}

// expr is the type in filters. Typed columns are pointers because a cell may be empty: only pointers may be compared
// with nil.
func (t Type) expr() types.Type {
	switch t {
	case Number:
		return types.TypeOf((*float64)(nil))
	case Date:
		return types.TypeOf((*time.Time)(nil))
	case Bool:
		return types.TypeOf((*bool)(nil))
	}
	return types.String
}

// visitor notes which columns an expression names, by their names in the list. It folds the texts of the expression,
// as match folds the cells.
type visitor struct {
	f       *filter
	written map[*ast.StringNode]string // texts as written: one may turn out to be the name of a column
}

func (v visitor) Visit(node *ast.Node) {
	var name *string
	as := ""
	switch n := (*node).(type) {
	case *ast.StringNode:
		v.written[n] = n.Value
		like := folding.Text(n.Value)
		if like == "" && n.Value != "" { // every folded cell contains "", and none contains a joiner
			v.refuse(n, fault.Quote(n.Value)+" makes no difference in where, so no cell can be found by it",
				"look for the letters beside it, or leave it out")
		}
		n.Value = like
	case *ast.BinaryNode:
		v.binary(n)
	case *ast.IdentifierNode:
		name, as = &n.Value, n.Value
	case *ast.MemberNode:
		if s, ok := n.Property.(*ast.StringNode); ok {
			name, as = &s.Value, v.written[s]
		}
	}
	if as == "" {
		return
	}
	*name = as
	if i := v.f.header.Index(as); i >= 0 {
		*name = v.f.header.Columns[i].Name
		v.f.names = append(v.f.names, i)
		v.f.uses |= 1 << min(i, 63)
	}
}

// binary handles the operators for which a text is more than a text to compare with.
func (v visitor) binary(n *ast.BinaryNode) {
	switch n.Operator {
	case "matches":
		s, ok := n.Right.(*ast.StringNode)
		if !ok || v.written[s] == "" {
			return
		}
		if s.Value != v.written[s] || strings.Contains(s.Value, `\x`) {
			v.refuse(s, "letters of this pattern have other forms in cells, which where takes for the same: "+
				"the pattern would find other cells than it says",
				"write ی, ک and the digits 0 to 9 in it, no tatweel, no joiner and no \\x; or compare with ==")
		}
	case "in":
		s, ok := n.Left.(*ast.StringNode)
		row, of := n.Right.(*ast.IdentifierNode)
		if !ok || !of || row.Value != "row" {
			return
		}
		s.Value = v.written[s]
		if i := v.f.header.Index(s.Value); i >= 0 {
			s.Value = v.f.header.Columns[i].Name
		}
	}
}

// refuse reports a text of the expression as a mistake.
func (v visitor) refuse(n *ast.StringNode, text, hint string) {
	if v.f.unlike == nil {
		v.f.unlike = v.f.fault(&file.Error{Location: n.Location(), Message: text, Line: 1, Column: n.Location().From})
		v.f.unlike.Hint = hint
	}
}

// match runs the filter. Its fault does not have a place yet.
func (f *filter) match(r *Row) (bool, *Fault) {
	values := r.Values()
	env := make(map[string]any, len(values)+1)
	for k, v := range values {
		if text, ok := v.(string); ok {
			v = folding.Text(text)
			values[k] = v
		}
		env[k] = v
	}
	env["row"] = values
	out, err := expr.Run(f.program, env)
	if err == nil {
		if yes, ok := out.(bool); ok {
			return yes, nil
		}
		err = fmt.Errorf("the result is %v, neither true nor false", out)
	}
	for _, i := range f.names {
		if name := f.header.Columns[i].Name; values[name] == nil {
			return false, &Fault{
				Code: "where-failed", Text: fmt.Sprintf("where: %s is empty here", fault.Quote(name)), Excerpt: f.text,
				Hint: fmt.Sprintf("fill the cell, or write row[%q] != nil && …", name),
			}
		}
	}
	wrong := f.fault(err)
	wrong.Code, wrong.Text = "where-failed", "where: "+wrong.Text
	return false, wrong
}

// fault turns an error of the library into one with a place, an excerpt and a column.
func (f *filter) fault(err error) *Fault {
	out := &Fault{Code: "bad-where", Place: f.place, Text: err.Error(), Excerpt: f.text}
	var fe *file.Error
	if errors.As(err, &fe) {
		out.Text = fe.Message
		lines := strings.Split(f.text, "\n")
		if fe.Line >= 1 && fe.Line <= len(lines) {
			out.Excerpt = lines[fe.Line-1]
			out.Column = min(fe.Column, utf8.RuneCountInString(out.Excerpt)) + 1
		}
	}
	text, hint, missing := expression.Explain(out.Text, out.Excerpt, out.Column, f.header.names())
	out.Text, out.Hint = text, hint
	if missing != "" {
		if out.Code = "missing-column"; hint == "" {
			out.Hint = f.header.hint(missing)
		}
	}
	return out
}
