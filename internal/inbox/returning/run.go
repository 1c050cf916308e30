package returning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/returns"
	"mailshot/internal/bounce/parts"
	"mailshot/internal/inbox"
	"mailshot/internal/inbox/events"
	"mailshot/internal/inbox/files"
	"mailshot/internal/inbox/server"
)

// Source is a box that can be opened, and opened again when its connection broke.
type Source struct {
	Name string // for people
	Open func(context.Context) (inbox.Box, error)
	Soft int  // as in returns.Desk
	Act  bool // as in returns.Desk
	// Asked says that a person named it for this time: what cannot be read is not noted as read, so that it is said each
	// time they ask.
	Asked bool
}

// Config says what is collected. Accounts stay the caller's.
type Config struct {
	Accounts *accounts.Accounts
	Ledgers  func(context.Context) ([]string, error) // the files, asked for once a pass
	Sources  []Source
	Since    time.Time // what came before is left alone; zero = nothing is
	Watch    bool      // go on until the context ends
	Batch    int       // how many messages are recorded at once, by a sync of each file; 0 = 200
	Progress func()    // is called after each batch; nil = nobody is
	// Trouble is told when a source or a ledger could not be read, once for as long as that lasts. nil = nobody is.
	Trouble func(source string, err error)
}

// again is how long a source is left alone after its connection broke.
const again = 30 * time.Second

// Summary is what was collected. Its maps are by the words of returns and bounce.
type Summary struct {
	Messages int64            `json:"messages"` // that were new
	Known    int64            `json:"known"`    // of these, read before under another name
	Kinds    map[string]int64 `json:"kinds"`
	Actions  map[string]int64 `json:"actions"`
	States   map[string]int64 `json:"states"`  // what became of deliveries
	Decide   []Returned       `json:"decide"`  // for a person to decide, the first of them
	Unread   []Unread         `json:"unread"`  // what could not be read, the first of it
	Waiting  int64            `json:"waiting"` // what is about campaigns whose ledgers are not here: it is read again
	Failed   []string         `json:"failed"`  // sources and ledgers that could not be read, once each
	Absent   []string         `json:"absent"`  // mbox files that are not there: nothing has come to them yet
}

// Unread is a message that could not be read.
type Unread struct {
	Source, Message, Error string
}

// most shown of what a person is to look at.
const shown = 1000

// collector collects from several sources. Its desk is of one pass of one source at a time.
type collector struct {
	Config
	mu  sync.Mutex // of all that follows, and of what is written
	sum Summary
}

// Run collects. The error says that what came back could not be recorded. A source that could not be read is in the
// summary, and the others are read.
func Run(ctx context.Context, cfg Config) (*Summary, error) {
	c := &collector{Config: cfg, sum: Summary{Kinds: map[string]int64{}, Actions: map[string]int64{},
		States: map[string]int64{}, Decide: []Returned{}, Unread: []Unread{}, Failed: []string{}, Absent: []string{}}}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	for _, s := range cfg.Sources {
		group.Go(func() {
			if err := c.follow(ctx, s); err != nil {
				stop(err)
			}
		})
	}
	group.Wait()
	err := context.Cause(ctx)
	if errors.Is(err, context.Canceled) && cfg.Watch {
		err = nil // a person ended it
	}
	return &c.sum, err
}

// follow reads a source, and with Watch again and again.
func (c *collector) follow(ctx context.Context, s Source) error {
	for {
		err := c.session(ctx, s)
		if ctx.Err() != nil {
			return nil
		}
		if fatal := (*recordError)(nil); errors.As(err, &fatal) {
			return fatal.err
		}
		if err != nil {
			c.trouble(s.Name, err)
		}
		if !c.Watch {
			return nil
		}
		if !rest(ctx, again) {
			return nil
		}
	}
}

// well notes that a source could be read to its end: what was wrong with it is over.
func (c *collector) well(source string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.Failed = slices.DeleteFunc(c.sum.Failed, func(text string) bool { return strings.HasPrefix(text, source+": ") })
}

// trouble notes that a source could not be read. It is said once for as long as it lasts.
func (c *collector) trouble(source string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := source + ": " + err.Error()
	if slices.Contains(c.sum.Failed, text) {
		return // it was said, and lasts
	}
	if len(c.sum.Failed) < shown {
		c.sum.Failed = append(c.sum.Failed, text)
	}
	if c.Trouble != nil {
		c.Trouble(source, err)
	}
}

// session reads a source by one connection: once, or with Watch until it breaks.
func (c *collector) session(ctx context.Context, s Source) (err error) {
	box, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, box.Close()) }()
	var last *returns.Desk
	for {
		desk, err := c.pass(ctx, s, box, last)
		if desk != nil {
			last = desk
		}
		if err != nil || !c.Watch {
			return err
		}
		c.well(s.Name)
		if w, ok := box.(inbox.Waiter); ok {
			if err := w.Wait(ctx); err != nil {
				return err
			}
		} else if !rest(ctx, again) {
			return nil
		}
	}
}

// rest waits, and reports false if the context ended.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// recordError says that what came back could not be recorded, so that nothing more is read.
type recordError struct{ err error }

func (e *recordError) Error() string { return e.err.Error() }
func (e *recordError) Unwrap() error { return e.err }

// pass reads what is new in a box, and records it batch by batch. It returns the desk that decided, which is closed: nil
// if nothing is new. last is that of the last pass in which something was.
func (c *collector) pass(ctx context.Context, s Source, box inbox.Box, last *returns.Desk) (_ *returns.Desk, err error) {
	p := &pass{collector: c, source: s, box: box.Name(), keep: func() {}, last: last}
	err = p.read(ctx, box)
	return p.desk, errors.Join(err, p.close())
}

// read reads what is new in a box.
func (p *pass) read(ctx context.Context, box inbox.Box) error {
	began := time.Now()
	seen, err := p.Accounts.Collected(ctx, p.box)
	if err != nil {
		return &recordError{err}
	}
	if k, ok := box.(interface{ Keep() }); ok { // of webhooks, which Done removes
		p.keep = k.Keep
	}
	var there []string
	err = box.Each(ctx, func(id string) bool {
		there = append(there, id)
		return seen(id)
	}, func(m inbox.Message) error {
		if !p.Since.IsZero() && m.Received.Before(p.Since) && !m.Received.IsZero() {
			p.keep()
			return nil
		}
		return p.take(ctx, m)
	})
	missing := p.absent(err)
	if done := p.flush(ctx); done != nil || err != nil && !missing {
		return errors.Join(err, done)
	} else if err != nil {
		return nil // what is noted of it stays: programs that empty an mbox remove it, and may bring it back
	}
	if d, ok := box.(interface{ Done() error }); ok { // what webhooks brought, and is durable now
		if err := d.Done(); err != nil {
			return err
		}
	}
	if _, err := p.Accounts.KeepCollected(ctx, p.box, there, began); err != nil {
		return &recordError{err}
	}
	return nil
}

// pass is one reading of one box.
type pass struct {
	*collector
	source    Source
	box       string
	keep      func()        // what is read now is to be read again
	last      *returns.Desk // of the pass before; nil = there was none
	desk      *returns.Desk // nil until something is new
	decisions []returns.Decision
	ids       []string // of what was read, to be remembered when the decisions are durable
	n         int
}

// absent notes whether an error says that the box is an mbox that is not there, which is no fault: whoever delivers to it
// makes it for the first message.
func (p *pass) absent(err error) bool {
	missing := errors.As(err, new(*files.AbsentError))
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.sum.Absent, p.source.Name)
	switch {
	case missing && at < 0:
		p.sum.Absent = append(p.sum.Absent, p.source.Name)
	case !missing && at >= 0:
		p.sum.Absent = slices.Delete(p.sum.Absent, at, at+1)
	}
	return missing
}

func (p *pass) close() error {
	if p.desk == nil {
		return nil
	}
	return p.desk.Close()
}

// take decides about one message.
func (p *pass) take(ctx context.Context, m inbox.Message) error {
	if p.desk == nil {
		files, err := p.Ledgers(ctx)
		if err == nil {
			p.desk, err = returns.Open(ctx, p.Accounts, files)
		}
		if err != nil {
			return &recordError{err}
		}
		p.desk.Soft, p.desk.Act = p.source.Soft, p.source.Act
		if p.last != nil {
			p.desk.Recall(p.last)
		}
		for _, text := range p.desk.Elsewhere() {
			p.trouble("ledger", errors.New(text))
		}
	}
	said, err := read(ctx, p.box, m)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return p.unread(ctx, m, err)
	}
	all, err := p.desk.Decide(ctx, said)
	if err != nil {
		return &recordError{err}
	}
	later := false
	for _, d := range all {
		later = later || d.Later
	}
	p.n++
	p.decisions = append(p.decisions, all...)
	if later {
		p.keep()
	} else {
		p.ids = append(p.ids, m.ID)
	}
	p.count(m, all, later)
	if p.n%cmp.Or(p.Batch, 200) == 0 {
		return p.flush(ctx)
	}
	return nil
}

// unread notes a message that could not be read. What is too large or not a message stays so, and is not asked for
// again, unless a person names it again.
func (p *pass) unread(ctx context.Context, m inbox.Message, err error) error {
	p.mu.Lock()
	if len(p.sum.Unread) < shown {
		p.sum.Unread = append(p.sum.Unread, Unread{p.box, m.ID, err.Error()})
	}
	p.mu.Unlock()
	if forGood(err) && !p.source.Asked {
		p.ids = append(p.ids, m.ID)
	} else {
		p.keep()
	}
	return nil
}

// forGood says that a message cannot be read at any other time either. Whatever else is wrong may pass.
func forGood(err error) bool {
	var (
		limit *parts.LimitError
		large *largeError
		more  *server.TooLargeError
		event *events.Mistake
	)
	return errors.As(err, &event) || errors.As(err, &limit) || errors.As(err, &large) || errors.As(err, &more)
}

// count counts a message.
func (p *pass) count(m inbox.Message, all []returns.Decision, later bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum.Messages++
	if later {
		p.sum.Waiting++
	}
	for _, d := range all {
		p.sum.Kinds[d.Kind]++
		if d.Action == returns.List && len(p.sum.Decide) < shown {
			p.sum.Decide = append(p.sum.Decide, returned(m.ID, p.box, d))
		}
	}
}

// flush makes durable what was decided, and then remembers what was read: a kill between them has it read and decided
// again, which changes nothing.
func (p *pass) flush(ctx context.Context) error {
	if len(p.ids)+len(p.decisions) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	done, err := p.desk.Apply(ctx, p.decisions)
	if err == nil {
		err = p.Accounts.NoteCollected(ctx, p.box, p.ids, time.Now())
	}
	if err != nil {
		return &recordError{fmt.Errorf("what came back could not be recorded: %w", err)}
	}
	for _, d := range p.decisions { // Apply has counted soft bounces
		p.sum.Actions[string(d.Action)]++
	}
	p.sum.Known += done.Known
	for s, n := range done.States {
		p.sum.States[string(s)] += n
	}
	p.decisions, p.ids = p.decisions[:0], p.ids[:0]
	if p.Progress != nil {
		p.Progress()
	}
	return nil
}
