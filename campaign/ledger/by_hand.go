package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"mailshot/campaign/ledger/internal/byhand"
	"mailshot/campaign/ledger/internal/returned"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Retry makes the deliveries pending again that the filter chooses among those refused, given up, held or cancelled,
// and returns how many. If the filter's States name Suppressed, those count too; who is still on the suppression list
// is found there when their turn comes. A row that was forgotten, or lost in a repair, stays as it is. A filter that
// names another state is refused.
//
// What a person decided is stronger than a retry of many: a row whose last change was by hand, or that is gone from a
// list that was accepted, stays as it is unless the filter has Addresses, Keys or IDs. Rows that were cancelled are
// also taken if States name Cancelled. Retry returns how many rows it left out for that, too.
//
// It needs the campaign's lock, and takes it if this Ledger does not hold it.
func (l *Ledger) Retry(ctx context.Context, id string, f Filter) (n, byHand int64, err error) {
	f.undecided = !f.named()
	f.cancelled = slices.Contains(f.States, Cancelled)
	if len(f.States) == 0 {
		f.States = []State{Refused, GaveUp, Held, Cancelled}
	}
	return l.manual(ctx, id, f, byRetry, "retry", Pending)
}

// Resolve says what became of the unknown deliveries that the filter chooses: Sent, Refused, or Pending to send them
// again. It returns how many there were. A row that was forgotten or lost is not made pending.
//
// As Sent it also takes back that a message bounced, or that its person complained, if the filter has Addresses, Keys or
// IDs, or if its States name Bounced or Complained. What came back stays on record, and does not lead there again.
//
// Whoever decides about many decides about those that they could see. So what a killed run left begun, and what becomes
// unknown only now, stays unknown, unless the filter has Addresses, Keys or IDs. [Ledger.Recover] brings it into the
// list.
//
// It needs the campaign's lock, and takes it if this Ledger does not hold it.
func (l *Ledger) Resolve(ctx context.Context, id string, f Filter, to State) (int64, error) {
	n, _, err := l.manual(ctx, id, f, byResolve, "resolve", to)
	return n, err
}

// Cancel cancels all deliveries that are pending or deferred, and returns how many. It needs the campaign's lock, and
// takes it if this Ledger does not hold it.
func (l *Ledger) Cancel(ctx context.Context, id string) (int64, error) {
	n, _, err := l.manual(ctx, id, Filter{}, byCancel, "cancel", Cancelled)
	return n, err
}

// Evidence is what was found out about an unknown delivery: that it is Sent or Refused, and the words that say so.
type Evidence struct {
	ID    int64
	State State
	Words string
}

// Found resolves unknown deliveries by evidence, in one transaction, and returns how many of them were unknown.
//
// It needs the campaign's lock, and takes it if this Ledger does not hold it.
func (l *Ledger) Found(ctx context.Context, id string, list []Evidence) (n int64, err error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, err
	}
	release, err := l.holding(id)
	if err != nil {
		return 0, err
	}
	defer release()
	now := time.Now()
	err = l.db.Write(func(t *sqlite.Tx) error {
		for _, e := range list {
			if !legal(byResolve, Unknown, e.State) || e.State == Pending {
				return fmt.Errorf("found as %s: %w", e.State, ErrState)
			}
			unknown, err := byhand.Find(t, no, e.ID, e.State.code(), e.Words, now)
			if err != nil {
				return err
			}
			if unknown {
				n++
			}
		}
		return returned.Recount(t, no)
	})
	return n, err
}

// manual moves the deliveries that the filter chooses to the state to, and records who did so and when, in one
// transaction. It returns also how many the filter left out because a person had decided about them.
func (l *Ledger) manual(ctx context.Context, id string, f Filter, a act, name string, to State,
) (n, decided int64, err error) {
	from := sources(a, to)
	if len(from) == 0 {
		return 0, 0, fmt.Errorf("%s as %s: %w", name, to, ErrState)
	}
	for _, s := range f.States {
		if !slices.Contains(from, s) {
			return 0, 0, fmt.Errorf("%s what is %s: %w", name, s, ErrState)
		}
	}
	switch {
	case len(f.States) > 0:
	case a == byResolve && !f.named():
		f.States = []State{Unknown} // what came back is doubted one by one
	default:
		f.States = from
	}
	no, _, err := l.find(ctx, id)
	if err != nil {
		return 0, 0, err
	}
	release, err := l.holding(id)
	if err != nil {
		return 0, 0, err
	}
	defer release()
	recovered, err := l.recovered(ctx, id, no)
	if err != nil {
		return 0, 0, err
	}
	if a == byResolve && !f.named() {
		f.not = recovered
	}
	d := byhand.Decision{Campaign: no, Act: name, To: to.code(), Asked: f.asked()}
	d.Reason = map[State]string{Cancelled: "by hand"}[to]
	d.Choice, d.Args = f.where()
	err = l.db.Write(func(t *sqlite.Tx) (err error) {
		n, decided, err = d.Write(t)
		return err
	})
	return n, decided, err
}

// named reports whether the filter names deliveries one by one.
func (f Filter) named() bool { return len(f.Addresses)+len(f.Keys)+len(f.IDs) > 0 }

// asked is the condition that a person did not decide about the delivery, or is asked again about it.
func (f Filter) asked() string {
	switch {
	case !f.undecided:
		return "(1)"
	case f.cancelled:
		return "(d.state = " + fmt.Sprint(Cancelled.code()) + " OR NOT " + schema.ByHand + ")"
	}
	return "(NOT " + schema.ByHand + ")"
}

// AuditEntry is one thing that a person did to a campaign.
type AuditEntry struct {
	Time      time.Time
	Who, Host string // who ran the program, and on which machine
	Act       string // retry, resolve, found, cancel, forget, purge, accept copy, repair
	After     State  // the state of the deliveries since then; empty for a purge
	N         int64  // how many deliveries
}

// Audit lists what people did to the campaign, the oldest first.
func (l *Ledger) Audit(ctx context.Context, id string) ([]AuditEntry, error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	first, end := schema.Span(no)
	var list []AuditEntry
	rows, err := l.db.Reading.QueryContext(ctx, `SELECT time, who, host, act, after, count(*) FROM audit
		WHERE delivery >= ? AND delivery < ?
		GROUP BY time, who, host, act, after ORDER BY min(no)`, first, end)
	err = sqlite.Each(rows, err, func(rows *sql.Rows) error {
		var h AuditEntry
		var at, after int64
		err := rows.Scan(&at, &h.Who, &h.Host, &h.Act, &after, &h.N)
		h.Time, h.After = sqlite.Moment(at), stateOf(after)
		list = append(list, h)
		return err
	})
	return list, l.db.Explain(err)
}
