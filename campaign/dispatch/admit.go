package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender"
)

// admission is a delivery that a worker has: it may go now, to one server, with its use of that server's caps.
type admission struct {
	d   *ledger.Delivery
	to  *server
	use sender.Reservation // nil once it was stamped or given back
	// left is when the first byte of the message might leave, and took how long the server had the message then.
	left time.Time
	took time.Duration
	said []ledger.Copied // about the copies of its message
	day  string          // of the warm-up, whose number use is of; a use for one day is none for the next
}

// late reports whether the day is over for which the use was reserved.
func (a *admission) late(now time.Time) bool {
	return a.to.Warmup != nil && !a.to.Warmup.Current(a.day, now)
}

// stamp makes the use count from now.
func (a *admission) stamp(now time.Time) {
	a.use.Stamp(now)
	a.use = nil
}

// release gives the use of the caps back, unless it counts already.
func (r *Run) release(a *admission) {
	if a.use == nil {
		return
	}
	a.use.Release()
	a.use = nil
	r.mu.Lock()
	a.to.emptied()
	r.mu.Unlock()
}

// scope is how much a closure closes.
type scope int

const (
	ofLanes    scope = iota // some lanes; the others have nothing that may go now
	ofServer                // all that goes by one server
	ofCampaign              // all that goes by any server
)

// closure says why a server was given nothing: what is closed, until when, and because of what.
type closure struct {
	scope scope
	pacing.Answer
	lanes []string                 // with ofLanes: those that are closed
	paced map[string]pacing.Answer // those of them that the pacer closes
	away  []string                 // those whose home is with another server
	full  bool                     // the server is given nothing more before an outcome
	lent  bool                     // its lanes are with other servers, if there are any
}

// admit takes the next delivery that may go and reserves its use of the caps of a server. Without a delivery it returns
// what is closed, for each server or for all of them.
func (r *Run) admit(ctx context.Context) (*admission, []closure, error) {
	r.admitting.Lock()
	defer r.admitting.Unlock()
	for {
		servers := r.servers
		if len(servers) > 1 {
			r.mu.Lock()
			servers = r.byRoom()
			r.mu.Unlock()
		}
		var all []closure
		handed := false
		for _, s := range servers {
			lent := len(servers) > 1 && r.lent(s)
			a, c, err := r.admitTo(ctx, s)
			if a != nil || err != nil {
				return a, nil, err
			}
			if c.scope == ofCampaign {
				return nil, []closure{c}, nil
			}
			handed = handed || !lent && c.lent
			all = append(all, c)
		}
		if !handed || len(servers) == 1 {
			return nil, all, nil
		}
		// The caps of one server were found to be used up. Its lanes are another's now, which may have been asked already.
	}
}

func (r *Run) lent(s *server) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !s.in(r.c.Now())
}

// admitTo is admit for one server.
func (r *Run) admitTo(ctx context.Context, to *server) (*admission, closure, error) {
	now := r.c.Now()
	if c, closed := r.closedServer(to, now); closed {
		return nil, c, nil
	}
	p := picking{r: r, to: to, now: now, closure: closure{scope: ofServer}}
	use, until, err := to.Gate.Admit(ctx, now, func(closed []string) (string, bool) { return p.pick(ctx, closed) },
		p.putBack)
	if err = errors.Join(p.err, err); err != nil {
		return nil, closure{}, err
	}
	if p.d != nil {
		a := &admission{d: p.d, to: to, use: use}
		if to.Warmup != nil {
			a.day = to.Warmup.Day() // nobody else reserves meanwhile: admitting is held
		}
		return a, closure{}, nil
	}
	c := p.closure
	switch c.scope {
	case ofCampaign: // the pacer's answer holds
	case ofServer: // a cap that holds for everything
		c.NotBefore = until
		r.mu.Lock()
		to.filled(now, until)
		c.lent = !to.in(now)
		r.mu.Unlock()
		c.Because = to.because()
	default:
		c.NotBefore = until // of the lanes' own caps
	}
	return nil, c, nil
}

// closedServer reports whether a server is to be given nothing now, and why.
func (r *Run) closedServer(to *server, now time.Time) (c closure, closed bool) {
	r.mu.Lock()
	free, until := to.free(now)
	lent, spent := !to.in(now), to.full.lends(now)
	full := !lent && (to.crowded() || !free && until.IsZero())
	r.mu.Unlock()
	if free && !full {
		return closure{}, false
	}
	c = closure{scope: ofServer, full: full, lent: lent, Answer: pacing.Answer{NotBefore: until}}
	if spent {
		c.Because = to.because()
	}
	return c, true
}

// picking chooses a delivery for a server, as the server's gate asks for it: once, and again without the lanes whose
// own caps turn out to be used up.
type picking struct {
	r       *Run
	to      *server
	now     time.Time
	d       *ledger.Delivery // that was chosen; nil: none
	closure closure          // why none was, as of the last time
	err     error
}

// pick chooses a delivery in none of the closed groups, and returns its group.
func (p *picking) pick(ctx context.Context, closed []string) (group string, ok bool) {
	r := p.r
	p.closure = closure{}
	c := &p.closure
	r.mu.Lock()
	open := r.c.Pacer.Openings(p.now, r.lanes)
	alone := len(r.servers) == 1 && p.to.in(p.now) // every lane has its home here
	if !alone || len(open.Closed) > 0 || len(closed) > 0 {
		c.paced = map[string]pacing.Answer{}
		for _, lane := range r.lanes {
			answer, paced := open.Closed[lane]
			switch {
			case !alone && r.home(lane, p.now) != p.to:
				c.away = append(c.away, lane)
			case paced:
				c.paced[lane] = answer
			case !slices.Contains(closed, pacing.GroupOf(lane)):
				continue
			}
			c.lanes = append(c.lanes, lane)
		}
	}
	r.mu.Unlock()
	if !open.Campaign.May {
		p.closure = closure{scope: ofCampaign, Answer: open.Campaign}
		return "", false
	}
	if p.d, p.err = p.choose(ctx); p.d == nil || p.err != nil {
		return "", false
	}
	c.scope = ofServer // unless a lane's cap is the obstacle: then the gate asks for another one
	r.mu.Lock()
	r.c.Pacer.Taken(p.d, p.now)
	p.to.inHand++
	p.to.pace.Begin(p.now)
	r.inFlight++
	r.mu.Unlock()
	return pacing.GroupOf(p.d.Lane), true
}

// putBack returns what was chosen last.
func (p *picking) putBack() {
	p.r.letGo(p.d, p.to)
	p.d = nil
}
