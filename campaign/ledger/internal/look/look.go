// Package look has the queries of those who look at a campaign page by page: [Page] finds the next deliveries that a
// person asks for, [Minutes] counts the attempts by the minute, and [Story] is all that happened to one delivery.
// They only read. Each reads no more of the file than its answer needs, so that a page of a large campaign is as
// quick as one of a small campaign where many rows fit what is asked for.
package look

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Query says which deliveries of a campaign to find.
type Query struct {
	schema.Choice
	Campaign      int64
	Text          string // that the address, the key or the place has in it, whatever the case of A to Z; "" = any
	Reply         bool   // the last attempt has Code and Enhanced
	Code          int
	Enhanced      string
	After, Before int64 // ids; with Before the deliveries right before it; 0 = from the beginning
	Limit         int
}

// lastAttempt joins a delivery's last attempt.
const lastAttempt = " JOIN attempts a ON a.no = (SELECT max(no) FROM attempts WHERE delivery = d.id)"

// Page returns the ids of the next deliveries, in ascending order, and whether there are more in the direction asked
// for.
func Page(ctx context.Context, db *sql.DB, q Query) (ids []int64, more bool, err error) {
	first, end := schema.Span(q.Campaign)
	cond, args := q.Where()
	// A table that is not needed is not read: most columns of most rows are of no use here.
	from, id := "deliveries d", "d.id"
	switch rows := q.Text != "" || strings.Contains(cond, "r."); {
	case rows && len(q.States)+len(q.IDs)+len(q.Not) == 0 && !q.Reply:
		from, id = "rows r", "r.id"
	case rows:
		from += " CROSS JOIN rows r ON r.id = d.id"
	}
	if q.Reply {
		from += lastAttempt
		cond += " AND a.code = ? AND a.enhanced = ?"
		args = append(args, q.Code, q.Enhanced)
	}
	if q.Text != "" {
		text := strings.Map(lower, q.Text)
		cond += " AND (instr(lower(r.address), ?) OR instr(lower(r.key), ?) OR instr(lower(r.place), ?))"
		args = append(args, text, text, text)
	}
	low, high, order := max(first-1, q.After), end, ""
	if q.Before > 0 {
		high, order = min(end, q.Before), " DESC"
	}
	rows, err := db.QueryContext(ctx, "SELECT "+id+" FROM "+from+" WHERE "+id+" > ? AND "+id+" < ? AND "+cond+
		" ORDER BY "+id+order+" LIMIT ?", append(append([]any{low, high}, args...), q.Limit+1)...)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		ids = append(ids, n)
		return err
	})
	if more = len(ids) > q.Limit; more {
		ids = ids[:q.Limit]
	}
	if q.Before > 0 {
		slices.Reverse(ids)
	}
	return ids, more, err
}

// lower is SQLite's lower for one letter.
func lower(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// Minute is how many attempts led to a state in one minute.
type Minute struct{ Minute, State, N int64 } // Minute is of Unix time

// Minutes counts a campaign's attempts by minute and state, the oldest first.
func Minutes(ctx context.Context, db *sql.DB, campaign int64) (all []Minute, err error) {
	first, end := schema.Span(campaign)
	// The + keeps the index out of it: to read the table from end to end is quicker than to look each attempt up.
	rows, err := db.QueryContext(ctx, `SELECT time / 60000000000, state, count(*) FROM attempts
		WHERE +delivery >= ? AND +delivery < ? GROUP BY 1, 2 ORDER BY 1, 2`, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var m Minute
		err := rows.Scan(&m.Minute, &m.State, &m.N)
		all = append(all, m)
		return err
	})
	return all, err
}

// Attempt is one attempt at a delivery, as it is stored.
type Attempt struct {
	No, Time, State, Code         int64
	Stage, Enhanced, Text, Server string
}

// Change is one change of a delivery by hand, as it is stored.
type Change struct {
	Time, Before, After int64
	Who, Host, Act      string
}

// Story returns the attempts at a delivery and the changes by hand, the oldest first.
func Story(ctx context.Context, db *sql.DB, delivery int64) (tried []Attempt, changed []Change, err error) {
	rows, err := db.QueryContext(ctx, `SELECT no, time, state, stage, code, enhanced, text, server FROM attempts
		WHERE delivery = ? ORDER BY no`, delivery)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var a Attempt
		err := rows.Scan(&a.No, &a.Time, &a.State, &a.Stage, &a.Code, &a.Enhanced, &a.Text, &a.Server)
		tried = append(tried, a)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	rows, err = db.QueryContext(ctx, "SELECT time, who, host, act, before, after FROM audit WHERE delivery = ? ORDER BY no",
		delivery)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var c Change
		err := rows.Scan(&c.Time, &c.Who, &c.Host, &c.Act, &c.Before, &c.After)
		changed = append(changed, c)
		return err
	})
	return tried, changed, err
}
