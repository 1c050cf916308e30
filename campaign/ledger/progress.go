package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Progress is how far a campaign has come: what a run has to know about the runs before it.
type Progress struct {
	Lanes  map[string]map[State]int64 // how many deliveries of each lane are in each state
	Latest time.Time                  // when a delivery was last tried for the first time; zero: none was tried
}

// Progress reads how far the campaign has come. Outcomes that a Run has settled and not committed yet are not in it.
func (l *Ledger) Progress(ctx context.Context, id string) (Progress, error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	first, end := schema.Span(no)
	p := Progress{Lanes: map[string]map[State]int64{}}
	var latest int64
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT l.name, t.state, t.n, t.latest
		FROM (SELECT lane, state, count(*) AS n, max(first) AS latest FROM deliveries
			WHERE id >= ? AND id < ? GROUP BY lane, state) t JOIN lanes l ON l.no = t.lane`, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var lane string
		var state, n, at int64
		if err := rows.Scan(&lane, &state, &n, &at); err != nil {
			return err
		}
		if p.Lanes[lane] == nil {
			p.Lanes[lane] = map[State]int64{}
		}
		p.Lanes[lane][stateOf(state)] = n
		latest = max(latest, at)
		return nil
	})
	p.Latest = sqlite.Moment(latest)
	return p, l.db.Explain(err)
}

// Answer is a kind of reply: its codes, the text of one such reply, and how many there were.
type Answer struct {
	Code           int
	Enhanced, Text string
	N              int64
}

// Answers returns the commonest replies, at most most, that led deliveries of the campaign to the state that they are
// in now, if that is one of states. It counts the deliveries in the lanes named, or in all lanes if lanes is nil.
func (l *Ledger) Answers(ctx context.Context, id string, lanes []string, states []State, most int) ([]Answer, error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	first, end := schema.Span(no)
	cond, args := Filter{States: states}.where()
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT l.name, a.code, a.enhanced, min(a.text), count(*)
		FROM deliveries d JOIN lanes l ON l.no = d.lane
		JOIN attempts a ON a.no = (SELECT max(no) FROM attempts WHERE delivery = d.id)
		WHERE d.id >= ? AND d.id < ? AND `+cond+`
		GROUP BY l.name, a.code, a.enhanced`, append([]any{first, end}, args...)...)
	var all []Answer
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var lane string
		var a Answer
		if err := rows.Scan(&lane, &a.Code, &a.Enhanced, &a.Text, &a.N); err != nil {
			return err
		}
		if lanes != nil && !slices.Contains(lanes, lane) {
			return nil
		}
		same := func(b Answer) bool { return b.Code == a.Code && b.Enhanced == a.Enhanced }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].N += a.N
		} else {
			all = append(all, a)
		}
		return nil
	})
	slices.SortStableFunc(all, func(a, b Answer) int { return int(b.N - a.N) })
	return all[:min(len(all), most)], l.db.Explain(err)
}
