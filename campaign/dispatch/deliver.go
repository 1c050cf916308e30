package dispatch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/internal/moment"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// deliver brings one delivery to an outcome, or puts it back as it was.
func (r *Run) deliver(ctx context.Context, a *admission) {
	d, to := a.d, a.to
	mail, err := r.message(a)
	if err != nil {
		r.release(a)
		r.settle(a, ledger.Result{State: ledger.Held, Text: err.Error(), Time: r.c.Now()})
		return
	}
	if len(mail.Copies) > 0 && !r.further(ctx, a, mail) {
		return
	}
	i := &intent{r: r, a: a}
	mail.Ahead = i.before
	e := ending{group: pacing.Single(pacing.GroupOf(d.Lane)), direct: to.Direct}
	e.out = to.Transport.Send(ctx, mail, i.start)
	defer i.end()
	if !a.left.IsZero() {
		a.took = time.Since(a.left)
	}
	e.begin, e.interrupted = i.err, ctx.Err() != nil || i.shut
	r.mu.Lock()
	e.stumbles = r.stumbles[d.ID]
	r.mu.Unlock()
	if r.c.Copies != nil && e.out.Begun {
		a.said = r.c.Copies.Copied(d, e.out.Copies)
	}
	r.conclude(ctx, a, mail, e)
	r.forget(a, mail)
}

// further reserves the uses of a message's copies. If there are not enough, the delivery is put back.
func (r *Run) further(ctx context.Context, a *admission, mail sender.Mail) bool {
	if a.to.Further == nil {
		return true
	}
	use, refused, err := a.to.Further(ctx, a.use, append([]string{mail.To}, mail.Copies...))
	if a.use = use; use != nil {
		return true
	}
	if err != nil && ctx.Err() == nil {
		r.halt(err)
	} else if err == nil {
		a.to.Gate.Shut(pacing.GroupOf(a.d.Lane), refused, r.c.Now())
	}
	r.putBack(a)
	r.forget(a, mail)
	return false
}

// message makes the message of a delivery. As many are made at once as there are processors.
func (r *Run) message(a *admission) (sender.Mail, error) {
	r.making <- struct{}{}
	mail, err := r.c.Messages.Message(a.d)
	<-r.making
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		a.to.made.keep(mail.Size)
	}
	return mail, err
}

// forget lets go of a message that nobody needs any more.
func (r *Run) forget(a *admission, mail sender.Mail) {
	if m, ok := mail.Body.(interface{ Release() }); ok {
		m.Release()
	}
	r.mu.Lock()
	a.to.made.drop(mail.Size)
	r.mu.Unlock()
}

// conclude does what an ending asks for. It is the one place that does.
func (r *Run) conclude(ctx context.Context, a *admission, mail sender.Mail, e ending) {
	v := decide(e)
	if v.use == counts {
		a.stamp(r.c.Now())
	} else {
		r.release(a)
	}
	r.conceded(a.to, e.out)
	r.judgeServer(a, v.before, e.out)
	switch v.delivery {
	case toSuppressed:
		r.settled(a, ledger.Result{State: ledger.Suppressed, Text: suppressed(e.begin).Reason})
	case toHalted:
		r.halt(fmt.Errorf("ledger: %w", e.begin))
		r.putBack(a)
	case toSent:
		r.keep(a, mail)
		r.settle(a, r.result(ledger.Sent, e.out))
	case toRefused:
		r.settle(a, r.result(ledger.Refused, e.out))
		r.learn(a, e.out)
	case toUnknown:
		if r.settle(a, r.result(ledger.Unknown, e.out)); ctx.Err() != nil {
			v.after = nothing // this outcome has ended the run: nobody waits for the server any more
		}
	case toStumbled:
		r.mu.Lock()
		r.stumbles[a.d.ID]++
		r.mu.Unlock()
		r.putBack(a)
	case toPending:
		r.putBack(a)
	case toServer:
		res := r.result(ledger.Deferred, e.out)
		res.Due = r.c.Now().Add(max(e.out.HoldOff, firstServerHold))
		r.settle(a, res)
	case toGroup:
		r.deferGroup(a, e.out)
	case toDeferred:
		if e.out.Code != 0 || e.out.About == reply.AboutGroup {
			r.mu.Lock()
			r.c.Pacer.PutOff(a.d, r.c.Now())
			r.mu.Unlock()
		}
		r.defers(a, e.out)
	}
	r.judgeServer(a, v.after, e.out)
}

// conceded ends the rows of a server that has accepted a recipient and has given a whole reply to the message. Whom it
// refused before was refused for itself.
func (r *Run) conceded(s *server, out sender.Outcome) {
	if out.Class != reply.OK && (out.Stage != reply.End || out.Code == 0) {
		return
	}
	r.mu.Lock()
	s.doubts = 0
	kept := s.refusals.take()
	r.mu.Unlock()
	for _, k := range kept {
		r.learned(k)
	}
}

// judgeServer notes what an ending says about the server.
func (r *Run) judgeServer(a *admission, v view, out sender.Outcome) {
	s := a.to
	switch v {
	case liked:
		r.mu.Lock()
		s.answered()
		s.disliked = 0
		r.mu.Unlock()
	case answered:
		r.mu.Lock()
		s.answered()
		r.mu.Unlock()
	case disliked:
		r.mu.Lock()
		s.answered()
		r.mu.Unlock()
		r.dislike(s, out)
		r.alike(a, out)
	case doubted:
		r.doubt(s, out)
	case blamed:
		r.blame(s, out)
	}
}

// keep hands on what a server has taken.
func (r *Run) keep(a *admission, m sender.Mail) {
	if r.c.Sent == nil {
		return
	}
	if err := r.c.Sent(a.d, m, a.to.Name); err != nil {
		r.halt(err)
	}
}

// learn hands on what a server has refused for good, or keeps it back until it is sure that the words are about the
// recipient.
func (r *Run) learn(a *admission, out sender.Outcome) {
	if r.c.Refused == nil {
		return
	}
	k := refusal{d: a.d, out: out}
	r.mu.Lock()
	kept := repeatable(out) && a.to.refusals.keep(k)
	r.mu.Unlock()
	if !kept {
		r.learned(k)
	}
}

// learned hands on a refusal.
func (r *Run) learned(k refusal) {
	if err := r.c.Refused(k.d, k.out); err != nil {
		r.halt(err)
	}
}

// learnRest hands on, at the end of a run, what was kept back and is not about the sender.
func (r *Run) learnRest() {
	for _, s := range r.servers {
		for _, k := range s.refusals.rest() {
			r.learned(k)
		}
	}
}

func (r *Run) result(s ledger.State, out sender.Outcome) ledger.Result {
	return ledger.Result{
		State: s, Stage: string(out.Stage), Code: out.Code, Enhanced: out.Enhanced, Text: words(out), Server: out.Server,
		Time: r.c.Now(),
	}
}

// defers schedules another try of a recipient, or gives up.
func (r *Run) defers(a *admission, out sender.Outcome) {
	d, now := a.d, r.c.Now()
	first := d.First
	if first.IsZero() {
		first = now
	}
	due, giveUp := r.c.Retry.Next(d.Attempts+1, first, now, rand.Float64)
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

// deferGroup puts off a delivery whose group's server wants to be left alone, and the group with it.
func (r *Run) deferGroup(a *admission, out sender.Outcome) {
	group := pacing.GroupOf(a.d.Lane)
	now := r.c.Now()
	r.mu.Lock()
	until := r.c.Pacer.Slower(group, now, out.HoldOff)
	r.mu.Unlock()
	out.HoldOff = max(out.HoldOff, until.Sub(now))
	r.defers(a, out)
	r.observe(Event{Kind: Hold, Lane: group, Text: group + ": " + words(out), Until: until})
}
