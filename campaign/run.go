package campaign

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/moment"
)

const (
	// defaultConnections is how many sessions are open at once where the campaign file says nothing.
	defaultConnections = 2
	// workersPerConnection lets one delivery be made, or wait for the ledger, while another has the connection.
	workersPerConnection = 2
	// patience is how long a run waits for the next delivery that is due before it ends with work left.
	patience = time.Hour
	// mostStumbles is how often in a row a connection may end at one recipient before that one is deferred.
	mostStumbles = 2
)

// RunOptions say how a run behaves. The zero value ends when nothing is due within the hour.
type RunOptions struct {
	Wait bool // stay until nothing is left, however long the caps make it
}

// Run sends what the plan left to send. When ctx ends it takes nothing new and finishes what the server may already
// have; when hard is closed it closes every connection, and what was begun is recorded as unknown. Run blocks; every
// goroutine it starts has ended when it returns. An error means that the run could not go on at all; what became of the
// deliveries is in the ledger either way.
func (c *Campaign) Run(ctx context.Context, hard <-chan struct{}, o RunOptions) (*Summary, error) {
	if c.frozen == nil {
		return nil, errors.New("campaign: Run needs a Plan")
	}
	start := time.Now()
	r, err := c.newRun(ctx, o)
	if err != nil {
		return nil, err
	}
	err = r.loop(ctx, hard)
	sum, sumErr := r.summary(start)
	return sum, once(err, sumErr, r.close())
}

// once joins errors whose words are not in one before: a ledger that is broken answers everything with the same one.
func once(errs ...error) error {
	var all []error
	for _, e := range errs {
		if e != nil && !slices.ContainsFunc(all, func(have error) bool { return strings.Contains(have.Error(), e.Error()) }) {
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}

// run is one run's state. mu guards what follows it.
type run struct {
	c       *Campaign
	o       RunOptions
	state   *ledger.Run
	servers []*server
	budget  *ledger.Budget
	archive mailbox.Writer
	stop    context.CancelFunc // ends the taking of deliveries, with r.stopped or r.fatal as the reason

	admitting sync.Mutex // held while a delivery is chosen
	watching  sync.Mutex // held while the observer is called

	mu        sync.Mutex
	wake      chan struct{} // closed and made anew whenever a waiting worker should look again
	stumbles  map[int64]int // by delivery: how often the connection ended at its recipient, since it was put back
	planned   int64
	done      int64
	sent      int64
	inFlight  int
	homes     map[string][]*server // by group, the first is home, the others take over in turn
	started   bool                 // the servers were asked whether they can be reached
	manners   *manners
	told      string    // why the run waits, as the observer was last told
	opensAt   time.Time // when what the run ended before may go
	stopped   string
	failed    bool
	fatal     error
	interrupt int
}

func (c *Campaign) newRun(ctx context.Context, o RunOptions) (_ *run, err error) {
	r := &run{c: c, o: o, wake: make(chan struct{}), stumbles: map[int64]int{}, homes: map[string][]*server{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	choose, err := c.filter(c.only)
	if err != nil {
		return nil, err
	}
	if err := c.hosting(ctx); err != nil {
		return nil, err
	}
	opts := ledger.RunOptions{Suppressed: c.suppress.check, Now: c.now, Limit: c.limit, Host: c.host()}
	if c.only != "" {
		opts.Only = func(d ledger.Delivery) (bool, error) {
			row, err := c.header.Decode(d.Place, d.Number, d.Fields)
			if err != nil {
				return false, nil // of other columns than the list has now: not chosen
			}
			return choose(row)
		}
	}
	if r.state, err = c.ledger.Run(ctx, c.id, opts); err != nil {
		return nil, err
	}
	if _, r.planned, err = r.state.Due(ctx); err != nil {
		return nil, err
	}
	if err := c.claim(ctx); err != nil {
		return nil, err
	}
	if r.planned == 0 {
		return r, nil // nothing to send: no server is needed
	}
	if r.budget, err = c.accounts.Budget(ctx); err != nil {
		return nil, err
	}
	if err := r.openServers(); err != nil {
		return nil, err
	}
	if r.manners, err = c.behaviour(ctx, c.ledger); err != nil {
		return nil, err
	}
	if c.def.Archive != "" && c.opts.Sink == nil && c.opts.To == nil {
		r.archive, err = mailbox.Open("eml", filepath.Join(c.def.Dir, filepath.FromSlash(c.def.Archive)), mailbox.Options{Sync: true})
	}
	return r, err
}

func (r *run) close() error {
	var errs []error
	if r.archive != nil {
		errs = append(errs, r.archive.Close())
	}
	for _, s := range r.servers {
		errs = append(errs, s.pool.Close())
		if s.warm != nil {
			errs = append(errs, s.warm.close(context.Background()))
		}
	}
	if r.budget != nil {
		errs = append(errs, r.budget.Close())
	}
	if r.state != nil {
		errs = append(errs, r.state.Close())
	}
	return once(errs...)
}

// loop runs the workers until nothing is left for them, and relays the two interrupts.
func (r *run) loop(ctx context.Context, hard <-chan struct{}) error {
	if r.planned == 0 {
		return nil
	}
	if err := r.closed(ctx); err != nil || r.stopped != "" {
		return err
	}
	taking, stop := context.WithCancel(ctx)
	defer stop()
	r.stop = stop
	any, asked := r.meet(taking)
	defer asked()
	defer stop()
	if ctx.Err() != nil {
		r.interrupt = 1
		return nil
	}
	if !any {
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
	if r.fatal != nil {
		return r.fatal
	}
	return r.state.Flush(context.WithoutCancel(ctx))
}

// watch tells the observer that the run drains, and at the second interrupt closes every connection.
func (r *run) watch(ctx context.Context, hard, over <-chan struct{}) {
	select {
	case <-over:
		return
	case <-ctx.Done():
	}
	r.mu.Lock()
	r.interrupt = 1
	r.mu.Unlock()
	r.observe(Event{Kind: "draining"})
	select {
	case <-over:
	case <-hard:
		r.mu.Lock()
		r.interrupt = 2
		r.mu.Unlock()
		for _, s := range r.servers {
			s.pool.Abort()
		}
	}
}

// work is a worker: take a delivery that may go now, bring it to an outcome, again. It ends when nothing is left, when
// nothing is due within patience, or when taking ends. Workers belong to no server: there are as many as the servers have
// places, so that one that is free always finds a server with room, and what all servers say is known where it waits.
func (r *run) work(taking context.Context) {
	for taking.Err() == nil {
		r.mu.Lock()
		changed := r.wake
		r.mu.Unlock()
		if s := r.doubtful(); s != nil {
			r.ask(taking, s)
			continue
		}
		a, shut, err := r.admit(taking)
		switch {
		case taking.Err() != nil:
			if a != nil {
				r.giveBack(a)
			}
			return
		case err != nil:
			r.halt(err)
			return
		case a != nil:
			r.deliver(taking, a)
			continue
		}
		if r.idle(taking, changed, shut) {
			return
		}
	}
}

// broadcast lets every idle worker look again.
func (r *run) broadcast() {
	r.mu.Lock()
	close(r.wake)
	r.wake = make(chan struct{})
	r.mu.Unlock()
}

// halt ends the run because it cannot go on.
func (r *run) halt(err error) {
	r.mu.Lock()
	if r.fatal == nil {
		r.fatal = err
		r.stopped, r.failed = err.Error(), true
	}
	r.mu.Unlock()
	r.stop()
}

// finish ends the run with a reason a person can act on.
func (r *run) finish(why string, failed bool) {
	r.mu.Lock()
	if r.stopped == "" {
		r.stopped, r.failed = why, failed
	}
	r.mu.Unlock()
	r.stop()
}

// giveBack puts a delivery back as it was, and its use of the caps where that is not done with.
func (r *run) giveBack(a *admission) {
	r.release(a)
	r.mu.Lock()
	r.manners.back(a.d)
	a.to.inHand--
	r.inFlight--
	r.mu.Unlock()
	r.state.PutBack(a.d)
	r.broadcast()
}

// settle records an outcome and tells the observer.
func (r *run) settle(a *admission, res ledger.Result) {
	// The outcome is recorded whatever becomes of the run: its context may already have ended.
	if err := r.state.Settle(context.Background(), a.d, res); err != nil {
		r.halt(fmt.Errorf("ledger: %w", err))
	}
	r.settled(a, res.State, res.Text)
}

// settled counts an outcome that the ledger has.
func (r *run) settled(a *admission, s ledger.State, text string) {
	d := a.d
	r.mu.Lock()
	delete(r.stumbles, d.ID)
	a.to.inHand--
	if s == ledger.Sent || s == ledger.Refused {
		a.to.pace.Good(r.c.now())
	}
	r.inFlight--
	r.done++
	if s == ledger.Sent {
		r.sent++
	}
	r.mu.Unlock()
	r.observe(Event{Kind: string(s), Place: d.Place, Key: d.Key, Address: d.Address, Text: text})
	r.judge(a, s)
	r.broadcast()
}

// observe completes an event and hands it over, one at a time.
func (r *run) observe(e Event) {
	if r.c.opts.Observe == nil {
		return
	}
	r.watching.Lock() // one event at a time; an observer that takes long holds up nobody who needs the run's own lock
	defer r.watching.Unlock()
	r.mu.Lock()
	e.Time, e.Planned, e.Done, e.InFlight = r.c.now(), r.planned, r.done, r.inFlight
	r.mu.Unlock()
	for _, s := range r.servers {
		e.Begun += len(s.begun)
	}
	e.Counts = byName(r.state.Counts())
	r.c.opts.Observe(e)
}

func (r *run) summary(start time.Time) (*Summary, error) {
	ctx := context.Background()
	due, left, err := r.state.Due(ctx)
	if err != nil {
		return nil, err
	}
	counts, rows, err := r.c.ledger.Counts(ctx, r.c.id)
	if err != nil {
		return nil, err
	}
	return &Summary{
		ID: r.c.id, Counts: byName(counts), Rows: rows, Sent: r.sent, Left: left, NextDue: moment.Later(due, r.opensAt),
		Interrupted: r.interrupt, Stopped: r.stopped, Next: r.next(), Out: r.outs(), Failed: r.failed, Duration: time.Since(start),
	}, nil
}
