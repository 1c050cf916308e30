package repair

import (
	"database/sql"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// grouped finds again, by its key, the row that carries the message of a grouped row. A row for which there is none was
// not to be mailed by itself, and is not.
func (d *doubts) grouped() {
	d.do("DELETE FROM members WHERE row NOT IN (SELECT id FROM deliveries WHERE state = ?)", schema.Grouped)
	if d.err != nil {
		return
	}
	const stray = " FROM deliveries d WHERE d.state = ? AND NOT " + schema.Carried
	type row struct {
		id, campaign int64
		key          string
	}
	var lost []row
	rows, err := d.Query("SELECT r.id, r.campaign, r.key FROM rows r WHERE r.id IN (SELECT d.id"+stray+")", schema.Grouped)
	d.err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var r row
		err := rows.Scan(&r.id, &r.campaign, &r.key)
		lost = append(lost, r)
		return err
	})
	for _, r := range lost {
		hash := schema.HashKey(r.key)
		d.do(`INSERT OR REPLACE INTO members(row, carrier) SELECT ?, row FROM claims WHERE campaign = ? AND hash = ?`,
			r.id, r.campaign, hash[:])
	}
	d.count("%d grouped rows have lost the row that carries their message", d.do(`UPDATE deliveries AS d SET state = ?,
		reason = 'the row that carries its message was lost when the file was repaired' WHERE d.id IN (SELECT d.id`+stray+")",
		schema.Invalid, schema.Grouped))
	d.do("DELETE FROM members WHERE row NOT IN (SELECT id FROM deliveries WHERE state = ?)", schema.Grouped)
}
