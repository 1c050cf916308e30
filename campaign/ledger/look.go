package ledger

import (
	"context"
	"time"

	"mailshot/campaign/ledger/internal/cc"
	"mailshot/campaign/ledger/internal/look"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// Find says which deliveries of a campaign a page shows.
type Find struct {
	Filter
	Text          string  // that the address, the key or the place has in it, whatever the case of A to Z; "" = any
	Reply         *Answer // of the last attempt: its Code and Enhanced; nil = any
	After, Before int64   // ids of Records: what comes behind, or right before; 0 = from the beginning
	Limit         int     // how many
}

// Page returns the deliveries that a page shows, in the order in which they were stored, and whether more follow:
// behind them, or with Before in front of them. A page of a large campaign takes as long as the deliveries between
// its first one and its last one.
func (l *Ledger) Page(ctx context.Context, id string, f Find) (page []Record, more bool, err error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return nil, false, err
	}
	q := look.Query{Campaign: no, Choice: f.choice(), Text: f.Text, After: f.After, Before: f.Before, Limit: f.Limit}
	if f.Reply != nil {
		q.Reply, q.Code, q.Enhanced = true, f.Reply.Code, f.Reply.Enhanced
	}
	ids, more, err := look.Page(ctx, l.db.Reading, q)
	if err != nil || len(ids) == 0 {
		return nil, false, l.db.Explain(err)
	}
	page, err = l.records(ctx, Filter{IDs: ids}, ids[0]-1, ids[len(ids)-1]+1)
	return page, more, l.db.Explain(err)
}

// Minute is what became of the attempts that ended in one minute.
type Minute struct {
	Start  time.Time
	States map[State]int64
}

// Minutes counts the attempts at the campaign's deliveries by the minute in which they ended, the oldest minute first.
// A minute without an attempt is left out. It reads all attempts of the file once.
func (l *Ledger) Minutes(ctx context.Context, id string) ([]Minute, error) {
	no, _, err := l.find(ctx, id)
	if err != nil {
		return nil, err
	}
	counted, err := look.Minutes(ctx, l.db.Reading, no)
	var all []Minute
	for _, m := range counted {
		start := time.Unix(m.Minute*60, 0)
		if len(all) == 0 || !all[len(all)-1].Start.Equal(start) {
			all = append(all, Minute{Start: start, States: map[State]int64{}})
		}
		all[len(all)-1].States[stateOf(m.State)] += m.N
	}
	return all, l.db.Explain(err)
}

// Refusal is how often the deliveries of a campaign in one lane got one answer that is not an acceptance.
type Refusal struct {
	Campaign, Sender, Lane        string // the campaign's id, its From, and the lane
	Stage, Enhanced, Text, Server string // Text is that of the last such answer
	Code                          int
	N                             int64
	Last                          time.Time // when that was
}

// Refusals returns the answers from a time on that did not accept a message, of all campaigns of the file. It looks at
// the newest attempts, as many as newest says.
func (l *Ledger) Refusals(ctx context.Context, since time.Time, newest int64) (all []Refusal, err error) {
	found, err := look.Refusals(ctx, l.db.Reading, sqlite.Stamp(since), newest)
	for _, r := range found {
		all = append(all, Refusal{Campaign: r.Campaign, Sender: r.Sender, Lane: r.Lane, Stage: r.Stage, Enhanced: r.Enhanced,
			Text: r.Text, Server: r.Server, Code: int(r.Code), N: r.N, Last: sqlite.Moment(r.Last)})
	}
	return all, l.db.Explain(err)
}

// Story returns all attempts at a Record's delivery, and all changes of it by hand, the oldest first.
func (l *Ledger) Story(ctx context.Context, delivery int64) ([]Result, []Change, error) {
	tried, changed, err := look.Story(ctx, l.db.Reading, delivery)
	if err != nil {
		return nil, nil, l.db.Explain(err)
	}
	said, err := cc.Of(ctx, l.db.Reading, delivery)
	var results []Result
	for _, a := range tried {
		results = append(results, Result{State: stateOf(a.State), Stage: a.Stage, Code: int(a.Code), Enhanced: a.Enhanced,
			Text: a.Text, Server: a.Server, Time: sqlite.Moment(a.Time), Copies: fromFile(said[a.No])})
	}
	var changes []Change
	for _, c := range changed {
		changes = append(changes, Change{Time: sqlite.Moment(c.Time), Who: c.Who, Host: c.Host, Act: c.Act,
			Before: stateOf(c.Before), After: stateOf(c.After)})
	}
	return results, changes, l.db.Explain(err)
}

// Holder is the process that has the campaign's lock, 0 if none has or its number cannot be told. Nobody waits for who
// asks, and who asks keeps nobody out for longer than a glance.
func (l *Ledger) Holder(id string) int {
	name := l.beside(id, ".lock")
	if sqlite.Locked(name) {
		return sqlite.Holder(name)
	}
	return 0
}

// choice is the filter by the numbers of the file.
func (f Filter) choice() schema.Choice {
	c := schema.Choice{Addresses: f.Addresses, Domains: f.Domains, Keys: f.Keys, IDs: f.IDs, Not: f.not}
	for _, state := range f.States {
		c.States = append(c.States, state.code())
	}
	return c
}
