package dispatch

import "context"

// Turns takes the turns of a run's workers one at a time, instead of [Run.Loop]. It is for a model that has the
// run, the server and the clock in its hand, and checks the promises after each turn.
type Turns struct {
	r      *Run
	closed []closure // as the last Take found it
}

// Turns makes the run one that is taken turn by turn. stop is called where Loop would end the taking of deliveries.
func (r *Run) Turns(stop context.CancelFunc) *Turns {
	r.stop = stop
	return &Turns{r: r}
}

// Turn is a delivery that may go now.
type Turn struct {
	t *Turns
	a *admission
}

// Take takes the next delivery that may go; nil: none may.
func (t *Turns) Take(ctx context.Context) (*Turn, error) {
	a, closed, err := t.r.admit(ctx)
	t.closed = closed
	if a == nil || err != nil {
		return nil, err
	}
	return &Turn{t: t, a: a}, nil
}

// Deliver brings the delivery to an outcome, or puts it back.
func (t *Turn) Deliver(ctx context.Context) { t.t.r.deliver(ctx, t.a) }

// Key is the delivery's.
func (t *Turn) Key() string { return t.a.d.Key }

// Meet asks a server whether it is there, where that is due.
func (t *Turns) Meet(ctx context.Context) {
	if s := t.r.doubtful(); s != nil {
		t.r.ask(ctx, s)
	}
}

// Left is how much is left to send, what is under way aside. It works out when something may go, as a worker does that
// found nothing.
func (t *Turns) Left(ctx context.Context) (int64, error) {
	left, err := t.r.outlook(ctx)
	if err == nil && len(t.closed) > 0 {
		outlook(left, t.closed)
	}
	return left.Left, err
}
