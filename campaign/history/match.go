package history

import (
	"context"
	"errors"
	"iter"

	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
)

// Match is a row of a list with its outcome.
type Match struct {
	Row    *recipients.Row
	Record ledger.Record // without Fields and Digest
	Known  bool          // false: the campaign does not know the row, and Record is empty
}

// Matched counts how the rows of a whole list were matched.
type Matched struct {
	Rows    int64 // of the list
	Strange int64 // of these, rows that the campaign does not know
	Left    int64 // rows of the campaign that are not in the list any more
	Changed bool  // the list is not, byte for byte, the one that was planned
}

// errOtherRows says that a list's rows are not those of the campaign, one by one.
var errOtherRows = errors.New("the list's rows are not the campaign's")

// Match reads a list and finds the outcome of each of its rows. write gets the names of the list's columns and then its
// rows, in their order. At the first error that rows yields, write stops and returns that error.
//
// A list that is as it was planned is matched row by row, in memory that does not grow. If the list turns out to be
// different, Match calls write a second time, from the beginning, and finds each row by its key. Of several rows with
// one key it takes the one at the same place, or else one that was not found yet. A row of a person who was forgotten
// has no key, and is found by its place. This second attempt holds the campaign's rows in memory.
//
// All mistakes in a list (each a *recipients.Fault) come joined, as one error. The list may be read twice, so cfg
// cannot name standard input.
func (c *Campaign) Match(ctx context.Context, cfg recipients.Config,
	write func(columns []string, rows iter.Seq2[Match, error]) error) (*Matched, error) {
	m, err := c.match(ctx, cfg, c.inOrder(ctx), write)
	if !errors.Is(err, errOtherRows) {
		return m, err
	}
	known, err := c.byKey(ctx)
	if err != nil {
		return nil, err
	}
	return c.match(ctx, cfg, known, write)
}

// match is one attempt at a whole list.
func (c *Campaign) match(ctx context.Context, cfg recipients.Config, f fates,
	write func([]string, iter.Seq2[Match, error]) error) (*Matched, error) {
	defer f.close()
	list, err := recipients.Open(cfg)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var columns []string
	for _, column := range list.Header().Columns {
		columns = append(columns, column.Name)
	}
	m := &Matched{}
	if err := write(columns, m.rows(ctx, list, f)); err != nil {
		return nil, err
	}
	m.Left, m.Changed = f.left(), list.Digest() != c.Kept.List
	return m, nil
}

// rows are the list's rows with their outcomes.
func (m *Matched) rows(ctx context.Context, list *recipients.List, f fates) iter.Seq2[Match, error] {
	return func(yield func(Match, error) bool) {
		var wrong []error
		for row, err := range list.Rows(ctx) {
			if err != nil {
				wrong = append(wrong, err)
				continue
			}
			if wrong != nil {
				continue
			}
			m.Rows++
			r, known, err := f.find(row)
			r = f.message(r)
			if !known {
				m.Strange++
			}
			if !yield(Match{row, r, known}, err) || err != nil {
				return
			}
		}
		if err := errors.Join(wrong...); err != nil {
			yield(Match{}, err)
			return
		}
		if err := f.end(list.Digest()); err != nil {
			yield(Match{}, err)
		}
	}
}

// fates finds the outcomes of the rows of a list.
type fates interface {
	// find returns the record of a row; false: the campaign does not know the row.
	find(*recipients.Row) (ledger.Record, bool, error)
	// message returns the record of the message that the record's row is in, for a row of a group; else the record.
	message(ledger.Record) ledger.Record
	// end is called after the last row, with the list's digest.
	end(digest string) error
	// left is the number of the campaign's rows that were not found.
	left() int64
	close()
}

// inOrder finds the rows of a list that is as it was planned, one by one. For any other list the error is errOtherRows.
type inOrder struct {
	planned string
	next    func() (ledger.Record, error, bool)
	stop    func()
	carrier ledger.Record // the last record that is not in another's message
}

func (c *Campaign) inOrder(ctx context.Context) fates {
	next, stop := iter.Pull2(c.Rows(ctx, ledger.Filter{}))
	return &inOrder{planned: c.Kept.List, next: next, stop: stop}
}

func (o *inOrder) find(row *recipients.Row) (ledger.Record, bool, error) {
	r, err, ok := o.next()
	switch {
	case err != nil:
		return ledger.Record{}, false, err
	case !ok || r.Place != row.Place || r.Key != row.Key && r.Key != "": // the key is "" of somebody who was forgotten
		return ledger.Record{}, false, errOtherRows
	}
	return slim(r), true, nil
}

func (o *inOrder) message(r ledger.Record) ledger.Record {
	if r.Carrier == 0 {
		o.carrier = r
	}
	return carried(r, o.carrier)
}

// carried is the record of a row with what became of the message that it is in.
func carried(r, carrier ledger.Record) ledger.Record {
	if r.Carrier == 0 || r.Carrier != carrier.ID {
		return r
	}
	carrier.Number, carrier.Place, carrier.Carrier = r.Number, r.Place, r.Carrier
	return carrier
}

func (o *inOrder) end(digest string) error {
	_, err, more := o.next()
	if err == nil && (more || digest != o.planned) {
		return errOtherRows
	}
	return err
}

func (o *inOrder) left() int64 { return 0 }
func (o *inOrder) close()      { o.stop() }

// byKey finds the rows of a list that was changed since. It holds the campaign's rows.
type byKey struct {
	known    map[string][]*fate      // by key
	nameless map[string]*fate        // by place
	carriers map[int64]ledger.Record // by ID: of groups of several rows
}

type fate struct {
	ledger.Record
	found bool
}

func (c *Campaign) byKey(ctx context.Context) (fates, error) {
	b := &byKey{map[string][]*fate{}, map[string]*fate{}, map[int64]ledger.Record{}}
	for r, err := range c.Rows(ctx, ledger.Filter{}) {
		switch {
		case err != nil:
			return nil, err
		case r.Key == "":
			b.nameless[r.Place] = &fate{Record: slim(r)}
		default:
			b.known[r.Key] = append(b.known[r.Key], &fate{Record: slim(r)})
		}
	}
	return b, nil
}

// slim is a record without the fields that a message is made from, which can be large.
func slim(r ledger.Record) ledger.Record {
	r.Fields, r.Digest = nil, nil
	return r
}

func (b *byKey) find(row *recipients.Row) (ledger.Record, bool, error) {
	var best *fate
	for _, f := range b.known[row.Key] {
		if best == nil || f.Place == row.Place || best.found && !f.found && best.Place != row.Place {
			best = f
		}
	}
	if best == nil {
		best = b.nameless[row.Place]
	}
	if best == nil {
		return ledger.Record{}, false, nil
	}
	best.found = true
	return best.Record, true, nil
}

func (b *byKey) message(r ledger.Record) ledger.Record {
	if r.Carrier == 0 {
		return r
	}
	carrier, known := b.carriers[r.Carrier]
	if !known {
		for _, f := range b.known[r.Key] {
			if f.ID == r.Carrier {
				carrier = f.Record
			}
		}
		b.carriers[r.Carrier] = carrier
	}
	return carried(r, carrier)
}

func (b *byKey) end(string) error { return nil }
func (b *byKey) close()           {}

func (b *byKey) left() (n int64) {
	for _, all := range b.known {
		for _, f := range all {
			if !f.found {
				n++
			}
		}
	}
	for _, f := range b.nameless {
		if !f.found {
			n++
		}
	}
	return n
}
