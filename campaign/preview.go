package campaign

import (
	"context"
	"iter"

	"mailshot/campaign/check"
	"mailshot/campaign/groups"
	"mailshot/campaign/identity"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
)

// Chosen says which messages to make. The zero value is that of each row, in the row's language.
type Chosen struct {
	Where     string // an expression over the columns; "" = all rows
	Row       int64  // the number of the one row; 0 = all rows
	Place     string // of the Row, where it is Kept
	Kept      []byte // the Row as recipients.Row.Encode gave it, so that the list is not read; nil = it is read
	Languages bool   // each row's message in each of the campaign's languages, the default first

	Unsaved map[string]string // texts in place of template files, see message.Config; nil = none
	Check   bool              // each message is checked as well, for Made.Findings
}

// Messages makes the messages that are chosen, as a send would make them. They carry the present date, and nothing is
// kept. An error is a fault of the list, or ends it.
func (c *Campaign) Messages(ctx context.Context, o Chosen) iter.Seq2[message.Made, error] {
	return func(yield func(message.Made, error) bool) {
		c.frozen, c.unsaved = identity.Planned(ctx, c.statePath(), c.id), o.Unsaved
		if err := c.openList(ctx); err != nil {
			yield(message.Made{}, err)
			return
		}
		choose, err := c.header.Filter(o.Where)
		if err != nil {
			yield(message.Made{}, err)
			return
		}
		rows := groups.Rows(ctx, c.list, c.def.Home())
		if o.Kept != nil && !c.header.Grouped { // a group's message is of all its rows
			rows = func(yield func(*recipients.Row, error) bool) { yield(c.header.Decode(o.Place, o.Row, o.Kept)) }
		}
		for r, err := range rows {
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
			for _, made := range c.maker.Shown(ctx, r, c.now(), o.Languages) {
				if o.Check && made.Message != nil {
					made.Findings = check.Judged(c.def.Check, c.maker.Check(made))
				}
				if !yield(made, nil) {
					return
				}
			}
		}
	}
}
