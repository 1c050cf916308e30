package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	"mailshot/sender/limits"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// transact plays one transaction. again reports that it may be played once more on a new
// connection, because the connection and not the message failed, before begin. next is the Send
// that was told to follow on the connection, or nil.
func (p *Pool) transact(ctx context.Context, c *conn, e smtp.Envelope, body io.WriterTo,
	begin func(context.Context) error) (out Outcome, again bool, next *waiter) {
	if p.lumps.Load() && !c.Announced() {
		e.Chunk = false
	}
	var refused error
	begun, used := false, c.Used() > 0
	r, err := c.Send(ctx, e, body, func(ctx context.Context) error {
		refused = begin(ctx)
		begun = refused == nil
		return refused
	}, func() (context.Context, smtp.Envelope, bool) {
		if next = p.claim(c); next == nil {
			return nil, smtp.Envelope{}, false
		}
		return next.ctx, next.envelope, true
	})
	switch {
	case err == nil:
		return Outcome{Class: reply.OK, Begun: true, Stage: r.Stage, Code: r.Code, Enhanced: r.Enhanced(),
			Text: c.Said(r), Server: p.address, Time: r.Time}, false, next
	case refused != nil:
		return *p.cutShort(err, refused), false, next
	case !begun && p.life.Err() != nil:
		return *p.cutShort(err, ErrAborted), false, next
	case !begun && ctx.Err() != nil && (c.Closed() || errors.Is(err, context.Cause(ctx))):
		return *p.cutShort(err, ctx.Err()), false, next
	}
	p.unchunk(err)
	out = p.outcome(err)
	out.Begun = begun
	if r.Code != 0 {
		out.Time = r.Time
	}
	enough := p.enough(err)
	if enough && next == nil {
		c.Close()
	}
	broken := !begun && (enough && out.HoldOff == 0 || brokenOff(err))
	if broken && used && told(err) {
		out.HoldOff = 0 // the connection failed: the next try may come at once, with a use of its own
	}
	again = broken && !told(err)
	return out, again, next
}

// brokenOff reports whether the server or the network ended the connection, by 421 or without a
// word. Silence until the time-out is not such an end.
func brokenOff(err error) bool {
	var e *smtp.Error
	var body *smtp.BodyError // the message's own fault
	return errors.As(err, &e) && !errors.As(err, &body) &&
		(e.Code == 421 || e.Code == 0 && !e.Stop && !errors.Is(err, os.ErrDeadlineExceeded))
}

// told reports whether the server has, or may have, heard of the message. The caller's use of the
// caps is spent then, and another try needs another use.
func told(err error) bool {
	var e *smtp.Error
	return errors.As(err, &e) &&
		(e.Stage == reply.Mail && !e.Unheard() || e.Stage == reply.Rcpt || e.Stage == reply.Data)
}

// enough reports whether the connection, rather than the server, has had all that it takes.
func (p *Pool) enough(err error) bool {
	var e *smtp.Error
	return errors.As(err, &e) && !e.Sent && !e.Stop && p.verdict(e).Reconnect
}

// verdict is what a server's answer means. The rules of its provider come first.
func (p *Pool) verdict(e *smtp.Error) reply.Verdict {
	return reply.Classify(e.Stage, e.Code, e.Enhanced, e.Text, p.cfg.Replies)
}

// nothing is the outcome of a Send that was cut short before anything happened.
func (p *Pool) nothing(why error) *Outcome {
	return &Outcome{Server: p.address, Time: time.Now(), Err: why}
}

// cutShort is the outcome of a transaction that ended, by err, before begin or by begin. Its stage
// says whether the server may have heard of the recipient.
func (p *Pool) cutShort(err, why error) *Outcome {
	out := p.nothing(why)
	var e *smtp.Error
	if errors.As(err, &e) {
		out.Stage = e.Stage
	}
	return out
}

// outcome tells what an error of a session or a transaction means.
func (p *Pool) outcome(err error) Outcome {
	out := Outcome{Server: p.address, Time: time.Now(), Err: fmt.Errorf("%s: %w", p.address, err)}
	var e *smtp.Error
	if !errors.As(err, &e) {
		// A session has no other errors. If it had one, nothing would be known.
		out.Class, out.About, out.Text = reply.Unknown, reply.AboutMessage, reply.Clean(err.Error())
		return out
	}
	out.Stage, out.Code, out.Enhanced, out.Text = e.Stage, e.Code, e.Enhanced, e.Text
	var body *smtp.BodyError
	switch {
	case e.Sent:
		out.Class, out.About = reply.Unknown, reply.AboutMessage
	case e.Stop:
		out.Class, out.About = reply.Stop, reply.AboutServer
	case errors.As(err, &body):
		out.Class, out.About = reply.Message, reply.AboutMessage
	default:
		v := p.verdict(e)
		out.Class, out.About, out.HoldOff = v.Class, v.About, v.HoldOff
		// What this end refused says nothing about a mailbox.
		out.Suppress = v.Suppress && !errors.Is(err, smtp.ErrUnfit)
	}
	return out
}

// holdOff is a wait that doubles each time it turns out to have been too short.
type holdOff struct {
	fails int
	until time.Time
}

// fail takes note of a failure and returns how long to wait from now. A failure during a wait is
// that of somebody who was already on the way, and does not lengthen the wait.
func (h *holdOff) fail(now time.Time, first, most time.Duration) time.Duration {
	if left := h.left(now); left > 0 {
		return left
	}
	h.fails++
	schedule := limits.Backoff{First: first, Max: max(first, most)}
	h.until, _ = schedule.Next(h.fails, now, now, rand.Float64)
	return h.left(now)
}

func (h *holdOff) left(now time.Time) time.Duration { return max(0, h.until.Sub(now)) }

func (h *holdOff) reset() { *h = holdOff{} }
