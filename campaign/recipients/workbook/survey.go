package workbook

import (
	"context"
	"io"

	"mailshot/campaign/recipients/workbook/strictxml"
)

// Count is how many rows one sheet of a workbook has.
type Count struct {
	Name       string
	Hidden     bool // the sheet itself
	Rows       int  // with cells, without hidden ones
	HiddenRows int  // with cells, by hand or by a filter
	Err        error
}

// Survey counts the rows of all sheets of the workbook that s is one of, in their order. Count.Err, an [*Error], says why
// not all of a sheet could be read. The error is an [*Error], or the end of ctx.
func (s *Sheet) Survey(ctx context.Context) ([]Count, error) {
	b, err := Open(s.book.in, s.book.size)
	if err != nil {
		return nil, err
	}
	var all []Count
	for _, entry := range b.sheets {
		c := Count{Name: entry.name, Hidden: entry.hidden}
		each := &Sheet{book: b, title: entry.name, styles: b.styles, shared: s.shared, hidden: Skip, width: 1, clock: b.clock, most: maxCells}
		each.area, _ = parseArea("") // all of it is no mistake
		if each.part, err = b.open(entry.path, maxSheet); err == nil {
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
