package accounts

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"mailshot/campaign/accounts/clock"
	"mailshot/internal/sqlite"
)

// Time is the time in which uses are recorded and windows counted, where the caller's wall clock says now. off is how
// far that clock is ahead of it, and less than 0 where it is behind; 0 where the wall clock is believed. It changes
// nothing.
func (a *Accounts) Time(ctx context.Context, now time.Time) (t time.Time, off time.Duration, err error) {
	if err := ctx.Err(); err != nil {
		return t, 0, err
	}
	row := func(query string) *sql.Row { return a.db.Reading.QueryRowContext(ctx, query) }
	r := a.clock(now)
	s, err := stateAt(r, func(query string) (*sql.Row, error) { return row(query), nil })
	return s.Time, s.Off(r.Wall), a.db.Explain(err)
}

// What is stored of the time, and what stands in its place in a file that has none yet: the latest use, which an
// earlier version recorded by the wall clock.
const (
	storedState = "SELECT boot, since, time, wall, same FROM clock"
	latestUse   = `SELECT max(1000000000 * (SELECT coalesce(max(second), 0) FROM uses WHERE second < 8000000000),
		(SELECT coalesce(max(last), 0) FROM paces))`
)

// stateAt is the time of the file at r; row asks for one row.
func stateAt(r clock.Reading, row func(query string) (*sql.Row, error)) (s clock.State, err error) {
	known, err := row(storedState)
	if err != nil {
		return s, err
	}
	var t, wall, set int64
	err = known.Scan(&s.Boot, &s.Since, &t, &wall, &set)
	if errors.Is(err, sql.ErrNoRows) {
		if known, err = row(latestUse); err == nil {
			err = known.Scan(&t)
		}
		return clock.Begin(r, sqlite.Moment(t)), err
	}
	s.Time, s.Wall, s.Set = time.Unix(0, t), time.Unix(0, wall), time.Unix(0, set)
	return s.At(r), err
}

// tick makes u's time that of this moment. now is what the caller's wall clock says.
func (u *usage) tick(c clock.Clock, now time.Time) error {
	r := c(now)
	s, err := stateAt(r, func(query string) (*sql.Row, error) { return u.t.Known(query) })
	if err == nil && s.Doubtful(r) {
		s, err = u.anew(s, r)
	}
	if err != nil {
		return err
	}
	u.state, u.now = s, s.Time
	_, err = u.t.Exec(`INSERT INTO clock(no, boot, since, time, wall, same) VALUES (1, ?, ?, ?, ?, ?)
		ON CONFLICT (no) DO UPDATE SET boot = excluded.boot, since = excluded.since, time = excluded.time,
			wall = excluded.wall, same = excluded.same`,
		s.Boot, int64(s.Since), s.Time.UnixNano(), s.Wall.UnixNano(), s.Set.UnixNano())
	return err
}

// anew makes the time that of the wall clock, if nothing that is recorded counts any more under any cap. Then the old
// records go: they may lie in the future of the new time.
func (u *usage) anew(s clock.State, r clock.Reading) (clock.State, error) {
	// A use of a key whose windows nobody has asked for counts for ever. Seconds are rounded up.
	counts, err := u.sum(`SELECT EXISTS (SELECT 1 FROM leases)
		OR EXISTS (SELECT 1 FROM uses LEFT JOIN windows USING (key)
			WHERE second > coalesce((? - longest) / 1000000000 - 1, 0))
		OR EXISTS (SELECT 1 FROM paces LEFT JOIN windows USING (key) WHERE last > coalesce(? - longest, 0))`,
		s.Time.UnixNano(), s.Time.UnixNano())
	if err != nil || counts > 0 {
		return s, err
	}
	longest, err := u.sum("SELECT coalesce(max(longest), 0) FROM windows")
	if err != nil {
		return s, err
	}
	for _, query := range []string{"DELETE FROM uses", "DELETE FROM moments", "DELETE FROM paces"} {
		if _, err := u.t.Exec(query); err != nil {
			return s, err
		}
	}
	return s.Anew(r, time.Duration(longest)), nil
}
