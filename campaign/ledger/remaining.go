package ledger

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Outlook is what is left for a run at a moment. What is in somebody's hands is not in it.
type Outlook struct {
	Left  int64     // deliveries, within the run's Limit and Only
	Due   time.Time // the earliest of them; zero = something is pending, and may go as soon as its lane is open
	Lanes []LaneDue // those that have something left for the run, in no order
}

// LaneDue says when the earliest of what is left in a lane is due; the zero time means that it is pending.
type LaneDue struct {
	Lane string
	Due  time.Time
}

// Outlook commits what was settled and says what is left for this run, and when it is due. An error means that the
// ledger cannot be read, or that another process changed it.
func (r *Run) Outlook(ctx context.Context) (Outlook, error) {
	if err := r.Flush(ctx); err != nil {
		return Outlook{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	o := Outlook{Left: r.left()}
	if o.Left == 0 {
		return o, nil
	}
	earliest := never
	for _, ln := range r.lanes {
		due, err := r.earliest(ctx, ln)
		if err != nil {
			return Outlook{}, r.l.db.Explain(err)
		}
		if due == never {
			continue
		}
		earliest = min(earliest, due)
		o.Lanes = append(o.Lanes, LaneDue{Lane: ln.name, Due: sqlite.Moment(due)})
	}
	if earliest == never {
		return Outlook{}, errors.New("the ledger was changed by another process: what was left is gone")
	}
	o.Due = sqlite.Moment(earliest)
	return o, nil
}

// left is how many deliveries the run may still try; r.mu is held.
func (r *Run) left() int64 {
	if r.o.Limit > 0 {
		return r.again + min(r.ready-r.again, max(r.o.Limit-r.used, 0))
	}
	return r.ready
}

// DueBut says when the earliest in all lanes but the closed ones is due; ok is false where those have nothing.
func (o Outlook) DueBut(closed []string) (due time.Time, ok bool) {
	for _, lane := range o.Lanes {
		if slices.Contains(closed, lane.Lane) {
			continue
		}
		if !ok || lane.Due.Before(due) {
			due, ok = lane.Due, true
		}
	}
	return due, ok
}

// DueIn says when the earliest in a lane is due; ok is false where it has nothing.
func (o Outlook) DueIn(lane string) (due time.Time, ok bool) {
	for _, l := range o.Lanes {
		if l.Lane == lane {
			return l.Due, true
		}
	}
	return time.Time{}, false
}

// Left are deliveries of a lane that may still go: N pending ones, or a deferred one with the time when it is due.
type Left struct {
	Lane, AddressKey string // AddressKey is empty where there are several
	N                int64
	Due              time.Time
}

// Left yields what may still go of a campaign: the pending deliveries of each lane at once, or each by itself.
func (l *Ledger) Left(ctx context.Context, id string, each bool) iter.Seq2[Left, error] {
	return func(yield func(Left, error) bool) {
		no, _, err := l.find(ctx, id)
		if err != nil {
			yield(Left{}, err)
			return
		}
		first, end := schema.Span(no)
		query, done := schema.Left(each), first-1
		for more := true; more; {
			rows, err := l.db.Reading.QueryContext(ctx, query, no, done, end)
			var piece []Left
			err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
				var p Left
				var due int64
				err := rows.Scan(&done, &p.Lane, &p.AddressKey, &p.N, &due)
				p.Due = sqlite.Moment(due)
				piece = append(piece, p)
				return err
			})
			if err != nil {
				yield(Left{}, l.db.Explain(err))
				return
			}
			for _, p := range piece {
				if !yield(p, nil) {
					return
				}
			}
			more = each && len(piece) > 0
		}
	}
}
