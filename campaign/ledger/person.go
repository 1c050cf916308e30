package ledger

import (
	"context"
	"database/sql"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// PersonRow is one row of a person in one campaign, and its delivery.
type PersonRow struct {
	Campaign *Campaign
	Record
}

// Person returns all rows of the address with this key, in the order of the campaigns and of their lists. Somebody who
// was forgotten has none. It reads all rows of the file once.
func (l *Ledger) Person(ctx context.Context, addressKey string) ([]PersonRow, error) {
	ids := map[int64][]int64{} // by campaign
	rows, err := l.db.Reading.QueryContext(ctx, "SELECT id FROM rows WHERE address_key = ? ORDER BY id", addressKey)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids[id>>schema.SequenceBits] = append(ids[id>>schema.SequenceBits], id)
		return err
	})
	if err != nil {
		return nil, l.db.Explain(err)
	}
	all, err := l.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	var out []PersonRow
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
				return nil, l.db.Explain(err)
			}
			for _, r := range records {
				out = append(out, PersonRow{c, r})
			}
		}
	}
	return out, nil
}
