package sender

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// waiter is a Send that waits for a connection. It gets the next one that comes free. Or a Send on
// its way claims it: the waiter's envelope then goes out with the end of the other Send's message,
// and the waiter gets that connection once the other Send has its answer.
type waiter struct {
	ctx      context.Context
	envelope smtp.Envelope
	ahead    func(ctx context.Context, turn <-chan struct{}) error // nil: nothing is done while it waits
	turn     chan *conn                                            // carries what it is called for; room for one
	called   chan struct{}                                         // tells ahead of a call; room for one
	// The pool's lock guards the rest.
	ticket  uint64 // the lower it is, the longer the Send has waited
	claimed bool   // taken off the queue: its turn comes, or has come
	gone    bool   // the Send left after it was claimed
	told    bool   // claimed with its envelope: the server hears of it, or may have heard
}

// newWaiter is that of a Send.
func newWaiter(ctx context.Context, e smtp.Envelope, m Mail) *waiter {
	return &waiter{ctx: ctx, envelope: e, ahead: m.Ahead, turn: make(chan *conn, 1), called: make(chan struct{}, 1)}
}

// call gives a Send that was taken off the queue its connection; nil: it is to look for one itself. The lock is held.
func (w *waiter) call(c *conn) {
	w.claimed = true
	w.turn <- c
	w.called <- struct{}{}
}

// errPromised gives the outcome its stage when a Send that was claimed leaves.
var errPromised = &smtp.Error{Stage: reply.Data, Text: "interrupted"}

// wait keeps a Send waiting until its turn has come, or until it is to look again; c is nil without a turn. With fresh
// it waits for a change only, and nobody may claim it. The lock is held on entry, and not on return.
func (p *Pool) wait(ctx context.Context, w *waiter, fresh bool) (c *conn, failed *Outcome) {
	if w == nil || fresh {
		changed := p.waiting()
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		case <-p.life.Done():
		}
		return nil, nil
	}
	p.enqueue(w)
	p.mu.Unlock()
	if w.ahead != nil {
		if err := w.ahead(ctx, w.called); err != nil {
			return nil, p.leave(w, err)
		}
	}
	select {
	case c := <-w.turn:
		return c, nil
	case <-ctx.Done():
		return nil, p.leave(w, ctx.Err())
	case <-p.life.Done():
		return nil, p.leave(w, ErrAborted)
	}
}

// leave ends the waiting of a Send that does not go on. A connection that was given to it is another's.
func (p *Pool) leave(w *waiter, why error) *Outcome {
	p.mu.Lock()
	if !w.claimed {
		p.queue = slices.DeleteFunc(p.queue, func(x *waiter) bool { return x == w })
		p.mu.Unlock()
		return p.nothing(why)
	}
	select {
	case c := <-w.turn:
		if c == nil {
			p.nudge()
			p.mu.Unlock()
			return p.nothing(why)
		}
		p.mu.Unlock()
		if c.Announced() {
			c.Close() // the server waits for a message that does not come
		}
		p.put(c, Outcome{})
		if !w.told {
			return p.nothing(why)
		}
	default:
		w.gone = true
		p.mu.Unlock()
	}
	return p.cutShort(errPromised, why)
}

// nudge calls Sends that can have a connection, or an outcome, by looking again: those that have waited longest. One
// that was called and leaves nudges another. The lock is held.
func (p *Pool) nudge() {
	n := 0
	switch may := p.mayConnect(time.Now()); {
	case p.closed, p.stopped != nil, p.open == 0 && !may:
		n = len(p.queue)
	case len(p.idle) > 0:
		n = len(p.idle)
	case may && p.proven:
		n = p.limit - p.open
	case may:
		n = min(p.limit-p.open, 1)
	}
	for ; n > 0 && len(p.queue) > 0; n-- {
		w := p.queue[0]
		p.queue = slices.Delete(p.queue, 0, 1)
		w.call(nil)
	}
}

// enqueue puts a Send into the queue, before those that have waited less. The lock is held.
func (p *Pool) enqueue(w *waiter) {
	w.claimed = false
	select {
	case <-w.called: // of a call that was answered
	default:
	}
	if w.ticket == 0 {
		p.tickets++
		w.ticket = p.tickets
	}
	byTicket := func(x *waiter, t uint64) int { return cmp.Compare(x.ticket, t) }
	at, _ := slices.BinarySearchFunc(p.queue, w.ticket, byTicket)
	p.queue = slices.Insert(p.queue, at, w)
}

// claim takes the Send that has waited longest, if its message may follow on c. Else it returns
// nil.
func (p *Pool) claim(c *conn) *waiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.stopped != nil || p.open > p.limit || c.Used() >= p.cfg.MessagesPerConnection {
		return nil
	}
	for len(p.queue) > 0 {
		w := p.queue[0]
		leaving := w.ctx.Err() != nil
		if !leaving && (c.Fits(w.envelope) != nil || c.Chunks(w.envelope)) {
			return nil // telling the server now gains nothing
		}
		p.queue = slices.Delete(p.queue, 0, 1)
		if !leaving {
			w.claimed, w.told = true, true
			return w
		}
	}
	return nil
}

// hand gives an idle connection to the Send that has waited longest. It reports whether any waits.
// The lock is held.
func (p *Pool) hand(c *conn) bool {
	for len(p.queue) > 0 {
		w := p.queue[0]
		p.queue = slices.Delete(p.queue, 0, 1)
		if w.ctx.Err() == nil {
			w.call(c)
			return true
		}
	}
	return false
}

// pass gives a connection to the Send whose envelope it carries, after a transaction that ended in
// out.
func (p *Pool) pass(c *conn, w *waiter, out Outcome) {
	p.mu.Lock()
	if !w.gone {
		p.account(out)
		w.call(c)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	c.Close()
	p.put(c, out)
}

// envelope is what the session has to know of a message.
func (p *Pool) envelope(m Mail) smtp.Envelope {
	return smtp.Envelope{From: m.From, To: m.To, Copies: smtp.MakeCopies(m.Copies), Size: m.Size, Notify: m.Notify,
		EnvID: m.EnvID,
		Chunk: m.Size > 0 && m.Size <= p.cfg.ChunkLimit && !p.lumps.Load()}
}

// unchunk stops sending messages in one write after an error that shows that it does not work here.
// Either the server does not know BDAT, or the connection broke before the server had answered MAIL
// and RCPT, which leaves no doubt about a message when they go first.
func (p *Pool) unchunk(err error) {
	var e *smtp.Error
	if errors.Is(err, smtp.ErrChunking) || errors.As(err, &e) && e.Sent && e.Stage != reply.End {
		p.lumps.Store(true)
	}
}

// account takes note of an outcome. The lock is held.
func (p *Pool) account(out Outcome) {
	if out.Class != reply.OK {
		return
	}
	if p.accepted++; p.limit < p.cfg.Connections && p.accepted >= p.cfg.MessagesPerConnection {
		p.limit++ // the server may take more again
		p.accepted = 0
		p.nudge()
	}
}
