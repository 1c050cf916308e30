package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"mailshot/campaign/ledger/internal/cc"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Filter chooses deliveries. Every field that is not empty must match; a field matches if any of its values does.
type Filter struct {
	States    []State
	Addresses []string // address keys
	Domains   []string // of address keys, without @
	Keys      []string
	IDs       []int64

	undecided bool    // of Retry: leave out what a person decided
	cancelled bool    // but for what was cancelled
	not       []int64 // of Resolve: ids to leave out
}

// Record is a delivery with its row and its last attempt, for reports.
type Record struct {
	ID, Number     int64
	Place, Key     string
	Address        string
	AddressKey     string
	Lane           string
	Fields, Digest []byte
	State          State
	Reason         string // why it is in a state that is not a server's answer
	Attempts       int    // since it was last made pending
	First, Due     time.Time
	Last           *Result // the last attempt; nil before the first
	Manual         *Change // the last manual change; nil if none
	Returned       *Return // what came back and led to State, else what came back last; nil: nothing did
	Carrier        int64   // of one grouped: the ID of the delivery whose message has the row

	attempt int64 // the number of Last
}

// Change is one change of state that a person made.
type Change struct {
	Time           time.Time
	Who, Host, Act string // who ran the program, on which machine, and the act: retry, resolve, …
	Before, After  State
}

// where returns the filter as a condition on d and r, and its arguments.
func (f Filter) where() (string, []any) {
	return f.choice().Where()
}

// Deliveries yields the campaign's deliveries that the filter chooses, in the order in which they were stored. That is
// the order of the list, but a row with another row's key may come some thousands behind its place. Deliveries reads in
// pieces, each as of the moment it is read, so that a slow reader does not hold up writers. An error ends it.
func (l *Ledger) Deliveries(ctx context.Context, id string, f Filter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		no, _, err := l.find(ctx, id)
		if err != nil {
			yield(Record{}, err)
			return
		}
		first, end := schema.Span(no)
		for at := first - 1; ; {
			piece, err := l.records(ctx, f, at, end)
			if err != nil {
				yield(Record{}, fmt.Errorf("deliveries of %q: %w", id, l.db.Explain(err)))
				return
			}
			for _, r := range piece {
				if !yield(r, nil) {
					return
				}
				at = r.ID
			}
			if len(piece) == 0 {
				return
			}
		}
	}
}

// records reads the next piece of records after the id at.
func (l *Ledger) records(ctx context.Context, f Filter, at, end int64) ([]Record, error) {
	cond, args := f.where()
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT
			d.id, r.number, r.place, r.key, r.address, r.address_key, l.name, r.fields, d.digest, d.state, d.reason,
			d.attempts, d.first, d.due, a.no, a.time, a.state, a.stage, a.code, a.enhanced, a.text, a.server,
			u.no, u.time, u.who, u.host, u.act, u.before, u.after,
			iif(d.state = `+schema.SQLGrouped+`, coalesce((SELECT carrier FROM members WHERE row = d.id), 0), 0)
		FROM deliveries d JOIN rows r ON r.id = d.id JOIN lanes l ON l.no = d.lane
		LEFT JOIN attempts a ON a.no = (SELECT max(no) FROM attempts WHERE delivery = d.id)
		LEFT JOIN audit u ON u.no = (SELECT max(no) FROM audit WHERE delivery = d.id)
		WHERE d.id > ? AND d.id < ? AND `+cond+` ORDER BY d.id LIMIT 500`, append([]any{at, end}, args...)...)
	var piece []Record
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		piece = append(piece, r)
		return err
	})
	if err != nil || len(piece) == 0 {
		return piece, err
	}
	said, err := cc.Last(ctx, l.db.Reading, piece[0].ID, piece[len(piece)-1].ID)
	if err != nil {
		return piece, err
	}
	back, err := returned.Last(ctx, l.db.Reading, piece[0].ID, piece[len(piece)-1].ID)
	for i := range piece {
		if b, is := back[piece[i].ID]; is {
			came := returnOf(b)
			piece[i].Returned = &came
		}
		if r := &piece[i]; r.Last != nil {
			r.Last.Copies = fromFile(said[r.attempt])
		}
	}
	return piece, err
}

func scanRecord(rows *sql.Rows) (Record, error) {
	var r Record
	var state, first, due int64
	var no, at, outcome, code, changeNo, changed, before, after sql.NullInt64
	var stage, enhanced, text, server, who, host, act sql.NullString
	err := rows.Scan(
		&r.ID, &r.Number, &r.Place, &r.Key, &r.Address, &r.AddressKey, &r.Lane, &r.Fields, &r.Digest, &state, &r.Reason,
		&r.Attempts, &first, &due, &no, &at, &outcome, &stage, &code, &enhanced, &text, &server,
		&changeNo, &changed, &who, &host, &act, &before, &after, &r.Carrier)
	if r.State, r.First = stateOf(state), sqlite.Moment(first); r.State == Deferred {
		r.Due = sqlite.Moment(due)
	}
	if r.attempt = no.Int64; no.Valid {
		r.Last = &Result{State: stateOf(outcome.Int64), Stage: stage.String, Code: int(code.Int64),
			Enhanced: enhanced.String, Text: text.String, Server: server.String, Time: sqlite.Moment(at.Int64)}
		if r.State == Deferred {
			r.Last.Due = r.Due
		}
	}
	if changeNo.Valid {
		r.Manual = &Change{Time: sqlite.Moment(changed.Int64), Who: who.String, Host: host.String, Act: act.String,
			Before: stateOf(before.Int64), After: stateOf(after.Int64)}
	}
	return r, err
}
