package campaign

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender"
)

// shut says what may not go, and until when; the zero time: nothing is shut, or only until an outcome.
type shut struct {
	until  time.Time
	lanes  []string             // those that may not; the others have nothing that may go now
	closed map[string]time.Time // those of them that manners close, until when
	all    bool                 // no lane may
	why    string
	over   bool // nothing will go any more
}

// admit takes the next delivery that may go and reserves its use of the caps. Without one it says what is shut.
func (r *run) admit(ctx context.Context) (*ledger.Delivery, sender.Reservation, shut, error) {
	var d *ledger.Delivery
	var pickErr error
	now := r.c.now()
	s := shut{all: true}
	var may leave
	pick := func(closed []string) (string, bool) {
		lanes := r.state.Lanes()
		r.mu.Lock()
		may = r.manners.leave(now, lanes)
		r.mu.Unlock()
		if may.all {
			s = shut{all: true}
			return "", false
		}
		shutLanes := slices.DeleteFunc(lanes, func(lane string) bool {
			_, is := may.closed[lane]
			return !is && !slices.Contains(closed, groupOf(lane))
		})
		d, pickErr = r.state.Next(ctx, shutLanes, now)
		s = shut{lanes: shutLanes, closed: may.closed, all: d != nil}
		if d == nil || pickErr != nil {
			return "", false
		}
		r.mu.Lock()
		r.manners.taken(d, now)
		r.mu.Unlock()
		return groupOf(d.Lane), true
	}
	putBack := func() {
		r.mu.Lock()
		r.manners.back(d)
		r.mu.Unlock()
		r.state.PutBack(d)
		d = nil
	}
	reservation, until, err := r.gate.Admit(ctx, now, pick, putBack)
	if err = errors.Join(pickErr, err); err != nil {
		return nil, nil, shut{}, err
	}
	s.until, s.why, s.over = until, may.why, may.over
	if may.all {
		s.until = may.until
	} else if d == nil && s.all && r.warm != nil {
		s.why = r.warm.full()
	}
	if d != nil {
		r.mu.Lock()
		r.inFlight++
		r.mu.Unlock()
	}
	return d, reservation, s, nil
}

// idle waits for a change or until something may go. It says that the run is over when nothing is left, or when what is
// left is further away than this run is patient.
func (r *run) idle(taking context.Context, changed <-chan struct{}, s shut) (over bool) {
	next, left, why, err := r.next(taking, s)
	if err != nil {
		if taking.Err() == nil {
			r.halt(err)
		}
		return true
	}
	r.mu.Lock()
	busy := r.inFlight
	r.mu.Unlock()
	if left == 0 && busy == 0 {
		r.broadcast()
		return true
	}
	if s.over && left > 0 {
		r.finish(s.why, false)
		return true
	}
	if next.IsZero() && busy == 0 {
		next = r.c.now() // something is left and nothing holds it: look again
	}
	if !next.IsZero() {
		wait := next.Sub(r.c.now())
		if wait > patience && !r.o.Wait {
			if busy > 0 {
				next = time.Time{} // an outcome may still bring something nearer
			} else {
				r.waits(why, next)
				r.broadcast()
				return true
			}
		} else if wait > 0 {
			r.tell(why, next)
		}
	}
	var alarm <-chan time.Time
	if !next.IsZero() {
		t := time.NewTimer(max(next.Sub(r.c.now()), time.Millisecond))
		defer t.Stop()
		alarm = t.C
	}
	select {
	case <-taking.Done():
	case <-changed:
	case <-alarm:
	}
	return false
}

// waits notes why the run ends before what is left may go.
func (r *run) waits(why string, next time.Time) {
	if why == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == "" {
		r.stopped, r.opens = why, next
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

// next is when something may go, if nothing changes, how much is left, and why it does not go before; the zero time:
// nothing holds it, or only what is under way.
func (r *run) next(ctx context.Context, s shut) (time.Time, int64, string, error) {
	due, left, err := r.state.Due(ctx)
	if err != nil || s.all || s.until.IsZero() && len(s.closed) == 0 {
		return later(due, s.until), left, s.why, err
	}
	// What is due soon in an open lane does not wait for one that is shut.
	due, ok, err := r.state.DueBut(ctx, s.lanes)
	if err != nil {
		return time.Time{}, left, "", err
	}
	until, why := s.until, ""
	for lane, opens := range s.closed {
		if opens.IsZero() {
			continue // with the next outcome
		}
		at, some, err := r.state.DueIn(ctx, lane)
		if err != nil {
			return time.Time{}, left, "", err
		}
		if at = later(at, opens); some && (until.IsZero() || at.Before(until)) {
			until, why = at, s.why
		}
	}
	if ok && (until.IsZero() || due.Before(until)) {
		return due, left, "", nil
	}
	return until, left, why, nil
}

// later is the later of two times, where a zero time says nothing.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
