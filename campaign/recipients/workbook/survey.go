package workbook

import (
	"context"
	"io"

	"mailshot/campaign/recipients/workbook/strictxml"
)

// Count is the number of rows of one sheet.
type Count struct {
	Name       string
	Hidden     bool  // the sheet itself is hidden
	Rows       int   // visible rows with cells
	HiddenRows int   // rows with cells that are hidden by hand or by a filter
	Err        error // an *Error: why the sheet could not be read to its end
}

// Survey counts the rows of every sheet of the workbook that s belongs to, in their order. The error is an [*Error],
// or the end of ctx.
func (s *Sheet) Survey(ctx context.Context) ([]Count, error) {
	b, err := Open(s.book.in, s.book.size)
	if err != nil {
		return nil, err
	}
	var all []Count
	for _, entry := range b.sheets {
		c := Count{Name: entry.name, Hidden: entry.hidden}
		each := &Sheet{book: b, title: entry.name, styles: b.styles, shared: s.shared, hidden: Skip, width: 1,
			clock: b.clock, most: maxCells}
		each.area, _ = parseArea("") // the whole sheet is a valid range
		if each.part, err = b.openSheet(entry); err == nil {
			err = each.count(ctx, &c)
			each.part.Close()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != io.EOF {
			c.Err = err
		}
		all = append(all, c)
	}
	return all, nil
}

// count reads the sheet to its end.
func (s *Sheet) count(ctx context.Context, c *Count) (err error) {
	s.xml = strictxml.New(s.part)
	for err == nil {
		if err = ctx.Err(); err != nil {
			return err
		}
		if _, err = s.Next(); err == nil {
			c.Rows++
		}
	}
	c.HiddenRows = s.hiddenRows
	return err
}
