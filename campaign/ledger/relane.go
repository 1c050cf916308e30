package ledger

import (
	"context"
	"fmt"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Relane asks lane for the lane of each delivery of the campaign that may still go, and moves the deliveries that are
// in another one. lane is given the row's number, place, address key, fields and present lane. The caller holds the
// campaign's Lock and has no Run of it open. The next Relane finishes an interrupted one.
func (l *Ledger) Relane(ctx context.Context, id string, lane func(Row) string) error {
	if !l.locked(id) {
		return fmt.Errorf("lanes of %q: %w", id, ErrNotLocked)
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return err
	}
	if _, err := l.recovered(ctx, id, no); err != nil {
		return err
	}
	const piece = 5000
	cursor, end := schema.Span(no)
	d := &Draft{l: l, no: no, lanes: map[string]int64{}} // for its lanes
	for read := piece; read == piece; {
		if err := ctx.Err(); err != nil {
			return err
		}
		read = 0
		moves := map[int64]string{}
		err := l.db.Read(`SELECT d.id, r.number, r.place, r.address_key, r.fields, l.name
			FROM deliveries d JOIN rows r ON r.id = d.id JOIN lanes l ON l.no = d.lane
			WHERE d.id > ? AND d.id < ? AND d.state IN `+schema.Open+` ORDER BY d.id LIMIT ?`, []any{cursor, end, piece}, func(r *sqlite.Row) error {
			id := r.Int()
			was := Row{Number: r.Int(), Place: r.Text(), AddressKey: r.Text(), Fields: r.Bytes(), Lane: r.Text()}
			if err := r.Err(); err != nil {
				return err
			}
			cursor = id
			read++
			if name := lane(was); name != was.Lane {
				moves[cursor] = name
			}
			return nil
		})
		if err != nil {
			return l.db.Explain(err)
		}
		if len(moves) == 0 {
			continue
		}
		err = l.db.Write(func(t *sqlite.Tx) error {
			for id, name := range moves {
				no, err := d.lane(t, name)
				if err != nil {
					return err
				}
				if _, err := t.Exec("UPDATE deliveries SET lane = ? WHERE id = ?", no, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
