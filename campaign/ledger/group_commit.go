package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"mailshot/campaign/ledger/internal/group"
	"mailshot/campaign/ledger/internal/marks"
	"mailshot/campaign/ledger/internal/schema"
	"mailshot/internal/sqlite"
)

// entry is one thing to be committed.
type entry struct {
	d    *Delivery                         // nil: there is nothing to commit, only to wait for
	res  Result                            // State Begun, or the outcome
	back *before                           // of PutBack, in place of res: what d was before it was begun
	ask  func() (reason string, err error) // of Begin: is the recipient suppressed?
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
	e := &waiter{Item: entry{d: d, res: Result{State: Begun, Time: r.o.Now()}}}
	if r.o.Suppressed != nil {
		e.Item.ask = func() (string, error) { return r.o.Suppressed(context.WithoutCancel(ctx), d.AddressKey) }
	}
	return r.group.Commit(e)
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
	if r.o.Suppressed != nil {
		reason, err := r.o.Suppressed(context.WithoutCancel(ctx), d.AddressKey)
		if err != nil {
			return fmt.Errorf("%s: is the recipient suppressed: %w", d.Place, err)
		}
		if reason != "" {
			err := r.record(ctx, byStart, d, Result{State: Suppressed, Text: reason})
			return cmp.Or[error](err, &SuppressedError{AddressKey: d.AddressKey, Reason: reason})
		}
	}
	if err := r.marks.Mark(marks.Delivery{Sequence: d.ID - r.first, Attempts: d.Attempts}); err != nil {
		return r.l.db.Explain(err)
	}
	d.started = true
	return nil
}

// Settle records d's outcome; the caller no longer owns d. A delivery may be settled without having begun or started, if
// the server refused it before the body, or if it is not what was planned. The table of states says which outcomes there
// are.
//
// Settle does not wait for the disk. The outcome is committed with the next Begin, Flush or Outlook, or with the next Next
// that has nothing to give. A crash before that loses the outcome, which makes the delivery unknown. An error means
// that nothing was recorded.
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
	full, err := r.group.Later(entry{d: d, res: res}, false, func() {
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

// Flush commits the outcomes that were settled, and returns when they are on the disk.
func (r *Run) Flush(context.Context) error {
	if r.group.Idle() {
		return nil
	}
	return r.group.Commit(&waiter{})
}

// inHand is an error unless r has handed d out, and d has not been settled since.
func (r *Run) inHand(d *Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out[d.ID] != d || d.settled {
		return fmt.Errorf("%s: %w: it is not handed out", d.Place, ErrState)
	}
	return nil
}

// commit writes a group in one transaction.
func (r *Run) commit(waiting []*waiter, settled []entry) error {
	err := r.l.db.Write(func(t *sqlite.Tx) error {
		for i := range settled {
			write := r.writeOutcome
			if settled[i].back != nil {
				write = r.writeBack
			}
			if err := write(t, &settled[i]); err != nil {
				return err
			}
		}
		for _, w := range waiting {
			if w.Item.d == nil {
				continue
			}
			if err := r.writeBegun(t, w); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range settled {
		if e.back == nil {
			r.settle(e.d, e.res)
		} else if e.back.state == Deferred {
			r.backOnDisk(e.d)
		}
	}
	for _, w := range waiting {
		switch e := &w.Item; {
		case e.d == nil:
		case w.Err == nil:
			r.counts[e.d.State]--
			r.counts[Begun]++
			e.d.before = before{e.d.State, e.d.First, e.d.turn}
			e.d.State, e.d.turn = Begun, r.turn
			if e.d.First.IsZero() {
				e.d.First = e.res.Time
			}
		case e.res.State == Suppressed:
			r.counts[e.d.State]--
			r.counts[Suppressed]++
			r.settle(e.d, e.res)
		}
	}
	return nil
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

// writeBegun makes the entry's delivery begun, unless its recipient is suppressed. An error of this delivery alone goes
// into w.Err.
func (r *Run) writeBegun(t *sqlite.Tx, w *waiter) error {
	e := &w.Item
	if e.ask != nil {
		reason, err := e.ask()
		if err != nil {
			w.Err = fmt.Errorf("%s: is the recipient suppressed: %w", e.d.Place, err)
			return nil
		}
		if reason != "" {
			w.Err = &SuppressedError{AddressKey: e.d.AddressKey, Reason: reason}
			e.res.State, e.res.Text = Suppressed, reason
			return r.writeOutcome(t, e)
		}
	}
	// When it was due stays: a recovery that finds it not started needs that.
	n, err := t.Exec(`UPDATE deliveries SET state = ?, turn = ?, first = iif(first = 0, ?, first)
		WHERE id = ? AND state = ? AND attempts = ?`,
		Begun.code(), r.turn, sqlite.Stamp(e.res.Time), e.d.ID, e.d.State.code(), e.d.Attempts)
	return errors.Join(err, errRows(n, 1))
}

// writeBack makes a delivery that was begun what it was before.
func (r *Run) writeBack(t *sqlite.Tx, e *entry) error {
	n, err := t.Exec("UPDATE deliveries SET state = ?, turn = ?, first = ? WHERE id = ? AND state = ? AND attempts = ?",
		e.back.state.code(), e.back.turn, sqlite.Stamp(e.back.first), e.d.ID, Begun.code(), e.d.Attempts)
	return errors.Join(err, errRows(n, 1))
}

// writeOutcome moves a delivery to its outcome, and records the attempt if there was one.
func (r *Run) writeOutcome(t *sqlite.Tx, e *entry) error {
	d, res := e.d, e.res
	due, reason, tries, turn, first := int64(0), "", 0, d.turn, d.First
	if d.State == Begun {
		turn, first = d.before.turn, d.before.first
	}
	if res.State == Deferred {
		due = sqlite.Stamp(res.Due)
	}
	switch {
	case !tried(res.State):
		reason = res.Text
	case d.First.IsZero():
		tries, turn, first = 1, r.turn, res.Time
	default:
		tries, turn, first = 1, r.turn, d.First
	}
	n, err := t.Exec(`UPDATE deliveries SET state = ?, due = ?, attempts = attempts + ?, turn = ?, first = ?, reason = ?
		WHERE id = ? AND state = ?`, res.State.code(), due, tries, turn, sqlite.Stamp(first), reason,
		d.ID, d.State.code())
	if err := errors.Join(err, errRows(n, 1)); err != nil || tries == 0 {
		return err
	}
	_, err = t.Exec(schema.InsertAttempt+"VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		d.ID, sqlite.Stamp(res.Time), res.State.code(), res.Stage, res.Code, res.Enhanced, res.Text, res.Server)
	return err
}
