package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/caps"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/kept"
	"mailshot/campaign/ledger"
	"mailshot/campaign/meter"
	"mailshot/campaign/outgoing"
	"mailshot/campaign/pacing"
	"mailshot/campaign/repeats"
	"mailshot/campaign/transport"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// RunOptions say how a run behaves. The zero value ends when nothing is due within the hour.
type RunOptions struct {
	Wait bool // stay until nothing is left, however long the caps make it
}

// Summary is what a run came to.
type Summary struct {
	dispatch.Result
	ID       string
	Counts   map[string]int64
	Rows     int64
	Left     int64     // pending, deferred within --limit and --only
	NextDue  time.Time // when the first of those may go; zero = at once
	Full     []string  // the caps that are used up, where something is left for later
	Duration time.Duration
	Copies   kept.Copies // what became of copies for Sent folders
	Traffic  error       // why what its connections counted could not be recorded; nil = it is
}

// Exit codes of a run. README.md lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitFinal       = 4
	exitUnknown     = 5
	exitWorkLeft    = 75
	exitInterrupted = 130
)

// ExitCode is the first that holds: 130 interrupted twice, 1 failed, 75 work is left, 5 unknown outcomes need a
// decision, 4 ended with refused, gave_up, held, bounced or complained, 0 all sent.
func (s *Summary) ExitCode() int {
	n := func(st ledger.State) int64 { return s.Counts[string(st)] }
	switch {
	case s.Interrupted > 1:
		return exitInterrupted
	case s.Failed:
		return exitFailed
	case s.Left > 0:
		return exitWorkLeft
	case n(ledger.Unknown) > 0:
		return exitUnknown
	case n(ledger.Refused)+n(ledger.GaveUp)+n(ledger.Held)+n(ledger.Bounced)+n(ledger.Complained) > 0:
		return exitFinal
	}
	return exitOK
}

// Run sends what the plan left to send. When ctx ends it takes nothing new and finishes what the server may already
// have; when hard is closed it closes every connection, and what was begun is recorded as unknown. Run blocks; every
// goroutine it starts has ended when it returns. An error means that the run could not go on at all; what became of the
// deliveries is in the ledger either way.
func (c *Campaign) Run(ctx context.Context, hard <-chan struct{}, o RunOptions) (*Summary, error) {
	if c.frozen == nil {
		return nil, errors.New("campaign: Run needs a Plan")
	}
	start := time.Now()
	s, err := c.openSending(ctx, o)
	if err != nil {
		return nil, err
	}
	result, err := dispatch.New(s.Config, s.left).Loop(ctx, hard)
	sum, sumErr := s.summary(result)
	var noteErr error
	if sum != nil {
		sum.Duration = time.Since(start)
		noteErr = c.lineage().Ended(context.Background())
	}
	err = once(err, sumErr, noteErr, s.close()) // nobody else waits for copies
	copies, keptErr := s.kept.Finish(ctx, hard)
	if sum == nil {
		s.kept.Say(copies)
	} else {
		sum.Copies, sum.Traffic = copies, s.traffic
	}
	return sum, once(err, keptErr)
}

// once joins errors whose words are not in one before: a ledger that is broken answers everything with the same one.
func once(errs ...error) error {
	var all []error
	for _, e := range errs {
		said := func(have error) bool { return strings.Contains(have.Error(), e.Error()) }
		if e != nil && !slices.ContainsFunc(all, said) {
			all = append(all, e)
		}
	}
	return errors.Join(all...)
}

// sending is what a run of the campaign is made of, and what must be closed after it.
type sending struct {
	dispatch.Config
	c        *Campaign
	left     ledger.Outlook
	run      *ledger.Run
	messages *outgoing.Messages
	memory   *repeats.Recorder // nil: nothing is remembered
	budget   *accounts.Budget
	kept     *kept.Keeper   // nil: nothing is kept of what is sent
	meter    *meter.Meter   // nil: nothing is left to send
	closers  []func() error // of the servers
	traffic  error          // of the meter; see Summary
}

// openSending opens the ledger's run, the servers and the archive; no server is spoken to yet. Where nothing is left to
// send it opens no server. The caller closes the sending.
func (c *Campaign) openSending(ctx context.Context, o RunOptions) (_ *sending, err error) {
	s := &sending{c: c, Config: dispatch.Config{
		Wait: o.Wait, Block: c.def.Block, Now: c.now, Observe: c.opts.Observe, Retry: c.def.Limits.Retry,
		Refused: c.learn,
	}}
	s.messages = &outgoing.Messages{Maker: c.maker, Now: c.now, Notify: c.def.Notify}
	s.Messages = s.messages
	if c.def.Copies.Any() {
		s.messages.Copies = outgoing.NewCopies(c.servers(), c.ledger)
		s.Copies = s.messages.Copies
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if s.left.Left == 0 {
		return s, nil
	}
	if err := s.record(ctx); err != nil {
		return nil, err
	}
	if s.budget, err = c.accounts.Budget(ctx); err != nil {
		return nil, err
	}
	s.meter = meter.New(ledger.Beside(c.statePath(), c.id, meter.Ending), c.now)
	c.reached = caps.Reached(ctx, c.lookup(), c.servers(), c.ceiling)
	if err := s.openServers(); err != nil {
		return nil, err
	}
	if err := s.messages.Open(ctx, c.def); err != nil {
		return nil, err
	}
	if s.Pacer, err = c.pacer(ctx, c.ledger); err != nil {
		return nil, err
	}
	s.kept, err = kept.Open(kept.Config{Definition: c.def, Way: c.way, Now: c.now, Tell: c.opts.ObserveCopies,
		Rehearsal: c.rehearsal()})
	if err == nil && s.kept.Any() {
		s.Sent = s.kept.Sent
	}
	return s, err
}

// begin opens the ledger's run, and makes it the campaign's newest.
func (s *sending) begin(ctx context.Context) error {
	c := s.c
	choose, err := c.header.Filter(c.only)
	if err != nil {
		return err
	}
	if err := c.hosting(ctx); err != nil {
		return err
	}
	live, err := c.suppress.Live(ctx)
	if err != nil {
		return err
	}
	if s.messages.Copies != nil {
		s.messages.Copies.Suppressed = live.Check
	}
	opts := ledger.RunOptions{Suppressed: live.Check, News: live.News, Now: c.now, Limit: c.limit, Host: c.host()}
	if c.only != "" {
		opts.Only = func(d ledger.Delivery) (bool, error) {
			row, err := c.header.Decode(d.Place, d.Number, d.Fields)
			if err != nil {
				return false, nil // of other columns than the list has now: not chosen
			}
			return choose(row)
		}
	}
	if err := c.alone(ctx); err != nil {
		return err
	}
	if s.run, err = c.ledger.Run(ctx, c.id, opts); err != nil {
		return err
	}
	if err := c.alone(ctx); err != nil {
		return errors.Join(err, s.run.Forgo(ctx))
	}
	s.Deliveries, s.Lanes = s.run, s.run.Lanes()
	s.Answers = func(ctx context.Context, lanes []string, states []ledger.State, most int) ([]ledger.Answer, error) {
		return c.ledger.Answers(ctx, c.id, lanes, states, most)
	}
	if s.left, err = s.run.Outlook(ctx); err != nil {
		return err
	}
	if c.opts.Sink != nil {
		return nil
	}
	return c.lineage().Claim(ctx, s.left.Left)
}

// alone refuses a run if a campaign of another day has begun meanwhile.
func (c *Campaign) alone(ctx context.Context) error {
	if c.family == nil || c.opts.Sink != nil || c.opts.To != nil {
		return nil
	}
	return c.family.Alone(ctx, c.ledger, c.id)
}

// openServers makes the ways out; nothing is spoken to yet.
func (s *sending) openServers() error {
	c := s.c
	lanes := c.terms().Domains()
	for _, def := range c.servers() {
		may := c.Allowance(def)
		warm := c.warmup(def)
		budget := caps.Budget{Accounts: s.budget, Warmup: warm, Now: c.now}
		server := dispatch.Server{
			Name: def.Name, Weight: def.Weight, Direct: def.Direct, Program: def.Sendmail != "", Connections: may.Connections,
			Doubt: s.budget.Doubt,
			Gate:  sender.NewGate(budget, may.Limits[0], lanes, may.Limits[1:]...),
			Further: caps.NewFurther(caps.Further{Budget: budget, Account: may.Limits, Groups: lanes, Group: c.groupOf,
				Now: c.now}).Reserve,
		}
		if warm != nil {
			server.Warmup = warm
			s.closers = append(s.closers, func() error { return warm.Close(context.Background()) })
		}
		way := c.way(def)
		way.Observe = s.meter.Observe(def.Name, way.Observe)
		out, tokens, err := transport.Open(way)
		if err != nil {
			return err
		}
		server.Transport = out
		if tokens != nil {
			server.Mend = tokens.Mend
		}
		s.closers = append(s.closers, out.Close)
		s.Servers = append(s.Servers, server)
	}
	if len(s.Servers) == 0 {
		return transport.NoServer(c.def)
	}
	return nil
}

// close closes what the run used, the servers first, but for what is kept of the messages.
func (s *sending) close() error {
	var errs []error
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer())
	}
	if s.meter != nil {
		s.traffic = s.meter.Close() // beside the run, which is what it was
	}
	if s.budget != nil {
		errs = append(errs, s.budget.Close())
	}
	if s.run != nil {
		err := s.run.Close()
		if err == nil && s.memory != nil {
			err = s.memory.Close()
		}
		errs = append(errs, err)
	}
	return once(errs...)
}

// summary is what the run came to, by the ledger and by its own result.
func (s *sending) summary(r *dispatch.Result) (*Summary, error) {
	ctx := context.Background()
	left, err := s.run.Outlook(ctx)
	if err != nil {
		return nil, err
	}
	counts, rows, err := s.c.ledger.Counts(ctx, s.c.id)
	if err != nil {
		return nil, err
	}
	sum := &Summary{Result: *r, ID: s.c.id, Counts: byName(counts), Rows: rows, Left: left.Left, NextDue: left.Due}
	if sum.OpensAt.After(sum.NextDue) {
		sum.NextDue = sum.OpensAt
	}
	if sum.Left > 0 && sum.NextDue.After(s.c.now()) && s.c.opts.Sink == nil {
		var groups []string
		for _, lane := range left.Lanes {
			groups = append(groups, pacing.GroupOf(lane.Lane))
		}
		sum.Full, err = s.c.terms().Full(ctx, s.c.accounts, s.c.now(), groups)
	}
	return sum, err
}

// learn puts the address of a refused delivery on the user's list, where the server's words are about the mailbox and
// final. What is refused in a rehearsal says nothing about the people of the list.
func (c *Campaign) learn(d *ledger.Delivery, out sender.Outcome) error {
	if !out.Suppress || out.Class != reply.Refuse || c.rehearsal() {
		return nil
	}
	entry := accounts.Entry{
		Domain: c.suppress.Domain(), Key: d.AddressKey, Source: accounts.SourceOf(c.id), Time: c.now(),
		Reason: reply.Clean(fmt.Sprintf("refused: %d %s %s", out.Code, out.Enhanced, out.Text)),
	}
	// It is recorded whatever becomes of the run: its context may already have ended.
	if err := c.accounts.Suppress(context.Background(), entry); err != nil {
		return fmt.Errorf("accounts: %w", err)
	}
	return nil
}

// How many outcomes in a row stop a run, where the campaign file says nothing.
const (
	mostContentRefusals = 10 // messages that one server refuses whoever they are for
	mostSameRefusals    = 10 // recipients of several domains that one server refuses with the same words
	mostDoubts          = 3  // messages that one server gives no whole reply to
)

// pacer has the rules that the campaign file asks for, from where earlier runs came to. Trying out, into a sink or to
// one address, knows no hours and no waves.
func (c *Campaign) pacer(ctx context.Context, l *ledger.Ledger) (*pacing.Pacer, error) {
	own, s := c.def.Limits.Courtesy, c.def.Schedule
	cfg := pacing.Config{Zone: s.Location(), Retry: c.def.Limits.Retry.First}
	if c.rehearsal() {
		return pacing.New(cfg), nil
	}
	if len(own.Waves.Sizes) > 0 || own.StopLoss.Shares() {
		var err error
		if cfg.Progress, err = l.Progress(ctx, c.id); err != nil {
			return nil, err
		}
	}
	cfg.Waves, cfg.StopLoss, cfg.Hours, cfg.Zones, cfg.NotAfter = own.Waves, own.StopLoss, s.Hours, s.ZoneColumn.Given(),
		s.NotAfter
	cfg.StopLoss.Content = cmp.Or(cfg.StopLoss.Content, mostContentRefusals)
	cfg.StopLoss.Same = cmp.Or(cfg.StopLoss.Same, mostSameRefusals)
	cfg.StopLoss.Doubts = cmp.Or(cfg.StopLoss.Doubts, mostDoubts)
	return pacing.New(cfg), nil
}
