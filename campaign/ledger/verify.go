package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Verify returns a *statefile.Error if the campaign cannot go on: its states do not add up, or a delivery that is still
// to be sent is not in the state that its attempts led to. repair.Examine looks at more. The caller holds the
// campaign's lock, so that nothing is on its way.
func (l *Ledger) Verify(ctx context.Context, id string) error {
	counts, rows, err := l.Counts(ctx, id)
	if err != nil {
		return err
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	contradicted := l.contradicted(ctx, no) // the longest of what is asked
	off, offOpen, err := l.off(ctx, id, counts, rows)
	broken, e := contradicted()
	if err := cmp.Or(err, e); err != nil {
		return l.db.Explain(err)
	}
	text, sum := "", "the states of campaign %s do not add up: they are off by %d rows"
	if off != 0 {
		text = fmt.Sprintf(sum, id, off)
	}
	for _, r := range schema.Rules() {
		if !broken || !r.Resume || text != "" {
			continue
		}
		var place string
		err := l.db.Reading.QueryRowContext(ctx, r.Query()+" AND c.id = ? LIMIT 1", id).Scan(&id, &place)
		if err == nil {
			text = fmt.Sprintf("the records of campaign %s contradict each other: %s: %s", id, place, r.Text)
		} else if !errors.Is(err, sql.ErrNoRows) {
			return l.db.Explain(err)
		}
	}
	switch {
	case text == "" && broken:
		text = fmt.Sprintf("the records of campaign %s contradict each other", id)
	case text == "" && offOpen != 0:
		text = fmt.Sprintf(sum, id, offOpen)
	case text == "":
		return nil
	}
	return &statefile.Error{Path: l.db.Path, Text: text, Hint: sqlite.DamageHint}
}

// contradicted begins to look whether the records of what is still to be sent contradict each other, and returns what
// waits for the answer. Several connections look, each at the next piece.
func (l *Ledger) contradicted(ctx context.Context, no int64) func() (bool, error) {
	const pieces, readers = 16, 2
	var broken atomic.Bool
	var errs [readers]error
	var wait sync.WaitGroup
	var piece atomic.Int64
	first, end := schema.Span(no)
	look := func() error {
		var last int64
		err := l.db.Reading.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM deliveries WHERE id >= ? AND id < ?",
			first, end).Scan(&last)
		size := max(last-first, 0)/pieces + 1
		for err == nil && !broken.Load() {
			from, found := first+(piece.Add(1)-1)*size, false
			if from > last {
				break
			}
			err = l.db.Reading.QueryRowContext(ctx, schema.Contradicted(), from, from+size).Scan(&found)
			if found {
				broken.Store(true)
			}
		}
		return err
	}
	for i := range errs {
		wait.Go(func() { errs[i] = look() })
	}
	return func() (bool, error) {
		wait.Wait()
		return broken.Load(), cmp.Or(errs[:]...)
	}
}

// off is by how many rows the counts of states differ from the rows of the plan, or these from the deliveries that are
// there; and by how many the counts of those that may still go differ from what a run would find.
func (l *Ledger) off(ctx context.Context, id string, counts map[State]int64, rows int64) (all, open int64, err error) {
	var there, left int64
	err = l.db.Reading.QueryRowContext(ctx, schema.Present, id).Scan(&there, &left)
	counted := int64(0)
	for _, n := range counts {
		counted += n
	}
	apart := func(a, b int64) int64 { return max(a-b, b-a) }
	return max(apart(rows, there), apart(rows, counted)), apart(left, counts[Pending]+counts[Deferred]), err
}
