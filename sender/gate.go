package sender

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Gate lets messages through one at a time, as far as the caps of an account and
// of its lanes allow. It is safe for concurrent use.
type Gate struct {
	budget  Budget
	account []Limit // hold for every message
	lanes   map[string]Limit

	mu     sync.Mutex
	closed map[string]refusal // lane → its cap's refusal
	full   refusal            // of a cap that holds for every message
}

// refusal of a cap: not asked about again before check, because a use that
// is given back, here or in another process, can end it early.
type refusal struct{ until, check time.Time }

func (r refusal) stands(now time.Time) bool { return r.until.After(now) && r.check.After(now) }

// recheck is how long a refusal is believed without asking again.
const recheck = 30 * time.Second

// NewGate returns a gate in front of b for an account with its limit, and lanes
// with limits of their own; a lane that is not in the map obeys the account's alone.
// The shared limits hold for every message beside the account's: those of several
// accounts together, or of an operator. No two of all these have the same key.
func NewGate(b Budget, account Limit, lanes map[string]Limit, shared ...Limit) *Gate {
	return &Gate{budget: b, account: append([]Limit{account}, shared...), lanes: lanes, closed: map[string]refusal{}}
}

// Admit lets one message through at now. pick is asked for something to send
// that is in none of the closed lanes, and returns its lane; ok false: it has
// none. When the lane's cap turns out to be used up, putBack returns what was
// picked, and pick is asked again with that lane closed.
//
// r is the reservation for what was picked last; it is the caller's to end. A nil
// r without an error: nothing may go before wait, as things stand; a zero wait: it is not
// for a cap, pick had nothing. After any error nothing is picked.
//
// Callers are served one after the other; pick and putBack run under the gate's
// lock, and must not call it.
func (g *Gate) Admit(ctx context.Context, now time.Time, pick func(closed []string) (lane string, ok bool), putBack func()) (r Reservation, wait time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.full.stands(now) {
		return nil, g.full.until, nil // however many ask, the budget is asked once
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
		ls := slices.Clone(g.account)
		limit, own := g.lanes[lane]
		if own {
			ls = append(ls, limit)
		}
		r, refused, err := g.budget.Reserve(ctx, now, ls)
		switch {
		case err != nil:
			putBack()
			return nil, time.Time{}, err
		case refused.Key == "":
			return &admitted{Reservation: r, gate: g}, time.Time{}, nil
		case !own || refused.Key != limit.Key || slices.ContainsFunc(g.account, func(l Limit) bool { return l.Key == refused.Key }):
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

// shut lists the lanes that may not go at now, and when the first of them may.
func (g *Gate) shut(now time.Time) (closed []string, wait time.Time) {
	for lane, r := range g.closed {
		if !r.stands(now) {
			delete(g.closed, lane)
			continue
		}
		closed = append(closed, lane)
		wait = earlier(wait, r.until)
	}
	return closed, wait
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// admitted is a reservation whose return opens what was closed for want of it.
type admitted struct {
	Reservation
	gate *Gate
}

func (a *admitted) Release() {
	a.Reservation.Release()
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	clear(a.gate.closed)
	a.gate.full = refusal{}
}
