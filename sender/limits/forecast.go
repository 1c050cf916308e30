package limits

import (
	"slices"
	"time"

	"mailshot/internal/moment"
)

// Account is somebody whose caps [Foresee] counts: a login, an operator, one domain's recipients.
type Account struct {
	Name    string // "": the account that sends
	Caps    []Cap
	Used    []Use     // uses in the windows that reach back from now, oldest first
	Started time.Time // when the latest use began, for paced caps; zero: never
}

// Use is a number of uses at one time.
type Use struct {
	Time time.Time
	N    int64
}

// Lane is a number of messages that are treated alike.
type Lane struct {
	Name     string
	Messages int64       // first tries, which may go as soon as caps and rules allow
	Later    []time.Time // more messages, each not before its time; they go after Messages
	Account  *Account    // its caps hold for the lane besides everybody's; nil: none. Lanes may share one

	// Copies are the further recipients of all these messages together: each is a use of every account for
	// which all messages count.
	Copies int64
}

// Hold is what keeps messages back: a rule in its own words, a cap of the account with that name,
// or, when Due is set, the time of their next attempt. The zero Hold is nothing.
type Hold struct {
	Rule string
	Lane string
	Cap  Cap
	Due  bool
}

// String names the hold: "400/24h", "gmail.com 1/min", "next attempt", "" for nothing.
func (h Hold) String() string {
	switch {
	case h.Rule != "":
		return h.Rule
	case h.Due:
		return "next attempt"
	case h.Cap == Cap{}:
		return ""
	case h.Lane != "":
		return h.Lane + " " + h.Cap.String()
	}
	return h.Cap.String()
}

// Rules hold messages back besides the caps: hours, waves, the number of a day.
type Rules interface {
	// Leave says what may go at a time. That time is never before the last one asked about. Leave
	// is asked again when time has passed, and when what it allowed has gone.
	Leave(now time.Time) Leave
	// Gone notes that n messages of a lane went at now. fresh says that this was their first try.
	Gone(now time.Time, lane string, n int64, fresh bool)
}

// Leave is what may go at a moment. The zero Leave lets everything go.
type Leave struct {
	Shut  Hold      // why nothing may go; the zero Hold: something may
	Until time.Time // with Shut, when to ask again; zero: nothing will go any more

	Most      int64 // messages that may go before it is asked again; 0: any number
	MostFresh int64 // first tries among those; 0: any number

	Closed map[string]Closed // lanes that may not go
}

// Closed is until when a lane may not go, and why.
type Closed struct {
	Until time.Time
	Why   Hold
}

// Stretch is a time in which messages go without a pause of a quarter of an hour or more.
type Stretch struct {
	From, To time.Time // of the first and the last message
	Messages int64
	After    Hold // what the first message had to wait for; zero: nothing
	Pace     Hold // what made the others wait for most of the stretch; zero: nothing
}

// Forecast says when messages can go at the earliest.
type Forecast struct {
	End       time.Time // of the last message; the time it was asked for when there is none
	Messages  int64     // that go
	Left      int64     // that will not go within ten years, or never by the rules; End is without them
	Stop      Hold      // why some are left; zero: the ten years
	Stretches []Stretch
}

const (
	quiet   = 15 * time.Minute
	horizon = 10 * 365 * 24 * time.Hour
)

// Foresee says how the messages of the lanes go from now on when only caps and rules (nil: none)
// keep them back. The caps are those of the accounts, which hold for every message, and each lane's
// own. A message takes no time and is accepted at its first attempt, and nobody else uses the
// accounts. Foresee counts with the same windows and paces as sending does. Lanes that may go take
// turns so that all come to their end together, as in a well mixed list. Copies are spread evenly over
// the messages, and a message goes with all of its copies or not at all.
func Foresee(now time.Time, accounts []Account, lanes []Lane, rules Rules) Forecast {
	f := Forecast{End: now.Round(0)}
	var paces map[Hold]time.Duration
	f.Left, f.Stop = simulate(now, accounts, lanes, rules, func(at time.Time, n int64, why Hold) {
		f.Messages += n
		f.End = at
		pause := time.Duration(0)
		if n := len(f.Stretches); n > 0 {
			pause = at.Sub(f.Stretches[n-1].To)
		}
		if len(f.Stretches) == 0 || pause >= quiet {
			f.Stretches = append(f.Stretches, Stretch{From: at, To: at, After: why})
			paces, pause = map[Hold]time.Duration{}, 0
		}
		s := &f.Stretches[len(f.Stretches)-1]
		s.To = at
		if s.Messages += n; pause > 0 {
			if paces[why] += pause; paces[why] > paces[s.Pace] {
				s.Pace = why
			}
		}
	})
	return f
}

// simulate calls send for the messages in turn, those of one moment and one lane together. It says
// when they go, and what they waited for since the messages before. It returns how many do not go,
// and why.
func simulate(now time.Time, accounts []Account, lanes []Lane, rules Rules,
	send func(at time.Time, n int64, why Hold)) (left int64, stop Hold) {
	now = now.Round(0) // a forecast is of wall time
	over, queues, left := prepare(now, accounts, lanes)
	each := newUses(queues)
	var why Hold
	for t := now; left > 0; {
		room, until, hold := int64(unbounded), time.Time{}, Hold{}
		fresh := room
		var may Leave
		if rules != nil {
			may = rules.Leave(t)
			if may.Shut != (Hold{}) && !may.Until.After(t) {
				return left, may.Shut
			}
			if may.Shut != (Hold{}) {
				room, until, hold = 0, may.Until, may.Shut
			}
			room, fresh = lower(room, may.Most), lower(fresh, may.MostFresh)
		}
		for _, m := range over {
			r, at, h := m.room(t, each.most())
			room = min(room, each.messages(r))
			if at.After(until) || at.Equal(until) && h.Cap.Window > hold.Cap.Window {
				until, hold = at, h
			}
		}
		for _, q := range queues {
			if room == 0 {
				break
			}
			at, h := q.look(t, may.Closed[q.Name])
			if q.ready == 0 && (until.IsZero() || at.Before(until)) {
				until, hold = at, h
			}
		}
		if room > 0 && share(queues, room, fresh) {
			for _, q := range queues {
				q.send(t, rules, func(n int64) {
					uses := each.gone(n)
					for _, m := range over {
						m.use(t, uses)
					}
					send(t, n, why)
					left -= n
					why = Hold{}
				})
			}
			queues = slices.DeleteFunc(queues, func(q *queue) bool { return q.gone == q.total })
			continue
		}
		if t, why = until, hold; t.Sub(now) > horizon {
			return left, Hold{}
		}
	}
	return 0, Hold{}
}

// unbounded is more messages than there ever are.
const unbounded = 1 << 62

// lower is the lower of a number and a bound; a bound of 0 is none.
func lower(n, bound int64) int64 {
	if bound > 0 {
		return min(n, bound)
	}
	return n
}

// share gives each queue its part of what may go at a moment, and reports whether there is any. The
// queue furthest from its end comes next.
func share(queues []*queue, room, fresh int64) bool {
	var all, first int64
	mine := false
	for _, q := range queues {
		all += q.ready
		first += min(q.ready, q.Messages-min(q.gone, q.Messages))
		mine = mine || q.ready > 0 && q.own != nil
	}
	if !mine && all <= room && first <= fresh {
		for _, q := range queues {
			q.turn = q.ready
		}
		return all > 0
	}
	any := false
	for ; room > 0; room-- {
		var pick *queue
		for _, q := range queues {
			if q.ready == q.turn || q.own != nil && q.own.left == 0 || fresh == 0 && q.gone+q.turn < q.Messages {
				continue
			}
			if pick == nil || (q.gone+q.turn)*pick.total < (pick.gone+pick.turn)*q.total {
				pick = q
			}
		}
		if pick == nil {
			break
		}
		if pick.gone+pick.turn < pick.Messages {
			fresh--
		}
		pick.turn++
		if pick.own != nil {
			pick.own.left--
		}
		any = true
	}
	return any
}

// prepare returns the meters of the accounts for which every message counts, the queues of the
// lanes that have messages, and how many messages they have in all.
func prepare(now time.Time, accounts []Account, lanes []Lane) (over []*meter, queues []*queue, left int64) {
	for i := range accounts {
		over = append(over, newMeter(&accounts[i], now))
	}
	own := map[*Account]*meter{nil: nil}
	for _, l := range lanes {
		m := own[l.Account]
		if m == nil && l.Account != nil {
			m = newMeter(l.Account, now)
			own[l.Account] = m
		}
		if q := newQueue(l, m); q.total > 0 {
			queues = append(queues, q)
			left += q.total
		}
	}
	return over, queues, left
}

// uses are how many uses the messages of a simulation are, spread evenly over them.
type uses struct{ all, n, sent int64 }

func newUses(queues []*queue) *uses {
	u := &uses{}
	for _, q := range queues {
		u.n += q.total
		u.all += q.total + max(q.Copies, 0)
	}
	return u
}

// most is how many uses one message is at most.
func (u *uses) most() int64 {
	if u.n == 0 {
		return 1
	}
	return (u.all + u.n - 1) / u.n
}

// messages is for how many messages the room of a meter does. A message with more uses than a cap has in all goes when
// all of those are free.
func (u *uses) messages(room int64) int64 {
	if u.all == u.n || room >= u.all || room <= 0 {
		return room
	}
	return max(room/u.most(), 1)
}

// gone notes that n more messages go, and returns how many uses they are.
func (u *uses) gone(n int64) int64 {
	if u.all == u.n {
		return n
	}
	was := u.before(u.sent)
	u.sent += n
	return u.before(u.sent) - was
}

// before is how many uses the first n messages are.
func (u *uses) before(n int64) int64 {
	whole, rest := u.all/u.n, u.all%u.n
	return n*whole + n*rest/u.n // n is at most u.n, so this overflows with three billion messages
}

// meter is an account during a simulation.
type meter struct {
	Account
	usage  Usage
	closed time.Time // nothing may go before it
	why    Hold
	left   int64 // for lanes: what may still go at the moment of the simulation
}

func newMeter(a *Account, now time.Time) *meter {
	m := &meter{Account: *a}
	for _, c := range a.Caps {
		m.usage.window.keep = max(m.usage.window.keep, c.Window) // before the shortest window is asked about
	}
	for _, u := range a.Used {
		at := u.Time.Round(0)
		if at.After(now) {
			at = now // a use of the future counts as now, as in counting
		}
		if now.Sub(at) < m.usage.window.keep {
			m.usage.window.stamp(at, u.N)
		}
	}
	if started := a.Started.Round(0); !started.IsZero() {
		if started.After(now) {
			started = now
		}
		m.usage.pace.Use(started)
	}
	return m
}

// room is how many uses there may be at t, of which least are needed. When there are fewer, it is 0, until says how
// long, and why what is in the way. A paced cap spaces the uses of one message, too: it has room for one message.
func (m *meter) room(t time.Time, least int64) (room int64, until time.Time, why Hold) {
	if t.Before(m.closed) {
		return 0, m.closed, m.why
	}
	room = unbounded
	for _, c := range m.Caps {
		var at time.Time
		r, need := m.usage.window.Room(t, c), min(least, c.N)
		if r < need {
			at = m.usage.window.free(t, c, need)
		}
		if c.Paced() {
			at, r = moment.Later(at, m.usage.pace.Free(t, c)), min(r, need)
		}
		room = min(room, r)
		if at.After(until) || !at.IsZero() && at.Equal(until) && c.Window > why.Cap.Window {
			until, why = at, Hold{Lane: m.Name, Cap: c}
		}
	}
	if !until.IsZero() {
		m.closed, m.why = until, why
		return 0, until, why
	}
	return room, until, why
}

func (m *meter) use(t time.Time, n int64) {
	if len(m.Caps) == 0 {
		return
	}
	m.usage.window.stamp(t, n)
	m.usage.pace.Use(t)
	for _, c := range m.Caps {
		if last := t.Add(time.Duration(n) * c.Interval()); c.Paced() && n > 1 && last.After(m.closed) {
			m.closed, m.why = last, Hold{Lane: m.Name, Cap: c} // the uses of one message, one after the other
		}
	}
}

// queue is a lane during a simulation.
type queue struct {
	Lane
	own         *meter
	gone, total int64
	ready       int64 // messages that may go at the moment of the simulation
	turn        int64 // those of them that do
}

func newQueue(l Lane, own *meter) *queue {
	l.Later = slices.SortedFunc(slices.Values(l.Later), time.Time.Compare)
	return &queue{Lane: l, own: own, total: l.Messages + int64(len(l.Later))}
}

// look finds out how many are ready at t. If none is, it says until when at least, and what is in
// the way.
func (q *queue) look(t time.Time, shut Closed) (until time.Time, why Hold) {
	q.ready, q.turn = 0, 0
	if shut.Until.After(t) {
		return shut.Until, shut.Why
	}
	if q.own != nil {
		if q.own.left, until, why = q.own.room(t, 1); q.own.left == 0 {
			return until, why
		}
	}
	q.ready = max(q.Messages-q.gone, 0)
	for i := max(q.gone-q.Messages, 0); i < int64(len(q.Later)); i++ {
		if at := q.Later[i].Round(0); at.After(t) {
			return at, Hold{Lane: q.Name, Due: true}
		}
		q.ready++
	}
	return time.Time{}, Hold{}
}

// send lets the queue's turn go, and tells gone how many went.
func (q *queue) send(t time.Time, rules Rules, gone func(n int64)) {
	n := q.turn
	if q.turn = 0; n == 0 {
		return
	}
	fresh := min(n, max(q.Messages-q.gone, 0))
	q.gone += n
	if q.own != nil {
		q.own.use(t, n)
	}
	if rules != nil && fresh > 0 {
		rules.Gone(t, q.Name, fresh, true)
	}
	if rules != nil && n > fresh {
		rules.Gone(t, q.Name, n-fresh, false)
	}
	gone(n)
}
