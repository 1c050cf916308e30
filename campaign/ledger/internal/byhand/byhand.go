// Package byhand writes to the disk what a person decides about deliveries, and who decided it; and it lists
// what a decision must not reach unseen. A state is its code.
package byhand

import (
	"context"
	"database/sql"
	"time"

	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/machine"
	"mailshot/internal/sqlite"
)

// Decision moves deliveries of a campaign to a state.
type Decision struct {
	Campaign int64
	Act      string // the name under which it is recorded
	To       int64
	Reason   string
	Choice   string // the condition on a delivery d and its row r
	Args     []any  // of Choice
	Asked    string // a condition without arguments; what only Choice chooses stays as it is, and is counted
}

// Write decides, and records who did so and when, in a transaction of the holder of the campaign's lock. It returns how
// many deliveries it moved, and how many were chosen and not asked about.
func (d Decision) Write(t *sqlite.Tx) (n, left int64, err error) {
	first, end := schema.Span(d.Campaign)
	chosen := " FROM deliveries d JOIN rows r ON r.id = d.id WHERE d.id >= ? AND d.id < ? AND " + d.Choice
	if d.To == schema.Pending {
		chosen += " AND NOT (" + schema.Emptied + ")" // nobody knows any more whose that was
	}
	args := append([]any{first, end}, d.Args...)
	if err := t.Row("SELECT count(*)"+chosen+" AND NOT "+d.Asked, args...).Scan(&left); err != nil {
		return 0, 0, err
	}
	chosen += " AND " + d.Asked
	// Not through the cache of statements: the text depends on the choice.
	record := []any{time.Now().UnixNano(), machine.User(), machine.Name(), d.Act, d.To}
	if _, err := t.Once(schema.InsertAudit+"SELECT d.id, ?, ?, ?, ?, d.state, ?"+chosen+" ORDER BY d.id",
		append(record, args...)...); err != nil {
		return 0, 0, err
	}
	if d.To == schema.Sent { // of what had come back
		if err := returned.Undo(t, "SELECT d.id"+chosen, args...); err != nil {
			return 0, 0, err
		}
	}
	n, err = t.Once(`UPDATE deliveries SET state = ?, due = 0, attempts = 0, first = 0, reason = ?
		WHERE id IN (SELECT d.id`+chosen+")", append([]any{d.To, d.Reason}, args...)...)
	if err != nil || n == 0 {
		return n, left, err
	}
	return n, left, returned.Recount(t, d.Campaign)
}

// Find decides about one unknown delivery of a campaign by what was found, and reports whether it was unknown. The
// transaction ends with returned.Recount.
func Find(t *sqlite.Tx, campaign, id, to int64, words string, now time.Time) (unknown bool, err error) {
	first, end := schema.Span(campaign)
	n, err := t.Exec(`UPDATE deliveries SET state = ?, due = 0, attempts = 0, first = 0, reason = ?
		WHERE id = ? AND id >= ? AND id < ? AND state = ?`, to, words, id, first, end, schema.Unknown)
	if err != nil || n == 0 {
		return false, err
	}
	_, err = t.Exec(schema.InsertAudit+"VALUES (?, ?, ?, ?, 'found', ?, ?)",
		id, now.UnixNano(), machine.User(), machine.Name(), schema.Unknown, to)
	return true, err
}

// Begun lists the deliveries of a campaign that a run has begun and not settled. Where the counts have none it is
// cheap.
func Begun(ctx context.Context, db *sql.DB, campaign int64) (ids []int64, err error) {
	first, end := schema.Span(campaign)
	rows, err := db.QueryContext(ctx, `SELECT d.id FROM counts c CROSS JOIN deliveries d
		WHERE c.campaign = ? AND c.n <> 0 AND c.state = `+schema.SQLBegun+`
			AND d.id >= ? AND d.id < ? AND d.state = `+schema.SQLBegun, campaign, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		ids = append(ids, 0)
		return rows.Scan(&ids[len(ids)-1])
	})
	return ids, err
}

// AcceptCopy makes unknown what may still go of a campaign, because a run that its file lacks may have sent it, and
// returns how many deliveries that are. What ended without being sent stays as it is, and counts as decided by a
// person: it may have been retried, and sent, by that run, so that a retry of many leaves it out. The campaign has
// come at least as far as mark then.
func AcceptCopy(t *sqlite.Tx, no, mark int64) (n int64, err error) {
	first, end := schema.Span(no)
	now := time.Now().UnixNano()
	const chosen = " FROM deliveries WHERE id >= ? AND id < ? AND state IN " + schema.Open
	if _, err := t.Once(schema.InsertAudit+"SELECT id, ?, ?, ?, 'accept copy', state, ?"+chosen+" ORDER BY id",
		now, machine.User(), machine.Name(), schema.Unknown, first, end); err != nil {
		return 0, err
	}
	if _, err := t.Once(schema.InsertAttempt+`SELECT id, ?, ?, 'recovery', 0, '',
		'a run that this ledger does not know of may have sent this', ''`+chosen+" ORDER BY id",
		now, schema.Unknown, first, end); err != nil {
		return 0, err
	}
	n, err = t.Once(`UPDATE deliveries SET state = ?, due = 0, attempts = attempts + 1, reason = ''
		WHERE id IN (SELECT id`+chosen+")", schema.Unknown, first, end)
	if err != nil {
		return 0, err
	}
	const ended = " FROM deliveries WHERE id >= ? AND id < ? AND state IN (?, ?, ?, ?)"
	which := []any{first, end, schema.Refused, schema.GaveUp, schema.Held, schema.Cancelled}
	if _, err := t.Once(schema.InsertAudit+"SELECT id, ?, ?, ?, 'accept copy', state, state"+ended+" ORDER BY id",
		append([]any{now, machine.User(), machine.Name()}, which...)...); err != nil {
		return 0, err
	}
	if _, err := t.Once("UPDATE deliveries SET attempts = 0 WHERE id IN (SELECT id"+ended+")", which...); err != nil {
		return 0, err
	}
	if _, err = t.Once("UPDATE campaigns SET turn = max(turn, ?), lost = max(lost, 1) WHERE no = ?", mark, no); err != nil {
		return 0, err
	}
	return n, returned.Recount(t, no)
}
