package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/internal/ellipsis"
	"mailshot/render/address"
)

// How much is said about duplicates. The rest is counted.
const (
	mostCopies = 100 // keys or addresses
	mostPlaces = 10  // rows of each
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

// copies finds the rows that share a key, and the people who get several messages because they have several keys.
func (c *Campaign) copies(ctx context.Context, in adder, p *planned) error {
	same, more, err := in.SameKey(ctx, mostCopies, mostPlaces)
	if err != nil {
		return err
	}
	for _, one := range same {
		p.found.Add(c.sameKey(one))
	}
	if more > 0 {
		f := check.Finding{
			Code: "duplicate-rows", Severity: check.Warning, Place: c.header.File,
			Text: fmt.Sprintf("%d more like this: rows that share one %s", more, c.identity()),
		}
		if p.conflicts > 0 && !c.duplicatesFirst() {
			f.Code, f.Severity = "key-conflict", check.Error
			f.Text += fmt.Sprintf("; messages that differ from an earlier row's: %d in all", p.conflicts)
		}
		p.found.Add(f)
	}
	if c.header.Key < 0 || c.opts.To != nil { // the key is the address, or a rehearsal sends everything to one address
		return nil
	}
	people, more, err := in.SameAddress(ctx, mostCopies, mostPlaces)
	if err != nil {
		return err
	}
	for _, one := range people {
		f := check.Finding{
			Code: "several-messages", Severity: check.Warning, Place: one.First[0].Place,
			Hint: "right for one invoice each; for one message to a person, leave recipients.key out",
		}
		var where []string
		for _, row := range one.First {
			f.Places = append(f.Places, row.Place)
			where = append(where, fmt.Sprintf("%s (%q)", row.Place, row.Key))
		}
		f.Text = fmt.Sprintf("%s gets %d messages, each under a key of its own: %s",
			one.Key, one.Rows, ellipsis.List(where, one.Rows))
		p.found.Add(f)
	}
	if more > 0 {
		p.found.Add(check.Finding{
			Code: "several-messages", Severity: check.Warning, Place: c.header.File,
			Text: fmt.Sprintf("%d more like this: addresses that get several messages", more),
		})
	}
	return nil
}

// sameKey is the finding about the rows with one key. It is an error if they do not make one message.
func (c *Campaign) sameKey(one ledger.Copies) check.Finding {
	f := check.Finding{Code: "duplicate-rows", Severity: check.Warning}
	for _, row := range one.First {
		f.Places = append(f.Places, row.Place)
	}
	f.Place = f.Places[0]
	where := ellipsis.List(f.Places, one.Rows)
	what := c.identity()
	switch {
	case one.Differ == 0:
		f.Text = fmt.Sprintf("%d rows have the %s %q and the same message; only the first counts: %s",
			one.Rows, what, one.Key, where)
	case c.duplicatesFirst():
		f.Text = fmt.Sprintf("%d rows have the %s %q, and the messages of %d of them differ from the first; "+
			"only the first counts: %s%s", one.Rows, what, one.Key, one.Differ, where, c.contrast(one))
		f.Hint = "recipients.duplicates: first says so"
	default:
		f.Code, f.Severity = "key-conflict", check.Error
		f.Text = fmt.Sprintf("%d rows have the %s %q, and not the same message: %s%s",
			one.Rows, what, one.Key, where, c.contrast(one))
		f.Hint = "give each its own key with recipients.key, leave one row, or keep the first with duplicates: first"
	}
	return f
}

// identity is, in a word, what makes two rows one.
func (c *Campaign) identity() string {
	if c.header.Key >= 0 {
		return "key"
	}
	return "address"
}

// mostDiffering is how many of the columns are shown in which two rows differ.
const mostDiffering = 3

// contrast shows in which columns the first row with a key and the first one with another message differ; "" where they
// differ in none.
func (c *Campaign) contrast(one ledger.Copies) string {
	first, err := c.header.Decode("", 0, one.Fields)
	if err != nil {
		return ""
	}
	other, err := c.header.Decode("", 0, one.Other)
	if err != nil {
		return ""
	}
	var parts []string
	more := 0
	for i, column := range c.header.Columns {
		switch a, b := first.Fields[i], other.Fields[i]; {
		case a == b:
		case len(parts) == mostDiffering:
			more++
		default:
			parts = append(parts, fmt.Sprintf("%s is %s and %s", column.Name, ellipsis.Quote(a, 40), ellipsis.Quote(b, 40)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	s := "; " + strings.Join(parts, ", ")
	if more > 0 {
		s += fmt.Sprintf(", and %d columns more differ", more)
	}
	return s
}

// mailedBefore refuses new rows for people whom this campaign has mailed under another key: keys may be written otherwise.
func (c *Campaign) mailedBefore(ctx context.Context, re *ledger.Replan) error {
	again, n, err := re.Again(ctx, mostPlaces)
	if err != nil || n == 0 {
		return err
	}
	f := check.Finding{Code: "mailed-before", Severity: check.Error, Place: again[0].Place,
		Hint: "write the keys as they were; --repeat sends these people another message"}
	var rows []string
	for _, a := range again {
		f.Places = append(f.Places, a.Place)
		rows = append(rows, fmt.Sprintf("%s (%q, was %q)", a.Place, a.Key, a.Was))
	}
	f.Text = "new rows are for people who were mailed under another key: " + ellipsis.List(rows, n)
	return &CheckError{&check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: []check.Finding{f}}}
}
