// Package runs owns the runs that the window has begun. Call [Runs.Plan]: a run makes and checks every message, as a
// send at a terminal does, and then waits for the number of its messages. [Run.Send] says that number, and nothing
// leaves without it. [Run.Pause] is a first interrupt, [Run.Abort] a second one, and [Run.Leave] leaves a plan that
// nobody says yes to. A page's end ends no run; [Runs.Drain], at the window's end, pauses all of them and waits.
//
// The ledger's lock is held from the plan on, so that a terminal and the window cannot have one campaign at a time.
package runs

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/dispatch"
	"mailshot/cmd/mailshot/rehearsal"
	"mailshot/render/address"
)

// Phase is where a run stands.
type Phase string

const (
	Planning Phase = "planning" // makes and checks every message; nothing is sent yet
	Asking   Phase = "asking"   // waits for a yes or no to what has changed in a list that is frozen; nothing has changed yet
	Planned  Phase = "planned"  // waits for the number
	Sending  Phase = "sending"
	Draining Phase = "draining" // takes nothing new, and waits for the replies to what is on the wire
	Ended    Phase = "ended"
)

// Ask says what to plan. The zero value is the careful plan of everything.
type Ask struct {
	ToSink bool              // a rehearsal: to the built-in server, with a ledger of its own
	To     []address.Address // a rehearsal: every message goes to each of these addresses; nil = no
	Plan   campaign.PlanOptions
	Wait   bool // stay until nothing is left
	// Number is how many messages the person wants to send, where they say so before the plan is made. A plan of as many
	// that has no warning is sent without another question; 0 = every plan asks.
	Number int64
	Inputs string // names the state of the campaign's files that the plan is made from; it is kept for whoever asks
}

// Runs are the runs of a window. Make it with New; its methods may be called at the same time.
type Runs struct {
	mu   sync.Mutex
	last map[string]*Run // by campaign file
	all  sync.WaitGroup
	over bool
}

// New makes a window's runs; there are none yet.
func New() *Runs { return &Runs{last: map[string]*Run{}} }

// Run is a plan and what became of it. Its methods may be called at the same time.
type Run struct {
	name   string
	ask    Ask
	stop   context.CancelFunc
	hard   chan struct{}
	answer chan int64 // the number; closed: no
	accept chan bool  // whether changes are accepted
	events progress   // has a lock of its own

	mu      sync.Mutex
	phase   Phase
	id      string
	plan    *campaign.Plan
	summary *campaign.Summary
	err     error
	files   string        // where the messages of a rehearsal are
	changed chan struct{} // closed at the next change
	told    bool          // an answer was given, or the plan was left
	changes *campaign.Changes
	stops   int
}

// Snapshot is a run at one moment. Its values are not changed any more.
type Snapshot struct {
	Name    string // of this run and of no other: what a page says about a run, it says about the one that it showed
	Phase   Phase
	ID      string // of the campaign
	Ask     Ask
	Changes *campaign.Changes // while it is Asking
	Plan    *campaign.Plan    // nil before Planned, and without one
	Summary *campaign.Summary
	Err     error // why there is no plan, or why the run ended early
	Files   string
	Begun   time.Time // when sending began; zero = it has not
	Progress
}

// ErrBusy says that a run of the campaign goes on.
var ErrBusy = errors.New("a run of this campaign goes on in this window")

// ErrNumber says that a number is not that of the messages to be sent.
var ErrNumber = errors.New("that is not the number of messages")

// Plan begins a run: open opens the campaign's options, home is the campaign's .mailshot for a rehearsal. The run goes
// on after ctx has ended.
func (rs *Runs) Plan(ctx context.Context, file, home string, o campaign.Options, ask Ask) (*Run, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if was := rs.last[file]; was != nil && was.Phase() != Ended || rs.over {
		return nil, ErrBusy
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Run{name: rand.Text(), ask: ask, stop: stop, hard: make(chan struct{}), answer: make(chan int64, 1),
		accept: make(chan bool, 1), phase: Planning, changed: make(chan struct{})}
	rs.last[file] = r
	rs.all.Go(func() {
		defer stop()
		r.end(r.work(ctx, home, o))
	})
	return r, nil
}

// Of is the latest run of a campaign file in this window; nil if there was none.
func (rs *Runs) Of(file string) *Run {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.last[file]
}

// Drain pauses every run and waits until all have ended. Nothing is begun after it.
func (rs *Runs) Drain() {
	rs.mu.Lock()
	rs.over = true
	for _, r := range rs.last {
		r.Pause()
	}
	rs.mu.Unlock()
	rs.all.Wait()
}

// Abort closes the connections of every run.
func (rs *Runs) Abort() {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range rs.last {
		r.Abort()
	}
}

// work plans, asks and sends.
func (r *Run) work(ctx context.Context, home string, o campaign.Options) (err error) {
	var sink *rehearsal.Rehearsal
	if r.ask.ToSink {
		if sink, err = rehearsal.Start(home, nil); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, sink.Close()) }()
		if err := sink.Takes(ctx, &o); err != nil {
			return err
		}
	}
	o.Observe = func(e dispatch.Event) {
		if r.events.observe(e); e.Kind == dispatch.Draining {
			r.change(func() { r.phase = Draining })
		}
	}
	parts, plan, err := r.plans(ctx, o)
	defer func() {
		for _, p := range parts {
			err = errors.Join(err, p.Close())
		}
	}()
	if err != nil {
		return err
	}
	phase, asks := Planned, plan.ToSend > 0 && !r.ask.agrees(plan)
	if !asks {
		phase = Sending // who looks now sees no plan that waits
	}
	r.change(func() { r.phase, r.plan, r.id = phase, plan, parts[0].ID() })
	if asks {
		select {
		case n, ok := <-r.answer:
			if !ok || n != plan.ToSend {
				return nil
			}
		case <-ctx.Done():
			return nil
		}
	}
	r.events.begin(time.Now())
	if sink != nil {
		if err := sink.Keep(max(plan.ToSend, 1)); err != nil {
			return err
		}
		r.change(func() { r.files = sink.Path() })
	}
	r.change(func() {
		if r.phase == Planned { // else the person said the number, and may have paused it since
			r.phase = Sending
		}
	})
	return r.send(ctx, parts)
}

// part is one campaign of a run. A run has several where its messages go to several addresses.
type part struct {
	*campaign.Campaign
	plan *campaign.Plan
}

// planned opens a campaign and makes its plan.
func planned(ctx context.Context, o campaign.Options, how campaign.PlanOptions) (p part, err error) {
	if p.Campaign, err = campaign.Open(ctx, o); err != nil {
		return part{}, err
	}
	p.plan, err = p.Plan(ctx, how)
	return p, err
}

// plans opens and plans the run's campaigns, which the caller closes, also after an error. The plan is that of the
// first, with the messages of all.
func (r *Run) plans(ctx context.Context, o campaign.Options) (parts []part, plan *campaign.Plan, err error) {
	how := r.ask.Plan
	how.Confirm = func(c campaign.Changes) (bool, error) { return r.confirm(ctx, c), nil }
	for _, to := range r.ask.targets() {
		o.To = to
		p, err := planned(ctx, o, how)
		if p.Campaign != nil {
			parts = append(parts, p)
		}
		if err != nil {
			return parts, nil, err
		}
		if plan == nil {
			all := *p.plan
			plan = &all
		} else {
			plan.ToSend += p.plan.ToSend
		}
	}
	return parts, plan, nil
}

// confirm shows what accepting changes would do, and waits for a yes or no.
func (r *Run) confirm(ctx context.Context, c campaign.Changes) (yes bool) {
	r.change(func() { r.phase, r.changes = Asking, &c })
	select {
	case yes = <-r.accept:
	case <-ctx.Done():
	}
	r.change(func() { r.phase, r.changes = Planning, nil })
	return yes
}

// Accept says yes to changes that wait for it.
func (r *Run) Accept() { r.settle(true) }

// settle answers whether changes are accepted, once.
func (r *Run) settle(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase != Asking {
		return
	}
	select {
	case r.accept <- yes:
	default: // it was said before
	}
}

// send sends the messages of one campaign after another. What it does not come to is left.
func (r *Run) send(ctx context.Context, parts []part) error {
	for i, p := range parts {
		if i > 0 && ctx.Err() != nil {
			r.change(func() { r.leaves(parts[i:]) })
			return nil
		}
		r.change(func() { r.id = p.ID() })
		sum, err := p.Run(ctx, r.hard, campaign.RunOptions{Wait: r.ask.Wait})
		if sum == nil && ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // paused before it opened a connection: nothing is wrong
		}
		r.change(func() {
			if r.sum(sum); err != nil {
				r.leaves(parts[i+1:])
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// targets are the addresses that the messages go to in place of the people's: for each a campaign of its own. nil = the
// people's.
func (a Ask) targets() []*address.Address {
	if len(a.To) == 0 {
		return []*address.Address{nil}
	}
	all := make([]*address.Address, len(a.To))
	for i := range a.To {
		all[i] = &a.To[i]
	}
	return all
}

// sum adds what one campaign of the run came to. The caller has the run's lock.
func (r *Run) sum(s *campaign.Summary) {
	if s == nil {
		return
	}
	all := *s
	if was := r.summary; was != nil {
		all.Counts = maps.Clone(was.Counts)
		for state, n := range s.Counts {
			all.Counts[state] += n
		}
		all.Rows, all.Sent, all.Left = was.Rows+s.Rows, was.Sent+s.Sent, was.Left+s.Left
		all.Duration, all.Interrupted = was.Duration+s.Duration, max(was.Interrupted, s.Interrupted)
		all.Failed, all.Stopped, all.Next = was.Failed || s.Failed, cmp.Or(s.Stopped, was.Stopped), cmp.Or(s.Next, was.Next)
		if all.NextDue = s.NextDue; s.Left == 0 {
			all.NextDue, all.Full = was.NextDue, was.Full
		}
	}
	r.summary = &all
	r.events.ended(s.Counts)
}

// leaves counts the campaigns that the run does not come to, behind those that it did. The caller has the run's lock.
func (r *Run) leaves(parts []part) {
	if r.summary == nil {
		return
	}
	all := *r.summary
	all.Counts = maps.Clone(all.Counts)
	for _, p := range parts {
		for state, n := range p.plan.Counts {
			all.Counts[state] += n
		}
		all.Rows += p.plan.Rows
		all.Left += p.plan.ToSend
	}
	r.summary = &all
}

// agrees reports whether the person has said yes to a plan like this one before it was made.
func (a Ask) agrees(plan *campaign.Plan) bool {
	if a.Number == 0 || a.Number != plan.ToSend {
		return false
	}
	return plan.Report == nil || !slices.ContainsFunc(plan.Report.Findings, func(f check.Finding) bool {
		return f.Severity != check.Note
	})
}

func (r *Run) end(err error) { r.change(func() { r.phase, r.err = Ended, err }) }

// change changes the run, and wakes whoever waits for a change.
func (r *Run) change(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
	close(r.changed)
	r.changed = make(chan struct{})
}

// Changed is closed at the next change. Many changes come together: whoever waits looks at a Snapshot then.
func (r *Run) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Snapshot is the run now. The run waits for none of it longer than a copy takes.
func (r *Run) Snapshot() Snapshot {
	events, begun, counts := r.events.now()
	r.mu.Lock()
	s := Snapshot{Name: r.name, Phase: r.phase, ID: r.id, Ask: r.ask, Plan: r.plan, Summary: r.summary, Changes: r.changes, Err: r.err, Files: r.files,
		Begun: begun, Progress: events}
	if r.plan != nil && !begun.IsZero() {
		s.Progress.Planned = max(s.Progress.Planned, r.plan.ToSend)
	}
	r.mu.Unlock()
	if all := counts(); all != nil { // the ledger has a lock of its own
		s.count(all)
	}
	return s
}

// Phase is where the run stands.
func (r *Run) Phase() Phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase
}

// Send says yes to the plan: n is the number of messages that the person has typed. Any other number is an ErrNumber,
// and the plan waits on.
func (r *Run) Send(n int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.phase != Planned || r.told:
		return fmt.Errorf("there is no plan that waits for a number (%s)", r.phase)
	case n != r.plan.ToSend:
		return ErrNumber
	}
	r.told, r.phase = true, Sending // at once: who looks now sees no plan that waits
	close(r.changed)
	r.changed = make(chan struct{})
	r.answer <- n
	return nil
}

// Leave leaves a plan that waits for its number or for a yes to changes, or ends the making of one. Nothing was sent.
func (r *Run) Leave() {
	r.settle(false)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.phase == Planned && !r.told:
		r.told = true
		close(r.answer)
	case r.phase == Planning:
		r.stop()
	}
}

// Pause is a first interrupt: nothing new is taken, and what a server has is finished and recorded.
func (r *Run) Pause() {
	r.Leave()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.phase == Sending {
		r.phase = Draining
	}
	r.stop()
	r.stops = max(r.stops, 1)
}

// Abort is a second interrupt: every connection is closed, and what was on the wire becomes unknown.
func (r *Run) Abort() {
	r.Pause()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stops == 1 {
		close(r.hard)
		r.stops = 2
	}
}
