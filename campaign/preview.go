package campaign

import (
	"context"
	"iter"

	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
)

// Messages makes the message of each row that where chooses ("" = all rows; row > 0 = only the data row with that
// number). The messages carry the present date, and nothing is kept. An error is a fault of the list, or ends it.
func (c *Campaign) Messages(ctx context.Context, where string, row int64) iter.Seq2[message.Made, error] {
	return func(yield func(message.Made, error) bool) {
		if err := c.openList(ctx); err != nil {
			yield(message.Made{}, err)
			return
		}
		choose, err := c.filter(where)
		if err != nil {
			yield(message.Made{}, err)
			return
		}
		for r, err := range c.list.Rows(ctx) {
			if err != nil {
				if !yield(message.Made{}, err) {
					return
				}
				continue
			}
			if row > 0 && r.Number != row {
				continue
			}
			if ok, err := choose(r); err != nil || !ok {
				if err != nil && !yield(message.Made{Row: r, Err: err}, nil) {
					return
				}
				continue
			}
			if !yield(c.maker.Make(r, c.now()), nil) {
				return
			}
		}
	}
}

func (c *Campaign) filter(expr string) (func(*recipients.Row) (bool, error), error) {
	if expr == "" {
		return func(*recipients.Row) (bool, error) { return true, nil }, nil
	}
	return c.header.Filter(expr)
}
