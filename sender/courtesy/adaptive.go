package courtesy

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"mailshot/internal/moment"
)

const (
	firstHold  = 30 * time.Second // after the first request to slow down; it doubles with each further request
	longHold   = time.Hour
	calm       = 20          // successes after which the next hold is as short as the first
	slowest    = time.Minute // between two messages, at most
	regained   = 0.05        // share of the earlier rate, per minute without a request
	recentSpan = time.Minute // over which the rate is measured
)

// Adaptive says how many messages may be under way at a time to one server or to one group of
// recipients, and how fast they may follow one another, after it asked for less. It halves both at
// once, and regains them little by little (additive increase, multiplicative decrease). Until the
// first request it sets no bound. The zero Adaptive has had no request. Not for concurrent use.
//
// The window is a number of messages under way. A request sets it to half of what was under way,
// one at least, and n successes at a window of n let it grow by one. At the start each success does.
//
// The rate is a pace. A request sets it to half of what was measured, and it regains a twentieth of
// that measure with each minute without another request. Once it reaches the measure again, the
// pace is let go. The measure is what began in the last minute or so.
type Adaptive struct {
	First time.Duration // the first hold; 30 s if zero

	window   float64 // 0: none
	free     float64 // the window at which the window is let go
	starting bool    // nothing has gone wrong yet
	gap      time.Duration
	pace     *rate.Limiter // one message in each gap; nil: none
	best     time.Duration // the gap at which the pace is let go
	regain   time.Time     // when the gap was last changed
	hold     time.Time
	requests int       // in a row
	good     int       // successes in a row
	since    time.Time // when the measure began
	begun    int       // since then
	measured bool      // there was a stretch before this one
	before   float64   // messages in a second over the stretch before
}

// Start begins carefully: with one message under way, and one more after each success, until full
// are. So with each round twice as many are under way, and a server that is not as it should be
// shows it with no more messages than it has taken well.
func (a *Adaptive) Start(full int) { a.window, a.free, a.starting = 1, float64(full), true }

// Begin notes that a message begins at now.
func (a *Adaptive) Begin(now time.Time) {
	if a.since.IsZero() || now.Before(a.since) {
		a.since, a.begun, a.measured = now, 0, false
	}
	if span := now.Sub(a.since); span >= recentSpan {
		a.before = float64(a.begun) / span.Seconds()
		a.since, a.begun, a.measured = now, 0, true
	}
	a.begun++
	if a.pace != nil {
		a.pace.ReserveN(now, 1)
	}
}

// Good notes that a message was answered without a request to slow down.
func (a *Adaptive) Good(now time.Time) {
	if a.good++; a.good >= calm {
		a.requests = 0
	}
	if a.window > 0 {
		if a.starting {
			a.window++
		} else {
			a.window += 1 / a.window
		}
		if a.window >= a.free {
			a.window, a.starting = 0, false
		}
	}
	if a.gap > 0 {
		if minutes := math.Floor(now.Sub(a.regain).Minutes()); minutes >= 1 {
			rate := 1/a.gap.Seconds() + minutes*regained/a.best.Seconds()
			a.gap = time.Duration(float64(time.Second) / rate)
			a.regain = a.regain.Add(time.Duration(minutes) * time.Minute)
		}
		if a.gap <= a.best {
			a.gap, a.pace = 0, nil
		} else {
			a.pace.SetLimitAt(now, rate.Every(a.gap))
		}
	}
}

// Slower notes a request to slow down, with underWay messages under way, this one included. atLeast
// is the pause that the answer itself asks for, 0 for none; rand is a number in [0, 1). Slower
// returns until when nothing may go. Requests that arrive while a hold lasts have the same cause.
// They change nothing but its end, if they ask for a later one.
func (a *Adaptive) Slower(now time.Time, underWay int, atLeast time.Duration, rand float64) (until time.Time) {
	a.good = 0
	if now.Before(a.hold) {
		a.hold = moment.Later(a.hold, now.Add(atLeast))
		return a.hold
	}
	n := float64(max(underWay, 1))
	if a.window > 0 {
		n = min(n, a.window)
	} else {
		a.free = n
	}
	a.window, a.starting = max(1, n/2), false
	a.slowDown(now)
	first := a.First
	if first == 0 {
		first = firstHold
	}
	wait := min(first<<min(a.requests, 12), longHold)
	wait = min(time.Duration(float64(wait)*(0.5+rand)), longHold)
	a.requests++
	a.hold = now.Add(max(wait, atLeast))
	a.regain = a.hold // minutes of silence are not a sign of recovery
	return a.hold
}

// slowDown halves the pace.
func (a *Adaptive) slowDown(now time.Time) {
	if a.gap == 0 {
		rate := a.rate(now)
		if rate == 0 {
			return
		}
		a.best = min(time.Duration(float64(time.Second)/rate), slowest)
		a.gap = a.best
	}
	a.gap = min(2*a.gap, slowest)
	if a.pace == nil {
		a.pace = rate.NewLimiter(rate.Every(a.gap), 1)
		a.pace.ReserveN(now, 1)
	}
	a.pace.SetLimitAt(now, rate.Every(a.gap))
}

// rate is how many messages began in a second recently.
func (a *Adaptive) rate(now time.Time) float64 {
	passed := now.Sub(a.since)
	if !a.measured || passed >= recentSpan {
		return float64(a.begun) / max(passed.Seconds(), 1)
	}
	// This stretch is short, and may be one burst. The stretch before makes up for what is missing.
	span := recentSpan.Seconds()
	return float64(a.begun)/span + a.before*(1-passed.Seconds()/span)
}

// Held reports whether nothing may go at now, because a request to slow down is that new.
func (a *Adaptive) Held(now time.Time) bool { return now.Before(a.hold) }

// Wait is how long a limiter lets the next one wait at now. It takes nothing from the limiter.
func Wait(l *rate.Limiter, now time.Time) time.Duration {
	r := l.ReserveN(now, 1)
	defer r.CancelAt(now)
	return r.DelayFrom(now)
}

// Free says whether one more message may begin at now with underWay others under way. If not, until
// is when it may; a zero until means that one of the others has to end first.
func (a *Adaptive) Free(now time.Time, underWay int) (ok bool, until time.Time) {
	if now.Before(a.hold) {
		return false, a.hold
	}
	if a.pace != nil {
		if wait := Wait(a.pace, now); wait > 0 {
			return false, now.Add(wait)
		}
	}
	if a.window > 0 && underWay >= int(a.window) {
		return false, time.Time{}
	}
	return true, time.Time{}
}
