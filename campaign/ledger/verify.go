package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	open, there, left := counts[Pending]+counts[Deferred], rows, int64(0)
	if err := l.db.Reading.QueryRowContext(ctx, schema.Present, id).Scan(&there, &left); err != nil {
		return l.db.Explain(err)
	}
	off := max(rows-there, there-rows)
	for _, n := range counts {
		rows -= n
	}
	text, sum := "", "the states of campaign %s do not add up: they are off by %d rows"
	if off = max(off, rows, -rows); off != 0 {
		text = fmt.Sprintf(sum, id, off)
	}
	broken := false
	if err := l.db.Reading.QueryRowContext(ctx, schema.Contradicted(), no).Scan(&broken); err != nil {
		return l.db.Explain(err)
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
	case text == "" && left != open:
		text = fmt.Sprintf(sum, id, max(left-open, open-left))
	case text == "":
		return nil
	}
	return &statefile.Error{Path: l.db.Path, Text: text, Hint: sqlite.DamageHint}
}
