package accounts

import (
	"context"
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
	err = a.db.Read(`SELECT min(second, ?) AS at, sum(n) FROM (
			SELECT second, n FROM uses WHERE key = ? AND second > ?
			UNION ALL SELECT ?, n FROM leases WHERE key = ?)
		GROUP BY at ORDER BY at`, []any{seconds(t), key, since.Add(ahead).Unix(), seconds(t), key}, func(r *sqlite.Row) error {
		if second, n := r.Int(), r.Int(); n > 0 {
			u.Uses = append(u.Uses, Use{Time: time.Unix(second, 0).Add(-ahead), N: n})
		}
		return nil
	})
	if err != nil {
		return Used{}, a.db.Explain(err)
	}
	err = a.db.Read("SELECT last FROM paces WHERE key = ?", []any{key}, func(r *sqlite.Row) error {
		u.Started = time.Unix(0, r.Int()).Add(-ahead)
		return nil
	})
	return u, a.db.Explain(err)
}
