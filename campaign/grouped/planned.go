// Package grouped says what becomes of the rows of a group in a ledger: [Planned] in a plan.
package grouped

import (
	"mailshot/campaign/ledger"
	"mailshot/campaign/recipients"
)

// Planned appends a row as it is planned, and the further rows of its group. These are grouped where the row has a
// message, and what the row is where it has none.
func Planned(to []ledger.Row, planned ledger.Row, row *recipients.Row) []ledger.Row {
	to = append(to, planned)
	if len(row.Group) < 2 {
		return to
	}
	for _, r := range row.Group[1:] {
		further := planned
		further.Number, further.Place, further.Fields, further.Digest = r.Number, r.Place, nil, nil
		if planned.State == ledger.Pending || planned.State == ledger.Suppressed {
			further.State, further.Reason = ledger.Grouped, "in the message of "+planned.Place
		}
		to = append(to, further)
	}
	return to
}
