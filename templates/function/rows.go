package function

import (
	"fmt"
	"math"
	"math/big"
)

// Member is one row of a group, for .rows.
type Member struct {
	Place string          // of the row in its list
	Cells []Cell          // in the order of the columns
	Named map[string]Cell // by column, in place of Cells: for a message whose own row is by names
}

// rows are the rows of a message's group, which a template sees as .rows, each by its columns.
type rows []map[string]any

// place is where a row has its place. It cannot be a column's name.
const place = "\x00place"

// String says how many there are: rows are not printed as a whole.
func (r rows) String() string { return fmt.Sprintf("%d rows", len(r)) }

func rowsOf(columns []string, group []Member) rows {
	r := make(rows, len(group))
	for i, m := range group {
		r[i] = cellsOf(columns, m.Cells)
		for name, c := range m.Named {
			r[i][name] = c.Datum()
		}
		r[i][place] = m.Place
	}
	return r
}

func groups() []entry {
	return []entry{
		{Function{"sum", "sum .rows NAME", "with recipients.group: the sum of a column over the message's rows, exact to " +
			"the last decimal. A cell that is empty, or not a number, is an error", `{{sum .rows "amount" | num 2}}`, "1,851.75"},
			func(ex *Execution) any { return sum }},
		{Function{"count", "count .rows", "with recipients.group: how many rows the message has", `{{count .rows}}`, "2"},
			func(ex *Execution) any { return count }},
	}
}

// sum adds up a column of the group's rows, as their cells were read.
func sum(of any, column string) (cell, error) {
	all, ok := of.(rows)
	if !ok {
		return nil, Advice{"this sums up the rows of a group", `write sum .rows "amount"; for numbers there is add`}
	}
	total := new(big.Rat)
	for _, m := range all {
		v, ok := m[column]
		if !ok {
			text, hint := UnknownColumn(column, sortedKeys(m))
			return nil, Advice{text, hint}
		}
		if isBlank(v) {
			return nil, Advice{fmt.Sprintf("%v: %s is empty", m[place], column), "write 0, or leave the row out with where"}
		}
		x, err := asNumber(v)
		if err != nil {
			return nil, Advice{fmt.Sprintf("%v: %s: %v", m[place], column, err),
				"declare the column: columns: { " + column + ": number }"}
		}
		total.Add(total, rat(x))
	}
	f, _ := total.Float64()
	if math.IsInf(f, 0) || rat(f).Cmp(total) != 0 {
		return nil, Advice{fmt.Sprintf("the sum of %s has more digits than a number keeps", column), ""}
	}
	return numberCell(f), nil
}

// count is the number of the group's rows.
func count(of any) (cell, error) {
	all, ok := of.(rows)
	if !ok {
		return nil, Advice{"this counts the rows of a group", "write count .rows; for texts and lists there is len"}
	}
	return whole(len(all)), nil
}

// RowOf is a row of what a template sees as .rows, as functions take it.
func RowOf(v any, i int) (cells map[string]any, ok bool) {
	all, ok := v.(rows)
	if !ok || i < 0 || i >= len(all) {
		return nil, false
	}
	return all[i], true
}
