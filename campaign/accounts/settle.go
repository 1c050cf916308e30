package accounts

import (
	"context"
	"strings"

	"mailshot/internal/sqlite"
)

// Change is a change of the suppression list that a person asks for by a token. Its Entry is for a key with the hash of
// an address, and has a Time. After Settle it is the one that is on the list: itself, or the one that was there before.
type Change struct {
	Entry Entry
	Off   bool // the entry is taken off the list, if it is there exactly so: with this reason, source and time
	Done  bool // set by Settle: the list is another one now
}

// Settle makes all changes, durably, or none of them. It syncs also if nothing changes, so that nobody can tell by the
// time whom the list has.
func (a *Accounts) Settle(ctx context.Context, changes []*Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		for _, c := range changes {
			if err := c.settle(t); err != nil {
				return err
			}
		}
		_, err := t.Exec("UPDATE changes SET n = n + 1") // SQLite syncs nothing where nothing is another value
		return err
	})
}

func (c *Change) settle(t *sqlite.Tx) error {
	e := &c.Entry
	e.Domain, e.Topic = strings.ToLower(e.Domain), strings.ToLower(e.Topic)
	query := `INSERT OR IGNORE INTO suppressions(` + entryColumns + `, seq)
		VALUES (?, ?, ?, ?, ?, ?, (SELECT n + 1 FROM changes))`
	if c.Off {
		query = `DELETE FROM suppressions
			WHERE domain = ? AND key = ? AND topic = ? AND reason = ? AND source = ? AND time = ?`
	}
	n, err := t.Exec(query, e.Domain, e.Key, e.Topic, e.Reason, e.Source, sqlite.Stamp(e.Time))
	if c.Done = n > 0; c.Done || c.Off || err != nil {
		return err
	}
	row, err := t.Known("SELECT "+entryColumns+" FROM suppressions WHERE domain = ? AND key = ? AND topic = ?",
		e.Domain, e.Key, e.Topic)
	if err == nil {
		*e, err = scanEntry(row.Scan)
	}
	return err
}
