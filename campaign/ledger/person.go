package ledger

import (
	"context"
	"database/sql"
	"strings"
)

// Standing is one row of a person in one campaign.
type Standing struct {
	Campaign *Campaign
	Record
}

// Person returns all rows of the address with this key, in the order of the campaigns and of their lists. Whoever was forgotten has
// none. It reads all rows of the file once.
func (l *Ledger) Person(ctx context.Context, addressKey string) ([]Standing, error) {
	ids := map[int64][]int64{} // by campaign
	rows, err := l.db.reading.QueryContext(ctx, "SELECT id FROM rows WHERE address_key = ? ORDER BY id", addressKey)
	err = each(rows, err, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids[id>>sequenceBits] = append(ids[id>>sequenceBits], id)
		return err
	})
	if err != nil {
		return nil, explain(l.db.path, err)
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var out []Standing
	for _, c := range all {
		no, _, err := l.find(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for found := ids[no]; len(found) > 0; {
			piece := found[:min(len(found), 500)]
			found = found[len(piece):]
			records, err := l.records(ctx, Filter{IDs: piece}, piece[0]-1, piece[len(piece)-1]+1)
			if err != nil {
				return nil, explain(l.db.path, err)
			}
			for _, r := range records {
				out = append(out, Standing{c, r})
			}
		}
	}
	return out, nil
}

// Entries returns the entries that keep mail of any sender from the address with this key, the oldest first: its own, those for
// its domain, and the one that was left when it was forgotten.
func (a *Accounts) Entries(ctx context.Context, addressKey string) ([]Entry, error) {
	hidden, err := a.hidden(ctx, addressKey)
	if err != nil {
		return nil, err
	}
	args := []any{hidden}
	for _, k := range SuppressedBy(addressKey) {
		args = append(args, k)
	}
	rows, err := a.db.reading.QueryContext(ctx, "SELECT "+entryColumns+" FROM suppressions WHERE key IN (?"+strings.Repeat(", ?", len(args)-1)+") ORDER BY time, key, domain", args...)
	var list []Entry
	err = each(rows, err, func(rows *sql.Rows) error {
		e, err := scanEntry(rows.Scan)
		list = append(list, e)
		return err
	})
	return list, explain(a.db.path, err)
}
