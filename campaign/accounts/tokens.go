package accounts

import (
	"context"
	"database/sql"
	"time"

	"mailshot/internal/sqlite"
)

// Tokened is a campaign whose tokens people may have, see mailshot/render/token.
type Tokened struct {
	Campaign          [5]byte // as tokens name it
	ID, Domain, Topic string  // what that was made of
	Time              time.Time
}

// Issue remembers what a campaign's tokens mean, before the first of them leaves. It is kept for good: a purge of the
// campaign does not know of it, because people may use a link years later. It names nobody.
func (a *Accounts) Issue(ctx context.Context, c Tokened) error {
	if _, known, err := a.Issued(ctx, c.Campaign); err != nil || known {
		return err
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		_, err := t.Exec("INSERT OR IGNORE INTO tokens(campaign, id, domain, topic, time) VALUES (?, ?, ?, ?, ?)",
			c.Campaign[:], c.ID, c.Domain, c.Topic, sqlite.Stamp(c.Time))
		return err
	})
}

// Issued is the campaign that tokens name so; known is false if none was sent from here.
func (a *Accounts) Issued(ctx context.Context, campaign [5]byte) (c Tokened, known bool, err error) {
	return a.issued(ctx, "campaign = ?", campaign[:])
}

// IssuedAs is the campaign with this id, the one that was sent last if there are several.
func (a *Accounts) IssuedAs(ctx context.Context, id string) (c Tokened, known bool, err error) {
	return a.issued(ctx, "id = ? ORDER BY time DESC LIMIT 1", id)
}

func (a *Accounts) issued(ctx context.Context, where string, arg any) (c Tokened, known bool, err error) {
	if err := ctx.Err(); err != nil {
		return c, false, err
	}
	err = a.db.Read("SELECT campaign, id, domain, topic, time FROM tokens WHERE "+where, []any{arg}, func(r *sqlite.Row) error {
		known = true
		c.Campaign = [5]byte([]byte(r.Text()))
		c.ID, c.Domain, c.Topic, c.Time = r.Text(), r.Text(), r.Text(), sqlite.Moment(r.Int())
		return nil
	})
	return c, known, a.db.Explain(err)
}

// Listed returns the entries with exactly this key, the oldest first: also that of an address of which only the hash is
// known, see HiddenKey.
func (a *Accounts) Listed(ctx context.Context, key string) (list []Entry, err error) {
	return a.entries(ctx, "key = ? ORDER BY time, domain, topic", key)
}

// LeftBy are the entries of people who left by a token of the campaign with this id: for one topic, or for all
// newsletters and notices.
func (a *Accounts) LeftBy(ctx context.Context, id string) (list []Entry, err error) {
	return a.entries(ctx, "source = ? AND topic <> '' ORDER BY time, key", SourceOf(id))
}

// entries are those for which a condition holds.
func (a *Accounts) entries(ctx context.Context, where string, args ...any) (list []Entry, err error) {
	rows, err := a.db.Reading.QueryContext(ctx, "SELECT "+entryColumns+" FROM suppressions WHERE "+where, args...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		e, err := scanEntry(rows.Scan)
		list = append(list, e)
		return err
	})
	return list, a.db.Explain(err)
}

// SourceOf is the source of an entry that comes from a message of the campaign with this id.
func SourceOf(id string) string { return "campaign " + id }
