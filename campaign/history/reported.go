package history

import (
	"context"
	"iter"

	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
)

// Summary is where the campaign stands.
func (c *Campaign) Summary(ctx context.Context) (report.Summary, error) {
	counts, rows, err := c.Ledger.Counts(ctx, c.ID)
	if err != nil {
		return report.Summary{}, err
	}
	sum := report.Summary{
		Campaign: c.ID, Created: c.Kept.Created, Rows: rows, Left: int64(len(c.left.since)),
	}
	for _, state := range ledger.States() {
		sum.Counts = append(sum.Counts, report.Count{State: string(state), N: counts[state]})
	}
	if sum.Copies.Accepted, sum.Copies.Others, err = c.Ledger.CountCopies(ctx, c.ID); err != nil {
		return sum, err
	}
	if sum.Returned, err = c.Ledger.CountReturned(ctx, c.ID); err != nil {
		return sum, err
	}
	hands, err := c.Ledger.Audit(ctx, c.ID)
	for _, h := range hands {
		sum.Hands = append(sum.Hands, report.Hand{
			Time: h.Time, Who: h.Who, Host: h.Host, Act: h.Act, State: string(h.After), Rows: h.N,
		})
	}
	return sum, err
}

// Attention are the states whose rows a person wants to see first.
func Attention() []ledger.State {
	return []ledger.State{ledger.Invalid, ledger.Held, ledger.Bounced, ledger.Complained, ledger.Refused, ledger.GaveUp,
		ledger.Unknown, ledger.Deferred}
}

// Reported are the campaign's rows as a report has them, see Rows.
func (c *Campaign) Reported(ctx context.Context, f ledger.Filter) iter.Seq2[report.Row, error] {
	return func(yield func(report.Row, error) bool) {
		for r, err := range c.Rows(ctx, f) {
			if err != nil {
				yield(report.Row{}, err)
				return
			}
			row := Reported(r)
			row.Left = c.left.of(r.AddressKey)
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Reported is a record of a ledger as a report has it.
func Reported(r ledger.Record) report.Row {
	row := report.Row{
		Number: r.Number, Place: r.Place, Key: r.Key, Address: r.Address, State: string(r.State), Reason: r.Reason,
		Attempts: r.Attempts, Due: r.Due,
	}
	if l := r.Last; l != nil {
		row.Time, row.Server, row.Stage = l.Time, l.Server, l.Stage
		row.Code, row.Enhanced, row.Text = l.Code, l.Enhanced, l.Text
		row.Copies = Copies(l.Copies)
	}
	if b := r.Returned; b != nil {
		returned := Returned(*b)
		row.Returned = &returned
	}
	if h := r.Manual; h != nil {
		row.Hand = &report.Hand{Time: h.Time, Who: h.Who, Host: h.Host, Act: h.Act, State: string(h.After)}
	}
	return row
}

// Returned is what a ledger has of something that came back, as a report has it.
func Returned(b ledger.Return) report.Returned {
	return report.Returned{Time: b.Time, Noted: b.Noted, Kind: b.Kind, Reason: b.Reason, Enhanced: b.Enhanced,
		Detail: b.Detail, Line: b.Line, Until: b.Until, Source: b.Source, Matched: b.Matched, Verified: b.Verified,
		To: string(b.To), Effect: b.Effect.String()}
}

// Copies are what a ledger has of the copies of an attempt, as a report has them.
func Copies(of []ledger.Copied) (all []report.Copy) {
	for _, c := range of {
		kind := "cc"
		if c.Blind {
			kind = "bcc"
		}
		all = append(all, report.Copy{Address: c.Address, Kind: kind, Accepted: c.Accepted, Stage: c.Stage, Code: c.Code,
			Enhanced: c.Enhanced, Text: c.Text})
	}
	return all
}
