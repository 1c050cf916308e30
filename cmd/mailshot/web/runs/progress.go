package runs

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/campaign/report"
)

// Progress is how a run is going.
type Progress struct {
	Counts   []report.Count // of all states, in the order of the identity; nil before the first event
	Rows     int64          // their sum
	Planned  int64          // what this run set out to send
	Done     int64          // of that, what has an outcome
	InFlight int
	Quiet    bool    // something is left, and for some seconds nothing was on the way and nothing happened
	Rate     float64 // messages a minute that were sent, over the last half minute
	Holds    []Hold  // what is held back now: the whole run first
	Replies  []Reply // the commonest first
	Minutes  []Minute
	Lanes    []Lane   // the busiest first
	Out      []string // servers that are out, and why
}

// Hold says why nothing goes, or nothing of one group or to one server.
type Hold struct {
	Group, Server string // "" = the whole run
	Text          string
	Until         time.Time
}

// Reply is a reply of a server that many deliveries got.
type Reply struct {
	State string // that it led to
	Code  int
	Text  string // to the last of them
	N     int64
	Last  string // the place of the last row that got it

	heard int64 // when it was heard last, as a count of replies
}

// Minute is what a run did in one minute.
type Minute struct {
	At       time.Time
	N        map[string]int64 // by state
	P50, P95 float64          // seconds in which half, and 95 of 100, got their reply; NaN where none did
}

// Lane is what became of the messages to a provider or domain in this run.
type Lane struct {
	Group   string // "" = all others
	Servers []string
	Counts  map[string]int64 // by state
	N       int64
}

// The most that is kept of each kind: a run of a million rows has a page of the same size.
const (
	mostReplies = 40
	mostMinutes = 60
	mostLanes   = 60
	mostServers = 4 // of a lane
	rateSeconds = 30

	quietAfter = 3 * time.Second
)

// progress gathers the events of a run. It has a lock of its own, which is never held for longer than it takes to count
// one event or to copy what was counted: the run waits for it.
type progress struct {
	mu      sync.Mutex
	started time.Time
	last    dispatch.Event
	before  int64              // what had an outcome in the run's earlier campaigns
	counts  map[string]int64   // of the rows of those, by state
	holds   map[[2]string]Hold // by group and server
	// How many outcomes there were, and how many there may be of what was begun before the last hold of the whole run:
	// besides what is under way, what has been chosen and is about to be begun.
	outcomes, held int64
	widest         int // the most that were under way at a time
	out            map[string]string
	replies        map[[2]string]*Reply
	heard          int64 // replies that were counted
	minutes        []minute
	lanes          map[string]*Lane
	seconds        [rateSeconds]second
}

// second is how many messages were sent in one second.
type second struct{ at, n int64 }

// minute is a Minute as it is counted.
type minute struct {
	at    time.Time
	n     map[string]int64
	took  [buckets]int32
	timed int32
}

// Times to the reply are counted by their order of magnitude: bucket i ends where each is a tenth longer than the one
// before, from a tenth of a millisecond on to some minutes.
const (
	buckets = 160
	least   = 1e-4 // seconds
	growth  = 1.1
)

func bucket(took time.Duration) int {
	return min(max(int(math.Log(took.Seconds()/least)/math.Log(growth)), 0), buckets-1)
}

// within is the time within which a share of the replies came.
func (m *minute) within(share float64) float64 {
	if m.timed == 0 {
		return math.NaN()
	}
	want := int32(math.Ceil(share * float64(m.timed)))
	for i, n := range m.took {
		if want -= n; want <= 0 {
			return least * math.Pow(growth, float64(i+1))
		}
	}
	return math.NaN()
}

// begin notes when sending begins.
func (p *progress) begin(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.started = at
}

// observe takes an event of the run.
func (p *progress) observe(e dispatch.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = e
	p.widest = max(p.widest, e.InFlight)
	switch e.Kind {
	case dispatch.Hold:
		if p.holds == nil {
			p.holds = map[[2]string]Hold{}
		}
		if e.Lane+e.Server == "" {
			p.held = p.outcomes + int64(e.InFlight+p.widest)
		}
		p.holds[[2]string{e.Lane, e.Server}] = Hold{e.Lane, e.Server, strings.TrimPrefix(e.Text, e.Lane+": "), e.Until}
	case dispatch.Out:
		if p.out == nil {
			p.out = map[string]string{}
		}
		p.out[e.Server] = e.Text
	case dispatch.Draining, dispatch.Started:
	default:
		// The replies to what was under way when the run was held say nothing about the hold, and it is told once.
		if p.outcomes++; p.outcomes+int64(e.InFlight) > p.held {
			delete(p.holds, [2]string{})
		}
		p.count(e)
	}
}

// count counts an outcome.
func (p *progress) count(e dispatch.Event) {
	state := string(e.Kind)
	at := e.Time.Truncate(time.Minute)
	if n := len(p.minutes); n == 0 || p.minutes[n-1].at.Before(at) {
		p.minutes = append(p.minutes, minute{at: at, n: map[string]int64{}})
		p.minutes = p.minutes[max(0, len(p.minutes)-mostMinutes):]
	}
	m := &p.minutes[len(p.minutes)-1]
	m.n[state]++
	if e.Took > 0 {
		m.took[bucket(e.Took)]++
		m.timed++
	}
	if ledger.State(state) == ledger.Sent {
		s := &p.seconds[e.Time.Unix()%rateSeconds]
		if s.at != e.Time.Unix() {
			*s = second{at: e.Time.Unix()}
		}
		s.n++
	}
	p.lane(e)
	if ledger.State(state) != ledger.Sent && e.Text != "" {
		p.reply(e)
	}
}

// reply counts a reply. Replies that differ in the recipient's address alone are one, with the words of the last of
// them. Where there are too many, the rarest makes room, of several the one that was not heard for the longest time:
// what a server begins to say late in a long run is seen, too.
func (p *progress) reply(e dispatch.Event) {
	if p.replies == nil {
		p.replies = map[[2]string]*Reply{}
	}
	text := e.Text
	if e.Address != "" {
		text = strings.ReplaceAll(text, e.Address, "")
	}
	key := [2]string{string(e.Kind), text}
	r := p.replies[key]
	if r == nil {
		if len(p.replies) >= mostReplies {
			rarest := slices.MinFunc(slices.Collect(maps.Keys(p.replies)), func(a, b [2]string) int {
				return cmp.Or(cmp.Compare(p.replies[a].N, p.replies[b].N), cmp.Compare(p.replies[a].heard, p.replies[b].heard))
			})
			delete(p.replies, rarest)
		}
		r = &Reply{State: string(e.Kind)}
		p.replies[key] = r
	}
	p.heard++
	r.N++
	r.Code, r.Text, r.Last, r.heard = e.Code, e.Text, e.Place, p.heard
}

// lane counts an outcome for its provider or domain.
func (p *progress) lane(e dispatch.Event) {
	group := pacing.GroupOf(e.Lane)
	if !pacing.Single(group) || p.lanes[group] == nil && len(p.lanes) >= mostLanes {
		group = ""
	}
	l := p.lanes[group]
	if l == nil {
		if p.lanes == nil {
			p.lanes = map[string]*Lane{}
		}
		l = &Lane{Group: group, Counts: map[string]int64{}}
		p.lanes[group] = l
	}
	l.Counts[string(e.Kind)]++
	l.N++
	if e.Server != "" && len(l.Servers) < mostServers && !slices.Contains(l.Servers, e.Server) {
		l.Servers = append(l.Servers, e.Server)
	}
}

// ended takes what one campaign of the run came to, before the next one's events.
func (p *progress) ended(counts map[string]int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.before += p.last.Done
	all := maps.Clone(counts) // what was given out before is not changed
	for state, n := range p.counts {
		all[state] += n
	}
	p.counts, p.last = all, dispatch.Event{}
}

// both counts what is under way and what has ended; nil if there is neither.
func both(now func() map[string]int64, ended map[string]int64) func() map[string]int64 {
	return func() map[string]int64 {
		if now == nil {
			return ended
		}
		all := now()
		for state, n := range ended {
			all[state] += n
		}
		return all
	}
}

// now is what a page shows. What takes long is done behind the lock, on copies.
func (p *progress) now() (out Progress, started time.Time, counts func() map[string]int64) {
	at := time.Now()
	p.mu.Lock()
	out = Progress{Planned: p.last.Planned, Done: p.before + p.last.Done, InFlight: p.last.InFlight}
	started, counts = p.started, both(p.last.Counts, p.counts)
	out.Quiet = p.last.Done < p.last.Planned && p.last.InFlight == 0 && at.Sub(p.last.Time) > quietAfter
	for _, h := range p.holds {
		if h.Until.IsZero() || h.Until.After(at) {
			out.Holds = append(out.Holds, h)
		}
	}
	for server, why := range p.out {
		out.Out = append(out.Out, server+": "+why)
	}
	for _, r := range p.replies {
		out.Replies = append(out.Replies, *r)
	}
	for _, l := range p.lanes {
		one := Lane{Group: l.Group, Servers: slices.Clone(l.Servers), N: l.N, Counts: map[string]int64{}}
		for state, n := range l.Counts {
			one.Counts[state] = n
		}
		out.Lanes = append(out.Lanes, one)
	}
	minutes := slices.Clone(p.minutes)
	for i := range minutes {
		n := map[string]int64{}
		for state, m := range minutes[i].n {
			n[state] = m
		}
		minutes[i].n = n
	}
	seconds := p.seconds
	p.mu.Unlock()
	out.Rate = rate(seconds[:], started, at)
	for i := range minutes {
		out.Minutes = append(out.Minutes, Minute{At: minutes[i].at, N: minutes[i].n, P50: minutes[i].within(.5),
			P95: minutes[i].within(.95)})
	}
	out.sort()
	return out, started, counts
}

// rate is how many messages were sent in a minute, over the last seconds.
func rate(seconds []second, started, now time.Time) float64 {
	sum := int64(0)
	for _, s := range seconds {
		if s.at > now.Unix()-rateSeconds && s.at <= now.Unix() {
			sum += s.n
		}
	}
	over := min(now.Sub(started).Seconds(), rateSeconds)
	if started.IsZero() || over <= 0 {
		return 0
	}
	return float64(sum) * 60 / max(over, 1)
}

// sort puts everything into an order that stays the same while nothing happens.
func (p *Progress) sort() {
	slices.Sort(p.Out)
	slices.SortFunc(p.Holds, func(a, b Hold) int {
		return cmp.Or(strings.Compare(a.Group+a.Server, b.Group+b.Server), strings.Compare(a.Text, b.Text))
	})
	slices.SortFunc(p.Replies, func(a, b Reply) int {
		return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Text, b.Text), strings.Compare(a.State, b.State))
	})
	slices.SortFunc(p.Lanes, func(a, b Lane) int {
		if (a.Group == "") != (b.Group == "") {
			return strings.Compare(b.Group, a.Group)
		}
		return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Group, b.Group))
	})
}

// count takes the counts by state.
func (p *Progress) count(counts map[string]int64) {
	for _, s := range ledger.States() {
		p.Counts = append(p.Counts, report.Count{State: string(s), N: counts[string(s)]})
		p.Rows += counts[string(s)]
	}
}
