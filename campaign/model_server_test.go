package campaign

import (
	"context"
	"errors"
	"fmt"
	"io"

	"mailshot/campaign/dispatch"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// talk is one delivery in the hands of a worker of the model's program. The worker runs the program's own code; it
// stops where the server has the word, and goes on when the model gives it the server's answer. So one worker runs at a
// time, and a crash can find each of them anywhere.
type talk struct {
	key   string
	ahead bool // begun ahead of its turn
	begun bool // the server waits for the body
	asks  chan struct{}
	says  chan answer
	done  chan struct{}
}

// answer is what the server says next, and does.
type answer struct {
	stage    reply.Stage
	code     int // 0: the connection is gone
	enhanced string
	text     string
	stored   bool // the server has the message for good
	ahead    bool // the server says nothing yet: the delivery is begun while it waits
	stop     bool // the run ends: nothing was said
	dead     bool // the program is gone
}

type talkKey struct{}

// launch starts a worker on d and returns when it waits for the server, or has ended.
func (m *machine) launch(a *dispatch.Turn) {
	f := &talk{key: a.Key(), asks: make(chan struct{}), says: make(chan answer), done: make(chan struct{})}
	p := m.p
	p.talks = append(p.talks, f)
	go func() {
		defer close(f.done)
		a.Deliver(context.WithValue(p.taking, talkKey{}, f))
	}()
	m.wait(f)
}

// wait returns when f waits for the server or has ended.
func (m *machine) wait(f *talk) {
	select {
	case <-f.asks:
	case <-f.done:
		p := m.p
		for i := range p.talks {
			if p.talks[i] == f {
				p.talks = append(p.talks[:i], p.talks[i+1:]...)
				break
			}
		}
	}
}

// tell gives f the server's answer and returns when f waits again or has ended.
func (m *machine) tell(f *talk, a answer) {
	f.says <- a
	m.wait(f)
}

// hear is the worker's side of tell.
func (f *talk) hear() answer {
	f.asks <- struct{}{}
	return <-f.says
}

// wire is the program's way to the model's server: the contract of sender.Pool's Send.
type wire struct{ m *machine }

func (wire) Check(context.Context) error { return nil }
func (wire) Close() error                { return nil }
func (wire) Abort()                      {}

func (w wire) Send(ctx context.Context, mail sender.Mail, begin func(context.Context) error) sender.Outcome {
	f := ctx.Value(talkKey{}).(*talk)
	a := f.hear()
	if a.ahead {
		if err := mail.Ahead(ctx, nil); err != nil {
			return sender.Outcome{Server: "model", Time: w.m.now, Err: err}
		}
		f.ahead = true
		a = f.hear()
	}
	if out, over := w.cut(a, f); over {
		return out
	}
	if a.stage != reply.Connect {
		w.m.used()
	}
	if a.stage != reply.Data || a.code != 354 {
		return w.outcome(a, false)
	}
	if err := begin(ctx); err != nil {
		return sender.Outcome{Stage: reply.Data, Server: "model", Time: w.m.now, Err: err}
	}
	f.ahead, f.begun = false, true
	w.m.bodyBegins(f.key)
	if _, err := mail.Body.WriteTo(io.Discard); err != nil {
		return w.outcome(answer{stage: reply.Body, text: err.Error()}, true)
	}
	a = f.hear()
	if a.stored {
		w.m.stores(f.key)
	}
	if out, over := w.cut(a, f); over {
		return out
	}
	return w.outcome(a, true)
}

// cut is the outcome of a Send whose run or program ends.
func (w wire) cut(a answer, f *talk) (sender.Outcome, bool) {
	switch {
	case a.dead:
		return sender.Outcome{Begun: f.begun, Err: errors.New("killed"), Time: w.m.now}, true
	case a.stop && f.begun: // the second interrupt
		return sender.Outcome{Class: reply.Unknown, About: reply.AboutMessage, Begun: true, Stage: reply.End,
			Err: sender.ErrAborted, Time: w.m.now}, true
	case a.stop:
		return sender.Outcome{Err: context.Canceled, Time: w.m.now}, true
	}
	return sender.Outcome{}, false
}

// outcome is what the pool would make of the answer.
func (w wire) outcome(a answer, begun bool) sender.Outcome {
	v := reply.Classify(a.stage, a.code, a.enhanced, a.text, "")
	out := sender.Outcome{
		Class: v.Class, About: v.About, Begun: begun, Stage: a.stage, Code: a.code, Enhanced: a.enhanced, Text: a.text,
		Server: "model", HoldOff: v.HoldOff, Suppress: v.Suppress, Time: w.m.now,
	}
	if v.Class != reply.OK {
		out.Err = fmt.Errorf("%s: %d %s", a.stage, a.code, a.text)
	}
	return out
}

// beforeBody are answers to the envelope, the good one first; afterDot those to the message.
var (
	goAhead    = answer{stage: reply.Data, code: 354}
	taken      = answer{stage: reply.End, code: 250, text: "ok", stored: true}
	beforeBody = []answer{
		goAhead, goAhead, goAhead, goAhead, goAhead, goAhead,
		{stage: reply.Rcpt, code: 550, enhanced: "5.1.1", text: "no such user"},
		{stage: reply.Rcpt, code: 450, enhanced: "4.2.0", text: "greylisted"},
		{stage: reply.Rcpt, code: 452, enhanced: "4.2.2", text: "mailbox full"},
		{stage: reply.Mail, code: 451, enhanced: "4.7.1", text: "slow down"},
		{stage: reply.Data, code: 554, enhanced: "5.7.1", text: "no"},
		{stage: reply.Mail, code: 421, enhanced: "4.7.0", text: "going away"},
		{stage: reply.Rcpt},
		{stage: reply.Connect},
	}
	afterDot = []answer{
		taken, taken, taken, taken, taken,
		{stage: reply.End, stored: true}, // stored, and the reply is lost
		{stage: reply.End},               // not stored, and nothing said
		{stage: reply.End, code: 354, text: "what?", stored: true},
		{stage: reply.End, code: 600, text: "what?"},
		{stage: reply.End, code: 451, enhanced: "4.3.0", text: "later"},
		{stage: reply.End, code: 421, enhanced: "4.3.2", text: "later"},
		{stage: reply.End, code: 554, enhanced: "5.6.0", text: "no"},
		{stage: reply.Body},
	}
)
