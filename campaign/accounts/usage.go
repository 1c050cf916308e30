package accounts

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign/accounts/clock"
	"mailshot/internal/sqlite"
)

// usage is the use of caps as it is on the disk, within one transaction at one moment. Uses are kept by the second, and
// for a minute by the millisecond too: if a cap of five in a second could count in whole seconds only, it would let
// through half of that. Both are rounded up, so that a use is never taken for older than it is.
//
// All times are in the time of the file, which is read within the transaction: a caller that waited for its turn is not
// late. A use in the future, which an earlier version or a damaged file may have, counts as now and stays as it is.
type usage struct {
	t      *sqlite.Tx
	state  clock.State // once tick was called
	now    time.Time   // the same
	holder string
}

// seconds returns at in whole seconds of Unix time, rounded up.
func seconds(at time.Time) int64 {
	s := at.Unix()
	if at.Nanosecond() > 0 {
		s++
	}
	return s
}

// milliseconds returns at in whole milliseconds of Unix time, rounded up.
func milliseconds(at time.Time) int64 {
	ms := at.UnixMilli()
	if at.Nanosecond()%int(time.Millisecond) > 0 {
		ms++
	}
	return ms
}

// grace is how long what a process wrote last may lie unread in a server's socket after the process was found dead.
// What the process had reserved counts as now for so long, and then from then.
const grace = 30 * time.Second

// deadHolder begins the name under which the leases of a dead holder are kept for the time of grace. The milliseconds
// at which the holder was found follow, and its name. An earlier version makes uses of them at once.
const deadHolder = "dead-"

// pollBusy is how soon to ask again if all uses that are in the way are reserved and not stamped.
const pollBusy = time.Second

// add counts n uses at ms.
func (u *usage) add(key string, ms, n int64) error {
	_, err := u.t.Exec(`INSERT INTO uses(key, second, n) VALUES (?, ?, ?)
		ON CONFLICT (key, second) DO UPDATE SET n = n + excluded.n`, key, (ms+999)/1000, n)
	if err == nil {
		_, err = u.t.Exec(`INSERT INTO moments(key, ms, n) VALUES (?, ?, ?)
			ON CONFLICT (key, ms) DO UPDATE SET n = n + excluded.n`, key, ms, n)
	}
	return err
}

// release takes n of the holder's leases of key away.
func (u *usage) release(key string, n int64) error {
	if n == 0 {
		return nil
	}
	_, err := u.t.Exec("UPDATE leases SET n = n - ? WHERE key = ? AND holder = ?", n, key, u.holder)
	if err == nil {
		_, err = u.t.Exec("DELETE FROM leases WHERE key = ? AND holder = ? AND n <= 0", key, u.holder)
	}
	return err
}

// settle notes which windows of l are asked for, and drops uses that are too old for every window ever asked for.
func (u *usage) settle(l Limit) error {
	longest := time.Duration(0)
	for _, c := range l.Caps {
		longest = max(longest, c.Window)
	}
	if _, err := u.t.Exec(`INSERT INTO windows(key, longest) VALUES (?, ?)
		ON CONFLICT (key) DO UPDATE SET longest = excluded.longest WHERE longest < excluded.longest`,
		l.Key, int64(longest)); err != nil {
		return err
	}
	_, err := u.t.Exec("DELETE FROM moments WHERE key = ? AND ms <= ?", l.Key, u.now.Add(-pacedBelow).UnixMilli())
	if err != nil {
		return err
	}
	_, err = u.t.Exec(`DELETE FROM uses WHERE key = ? AND second <=
		(SELECT (? - longest) / 1000000000 - 1 FROM windows WHERE key = ?)`, l.Key, u.now.UnixNano(), l.Key)
	return err
}

// room returns how many more uses l allows now. If it allows none, wait is when that may change. Windows are looked at
// only if count is set: what is leased has been counted already.
func (u *usage) room(l Limit, count bool) (room int64, wait time.Time, err error) {
	room = 1
	if count {
		room = 1 << 30
	}
	leased := int64(0)
	if count {
		if leased, err = u.sum("SELECT coalesce(sum(n), 0) FROM leases WHERE key = ?", l.Key); err != nil {
			return 0, wait, err
		}
	}
	narrow := func(left int64, when time.Time, err error) error {
		room = min(room, left)
		if left == 0 && when.After(wait) {
			wait = when
		}
		return err
	}
	for _, c := range l.Caps {
		if c.paced() {
			err = narrow(u.pace(l.Key, c))
		}
		if err == nil && count {
			err = narrow(u.window(l.Key, c, leased))
		}
		if err != nil {
			return 0, wait, err
		}
	}
	return room, wait, nil
}

// uses are the queries for the uses of a key in a window, by their time in units since 1970: milliseconds for short
// windows.
type uses struct {
	unit time.Duration
	sum  string
	list string
}

func (c Cap) uses() uses {
	if c.paced() {
		return uses{time.Millisecond, "SELECT coalesce(sum(n), 0) FROM moments WHERE key = ? AND ms > ?",
			"SELECT ms, n FROM moments WHERE key = ? AND ms > ? ORDER BY ms"}
	}
	return uses{time.Second, "SELECT coalesce(sum(n), 0) FROM uses WHERE key = ? AND second > ?",
		"SELECT second, n FROM uses WHERE key = ? AND second > ? ORDER BY second"}
}

// window returns the room in a rolling window, and when there will be some if there is none.
func (u *usage) window(key string, c Cap, leased int64) (left int64, when time.Time, err error) {
	// A use of second s is in the window until s + Window has come.
	in := c.uses()
	since := u.now.Add(-c.Window).UnixNano() / int64(in.unit)
	used, err := u.sum(in.sum, key, since)
	if err != nil {
		return 0, when, err
	}
	over := used + leased + 1 - c.N
	if over <= 0 {
		return 1 - over, when, nil
	}
	when = u.now.Add(pollBusy)
	rows, err := u.t.Query(in.list, key, since)
	free := func(at time.Time, n int64) {
		if over > 0 {
			if over -= n; over <= 0 {
				when = at.Add(c.Window)
			}
		}
	}
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var at, n int64
		err := r.Scan(&at, &n)
		free(time.Unix(0, at*int64(in.unit)), n)
		return err
	})
	if err != nil || over <= 0 {
		return 0, when, err
	}
	rows, err = u.t.Query("SELECT holder, n FROM leases WHERE key = ? AND holder LIKE '"+deadHolder+"%' ORDER BY holder", key)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var holder string
		var n int64
		err := r.Scan(&holder, &n)
		if at, ok := graceOver(holder); ok {
			free(at, n)
		}
		return err
	})
	return 0, when, err
}

// pace returns the room under a paced cap: one if the last start is long enough ago, else none.
func (u *usage) pace(key string, c Cap) (left int64, when time.Time, err error) {
	last, err := u.sum("SELECT coalesce(max(last), 0) FROM paces WHERE key = ?", key)
	if err != nil {
		return 0, when, err
	}
	apart := (c.Window + time.Duration(c.N) - 1) / time.Duration(c.N)
	if when = sqlite.Moment(last).Add(apart); last != 0 && u.now.Before(when) {
		return 0, when, nil
	}
	return 1, when, nil
}

// take leases n uses of l, and notes the start of one if l is paced.
func (u *usage) take(l Limit, n int64) error {
	for _, c := range l.Caps {
		if c.paced() {
			if _, err := u.t.Exec(`INSERT INTO paces(key, last) VALUES (?, ?)
				ON CONFLICT (key) DO UPDATE SET last = excluded.last`, l.Key, u.now.UnixNano()); err != nil {
				return err
			}
			break
		}
	}
	if n == 0 {
		return nil
	}
	_, err := u.t.Exec(`INSERT INTO leases(key, holder, n) VALUES (?, ?, ?)
		ON CONFLICT (key, holder) DO UPDATE SET n = n + excluded.n`, l.Key, u.holder, n)
	return err
}

// holders lists the other holders that have leases.
func (u *usage) holders() (list []string, err error) {
	rows, err := u.t.Query("SELECT DISTINCT holder FROM leases WHERE holder <> ?", u.holder)
	err = sqlite.Each(rows, err, func(r *sql.Rows) error {
		var h string
		err := r.Scan(&h)
		list = append(list, h)
		return err
	})
	return list, err
}

// find keeps a dead holder's leases under a name that says when the holder was found. A server may read what the holder
// wrote later still.
func (u *usage) find(holder string) error {
	_, err := u.t.Exec("UPDATE leases SET holder = ? WHERE holder = ?",
		fmt.Sprintf("%s%d-%s", deadHolder, milliseconds(u.now), holder), holder)
	return err
}

// graceOver is when the time of grace of a dead holder is over; ok is false for one that was not found dead.
func graceOver(holder string) (over time.Time, ok bool) {
	rest, ok := strings.CutPrefix(holder, deadHolder)
	if !ok {
		return time.Time{}, false
	}
	ms, _, _ := strings.Cut(rest, "-")
	found, err := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(found).Add(grace), err == nil
}

// buried makes uses out of the leases of a holder that was found dead, once its time of grace is over. They are uses of
// that moment. It reports false for a holder that was not found dead yet.
func (u *usage) buried(holder string) (bool, error) {
	over, ok := graceOver(holder)
	switch {
	case !ok:
		return false, nil
	case over.Sub(u.now) > 2*grace: // found by an earlier version, whose clock was set back
		over = u.now
	case u.now.Before(over):
		return true, nil
	}
	return true, u.bury(holder, over)
}

// bury makes uses of a moment out of a holder's leases.
func (u *usage) bury(holder string, now time.Time) error {
	// The WHERE keeps SQLite from taking ON for a join.
	_, err := u.t.Exec(`INSERT INTO uses(key, second, n) SELECT key, ?, n FROM leases WHERE holder = ?
		ON CONFLICT (key, second) DO UPDATE SET n = n + excluded.n`,
		seconds(now), holder)
	if err == nil {
		_, err = u.t.Exec(`INSERT INTO moments(key, ms, n) SELECT key, ?, n FROM leases WHERE holder = ?
			ON CONFLICT (key, ms) DO UPDATE SET n = n + excluded.n`,
			milliseconds(now), holder)
	}
	if err != nil {
		return err
	}
	_, err = u.t.Exec("DELETE FROM leases WHERE holder = ?", holder)
	return err
}

// sum asks for one number.
func (u *usage) sum(query string, args ...any) (n int64, err error) {
	r, err := u.t.Known(query, args...)
	if err == nil {
		err = r.Scan(&n)
	}
	return n, err
}
