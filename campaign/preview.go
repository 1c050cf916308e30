package campaign

import (
	"context"
	"iter"

	"mailshot/campaign/groups"
	"mailshot/campaign/identity"
	"mailshot/campaign/message"
)

// Chosen says which messages to make. The zero value is that of each row, in the row's language.
type Chosen struct {
	Where     string // an expression over the columns; "" = all rows
	Row       int64  // the number of the one row; 0 = all rows
	Languages bool   // each row's message in each of the campaign's languages, the default first

	Unsaved map[string]string // texts in place of template files, see message.Config; nil = none
	Check   bool              // each message is checked as well, for Made.Findings
}

// Messages makes the messages that are chosen, as a send would make them. They carry the present date, and nothing is
// kept. An error is a fault of the list, or ends it.
func (c *Campaign) Messages(ctx context.Context, o Chosen) iter.Seq2[message.Made, error] {
	return func(yield func(message.Made, error) bool) {
		c.frozen = identity.Planned(ctx, c.statePath(), c.id)
		c.unsaved = o.Unsaved
		if err := c.openList(ctx); err != nil {
			yield(message.Made{}, err)
			return
		}
		choose, err := c.header.Filter(o.Where)
		if err != nil {
			yield(message.Made{}, err)
			return
		}
		for r, err := range groups.Rows(ctx, c.list, c.def.Home()) {
			if err != nil {
				if !yield(message.Made{}, err) {
					return
				}
				continue
			}
			if o.Row > 0 && !groups.Has(r, o.Row) {
				continue
			}
			if ok, err := choose(r); err != nil || !ok {
				if err != nil && !yield(message.Made{Row: r, Err: err}, nil) {
					return
				}
				continue
			}
			for _, made := range c.maker.Shown(r, c.now(), o.Languages) {
				if o.Check && made.Message != nil {
					made.Findings = c.maker.Check(made.Message)
				}
				if !yield(made, nil) {
					return
				}
			}
		}
	}
}
