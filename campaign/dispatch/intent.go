package dispatch

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// intent is the durable word that a server may have one delivery. It is given ahead of the connection: while the
// delivery's message waits for its turn. So no connection waits for a disk. Two kinds of places bound how many are
// begun without an outcome. One for each connection is of those whose body may be on the wire. It is kept until the
// outcome is queued in the memory: the next begin takes the outcome along to the disk, and that may be while the next
// body leaves. What a kill loses of it the memory's marks know. The other places are of those begun ahead: no more
// are begun on the disk than both kinds together.
//
// Between the two much may happen. The run may stop, the server may go out, the lane may close, the day may end for
// whose number a use was reserved. So what may go is asked again right before the first byte, and the delivery is put
// back whole if the answer is no.
type intent struct {
	r *Run
	a *admission

	ahead bool  // it has a place of those begun ahead
	wire  bool  // it has a place of those on the wire
	begun bool  // in the memory
	shut  bool  // it may not go now any more; nothing is wrong with it
	err   error // of the memory's Begin or Start
}

// errShut keeps a message from a server that gets nothing more, or nothing now.
var errShut = errors.New("the server gets nothing more now")

// before begins the delivery ahead of its turn, where there is a place. It is sender.Mail's Ahead.
func (i *intent) before(ctx context.Context, turn <-chan struct{}) error {
	if i.begun {
		return nil
	}
	select {
	case i.a.to.ahead <- struct{}{}:
		i.ahead = true
		return i.begin(ctx)
	case <-turn:
		return nil // those ahead of it hold the places: it begins in its turn
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start lets the first byte of the body leave. It is the begin of a Transport's Send.
func (i *intent) start(ctx context.Context) error {
	select {
	case i.a.to.begun <- struct{}{}:
		i.wire = true
	case <-ctx.Done():
		return ctx.Err()
	}
	if i.ahead {
		<-i.a.to.ahead
		i.ahead = false
	}
	if err := i.begin(ctx); err != nil {
		return err
	}
	if err := i.open(ctx); err != nil {
		return err
	}
	if c := i.r.c.Copies; c != nil {
		if i.shut, i.err = c.Stale(ctx, i.a.d); i.shut || i.err != nil {
			return cmp.Or(i.err, errShut)
		}
	}
	if i.err = i.r.c.Deliveries.Start(ctx, i.a.d); i.err == nil {
		i.a.left = time.Now()
	}
	return i.err
}

// begin makes the intent durable, once.
func (i *intent) begin(ctx context.Context) error {
	if i.begun {
		return nil
	}
	if err := i.open(ctx); err != nil {
		return err
	}
	i.err = i.r.c.Deliveries.Begin(ctx, i.a.d)
	i.begun = i.err == nil
	return i.err
}

// open is an error if the delivery may not go any more.
func (i *intent) open(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	now := i.r.c.Now()
	late := i.a.late(now)
	i.r.mu.Lock()
	defer i.r.mu.Unlock()
	if i.shut = late || i.a.to.shut(now) || i.r.c.Pacer.Shut(i.a.d.Lane, now); i.shut {
		return errShut
	}
	return nil
}

// end gives the places back, when there is an outcome.
func (i *intent) end() {
	if i.ahead {
		<-i.a.to.ahead
	}
	if i.wire {
		<-i.a.to.begun
	}
}

// shut reports whether the server has turned out to be of no use since a delivery was taken for it.
func (s *server) shut(now time.Time) bool { return s.stopped || now.Before(s.hold.until) }
