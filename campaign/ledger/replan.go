package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"mailshot/campaign/ledger/internal/members"
	"mailshot/campaign/ledger/internal/merge"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/statefile"
	"mailshot/internal/sqlite"
)

// Changes is what a re-plan does to a frozen campaign.
type Changes struct {
	Added     int64 // rows with new keys, whatever their state
	Cancelled int64 // pending or deferred, and gone from the list
	Changed   int64 // pending or deferred, and with another message, or suppressed, on the new list
	Untouched int64 // all others that have a key: they have the same message, or are already done
}

// Replan is a changed list, compared with a frozen campaign. Nothing of it can be seen before Apply. It is not for
// concurrent use.
//
// Rows are matched by key:
//
//   - Keys that are new are added.
//   - Pending and deferred deliveries whose key is gone are cancelled.
//   - All other pending and deferred deliveries get the new fields, address, lane and digest, because the list's header
//     is the new one.
//   - What is done, is unknown, or was cancelled stays as it is.
//   - Rows that never had a delivery to make (invalid, duplicate, filtered) are replaced by those of the new list, and
//     so are the grouped rows of a delivery that gets the new fields.
type Replan struct {
	draft   *Draft
	into    int64 // the frozen campaign's number
	other   bool  // rows were erased with another secret: new keys are not taken
	release func() error
}

// Replan begins a re-plan of a frozen campaign: Add all rows of the new list, look at Counts, then Apply or Discard. Of
// c only ID, DuplicatesFirst and SecretChanged are read. It needs the campaign's lock; if this Ledger does not hold the
// lock, the re-plan holds it until Apply or Discard.
func (l *Ledger) Replan(ctx context.Context, c Campaign) (_ *Replan, err error) {
	no, kept, err := l.find(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if !kept.Purged.IsZero() {
		return nil, fmt.Errorf("re-plan %q: %w: its rows were erased", c.ID, ErrState)
	}
	if kept.Lost > 0 {
		return nil, &ErasedError{ID: c.ID}
	}
	release, err := l.holding(c.ID)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, release())
		}
	}()
	if _, err := l.recovered(ctx, c.ID, no); err != nil {
		return nil, err
	}
	first, end := schema.Span(no)
	if err := l.allClaimed(ctx, c.ID, first, end); err != nil {
		return nil, err
	}
	// The new rows' sequence goes on after that of the frozen rows, so that Apply can move them by changing the upper
	// bits of their ids.
	var last int64
	err = l.db.Reading.QueryRowContext(ctx, "SELECT coalesce(max(id), ?) FROM rows WHERE id >= ? AND id < ?",
		first, first, end).Scan(&last)
	if err != nil {
		return nil, l.db.Explain(err)
	}
	d, err := l.draft(ctx, c, last-first)
	if err != nil {
		return nil, err
	}
	d.erased = map[schema.KeyHash]bool{}
	rows, err := l.db.Reading.QueryContext(ctx,
		"SELECT hash FROM rows WHERE id >= ? AND id < ? AND key = '' AND hash IS NOT NULL", first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var hash []byte
		err := rows.Scan(&hash)
		if len(hash) == len(schema.KeyHash{}) {
			d.erased[schema.KeyHash(hash)] = true
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(l.db.Explain(err), d.Discard(ctx))
	}
	other, err := l.otherSecret(ctx, no, c.SecretChanged)
	if err != nil {
		return nil, errors.Join(err, d.Discard(ctx))
	}
	return &Replan{draft: d, into: no, other: other, release: release}, nil
}

// allClaimed is an error if a row has a key that it has not claimed: the key would be new to a re-plan, and mailed
// again.
func (l *Ledger) allClaimed(ctx context.Context, id string, first, end int64) error {
	var place string
	err := l.db.Reading.QueryRowContext(ctx,
		"SELECT r.place FROM rows r WHERE r.id >= ? AND r.id < ? AND "+schema.Unclaimed+" LIMIT 1",
		first, end).Scan(&place)
	if err == nil {
		text := fmt.Sprintf("the records of campaign %s contradict each other: %s: %s", id, place, schema.UnclaimedText)
		return &statefile.Error{Path: l.db.Path, Text: text, Hint: sqlite.DamageHint}
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return l.db.Explain(err)
	}
	return nil
}

// Add stores rows of the new list, as Draft.Add does.
func (p *Replan) Add(ctx context.Context, rows []Row) ([]Conflict, error) {
	return p.draft.Add(ctx, rows)
}

// Frozen returns what the frozen campaign has under a key; known is false if it has nothing. Of the record only ID,
// Number, Place, State and Fields are set; there are no Fields of somebody who was forgotten.
func (p *Replan) Frozen(ctx context.Context, key string) (r Record, known bool, err error) {
	hash, state := p.draft.hash(key), int64(0)
	err = p.draft.l.db.Reading.QueryRowContext(ctx, `SELECT r.id, r.number, r.place, d.state, r.fields FROM claims k
		JOIN rows r ON r.id = k.row JOIN deliveries d ON d.id = k.row WHERE k.campaign = ? AND k.hash = ?`,
		p.into, hash[:]).Scan(&r.ID, &r.Number, &r.Place, &state, &r.Fields)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	r.State = stateOf(state)
	return r, err == nil, p.draft.l.db.Explain(err)
}

// Counts says what Apply would do. The error is an *ErasedError if new keys may be those of people who were forgotten.
func (p *Replan) Counts(ctx context.Context) (Changes, error) {
	var c Changes
	if err := p.draft.usable(); err != nil {
		return c, err
	}
	if err := p.draft.claim(); err != nil {
		return c, err
	}
	first, end := schema.Span(p.into)
	var keys int64
	err := p.draft.l.db.Reading.QueryRowContext(ctx,
		"SELECT (SELECT count(*) "+merge.Added+"), (SELECT count(*) "+merge.Removed+"), (SELECT count(*) "+merge.Edited+`),
			(SELECT count(*) FROM rows o WHERE o.id >= :first AND o.id < :end AND o.hash IS NOT NULL)`,
		p.args(first, end)...).Scan(&c.Added, &c.Cancelled, &c.Changed, &keys)
	c.Untouched = keys - c.Cancelled - c.Changed
	if err == nil && p.other && c.Added > 0 {
		err = &ErasedError{ID: p.draft.id, Keys: c.Added}
	}
	return c, p.draft.l.db.Explain(err)
}

// Again is a new row for a person whom the campaign may have mailed under another key.
type Again struct {
	Place, Key string // of the new row
	Was        string // the key that was mailed; "" if the person was forgotten
}

// Again finds the new pending rows whose address may have been mailed already, most of them at most, and their
// number: a key that is written otherwise makes everybody new.
func (p *Replan) Again(ctx context.Context, most int) (list []Again, n int64, err error) {
	if err := p.draft.claim(); err != nil {
		return nil, 0, err
	}
	first, end := schema.Span(p.into)
	rows, err := p.draft.l.db.Reading.QueryContext(ctx, `WITH taken AS MATERIALIZED (
			SELECT o.address_key AS address, min(o.key) AS key FROM rows o JOIN deliveries f ON f.id = o.id
			WHERE o.id >= :first AND o.id < :end AND o.address_key <> '' AND f.state IN (SELECT no FROM states
				WHERE name IN ('sent', 'unknown', 'begun')) GROUP BY o.address_key)
		SELECT r.place, r.key, t.key FROM (SELECT n.row AS id `+merge.Added+`) a
			JOIN rows r ON r.id = a.id JOIN deliveries e ON e.id = a.id AND e.state = `+schema.SQLPending+`
			JOIN taken t ON t.address = r.address_key ORDER BY r.id`, p.args(first, end)...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var a Again
		err := rows.Scan(&a.Place, &a.Key, &a.Was)
		if n++; n <= int64(most) {
			list = append(list, a)
		}
		return err
	})
	return list, n, p.draft.l.db.Explain(err)
}

// Apply makes the changes in one durable step, and stores what c says about the campaign. Its errors are those of
// Counts, too.
func (p *Replan) Apply(ctx context.Context, c Campaign) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := p.draft.usable(); err != nil {
		return err
	}
	if err := p.draft.claim(); err != nil {
		return err
	}
	if p.other {
		if _, err := p.Counts(ctx); err != nil {
			return err
		}
	}
	if err := p.draft.l.db.Write(func(t *sqlite.Tx) error { return p.apply(t, c) }); err != nil {
		return err
	}
	p.draft.closed = true
	// What is left of the draft does no harm: if this is interrupted, the next draft removes it.
	return errors.Join(p.draft.l.remove(ctx, p.draft.no), p.release())
}

func (p *Replan) apply(t *sqlite.Tx, c Campaign) error {
	first, end := schema.Span(p.into)
	from, drafted := schema.Span(p.draft.no)
	args := p.args(first, end)
	args = append(args,
		sql.Named("shift", first-from), sql.Named("draft", from), sql.Named("drafted", drafted),
		sql.Named("suppressed", Suppressed.code()), sql.Named("cancelled", Cancelled.code()),
		sql.Named("invalid", Invalid.code()), sql.Named("duplicate", Duplicate.code()),
		sql.Named("filtered", Filtered.code()))
	grouped, err := members.Any(t, from, drafted)
	if err == nil && !grouped {
		grouped, err = members.Any(t, first, end)
	}
	if err == nil && grouped {
		err = members.Renew(t, args)
	}
	if err != nil {
		return err
	}
	for _, step := range merge.Steps {
		if _, err := t.Once(step, args...); err != nil {
			return err
		}
	}
	if grouped {
		if err := members.Join(t, args); err != nil {
			return err
		}
	}
	n, err := t.Once(`UPDATE campaigns SET definition = :definition, templates = :templates, list = :list,
		header = :header, sender = :sender, first = :duplicates,
		rows = (SELECT count(*) FROM deliveries WHERE id >= :first AND id < :end) WHERE no = :into AND frozen = 1`,
		sql.Named("definition", c.Definition), sql.Named("templates", c.Templates), sql.Named("list", c.List),
		sql.Named("header", c.Header), sql.Named("sender", c.From), sql.Named("duplicates", p.draft.first),
		sql.Named("into", p.into), sql.Named("first", first), sql.Named("end", end))
	if err := schema.Changed(n, 1, err); err != nil {
		return fmt.Errorf("re-plan: %w", err)
	}
	return returned.Recount(t, p.into)
}

// Discard drops the new list. After Apply it does nothing.
func (p *Replan) Discard(ctx context.Context) error {
	if p.draft.closed {
		return nil
	}
	return errors.Join(p.draft.Discard(ctx), p.release())
}

func (p *Replan) args(first, end int64) []any {
	return []any{
		sql.Named("into", p.into), sql.Named("from", p.draft.no), sql.Named("first", first), sql.Named("end", end),
	}
}
