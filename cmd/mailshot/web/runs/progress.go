package runs

import (
	"slices"
	"time"

	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
)

// Progress is how a run is going.
type Progress struct {
	Counts   []report.Count // of all states, in the order of the identity; nil before the first event
	Rows     int64          // their sum
	Planned  int64          // what this run set out to send
	Done     int64          // of that, what has an outcome
	InFlight int
	Hold     string    // why nothing goes; "" = it does
	Until    time.Time // nothing goes before, if Hold says so
	Replies  []Reply   // the commonest first
	Minutes  []Minute  // the last hour's, the oldest first
	Out      []string  // servers that are out, and why
}

// Reply is a reply of a server that many deliveries got.
type Reply struct {
	State string // that it led to
	Code  int
	Text  string
	N     int64
	Last  string // the place of the last row that got it
}

// Minute is what a run did in one minute.
type Minute struct {
	At                   time.Time
	Sent, Deferred, Lost int64 // Lost: refused, given up, unknown
}

// The most that is kept of each kind: a run of a million rows has a page of the same size.
const (
	mostReplies = 40
	mostMinutes = 60
)

// progress gathers the events of a run.
type progress struct {
	started time.Time
	last    dispatch.Event
	before  int64            // what had an outcome in the run's earlier campaigns
	counts  map[string]int64 // of the rows of those, by state
	hold    dispatch.Event
	out     map[string]string
	replies map[[2]string]*Reply
	minutes []Minute
}

// observe takes an event of the run. The run waits for it, so it does little.
func (r *Run) observe(e dispatch.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.events
	p.last = e
	switch e.Kind {
	case dispatch.Hold:
		p.hold = e
	case dispatch.Out:
		if p.out == nil {
			p.out = map[string]string{}
		}
		p.out[e.Server] = e.Text
	case dispatch.Draining:
		r.phase = Draining
	case dispatch.Started:
	default:
		p.hold = dispatch.Event{}
		p.count(e)
	}
}

// count counts an outcome.
func (p *progress) count(e dispatch.Event) {
	at := e.Time.Truncate(time.Minute)
	if n := len(p.minutes); n == 0 || p.minutes[n-1].At.Before(at) {
		p.minutes = append(p.minutes, Minute{At: at})
		p.minutes = p.minutes[max(0, len(p.minutes)-mostMinutes):]
	}
	m := &p.minutes[len(p.minutes)-1]
	switch ledger.State(e.Kind) {
	case ledger.Sent:
		m.Sent++
	case ledger.Deferred:
		m.Deferred++
	default:
		m.Lost++
	}
	if ledger.State(e.Kind) == ledger.Sent || e.Text == "" {
		return
	}
	if p.replies == nil {
		p.replies = map[[2]string]*Reply{}
	}
	key := [2]string{string(e.Kind), e.Text}
	if p.replies[key] == nil {
		if len(p.replies) >= mostReplies {
			return
		}
		p.replies[key] = &Reply{State: string(e.Kind), Code: e.Code, Text: e.Text}
	}
	p.replies[key].N++
	p.replies[key].Last = e.Place
}

// now is what a page shows. The caller has the run's lock.
func (p *progress) now() Progress {
	out := Progress{Planned: p.last.Planned, Done: p.before + p.last.Done, InFlight: p.last.InFlight, Hold: p.hold.Text,
		Until: p.hold.Until, Minutes: slices.Clone(p.minutes)}
	for server, why := range p.out {
		out.Out = append(out.Out, server+": "+why)
	}
	slices.Sort(out.Out)
	for _, r := range p.replies {
		out.Replies = append(out.Replies, *r)
	}
	slices.SortFunc(out.Replies, func(a, b Reply) int {
		if a.N != b.N {
			return int(b.N - a.N)
		}
		if a.Text < b.Text {
			return -1
		}
		return 1
	})
	return out
}

// count takes the counts by state.
func (p *Progress) count(counts map[string]int64) {
	for _, s := range ledger.States() {
		p.Counts = append(p.Counts, report.Count{State: string(s), N: counts[string(s)]})
		p.Rows += counts[string(s)]
	}
}
