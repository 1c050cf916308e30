package ledger

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/journal"
	"mailshot/campaign/ledger/internal/members"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/machine"
	"mailshot/internal/sqlite"
)

// Ended is a campaign of which nothing is left to be sent or decided.
type Ended struct {
	ID   string
	Rows int64     // rows that a Purge would erase
	Last time.Time // when anything last happened to it
}

// Ended lists the campaigns that Purge takes: they have rows, none of these is pending, deferred, begun or unknown, and
// nothing has happened to them since before.
func (l *Ledger) Ended(ctx context.Context, before time.Time) ([]Ended, error) {
	var list []Ended
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT c.id,
			(SELECT count(*) FROM deliveries d WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40) AS n,
			max(c.created,
				coalesce((SELECT max(time) FROM attempts a
					WHERE a.delivery >= c.no << 40 AND a.delivery < (c.no + 1) << 40), 0),
				coalesce((SELECT max(time) FROM audit u
					WHERE u.delivery >= c.no << 40 AND u.delivery < (c.no + 1) << 40), 0),
				coalesce((SELECT max(noted) FROM returns b
					WHERE b.delivery >= c.no << 40 AND b.delivery < (c.no + 1) << 40), 0)) AS last
		FROM campaigns c
		WHERE c.frozen = 1 AND (n > 0 OR EXISTS (SELECT 1 FROM lanes l WHERE l.campaign = c.no))
			AND (c.purged <> 0 OR last < ? AND NOT EXISTS (SELECT 1 FROM deliveries d
				WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40 AND d.state IN (?, ?, ?, ?)))
		ORDER BY last, c.no`, before.UnixNano(), Pending.code(), Deferred.code(), Begun.code(), Unknown.code())
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var e Ended
		var last int64
		err := rows.Scan(&e.ID, &e.Rows, &last)
		e.Last = sqlite.Moment(last)
		list = append(list, e)
		return err
	})
	return list, l.db.Explain(err)
}

// Purge erases the rows, deliveries and attempts, and what came back, of the campaigns that Ended lists, and returns these. Of each campaign
// it keeps how many deliveries were in each state, so that the states still add up, and that it ended: a later send of
// the same id sends nothing. Then the file is written anew.
//
// It needs the locks of these campaigns, and takes those that this Ledger does not hold. The next Purge finishes an
// interrupted one.
func (l *Ledger) Purge(ctx context.Context, before time.Time) (done []Ended, err error) {
	list, err := l.Ended(ctx, before)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		// What an interrupted Purge erased may still be in pages that nobody uses.
		var left int
		err := l.db.Reading.QueryRowContext(ctx, `
			SELECT EXISTS (SELECT 1 FROM campaigns WHERE purged <> 0) * freelist_count
			FROM pragma_freelist_count`).Scan(&left)
		if err != nil || left == 0 {
			return nil, l.db.Explain(err)
		}
		return nil, l.db.Rewrite(ctx)
	}
	for _, e := range list {
		if err := l.purge(ctx, e.ID, before); err != nil {
			return done, err
		}
		done = append(done, e)
	}
	return done, l.db.Rewrite(ctx)
}

// purge erases one campaign if, now that it is locked, it is still one that Ended lists.
func (l *Ledger) purge(ctx context.Context, id string, before time.Time) (err error) {
	release, err := l.holding(id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	list, err := l.Ended(ctx, before)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(e Ended) bool { return e.ID == id }) {
		return nil
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	if err := errors.Join(journal.Remove(l.journalPath(id)), l.markPurged(no)); err != nil {
		return err
	}
	if err := l.unclaim(ctx, no); err != nil {
		return err
	}
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = l.purgePiece(no); err != nil {
			return err
		}
	}
	return nil
}

// markPurged marks the campaign before its first row goes: from here on a send of it sends nothing.
func (l *Ledger) markPurged(no int64) error {
	first, end := schema.Span(no)
	return l.db.Write(func(t *sqlite.Tx) error {
		now := time.Now().UnixNano()
		if _, err := t.Exec("UPDATE campaigns SET purged = ? WHERE no = ? AND purged = 0", now, no); err != nil {
			return err
		}
		if _, err := t.Exec("DELETE FROM audit WHERE delivery > ? AND delivery < ?", first, end); err != nil {
			return err
		}
		_, err := t.Exec(schema.InsertAudit+"VALUES (?, ?, ?, ?, 'purge', 0, 0)", first, now, machine.User(), machine.Name())
		return err
	})
}

// purgePiece erases some of the campaign's deliveries, and at last its lanes; then it reports that nothing is left.
func (l *Ledger) purgePiece(no int64) (more bool, err error) {
	const piece = 20_000
	first, end := schema.Span(no)
	err = l.db.Write(func(t *sqlite.Tx) error {
		var last int64
		if err := t.Row(`SELECT coalesce(max(id), 0) FROM (SELECT id FROM deliveries
			WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)`, first, end, piece).Scan(&last); err != nil {
			return err
		}
		if more = last != 0; !more {
			_, err := t.Exec("DELETE FROM lanes WHERE campaign = ?", no)
			return errors.Join(err, steps.Purge(t, no))
		}
		for _, step := range []string{
			`INSERT INTO tallies(campaign, state, n)
				SELECT ?1, state, count(*) FROM deliveries WHERE id >= ?2 AND id <= ?3 GROUP BY state
				ON CONFLICT (campaign, state) DO UPDATE SET n = n + excluded.n`,
			`INSERT INTO counts(campaign, state, n)
				SELECT ?1, state, -count(*) FROM deliveries WHERE id >= ?2 AND id <= ?3 GROUP BY state
				ON CONFLICT (campaign, state) DO UPDATE SET n = n + excluded.n`,
			"DELETE FROM attempts WHERE ?1 = ?1 AND delivery >= ?2 AND delivery <= ?3",
			"DELETE FROM copied WHERE ?1 = ?1 AND delivery >= ?2 AND delivery <= ?3",
			"DELETE FROM rows WHERE ?1 = ?1 AND id >= ?2 AND id <= ?3",
			"DELETE FROM deliveries WHERE ?1 = ?1 AND id >= ?2 AND id <= ?3",
		} {
			if _, err := t.Exec(step, no, first, last); err != nil {
				return err
			}
		}
		if err := members.Remove(t, first, last); err != nil {
			return err
		}
		return returned.Purge(t, first, last)
	})
	return more, err
}
