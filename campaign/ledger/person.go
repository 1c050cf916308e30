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
	return l.personRows(ctx, "SELECT id FROM rows WHERE address_key = ? ORDER BY id", addressKey)
}

// Copied returns the rows of others in whose attempts the address with this key was the recipient of a copy.
func (l *Ledger) Copied(ctx context.Context, addressKey string) ([]PersonRow, error) {
	return l.personRows(ctx, "SELECT DISTINCT delivery FROM copied WHERE address_key = ? ORDER BY 1", addressKey)
}

// personRows returns the rows whose ids the query finds, in ascending order.
func (l *Ledger) personRows(ctx context.Context, query, addressKey string) ([]PersonRow, error) {
	ids := map[int64][]int64{} // by campaign
	rows, err := l.db.Reading.QueryContext(ctx, query, addressKey)
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
