package sender

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"mailshot/sender/courtesy"
)

// Gate lets messages through one at a time, as far as the caps of an account and of its lanes
// allow. It is safe for concurrent use. The pace of a cap under a minute it knows by itself, as far as
// its own messages go, and asks the budget only when that allows one: the budget has the last word.
type Gate struct {
	budget  Budget
	account []Limit // the limits that hold for every message
	lanes   map[string]Limit

	mu     sync.Mutex
	closed map[string]refusal       // by lane, the refusal of its own cap
	full   refusal                  // the refusal of a cap that holds for every message
	paces  map[string]*rate.Limiter // by key, what this process has begun under its shortest cap; none where that is not paced
}

// refusal is until when a cap refuses. It is believed until check at most, because a use that is
// given back, here or in another process, can end it early.
type refusal struct{ until, check time.Time }

func (r refusal) stands(now time.Time) bool { return r.until.After(now) && r.check.After(now) }

// recheck is how long a refusal is believed before the budget is asked again.
const recheck = 30 * time.Second

// NewGate returns a gate in front of b, for an account with its limit and for lanes with limits of
// their own. A lane that is not in the map obeys the account's limit alone. The shared limits hold
// for every message too: those of several accounts together, or of an operator. No two of all these
// limits have the same key.
func NewGate(b Budget, account Limit, lanes map[string]Limit, shared ...Limit) *Gate {
	g := &Gate{budget: b, account: append([]Limit{account}, shared...), lanes: lanes, closed: map[string]refusal{}}
	g.pace()
	return g
}

// pace makes the paces anew: nothing was begun.
func (g *Gate) pace() {
	g.paces = map[string]*rate.Limiter{}
	add := func(l Limit) {
		var longest time.Duration
		for _, c := range l.Caps {
			if c.Paced() {
				longest = max(longest, c.Interval())
			}
		}
		if longest > 0 {
			g.paces[l.Key] = rate.NewLimiter(rate.Every(longest), 1)
		}
	}
	for _, l := range g.account {
		add(l)
	}
	for _, l := range g.lanes {
		add(l)
	}
}

// soon is when a use may begin, as far as this process knows the pace of a limit; zero: now.
func (g *Gate) soon(now time.Time, l Limit) time.Time {
	if pace := g.paces[l.Key]; pace != nil {
		if wait := courtesy.Wait(pace, now); wait > 0 {
			return now.Add(wait)
		}
	}
	return time.Time{}
}

// began takes a use from the paces.
func (g *Gate) began(now time.Time, ls []Limit) {
	for _, l := range ls {
		if pace := g.paces[l.Key]; pace != nil {
			pace.ReserveN(now, 1)
		}
	}
}

// Admit lets one message through at now. It asks pick for something to send that is in none of the
// closed lanes; pick returns its lane, or ok false when it has nothing. When the lane's cap turns
// out to be used up, Admit gives what was picked back by putBack, and asks pick again with that
// lane closed.
//
// r is the reservation for what was picked last, and the caller ends it. When r is nil without an
// error, nothing may go before wait, as things stand; with a zero wait no cap is in the way, and
// pick had nothing. After any error nothing is picked.
//
// Callers are served one after the other. pick and putBack run under the gate's lock, and must not
// call the gate.
func (g *Gate) Admit(ctx context.Context, now time.Time, pick func(closed []string) (lane string, ok bool),
	putBack func()) (r Reservation, wait time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.full.stands(now) {
		return nil, g.full.until, nil // the budget is asked once, however many ask the gate
	}
	for _, l := range g.account {
		if until := g.soon(now, l); !until.IsZero() {
			return nil, until, nil // the budget would say the same
		}
	}
	closed, wait := g.shut(now)
	for {
		if err := ctx.Err(); err != nil {
			return nil, time.Time{}, err
		}
		lane, ok := pick(closed)
		if !ok {
			return nil, wait, nil
		}
		if slices.Contains(closed, lane) {
			putBack()
			return nil, time.Time{}, fmt.Errorf("gate: lane %q was picked though it is closed", lane)
		}
		ls := g.account
		limit, own := g.lanes[lane]
		if own {
			ls = append(slices.Clone(ls), limit)
		}
		r, refused, err := g.budget.Reserve(ctx, now, ls)
		switch {
		case err != nil:
			putBack()
			return nil, time.Time{}, err
		case refused.Key == "":
			g.began(now, ls)
			return &admitted{Reservation: r, gate: g}, time.Time{}, nil
		case !own || refused.Key != limit.Key || g.holdsForAll(refused.Key):
			putBack()
			g.full = refusal{until: refused.Until, check: now.Add(recheck)}
			return nil, refused.Until, nil
		}
		putBack()
		g.closed[lane] = refusal{until: refused.Until, check: now.Add(recheck)}
		closed = append(closed, lane)
		wait = earlier(wait, refused.Until)
	}
}

// Shut closes a lane that was let through and whose message turned out to need more uses than there are: until the
// refusal's time, and all lanes if the limit is one that holds for every message. The use was given back before.
func (g *Gate) Shut(lane string, r Refusal, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := refusal{until: r.Until, check: now.Add(recheck)}
	if g.holdsForAll(r.Key) {
		g.full = at
	} else {
		g.closed[lane] = at
	}
}

// holdsForAll reports whether a key is that of a limit that holds for every message.
func (g *Gate) holdsForAll(key string) bool {
	return slices.ContainsFunc(g.account, func(l Limit) bool { return l.Key == key })
}

// shut lists the lanes that may not go at now, and says when the first of them may.
func (g *Gate) shut(now time.Time) (closed []string, wait time.Time) {
	for lane, r := range g.closed {
		if !r.stands(now) {
			delete(g.closed, lane)
			continue
		}
		closed = append(closed, lane)
		wait = earlier(wait, r.until)
	}
	for lane, l := range g.lanes {
		if until := g.soon(now, l); !until.IsZero() && !slices.Contains(closed, lane) {
			closed = append(closed, lane)
			wait = earlier(wait, until)
		}
	}
	return closed, wait
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// admitted is a reservation. When it is released, what was closed for want of a use opens again.
type admitted struct {
	Reservation
	gate *Gate
}

func (a *admitted) Release() {
	a.Reservation.Release()
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	clear(a.gate.closed)
	a.gate.pace()
	a.gate.full = refusal{}
}
