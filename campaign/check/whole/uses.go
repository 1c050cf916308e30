package whole

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"mailshot/templates/source"
)

// amount is a place of a template that prints a column, or the sum of a column over the rows of a group, as an amount.
type amount struct {
	at       spot
	column   int      // of the list
	sum      bool     // over the rows of the group
	certain  bool     // the template says so: money, or num with decimals. Otherwise the cells decide
	beside   bool     // a currency is beside it
	named    bool     // the column is called amount, or the like
	mixed    bool     // its currency comes from the row, so that amounts cannot be compared
	asked    bool     // the template tests the column, and so handles such amounts
	decimals int      // how many are printed; -1 = as many as in the cell
	instead  *float64 // what counts if the cell is empty; nil = nothing
}

// condition is a comparison of a column with texts.
type condition struct {
	at     spot
	column int
	with   []string
}

// spot is an offset of a source. Its line is counted only when it is reported, because each action of a template has a
// spot.
type spot struct {
	form *source.Form
	off  int
}

// error is an error there, without a text.
func (s spot) error() *source.Error { return s.form.ErrorAt(s.off, "", "", "") }

// walk goes through one source.
type walk struct {
	w       *Watch
	form    *source.Form
	inner   bool // the dot is not the row
	vars    map[string]int
	asked   map[int]bool
	amounts []amount
	subject bool
	first   *source.Error // the first place with a column
	literal strings.Builder
}

// remark matches an HTML comment, except comments for Outlook.
var remark = regexp.MustCompile(`(?s)<!--[^\[].*?-->`)

// shown returns a source with blanks in place of its comments: no message contains what a comment prints.
func shown(s *source.Source) *source.Source {
	if !strings.Contains(s.Text, "<!--") {
		return s
	}
	is := *s
	is.Text = remark.ReplaceAllStringFunc(s.Text, func(comment string) string {
		return strings.Map(func(r rune) rune {
			if r == '\n' {
				return r
			}
			return ' '
		}, comment)
	})
	return &is
}

// uses goes through a source.
func (w *Watch) uses(s *source.Source, subject bool) *walk {
	s = shown(s)
	l := &walk{w: w, form: source.Verbatim(s), vars: map[string]int{}, asked: map[int]bool{}, subject: subject}
	trees, err := l.form.Parse("whole")
	if err != nil {
		return l
	}
	names := make([]string, 0, len(trees))
	for name := range trees {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		l.list(trees[name].Root)
	}
	for _, a := range l.amounts {
		a.asked = l.asked[a.column]
		known := slices.IndexFunc(w.amounts, func(b amount) bool { return a.column == b.column && a.sum == b.sum })
		switch {
		case known < 0:
			w.amounts = append(w.amounts, a)
		case a.certain && !w.amounts[known].certain:
			a.asked = a.asked || w.amounts[known].asked
			w.amounts[known] = a
		default:
			w.amounts[known].asked = w.amounts[known].asked || a.asked
			w.amounts[known].beside = w.amounts[known].beside || a.beside
			w.amounts[known].named = w.amounts[known].named || a.named
		}
	}
	return l
}

func (l *walk) list(n *parse.ListNode) {
	if n == nil {
		return
	}
	for i, one := range n.Nodes {
		switch one := one.(type) {
		case *parse.TextNode:
			l.literal.Write(one.Text)
		case *parse.ActionNode:
			l.action(one, nextTo(n.Nodes, i))
		case *parse.IfNode:
			l.branch(&one.BranchNode, l.inner)
		case *parse.WithNode:
			l.branch(&one.BranchNode, true)
		case *parse.RangeNode:
			l.w.ranged = l.w.ranged || !mentionsRows(one.Pipe)
			l.branch(&one.BranchNode, true)
		}
	}
}

// branch goes through a condition or a loop. Its contents are printed only for some rows.
func (l *walk) branch(b *parse.BranchNode, inner bool) {
	l.ask(b.Pipe)
	was := l.inner
	l.inner = inner
	l.list(b.List)
	l.inner = was
	l.list(b.ElseList)
}

// nextTo returns the text beside an action in its line.
func nextTo(all []parse.Node, i int) string {
	beside := ""
	if i > 0 {
		if t, ok := all[i-1].(*parse.TextNode); ok {
			text := string(t.Text[max(0, len(t.Text)-besideBytes):])
			beside = text[strings.LastIndexByte(text, '\n')+1:]
		}
	}
	if i+1 < len(all) {
		if t, ok := all[i+1].(*parse.TextNode); ok {
			text, _, _ := strings.Cut(string(t.Text[:min(len(t.Text), besideBytes)]), "\n")
			beside += " " + text
		}
	}
	return beside
}

// action looks at what an action prints, or a variable gets.
func (l *walk) action(n *parse.ActionNode, beside string) {
	for _, c := range n.Pipe.Cmds {
		l.compare(c)
	}
	if len(n.Pipe.Decl) > 0 {
		if column := l.plainColumn(n.Pipe); column >= 0 && len(n.Pipe.Decl) == 1 {
			l.vars[n.Pipe.Decl[0].Ident[0]] = column
		}
		l.mention(n.Pipe, false)
		return
	}
	l.mention(n.Pipe, true)
	l.printed(n, beside)
}

// mention notes each column that a node takes from the message's own row.
func (l *walk) mention(n parse.Node, printed bool) {
	l.each(n, func(column int, pos parse.Pos) {
		at := spot{l.form, int(pos)}
		l.w.column(column, at, l.subject, printed)
		if l.first == nil {
			l.first = at.error()
		}
	})
}

// ask notes the columns of a condition, and with what it compares them.
func (l *walk) ask(p *parse.PipeNode) {
	l.each(p, func(column int, _ parse.Pos) { l.asked[column] = true })
	l.mention(p, false)
	for _, c := range p.Cmds {
		l.compare(c)
	}
}

// each calls do for each column of the message's own row that a node mentions.
func (l *walk) each(n parse.Node, do func(column int, at parse.Pos)) {
	switch n := n.(type) {
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			l.each(c, do)
		}
	case *parse.CommandNode:
		if column := l.columnOf(n); column >= 0 {
			do(column, n.Pos)
			return
		}
		for _, arg := range n.Args {
			l.each(arg, do)
		}
	case *parse.ChainNode:
		l.each(n.Node, do)
	default:
		if column := l.columnOf(n); column >= 0 {
			do(column, n.Position())
		}
	}
}

// columnOf returns the column of the message's own row that a node names; -1 if it names none.
func (l *walk) columnOf(n parse.Node) int {
	name := ""
	switch n := n.(type) {
	case *parse.FieldNode:
		if !l.inner && len(n.Ident) == 1 {
			name = n.Ident[0]
		}
	case *parse.VariableNode:
		if column, ok := l.vars[n.Ident[0]]; ok && len(n.Ident) == 1 {
			return column
		}
		if n.Ident[0] == "$" && len(n.Ident) == 2 {
			name = n.Ident[1]
		}
	case *parse.CommandNode:
		if len(n.Args) == 1 {
			return l.columnOf(n.Args[0])
		}
		id, ok := n.Args[0].(*parse.IdentifierNode)
		if !ok || id.Ident != "col" && id.Ident != "index" && id.Ident != "opt" {
			return -1
		}
		if text, ok := n.Args[len(n.Args)-1].(*parse.StringNode); ok && (id.Ident == "col" || !l.inner) {
			name = text.Text
		}
	case *parse.PipeNode:
		return l.plainColumn(n)
	}
	if name == "" || name == "mailshot" || name == "rows" {
		return -1
	}
	return l.w.c.Index(name)
}

// plainColumn returns the column, if a pipeline is a column and nothing else; otherwise -1.
func (l *walk) plainColumn(p *parse.PipeNode) int {
	if len(p.Cmds) != 1 {
		return -1
	}
	return l.columnOf(p.Cmds[0])
}

// compare finds comparisons of a column with texts, within whatever a command calls.
func (l *walk) compare(c *parse.CommandNode) {
	for _, arg := range c.Args {
		if p, ok := arg.(*parse.PipeNode); ok {
			for _, inner := range p.Cmds {
				l.compare(inner)
			}
		}
	}
	id, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok || id.Ident != "eq" && id.Ident != "ne" || len(c.Args) < 3 {
		return
	}
	column := l.columnOf(c.Args[1])
	if column < 0 || !l.w.c.Columns[column].Text {
		return
	}
	var with []string
	for _, arg := range c.Args[2:] {
		text, ok := arg.(*parse.StringNode)
		if !ok {
			return
		}
		if text.Text != "" {
			with = append(with, text.Text)
		}
	}
	if len(with) > 0 {
		l.w.conditions = append(l.w.conditions, condition{spot{l.form, int(c.Pos)}, column, with})
	}
}

// thousandths are the currencies with three decimals (ISO 4217).
var thousandths = []string{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}

// printed notes an action that prints an amount.
func (l *walk) printed(n *parse.ActionNode, beside string) {
	p := n.Pipe
	last := p.Cmds[len(p.Cmds)-1]
	a := amount{at: spot{l.form, int(n.Pos)}, decimals: -1}
	var of parse.Node = p
	if function, ok := last.Args[0].(*parse.IdentifierNode); ok {
		switch a.decimals = 2; function.Ident {
		case "money":
			a.certain = true
			code, ok := last.Args[min(1, len(last.Args)-1)].(*parse.StringNode)
			if a.mixed = !ok; ok && slices.Contains(thousandths, code.Text) {
				a.decimals = 3
			}
		case "num":
			n, ok := last.Args[min(1, len(last.Args)-1)].(*parse.NumberNode)
			if !ok || !n.IsInt || n.Int64 == 0 {
				return
			}
			a.certain, a.decimals = true, int(n.Int64)
		case "sum":
			a.decimals = -1
		default:
			a.decimals = -1
			if l.columnOf(last) < 0 {
				return
			}
		}
		if a.certain && len(p.Cmds) > 1 {
			of = &parse.PipeNode{NodeType: parse.NodePipe, Pos: p.Pos, Cmds: p.Cmds[:len(p.Cmds)-1]}
		} else if a.certain {
			of = last.Args[len(last.Args)-1]
		}
	}
	if l.value(of, &a) {
		a.beside = isCurrency(beside)
		a.named = slices.Contains(amountNames, strings.ToLower(l.w.c.Columns[a.column].Name))
		l.amounts = append(l.amounts, a)
	}
}

// value finds the column that an amount is of: .amount, default 0 .amount, or sum .rows "amount".
func (l *walk) value(n parse.Node, a *amount) bool {
	if a.column = l.columnOf(n); a.column >= 0 {
		return true
	}
	p, ok := n.(*parse.PipeNode)
	if !ok || len(p.Cmds) == 0 {
		return false
	}
	c := p.Cmds[len(p.Cmds)-1]
	id, ok := c.Args[0].(*parse.IdentifierNode)
	switch {
	case !ok:
	case id.Ident == "sum" && len(p.Cmds) == 1 && len(c.Args) == 3 && mentionsRows(c.Args[1]):
		if name, ok := c.Args[2].(*parse.StringNode); ok {
			a.column, a.sum, a.certain = l.w.c.Index(name.Text), true, true
		}
	case id.Ident == "default" && len(c.Args) >= 2:
		if len(p.Cmds) == 2 {
			a.column = l.columnOf(p.Cmds[0])
		} else if len(c.Args) == 3 {
			a.column = l.columnOf(c.Args[2])
		}
		if f, err := strconv.ParseFloat(strings.Trim(c.Args[1].String(), "\"`"), 64); err == nil {
			a.instead = &f
		}
	}
	return a.column >= 0
}

// mentionsRows says whether a node is .rows.
func mentionsRows(n parse.Node) bool {
	s := n.String()
	return s == ".rows" || s == "$.rows"
}
