package campaign

import (
	"context"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/campaign/repeats"
	"mailshot/render/address"
)

// settle decides what becomes of rows with an earlier row's key and another message. If the rows differ only in how one
// address is written, as Ann@ and ann@ do, they are duplicates. The others are conflicts. A conflict is stored as
// invalid, so that it is found with all duplicates once the list has ended, and the states add up.
func (c *Campaign) settle(conflicts []ledger.Conflict, made []verdict, date time.Time, p *planned) []ledger.Row {
	rows := make(map[int64]*recipients.Row, len(made))
	for _, m := range made {
		rows[m.row.Number] = m.row
	}
	out := make([]ledger.Row, len(conflicts))
	for i, conflict := range conflicts {
		r := conflict.Row
		if c.respelt(rows[r.Number], conflict, date) {
			r.State, r.Reason, r.Digest = ledger.Duplicate, "same key as "+conflict.First, conflict.Digest
		} else {
			r.State, r.Reason = ledger.Invalid, "same key as "+conflict.First+", but another message"
			p.conflicts++
		}
		out[i] = r
	}
	return out
}

// respelt reports whether a row makes the message of the row that it is in conflict with, once its address is written
// in the same way.
func (c *Campaign) respelt(row *recipients.Row, conflict ledger.Conflict, date time.Time) bool {
	first, err := address.ParseLenient(conflict.Address)
	if err != nil || first == row.Address || first.Key() != row.Address.Key() {
		return false
	}
	respelt := *row
	respelt.Address = first
	return c.maker.Makes(conflict.Digest, &respelt, date)
}

// mailedBefore refuses new rows for people whom this campaign has mailed under another key.
func (c *Campaign) mailedBefore(ctx context.Context, re *ledger.Replan) error {
	again, n, err := re.Again(ctx, 10)
	if err != nil || n == 0 {
		return err
	}
	f := repeats.MailedBefore(again, n)
	return &CheckError{&check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: []check.Finding{f}}}
}
