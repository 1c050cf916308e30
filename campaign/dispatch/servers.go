package dispatch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// Transport is a way out for finished messages: a server's pool, the recipients' own servers, or a program. The
// contract is that of [sender.Pool]. Whoever opened a transport closes it.
type Transport interface {
	Send(ctx context.Context, m sender.Mail, begin func(context.Context) error) sender.Outcome
	Check(ctx context.Context) error // before the first message
	Abort()
}

// Warmup keeps a new sender to what it may send on a day.
type Warmup interface {
	// Full says in words that the day's number is used up; "" if it was not when last asked for.
	Full() string
	// Day is the day whose number the use that was last reserved is of. Current reports whether that day goes on.
	Day() string
	Current(day string, now time.Time) bool
	// Settled counts an outcome of the day of now.
	Settled(ctx context.Context, s ledger.State, now time.Time) error
}

// Server is one of the ways out of a run, with what may be used of it.
type Server struct {
	Name        string
	Weight      int  // its part of the recipients' groups is this by the sum of all weights
	Direct      bool // it stands for the recipients' own servers
	Program     bool // it is a program on this machine
	Connections int  // at once; also how many deliveries may be begun without an outcome
	Transport   Transport
	Gate        *sender.Gate
	// Further adds the uses of a message's copies to that of its recipient, all or none; see caps.Further. nil = a
	// message counts once, whoever gets copies.
	Further func(ctx context.Context, first sender.Reservation, copies []string) (sender.Reservation, sender.Refusal, error)
	Warmup  Warmup        // nil = the sender is warm
	Doubt   func() string // why its caps hold more back than they seem to, "" = they do not; nil = never
	Mend    func() string // the command that mends what stopped it, "" = none is known; nil = none
}

// server is a Server in a run.
type server struct {
	*Server
	places int           // for deliveries in hand
	begun  chan struct{} // a place for each delivery that may be on the wire and has no outcome in the memory
	ahead  chan struct{} // a place for each that is begun and waits for its turn
	made   stock

	health   // guarded by the run's mu
	refusals refusals
}

func newServer(c *Server, block int, bytes int64) *server {
	s := &server{
		Server: c, places: c.Connections * (workersPerConnection + block - 1), begun: make(chan struct{}, c.Connections),
		ahead: make(chan struct{}, c.Connections*block), made: stock{most: bytes, free: c.Connections},
	}
	full := s.places
	if c.Direct || c.Program { // many servers, or none
		full = 0
	}
	s.health = newHealth(full)
	return s
}

// stock is the messages that are made and have no outcome. A run's mu guards it.
type stock struct {
	most  int64 // bytes that may be made ahead of the connections
	free  int   // as many deliveries may be in hand whatever their size
	n     int
	bytes int64
	last  int64 // the size of the last one made: the next ones are taken to be of that size
}

// full reports whether one more delivery would be too much to keep, besides those in hand.
func (m *stock) full(inHand int) bool {
	return inHand >= m.free && m.bytes+m.last*int64(inHand-m.n+1) > m.most
}

// keep notes that a message was made.
func (m *stock) keep(size int64) { m.n, m.bytes, m.last = m.n+1, m.bytes+size, size }

// drop notes that a message is needed no more.
func (m *stock) drop(size int64) { m.n, m.bytes = m.n-1, m.bytes-size }

// because is why the server's caps hold something back, in words; "" where that needs none.
func (s *server) because() (why string) {
	if s.Warmup != nil {
		why = s.Warmup.Full()
	}
	if why == "" && s.Doubt != nil {
		why = s.Doubt()
	}
	return why
}

// meet asks every server whether it can be reached, and waits for the answers: once a server can be reached, for the
// others no longer than handover. It reports whether any server can. The asking of the others goes on until ctx ends;
// done waits for it.
func (r *Run) meet(ctx context.Context) (anyIn bool, done func()) {
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

func (r *Run) anyIn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.c.Now()
	return slices.ContainsFunc(r.servers, func(s *server) bool { return s.in(now) })
}

// doubtful chooses a server that is due to be asked again, and marks it as being asked; nil if none is due. The caller
// asks it.
func (r *Run) doubtful() *server {
	now := r.c.Now()
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
func (r *Run) ask(ctx context.Context, s *server) {
	err := s.Transport.Check(ctx)
	var failure *sender.Error
	now := r.c.Now()
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
		s.health.stop(err.Error())
	}
	started := r.started
	r.mu.Unlock()
	if err != nil && ctx.Err() == nil && started {
		r.missing(s)
	}
	r.broadcast()
}

// blame notes that a server failed, and not a recipient; see [health].
func (r *Run) blame(s *server, out sender.Outcome) {
	r.mu.Lock()
	var news bool
	if out.Class == reply.Stop {
		news = s.health.stop(words(out))
	} else {
		news = !s.failed(r.c.Now(), out, s.Connections).IsZero()
	}
	r.mu.Unlock()
	if news {
		r.missing(s)
	}
}

// missing tells that nothing goes to a server for a while, or any more, and ends the run when that is so of all
// servers.
func (r *Run) missing(s *server) {
	r.mu.Lock()
	all := !slices.ContainsFunc(r.servers, func(s *server) bool { return !s.out() })
	reasons, failed := r.complaints()
	e := Event{Kind: Hold, Text: s.why, Until: s.hold.until}
	if s.stopped {
		e = Event{Kind: Out, Text: s.why}
	}
	r.mu.Unlock()
	if len(r.servers) > 1 {
		e.Server = s.Name
	}
	if all {
		r.finish(reasons, failed)
	}
	if !all || e.Kind == Out && len(r.servers) > 1 {
		r.observe(e)
	}
}

// complaints are why servers are out, in words, and whether every one of them is out for a fault that somebody must
// mend. r.mu is held.
func (r *Run) complaints() (why string, failed bool) {
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
			words = s.Name + ": " + words
		}
		said = append(said, words)
	}
	return strings.Join(said, "; "), failed
}

// byRoom are the servers, those with the largest part of their places free first. r.mu is held.
func (r *Run) byRoom() []*server {
	sorted := slices.Clone(r.servers)
	slices.SortStableFunc(sorted, func(a, b *server) int { return cmp.Compare(a.inHand*b.places, b.inHand*a.places) })
	return sorted
}

// start tells that the run begins, and which servers do not take part yet.
func (r *Run) start() {
	r.observe(Event{Kind: Started})
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
func (r *Run) outs() []string {
	if len(r.servers) < 2 {
		return nil
	}
	var said []string
	for _, s := range r.servers {
		if s.stopped || s.doubt && s.why != "" {
			said = append(said, s.Name+": "+s.why)
		}
	}
	return said
}

// next is the command that mends what stopped a server; "" where none does.
func (r *Run) next() string {
	for _, s := range r.servers {
		if s.Mend == nil {
			continue
		}
		if command := s.Mend(); command != "" {
			return command
		}
	}
	return ""
}
