package repair

import (
	"database/sql"

	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// returns removes what came back about deliveries that are lost, or cannot be read. lost says that some of what came
// back cannot be read: that something did is in the record of the delivery, and what led there is made anew.
func (d *doubts) returns(lost bool) {
	d.do("DELETE FROM returns WHERE delivery NOT IN (SELECT id FROM deliveries)")
	d.count("%d records of what came back cannot be read", d.do("DELETE FROM returns WHERE "+schema.BadReturn))
	if !lost {
		return
	}
	d.count("%d records of what came back are lost: the deliveries' states say that it did", d.do(`INSERT INTO
			returns(delivery, hash, time, noted, kind, reason, enhanced, detail, line, until, source, matched, verified,
				leads, applied)
		SELECT id, randomblob(16), 0, ?, 'other', '', '', 'the record was lost when the file was repaired', '', '', '', '', 0,
			state, 1
		FROM deliveries d WHERE state IN (?, ?) AND NOT `+schema.Led, d.now, schema.Bounced, schema.Complained))
}

// cameBack makes the attempts anew that are lost, and that took what has come back since.
func (d *doubts) cameBack() {
	const last = "coalesce(iif(attempts > 0, " + schema.LastTried + ", " + schema.LastManual + "), 0) NOT IN (" +
		schema.SQLSent + ", " + schema.SQLUnknown + ")"
	const which = " FROM deliveries d WHERE state IN (?, ?) AND " + last
	d.do("CREATE TEMP TABLE untaken AS SELECT id"+which, schema.Bounced, schema.Complained)
	d.do(schema.InsertAttempt+`SELECT id, ?, ?, 'recovery', 0, '',
		'the record of this attempt was lost when the file was repaired', '' FROM untaken ORDER BY id`, d.now, schema.Sent)
	d.do("UPDATE deliveries SET attempts = max(attempts, 1) WHERE id IN (SELECT id FROM untaken)")
	d.do("DROP TABLE untaken")
}

// outcomes ends the waiting of what came back about deliveries whose outcome is known now, or is unknown for good: it
// leads on from there, as in every campaign that goes on.
func (d *doubts) outcomes() {
	var all []int64
	if d.err == nil {
		rows, err := d.Query("SELECT no FROM campaigns WHERE frozen = 1")
		d.err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
			var no int64
			err := rows.Scan(&no)
			all = append(all, no)
			return err
		})
	}
	for _, no := range all {
		if d.err == nil {
			var moved int64
			moved, d.err = returned.Apply(d.Tx, no)
			d.changed -= moved // what waited was of deliveries that this repair made unknown
		}
	}
	d.do("DELETE FROM counts") // all are counted at the end
}
