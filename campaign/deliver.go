package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"mailshot/campaign/ledger"
	"mailshot/internal/mailbox"
	"mailshot/render"
	"mailshot/sender"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// deliver brings one delivery to an outcome, or puts it back as it was.
func (r *run) deliver(ctx context.Context, d *ledger.Delivery, reservation sender.Reservation) {
	m, err := r.message(d)
	if err != nil {
		reservation.Release()
		r.settle(d, ledger.Result{State: ledger.Held, Text: err.Error(), Time: r.c.now()})
		return
	}
	var suppressed *ledger.SuppressedError
	var beginErr error
	held := false
	mail := sender.Mail{From: m.From(), To: m.To(), Size: m.Size(), Body: m}
	if mail.Notify = r.c.def.Notify; mail.Notify != "" {
		mail.EnvID = render.Token(r.c.secret, r.c.id, d.Key) // a report names the delivery, and no person
	}
	out := r.pool.Send(ctx, mail, func(ctx context.Context) error {
		// One place for each connection, kept until the outcome is queued in the ledger: the next begin takes it along to
		// the disk, so that a kill leaves one unknown for each connection at most.
		select {
		case r.begun <- struct{}{}:
			held = true
		case <-ctx.Done():
			return ctx.Err()
		}
		beginErr = r.state.Begin(ctx, d)
		return beginErr
	})
	if held {
		defer func() { <-r.begun }()
	}
	if out.Begun || spoken(reply.Stage(out.Stage)) && !errors.Is(out.Err, smtp.ErrUnfit) {
		reservation.Stamp(r.c.now())
	} else {
		reservation.Release()
	}
	switch {
	case errors.As(beginErr, &suppressed):
		r.settled(d, ledger.Suppressed, suppressed.Reason)
	case beginErr != nil && ctx.Err() == nil:
		// The ledger could not make the intent durable: nothing more may leave.
		r.halt(fmt.Errorf("ledger: %w", beginErr))
		r.unhand(d)
	case out.Class == reply.OK:
		r.recovered()
		r.keep(d, m)
		r.settle(d, r.result(ledger.Sent, out))
	case out.Class == reply.Refuse || out.Class == reply.Message:
		r.recovered()
		r.settle(d, r.result(ledger.Refused, out))
		r.learn(d, out)
	case out.Class == reply.Unknown:
		r.settle(d, r.result(ledger.Unknown, out))
		if ctx.Err() == nil {
			r.holdServer(out) // one after the other, they would leave a person with the whole list to resolve
		}
	case !out.Begun && ctx.Err() != nil:
		r.unhand(d)
	case out.Class == reply.Stop:
		r.back(d, out)
		r.finish(words(out), true)
	case out.Class == reply.Hold && out.About == reply.AboutGroup && single(groupOf(d.Lane)):
		r.holdGroup(d, out)
	case out.Class == reply.Hold && out.About == reply.AboutGroup && r.c.direct():
		r.defers(d, out) // one domain's own servers
	case out.About == "server" || out.Class == reply.Hold:
		if r.back(d, out) {
			r.holdServer(out)
		}
	default:
		r.defers(d, out)
		if out.Code != 0 {
			r.recovered()
		} else if out.About != reply.AboutGroup {
			r.holdServer(out)
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
		r.halt(fmt.Errorf("archive: %w", err))
	}
}

func (r *run) result(s ledger.State, out sender.Outcome) ledger.Result {
	at := out.Time
	if at.IsZero() {
		at = r.c.now()
	}
	return ledger.Result{
		State: s, Stage: out.Stage, Code: out.Code, Enhanced: out.Enhanced, Text: words(out), Server: out.Server, Time: at,
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
func (r *run) back(d *ledger.Delivery, out sender.Outcome) (server bool) {
	if !out.Begun {
		if at := reply.Stage(out.Stage); (at == reply.Rcpt || at == reply.Data) && r.stumbled(d) {
			r.defers(d, out)
			return false
		}
		r.unhand(d)
		return true
	}
	res := r.result(ledger.Deferred, out)
	res.Due = r.c.now().Add(max(out.HoldOff, firstServerHold))
	r.settle(d, res)
	return true
}

// stumbled counts one more end of a connection at d's recipient, and reports whether it was one too many.
func (r *run) stumbled(d *ledger.Delivery) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stumbles[d.ID]++
	return r.stumbles[d.ID] >= mostStumbles
}

// unhand puts back a delivery whose reservation is already done with.
func (r *run) unhand(d *ledger.Delivery) { r.giveBack(d, nil) }

// defers schedules another try of a recipient, or gives up.
func (r *run) defers(d *ledger.Delivery, out sender.Outcome) {
	now := r.c.now()
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
		res.Due = later(due, now.Add(out.HoldOff))
	}
	r.settle(d, res)
}

// recovered forgets the server's failures: it has answered.
func (r *run) recovered() {
	r.mu.Lock()
	r.failures, r.holds = 0, 0
	r.mu.Unlock()
}

// holdServer lets nothing go for a while after a failure of the server, and halts the run when the server stays away.
// A connection that broke is no reason to wait, until each has twice; a reply that asks for a pause is
// one, and the pauses double. Failures that arrive while a hold lasts have its cause.
func (r *run) holdServer(out sender.Outcome) {
	now := r.c.now()
	r.mu.Lock()
	if now.Before(r.heldUntil) {
		r.mu.Unlock()
		return
	}
	r.failures++
	if out.HoldOff == 0 && r.failures <= 2*r.c.connections() {
		r.mu.Unlock()
		return
	}
	r.holds++
	away := r.holds > serverTries
	until := now.Add(max(out.HoldOff, firstServerHold<<(r.holds-1)))
	if out.Class == reply.Hold && out.Code != 0 {
		until = r.manners.slower("", now, until.Sub(now))
	}
	r.heldUntil = until
	r.mu.Unlock()
	if away {
		r.finish("the server stays away: "+words(out), false)
		return
	}
	r.gate.Hold("", until)
	r.observe(Event{Kind: "hold", Text: words(out), Until: until})
}
