// Package dispatch sends the deliveries of a planned campaign.
//
// [New] makes a [Run] from a [Config], and [Run.Loop] works until nothing is left, nothing is due for long, or its
// context ends. Everything that a run needs comes with the Config: the deliveries and their memory ([Deliveries]), the
// maker of messages ([Messages]), the servers ([Server]), and the rules of pacing. A run never sees a campaign file.
//
// A worker is a loop: take a delivery that may go now to one of the servers, with a use of that server's caps
// (admit.go); make its message and hand it over (deliver.go); and do what the outcome asks for (outcome.go, a table).
// There are more workers than connections, so that the next messages are made, and begun in the memory, while others
// are on the wire (intent.go). A worker that finds nothing rests (rest.go) until something may go (idle.go). The health
// of a server says when the server may be given mail again (health.go). Which server a group of recipients belongs to,
// by the servers' weights, is its routing (routing.go). A run ends early when too much goes wrong (stop.go). Deliveries
// are sorted into lanes, one for each group of recipients; see campaign/pacing. A model takes the turns of the workers
// one at a time (turns.go).
//
// Three promises are kept here by order alone. A delivery is begun in the memory before the first byte of its body
// leaves. A delivery has a use of every cap that holds for it before the server hears of it. Whether a delivery may
// still go is asked again right before that first byte, and one that may not is put back as it was.
package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender"
	"mailshot/sender/limits"
)

const (
	// workersPerConnection: while one delivery has the connection, the next one is begun and waits for its turn, and a
	// third is made and becomes known to the connection.
	workersPerConnection = 3
	// bytesAhead is how many bytes of messages are made ahead of a server's connections, if Config does not say.
	bytesAhead = 64 << 20
	// patience is how long a run waits for the next delivery that is due before it ends with work left.
	patience = time.Hour
)

// Config is what a run is made of. Deliveries is required; Messages, Servers and Pacer are too, unless nothing is left.
type Config struct {
	Deliveries Deliveries
	Lanes      []string // in which the campaign has something left, also what this run is not about
	Messages   Messages
	Servers    []Server
	Pacer      *pacing.Pacer
	Retry      limits.Backoff // of deferred deliveries; zero = its defaults
	Block      int            // how many deliveries may be begun ahead for each connection; 0 = 1
	Ahead      int64          // how many bytes of messages may be made ahead of a server's connections, about; 0 = 64 MiB
	Wait       bool           // stay until nothing is left, however long that takes; false = end when nothing is due within the hour

	// Now is the clock of what is recorded and paced; nil = time.Now.
	Now func() time.Time
	// Observe is called for each event, one at a time; nil = nobody is told.
	Observe func(Event)
	// Sent is called when the server with a name has taken a message, before that is recorded. An error ends the run; the
	// message is recorded as sent all the same. nil = nothing is done.
	Sent func(d *ledger.Delivery, m sender.Mail, server string) error
	// Refused is called when a server has refused a delivery for good, after that was recorded. It is called later, or
	// never, where the server's words may be about the sender (refusals.go). An error ends the run. nil = nothing is done.
	Refused func(d *ledger.Delivery, out sender.Outcome) error
	// Copies are those who get copies of the messages; nil = nobody does.
	Copies Copies
	// Answers are the commonest replies that led deliveries of these lanes (nil = of all lanes) to one of these states,
	// at most so many. They become part of the reason when a stop-loss ends the run. nil = none are quoted.
	Answers func(ctx context.Context, lanes []string, states []ledger.State, most int) ([]ledger.Answer, error)
}

// Run is one run over a campaign's deliveries. Loop is called once; the methods of [Turns] take its place in a model.
type Run struct {
	c       Config
	lanes   []string // see Config.Lanes
	servers []*server
	counts  func() map[string]int64
	stop    context.CancelFunc // ends the taking of deliveries, with r.stopped or r.fatal as the reason

	making    chan struct{}      // a place for each message that is being made
	admitting sync.Mutex         // held while a delivery is chosen
	aside     []*ledger.Delivery // those that the memory gave and that wait for others; guarded by admitting
	again     bool               // the next taken up of aside is one that was tried before; guarded by admitting
	watching  sync.Mutex         // held while the observer is called

	mu        sync.Mutex // guards what follows, and the pacer
	rest      rest
	stumbles  map[int64]int // by delivery: how often the connection ended at its recipient, since it was put back
	planned   int64
	done      int64
	sent      int64
	inFlight  int
	homes     map[string][]*server // by group: the first is home, the others take over in turn
	started   bool                 // every server was asked whether it can be reached
	told      string               // why the run waits, as the observer was last told
	toldUntil time.Time            // and until when
	opensAt   time.Time            // when what the run left may go
	stopped   string
	failed    bool
	fatal     error
	interrupt int
}

// New makes a run. left is what is left to send, as [Deliveries.Outlook] says before the run.
func New(c Config, left ledger.Outlook) *Run {
	if c.Now == nil {
		c.Now = time.Now
	}
	r := &Run{c: c, lanes: c.Lanes, planned: left.Left, stumbles: map[int64]int{},
		homes: map[string][]*server{}}
	r.counts = r.tally
	r.making = make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range c.Servers {
		r.servers = append(r.servers, newServer(&c.Servers[i], max(c.Block, 1), cmp.Or(c.Ahead, bytesAhead)))
	}
	return r
}

// Loop sends what is left. When ctx ends it takes nothing new and finishes what a server may already have; when hard is
// closed it closes every connection, and what was begun is recorded as unknown. Loop blocks; every goroutine that it
// starts has ended when it returns. An error means that the run could not go on at all.
func (r *Run) Loop(ctx context.Context, hard <-chan struct{}) (*Result, error) {
	err := r.loop(ctx, hard)
	return &Result{
		Sent: r.sent, Interrupted: r.interrupt, Stopped: r.stopped, Failed: r.failed, OpensAt: r.opensAt,
		Out: r.outs(), Next: r.next(),
	}, err
}

// loop runs the workers until nothing is left for them, and relays the two interrupts.
func (r *Run) loop(ctx context.Context, hard <-chan struct{}) error {
	if r.planned == 0 {
		return nil
	}
	if err := r.closed(ctx); err != nil || r.stopped != "" {
		return err
	}
	taking, stop := context.WithCancel(ctx)
	defer stop()
	r.stop = stop
	anyIn, asked := r.meet(taking)
	defer asked()
	defer stop()
	if ctx.Err() != nil {
		r.interrupt = 1
		return nil
	}
	if !anyIn {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stopped, r.failed = r.complaints()
		return nil
	}
	r.start()

	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() { r.watch(ctx, hard, over) })
	var workers sync.WaitGroup
	for _, s := range r.servers {
		for range s.places {
			workers.Go(func() { r.work(taking) })
		}
	}
	workers.Wait()
	close(over)
	watch.Wait()
	r.resume()
	r.learnRest()
	if r.fatal != nil {
		return r.fatal
	}
	return r.c.Deliveries.Flush(context.WithoutCancel(ctx))
}

// watch tells the observer that the run drains, and at the second interrupt closes every connection.
func (r *Run) watch(ctx context.Context, hard, over <-chan struct{}) {
	select {
	case <-over:
		return
	case <-ctx.Done():
	}
	r.mu.Lock()
	r.interrupt = 1
	r.mu.Unlock()
	r.observe(Event{Kind: Draining})
	select {
	case <-over:
	case <-hard:
		r.mu.Lock()
		r.interrupt = 2
		r.mu.Unlock()
		for _, s := range r.servers {
			s.Transport.Abort()
		}
	}
}

// work is a worker: take a delivery that may go now, bring it to an outcome, again. It ends when nothing is left, when
// nothing is due within patience, or when taking ends. Workers belong to no server. There are as many as the servers
// have places, so a free worker always finds a server with room, and it waits for what all servers say.
func (r *Run) work(taking context.Context) {
	bell := make(chan struct{}, 1)
	for taking.Err() == nil {
		news := r.heard()
		if s := r.doubtful(); s != nil {
			r.ask(taking, s)
			continue
		}
		a, closed, err := r.admit(taking)
		switch {
		case taking.Err() != nil:
			if a != nil {
				r.putBack(a)
			}
			return
		case err != nil:
			r.halt(err)
			return
		case a != nil:
			r.pass()
			r.deliver(taking, a)
			continue
		}
		if r.idle(taking, bell, news, closed) {
			return
		}
	}
}

// halt ends the run because it cannot go on.
func (r *Run) halt(err error) {
	r.mu.Lock()
	if r.fatal == nil {
		r.fatal = err
		r.stopped, r.failed = err.Error(), true
	}
	r.mu.Unlock()
	r.stop()
}

// finish ends the run with a reason that a person can act on.
func (r *Run) finish(why string, failed bool) {
	r.mu.Lock()
	if r.stopped == "" {
		r.stopped, r.failed = why, failed
	}
	r.mu.Unlock()
	r.stop()
}

// putBack returns a delivery as it was, and its use of the caps unless that use counts.
func (r *Run) putBack(a *admission) {
	r.release(a)
	r.letGo(a.d, a.to)
	r.mu.Lock()
	r.rest.one()
	r.mu.Unlock()
}

// letGo returns a delivery that was chosen for a server to the memory.
func (r *Run) letGo(d *ledger.Delivery, to *server) {
	r.mu.Lock()
	r.c.Pacer.PutBack(d)
	to.inHand--
	r.inFlight--
	r.mu.Unlock()
	r.c.Deliveries.PutBack(d)
}

// settle records an outcome and tells the observer.
func (r *Run) settle(a *admission, res ledger.Result) {
	res.Copies = a.said
	// The outcome is recorded whatever becomes of the run: its context may already have ended.
	if err := r.c.Deliveries.Settle(context.Background(), a.d, res); err != nil {
		r.halt(fmt.Errorf("ledger: %w", err))
	}
	r.settled(a, res)
}

// settled counts an outcome that is recorded, and wakes a worker for the room that it makes.
func (r *Run) settled(a *admission, res ledger.Result) {
	d, s := a.d, res.State
	now := r.c.Now()
	r.mu.Lock()
	delete(r.stumbles, d.ID)
	a.to.inHand--
	if s == ledger.Sent || s == ledger.Refused {
		a.to.pace.Good(now)
	}
	r.inFlight--
	if s != ledger.Deferred { // it is tried again, also in this run
		r.done++
	}
	if s == ledger.Sent {
		r.sent++
	}
	breach := r.c.Pacer.Settled(d, s, now)
	r.mu.Unlock()
	r.observe(Event{
		Kind: Reached(s), Place: d.Place, Key: d.Key, Address: d.Address, Code: res.Code, Enhanced: res.Enhanced,
		Text: res.Text, Server: res.Server, Lane: d.Lane, Took: a.took,
	})
	r.judge(a, s, breach, now)
	r.mu.Lock()
	r.rest.one()
	r.mu.Unlock()
}

// observe completes an event and hands it over, one at a time. An observer that takes long holds up nobody who needs
// the run's own lock.
func (r *Run) observe(e Event) {
	if r.c.Observe == nil {
		return
	}
	r.watching.Lock()
	defer r.watching.Unlock()
	r.mu.Lock()
	e.Time, e.Planned, e.Done, e.InFlight = r.c.Now(), r.planned, r.done, r.inFlight
	r.mu.Unlock()
	for _, s := range r.servers {
		e.Begun += len(s.begun)
	}
	e.Counts = r.counts
	r.c.Observe(e)
}

// tally is how many deliveries are in each state now.
func (r *Run) tally() map[string]int64 {
	named := map[string]int64{}
	for s, n := range r.c.Deliveries.Counts() {
		named[string(s)] = n
	}
	return named
}
