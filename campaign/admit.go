package campaign

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/internal/moment"
	"mailshot/sender"
)

// admission is a delivery in a worker's hands: it may go now, to one server, with its use of that one's caps.
type admission struct {
	d   *ledger.Delivery
	to  *server
	use sender.Reservation // nil once it was stamped or given back
}

// stamp makes the use count from now.
func (a *admission) stamp(now time.Time) {
	a.use.Stamp(now)
	a.use = nil
}

// release gives the use of the caps back, if that is not done with.
func (r *run) release(a *admission) {
	if a.use == nil {
		return
	}
	a.use.Release()
	a.use = nil
	r.mu.Lock()
	a.to.emptied()
	r.mu.Unlock()
}

// shut says what may not go by a server, and until when; the zero time: nothing is shut, or only until an outcome.
type shut struct {
	until    time.Time
	lanes    []string             // those that may not; the others have nothing that may go now
	closed   map[string]time.Time // those of them that manners close, until when
	away     []string             // those of them whose home is with another
	all      bool                 // no lane may
	full     bool                 // the server is given nothing more before an outcome
	lent     bool                 // its lanes are with others, if there are any
	campaign bool                 // it is so of every server
	why      string
	over     bool // nothing will go any more
}

// admit takes the next delivery that may go and reserves its use of the caps of a server. Without one it says what is shut,
// for each server or for all.
func (r *run) admit(ctx context.Context) (*admission, []shut, error) {
	r.admitting.Lock()
	defer r.admitting.Unlock()
	for {
		r.mu.Lock()
		servers := r.byRoom()
		r.mu.Unlock()
		var all []shut
		handed := false
		for _, s := range servers {
			lent := r.lent(s)
			a, sh, err := r.admitTo(ctx, s)
			if a != nil || err != nil {
				return a, nil, err
			}
			if sh.campaign {
				return nil, []shut{sh}, nil
			}
			handed = handed || !lent && sh.lent
			all = append(all, sh)
		}
		if !handed || len(servers) == 1 {
			return nil, all, nil
		}
		// The caps of one were found to be used up: its lanes are another's now, which may have been asked already.
	}
}

func (r *run) lent(s *server) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !s.in(r.c.now())
}

// admitTo is admit for one server.
func (r *run) admitTo(ctx context.Context, to *server) (*admission, shut, error) {
	var d *ledger.Delivery
	var pickErr error
	now := r.c.now()
	r.mu.Lock()
	free, until := to.free(now)
	lent, spent := !to.in(now), to.full.lends(now)
	full := !lent && (to.inHand >= to.places || !free && until.IsZero())
	r.mu.Unlock()
	if full || !free {
		s := shut{all: true, full: full, lent: lent, until: until}
		if spent && to.warm != nil {
			s.why = to.warm.full()
		}
		return nil, s, nil
	}
	s := shut{all: true}
	var may leave
	pick := func(closed []string) (string, bool) {
		lanes := r.state.Lanes()
		s = shut{closed: map[string]time.Time{}}
		r.mu.Lock()
		may = r.manners.leave(now, lanes)
		for _, lane := range lanes {
			opens, is := may.closed[lane]
			switch {
			case r.home(lane, now) != to:
				s.away = append(s.away, lane)
			case is:
				s.closed[lane] = opens
			case !slices.Contains(closed, groupOf(lane)):
				continue
			}
			s.lanes = append(s.lanes, lane)
		}
		r.mu.Unlock()
		if may.all {
			s = shut{all: true, campaign: true}
			return "", false
		}
		if len(s.lanes) == len(lanes) {
			return "", false
		}
		if d, pickErr = r.state.Next(ctx, s.lanes, now); d == nil || pickErr != nil {
			return "", false
		}
		s.all = true // unless it is a lane's cap that stands in the way, when there is another pick
		r.mu.Lock()
		r.manners.taken(d, now)
		to.inHand++
		to.pace.Begin(now)
		r.inFlight++
		r.mu.Unlock()
		return groupOf(d.Lane), true
	}
	putBack := func() {
		r.mu.Lock()
		r.manners.back(d)
		to.inHand--
		r.inFlight--
		r.mu.Unlock()
		r.state.PutBack(d)
		d = nil
	}
	use, until, err := to.gate.Admit(ctx, now, pick, putBack)
	if err = errors.Join(pickErr, err); err != nil {
		return nil, shut{}, err
	}
	if d != nil {
		return &admission{d: d, to: to, use: use}, shut{}, nil
	}
	s.until, s.why, s.over = until, may.why, may.over
	switch {
	case may.all:
		s.until = may.until
	case s.all:
		r.mu.Lock()
		to.filled(now, until)
		s.lent = !to.in(now)
		r.mu.Unlock()
		if to.warm != nil {
			s.why = to.warm.full()
		}
	}
	return nil, s, nil
}

// idle waits for a change or until something may go. It says that the run is over when nothing is left, or when what is
// left is further away than this run is patient.
func (r *run) idle(taking context.Context, changed <-chan struct{}, shuts []shut) (over bool) {
	if full := func(s shut) bool { return s.full }; slices.ContainsFunc(shuts, full) &&
		!slices.ContainsFunc(shuts, func(s shut) bool { return !s.full && !s.lent }) {
		wait(taking, changed, 0) // the next outcome makes room where there is something to send
		return false
	}
	next, left, why, err := r.opens(taking, shuts)
	if err != nil {
		if taking.Err() == nil {
			r.halt(err)
		}
		return true
	}
	busy := r.busy()
	if left == 0 && !busy {
		r.broadcast()
		return true
	}
	if shuts[0].over && left > 0 {
		r.finish(shuts[0].why, false)
		return true
	}
	if next.IsZero() && !busy {
		next = r.c.now() // something is left and nothing holds it: look again
	}
	if !next.IsZero() {
		away := next.Sub(r.c.now())
		if away > patience && !r.o.Wait {
			if busy {
				next = time.Time{} // an outcome may still bring something nearer
			} else {
				r.waits(why, next)
				r.broadcast()
				return true
			}
		} else if away > 0 {
			if why == "" && !busy && away > 10*time.Second && r.state.Counts()[ledger.Pending] == 0 {
				why = "all have been tried, and what a server put off is tried again then; an interrupt is safe, and the next send goes on"
			}
			r.tell(why, next)
		}
	}
	if next.IsZero() {
		wait(taking, changed, 0)
	} else {
		wait(taking, changed, max(next.Sub(r.c.now()), time.Millisecond))
	}
	return false
}

// wait waits for a change, for the end of taking, and no longer than most, if that is not 0.
func wait(taking context.Context, changed <-chan struct{}, most time.Duration) {
	var alarm <-chan time.Time
	if most > 0 {
		t := time.NewTimer(most)
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-taking.Done():
	case <-changed:
	case <-alarm:
	}
}

// busy reports whether an outcome is awaited: of a delivery, or of a server that is asked. A delivery that is being chosen
// at this moment counts.
func (r *run) busy() bool {
	r.admitting.Lock()
	defer r.admitting.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.inFlight > 0 || slices.ContainsFunc(r.servers, func(s *server) bool { return s.asking })
}

// waits notes why the run ends before what is left may go, if there are words for it, and when that may.
func (r *run) waits(why string, next time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == "" {
		r.stopped, r.opensAt = why, next
	}
}

// tell tells the observer, once, why nothing goes for a while.
func (r *run) tell(why string, next time.Time) {
	r.mu.Lock()
	news := why != "" && why != r.told
	r.told = why
	r.mu.Unlock()
	if news {
		r.observe(Event{Kind: "hold", Text: why, Until: next})
	}
}

// opens is when something may go, if nothing changes, how much is left, and why it does not go before; the zero time:
// nothing holds it, or only what is under way.
func (r *run) opens(ctx context.Context, shuts []shut) (next time.Time, left int64, why string, err error) {
	due, left, err := r.state.Due(ctx)
	if err != nil {
		return time.Time{}, 0, "", err
	}
	if s := shuts[0]; s.campaign && s.until.IsZero() {
		return time.Time{}, left, s.why, nil
	} else if s.campaign {
		return moment.Later(due, s.until), left, s.why, nil
	}
	none := true // of the servers has lanes
	first := time.Time{}
	sooner := func(at time.Time, because string) {
		if next.IsZero() || at.Before(next) {
			next, why = at, because
		}
	}
	for _, s := range shuts {
		none = none && s.lent
		if s.all && !s.until.IsZero() && (first.IsZero() || s.until.Before(first)) {
			first, why = s.until, s.why
		}
	}
	if none {
		if first.IsZero() {
			return time.Time{}, left, "", nil
		}
		return moment.Later(due, first), left, why, nil
	}
	why = ""
	for _, s := range shuts {
		if s.full || s.lent {
			continue
		}
		at, because, err := r.opensBy(ctx, s)
		if err != nil {
			return time.Time{}, left, "", err
		}
		if !at.IsZero() {
			sooner(at, because)
		}
	}
	return next, left, why, nil
}

// opensBy is when something may go by one server, and why not before; the zero time: nothing holds it.
func (r *run) opensBy(ctx context.Context, s shut) (next time.Time, why string, err error) {
	if s.all && s.until.IsZero() {
		return time.Time{}, "", nil
	}
	if s.all {
		due, ok, err := r.state.DueBut(ctx, s.away)
		if err != nil || !ok {
			return time.Time{}, "", err
		}
		return moment.Later(due, s.until), s.why, nil
	}
	// What is due soon in an open lane does not wait for one that is shut.
	due, ok, err := r.state.DueBut(ctx, s.lanes)
	if err != nil {
		return time.Time{}, "", err
	}
	until := s.until
	for lane, opens := range s.closed {
		if opens.IsZero() {
			continue // with the next outcome
		}
		at, some, err := r.state.DueIn(ctx, lane)
		if err != nil {
			return time.Time{}, "", err
		}
		if at = moment.Later(at, opens); some && (until.IsZero() || at.Before(until)) {
			until, why = at, s.why
		}
	}
	if ok && (until.IsZero() || due.Before(until)) {
		return due, "", nil
	}
	return until, why, nil
}
