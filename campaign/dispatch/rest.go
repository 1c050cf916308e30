package dispatch

import (
	"context"
	"slices"
	"time"
)

// rest is where workers wait that found nothing to do. One of them, the lookout, knows when something may go, and waits
// no longer than that. The others sleep. News wakes one worker, the lookout first. A worker that then finds a delivery
// wakes another one, as long as there is room. So an outcome costs one look at what may go, however many workers there
// are. A run's mu guards it.
type rest struct {
	news    uint64          // how often there was news
	lookout chan struct{}   // the lookout's bell; nil: nobody is
	asleep  []chan struct{} // the bells of the others, the last to fall asleep last
}

// ring wakes whoever has a bell. A bell that was rung already is not rung twice.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// one wakes a worker to look again.
func (w *rest) one() {
	w.news++
	switch last := len(w.asleep) - 1; {
	case w.lookout != nil:
		ring(w.lookout)
	case last >= 0:
		ring(w.asleep[last])
		w.asleep = w.asleep[:last]
	}
}

// all wakes every worker to look again.
func (w *rest) all() {
	w.news++
	if w.lookout != nil {
		ring(w.lookout)
	}
	for _, bell := range w.asleep {
		ring(bell)
	}
	w.asleep = w.asleep[:0]
}

// lie makes a worker rest that has found nothing since there was news so often; with post it is the lookout, unless
// another one is. It reports which it is, and whether it rests: not where there was news meanwhile.
func (w *rest) lie(bell chan struct{}, news uint64, post bool) (lookout, rests bool) {
	if w.news != news {
		return false, false
	}
	select {
	case <-bell: // of news that it has seen
	default:
	}
	if post && w.lookout == nil {
		w.lookout = bell
		return true, true
	}
	w.asleep = append(w.asleep, bell)
	return false, true
}

// rise ends a worker's watch.
func (w *rest) rise(bell chan struct{}) {
	if w.lookout == bell {
		w.lookout = nil
	}
}

// heard is how often there was news.
func (r *Run) heard() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rest.news
}

// broadcast lets every worker that rests look again.
func (r *Run) broadcast() {
	r.mu.Lock()
	r.rest.all()
	r.mu.Unlock()
}

// pass lets one more worker look after one has found a delivery: where there may be another delivery, and where a
// server has room from a moment on that nobody looks out for. Who found the delivery may have been the lookout, and is
// busy now.
func (r *Run) pass() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rest.lookout == nil && len(r.rest.asleep) == 0 {
		return
	}
	now := r.c.Now()
	unwatched := r.rest.lookout == nil
	if slices.ContainsFunc(r.servers, func(s *server) bool { return s.roomy(now) || unwatched && s.opens(now) }) {
		r.rest.one()
	}
}

// roomy reports whether one more delivery may be taken for the server, as far as its health goes.
func (s *server) roomy(now time.Time) bool {
	free, _ := s.free(now)
	return free && !s.crowded()
}

// opens reports whether one more delivery may be taken for the server from a moment on that is known, without an
// outcome.
func (s *server) opens(now time.Time) bool {
	free, until := s.free(now)
	return !free && !until.IsZero() && !s.crowded() && s.in(now)
}

// crowded reports whether as much is in hand as the server has places for. Nothing is taken ahead for a server whose
// connections break: each one that breaks takes the envelope that it carries for the next message along.
func (s *server) crowded() bool {
	if s.inHand < s.Connections {
		return false
	}
	return s.inHand >= s.places || s.failures > 0 || s.doubts > 0 || s.made.full(s.inHand)
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
