package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/definition"
	"mailshot/campaign/dispatch"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/campaign/transport"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/rehearsal"
	"mailshot/cmd/mailshot/textwidth"
	"mailshot/cmd/mailshot/unplanned"
	"mailshot/internal/shell"
	"mailshot/render/address"
)

// sendFlags are the flags of send.
type sendFlags struct {
	id, only, to          string
	limit                 int64
	toSink, yes, wait     bool
	toDrafts              bool
	skipErrors, acceptAll bool
	acceptCopy            bool
	repeat                bool
	json, dns, dryRun     bool
	fresh                 bool // --new
	earlier               bool // the campaign is not the one of today, and was not named
	resolver              string
	fail                  []string
	given                 definition.Flags
	quiet                 bool
	log                   string
}

func (t *tool) sendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send [CAMPAIGN]",
		Short: "Plan, confirm and send; run again to continue",
		Long: `send makes and checks every message, shows the plan, asks, and sends within the caps.

The first send freezes the list. Run it again to continue where it stopped. A finished campaign
sends nothing, however often it is run. An interrupt (Ctrl-C) takes no new messages and waits for
the replies to those on the wire; a second one closes everything and leaves those messages unknown.`,
		Example: `  mailshot send --to-sink --yes campaign.yaml    a rehearsal; messages end up as files
  mailshot send --to me@example.com DIR          the first 20 messages, all to one address
  mailshot send --limit 50 --only 'city == "Oslo"' DIR
  mailshot send --set month=November DIR         {{.month}} in all messages
  mailshot send --recipients 'Ann <ann@example.com>, bob@example.com' notice.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.send(cmd, args, f) },
	}
	fs := cmd.Flags()
	idFlag(cmd, &f.id, false, "send as this campaign `ID` instead of the file's")
	newDay(cmd, &f.fresh)
	givenFlags(cmd, &f.given)
	unattendedFlags(cmd, &f)
	fs.StringVar(&f.only, "only", "", "send only to rows for which the `EXPRESSION` is true; the others wait")
	fs.Int64Var(&f.limit, "limit", 0, "send at most `N` messages now; the others wait")
	fs.StringVar(&f.to, "to", "", "a rehearsal: send every message to this `ADDRESS`, 20 unless --limit says otherwise")
	fs.BoolVar(&f.toSink, "to-sink", false,
		"a rehearsal: send to a built-in server on this machine, with a ledger of its own")
	fs.BoolVar(&f.toDrafts, "to-drafts", false,
		"put the messages into the Drafts folder by IMAP instead of sending them; each counts as sent")
	fs.StringArrayVar(&f.fail, "fail", nil,
		"with --to-sink: a fault for the built-in server to show, as in mailshot sink (`RULE`)")
	fs.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	fs.BoolVar(&f.wait, "wait", false, "stay until nothing is left, even when nothing is due within the hour")
	fs.BoolVar(&f.skipErrors, "skip-errors", false, "leave out rows with errors instead of refusing the campaign")
	fs.BoolVar(&f.acceptAll, "accept-changes", false,
		"accept changed templates or a changed list in a campaign that has begun")
	fs.BoolVar(&f.repeat, "repeat", false,
		"send also what people got before: this very message, or with --accept-changes one under another key")
	fs.BoolVar(&f.acceptCopy, "accept-copy", false,
		"continue with a ledger that is an older copy, from another machine, or new in place of a lost one; "+
			"what may have been sent becomes unknown")
	fs.BoolVar(&f.json, "json", false, "print the result as JSON")
	fs.BoolVar(&f.dns, "dns", false,
		"while planning, ask the DNS whether the domains of the list accept mail, as check --dns does")
	fs.StringVar(&f.resolver, "resolver", "",
		"with --dns: ask the DNS server at this `HOST:PORT` (default the system's)")
	fs.BoolVar(&f.dryRun, "dry-run", false, "refused, with what does it") // people know it from other tools
	_ = fs.MarkHidden("dry-run")
	return cmd
}

func (t *tool) send(cmd *cobra.Command, args []string, f sendFlags) (err error) {
	d, err := t.loadGiven(cmd, args, f.given)
	if err != nil {
		return err
	}
	o, err := t.sendOptions(cmd, d, f)
	if err != nil {
		return err
	}
	w := t.watch(&f, d)
	defer func() { err = w.ended(err) }()
	var r *rehearsal.Rehearsal
	if f.toSink {
		if r, err = t.rehearse(cmd, d, f, &o); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, r.Close()) }()
	}
	progress := t.progress(f)
	o.Observe = func(e dispatch.Event) { w.observe(e); progress.observe(e) }
	o.ObserveConnections, o.ObserveCopies = progress.connection, progress.copies
	ctx, hard, stop := interrupts(cmd.Context())
	defer stop()
	// A pipe that nobody reads any more (| head) would end the program with messages on the wire. So SIGPIPE, like an
	// interrupt, only stops taking new ones. What is said at the end may meet that pipe too.
	ctx, t.unpipe = signal.NotifyContext(ctx, syscall.SIGPIPE)
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	w.begins(c.ID())
	f.earlier = c.Family() != nil && c.Family().Earlier(c.ID())
	plan, err := t.settlePlan(ctx, c, f, d.Path, r)
	if err != nil {
		return err
	}
	w.planned(c.ID())
	progress.zone, progress.ends = t.now().Location(), plan.Ends
	f.fresh = false // it has begun, so the next command is about the same campaign
	finished := progress.show()
	sum, err := c.Run(ctx, hard, campaign.RunOptions{Wait: f.wait})
	finished()
	w.sum = sum
	if refused := t.otherLedger(err, f, d.Path); refused != nil {
		return refused
	}
	if err != nil && sum == nil {
		return unsent(ctx, err, f.again(t, d.Path))
	}
	if r != nil {
		// The files are complete only now: an mbox appears when it is closed.
		if cerr := r.Close(); cerr != nil {
			return errors.Join(err, cerr)
		}
	}
	return w.say(err, func() error { return t.ended(sum, err, f, d.Path, r) })
}

// unsent is the end of a run that sent nothing, and has not opened a connection: after an error or an interrupt.
func unsent(ctx context.Context, err error, next string) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return &exit{exitWorkLeft, errors.New("interrupted; nothing was sent"), next}
	}
	return &exit{exitFailed, err, next}
}

// sendOptions checks the flags, and gives the campaign that they ask for.
func (t *tool) sendOptions(cmd *cobra.Command, d *definition.Definition, f sendFlags) (campaign.Options, error) {
	o := t.options(d, f.id)
	o.DNS, o.Network, o.New = f.dns, network(f.resolver), f.fresh
	file := shell.Quote(d.Path)
	if f.dryRun {
		return o, usage(errors.New("send has no --dry-run: mailshot preview shows the messages and writes them to files, "+
			"and send --to-sink sends all of them to a server on this machine"), "mailshot send --to-sink --yes "+file)
	}
	if err := errors.Join(mayBeNew(cmd, d, f.id, f.fresh), t.mayAsk(f, d)); err != nil {
		return o, err
	}
	if f.toDrafts && !f.toSink && len(d.Servers) > 0 {
		if err := transport.ToDrafts(d); err != nil {
			return o, usage(fmt.Errorf("%s: %w; nothing was sent", d.Name, err), "")
		}
	}
	if f.to != "" {
		to, err := address.Parse(f.to)
		if err != nil {
			return o, usage(fmt.Errorf("--to: %w", err), "mailshot send --to you@example.com "+file)
		}
		o.To = &to
	}
	switch {
	case f.toSink && f.to != "":
		return o, usage(errors.New("--to and --to-sink are two kinds of rehearsal; choose one"),
			"mailshot send --to-sink "+file)
	case !f.toSink && len(f.fail) > 0:
		return o, usage(errors.New("--fail is for --to-sink"), "mailshot send --to-sink "+file)
	case !f.toSink && len(d.Servers) == 0:
		return o, usage(fmt.Errorf("%s names no server to send to; nothing was sent", d.Name),
			"mailshot send --to-sink "+file)
	case f.toSink && f.toDrafts:
		return o, usage(errors.New("--to-sink and --to-drafts are two places for the messages; choose one"),
			"mailshot send --to-drafts "+file)
	case f.resolver != "" && !f.dns:
		return o, usage(errors.New("--resolver goes with --dns"), "mailshot send --dns "+file)
	case f.limit < 0, f.limit == 0 && cmd.Flags().Changed("limit"):
		return o, usage(errors.New("--limit counts from 1"), "mailshot send --limit 1 "+file)
	}
	return o, nil
}

// rehearse starts the built-in server, and makes it the one to send to, with a ledger and accounts of its own.
func (t *tool) rehearse(cmd *cobra.Command, d *definition.Definition, f sendFlags,
	o *campaign.Options) (*rehearsal.Rehearsal, error) {
	r, err := rehearsal.Start(t.rehearsalHome(d), f.fail)
	if bad := (*rehearsal.RuleError)(nil); errors.As(err, &bad) {
		return nil, badRule(bad.Text, bad.Err)
	}
	if err != nil {
		return nil, err
	}
	if err := r.Takes(cmd.Context(), o); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// settlePlan makes the plan, shows it, and asks. After it a run may begin; r is the rehearsal's server, or nil.
func (t *tool) settlePlan(ctx context.Context, c *campaign.Campaign, f sendFlags, file string,
	r *rehearsal.Rehearsal) (*campaign.Plan, error) {
	silent := f.quiet && f.yes // there is nobody to ask
	if t.screen.terminal && !silent {
		t.say("making and checking every message; nothing is sent yet")
	}
	end := sparing()
	plan, err := c.Plan(ctx, campaign.PlanOptions{
		SkipErrors: f.skipErrors, AcceptChanges: f.acceptAll, AcceptCopy: f.acceptCopy, Repeat: f.repeat,
		Only: f.only, Limit: f.limit,
		Confirm: func(ch campaign.Changes) (bool, error) {
			if silent {
				return true, nil
			}
			return t.confirmChanges(ctx, ch, f.yes)
		},
	})
	end()
	if err != nil {
		return nil, t.unplanned(err, f, c, file)
	}
	if plan.Doubtful > 0 {
		t.say("%s unknown: a run that this ledger does not know of may have sent them",
			human.Plural(plan.Doubtful, "message is now", "messages are now"))
	}
	if !silent {
		t.showPlan(c.ID(), plan)
	}
	if plan.ToSend == 0 {
		return plan, nil
	}
	if err := t.confirm(ctx, plan.ToSend, f, f.again(t, file)); err != nil || r == nil {
		return plan, err
	}
	return plan, r.Keep(plan.ToSend)
}

// unplanned says why there is no plan, and names the next command.
func (t *tool) unplanned(err error, f sendFlags, c *campaign.Campaign, file string) error {
	id, why := c.ID(), unplanned.Of(err)
	if refused := t.otherLedger(err, f, file); refused != nil {
		return refused
	}
	switch why.Kind {
	case unplanned.Unfinished:
		return t.undecided(why.Open, f, file)
	case unplanned.Changed:
		ways := t.changedEarlier(c.Family(), f, id, file)
		if why.Missing == nil {
			f.acceptAll = true
		} else {
			t.given += strings.Join(why.Missing, "=VALUE ") + "=VALUE "
		}
		return &exit{exitFindings, fmt.Errorf("%w; nothing was sent%s", err, ways), f.again(t, file)}
	case unplanned.Purged:
		f.id, f.acceptAll = id+"-2", false
		return &exit{exitFindings, why.Refusal(), f.again(t, file)}
	case unplanned.Lost:
		return &exit{exitFindings, why.Refusal(), "mailshot status " + f.look(t, id, file)}
	case unplanned.Erased:
		there := *t
		there.accounts = "FILE"
		return &exit{exitFindings, why.Refusal(), f.again(&there, file)}
	case unplanned.Locked:
		return &exit{exitWorkLeft, fmt.Errorf("%w; wait for it, or stop it with an interrupt", err),
			"mailshot status " + f.look(t, id, file)}
	}
	return t.refuse(err, file)
}

// otherLedger refuses a ledger that is not the one that the campaign was sent with, and says what to do; nil if err is
// not about that.
func (t *tool) otherLedger(err error, f sendFlags, file string) error {
	if err == nil {
		return nil
	}
	why := unplanned.Of(err)
	if why.Kind != unplanned.Gone && why.Kind != unplanned.Copied {
		return nil
	}
	there := *t
	if f.acceptCopy = why.Ledger == ""; why.Ledger != "" {
		there.state = why.Ledger
	}
	next, refusal := f.again(&there, file), why.Refusal()
	if why.Kind == unplanned.Gone && f.earlier {
		refusal = fmt.Errorf("%w\n--new begins today's campaign and mails everybody on the list", refusal)
	}
	return &exit{exitFindings, refusal, next}
}

// mayAsk refuses, before any work, a send that would end in a question that nobody can answer.
func (t *tool) mayAsk(f sendFlags, d *definition.Definition) error {
	why := ""
	switch {
	case f.yes:
	case d.Recipients.File == "-":
		why = "the list comes from standard input"
	case d.Piped != "":
		why = "the body comes from standard input"
	case !isTerminal(t.stdin):
		why = "standard input is not a terminal"
	}
	if why == "" {
		return nil
	}
	f.yes = true
	return usage(fmt.Errorf("%s, so there is nobody to ask; nothing was sent (--yes says yes)", why),
		f.again(t, d.Path))
}

// failures counts, in words, the rows of the campaign that a person must look at, those of earlier runs included.
func failures(sum *campaign.Summary) string {
	var words []string
	for _, s := range []ledger.State{ledger.Bounced, ledger.Complained, ledger.Refused, ledger.GaveUp, ledger.Held} {
		if n := sum.Counts[string(s)]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, s))
		}
	}
	if words == nil {
		return ""
	}
	return "; in total " + strings.Join(words, ", ")
}

// ended says what the run came to and gives its exit code. r is the rehearsal's server, or nil.
func (t *tool) ended(sum *campaign.Summary, err error, f sendFlags, file string, r *rehearsal.Rehearsal) error {
	s := report.Summary{Campaign: sum.ID, Rows: sum.Rows, NextDue: sum.NextDue}
	for _, state := range ledger.States() {
		s.Counts = append(s.Counts, report.Count{State: string(state), N: sum.Counts[string(state)]})
	}
	s.Filed = report.SentCopies{Folders: sum.Copies.Folders, Filed: sum.Copies.Filed, Failed: sum.Copies.Failed}
	// If nobody reads the output, what is left to send or to decide still makes the exit code.
	if f.json {
		err = errors.Join(err, writeJSON(t.stdout, s))
	} else if _, e := fmt.Fprintln(t.stdout, textwidth.Sum(s.Identity(), t.width())); e != nil {
		err = errors.Join(err, e)
	}
	of := ""
	if f.earlier {
		of = " of campaign " + sum.ID + ", begun on another day"
	}
	sent := "sent"
	if f.toDrafts {
		sent = "put into Drafts"
	}
	t.say("%d %s in %s%s%s", sum.Sent, sent, human.Duration(sum.Duration), of, failures(sum))
	t.sayCopies(sum, s.Filed)
	t.sayTraffic(sum)
	if r != nil && sum.Sent > 0 {
		t.say("the messages are in %s", r.Path())
	}
	for _, out := range sum.Out {
		if !strings.Contains(sum.Stopped, out) {
			t.say("out: %s", report.CleanLines(out))
		}
	}
	if sum.Stopped != "" && (err == nil || !strings.Contains(err.Error(), sum.Stopped)) {
		t.say("stopped: %s", report.CleanLines(sum.Stopped))
	}
	e := &exit{code: sum.ExitCode(), err: err}
	if err != nil && e.code == 0 {
		e.code = exitFailed
	}
	if e.code == 0 {
		if n := sum.Counts[string(ledger.Pending)] + sum.Counts[string(ledger.Deferred)]; n > 0 && sum.Left == 0 {
			t.say("%s for a send without %s", human.Plural(n, "message waits", "messages wait"), f.narrowed())
		}
		return nil
	}
	look := f.look(t, sum.ID, file)
	if r != nil {
		look = "--state " + shell.Quote(r.State()) + " " + f.named(sum.ID) + shell.Quote(file)
	}
	e.next = t.afterSend(sum, err, f.again(t, file), look)
	return e
}

// afterSend says what a run left to do, and returns the next command. again is this command; look names the campaign
// for the commands that look at it.
func (t *tool) afterSend(sum *campaign.Summary, err error, again, look string) (next string) {
	switch {
	case sum.Interrupted > 1:
		t.say("interrupted twice")
		return again
	case sum.Failed && sum.Next != "":
		return sum.Next
	case sum.Failed || err != nil:
		return again
	}
	next = "mailshot report " + look
	if sum.Left > 0 {
		next = again
	}
	words := []string{}
	if n := sum.Counts[string(ledger.Unknown)]; n > 0 {
		words, next = append(words, unknownWords(n)), "mailshot resolve "+look
	}
	if sum.Left > 0 {
		words = append(words, leftWords(sum, t.now()))
	}
	if len(words) > 0 {
		t.say("%s", strings.Join(words, "; "))
	}
	return next
}

// leftWords says how many messages are left, which caps are used up, and when the next may go.
func leftWords(sum *campaign.Summary, now time.Time) string {
	why := human.Plural(sum.Left, "message is", "messages are") + " left"
	if len(sum.Full) > 0 {
		why += "; the cap " + strings.Join(sum.Full, " and the cap ") + " is used up"
	}
	if !sum.NextDue.IsZero() {
		why += "; the next may go " + human.When(sum.NextDue, now)
	}
	return why
}

// sayCopies says what became of the copies for Sent folders, and which messages have none.
func (t *tool) sayCopies(sum *campaign.Summary, c report.SentCopies) {
	if words := c.Words(); words != "" {
		t.say("%s", words)
	}
	places := map[string][]string{} // by why there is none
	for _, u := range sum.Copies.Named {
		places[u.Text] = append(places[u.Text], u.Place)
	}
	reasons := slices.SortedFunc(maps.Keys(places), func(a, b string) int {
		return cmp.Or(len(places[b])-len(places[a]), strings.Compare(a, b))
	})
	for i, text := range reasons {
		if i == mostReasons {
			more := 0
			for _, text := range reasons[i:] {
				more += len(places[text])
			}
			t.say("no copy: and %d more; --log FILE has them", more)
			break
		}
		list, more := places[text], ""
		if n := len(list) - mostTold; n > 0 {
			list, more = list[:mostTold], fmt.Sprintf(" and %d more; --log FILE has them", n)
		}
		t.say("no copy: %s: %s%s", report.Clean(text), report.Clean(strings.Join(list, ", ")), more)
	}
}
