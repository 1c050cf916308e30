package campaign

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/caps"
	"mailshot/campaign/definition"
	"mailshot/internal/oauth"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// server is one of the ways out of a run, with what it may use and how it does.
type server struct {
	def         *definition.Server
	pool        transport
	gate        *sender.Gate
	warm        *caps.Warmup  // nil: the sender is warm
	tokens      *oauth.Source // nil: it wants none
	connections int
	places      int           // for deliveries in hand
	begun       chan struct{} // a place for each delivery that is begun and has no outcome in the ledger

	standing // guarded by the run's mu
}

// servers are those that the campaign sends to: one that takes the place of all, where that is a sink.
func (c *Campaign) servers() []*definition.Server {
	if c.opts.Sink == nil {
		return c.def.Servers
	}
	l := c.def.Limits
	return []*definition.Server{{Name: "the built-in sink", Weight: 1,
		Limits: definition.Limits{Connections: l.Connections, MessagesPerConnection: l.MessagesPerConnection}}}
}

// openServers makes the run's servers; nothing is spoken to yet.
func (r *run) openServers() error {
	c := r.c
	lanes := c.terms().Domains()
	for _, def := range c.servers() {
		may := c.allowance(def)
		s := &server{def: def, warm: c.warmth(def), connections: may.Connections, places: may.Connections * workersPerConnection,
			begun: make(chan struct{}, may.Connections)}
		if def.Direct || def.Sendmail != "" { // many servers, or none
			s.standing = newStanding(0)
		} else {
			s.standing = newStanding(s.places)
		}
		s.gate = sender.NewGate(caps.Budget{Accounts: r.budget, Warmup: s.warm, Now: r.c.now}, may.Limits[0], lanes, may.Limits[1:]...)
		var err error
		if s.pool, s.tokens, err = c.transport(def); err != nil {
			return err
		}
		r.servers = append(r.servers, s)
	}
	if len(r.servers) == 0 {
		return c.noServer()
	}
	return nil
}

// meet asks every server whether it can be reached, and waits for what they say: for the last of them no longer than
// handover. It reports whether any can. The asking of the others goes on until ctx ends; done waits for it.
func (r *run) meet(ctx context.Context) (any bool, done func()) {
	for _, s := range r.servers {
		s.asking = true
	}
	var asking sync.WaitGroup
	answers := make(chan struct{}, len(r.servers))
	for _, s := range r.servers {
		asking.Go(func() {
			r.ask(ctx, s)
			answers <- struct{}{}
		})
	}
	patience := time.NewTimer(handover)
	defer patience.Stop()
	late := false
	for missing := len(r.servers); missing > 0 && !(late && r.anyIn()); {
		select {
		case <-answers:
			missing--
		case <-patience.C:
			late = true
		}
	}
	return r.anyIn(), asking.Wait
}

func (r *run) anyIn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.now()
	return slices.ContainsFunc(r.servers, func(s *server) bool { return s.in(now) })
}

// doubtful takes a server on that is to be asked again now, nil if there is none. The caller asks it.
func (r *run) doubtful() *server {
	now := r.c.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.servers {
		if s.doubt && !s.asking && !s.stopped && !now.Before(s.hold.until) {
			s.asking = true
			return s
		}
	}
	return nil
}

// ask asks a server whether it can be reached, and notes the answer.
func (r *run) ask(ctx context.Context, s *server) {
	err := s.pool.Check(ctx)
	var failure *sender.Error
	now := r.c.now()
	r.mu.Lock()
	switch {
	case err == nil:
		s.reached()
	case ctx.Err() != nil:
		s.asking = false
	case errors.As(err, &failure) && failure.Outcome.Class != reply.Stop:
		s.unreached(now, failure.Outcome)
		s.why = err.Error()
	default:
		s.stop(err.Error())
	}
	started := r.started
	r.mu.Unlock()
	if err != nil && ctx.Err() == nil && started {
		r.missing(s)
	}
	r.broadcast()
}

// missing tells that nothing goes to a server for a while, or any more, and ends the run when that is so of all of them.
func (r *run) missing(s *server) {
	r.mu.Lock()
	all := !slices.ContainsFunc(r.servers, func(s *server) bool { return !s.out() })
	reasons, failed := r.complaints()
	e := Event{Kind: "hold", Text: s.why, Until: s.hold.until}
	if s.stopped {
		e = Event{Kind: "out", Text: s.why}
	}
	r.mu.Unlock()
	if len(r.servers) > 1 {
		e.Server = s.def.Name
	}
	if all {
		r.finish(reasons, failed)
	}
	if !all || e.Kind == "out" && len(r.servers) > 1 {
		r.observe(e)
	}
}

// complaints are why servers are out, in words, and whether every one of them is for a fault that is to be mended. r.mu is held.
func (r *run) complaints() (why string, failed bool) {
	var said []string
	failed = true
	for _, s := range r.servers {
		words := s.why
		if !s.stopped {
			failed = false
			if s.out() {
				words = "the server stays away: " + words
			}
		}
		if len(r.servers) > 1 {
			words = s.def.Name + ": " + words
		}
		said = append(said, words)
	}
	return strings.Join(said, "; "), failed
}

// byRoom are the servers, those with the largest part of their places free first. r.mu is held.
func (r *run) byRoom() []*server {
	sorted := slices.Clone(r.servers)
	slices.SortStableFunc(sorted, func(a, b *server) int { return cmp.Compare(a.inHand*b.places, b.inHand*a.places) })
	return sorted
}

// start tells that the run begins, and of the servers that do not take part yet.
func (r *run) start() {
	r.observe(Event{Kind: "started"})
	r.mu.Lock()
	r.started = true
	var absent []*server
	for _, s := range r.servers {
		if s.doubt && !s.asking || s.stopped {
			absent = append(absent, s)
		}
	}
	r.mu.Unlock()
	for _, s := range absent {
		r.missing(s)
	}
}

// outs says in words which of several servers were out when the run ended, and why.
func (r *run) outs() []string {
	if len(r.servers) < 2 {
		return nil
	}
	var said []string
	for _, s := range r.servers {
		if s.stopped || s.doubt && s.why != "" {
			said = append(said, s.def.Name+": "+s.why)
		}
	}
	return said
}

// next is the command that mends what stopped a server, "" where none does.
func (r *run) next() string {
	for _, s := range r.servers {
		var e *oauth.Error
		if s.tokens != nil && errors.As(s.tokens.Err(), &e) && e.Next != "" {
			return e.Next
		}
	}
	return ""
}
