// Package recovery ends what a run that died left begun: [Run].
package recovery

import (
	"database/sql"
	"time"

	"mailshot/campaign/ledger/internal/marks"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// begun is what has a state to go back to, if it has not started. A delivery of another run has no mark that could
// tell. One of which no message can be made, or whose log does not say what it was, stays in doubt.
const begun = `SELECT d.id, d.attempts FROM deliveries d JOIN rows r ON r.id = d.id
	JOIN campaigns c ON c.no = ? AND c.turn = d.turn
	WHERE d.id >= ? AND d.id < ? AND d.state = ` + schema.SQLBegun + " AND NOT (" + schema.Emptied + `)
		AND iif(d.attempts = 0,
			d.due = 0 AND (` + schema.LastTried + " IS NULL OR " + schema.LastManual + " IS " + schema.SQLPending + `),
			d.due <> 0 AND ` + schema.LastTried + " IS " + schema.SQLDeferred + ")"

// Run ends what the campaign's last run left begun, in a transaction of the holder of the campaign's lock. path is
// where the marks of that run are. What the server has certainly not got is what it was before, what it has certainly
// taken is sent, and the rest becomes unknown. What came back meanwhile leads on from there.
func Run(t *sqlite.Tx, no int64, path string, now time.Time) error {
	first, end := schema.Span(no)
	var some int64
	if err := t.Row("SELECT coalesce(sum(n), 0) FROM counts WHERE campaign = ? AND state = "+schema.SQLBegun, no).
		Scan(&some); err != nil || some == 0 {
		return err
	}
	var name string
	if err := t.Row("SELECT "+schema.RunName+" FROM campaigns WHERE no = ?", no).Scan(&name); err != nil {
		return err
	}
	var found []marks.Delivery
	rows, err := t.Query(begun, no, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var d marks.Delivery
		err := rows.Scan(&d.Sequence, &d.Attempts)
		d.Sequence -= first
		found = append(found, d)
		return err
	})
	if err != nil {
		return err
	}
	waiting, taken := marks.Known(path, name, found)
	for _, d := range waiting {
		n, err := t.Exec(`UPDATE deliveries SET state = iif(attempts = 0, ?, ?), first = iif(attempts = 0, 0, first), turn = 0
			WHERE id = ? AND state = ? AND attempts = ?`,
			schema.Pending, schema.Deferred, first+d.Sequence, schema.Begun, d.Attempts)
		if err := schema.Changed(n, 1, err); err != nil {
			return err
		}
	}
	for _, d := range taken {
		id := first + d.Sequence
		_, err := t.Exec(schema.InsertAttempt+`VALUES (?, ?, ?, 'recovery', 0, '',
			'the server took it, and the program ended before it had recorded the reply', '')`, id, now.UnixNano(), schema.Sent)
		if err != nil {
			return err
		}
		n, err := t.Exec(`UPDATE deliveries SET state = ?, due = 0, attempts = attempts + 1, reason = ''
			WHERE id = ? AND state = ? AND attempts = ?`, schema.Sent, id, schema.Begun, d.Attempts)
		if err := schema.Changed(n, 1, err); err != nil {
			return err
		}
	}
	const left = " FROM deliveries WHERE id >= ? AND id < ? AND state = " + schema.SQLBegun
	if _, err := t.Exec(schema.InsertAttempt+`SELECT id, ?, ?, 'recovery', 0, '',
		'the program ended before it had recorded a reply', ''`+left+" ORDER BY id",
		now.UnixNano(), schema.Unknown, first, end); err != nil {
		return err
	}
	_, err = t.Exec(`UPDATE deliveries SET state = ?, due = 0, attempts = attempts + 1, reason = ''
		WHERE id IN (SELECT id`+left+")", schema.Unknown, first, end)
	if err != nil {
		return err
	}
	return returned.Recount(t, no)
}
