package accounts

import (
	"context"
	"database/sql"
	"time"

	"mailshot/internal/sqlite"
)

// Used is what is known about the use of caps under one key.
type Used struct {
	Uses    []Use     // by the second, the oldest first
	Started time.Time // when the latest use under a paced cap began; zero: there was none
}

// Use is a number of uses at one time, by the wall clock of who asks.
type Use struct {
	Time time.Time
	N    int64
}

// Used returns what has been used under a key since a time, where the caller's wall clock says now. What processes have
// reserved and not stamped yet counts as used now. It changes nothing.
func (a *Accounts) Used(ctx context.Context, key string, since, now time.Time) (Used, error) {
	var u Used
	if err := ctx.Err(); err != nil {
		return u, err
	}
	t, _, err := a.Time(ctx, now)
	if err != nil {
		return u, err
	}
	ahead := t.Sub(now)
	rows, err := a.db.Read(`SELECT min(second, ?) AS at, sum(n) FROM (
			SELECT second, n FROM uses WHERE key = ? AND second > ?
			UNION ALL SELECT ?, n FROM leases WHERE key = ?)
		GROUP BY at ORDER BY at`, seconds(t), key, since.Add(ahead).Unix(), seconds(t), key)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var second, n int64
		err := r.Scan(&second, &n)
		if n > 0 {
			u.Uses = append(u.Uses, Use{Time: time.Unix(second, 0).Add(-ahead), N: n})
		}
		return err
	})
	if err != nil {
		return Used{}, a.db.Explain(err)
	}
	rows, err = a.db.Read("SELECT last FROM paces WHERE key = ?", key)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var last int64
		err := r.Scan(&last)
		u.Started = time.Unix(0, last).Add(-ahead)
		return err
	})
	return u, a.db.Explain(err)
}
