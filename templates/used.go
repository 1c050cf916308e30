package templates

import (
	"slices"
	"text/template/parse"
)

// used is what templates print of a message's own row, that is outside .rows.
type used struct {
	columns   []string
	anyColumn bool // which columns is not known before there is a row
}

// Used are the columns that the texts compiled so far take from the message's own row, and not from one of .rows. The
// rows of a group must agree in them. all says that they may take any column.
func (c *Compiler) Used() (columns []string, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.used.columns), c.anyColumn
}

// use notes that a template takes a column of its row; "" stands for any of them.
func (k *checker) use(column string) {
	c := k.set.c
	if !k.notes || c.cfg.eachRow {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if column == "" {
		c.anyColumn = true
	} else if !slices.Contains(c.used.columns, column) {
		c.used.columns = append(c.used.columns, column)
	}
}

// passed looks at the arguments of a function, which have these shapes, for the row itself. A function that takes it
// with the name of a column takes that column.
func (k *checker) passed(u *unit, c *parse.CommandNode, shapes []shape) {
	id, ok := c.Args[0].(*parse.IdentifierNode)
	if !ok {
		return
	}
	if id.Ident == "col" && len(c.Args) == 2 {
		if name, ok := c.Args[1].(*parse.StringNode); !ok {
			k.use("")
		} else if k.column(u, name, &name.Text) {
			k.use(name.Text)
		}
		return
	}
	if id.Ident == "sum" && len(c.Args) == 3 {
		if name, ok := c.Args[2].(*parse.StringNode); ok {
			k.column(u, name, &name.Text)
		}
	}
	for i, of := range shapes[1:] {
		switch {
		case of != rowShape && of != memberShape:
		case i > 0 || len(c.Args) != 3 || !slices.Contains([]string{"index", "has", "opt"}, id.Ident):
			if of == rowShape {
				k.use("")
			}
		default:
			k.named(u, id.Ident, c.Args[2], of)
		}
	}
}

// named is the column that index, has or opt name of a row.
func (k *checker) named(u *unit, function string, n parse.Node, of shape) {
	name, ok := n.(*parse.StringNode)
	if ok && function == "index" && !k.column(u, name, &name.Text) {
		return
	}
	switch {
	case of == memberShape:
	case !ok:
		k.use("")
	case slices.Contains(k.set.c.cfg.Columns, name.Text):
		k.use(name.Text)
	}
}
