package ledger

import (
	"context"
	"database/sql"
	"time"

	"mailshot/internal/sqlite"
)

// Hand is one thing that a person did to a campaign.
type Hand struct {
	Time      time.Time
	Who, Host string // who ran the program, and on which machine
	Act       string // retry, resolve, found, cancel, forget, purge, accept copy, repair
	After     State  // what the deliveries are since; empty of a purge
	N         int64  // how many
}

// Hands lists what people did to the campaign, the oldest first.
func (l *Ledger) Hands(ctx context.Context, id string) ([]Hand, error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	first, end := span(no)
	var list []Hand
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT time, who, host, act, after, count(*) FROM audit WHERE delivery >= ? AND delivery < ?
		GROUP BY time, who, host, act, after ORDER BY min(no)`, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var h Hand
		var at, after int64
		err := rows.Scan(&at, &h.Who, &h.Host, &h.Act, &after, &h.N)
		h.Time, h.After = sqlite.Moment(at), stateOf(after)
		list = append(list, h)
		return err
	})
	return list, l.db.Explain(err)
}
