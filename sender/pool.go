package sender

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mailshot/sender/auth"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// Pool sends messages to one server over a few connections. It is safe for
// concurrent use, and useful with more callers than connections: they wait.
type Pool struct {
	cfg     Config
	address string
	life    context.Context // ends with Abort
	end     context.CancelFunc
	retired sync.WaitGroup // connections that are saying QUIT

	mu       sync.Mutex
	idle     []*conn // the connection used last is the last
	live     map[*conn]struct{}
	open     int           // live connections, and those being opened
	limit    int           // the most that may be open, never above cfg.Connections
	accepted int           // messages since the limit was lowered
	changed  chan struct{} // closed when something changed; nil: nobody waits
	proven   bool          // the last attempt to connect succeeded
	probing  bool          // an attempt is under way that will show it
	dials    uint64        // attempts to connect, begun
	connects holdOff       // failures to connect
	refusal  Outcome       // the last failure to connect
	stopped  *Outcome      // nothing will work until the configuration changes
	closed   bool
	queue    []*waiter // Sends that may follow on a connection in use, in the order in which they came
	tickets  uint64
	lumps    atomic.Bool // messages do not go out in one write, see unchunk
	silent   atomic.Bool // somebody was told that the server says nothing, see listen

	tune   func(*smtp.Options) // how a probe changes the options of its session; nil: not at all
	login  sync.Mutex
	secret *Secret
}

// conn is a session with what the pool knows about it.
type conn struct {
	*smtp.Session
	timer *time.Timer // ends its idleness
}

// New checks the configuration and returns all its mistakes at once. The pool it returns has opened
// nothing yet.
func New(cfg Config) (*Pool, error) {
	cfg, err := cfg.resolve()
	if err != nil {
		return nil, err
	}
	p := &Pool{cfg: cfg, address: cfg.address(), live: map[*conn]struct{}{}, limit: cfg.Connections}
	p.life, p.end = context.WithCancel(context.Background())
	return p, nil
}

// Send hands over one message. begin is called once at most, in Send's own goroutine, before the
// first byte of the message is written; its error means that no byte is. By then the server has
// accepted the envelope (354), except where the message goes out in one write with its envelope
// (see the package's comment): there the server has heard nothing yet. After an error of begin a
// connection that waits for the message is closed, because SMTP has no other way back.
//
// When ctx ends before begin is called, Send returns at once, with Class "" and ctx's error. After
// begin has returned nil the transaction is finished and reported whatever ctx says; only Abort
// cuts it short. See [Outcome] for the rest.
func (p *Pool) Send(ctx context.Context, m Mail, begin func(context.Context) error) Outcome {
	w := newWaiter(ctx, p.envelope(m), m)
	for fresh := false; ; fresh = true {
		c, used, failed := p.take(ctx, w, fresh)
		if failed != nil {
			return *failed
		}
		out, again, next := p.transact(ctx, c, w.envelope, m.Body, begin)
		if next == nil {
			p.put(c, out)
		} else {
			p.pass(c, next, out)
		}
		if !again || !used {
			if copies := w.envelope.Copies; copies != nil && out.Begun {
				out.Copies = copies.Said
			}
			return out
		}
	}
}

// Check opens a connection, up to and with the login, and keeps it for the first Send. It shows
// before a run whatever is wrong with the server or the credentials. The error is an [*Error].
func (p *Pool) Check(ctx context.Context) error {
	c, _, failed := p.take(ctx, nil, false)
	if failed != nil {
		return &Error{*failed}
	}
	p.put(c, Outcome{})
	return nil
}

// Close says QUIT on the idle connections and closes them. Messages under way are finished, but
// Close does not wait for them: their Sends return to their callers. Later Sends fail with
// [ErrClosed].
func (p *Pool) Close() error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		for _, c := range p.idle {
			c.timer.Stop()
			p.retire(c)
		}
		p.idle = nil
	}
	p.mu.Unlock()
	p.wake()
	p.retired.Wait()
	return nil
}

// Abort closes every connection at once, and ends the pool. The Sends under way return: before
// begin with Class "" and [ErrAborted], after begin with an outcome that may be tried again, after
// the final dot with an unknown one.
func (p *Pool) Abort() {
	p.end()
	p.mu.Lock()
	p.closed = true
	for c := range p.live {
		c.Close()
	}
	var ended []Event
	for _, c := range p.idle {
		c.timer.Stop()
		p.forget(c)
		ended = append(ended, p.ended(c))
	}
	p.idle = nil
	p.mu.Unlock()
	p.wake()
	for _, e := range ended {
		p.cfg.Observe(e)
	}
}

// take returns a connection to use and waits for its turn if it must: the idle connection used
// last, unless a fresh one is wanted, or a new one. used reports that the connection has sent
// before. failed is the outcome when no connection can be had. w is how others find the
// Send that waits; nil: the connection is not for a message.
func (p *Pool) take(ctx context.Context, w *waiter, fresh bool) (c *conn, used bool, failed *Outcome) {
	for {
		p.mu.Lock()
		now := time.Now()
		switch {
		case p.life.Err() != nil:
			p.mu.Unlock()
			return nil, false, p.nothing(ErrAborted)
		case p.closed:
			p.mu.Unlock()
			return nil, false, p.nothing(ErrClosed)
		case ctx.Err() != nil:
			p.nudge() // it may have been called
			p.mu.Unlock()
			return nil, false, p.nothing(ctx.Err())
		case p.stopped != nil:
			out := *p.stopped
			p.mu.Unlock()
			out.Time = now
			return nil, false, &out
		case len(p.idle) > 0 && (!fresh || p.open >= p.limit || !p.mayConnect(now)):
			c := p.pop(fresh)
			if !fresh && !c.Stale() {
				p.mu.Unlock()
				return c, c.Used() > 0, nil
			}
			// The server closed it while it was idle, or it is in the way of a new one. Nobody failed.
			c.Close()
			p.forget(c)
			event := p.ended(c)
			p.mu.Unlock()
			p.cfg.Observe(event)
		case p.open < p.limit && p.mayConnect(now):
			p.open++
			p.probing = !p.proven
			p.mu.Unlock()
			if c, failed := p.connect(ctx); c != nil || failed != nil {
				return c, false, failed
			}
		case p.open == 0:
			out := p.refusal
			out.HoldOff, out.Time = p.connects.left(now), now
			p.mu.Unlock()
			return nil, false, &out
		default:
			if c, failed := p.wait(ctx, w, fresh); c != nil || failed != nil {
				return c, true, failed
			}
		}
	}
}

// mayConnect reports whether a connection may be opened: not while another attempt shows whether it
// can be done at all, nor before the wait after a failure is over.
func (p *Pool) mayConnect(now time.Time) bool {
	return !p.probing && p.connects.left(now) <= 0
}

// connect opens a connection. Its place in p.open is taken already. Both results are nil when the
// pool is to make do with the connections it has.
func (p *Pool) connect(ctx context.Context) (*conn, *Outcome) {
	dialing, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.life, cancel)()
	p.mu.Lock()
	p.dials++
	alone, ticket := p.open == 1, p.dials
	p.mu.Unlock()
	s, err := p.dial(dialing)
	now := time.Now()

	p.mu.Lock()
	p.probing = false
	defer p.wake()
	if err == nil {
		c := p.add(s)
		event := p.event(Opened, "")
		p.mu.Unlock()
		p.cfg.Observe(event)
		return c, nil
	}
	p.open--
	switch {
	case p.life.Err() != nil:
		p.mu.Unlock()
		return nil, p.nothing(ErrAborted)
	case ctx.Err() != nil:
		p.mu.Unlock()
		return nil, p.nothing(ctx.Err())
	}
	out := p.outcome(err)
	event := p.event(Refused, out.Err.Error())
	switch {
	case out.Class == reply.Stop && !p.cfg.stranger:
		stopped := out
		p.stopped = &stopped
	case !alone || p.dials != ticket:
		// The server takes no more than there are at present. Those that were open when it answered
		// may all be through with their messages by now, or not be known yet. Then the next
		// attempt, with no connection beside it, is the one that counts.
		p.limit, p.accepted = max(1, len(p.live)), 0
		p.mu.Unlock()
		p.cfg.Observe(event)
		return nil, nil
	default:
		p.proven = false
		p.limit = p.cfg.Connections // it was not their number
		first := p.cfg.Reconnect.First
		if out.Stage != reply.Connect {
			first = max(first, out.HoldOff) // its own words weigh more
		}
		out.HoldOff = p.connects.fail(now, first, p.cfg.Reconnect.Max)
		p.refusal = out
	}
	p.mu.Unlock()
	p.cfg.Observe(event)
	return nil, &out
}

// add makes a connection of a new session. The lock is held.
func (p *Pool) add(s *smtp.Session) *conn {
	c := &conn{Session: s}
	c.timer = time.AfterFunc(p.cfg.Idle, func() { p.expire(c) })
	c.timer.Stop()
	p.live[c] = struct{}{}
	p.proven = true
	p.connects.reset()
	if p.life.Err() != nil {
		c.Close()
	}
	return c
}

// options are those of a session, without what a single connection adds.
func (p *Pool) options(token Secret) smtp.Options {
	o := smtp.Options{
		Address:  p.address,
		Security: smtp.Security(p.cfg.TLS),
		TLS: &tls.Config{
			ServerName: cmp.Or(p.cfg.Host, "localhost"), RootCAs: p.cfg.RootCAs, Certificates: p.cfg.Certificates,
		},
		Helo:     p.cfg.Helo,
		Timeouts: p.cfg.Timeouts,
		Dial:     p.cfg.Dial,

		LMTP: p.cfg.Protocol == LMTP, LockStep: p.cfg.LockStep, RequireTLS: p.cfg.RequireTLS,
	}
	if p.cfg.Socket != "" {
		o.Network = "unix"
	}
	o.Fingerprint, _ = hex.DecodeString(p.cfg.Fingerprint) // checked by New
	if p.cfg.authenticates() {
		o.Auth = func(ctx context.Context, server auth.Server) (*auth.Client, error) {
			return p.authenticate(ctx, server, token)
		}
	}
	return o
}

// dial opens a session. It asks for the token first, so that no connection waits for one.
func (p *Pool) dial(ctx context.Context) (*smtp.Session, error) {
	token := Secret("")
	if p.cfg.Token != nil {
		var err error
		if token, err = p.cfg.Token(ctx); err != nil {
			e := &smtp.Error{Stage: reply.Auth, Text: "token: " + reply.Clean(err.Error()), Err: err, Stop: true}
			var passing interface{ Temporary() bool }
			if ctx.Err() != nil || errors.As(err, &passing) && passing.Temporary() {
				e.Stop = false
			}
			return nil, e
		}
	}
	o := p.options(token)
	if p.tune != nil {
		p.tune(&o)
	}
	defer p.listen(&o)()
	return smtp.Dial(ctx, o)
}

// authenticate chooses the mechanism for a connection.
func (p *Pool) authenticate(ctx context.Context, server auth.Server, token Secret) (*auth.Client, error) {
	c := auth.Credentials{Mechanism: p.cfg.Auth, Username: p.cfg.Username, Token: string(token)}
	if p.cfg.Password != nil {
		p.login.Lock()
		defer p.login.Unlock()
		if p.secret == nil {
			secret, err := p.cfg.Password(ctx)
			if err != nil {
				return nil, fmt.Errorf("password: %w", err)
			}
			p.secret = &secret
		}
		c.Password = string(*p.secret)
	}
	return auth.Choose(server, c)
}

// put takes back a connection after a transaction that ended in out.
func (p *Pool) put(c *conn, out Outcome) {
	p.mu.Lock()
	p.account(out)
	var event Event
	switch {
	case p.closed:
		p.mu.Unlock()
		c.Quit() // nobody waits for it, not even Close
		p.mu.Lock()
		p.forget(c)
		event = p.ended(c)
	case c.Closed():
		p.forget(c)
		event = p.ended(c)
		if out.Class != "" {
			event.Kind, event.Text = Lost, out.Text
		}
	case p.open > p.limit, c.Used() >= p.cfg.MessagesPerConnection:
		p.retire(c)
	case p.stopped == nil && p.hand(c):
		p.mu.Unlock()
		return
	default:
		p.idle = append(p.idle, c)
		c.timer.Reset(p.cfg.Idle)
	}
	p.mu.Unlock()
	p.wake()
	if event.Kind != "" {
		p.cfg.Observe(event)
	}
}

// pop takes an idle connection off the list: the one used last, or the one unused the longest.
func (p *Pool) pop(oldest bool) *conn {
	i := len(p.idle) - 1
	if oldest {
		i = 0
	}
	c := p.idle[i]
	p.idle = slices.Delete(p.idle, i, i+1)
	c.timer.Stop()
	return c
}

// expire closes a connection that was idle for too long, unless it has just been taken.
func (p *Pool) expire(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, c); i >= 0 && !p.closed {
		p.idle = slices.Delete(p.idle, i, i+1)
		p.retire(c)
	}
}

// retire says QUIT on a connection and closes it, without keeping anybody waiting. The connection
// counts as open until it is closed, because servers count so. The lock is held.
func (p *Pool) retire(c *conn) {
	p.retired.Go(func() {
		c.Quit()
		p.mu.Lock()
		p.forget(c)
		event := p.ended(c)
		p.mu.Unlock()
		p.wake()
		p.cfg.Observe(event)
	})
}

// forget drops a closed connection. The lock is held.
func (p *Pool) forget(c *conn) {
	if _, ok := p.live[c]; ok {
		delete(p.live, c)
		p.open--
	}
}

// waiting returns a channel that is closed at the next change. The lock is held.
func (p *Pool) waiting() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// wake tells those who wait that something has changed: those in the queue whom it concerns, and all others. The lock
// is not held.
func (p *Pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nudge()
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// ended describes that a connection was closed. The lock is held.
func (p *Pool) ended(c *conn) Event {
	e := p.event(Closed, "")
	e.Traffic = c.Traffic()
	return e
}

// event describes what happened just now. The lock is held.
func (p *Pool) event(kind EventKind, text string) Event {
	return Event{Kind: kind, Server: p.address, Text: text, Connections: p.open, Time: time.Now()}
}
