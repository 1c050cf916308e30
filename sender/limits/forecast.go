package limits

import (
	"slices"
	"time"
)

// Lane is what waits under one key, for [Foresee]: how much, under which caps,
// and what has been used of them already. Of an account only name, caps and their use matter.
type Lane struct {
	Name     string
	Messages int64       // that may go as soon as the caps let them
	Later    []time.Time // more of them, each not before its time; they go after Messages
	Caps     []Cap
	Used     []Use     // in the windows that reach back from now, oldest first
	Started  time.Time // when the latest use began, for paced caps; zero: never
}

// Use is a number of uses at one time.
type Use struct {
	Time time.Time
	N    int64
}

// Hold is what keeps messages back: a cap of the lane or account with that name, or, when Due is set, the time of their next attempt. The zero Hold is nothing.
type Hold struct {
	Lane string
	Cap  Cap
	Due  bool
}

// String names the hold: "400/24h", "gmail.com 1/min", "next attempt", "" for nothing.
func (h Hold) String() string {
	switch {
	case h.Due:
		return "next attempt"
	case h.Cap == Cap{}:
		return ""
	case h.Lane != "":
		return h.Lane + " " + h.Cap.String()
	}
	return h.Cap.String()
}

// Stretch is a time in which messages go without a pause of a quarter of an
// hour or more.
type Stretch struct {
	From, To time.Time // of the first and the last message
	Messages int64
	After    Hold // what the first message had to wait for; zero: nothing
	Pace     Hold // what made the others wait for most of the stretch; zero: nothing
}

// Forecast says when messages can go at the earliest.
type Forecast struct {
	End       time.Time // of the last message; the time it was asked for when there is none
	Messages  int64
	Left      int64 // messages that will not go within ten years; End is without them
	Stretches []Stretch
}

const (
	quiet   = 15 * time.Minute
	horizon = 10 * 365 * 24 * time.Hour
)

// Foresee says how the messages of the lanes go from now on when nothing but the
// caps keeps them back, those of the accounts, which hold for every message, and each lane's own: a message takes no time, is taken at its first attempt, and
// nobody else uses the account. It counts with the same windows and paces as sending
// does. Lanes that may go take turns so that all come to their end together, as in a well mixed list.
func Foresee(now time.Time, accounts, lanes []Lane) Forecast {
	f := Forecast{End: now.Round(0)}
	var paces map[Hold]time.Duration
	f.Left = simulate(now, accounts, lanes, func(at time.Time, why Hold) {
		f.Messages++
		f.End = at
		pause := time.Duration(0)
		if n := len(f.Stretches); n > 0 {
			pause = at.Sub(f.Stretches[n-1].To)
		}
		if len(f.Stretches) == 0 || pause >= quiet {
			f.Stretches = append(f.Stretches, Stretch{From: at, After: why})
			paces = map[Hold]time.Duration{}
		}
		s := &f.Stretches[len(f.Stretches)-1]
		s.To = at
		if s.Messages++; s.Messages > 1 && pause > 0 {
			if paces[why] += pause; paces[why] > paces[s.Pace] {
				s.Pace = why
			}
		}
	})
	return f
}

// simulate calls send for each message in turn: when it goes, and what it waited
// for since the one before. It returns how many do not go before the horizon.
func simulate(now time.Time, accounts, lanes []Lane, send func(at time.Time, why Hold)) (left int64) {
	now = now.Round(0) // a forecast is of wall time
	var over, open []*queue
	for _, l := range accounts {
		l.Messages, l.Later = 0, nil
		over = append(over, newQueue(l, now))
	}
	for _, l := range lanes {
		if q := newQueue(l, now); q.total > 0 {
			open = append(open, q)
			left += q.total
		}
	}
	var why Hold
	for t := now; left > 0; {
		var next time.Time
		var hold Hold
		for _, q := range over {
			if at, h := q.free(t); at.After(next) {
				next, hold = at, h
			}
		}
		var pick *queue
		if next.IsZero() {
			for _, q := range open {
				at, h := q.free(t)
				switch {
				case at.IsZero() && (pick == nil || q.gone*pick.total < pick.gone*q.total):
					pick = q
				case !at.IsZero() && (next.IsZero() || at.Before(next)):
					next, hold = at, h
				}
			}
		}
		if pick == nil {
			t, why = next, hold
			if t.Sub(now) > horizon {
				return left
			}
			continue
		}
		send(t, why)
		why = Hold{}
		for _, q := range over {
			q.use(t)
		}
		pick.use(t)
		if left--; pick.gone == pick.total {
			open = slices.DeleteFunc(open, func(q *queue) bool { return q == pick })
		}
	}
	return 0
}

// queue is a lane on its way through a simulation.
type queue struct {
	Lane
	usage       Usage
	gone, total int64
	closed      time.Time // nothing may go before it
	why         Hold
}

func newQueue(l Lane, now time.Time) *queue {
	q := &queue{Lane: l, total: l.Messages + int64(len(l.Later))}
	longest := time.Duration(0)
	for _, c := range l.Caps {
		longest = max(longest, c.Window)
	}
	q.usage.window.keep = longest // before the shortest window is asked about
	for _, u := range l.Used {
		at := u.Time.Round(0)
		if at.After(now) {
			at = now // as when counting: a use of the future counts as now
		}
		for range u.N {
			if now.Sub(at) < longest {
				q.usage.window.Open()
				q.usage.window.Stamp(at)
			}
		}
	}
	if started := l.Started.Round(0); !started.IsZero() {
		if started.After(now) {
			started = now
		}
		q.usage.pace.Use(started)
	}
	q.Later = slices.SortedFunc(slices.Values(l.Later), time.Time.Compare)
	return q
}

// free returns the zero time when the next message may go at t, else when it
// may, and what is in the way until then.
func (q *queue) free(t time.Time) (time.Time, Hold) {
	if t.Before(q.closed) {
		return q.closed, q.why
	}
	var until time.Time
	var why Hold
	if i := q.gone - q.Messages; q.total > 0 && i >= 0 && q.Later[i].After(t) {
		until, why = q.Later[i].Round(0), Hold{Lane: q.Name, Due: true}
	}
	for _, c := range q.Caps {
		var at time.Time
		if c.Paced() {
			at = q.usage.pace.Free(t, c)
		} else {
			at = q.usage.window.Free(t, c)
		}
		if at.After(until) || !at.IsZero() && at.Equal(until) && c.Window > why.Cap.Window {
			until, why = at, Hold{Lane: q.Name, Cap: c}
		}
	}
	q.closed, q.why = until, why
	return until, why
}

func (q *queue) use(t time.Time) {
	q.gone++
	if len(q.Caps) > 0 {
		q.usage.Open(t)
		q.usage.Stamp(t)
	}
}
