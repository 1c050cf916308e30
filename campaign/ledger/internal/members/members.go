// Package members has the rows that are in the message of another row of their group: [Add] notes them, [Remove] and
// [Renew] take them out, and [Join] brings those of a list that was planned anew into a frozen campaign.
//
// A member is a row whose delivery is grouped. It names the row that carries the delivery of its group. A campaign
// without groups has none, and pays nothing for them.
package members

import (
	"mailshot/campaign/ledger/internal/merge"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Member is a row and the row that carries its message.
type Member struct{ Row, Carrier int64 }

// Add notes members.
func Add(t *sqlite.Tx, all []Member) error {
	args := make([]any, 0, 2*len(all))
	for len(all) > 0 {
		part := all[:min(len(all), sqlite.Several)]
		all = all[len(part):]
		args = args[:0]
		for _, m := range part {
			args = append(args, m.Row, m.Carrier)
		}
		n, err := t.Bulk("INSERT INTO members(row, carrier) VALUES ", "(?, ?)", len(part), args)
		if err := schema.Changed(n, int64(len(part)), err); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes the members among the rows from first to last.
func Remove(t *sqlite.Tx, first, last int64) error {
	_, err := t.Exec("DELETE FROM members WHERE row >= ? AND row <= ?", first, last)
	return err
}

// Any reports whether there are members among the rows from first to before end.
func Any(t *sqlite.Tx, first, end int64) (any bool, err error) {
	err = t.Row("SELECT EXISTS (SELECT 1 FROM members WHERE row >= ? AND row < ?)", first, end).Scan(&any)
	return any, err
}

// Renew removes the members of what a new list makes again: the new list has others. It comes before the deliveries
// are changed. args are those of merge.
func Renew(t *sqlite.Tx, args []any) error {
	const of = "(SELECT row FROM members WHERE carrier IN (SELECT f.id " + merge.Kept + "))"
	for _, step := range []string{
		"DELETE FROM deliveries WHERE id IN " + of,
		"DELETE FROM rows WHERE id IN " + of,
		"DELETE FROM members WHERE carrier IN (SELECT f.id " + merge.Kept + ")",
	} {
		if _, err := t.Once(step, args...); err != nil {
			return err
		}
	}
	return nil
}

// Join notes the members of a new list for the frozen rows that carry their messages, once these rows, their claims and
// the members' own rows are there. args are those of merge.
func Join(t *sqlite.Tx, args []any) error {
	_, err := t.Once(`INSERT INTO members(row, carrier) SELECT m.row + :shift, k.row
		FROM members m JOIN rows n ON n.id = m.carrier JOIN claims k ON k.campaign = :into AND k.hash = n.hash
		WHERE m.row >= :draft AND m.row < :drafted ORDER BY m.row`, args...)
	return err
}
