package ledger

import (
	"context"
	"slices"

	"mailshot/campaign/ledger/internal/cc"
	"mailshot/campaign/ledger/internal/schema"
)

// Copied is the recipient of a copy of a message, and what the server said about them.
type Copied struct {
	Address, AddressKey   string // "" of somebody who was forgotten
	Blind                 bool   // by bcc
	Accepted              bool   // the server took the message for this recipient too
	Code                  int    // 0: no whole reply, or nobody was asked; Text says why
	Stage, Enhanced, Text string
}

// partly reports whether a server may have taken a message for some of its copies, and not for its recipient. What a
// kill loses of that must not be taken for a message that nobody has.
func (r Result) partly() bool {
	return r.State != Sent && slices.ContainsFunc(r.Copies, func(c Copied) bool {
		return c.Stage == "end" && (c.Accepted || c.Code == 0)
	})
}

func forFile(list []Copied) (stored []cc.Recipient) {
	for _, c := range list {
		stored = append(stored, cc.Recipient(c))
	}
	return stored
}

func fromFile(stored []cc.Recipient) (list []Copied) {
	for _, c := range stored {
		list = append(list, Copied(c))
	}
	return list
}

// CountCopies counts the copies of the last attempts at the campaign's deliveries: those that a server took, and the
// others.
func (l *Ledger) CountCopies(ctx context.Context, id string) (accepted, others int64, err error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	first, end := schema.Span(no)
	accepted, others, err = cc.Count(ctx, l.db.Reading, first, end)
	return accepted, others, l.db.Explain(err)
}
