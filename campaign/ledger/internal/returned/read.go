package returned

import (
	"context"
	"database/sql"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

const columns = `SELECT b.no, b.delivery, b.time, b.noted, b.kind, b.reason, b.enhanced, b.detail, b.line, b.until,
	b.source, b.matched, b.verified, b.leads, b.applied FROM returns b `

func scan(rows *sql.Rows) (r Return, err error) {
	err = rows.Scan(&r.No, &r.Delivery, &r.Time, &r.Noted, &r.Kind, &r.Reason, &r.Enhanced, &r.Detail, &r.Line, &r.Until,
		&r.Source, &r.Matched, &r.Verified, &r.Leads, &r.Applied)
	return r, err
}

// Of reads what came back about one delivery, in the order in which it was recorded.
func Of(ctx context.Context, db *sql.DB, delivery int64) (all []Return, err error) {
	rows, err := db.QueryContext(ctx, columns+"WHERE b.delivery = ? ORDER BY b.no", delivery)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		r, err := scan(rows)
		all = append(all, r)
		return err
	})
	return all, err
}

// Count counts the deliveries of a campaign about which something came back.
func Count(ctx context.Context, db *sql.DB, campaign int64) (n int64, err error) {
	first, end := schema.Span(campaign)
	err = db.QueryRowContext(ctx, "SELECT count(DISTINCT delivery) FROM returns WHERE delivery >= ? AND delivery < ?",
		first, end).Scan(&n)
	return n, err
}

// Last reads what last came back about the deliveries with ids from first to last: what led each to its state, else what
// was recorded last.
func Last(ctx context.Context, db *sql.DB, first, last int64) (map[int64]Return, error) {
	var all map[int64]Return
	rows, err := db.QueryContext(ctx, columns+`JOIN deliveries d ON d.id = b.delivery
		WHERE b.delivery >= ? AND b.delivery <= ?
		ORDER BY b.delivery, b.applied = `+SQLLed+` AND b.leads = d.state, b.no`, first, last)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		r, err := scan(rows)
		if all == nil {
			all = map[int64]Return{}
		}
		all[r.Delivery] = r
		return err
	})
	return all, err
}

// Next reads some of what came back about the deliveries of a campaign that a choice takes, after the one with the number
// no, in the order in which it was recorded.
func Next(ctx context.Context, db *sql.DB, campaign, no int64, c schema.Choice) (all []Return, err error) {
	first, end := schema.Span(campaign)
	cond, args := c.Where()
	rows, err := db.QueryContext(ctx, columns+`JOIN deliveries d ON d.id = b.delivery JOIN rows r ON r.id = d.id
		WHERE b.no > ? AND b.delivery >= ? AND b.delivery < ? AND `+cond+" ORDER BY b.no LIMIT 500",
		append([]any{no, first, end}, args...)...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		r, err := scan(rows)
		all = append(all, r)
		return err
	})
	return all, err
}
