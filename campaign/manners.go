package campaign

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender/courtesy"
)

// manners decides what of a campaign may go, by the hours, by the waves, and by how its mail was taken so far, and when
// it has gone wrong too often. It is a state machine: deliveries taken, put back and settled go in, lanes that are closed
// and reasons to stop come out. It has no clock and no lock; a run asks it under a lock of its own. The zero manners lets
// everything go.
type manners struct {
	waves    courtesy.Waves
	stopLoss courtesy.StopLoss
	hours    courtesy.Hours
	place    *time.Location // whose hours, where a lane has no zone
	zones    bool           // lanes have zones
	notAfter time.Time      // zero: never

	groups map[string]*courtesy.Adaptive // of one provider or domain
	flying map[int64]flight              // by delivery
	under  map[string]int                // flights by group

	outcomes map[string]courtesy.Outcomes // by group
	all      courtesy.Outcomes
	fresh    int64     // flights of people never tried before
	latest   time.Time // when the last of those tried was first tried
	loaded   map[string]*time.Location
}

// flight is a delivery in somebody's hands, as it was when it was taken.
type flight struct {
	group           string
	fresh, deferred bool
}

// breach is a stop-loss that was hit.
type breach struct {
	group string // "": the campaign's
	loss  courtesy.Loss
}

// leave is what may go at a moment.
type leave struct {
	closed map[string]time.Time // lanes that may not, until when; zero: until an outcome
	all    bool                 // no lane may, until
	until  time.Time            // zero: until an outcome
	room   int64                // of people never tried before, how many may go; 0 where not all is closed: any number
	why    string
	rule   string // why, without a time
	over   bool   // nothing will
}

// newManners starts from what earlier runs came to.
func newManners(p ledger.Progress) *manners {
	m := &manners{
		place: time.Local, latest: p.Latest,
		groups: map[string]*courtesy.Adaptive{}, flying: map[int64]flight{}, under: map[string]int{},
		outcomes: map[string]courtesy.Outcomes{}, loaded: map[string]*time.Location{},
	}
	for lane, states := range p.Lanes {
		for state, n := range states {
			m.count(groupOf(lane), state, n)
		}
	}
	return m
}

// count adds n deliveries in a state to the outcomes; states that are no answer do not count.
func (m *manners) count(group string, s ledger.State, n int64) {
	o := m.outcomes[group]
	for _, x := range []*courtesy.Outcomes{&o, &m.all} {
		switch s {
		case ledger.Sent:
			x.Sent += n
		case ledger.Refused, ledger.GaveUp:
			x.Refused += n
		case ledger.Deferred:
			x.Deferred += n
		case ledger.Unknown:
			x.Unknown += n
		}
	}
	m.outcomes[group] = o
}

// leave says what may go at now of the lanes given.
func (m *manners) leave(now time.Time, lanes []string) leave {
	if !m.notAfter.IsZero() && !now.Before(m.notAfter) {
		return leave{all: true, over: true, rule: "schedule.not_after",
			why: fmt.Sprintf("schedule.not_after (%s) has passed (move it, or cancel what is left)", clock(m.notAfter))}
	}
	tried := m.all.Tried()
	number, room, last := m.waves.Wave(tried)
	if until := m.waves.Held(tried, m.latest); m.fresh == 0 && now.Before(until) {
		return leave{all: true, until: until, rule: fmt.Sprintf("wave %d of %d", number, len(m.waves.Sizes)+1),
			why: fmt.Sprintf("wave %d of %d is out, %d in all: the next goes from %s",
				number-1, len(m.waves.Sizes)+1, tried, clock(until.In(m.place)))}
	}
	if room -= m.fresh; !last && room <= 0 {
		return leave{all: true}
	}
	l := leave{closed: map[string]time.Time{}}
	if !last {
		l.room = room
	}
	for _, lane := range lanes {
		if opens := m.hours.Next(now, m.zone(lane)); opens.After(now) {
			l.closed[lane] = opens
			l.rule, l.why = "out of hours", fmt.Sprintf("out of hours: the next go from %s", clock(opens.In(m.zone(lane))))
			continue
		}
		group := groupOf(lane)
		if g := m.groups[group]; g != nil {
			if ok, until := g.Free(now, m.under[group]); !ok {
				l.closed[lane] = until
			}
		}
	}
	return l
}

// zone is where a lane's recipients are.
func (m *manners) zone(lane string) *time.Location {
	_, name, _ := strings.Cut(lane, " ")
	if !m.zones || name == "" {
		return m.place
	}
	if m.loaded[name] == nil {
		m.loaded[name] = m.place
		if l, err := courtesy.Zone(name); err == nil { // checked at plan; since then a machine may have lost it
			m.loaded[name] = l
		}
	}
	return m.loaded[name]
}

// taken notes that d is under way.
func (m *manners) taken(d *ledger.Delivery, now time.Time) {
	f := flight{group: groupOf(d.Lane), fresh: d.First.IsZero(), deferred: d.State == ledger.Deferred}
	m.flying[d.ID] = f
	m.under[f.group]++
	if f.fresh {
		m.fresh++
	}
	if single(f.group) { // measured before it asks for less, so that there is something to halve
		m.adaptive(f.group).Begin(now)
	}
}

// adaptive is how fast a group wants it.
func (m *manners) adaptive(group string) *courtesy.Adaptive {
	g := m.groups[group]
	if g == nil {
		g = &courtesy.Adaptive{}
		m.groups[group] = g
	}
	return g
}

// back notes that d was put back as it was.
func (m *manners) back(d *ledger.Delivery) {
	f, ok := m.flying[d.ID]
	if !ok {
		return
	}
	delete(m.flying, d.ID)
	if m.under[f.group]--; m.under[f.group] == 0 {
		delete(m.under, f.group)
	}
	if f.fresh {
		m.fresh--
	}
}

// settled notes what became of d, and reports a stop-loss that this hits.
func (m *manners) settled(d *ledger.Delivery, s ledger.State, now time.Time) *breach {
	f, ok := m.flying[d.ID]
	if !ok {
		return nil
	}
	m.back(d)
	if f.deferred {
		m.count(f.group, ledger.Deferred, -1)
	}
	before := m.all.Tried()
	m.count(f.group, s, 1)
	if f.fresh && m.all.Tried() > before {
		m.latest = now
	}
	if s == ledger.Sent || s == ledger.Refused {
		if g := m.groups[f.group]; g != nil {
			g.Good(now)
		}
	}
	return m.breach(f.group)
}

// went notes n deliveries of a lane that were sent at now, all at once, for those who only count: tried before, they were deferred.
func (m *manners) went(lane string, n int64, fresh bool, now time.Time) {
	if group := groupOf(lane); fresh {
		m.count(group, ledger.Sent, n)
		m.latest = now
	} else {
		m.count(group, ledger.Deferred, -n)
		m.count(group, ledger.Sent, n)
	}
}

// breach is a stop-loss of the campaign or of a group that is hit.
func (m *manners) breach(groups ...string) *breach {
	if loss, hit := m.stopLoss.Exceeded(m.all); hit {
		return &breach{loss: loss}
	}
	for _, g := range groups {
		if loss, hit := m.stopLoss.Exceeded(m.outcomes[g]); hit && single(g) {
			return &breach{group: g, loss: loss}
		}
	}
	return nil
}

// slower notes that a group asked for less, and says until when it is left alone.
func (m *manners) slower(group string, now time.Time, atLeast time.Duration) (until time.Time) {
	return m.adaptive(group).Slower(now, m.under[group], atLeast, rand.Float64())
}

// clock writes a moment for people.
func clock(t time.Time) string { return t.Format("Mon 2006-01-02 15:04 MST") }
