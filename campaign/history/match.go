package history

import (
	"context"
	"errors"
	"iter"

	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
)

// Match is a row of a list, and what became of it.
type Match struct {
	Row    *recipients.Row
	Record ledger.Record // without Fields and Digest
	Known  bool          // false: the campaign does not know the row, and Record is empty
}

// Matched says how a whole list was matched.
type Matched struct {
	Rows    int64 // of the list
	Strange int64 // of these, rows that the campaign does not know
	Left    int64 // rows of the campaign that are not in the list any more
	Changed bool  // the list is not, byte for byte, the one that was planned
}

// errOtherRows says that a list's rows are not those of the campaign, one by one.
var errOtherRows = errors.New("the list's rows are not the campaign's")

// Match reads a list and finds what became of each of its rows. write gets the names of the list's columns and then its
// rows, in their order. It returns at the first error that rows yields, with that error.
//
// A list that is as it was planned is matched row by row, in memory that does not grow. Where it turns out to be
// another one, write is called a second time, from the beginning, and a row is found by its key: of several rows with
// one key by its place as well, and without a key by its place alone. Then the campaign's rows are held in memory.
//
// The mistakes in a list (each a *recipients.Fault) come joined, as one error. The list is read twice at most, so cfg
// cannot be about standard input.
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

// rows are the list's rows with what became of them.
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

// fates tells what became of the rows of a list.
type fates interface {
	// find returns what became of a row; false: the campaign does not know it.
	find(*recipients.Row) (ledger.Record, bool, error)
	// end is called after the last row, with the list's digest.
	end(digest string) error
	// left is how many rows of the campaign were not asked for.
	left() int64
	close()
}

// inOrder are the fates of a list that is as it was planned, row by row. Of any other list they are errOtherRows.
type inOrder struct {
	planned string
	next    func() (ledger.Record, error, bool)
	stop    func()
}

func (c *Campaign) inOrder(ctx context.Context) fates {
	next, stop := iter.Pull2(c.Rows(ctx, ledger.Filter{}))
	return &inOrder{c.Kept.List, next, stop}
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

func (o *inOrder) end(digest string) error {
	_, err, more := o.next()
	if err == nil && (more || digest != o.planned) {
		return errOtherRows
	}
	return err
}

func (o *inOrder) left() int64 { return 0 }
func (o *inOrder) close()      { o.stop() }

// byKey are the fates of a list that was changed since. They hold the campaign's rows.
type byKey struct {
	known    map[string][]*fate // by key
	nameless map[string]*fate   // by place
}

type fate struct {
	ledger.Record
	found bool
}

func (c *Campaign) byKey(ctx context.Context) (fates, error) {
	b := &byKey{map[string][]*fate{}, map[string]*fate{}}
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

// slim is a record without what a message is made from, which can be large.
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
