package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"mailshot/campaign/ledger/internal/durable"
	"mailshot/campaign/ledger/internal/group"
	"mailshot/campaign/ledger/internal/marks"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/campaign/ledger/internal/steps"
	"mailshot/internal/sqlite"
)

// entry is one thing to be committed.
type entry struct {
	d    *Delivery   // nil: there is nothing to commit, only to wait for
	res  Result      // State Begun, or the outcome
	back *before     // of PutBack, in place of res: what d was before it was begun
	let  Fingerprint // what comes to nothing by it; the zero value is nothing
}

type waiter = group.Entry[entry]

// Begin makes the intent to send d durable: d is begun. It may be called long before there is a connection for d; Start
// follows it. Any error means that d is not begun. After a *SuppressedError d is settled; after any other error the
// caller puts it back. After an error of the disk every further Begin and Start of this run fails.
func (r *Run) Begin(ctx context.Context, d *Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.inHand(d); err != nil {
		return err
	}
	if !legal(byBegin, d.State, Begun) {
		return fmt.Errorf("begin %s from %s: %w", d.Place, d.State, ErrState)
	}
	if r.owner != "" && d.Fingerprint == (Fingerprint{}) {
		return fmt.Errorf("begin %s: %w: its message was not made", d.Place, ErrState)
	}
	return r.group.Commit(&waiter{Item: entry{d: d, res: Result{State: Begun}}})
}

// Start says that the body of d, which is begun, leaves now. Only after Start has returned nil may a byte of it be
// written. After a *SuppressedError d is settled; after any other error the caller puts it back.
//
// Start asks once more whether the recipient is suppressed, and marks d as started. The mark outlives this process, and
// not the machine: it tells the next run that d, if it finds d begun, may have been sent.
func (r *Run) Start(ctx context.Context, d *Delivery) error {
	if err := errors.Join(ctx.Err(), r.group.Err()); err != nil {
		return err
	}
	if err := r.inHand(d); err != nil {
		return err
	}
	if d.State != Begun || d.started {
		return fmt.Errorf("start %s, which is %s: %w", d.Place, d.State, ErrState)
	}
	if err := cmp.Or(r.news(d), r.ask(context.WithoutCancel(ctx), d)); err != nil {
		if s := (*SuppressedError)(nil); errors.As(err, &s) {
			err = cmp.Or(r.record(ctx, byStart, d, Result{State: Suppressed, Text: s.Reason}), err)
		}
		return err
	}
	if err := r.marks.Mark(marks.Delivery{Sequence: d.ID - r.first, Attempts: d.Attempts}); err != nil {
		return r.l.db.Explain(err)
	}
	d.started = true
	return nil
}

// Settle records d's outcome; the caller no longer owns d. A delivery may be settled without having begun or started,
// if the server refused it before the body, or if it is not what was planned. The table of states says which outcomes
// there are.
//
// Settle does not wait for the disk. The outcome is committed with the next Begin, Flush or Outlook, or with the next
// Next that has nothing to give. A power cut before that makes the delivery unknown; after a kill its mark tells. An
// error means that nothing was recorded.
func (r *Run) Settle(ctx context.Context, d *Delivery, res Result) error {
	return r.record(ctx, bySettle, d, res)
}

func (r *Run) record(ctx context.Context, a act, d *Delivery, res Result) error {
	if err := r.inHand(d); err != nil {
		return err
	}
	from := d.State
	if !legal(a, from, res.State) || !d.started && (res.State == Sent || res.State == Unknown) {
		return fmt.Errorf("settle %s from %s as %s: %w", d.Place, from, res.State, ErrState)
	}
	if res.State == Deferred && res.Due.IsZero() {
		return fmt.Errorf("settle %s as deferred: no due time", d.Place)
	}
	if res.Time.IsZero() {
		res.Time = r.o.Now()
	}
	if d.started && res.State != Unknown && !res.partly() {
		// Its record may be lost in a kill, but not what is certain: the caller lets the next body leave after this.
		// Without room for the mark the next one cannot start either.
		_ = r.marks.End(marks.Delivery{Sequence: d.ID - r.first, Attempts: d.Attempts}, res.State == Sent)
	}
	e := entry{d: d, res: res}
	if from == Begun && res.State != Sent && res.State != Unknown {
		e.let = d.Fingerprint
	}
	full, err := r.group.Later(e, false, func() {
		// This is noted before the outcome can be committed, because the commit forgets d.
		r.mu.Lock()
		defer r.mu.Unlock()
		d.settled = true
		r.counts[from]--
		r.counts[res.State]++
	})
	if err == nil && full {
		return r.Flush(ctx)
	}
	return err
}

// Flush commits the outcomes that were settled, and returns when they are in the file, for everybody to read.
func (r *Run) Flush(context.Context) error {
	if !r.group.Idle() {
		if err := r.group.Commit(&waiter{}); err != nil {
			return err
		}
	}
	return r.disk.Settle()
}

// Fold returns when everything that is durable is in the file, for everybody to read. Unlike Flush it does not make
// durable what was settled.
func (r *Run) Fold() error { return r.disk.Settle() }

// inHand is an error unless r has handed d out, and d has not been settled since.
func (r *Run) inHand(d *Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out[d.ID] != d || d.settled {
		return fmt.Errorf("%s: %w: it is not handed out", d.Place, ErrState)
	}
	return nil
}

// commit makes a group durable.
func (r *Run) commit(waiting []*waiter, settled []entry) error {
	g := &r.taken
	*g = steps.Group{Now: r.o.Now().UnixNano(), Back: g.Back[:0], Outcomes: g.Outcomes[:0], Begun: g.Begun[:0],
		Owner: r.owner, Gets: g.Gets[:0], Lets: g.Lets[:0]}
	now := sqlite.Moment(g.Now)
	for i := range settled {
		e := &settled[i]
		g.Lets = e.let.of(e.d, g.Lets)
		if e.back != nil {
			g.Back = append(g.Back, steps.Step{ID: e.d.ID, From: schema.Begun, To: e.back.state.code(),
				Attempts: e.d.Attempts, First: sqlite.Stamp(e.back.first), Turn: e.back.turn})
		} else {
			g.Outcomes = append(g.Outcomes, r.outcome(e))
		}
	}
	r.askAll(waiting)
	for _, w := range waiting {
		switch e := &w.Item; {
		case e.d == nil:
		case w.Err == nil:
			g.Begun = append(g.Begun, steps.Step{ID: e.d.ID, From: e.d.State.code(), To: schema.Begun, Attempts: e.d.Attempts})
			g.Gets = e.d.Fingerprint.of(e.d, g.Gets)
		case e.res.State == Suppressed:
			g.Outcomes = append(g.Outcomes, r.outcome(e))
			settled = append(settled, *e)
		}
	}
	err := r.disk.Write(g, func() { r.inFile(settled) })
	if unkept := (*durable.KeepError)(nil); errors.As(err, &unkept) {
		for _, w := range waiting {
			if w.Item.d != nil && w.Err == nil {
				w.Err = err
			}
		}
	} else if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range waiting {
		switch e := &w.Item; {
		case e.d == nil:
		case w.Err == nil:
			r.counts[e.d.State]--
			r.counts[Begun]++
			e.d.before = before{e.d.State, e.d.First, e.d.turn}
			e.d.State, e.d.turn = Begun, r.turn
			if e.d.First.IsZero() {
				e.d.First = now
			}
		case e.res.State == Suppressed:
			r.counts[e.d.State]--
			r.counts[Suppressed]++
			e.d.settled = true
		}
	}
	return nil
}

// inFile ends the holding of deliveries whose steps are in the file. Until then they are in hand, so that nobody reads
// from the file what they were before.
func (r *Run) inFile(settled []entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range settled {
		if e.back == nil {
			r.settle(e.d, e.res)
		} else if e.back.state == Deferred {
			r.backOnDisk(e.d)
		}
	}
}

// tried reports whether the state came from a server's answer, or from the lack of one.
func tried(s State) bool { return s != Suppressed && s != Held && s != Cancelled }

// settle ends the holding of d, whose outcome is on the disk. r.mu is held.
func (r *Run) settle(d *Delivery, res Result) {
	if tried(res.State) {
		d.turn = r.turn
	} else if d.State == Begun {
		d.turn = d.before.turn
	}
	r.release(d)
	if res.State == Deferred {
		r.ready++
		r.again++
		d.inLane.deferred(sqlite.Stamp(res.Due))
		r.enlist(d.inLane)
	}
}

// backOnDisk makes a deferred delivery that was begun and put back one that can be handed out again: the disk has it as
// deferred. r.mu is held.
func (r *Run) backOnDisk(d *Delivery) {
	r.ready++
	if d.turn == r.turn {
		r.again++
	}
	d.inLane.deferred(d.due)
	r.enlist(d.inLane)
}

// newsEvery is how old the news may be by which Start asks. A message may have been begun long before its turn.
const newsEvery = 10 * time.Millisecond

// news brings the news for Start, unless another Start had them a moment ago.
func (r *Run) news(d *Delivery) error {
	if r.o.News == nil {
		return nil
	}
	last := r.asked.Load()
	if last != nil && time.Since(*last) < newsEvery {
		return nil
	}
	now := time.Now()
	if !r.asked.CompareAndSwap(last, &now) {
		return nil
	}
	if err := r.o.News(context.Background()); err != nil {
		return fmt.Errorf("%s: is the recipient suppressed: %w", d.Place, err)
	}
	return nil
}

// askAll asks for each that is to be begun whether its recipient is suppressed. An error of one delivery alone is that
// of its entry.
func (r *Run) askAll(waiting []*waiter) {
	var news error
	asked := false
	for _, w := range waiting {
		e := &w.Item
		if e.d == nil {
			continue
		}
		if !asked && r.o.News != nil {
			asked, news = true, r.o.News(context.Background())
		}
		if w.Err = news; news != nil {
			w.Err = fmt.Errorf("%s: is the recipient suppressed: %w", e.d.Place, news)
			continue
		}
		w.Err = r.ask(context.Background(), e.d)
		if s := (*SuppressedError)(nil); errors.As(w.Err, &s) {
			e.res.State, e.res.Text = Suppressed, s.Reason
		}
	}
}

// ask returns a *SuppressedError if the recipient is suppressed, and an error if nobody knows.
func (r *Run) ask(ctx context.Context, d *Delivery) error {
	if r.o.Suppressed == nil {
		return nil
	}
	reason, err := r.o.Suppressed(ctx, d.AddressKey)
	switch {
	case err != nil:
		return fmt.Errorf("%s: is the recipient suppressed: %w", d.Place, err)
	case reason != "":
		return &SuppressedError{AddressKey: d.AddressKey, Reason: reason}
	}
	return nil
}

// outcome is the step to a delivery's outcome. It is an attempt if there was one.
func (r *Run) outcome(e *entry) steps.Step {
	d, res := e.d, e.res
	s := steps.Step{ID: d.ID, From: d.State.code(), To: res.State.code(), Attempts: d.Attempts, Turn: d.turn}
	first := d.First
	if d.State == Begun {
		first, s.Turn = d.before.first, d.before.turn
	}
	if res.State == Deferred {
		s.Due = sqlite.Stamp(res.Due)
	}
	if s.Tried = tried(res.State); s.Tried {
		if first = d.First; first.IsZero() {
			first = res.Time
		}
		s.Turn, s.Time, s.Stage, s.Code = r.turn, sqlite.Stamp(res.Time), res.Stage, res.Code
		s.Enhanced, s.Text, s.Server = res.Enhanced, res.Text, res.Server
		s.Copies = forFile(res.Copies)
	} else {
		s.Reason = res.Text
	}
	s.First = sqlite.Stamp(first)
	return s
}
