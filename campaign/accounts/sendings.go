package accounts

import (
	"context"
	"database/sql"
	"time"

	"mailshot/internal/sqlite"
)

// Sending is what is remembered of a campaign that was sent from a folder: how much, and with which ledger. It names no
// person. It stays when the ledger is deleted, so that this is noticed.
type Sending struct {
	ID, Folder  string // the campaign's id, and the folder of its file
	Run         string // the campaign's random name in its ledger (ledger.Campaign.Run)
	Ledger      string // where its ledger was
	Sent        int64  // how many people may have been mailed, as of the last run that ended
	Open        bool   // a run has begun since and not ended: it may have mailed more
	First, Last time.Time
}

// Sendings returns what is remembered of the campaigns with this id, a sending for each folder.
func (a *Accounts) Sendings(ctx context.Context, id string) ([]Sending, error) {
	return a.sendings(ctx, "WHERE id = ?", id)
}

// AllSendings returns what is remembered of all campaigns, a sending for each folder.
func (a *Accounts) AllSendings(ctx context.Context) ([]Sending, error) { return a.sendings(ctx, "") }

// sendings are those for which the condition holds.
func (a *Accounts) sendings(ctx context.Context, where string, args ...any) ([]Sending, error) {
	rows, err := a.db.Reading.QueryContext(ctx, `SELECT id, folder, run, ledger, sent, open, first, last
		FROM sendings `+where+` ORDER BY id, folder`, args...)
	var list []Sending
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var s Sending
		var first, last int64
		err := rows.Scan(&s.ID, &s.Folder, &s.Run, &s.Ledger, &s.Sent, &s.Open, &first, &last)
		s.First, s.Last = sqlite.Moment(first), sqlite.Moment(last)
		list = append(list, s)
		return err
	})
	return list, a.db.Explain(err)
}

// NoteSending remembers s, durably, and reports whether it did. false means that the campaign was sent from that folder
// under another Run, and that take does not say that s takes its place. Sent never falls, and First stays as it was.
func (a *Accounts) NoteSending(ctx context.Context, s Sending, take bool) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	var n int64
	err := a.db.Write(func(t *sqlite.Tx) (err error) {
		n, err = t.Exec(`INSERT INTO sendings(id, folder, run, ledger, sent, open, first, last)
			VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
			ON CONFLICT (id, folder) DO UPDATE SET run = excluded.run, ledger = excluded.ledger,
				sent = max(sent, excluded.sent), open = excluded.open, last = max(last, excluded.last)
			WHERE run = excluded.run OR ?8 OR sent = 0 AND open = 0`,
			s.ID, s.Folder, s.Run, s.Ledger, s.Sent, s.Open, sqlite.Stamp(s.Last), take)
		return err
	})
	return n == 1, err
}
