// Package repeats says who would get more than one message, or one message twice. [List] finds the rows of a list that
// are about one person. [Load] reads which messages the user's other campaigns have sent to whom, and [History] says
// which of a campaign's messages are among them. [Record] remembers what a run sends.
//
// What is remembered is in the user's accounts: for each message a keyed hash of the person, and one of the person with
// what they read. No person and no text can be read from it. It stays when a ledger is purged or deleted.
package repeats

import (
	"context"
	"fmt"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
	"mailshot/internal/ellipsis"
)

// How much is said about duplicates. The rest is counted.
const (
	mostCopies = 100 // keys or addresses
	mostRows   = 10  // rows of each
)

// List is a list whose rows were planned.
type List struct {
	Header    *recipients.Header
	First     bool  // of rows with one key the first counts
	Conflicts int64 // rows with an earlier row's key and another message
	OneTo     bool  // all messages go to one address, so several to an address say nothing
}

// Planned are the rows of a list as they were planned: a draft or a re-plan.
type Planned interface {
	SameKey(ctx context.Context, most, places int) (list []ledger.Copies, more int64, err error)
	SameAddress(ctx context.Context, most, places int) (list []ledger.Copies, more int64, err error)
}

// Findings are about the rows that share a key, and the people who get several messages because they have several keys.
func (l List) Findings(ctx context.Context, in Planned) (found []check.Finding, err error) {
	same, more, err := in.SameKey(ctx, mostCopies, mostRows)
	if err != nil {
		return nil, err
	}
	for _, one := range same {
		found = append(found, l.sameKey(one))
	}
	if more > 0 {
		f := check.Finding{
			Code: "duplicate-rows", Severity: check.Warning, Place: l.Header.File,
			Text: fmt.Sprintf("%d more like this: rows that share one %s", more, l.identity()),
		}
		if l.Conflicts > 0 && !l.First {
			f.Code, f.Severity = "key-conflict", check.Error
			f.Text += fmt.Sprintf("; messages that differ from an earlier row's: %d in all", l.Conflicts)
		}
		found = append(found, f)
	}
	if l.Header.Key < 0 || l.OneTo { // the key is the address, or everything goes to one
		return found, nil
	}
	people, more, err := in.SameAddress(ctx, mostCopies, mostRows)
	if err != nil {
		return nil, err
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
		found = append(found, f)
	}
	if more > 0 {
		found = append(found, check.Finding{
			Code: "several-messages", Severity: check.Warning, Place: l.Header.File,
			Text: fmt.Sprintf("%d more like this: addresses that get several messages", more),
		})
	}
	return found, nil
}

// sameKey is the finding about the rows with one key. It is an error if they do not make one message.
func (l List) sameKey(one ledger.Copies) check.Finding {
	f := check.Finding{Code: "duplicate-rows", Severity: check.Warning}
	for _, row := range one.First {
		f.Places = append(f.Places, row.Place)
	}
	f.Place = f.Places[0]
	where := ellipsis.List(f.Places, one.Rows)
	what := l.identity()
	switch {
	case one.Differ == 0:
		f.Text = fmt.Sprintf("%d rows have the %s %q and the same message; only the first counts: %s",
			one.Rows, what, one.Key, where)
	case l.First:
		f.Text = fmt.Sprintf("%d rows have the %s %q, and the messages of %d of them differ from the first; "+
			"only the first counts: %s%s", one.Rows, what, one.Key, one.Differ, where, l.contrast(one))
		f.Hint = "recipients.duplicates: first says so"
	default:
		f.Code, f.Severity = "key-conflict", check.Error
		f.Text = fmt.Sprintf("%d rows have the %s %q, and not the same message: %s%s",
			one.Rows, what, one.Key, where, l.contrast(one))
		f.Hint = "give each its own key with recipients.key, leave one row, or keep the first with duplicates: first"
	}
	return f
}

// identity is, in a word, what makes two rows one.
func (l List) identity() string {
	if l.Header.Key >= 0 {
		return "key"
	}
	return "address"
}

// KnownBy says in words what identifies a person of a list.
func KnownBy(h *recipients.Header) string {
	if h.Key < 0 {
		return "their address"
	}
	return fmt.Sprintf("column %q", h.Columns[h.Key].Name)
}

// mostDiffering is how many of the columns are shown in which two rows differ.
const mostDiffering = 3

// contrast shows in which columns the first row with a key and the first one with another message differ; "" where they
// differ in none.
func (l List) contrast(one ledger.Copies) string {
	first, err := l.Header.Decode("", 0, one.Fields)
	if err != nil {
		return ""
	}
	other, err := l.Header.Decode("", 0, one.Other)
	if err != nil {
		return ""
	}
	var parts []string
	more := 0
	for i, column := range l.Header.Columns {
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

// MailedBefore is the finding about new rows for people whom the campaign has mailed under another key: keys may be
// written otherwise. n is how many there are; places of the first ones are named.
func MailedBefore(again []ledger.Again, n int64) check.Finding {
	f := check.Finding{Code: "mailed-before", Severity: check.Error, Place: again[0].Place,
		Hint: "write the keys as they were; --repeat sends these people another message"}
	var rows []string
	for _, a := range again {
		f.Places = append(f.Places, a.Place)
		rows = append(rows, fmt.Sprintf("%s (%q, was %q)", a.Place, a.Key, a.Was))
	}
	f.Text = "new rows are for people who were mailed under another key: " + ellipsis.List(rows, n)
	return f
}
