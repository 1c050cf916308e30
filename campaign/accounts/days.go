package accounts

import (
	"context"
	"database/sql"
	"time"

	"mailshot/internal/sqlite"
)

// SendingDay is what was sent under one key, which names an account, on one day.
type SendingDay struct {
	Date           time.Time // its midnight in UTC; the date is what counts
	Tried, Refused int64
}

// AddDay adds, durably, how many messages were tried and how many of them were refused on the calendar date of day, in
// day's own zone.
func (a *Accounts) AddDay(ctx context.Context, key string, day time.Time, tried, refused int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		_, err := t.Exec(`INSERT INTO days(key, day, tried, refused) VALUES (?, ?, ?, ?)
			ON CONFLICT (key, day) DO UPDATE SET tried = tried + excluded.tried, refused = refused + excluded.refused`,
			key, day.Format(time.DateOnly), tried, refused)
		return err
	})
}

// Days returns the sending days of the key, in order.
func (a *Accounts) Days(ctx context.Context, key string) ([]SendingDay, error) {
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT day, tried, refused FROM days WHERE key = ? ORDER BY day", key)
	var days []SendingDay
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var d SendingDay
		var date string
		err := rows.Scan(&date, &d.Tried, &d.Refused)
		if err == nil {
			d.Date, err = time.Parse(time.DateOnly, date)
		}
		days = append(days, d)
		return err
	})
	return days, a.db.Explain(err)
}
