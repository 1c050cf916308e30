// Package pacing answers one question: when may a delivery go, and why not before?
//
// [New] makes a [Pacer] from the rules of a campaign. A run tells it what becomes of its deliveries ([Pacer.Taken],
// [Pacer.PutBack], [Pacer.Settled], [Pacer.Slower]) and asks it what may go ([Pacer.Openings]) and whether too much has
// gone wrong ([Pacer.Breach]). A forecast asks the same Pacer with a clock that jumps, and tells it with [Pacer.Went].
//
// The rules are the hours, the waves, the stop-loss, and the pace of a provider or a domain that asked for less. Each
// rule by itself is pure and lives in sender/courtesy; this package keeps what they need to know of one campaign. The
// pace of a server is its health, in campaign/dispatch. Caps are not among the rules: they hold for an account, and the
// gate asks about them. Deliveries come in lanes, one for each group of recipients ([Lane]).
package pacing

import (
	"fmt"
	"math/rand/v2"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender/courtesy"
)

// Config has the rules of a campaign. The zero Config lets everything go.
type Config struct {
	Waves    courtesy.Waves
	StopLoss courtesy.StopLoss
	Hours    courtesy.Hours
	Zone     *time.Location  // whose hours, for a lane without a zone of its own; nil = time.Local
	Zones    bool            // a lane's name may have a time zone
	NotAfter time.Time       // nothing goes from then on; zero = no end
	Retry    time.Duration   // the first wait of a deferred delivery; 0 = 5 minutes
	Progress ledger.Progress // what earlier runs came to
}

// Pacer decides what of one campaign may go. It is a state machine without a clock and without a lock: its methods are
// for one goroutine at a time, and a run calls them under a lock of its own.
type Pacer struct {
	c Config

	groups map[string]*courtesy.Adaptive // the pace of a provider or domain
	flying map[int64]flight              // by delivery
	under  map[string]int                // flights by group and by unit

	reluctances map[string]*courtesy.Reluctance // by group and by unit: see PutOff
	others      int64                           // taken since the last of one that is reluctant

	outcomes map[string]courtesy.Outcomes // by group
	all      courtesy.Outcomes
	fresh    int64     // flights of people never tried before
	latest   time.Time // when somebody was last tried for the first time
	zones    map[string]*time.Location
}

// flight is a delivery that a worker has, as it was when the worker took it.
type flight struct {
	group, unit     string
	fresh, deferred bool
	reluctant       bool
	others          int64 // as it was, with reluctant
}

// Breach is a stop-loss that was hit.
type Breach struct {
	Group string // whose; "" = the campaign's
	Loss  courtesy.Loss
}

// New makes a Pacer that goes on from where earlier runs came to.
func New(c Config) *Pacer {
	if c.Zone == nil {
		c.Zone = time.Local
	}
	p := &Pacer{
		c: c, latest: c.Progress.Latest,
		groups: map[string]*courtesy.Adaptive{}, flying: map[int64]flight{}, under: map[string]int{},
		reluctances: map[string]*courtesy.Reluctance{}, outcomes: map[string]courtesy.Outcomes{}, zones: map[string]*time.Location{},
	}
	for lane, states := range c.Progress.Lanes {
		for state, n := range states {
			p.count(GroupOf(lane), state, n)
		}
	}
	return p
}

// count adds n deliveries in a state to the outcomes; a state that is not an answer does not count. What came back was
// taken by the server before: it is no reason to slow down or to stop.
func (p *Pacer) count(group string, s ledger.State, n int64) {
	o := p.outcomes[group]
	for _, x := range []*courtesy.Outcomes{&o, &p.all} {
		switch s {
		case ledger.Sent, ledger.Bounced, ledger.Complained:
			x.Sent += n
		case ledger.Refused, ledger.GaveUp:
			x.Refused += n
		case ledger.Deferred:
			x.Deferred += n
		case ledger.Unknown:
			x.Unknown += n
		}
	}
	p.outcomes[group] = o
}

// Openings says what may go at now, of the campaign and of these lanes.
func (p *Pacer) Openings(now time.Time, lanes []string) Openings {
	if end := p.c.NotAfter; !end.IsZero() && !now.Before(end) {
		return Openings{Campaign: Answer{Never: true, Rule: "schedule.not_after",
			Because: fmt.Sprintf("schedule.not_after (%s) has passed (move it, or cancel what is left)", clock(end))}}
	}
	campaign, room := p.wave(now)
	o := Openings{Campaign: campaign, Fresh: room}
	if !campaign.May {
		return o
	}
	if p.c.Hours.Always() && len(p.groups) == 0 && len(p.reluctances) == 0 {
		return o
	}
	for _, lane := range lanes {
		if a := p.lane(now, lane); !a.May {
			if o.Closed == nil {
				o.Closed = map[string]Answer{}
			}
			o.Closed[lane] = a
		}
	}
	return o
}

// wave is the answer of the waves, and how many people never tried before may go; 0 = any number.
func (p *Pacer) wave(now time.Time) (Answer, int64) {
	tried, waves := p.all.Tried(), len(p.c.Waves.Sizes)+1
	number, room, last := p.c.Waves.Wave(tried)
	if until := p.c.Waves.Held(tried, p.latest); p.fresh == 0 && now.Before(until) {
		return Answer{NotBefore: until, Rule: fmt.Sprintf("wave %d of %d", number, waves),
			Because: fmt.Sprintf("wave %d of %d is out, %d in all: the next goes from %s",
				number-1, waves, tried, clock(until.In(p.c.Zone)))}, 0
	}
	if last {
		return Answer{May: true}, 0
	}
	room -= p.fresh
	if room <= 0 {
		return Answer{}, 0 // the outcomes of this wave are awaited
	}
	return Answer{May: true}, room
}

// lane is the answer of the hours and of the pace of a lane's group.
func (p *Pacer) lane(now time.Time, lane string) Answer {
	zone := p.zone(lane)
	if opens := p.c.Hours.Next(now, zone); opens.After(now) {
		return Answer{NotBefore: opens, Rule: "out of hours",
			Because: fmt.Sprintf("out of hours: the next go from %s", clock(opens.In(zone)))}
	}
	group := GroupOf(lane)
	if pace := p.groups[group]; pace != nil {
		if ok, until := pace.Free(now, p.under[group]); !ok {
			return Answer{NotBefore: until}
		}
	}
	if r := p.reluctances[group]; r != nil {
		if ok, until := r.Free(now, p.under[group]); !ok {
			return Answer{NotBefore: until}
		}
	}
	return Answer{May: true}
}

// Shut reports whether a lane has closed by the clock, since a delivery of it was taken: its hours are over, its group
// is left alone, or the campaign's time is.
func (p *Pacer) Shut(lane string, now time.Time) bool {
	if end := p.c.NotAfter; !end.IsZero() && !now.Before(end) {
		return true
	}
	if !p.c.Hours.Always() && p.c.Hours.Next(now, p.zone(lane)).After(now) {
		return true
	}
	pace := p.groups[GroupOf(lane)]
	return pace != nil && pace.Held(now)
}

// zone is where a lane's recipients are.
func (p *Pacer) zone(lane string) *time.Location {
	name := ZoneOf(lane)
	if !p.c.Zones || name == "" {
		return p.c.Zone
	}
	if p.zones[name] == nil {
		p.zones[name] = p.c.Zone
		if l, err := courtesy.Zone(name); err == nil { // the plan checked it; the machine may have lost it since then
			p.zones[name] = l
		}
	}
	return p.zones[name]
}

// Taken notes that d is under way.
func (p *Pacer) Taken(d *ledger.Delivery, now time.Time) {
	f := flight{group: GroupOf(d.Lane), unit: unit(d), fresh: d.First.IsZero(), deferred: d.State == ledger.Deferred}
	domain, _, _ := p.ReluctantDomain(d, now)
	if f.reluctant = domain || p.Reluctant(d.Lane); f.reluctant {
		f.others, p.others = p.others, 0
	} else {
		p.others++
	}
	p.flying[d.ID] = f
	p.under[f.group]++
	p.under[f.unit]++
	if f.fresh {
		p.fresh++
	}
	if Single(f.group) { // measured before it asks for less, so that there is something to halve
		p.pace(f.group).Begin(now)
	}
}

// pace is how fast a group wants its mail.
func (p *Pacer) pace(group string) *courtesy.Adaptive {
	g := p.groups[group]
	if g == nil {
		g = &courtesy.Adaptive{}
		p.groups[group] = g
	}
	return g
}

// PutBack notes that d is not under way any more, and is as it was.
func (p *Pacer) PutBack(d *ledger.Delivery) {
	f, ok := p.flying[d.ID]
	if !ok {
		return
	}
	p.land(d, f)
	if f.reluctant {
		p.others += f.others
	} else {
		p.others = max(p.others-1, 0)
	}
}

// land notes that a flight has ended.
func (p *Pacer) land(d *ledger.Delivery, f flight) {
	delete(p.flying, d.ID)
	for _, name := range []string{f.group, f.unit} {
		if p.under[name]--; p.under[name] == 0 {
			delete(p.under, name)
		}
	}
	if f.fresh {
		p.fresh--
	}
}

// Settled notes the outcome of d, and returns the stop-loss that this outcome hits; nil if it hits none.
func (p *Pacer) Settled(d *ledger.Delivery, s ledger.State, now time.Time) *Breach {
	f, ok := p.flying[d.ID]
	if !ok {
		return nil
	}
	p.land(d, f)
	if f.deferred {
		p.count(f.group, ledger.Deferred, -1)
	}
	before := p.all.Tried()
	p.count(f.group, s, 1)
	if f.fresh && p.all.Tried() > before {
		p.latest = now
	}
	if s == ledger.Sent || s == ledger.Refused {
		if g := p.groups[f.group]; g != nil {
			g.Good(now)
		}
		p.answered(f)
	}
	return p.Breach(f.group)
}

// Went notes n deliveries of a lane that were sent at now, all at once, for a forecast. Those that are not fresh were
// deferred before.
func (p *Pacer) Went(lane string, n int64, fresh bool, now time.Time) {
	group := GroupOf(lane)
	if fresh {
		p.latest = now
	} else {
		p.count(group, ledger.Deferred, -n)
	}
	p.count(group, ledger.Sent, n)
}

// Breach is a stop-loss of the campaign or of one of the groups that is hit; nil if none is.
func (p *Pacer) Breach(groups ...string) *Breach {
	if loss, hit := p.c.StopLoss.Exceeded(p.all); hit {
		return &Breach{Loss: loss}
	}
	for _, g := range groups {
		if loss, hit := p.c.StopLoss.Exceeded(p.outcomes[g]); hit && Single(g) {
			return &Breach{Group: g, Loss: loss}
		}
	}
	return nil
}

// Slower notes that a group asked for less, and returns until when the group is left alone.
func (p *Pacer) Slower(group string, now time.Time, atLeast time.Duration) (until time.Time) {
	return p.pace(group).Slower(now, p.under[group], atLeast, rand.Float64())
}

// Groups are those that have outcomes, in no order.
func (p *Pacer) Groups() []string {
	var groups []string
	for g := range p.outcomes {
		groups = append(groups, g)
	}
	return groups
}

// MostRefusals is how many messages in a row one server may refuse whoever they are for; 0 = any number.
func (p *Pacer) MostRefusals() int64 { return p.c.StopLoss.Content }

// MostSame is how many recipients in a row, of several domains, one server may refuse with the same words; 0 = any
// number.
func (p *Pacer) MostSame() int64 { return p.c.StopLoss.Same }

// MostDoubts is how many messages in a row one server may give no whole reply to; 0 = any number.
func (p *Pacer) MostDoubts() int64 { return p.c.StopLoss.Doubts }

// Zone is where a recipient without a time zone of its own is: the campaign's days and hours are counted there.
func (p *Pacer) Zone() *time.Location { return p.c.Zone }

// NotAfter is when the campaign's time ends; zero = never.
func (p *Pacer) NotAfter() time.Time { return p.c.NotAfter }

// clock writes a moment for a person.
func clock(t time.Time) string { return t.Format("Mon 2006-01-02 15:04 MST") }
