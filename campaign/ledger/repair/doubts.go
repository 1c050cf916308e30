package repair

import (
	"database/sql"
	"fmt"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/machine"
	"mailshot/internal/sqlite"
)

// settleDoubts makes the records of a repaired file hold together, without guessing; see File. path is the file's. cut
// says that the end of the log was lost.
func settleDoubts(t *sqlite.Tx, path string, cut bool, lost losses, r *Report) error {
	d := &doubts{Tx: t, r: r, now: time.Now().UnixNano(), who: machine.User(), host: machine.Name()}
	d.drafts()
	d.lanes()
	d.lostDeliveries()
	d.lostRows()
	d.missing()
	d.keys()
	d.do(`UPDATE campaigns SET lost = max(lost, (SELECT count(*) FROM rows r
		WHERE r.campaign = campaigns.no AND r.place = 'lost' AND r.hash IS NULL AND r.fields IS NULL))
		WHERE purged = 0`)
	d.returns(cut || lost.returns)
	d.states(cut, cut || lost.log)
	d.journals(path, cut || lost.copies)
	d.grouped()
	d.held()
	d.outcomes()
	r.Unknown = d.changed
	d.count("%d deliveries are unknown now", d.changed)
	d.count("%d deliveries are held now", r.Held)
	return d.err
}

// doubts does steps until one fails.
type doubts struct {
	*sqlite.Tx
	r         *Report
	now       int64
	who, host string
	changed   int64 // deliveries that are unknown now
	err       error
}

// SQL of several steps. laneOf is a lane of the campaign whose delivery has the number %s.
const (
	frozen = "(SELECT no FROM campaigns WHERE frozen = 1)"
	laneOf = "(SELECT min(no) FROM lanes l WHERE l.campaign = %s >> 40)"

	newDelivery = "INSERT INTO deliveries(id, state, lane, due, attempts, first, turn, digest, reason) "
	newRow      = "INSERT INTO rows(id, campaign, hash, number, place, key, address, address_key, fields) "
)

// drafts removes campaigns that were never frozen, and records of campaigns that are not there.
func (d *doubts) drafts() {
	d.do("DELETE FROM deliveries WHERE id >> 40 NOT IN " + frozen)
	d.do("DELETE FROM rows WHERE id >> 40 NOT IN " + frozen)
	d.do("DELETE FROM lanes WHERE campaign NOT IN " + frozen)
	d.do("DELETE FROM campaigns WHERE frozen = 0")
	d.do("DELETE FROM attempts WHERE delivery >> 40 NOT IN " + frozen)
	d.do("DELETE FROM audit WHERE delivery >> 40 NOT IN " + frozen)
	d.do("DELETE FROM members WHERE row >> 40 NOT IN " + frozen)
	d.do("DELETE FROM returns WHERE delivery NOT IN (SELECT id FROM deliveries)")
	d.copies() // before another attempt may get the number of one that is lost
}

// copies removes what was said about copies in attempts that are lost.
func (d *doubts) copies() {
	d.count("%d replies about copies were given in attempts that are lost", d.do("DELETE FROM copied WHERE "+schema.Astray))
}

// lanes gives every campaign a lane, and every delivery one that there is.
func (d *doubts) lanes() {
	d.do(`INSERT OR IGNORE INTO lanes(campaign, name) SELECT no, 'lost' FROM campaigns c
		WHERE NOT EXISTS (SELECT 1 FROM lanes l WHERE l.campaign = c.no)`)
	d.do("UPDATE rows SET campaign = id >> 40 WHERE campaign <> id >> 40")
	d.do("UPDATE deliveries SET lane = " + fmt.Sprintf(laneOf, "id") + " WHERE lane NOT IN (SELECT no FROM lanes)")
}

// lostDeliveries makes deliveries for the rows whose delivery is lost.
func (d *doubts) lostDeliveries() {
	// Where all deliveries are there, a row without one is the row of a delivery that seems to have none: one of their
	// numbers is damaged.
	d.count("%d rows belong to deliveries that cannot be told", d.do(`DELETE FROM rows
		WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = rows.id) AND id >> 40 IN (SELECT no FROM campaigns c
			WHERE (SELECT count(*) FROM deliveries d WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40)
				+ (SELECT coalesce(sum(n), 0) FROM tallies t WHERE t.campaign = c.no) >= c.rows)`))
	const missing = ` AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = r.id)`
	lane := fmt.Sprintf(laneOf, "id")
	d.count("%d records of deliveries are lost: what became of them is unknown", d.do(newDelivery+
		"SELECT id, ?, "+lane+", 0, 0, 0, 0, NULL, 'its record was lost' FROM rows r WHERE hash IS NOT NULL"+missing,
		schema.Pending))
	// A row that has no claim to a key never had a message to send.
	d.count("%d records of rows that were not to be mailed are lost", d.do(newDelivery+
		"SELECT id, ?, "+lane+", 0, 0, 0, 0, NULL, 'its record was lost; it was not to be mailed'"+
		" FROM rows r WHERE hash IS NULL"+missing, schema.Invalid))
	d.recordLost()
}

// recordLost makes unknown the deliveries that were made anew.
func (d *doubts) recordLost() {
	d.unknown("reason = 'its record was lost' AND state = "+schema.SQLPending,
		"the record of this delivery was lost when the file was repaired")
}

// lostRows makes rows for the deliveries whose row is lost.
func (d *doubts) lostRows() {
	d.count("%d rows are lost: who they were is not known any more", d.do(newRow+
		`SELECT id, id >> 40, NULL, id & 0xffffffffff, 'lost', '', '', '', NULL FROM deliveries d
		WHERE NOT EXISTS (SELECT 1 FROM rows r WHERE r.id = d.id)`))
}

// missing makes the rows and deliveries of which no record is left at all: the campaign's own says how many rows there
// were.
func (d *doubts) missing() {
	d.do(`CREATE TEMP TABLE missing AS SELECT no,
		(SELECT coalesce(max(d.id), c.no << 40) FROM deliveries d
			WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40) AS last,
		rows - (SELECT count(*) FROM deliveries d WHERE d.id >= c.no << 40 AND d.id < (c.no + 1) << 40)
			- (SELECT coalesce(sum(n), 0) FROM tallies t WHERE t.campaign = c.no) AS n
		FROM campaigns c`)
	const each = `FROM missing m JOIN (
			WITH RECURSIVE c(i) AS (
				SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < (SELECT max(n) FROM missing))
			SELECT i FROM c
		) ON i <= m.n WHERE m.n > 0`
	d.do(newRow + "SELECT m.last + i, m.no, NULL, (m.last + i) & 0xffffffffff, 'lost', '', '', '', NULL " + each)
	d.count("%d rows and their deliveries are lost: who they were is not known any more", d.do(newDelivery+
		`SELECT m.last + i, ?, (SELECT min(l.no) FROM lanes l WHERE l.campaign = m.no), 0, 0, 0, 0, NULL,
			'its record was lost' `+each, schema.Pending))
	d.recordLost()
	d.count("%d campaigns have more records than rows were planned", d.do(`UPDATE campaigns
		SET rows = rows - (SELECT n FROM missing m WHERE m.no = campaigns.no)
		WHERE no IN (SELECT no FROM missing WHERE n < 0)`))
	d.do("DROP TABLE missing")
}

// states makes unknown the deliveries in a state that there is not, or that the log contradicts.
func (d *doubts) states(cut, lostLog bool) {
	d.count("%d attempts cannot be read", d.do("DELETE FROM attempts WHERE "+schema.BadAttempt))
	d.copies()
	d.do("UPDATE rows SET number = id & 0xffffffffff WHERE typeof(number) <> 'integer'")
	d.unknown(schema.Unreadable, "the state of this delivery was lost when the file was repaired")
	if cut {
		d.unknown("state IN "+schema.Open, "the end of the log was lost: this may have been sent")
	}
	if lostLog {
		// What became of a delivery is in its own record; the attempt that led there is lost.
		d.do(schema.InsertAttempt+`SELECT id, ?, state, 'recovery', 0, '',
				'the record of this attempt was lost when the file was repaired', ''
			FROM deliveries d WHERE state IN (?, ?, ?, ?)
				AND iif(attempts > 0, `+schema.LastTried+", "+schema.LastManual+") IS NOT state",
			d.now, schema.Sent, schema.Refused, schema.GaveUp, schema.Unknown)
		d.do(`UPDATE deliveries AS d SET attempts = max(attempts, 1)
			WHERE state IN (?, ?, ?, ?) AND attempts = 0 AND `+schema.LastManual+" IS NOT state",
			schema.Sent, schema.Refused, schema.GaveUp, schema.Unknown)
		d.cameBack()
	}
	for _, rule := range schema.Rules() {
		if rule.Doubt {
			d.unknown(rule.Condition,
				"the records of this delivery contradicted each other when the file was repaired: "+rule.Text)
		}
	}
}

// journals makes unknown what runs that died have in their journals: a record that a repair brings back may be a later
// one or an older one. copies says that some of who gets which message may be lost from the file; what a journal
// that is lost had of it is.
func (d *doubts) journals(path string, copies bool) {
	if d.err != nil {
		return
	}
	rows, err := d.Query("SELECT no, id, " + schema.RunName + ", journal FROM campaigns")
	type campaign struct{ id, run, journal string }
	all := map[int64]campaign{}
	d.err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var no int64
		var c campaign
		err := rows.Scan(&no, &c.id, &c.run, &c.journal)
		all[no] = c
		return err
	})
	const open = "state IN (" + schema.SQLPending + ", " + schema.SQLBegun + ", " + schema.SQLDeferred + ") AND "
	for no, c := range all {
		name := schema.Beside(path, c.id, ".journal")
		g, known, err := durable.Unfolded(d.Tx, no, name)
		if !known && err == nil {
			err = durable.Older(name, c.run, c.journal)
		}
		if err != nil { // it is gone, or as damaged as the file, or the file is older
			d.r.say("campaign %q: %v", c.id, err)
			d.unknown(open+fmt.Sprintf("id >> 40 = %d", no), "the journal of the last run was lost: this may have been sent")
		}
		if (err != nil || copies) && d.err == nil {
			d.err = steps.MarkLost(d.Tx, no)
		}
		if len(g.Gets) > 0 && d.err == nil {
			d.err = steps.Keep(d.Tx, no, &g)
		}
		for _, s := range slices.Concat(g.Outcomes, g.Begun) { // whatever state the damage gave it
			d.unknown(fmt.Sprintf("id = %d AND state <> %d", s.ID, s.To),
				"the file was repaired before the last run's journal was in it")
		}
	}
	d.do("UPDATE campaigns SET journal = '', folded = 0")
}

// held holds the deliveries that were to be sent and have no message any more, and mends what is left of those not to
// be sent.
func (d *doubts) held() {
	d.r.Held = d.do(`UPDATE deliveries AS d SET state = ?, due = 0, attempts = 0,
			reason = 'what was to be sent was lost when the file was repaired'
		WHERE d.id IN (SELECT d.id FROM deliveries d JOIN rows r ON r.id = d.id
			WHERE `+schema.Unsendable+")", schema.Held)
	d.do(`UPDATE deliveries SET attempts = 0 WHERE state IN (?, ?, ?) AND attempts > 0
		AND (SELECT a.state FROM attempts a WHERE a.delivery = deliveries.id ORDER BY a.no DESC LIMIT 1) IS NOT `+
		schema.SQLDeferred, schema.Held, schema.Cancelled, schema.Suppressed)
	d.do(`UPDATE deliveries SET reason = 'the reason was lost when the file was repaired'
		WHERE reason = '' AND state IN (?, ?, ?, ?, ?, ?, ?)`,
		schema.Held, schema.Cancelled, schema.Suppressed, schema.Invalid, schema.Filtered, schema.Duplicate, schema.Grouped)
}

// emptyRow makes a row one whose person is not known any more.
const emptyRow = `UPDATE rows AS r
	SET hash = NULL, place = 'lost', key = '', address = '', address_key = '', fields = NULL WHERE `

// keys empties the rows whose key does not have their hash: one of the two is damaged, and nobody knows which. It
// claims the keys of the other rows anew. Of several rows with one key the claim goes to a row that has been mailed, or
// may have been, before any that is still to be mailed.
func (d *doubts) keys() {
	if d.err != nil {
		return
	}
	var wrong []int64
	rows, err := d.Query("SELECT id, key, hash FROM rows WHERE hash IS NOT NULL AND key <> ''")
	d.err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id int64
		var key string
		var hash []byte
		err := rows.Scan(&id, &key, &hash)
		if h := schema.HashKey(key); string(h[:]) != string(hash) {
			wrong = append(wrong, id)
		}
		return err
	})
	for _, id := range wrong {
		d.do(emptyRow+"id = ?", id)
	}
	d.count("%d rows have another key than they were planned with: who they are is not known any more",
		int64(len(wrong)))
	d.do(`INSERT OR IGNORE INTO claims(campaign, hash, row)
		SELECT r.campaign, r.hash, r.id FROM rows r JOIN deliveries d ON d.id = r.id WHERE r.hash IS NOT NULL
		ORDER BY r.campaign, r.hash, d.state IN ` + schema.Open + ", r.id")
	d.count("%d rows have the key of another row: who they are is not known any more",
		d.do(emptyRow+schema.Unclaimed))
}

// do runs a statement and returns how many records it changed.
func (d *doubts) do(query string, args ...any) int64 {
	if d.err != nil {
		return 0
	}
	n, err := d.Once(query, args...)
	d.err = err
	return n
}

// count says how many there were, unless there were none.
func (d *doubts) count(format string, n int64) {
	if n > 0 {
		d.r.say(format, n)
	}
}

// unknown makes unknown the deliveries for which the condition holds, and records why, and who ran the repair.
func (d *doubts) unknown(condition, why string) {
	chosen := " FROM deliveries AS d WHERE (" + condition + ")"
	d.do("CREATE TEMP TABLE chosen AS SELECT id, state" + chosen)
	d.do(schema.InsertAttempt+"SELECT id, ?, ?, 'recovery', 0, '', ?, '' FROM chosen ORDER BY id", d.now, schema.Unknown, why)
	d.do(`INSERT INTO audit(delivery, time, who, host, act, before, after)
		SELECT id, ?, ?, ?, 'repair', iif(typeof(state) = 'integer', state, 0), ? FROM chosen ORDER BY id`,
		d.now, d.who, d.host, schema.Unknown)
	d.changed += d.do(`UPDATE deliveries SET state = ?, due = 0,
		attempts = iif(typeof(attempts) = 'integer', attempts, 0) + 1,
		first = iif(typeof(first) = 'integer', first, 0), turn = iif(typeof(turn) = 'integer', turn, 0), reason = ''
		WHERE id IN (SELECT id FROM chosen)`, schema.Unknown)
	d.do("DROP TABLE chosen")
}
