package whole

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/check"
)

// tally is what is kept about the amounts at one place of the templates.
type tally struct {
	n, moneys, priced, positive, blank int64
	zero, negative, fine               rows
	spread                             spread // of the amounts above 0
}

func (t *tally) add(v value, place string, a *amount) {
	if v.kind == none {
		return
	}
	t.n++
	switch v.kind {
	case money:
		t.moneys++
	case priced:
		t.priced++
	}
	if v.decimals > 2 {
		t.fine.add(place, strconv.FormatFloat(v.v, 'f', -1, 64))
	}
	switch {
	case v.v == 0 || a.certain && a.decimals == 2 && math.Abs(v.v) < 0.005:
		if t.zero.add(place, ""); v.blank {
			t.blank++
		}
	case v.v < 0:
		t.negative.add(place, strconv.FormatFloat(v.v, 'f', -1, 64))
	default:
		t.positive++
		t.spread.add(v.v, place)
	}
}

// The rules of amounts.
const (
	fewAmounts = 5   // with fewer, nothing is said about large amounts and decimals
	fewSigns   = 3   // with fewer, nothing is said about amounts of zero or less
	amountGap  = 10  // times the next largest
	amountOdd  = 100 // times the median
)

// sure returns how many of the cells are certainly amounts.
func (t *tally) sure(a *amount) int64 {
	switch {
	case a.certain || a.beside:
		return t.n
	case a.named:
		return t.priced + t.moneys
	}
	return t.priced
}

func (t *tally) findings(a *amount, columns []Column) (found []check.Finding) {
	if sure := t.sure(a); t.n == 0 || sure*5 < t.n*4 {
		return nil
	}
	name := "." + columns[a.column].Name
	if a.sum {
		name = "the sum of " + columns[a.column].Name
	}
	few := max(1, t.n/10)
	if !a.asked && t.n > 1 && t.zero.n == t.n {
		return []check.Finding{saidAt(a.at.error(), "amount-zero", fmt.Sprintf("%s is 0 in all %d messages", name, t.n),
			"look at the column: does the list come from the right sheet, with its formulas worked out?")}
	}
	if !a.asked && t.n >= fewSigns && t.zero.n > 0 && t.zero.n <= few {
		text := fmt.Sprintf("%s is 0, and it is above 0 in %d other messages", name, t.positive)
		if t.blank == t.zero.n {
			text = fmt.Sprintf("%s is empty, so the message says 0; it is above 0 in %d other messages", name, t.positive)
		}
		found = append(found, saidOf("amount-zero", &t.zero, text,
			"correct the cell, leave the row out with where, or say in the template what is written then: {{if "+name+"}}"))
	}
	if !a.asked && t.n >= fewSigns && t.negative.n > 0 && t.negative.n <= few && t.negative.n+t.zero.n+t.positive == t.n {
		found = append(found, saidOf("amount-negative", &t.negative,
			fmt.Sprintf("%s is %s, and it is above 0 in %d other messages", name, t.negative.said, t.positive),
			"correct the cell, leave the row out with where, or say in the template what is written then"))
	}
	if large, next := t.spread.apart(t.spread.high, amountGap, amountOdd, fewAmounts); large != nil && !a.mixed {
		found = append(found, saidOf("amount-large", rowsOf(large), fmt.Sprintf(
			"%s is %s, and the largest of the %d others is %s", name, amountText(large[0].v),
			t.spread.n-int64(len(large)), amountText(next.v)), "look at the cell: a point or a comma may be missing"))
	}
	if a.certain && !a.sum && a.decimals == 2 && t.fine.n > 0 && t.n >= fewAmounts && t.fine.n <= few {
		found = append(found, saidOf("amount-decimals", &t.fine, fmt.Sprintf(
			"%s is %s, and no amount of the %d others has more than 2 decimals", name, t.fine.said, t.n-t.fine.n),
			"look at the cell: 1.234 may stand for 1234, and recipients.locale says how numbers are written"))
	}
	return found
}

func amountText(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// asked is what is kept about one comparison.
type asked struct {
	equal, empty, other int64
	near                rows
	cells               []string // mostCells of those that are not equal
}

// mostCells is how many cells a finding quotes.
const mostCells = 3

func (k *asked) add(a answer, cell, place string) {
	switch a {
	case empty:
		k.empty++
	case equal:
		k.equal++
	case near:
		k.near.add(place, cell)
	case other:
		if k.other++; len(k.cells) < mostCells && !slices.Contains(k.cells, cell) {
			k.cells = append(k.cells, strings.Clone(cell))
		}
	}
}

func (k *asked) findings(c *condition, w *Watch) []check.Finding {
	name := w.name(c.column)
	if k.near.n > 0 && !w.alsoCompared(c, k.near.said) {
		f := saidAt(c.at.error(), "condition-spelling", fmt.Sprintf(
			"%s is compared with %s, and for %s it is %s: that is not the same",
			name, c.texts(), k.near.list(), quote(k.near.said)),
			"write the cells in one way, or compare {{lower (trim "+name+")}}")
		if k.near.n > 1 {
			f.Rows, f.Places = k.near.n, k.near.first
		} else {
			f.Places = k.near.first
		}
		return []check.Finding{f}
	}
	if text := k.never(c, w); text != "" {
		return []check.Finding{saidAt(c.at.error(), "condition-never", text, "nothing, if this list has no such row")}
	}
	return nil
}

// never says that no row has the text that a column is compared with; "" if a row has it, or has nearly the same.
func (k *asked) never(c *condition, w *Watch) string {
	if k.equal > 0 || k.near.n > 0 || k.other < someAlike {
		return ""
	}
	cells := make([]string, len(k.cells))
	for i, cell := range k.cells {
		cells[i] = quote(cell)
	}
	more := ""
	if len(cells) == mostCells {
		more = ", …"
	}
	return fmt.Sprintf("%s is compared with %s, and no row has that; the cells are %s%s", w.name(c.column), c.texts(),
		strings.Join(cells, ", "), more)
}

// texts are the texts that a column is compared with.
func (c *condition) texts() string {
	with := make([]string, len(c.with))
	for i, text := range c.with {
		with[i] = quote(text)
	}
	return strings.Join(with, " or ")
}

// name is a column as templates write it.
func (w *Watch) name(column int) string { return "." + w.c.Columns[column].Name }

// alsoCompared says whether another comparison of the column is with this cell: then its spelling is known.
func (w *Watch) alsoCompared(c *condition, cell string) bool {
	return slices.ContainsFunc(w.conditions, func(other condition) bool {
		return other.column == c.column && slices.Contains(other.with, cell)
	})
}
