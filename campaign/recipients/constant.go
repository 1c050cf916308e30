package recipients

import (
	"fmt"
	"slices"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
)

// Constant is a column that a list does not have, with one text in all rows.
type Constant struct {
	Name  string
	Text  string
	Place string // where it is set, for errors; default the list's place
}

// constants adds the columns that the campaign sets to those of the list.
func (b *binding) constants() {
	h := &b.l.header
	own := len(h.Columns)
	for _, c := range b.l.cfg.Set {
		if i := h.Index(c.Name); i >= 0 && i < own {
			place := c.Place
			if place == "" {
				place = b.place
			}
			b.errs = append(b.errs, &Fault{Code: "duplicate-header", Place: place,
				Text: fmt.Sprintf("%s is set here, and is also a column of the list: %s, column %s (%s)", fault.Quote(c.Name),
					b.place, columnLabel(i, b.rec), fault.Quote(h.Columns[i].Name)),
				Hint: "one name is one value: rename one of them"})
		}
		h.Columns = append(h.Columns, Column{Name: columnName(c.Name), Type: Text})
	}
}

// own is how many columns the list itself has.
func (l *List) own() int { return len(l.header.Columns) - len(l.cfg.Set) }

// completed is a record of the list with the values of the columns that the campaign sets.
func (l *List) completed(rec record) record {
	for _, c := range l.cfg.Set {
		rec.fields = append(slices.Clip(rec.fields), c.Text)
		if rec.cells != nil {
			rec.cells = append(slices.Clip(rec.cells), value.Cell{})
		}
	}
	return rec
}
