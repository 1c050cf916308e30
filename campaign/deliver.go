package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/internal/moment"
	"mailshot/render"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// deliver brings one delivery to an outcome, or puts it back as it was. Only what was put back, or is deferred, ever goes to
// another server: what is begun is this one's until its outcome, and what has none is unknown.
func (r *run) deliver(ctx context.Context, a *admission) {
	d := a.d
	m, err := r.message(d)
	if err != nil {
		r.release(a)
		r.settle(a, ledger.Result{State: ledger.Held, Text: err.Error(), Time: r.c.now()})
		return
	}
	var suppressed *ledger.SuppressedError
	var beginErr error
	held := false
	mail := sender.Mail{From: m.From(), To: m.To(), Size: m.Size(), Body: m}
	if mail.Notify = r.c.def.Notify; mail.Notify != "" {
		mail.EnvID = render.Token(r.c.secret, r.c.id, d.Key) // a report names the delivery, and no person
	}
	out := a.to.pool.Send(ctx, mail, func(ctx context.Context) error {
		// One place for each connection, kept until the outcome is queued in the ledger: the next begin takes it along to
		// the disk, so that a kill leaves one unknown for each connection at most.
		select {
		case a.to.begun <- struct{}{}:
			held = true
		case <-ctx.Done():
			return ctx.Err()
		}
		beginErr = r.state.Begin(ctx, d)
		return beginErr
	})
	if held {
		defer func() { <-a.to.begun }()
	}
	if out.Begun || spoken(reply.Stage(out.Stage)) && !errors.Is(out.Err, smtp.ErrUnfit) {
		a.stamp(r.c.now())
	} else {
		r.release(a)
	}
	switch {
	case errors.As(beginErr, &suppressed):
		r.settled(a, ledger.Suppressed, suppressed.Reason)
	case beginErr != nil && ctx.Err() == nil:
		// The ledger could not make the intent durable: nothing more may leave.
		r.halt(fmt.Errorf("ledger: %w", beginErr))
		r.giveBack(a)
	case out.Class == reply.OK:
		r.liked(a.to)
		r.keep(d, m)
		r.settle(a, r.result(ledger.Sent, out))
	case out.Class == reply.Refuse || out.Class == reply.Message:
		r.answered(a.to)
		r.disliked(a.to, out) // before it is settled: nobody begins another one on that news
		r.settle(a, r.result(ledger.Refused, out))
		r.learn(d, out)
	case out.Class == reply.Unknown:
		r.settle(a, r.result(ledger.Unknown, out))
		if ctx.Err() == nil {
			r.blame(a.to, out) // one after the other, they would leave a person with the whole list to resolve
		}
	case !out.Begun && ctx.Err() != nil:
		r.giveBack(a)
	case out.Class == reply.Stop:
		r.blame(a.to, out) // first: what is put back is for others
		r.back(a, out)
	case out.Class == reply.Hold && out.About == reply.AboutGroup && single(groupOf(d.Lane)):
		r.holdGroup(a, out)
	case out.Class == reply.Hold && out.About == reply.AboutGroup && a.to.def.Direct:
		r.defers(a, out) // one domain's own servers
	case out.About == "server" || out.Class == reply.Hold:
		if r.back(a, out) {
			r.blame(a.to, out)
		}
	default:
		r.defers(a, out)
		if out.Code != 0 {
			r.answered(a.to)
		} else if out.About != reply.AboutGroup {
			r.blame(a.to, out)
		}
	}
}

// message makes the delivery's message again from the frozen row and holds it when it is not what was planned.
func (r *run) message(d *ledger.Delivery) (*render.Message, error) {
	row, err := r.c.header.Decode(d.Place, d.Number, d.Fields)
	if err != nil {
		return nil, fmt.Errorf("no longer what was planned: the list has other columns: %w", err)
	}
	m, err := r.c.renderer.Render(r.c.recipient(row), r.c.now())
	if err != nil {
		return nil, fmt.Errorf("no longer what was planned: %w", err)
	}
	if digest := m.Digest(); string(digest[:]) != string(d.Digest) {
		return nil, errors.New("no longer what was planned: the message's bytes differ (an attachment or template changed)")
	}
	return m, nil
}

// spoken reports whether the server was told of a recipient: from MAIL on a use counts, refused and interrupted ones too.
func spoken(at reply.Stage) bool { return at == reply.Mail || at == reply.Rcpt || at == reply.Data }

// keep writes the archive's copy. A copy that cannot be written stops the run, for the archive is a promise too; the
// message itself was sent and is recorded as sent.
func (r *run) keep(d *ledger.Delivery, m *render.Message) {
	if r.archive == nil {
		return
	}
	item := mailbox.Item{From: m.From(), To: m.To(), Name: d.Key, Date: r.c.now(), Body: m}
	if _, err := r.archive.Add(item); err != nil {
		r.halt(fmt.Errorf("archive: %w (%s was sent, and has no copy; make %s writable again, with room, then send again: it resumes)", err, d.Key, r.c.def.Archive))
	}
}

func (r *run) result(s ledger.State, out sender.Outcome) ledger.Result {
	return ledger.Result{
		State: s, Stage: out.Stage, Code: out.Code, Enhanced: out.Enhanced, Text: words(out), Server: out.Server, Time: r.c.now(),
	}
}

// words are the server's, else what went wrong on our side.
func words(out sender.Outcome) string {
	if out.Text == "" && out.Err != nil {
		return out.Err.Error()
	}
	return out.Text
}

// back returns a delivery that failed for no fault of its own: unbegun it is as it was; begun and answered with a
// complete temporary reply it is deferred, for the ledger has seen it begin. One put back is the next to go; where the
// conversation ends at its recipient again and again it would keep the others from going, so it is deferred too, and the
// server is not to blame: back reports whether it is.
func (r *run) back(a *admission, out sender.Outcome) (server bool) {
	if !out.Begun {
		if at := reply.Stage(out.Stage); (at == reply.Rcpt || at == reply.Data) && r.stumbled(a.d) {
			r.defers(a, out)
			return false
		}
		r.giveBack(a)
		return true
	}
	res := r.result(ledger.Deferred, out)
	res.Due = r.c.now().Add(max(out.HoldOff, firstServerHold))
	r.settle(a, res)
	return true
}

// stumbled counts one more end of a connection at d's recipient, and reports whether it was one too many.
func (r *run) stumbled(d *ledger.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stumbles[d.ID]++
	return r.stumbles[d.ID] >= mostStumbles
}

// defers schedules another try of a recipient, or gives up.
func (r *run) defers(a *admission, out sender.Outcome) {
	d, now := a.d, r.c.now()
	first := d.First
	if first.IsZero() {
		first = now
	}
	due, giveUp := r.c.def.Limits.Retry.Next(d.Attempts+1, first, now, rand.Float64)
	state := ledger.Deferred
	if giveUp {
		state = ledger.GaveUp
	}
	res := r.result(state, out)
	if !giveUp {
		res.Due = moment.Later(due, now.Add(out.HoldOff))
	}
	r.settle(a, res)
}

// answered forgets the server's failures.
func (r *run) answered(s *server) {
	r.mu.Lock()
	s.answered()
	r.mu.Unlock()
}

// liked notes that the server took a message.
func (r *run) liked(s *server) {
	r.mu.Lock()
	s.answered()
	s.disliked = 0
	r.mu.Unlock()
}

// blame notes that a server failed, and not a recipient; see [standing].
func (r *run) blame(s *server, out sender.Outcome) {
	r.mu.Lock()
	var news bool
	if out.Class == reply.Stop {
		news = s.stop(words(out))
	} else {
		news = !s.failed(r.c.now(), out, s.connections).IsZero()
	}
	r.mu.Unlock()
	if news {
		r.missing(s)
	}
}
