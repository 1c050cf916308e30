// Package merge has what a re-plan does to a frozen campaign, as statements: [Steps] are done in their order, and
// [Added], [Removed] and [Edited] count what they will do.
//
// The statements have named arguments: into and from are the numbers of the frozen campaign and of the draft, first and
// end the frozen campaign's span, draft and drafted that of the draft, and shift what is added to an id of the draft
// that moves. The states are suppressed, cancelled, invalid, duplicate and filtered.
package merge

import "mailshot/campaign/ledger/internal/schema"

// What a re-plan compares: n is the new row and e its delivery, o the frozen row with the same key and f its delivery.
const (
	isNew    = "NOT EXISTS (SELECT 1 FROM claims o WHERE o.campaign = :into AND o.hash = n.hash)"
	isGone   = "NOT EXISTS (SELECT 1 FROM claims n WHERE n.campaign = :from AND n.hash = o.hash)"
	isEdited = "(f.digest IS NOT e.digest OR e.state <> " + schema.SQLPending + ")"

	// Added are the claims of keys that the frozen campaign does not have.
	Added = "FROM claims n WHERE n.campaign = :from AND " + isNew
	// Removed are the rows that may still go, and are gone from the new list.
	Removed = `FROM rows o JOIN deliveries f ON f.id = o.id WHERE o.id >= :first AND o.id < :end
		AND f.state IN ` + schema.Open + " AND o.hash IS NOT NULL AND " + isGone
	// Kept are the deliveries that may still go, and are on the new list. CROSS JOIN keeps the order. In a file that some
	// tool has analysed SQLite would take another, and look at all deliveries for each key.
	Kept = `FROM deliveries f CROSS JOIN rows o ON o.id = f.id
		CROSS JOIN claims k ON k.campaign = :from AND k.hash = o.hash
		CROSS JOIN rows n ON n.id = k.row CROSS JOIN deliveries e ON e.id = n.id
		WHERE f.id >= :first AND f.id < :end AND f.state IN ` + schema.Open
	// Edited are those of Kept that have another message now, or none.
	Edited = Kept + " AND " + isEdited
)

const (
	rowColumns = "hash, number, place, key, address, address_key, fields"
	laneOf     = `(SELECT mine.no FROM lanes mine JOIN lanes theirs USING (name)
			WHERE mine.campaign = :into AND theirs.no = e.lane)`
	listed = "(:invalid, :duplicate, :filtered)"
	moved  = "n.id >= :draft AND n.id < :drafted AND (n.hash IS NULL OR " + isNew + ")"
)

// Steps merge the draft into the frozen campaign.
var Steps = []string{
	"INSERT OR IGNORE INTO lanes(campaign, name) SELECT :into, name FROM lanes WHERE campaign = :from ORDER BY no",
	// gone from the list
	`UPDATE deliveries SET state = :cancelled, due = 0, reason = '` + schema.Gone + `'
			WHERE id IN (SELECT f.id ` + Removed + ")",
	// still on the list: rows with the same message get new fields too, because the header may have other columns
	`UPDATE rows SET (number, place, address, address_key, fields) = (
				SELECT number, place, address, address_key, fields FROM claims k JOIN rows n ON n.id = k.row
				WHERE k.campaign = :from AND k.hash = rows.hash)
			WHERE id IN (SELECT f.id ` + Kept + ")",
	`UPDATE deliveries SET (digest, reason, lane, state, due) = (SELECT e.digest, e.reason, ` + laneOf + `,
				iif(e.state = ` + schema.SQLPending + `, deliveries.state, :suppressed),
				iif(e.state = ` + schema.SQLPending + `, deliveries.due, 0)
				FROM rows o JOIN claims k ON k.campaign = :from AND k.hash = o.hash JOIN deliveries e ON e.id = k.row
				WHERE o.id = deliveries.id)
			WHERE id IN (SELECT f.id ` + Kept + ")",
	// rows without a delivery to make are those of the new list
	`DELETE FROM rows WHERE id IN (SELECT id FROM deliveries
			WHERE id >= :first AND id < :end AND state IN ` + listed + ")",
	"DELETE FROM deliveries WHERE id >= :first AND id < :end AND state IN " + listed,
	// new: the deliveries first, while their rows are still new
	`INSERT INTO deliveries(id, state, lane, due, attempts, first, turn, digest, reason)
			SELECT e.id + :shift, e.state, ` + laneOf + `, 0, 0, 0, 0, e.digest, e.reason
			FROM rows n JOIN deliveries e ON e.id = n.id WHERE ` + moved + " ORDER BY e.id",
	"INSERT INTO rows(id, campaign, " + rowColumns + ") SELECT n.id + :shift, :into, " + rowColumns +
		" FROM rows n WHERE " + moved + " ORDER BY n.id",
	"INSERT INTO claims(campaign, hash, row) SELECT :into, n.hash, n.row + :shift " + Added + " ORDER BY n.hash",
}
