package accounts

import (
	"context"
	"database/sql"

	"mailshot/internal/sqlite"
)

// counting are the tables whose rows are counted under a key, and how two rows that come under one key become one. What
// a running process of an earlier version has leased stays under its key: it becomes uses there, which the next Rekey
// moves.
var counting = []struct{ table, move string }{
	{"uses", `INSERT INTO uses(key, second, n) SELECT ?1, second, n FROM uses WHERE key = ?2
		ON CONFLICT (key, second) DO UPDATE SET n = n + excluded.n`},
	{"moments", `INSERT INTO moments(key, ms, n) SELECT ?1, ms, n FROM moments WHERE key = ?2
		ON CONFLICT (key, ms) DO UPDATE SET n = n + excluded.n`},
	{"paces", `INSERT INTO paces(key, last) SELECT ?1, last FROM paces WHERE key = ?2
		ON CONFLICT (key) DO UPDATE SET last = max(last, excluded.last)`},
	{"windows", `INSERT INTO windows(key, longest) SELECT ?1, longest FROM windows WHERE key = ?2
		ON CONFLICT (key) DO UPDATE SET longest = max(longest, excluded.longest)`},
	{"days", `INSERT INTO days(key, day, tried, refused) SELECT ?1, day, tried, refused FROM days WHERE key = ?2
		ON CONFLICT (key, day) DO UPDATE SET tried = tried + excluded.tried, refused = refused + excluded.refused`},
}

// Rekey moves what was counted under other keys to those that now says, so that it goes on counting there. It writes
// nothing where no key changes.
func (a *Accounts) Rekey(ctx context.Context, now func(key string) string) error {
	changed := false
	for _, c := range counting {
		// A literal of this file, not a person's text.
		rows, err := a.db.Reading.QueryContext(ctx, "SELECT DISTINCT key FROM "+c.table)
		if err := sqlite.Each(rows, err, func(r *sql.Rows) error {
			var key string
			err := r.Scan(&key)
			changed = changed || now(key) != key
			return err
		}); err != nil {
			return a.db.Explain(err)
		}
	}
	if !changed {
		return nil
	}
	return a.db.Write(func(t *sqlite.Tx) error {
		for _, c := range counting {
			var keys []string
			rows, err := t.Query("SELECT DISTINCT key FROM " + c.table)
			if err := sqlite.Each(rows, err, func(r *sql.Rows) error {
				var key string
				err := r.Scan(&key)
				keys = append(keys, key)
				return err
			}); err != nil {
				return err
			}
			for _, key := range keys {
				if now(key) == key {
					continue
				}
				if _, err := t.Exec(c.move, now(key), key); err != nil {
					return err
				}
				if _, err := t.Exec("DELETE FROM "+c.table+" WHERE key = ?", key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
