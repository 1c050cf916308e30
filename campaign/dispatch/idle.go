package dispatch

import (
	"context"
	"slices"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/internal/moment"
)

// idle waits for a change or until something may go. It reports that the run is over when nothing is left, or when what
// is left is further away than this run is patient. changed is the worker's bell; news is how often there was news when
// it looked.
func (r *Run) idle(taking context.Context, changed chan struct{}, news uint64, closed []closure) (over bool) {
	r.mu.Lock()
	lookout, rests := r.rest.lie(changed, news, !crowded(closed))
	r.mu.Unlock()
	switch {
	case !rests:
		return false
	case !lookout:
		wait(taking, changed, 0)
		return false
	}
	defer func() {
		r.mu.Lock()
		r.rest.rise(changed)
		if over {
			r.rest.all() // they come to the same end
		}
		r.mu.Unlock()
	}()
	left, err := r.outlook(taking)
	if err != nil {
		if taking.Err() == nil {
			r.halt(err)
		}
		return true
	}
	opens := outlook(left, closed)
	busy := r.busy()
	if left.Left == 0 && !busy {
		return true
	}
	if closed[0].Never && left.Left > 0 {
		r.finish(closed[0].Because, false)
		return true
	}
	next := opens.NotBefore
	if next.IsZero() && !busy {
		next = r.c.Now() // something is left and nothing holds it: look again
	}
	if next.IsZero() {
		wait(taking, changed, 0)
		return false
	}
	away := next.Sub(r.c.Now())
	switch {
	case away > patience && !r.c.Wait && busy:
		wait(taking, changed, 0) // an outcome may still bring something nearer
		return false
	case away > patience && !r.c.Wait:
		r.leaves(opens)
		return true
	case away > 0:
		r.tell(r.reason(opens.Because, away, busy), next)
	}
	wait(taking, changed, max(next.Sub(r.c.Now()), time.Millisecond))
	return false
}

// crowded reports whether there is no moment to look out for: where there is something to send, the next outcome makes
// room.
func crowded(closed []closure) bool {
	return slices.ContainsFunc(closed, func(c closure) bool { return c.full }) &&
		!slices.ContainsFunc(closed, func(c closure) bool { return !c.full && !c.lent })
}

// reason is why nothing goes for a while, in words; "" where that needs no words.
func (r *Run) reason(because string, away time.Duration, busy bool) string {
	if because == "" && !busy && away > 10*time.Second && r.c.Deliveries.Counts()[ledger.Pending] == 0 {
		return "all have been tried, and what a server put off is tried again then; an interrupt is safe, and the next send goes on"
	}
	return because
}

// busy reports whether an outcome is awaited: of a delivery, or of a server that is asked. A delivery that is being
// chosen at this moment counts.
func (r *Run) busy() bool {
	r.admitting.Lock()
	defer r.admitting.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inFlight > 0 || slices.ContainsFunc(r.servers, func(s *server) bool { return s.asking })
}

// leaves notes why the run ends before what is left may go, if there are words for it, and when that may.
func (r *Run) leaves(opens pacing.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == "" {
		r.stopped, r.opensAt = opens.Because, opens.NotBefore
	}
}

// tell tells the observer why nothing goes for a while, and once more where the same reason holds for a second longer
// than was told: a cap of a minute fills minute by minute.
func (r *Run) tell(why string, next time.Time) {
	r.mu.Lock()
	again := why == r.told
	news := why != "" && (!again || next.Sub(r.toldUntil) >= time.Second)
	if r.told = why; news {
		r.toldUntil = next
	}
	r.mu.Unlock()
	if news {
		r.observe(Event{Kind: Hold, Text: why, Until: next, Again: again})
	}
}

// outlook is when something may go if nothing changes, and why not before. It is a pure function of what is left and
// what is closed. NotBefore is zero where nothing holds what is left, or only what is under way.
func outlook(left ledger.Outlook, closed []closure) pacing.Answer {
	if c := closed[0]; c.scope == ofCampaign {
		a := c.Answer
		if !a.NotBefore.IsZero() {
			a.NotBefore = moment.Later(left.Due, a.NotBefore)
		}
		return a
	}
	if !slices.ContainsFunc(closed, func(c closure) bool { return !c.lent }) { // no server has lanes
		var first pacing.Answer
		for _, c := range closed {
			first = sooner(first, c.Answer)
		}
		if !first.NotBefore.IsZero() {
			first.NotBefore = moment.Later(left.Due, first.NotBefore)
		}
		return first
	}
	var next pacing.Answer
	for _, c := range closed {
		if !c.full && !c.lent {
			next = sooner(next, c.opens(left))
		}
	}
	return next
}

// opens is when something may go by one server, and why not before; NotBefore is zero where nothing holds it.
func (c closure) opens(left ledger.Outlook) pacing.Answer {
	if c.scope == ofServer {
		due, ok := left.DueBut(c.away)
		if c.NotBefore.IsZero() || !ok {
			return pacing.Answer{}
		}
		return pacing.Answer{NotBefore: moment.Later(due, c.NotBefore), Because: c.Because}
	}
	next := pacing.Answer{NotBefore: c.NotBefore, Because: c.Because}
	for lane, a := range c.paced {
		if a.NotBefore.IsZero() {
			continue // it opens with the next outcome
		}
		if due, some := left.DueIn(lane); some {
			a.NotBefore = moment.Later(due, a.NotBefore)
			next = sooner(next, a)
		}
	}
	// What is due soon in an open lane does not wait for one that is closed.
	if due, ok := left.DueBut(c.lanes); ok {
		if next.NotBefore.IsZero() || due.Before(next.NotBefore) {
			return pacing.Answer{NotBefore: due}
		}
	}
	return next
}

// sooner is the answer that opens first, where one that names no moment says nothing.
func sooner(a, b pacing.Answer) pacing.Answer {
	if a.NotBefore.IsZero() || !b.NotBefore.IsZero() && b.NotBefore.Before(a.NotBefore) {
		return b
	}
	return a
}
