package look

import (
	"context"
	"database/sql"

	"mailshot/internal/sqlite"
)

// Refusal is how often the deliveries of one campaign in one lane got one answer, with the text of the last.
type Refusal struct {
	Campaign, Sender, Lane        string
	Stage, Enhanced, Text, Server string
	Code, N, Last                 int64
}

// Refusals returns the answers with a code from 400 on among the newest attempts of the file, as many as newest says,
// that came at a time or later.
func Refusals(ctx context.Context, db *sql.DB, since, newest int64) (all []Refusal, err error) {
	// With max(), SQLite takes the other columns from the row that has it.
	rows, err := db.QueryContext(ctx, `SELECT c.id, c.sender, l.name, a.stage, a.code, a.enhanced, a.text, a.server,
			count(*), max(a.time)
		FROM (SELECT delivery, time, stage, code, enhanced, text, server FROM attempts ORDER BY no DESC LIMIT ?) a
		JOIN deliveries d ON d.id = a.delivery JOIN lanes l ON l.no = d.lane JOIN campaigns c ON c.no = d.id >> 40
		WHERE a.code >= 400 AND a.time >= ?
		GROUP BY c.no, d.lane, a.stage, a.code, a.enhanced, a.server`, newest, since)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var r Refusal
		err := rows.Scan(&r.Campaign, &r.Sender, &r.Lane, &r.Stage, &r.Code, &r.Enhanced, &r.Text, &r.Server, &r.N, &r.Last)
		all = append(all, r)
		return err
	})
	return all, err
}
