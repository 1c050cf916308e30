package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mailshot/internal/sqlite"
)

// group is the group commit of a run. A caller that finds nobody committing leads: it takes everything that waits,
// commits it in one transaction, and hands the lead to the first caller that came meanwhile. So there is one
// transaction at a time, it serves all callers that wait for it, and no goroutine is needed.
type group struct {
	mu      sync.Mutex
	leading bool
	waiting []*entry
	settled []*entry // outcomes for which nobody waits
	broken  error    // the first error of the disk: nothing may be begun after it
	closed  bool
}

// entry is one thing to be committed.
type entry struct {
	d    *Delivery                         // nil: there is nothing to commit, only to wait for
	res  Result                            // State Begun, or the outcome
	ask  func() (reason string, err error) // of Begin: is the recipient suppressed?
	err  error
	wake chan bool // true: take the lead; false: done
}

// settledMost is how many outcomes may wait for a group before Settle commits them itself.
const settledMost = 256

var errRunClosed = errors.New("run is closed")

func (g *group) err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.stopped()
}

// stopped returns why nothing can be committed any more, or nil. g.mu is held.
func (g *group) stopped() error {
	if g.broken == nil && g.closed {
		return errRunClosed
	}
	return g.broken
}

func (g *group) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *group) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// breakOff keeps the first error after which the ledger cannot be relied on.
func (g *group) breakOff(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken == nil {
		g.broken = fmt.Errorf("the ledger cannot be written, nothing more is begun: %w", err)
	}
}

// submit commits e together with all that waits, and returns when it is on the disk.
func (r *Run) submit(e *entry) error {
	g := &r.group
	e.wake = make(chan bool, 1)
	g.mu.Lock()
	if err := g.stopped(); err != nil {
		g.mu.Unlock()
		return err
	}
	g.waiting = append(g.waiting, e)
	if g.leading {
		g.mu.Unlock()
		if lead := <-e.wake; !lead {
			return e.err
		}
		g.mu.Lock()
	}
	g.leading = true
	waiting, settled, broken := g.waiting, g.settled, g.broken
	g.waiting, g.settled = nil, nil
	g.mu.Unlock()

	if broken == nil {
		broken = r.commit(waiting, settled)
	}
	if broken != nil {
		for _, w := range waiting {
			w.err = broken
		}
	}

	g.mu.Lock()
	if len(g.waiting) > 0 {
		g.waiting[0].wake <- true
	} else {
		g.leading = false
	}
	g.mu.Unlock()
	for _, w := range waiting {
		if w != e {
			w.wake <- false
		}
	}
	return e.err
}

// Begin makes the intent to send d durable: d is begun. Only after Begin has returned nil may a byte of the body be
// written. Any error means that d is not begun. After a *SuppressedError d is settled; after any other error the caller
// puts it back. After an error of the disk every further Begin of this run fails.
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
	e := &entry{d: d, res: Result{State: Begun, Time: r.o.Now()}}
	if r.o.Suppressed != nil {
		e.ask = func() (string, error) { return r.o.Suppressed(context.WithoutCancel(ctx), d.AddressKey) }
	}
	return r.submit(e)
}

// Settle records d's outcome; the caller no longer owns d. A delivery may be settled without having begun, if the
// server refused it before the body, or if it is not what was planned. The table of states says which outcomes there
// are.
//
// Settle does not wait for the disk. The outcome is committed with the next Begin, Flush or Outlook, or with the next Next
// that has nothing to give. A crash before that loses the outcome, which makes the delivery unknown. An error means
// that nothing was recorded.
func (r *Run) Settle(ctx context.Context, d *Delivery, res Result) error {
	if err := r.inHand(d); err != nil {
		return err
	}
	from := d.State
	if !legal(bySettle, from, res.State) {
		return fmt.Errorf("settle %s from %s as %s: %w", d.Place, from, res.State, ErrState)
	}
	if res.State == Deferred && res.Due.IsZero() {
		return fmt.Errorf("settle %s as deferred: no due time", d.Place)
	}
	if res.Time.IsZero() {
		res.Time = r.o.Now()
	}
	g := &r.group
	g.mu.Lock()
	if err := g.stopped(); err != nil {
		g.mu.Unlock()
		return err
	}
	// This is noted before the outcome can be committed, because the commit forgets d.
	r.mu.Lock()
	d.settled = true
	r.counts[from]--
	r.counts[res.State]++
	r.mu.Unlock()
	g.settled = append(g.settled, &entry{d: d, res: res})
	full := len(g.settled) >= settledMost
	g.mu.Unlock()
	if full {
		return r.Flush(ctx)
	}
	return nil
}

// Flush commits the outcomes that were settled, and returns when they are on the disk.
func (r *Run) Flush(context.Context) error {
	r.group.mu.Lock()
	idle := len(r.group.settled) == 0 && !r.group.leading && r.group.stopped() == nil
	r.group.mu.Unlock()
	if idle {
		return nil
	}
	return r.submit(&entry{})
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

// commit writes a group in one transaction. Its error is that of every caller in the group.
func (r *Run) commit(waiting, settled []*entry) error {
	err := r.l.db.Write(func(t *sqlite.Tx) error {
		for _, e := range settled {
			if err := r.writeOutcome(t, e.d, e.res); err != nil {
				return err
			}
		}
		for _, e := range waiting {
			if e.d == nil {
				continue
			}
			if err := r.writeBegun(t, e); err != nil {
				return err
			}
		}
		return nil
	})
	if sqlite.Busy(err) { // nothing was written, nothing is wrong with the disk: the outcomes wait for the next group
		r.group.mu.Lock()
		r.group.settled = append(settled, r.group.settled...)
		r.group.mu.Unlock()
		return err
	}
	if err != nil {
		r.group.breakOff(err)
		return r.group.err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range settled {
		r.settle(e.d, e.res)
	}
	for _, e := range waiting {
		switch {
		case e.d == nil:
		case e.err == nil:
			r.counts[e.d.State]--
			r.counts[Begun]++
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
	}
	r.release(d)
	if res.State == Deferred {
		r.ready++
		r.again++
		d.inLane.deferred(sqlite.Stamp(res.Due))
		r.enlist(d.inLane)
	}
}

// writeBegun makes the entry's delivery begun, unless its recipient is suppressed. An error of this delivery alone goes
// into e.err.
func (r *Run) writeBegun(t *sqlite.Tx, e *entry) error {
	if e.ask != nil {
		reason, err := e.ask()
		if err != nil {
			e.err = fmt.Errorf("%s: is the recipient suppressed: %w", e.d.Place, err)
			return nil
		}
		if reason != "" {
			e.err = &SuppressedError{AddressKey: e.d.AddressKey, Reason: reason}
			e.res.State, e.res.Text = Suppressed, reason
			return r.writeOutcome(t, e.d, e.res)
		}
	}
	n, err := t.Exec(`UPDATE deliveries SET state = ?, due = 0, turn = ?, first = iif(first = 0, ?, first)
		WHERE id = ? AND state = ? AND attempts = ?`,
		Begun.code(), r.turn, sqlite.Stamp(e.res.Time), e.d.ID, e.d.State.code(), e.d.Attempts)
	return errors.Join(err, errRows(n, 1))
}

// writeOutcome moves d to its outcome, and records the attempt if there was one.
func (r *Run) writeOutcome(t *sqlite.Tx, d *Delivery, res Result) error {
	due, reason, tries, turn := int64(0), "", 0, d.turn
	if res.State == Deferred {
		due = sqlite.Stamp(res.Due)
	}
	if tried(res.State) {
		tries, turn = 1, r.turn
	} else {
		reason = res.Text
	}
	n, err := t.Exec(`UPDATE deliveries SET state = ?, due = ?, attempts = attempts + ?, turn = ?,
			first = iif(first = 0 AND ? = 1, ?, first), reason = ?
		WHERE id = ? AND state = ?`, res.State.code(), due, tries, turn,
		tries, sqlite.Stamp(res.Time), reason, d.ID, d.State.code())
	if err := errors.Join(err, errRows(n, 1)); err != nil || tries == 0 {
		return err
	}
	_, err = t.Exec(insertAttempt+"VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		d.ID, sqlite.Stamp(res.Time), res.State.code(), res.Stage, res.Code, res.Enhanced, res.Text, res.Server)
	return err
}
