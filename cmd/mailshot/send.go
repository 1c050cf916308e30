package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mailshot/campaign"
	"mailshot/campaign/accounts"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/render/address"
)

// sendFlags are what send was asked for.
type sendFlags struct {
	id, only, to          string
	limit                 int64
	toSink, yes, wait     bool
	skipErrors, acceptAll bool
	acceptCopy            bool
	json, dns             bool
	resolver              string
	fail                  []string
}

func (t *tool) sendCommand() *cobra.Command {
	var f sendFlags
	cmd := &cobra.Command{
		Use:   "send [CAMPAIGN]",
		Short: "Plan, confirm and send; run again to go on where it stopped",
		Long: `send makes and checks every message, shows the plan, asks, and sends within the caps.

The first send freezes the list. Run it again to go on where it stopped; a finished campaign sends nothing, however often
it is run. An interrupt (Ctrl-C) takes nothing new and waits for the replies to what is on the wire; a second one closes
everything and leaves those messages unknown.`,
		Example: `  mailshot send --to-sink --yes campaign.yaml    a rehearsal; messages end up as files
  mailshot send --to me@example.com DIR          the first 20 messages, all to one address
  mailshot send --limit 50 --only 'city == "Oslo"' DIR`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return t.send(cmd, args, f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.id, "id", "", "send as this campaign `ID` instead of the file's")
	fs.StringVar(&f.only, "only", "", "send only to rows for which the `EXPRESSION` is true; the others wait")
	fs.Int64Var(&f.limit, "limit", 0, "send at most `N` messages now; the others wait")
	fs.StringVar(&f.to, "to", "", "a rehearsal: send every message to this `ADDRESS`, 20 unless --limit says otherwise")
	fs.BoolVar(&f.toSink, "to-sink", false, "a rehearsal: send to a built-in server on this machine, with a ledger of its own")
	fs.StringArrayVar(&f.fail, "fail", nil, "with --to-sink: a fault for the built-in server to show, as in mailshot sink (`RULE`)")
	fs.BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	fs.BoolVar(&f.wait, "wait", false, "stay until nothing is left, also when nothing is due within the hour")
	fs.BoolVar(&f.skipErrors, "skip-errors", false, "leave out rows with faults instead of refusing the campaign")
	fs.BoolVar(&f.acceptAll, "accept-changes", false, "take changed templates or a changed list into a campaign that has begun")
	fs.BoolVar(&f.acceptCopy, "accept-copy", false, "go on with a ledger that is an older copy, or comes from another machine; what may have been sent becomes unknown")
	fs.BoolVar(&f.json, "json", false, "print the result as JSON")
	fs.BoolVar(&f.dns, "dns", false, "while planning, ask the DNS whether the domains of the list take mail, as check --dns")
	fs.StringVar(&f.resolver, "resolver", "", "with --dns: ask the DNS server at this `HOST:PORT` (default the system's)")
	return cmd
}

func (t *tool) send(cmd *cobra.Command, args []string, f sendFlags) (err error) {
	d, err := t.load(cmd, args)
	if err != nil {
		return err
	}
	o := campaign.Options{Definition: d, ID: f.id, State: t.state, Accounts: t.accounts, Stdin: t.stdin, DNS: f.dns, Network: network(f.resolver)}
	again := f.again(t, d.Path)
	if err := t.mayAsk(f, d); err != nil {
		return err
	}
	if f.to != "" {
		to, err := address.Parse(f.to)
		if err != nil {
			return usage(fmt.Errorf("--to: %w", err), "mailshot send --to you@example.com "+quoted(d.Path))
		}
		o.To = &to
	}
	switch {
	case f.toSink && f.to != "":
		return usage(errors.New("--to and --to-sink are two kinds of rehearsal; choose one"), "mailshot send --to-sink "+quoted(d.Path))
	case !f.toSink && len(f.fail) > 0:
		return usage(errors.New("--fail is for --to-sink"), "mailshot send --to-sink "+quoted(d.Path))
	case !f.toSink && len(d.Servers) == 0:
		return usage(fmt.Errorf("%s names no server to send to; nothing was sent", d.Name), "mailshot send --to-sink "+quoted(d.Path))
	case f.id != "" && !definition.ValidID(f.id):
		return usage(fmt.Errorf("--id: %q cannot be an id (up to 100 letters, digits, . _ -)", f.id), "mailshot send --id news-2 "+quoted(d.Path))
	case f.resolver != "" && !f.dns:
		return usage(errors.New("--resolver goes with --dns"), "mailshot send --dns "+quoted(d.Path))
	case f.limit < 0, f.limit == 0 && cmd.Flags().Changed("limit"):
		return usage(errors.New("--limit counts from 1"), "mailshot send --limit 1 "+quoted(d.Path))
	}
	var basin *basin
	if f.toSink {
		if basin, err = openBasin(d.Dir, f.fail); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, basin.close()) }()
		o.Sink, o.State, o.Accounts = basin.target(), basin.state(), basin.accounts()
		// The user's own secret, so that Message-IDs and tokens are those of the real send: byte for byte.
		if err := t.withAccounts(func(a *accounts.Accounts) (err error) {
			o.Sink.Secret, err = a.Secret(cmd.Context())
			return err
		}); err != nil {
			return err
		}
	}

	progress := newProgress(t.screen, t.say)
	o.Observe = progress.observe
	ctx, hard, stop := interrupts(cmd.Context())
	defer stop()
	// A pipe that nobody reads any more (| head) would end the program with messages on the wire: like an interrupt, it
	// only stops the taking. What is said at the end may meet that pipe too.
	ctx, t.unpipe = signal.NotifyContext(ctx, syscall.SIGPIPE)
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return t.refuse(err, d.Path)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if t.screen.terminal {
		t.say("making and checking every message; nothing is sent yet")
	}
	plan, err := c.Plan(ctx, campaign.PlanOptions{
		SkipErrors: f.skipErrors, AcceptChanges: f.acceptAll, AcceptCopy: f.acceptCopy, Only: f.only, Limit: f.limit,
		Confirm: func(ch campaign.Changes) (bool, error) { return t.confirmChanges(ctx, ch, f.yes) },
	})
	if err != nil {
		return t.unplanned(err, f, c.ID(), d.Path)
	}
	if plan.Doubtful > 0 {
		t.say("%s unknown: another copy of the ledger may have sent them", plural(plan.Doubtful, "message is now", "messages are now"))
	}
	t.showPlan(c.ID(), plan)
	if plan.ToSend > 0 {
		if err := t.confirm(ctx, plan.ToSend, f.yes, again); err != nil {
			return err
		}
		if basin != nil {
			if err := basin.open(plan.ToSend); err != nil {
				return err
			}
		}
	}

	finished := progress.show()
	sum, err := c.Run(ctx, hard, campaign.RunOptions{Wait: f.wait})
	finished()
	if copied := (*campaign.CopiedError)(nil); errors.As(err, &copied) {
		return t.copied(copied, f, d.Path)
	}
	if err != nil && sum == nil {
		return &exit{exitFailed, err, f.again(t, d.Path)}
	}
	if basin != nil {
		// The files are complete only now: an mbox appears when it is closed.
		if cerr := basin.close(); cerr != nil {
			return errors.Join(err, cerr)
		}
	}
	return t.ended(sum, err, f, d.Path, basin)
}

// unplanned says why there is no plan to send by.
func (t *tool) unplanned(err error, f sendFlags, id, file string) error {
	var (
		changed *campaign.ChangedError
		copied  *campaign.CopiedError
		purged  *campaign.PurgedError
		locked  *ledger.LockedError
	)
	switch {
	case errors.As(err, &changed):
		f.acceptAll = true
		return &exit{exitFindings, fmt.Errorf("%w; nothing was sent", err), f.again(t, file)}
	case errors.As(err, &copied):
		return t.copied(copied, f, file)
	case errors.As(err, &purged):
		f.id, f.acceptAll = id+"-2", false
		return &exit{exitFindings, fmt.Errorf("%w; nothing was sent\nnew people are sent to as another campaign", err), f.again(t, file)}
	case errors.As(err, &locked):
		return &exit{exitFailed, fmt.Errorf("%w; wait for it, or stop it with an interrupt", err), "mailshot status " + f.look(t, id, file)}
	}
	return t.refuse(err, file)
}

// copied refuses a ledger that is a copy, with what there is to do.
func (t *tool) copied(e *campaign.CopiedError, f sendFlags, file string) error {
	f.acceptCopy = true
	next := f.again(t, file)
	if e.Certain() {
		return &exit{exitFindings, fmt.Errorf("%w; nothing was sent\nbring the newer .mailshot folder here if there is one; --accept-copy makes everything unknown that the other may have sent, for you to resolve", e), next}
	}
	return &exit{exitFindings, fmt.Errorf("%w; nothing was sent\nif it was sent from there since, bring that .mailshot folder here; --accept-copy says that it was not, and that it goes on here", e), next}
}

// mayAsk refuses, before any work, what could only end in a question that nobody can answer.
func (t *tool) mayAsk(f sendFlags, d *definition.Definition) error {
	why := ""
	switch {
	case f.yes:
	case d.Recipients.File == "-":
		why = "the list comes from standard input"
	case !isTerminal(t.stdin):
		why = "standard input is no terminal"
	}
	if why == "" {
		return nil
	}
	f.yes = true
	return usage(fmt.Errorf("%s, so there is nobody to ask; nothing was sent (--yes says yes)", why), f.again(t, d.Path))
}

// again is this call as a person would type it again.
func (f sendFlags) again(t *tool, file string) string {
	words := append([]string{"mailshot send"}, t.flags()...)
	text := func(name, value string) {
		if value != "" {
			words = append(words, name+" "+quoted(value))
		}
	}
	flag := func(name string, set bool) {
		if set {
			words = append(words, name)
		}
	}
	text("--id", f.id)
	text("--only", f.only)
	text("--to", f.to)
	if f.limit > 0 {
		text("--limit", fmt.Sprint(f.limit))
	}
	flag("--to-sink", f.toSink)
	for _, rule := range f.fail {
		text("--fail", rule)
	}
	flag("--skip-errors", f.skipErrors)
	flag("--accept-changes", f.acceptAll)
	flag("--accept-copy", f.acceptCopy)
	flag("--wait", f.wait)
	flag("--dns", f.dns)
	text("--resolver", f.resolver)
	flag("--json", f.json)
	flag("--yes", f.yes)
	return strings.Join(append(words, quoted(file)), " ")
}

// look is the campaign that ran as the commands that look at it name it.
func (f sendFlags) look(t *tool, id, file string) string {
	return strings.TrimLeft(strings.Join(t.flags(), " ")+" "+f.named(id)+quoted(file), " ")
}

// named is --id with the id of the campaign that ran, where the campaign file alone would lead to another one.
func (f sendFlags) named(id string) string {
	if f.id == "" && f.to == "" {
		return ""
	}
	return "--id " + quoted(id) + " "
}

// narrowed names the flags that leave a part of the campaign for later.
func (f sendFlags) narrowed() string {
	switch {
	case f.limit > 0 && f.only != "":
		return "--limit and --only"
	case f.only != "":
		return "--only"
	}
	return "--limit"
}

// failures are the rows of the campaign that a person must look at, in words; those of earlier runs are among them.
func failures(sum *campaign.Summary) string {
	var words []string
	for _, s := range []ledger.State{ledger.Refused, ledger.GaveUp, ledger.Held} {
		if n := sum.Counts[string(s)]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, s))
		}
	}
	if words == nil {
		return ""
	}
	return "; in all " + strings.Join(words, ", ")
}

// showPlan says what a run would do.
func (t *tool) showPlan(id string, p *campaign.Plan) {
	if p.Report != nil {
		t.shown(onlyWarnings(p.Report))
	}
	b := &strings.Builder{}
	if p.Resumed {
		fmt.Fprintf(b, "campaign %s goes on where it stopped\n", report.Clean(id))
	} else {
		fmt.Fprintf(b, "campaign %s\n", report.Clean(id))
	}
	for _, n := range p.Notes {
		fmt.Fprintf(b, "  %s\n", report.Clean(n))
	}
	fmt.Fprintf(b, "  %s: %s\n", plural(p.Rows, "row"), t.countWords(p.Counts))
	if p.Multiple > 0 {
		fmt.Fprintf(b, "  %s more than one message\n", plural(p.Multiple, "address gets", "addresses get"))
	}
	if p.ToSend == 0 {
		b.WriteString("  nothing is to be sent\n")
		t.say("%s", b.String())
		return
	}
	for i, s := range p.Samples {
		if i == 0 {
			fmt.Fprintf(b, "  from %s\n", report.Clean(s.From))
		}
		line := fmt.Sprintf("  to %s: %s (%s", report.Clean(s.To), t.screen.bold(report.Clean(s.Subject)), size(s.Size))
		for _, a := range s.Attachments {
			line += ", " + report.Clean(a)
		}
		fmt.Fprintln(b, line+")")
	}
	if more := p.ToSend - int64(len(p.Samples)); len(p.Samples) > 0 && more > 0 {
		fmt.Fprintf(b, "  and %d more\n", more)
	}
	capWords := func(caps []string) string {
		if len(caps) == 0 {
			return ", no caps"
		}
		return ", caps " + strings.Join(caps, ", ")
	}
	for _, s := range p.Servers {
		name := ""
		if !strings.HasPrefix(s.Server, s.Name) {
			name = report.Clean(s.Name) + ": "
		}
		fmt.Fprintf(b, "  server %s%s, weight %d, %s%s\n", name, report.Clean(s.Server), s.Weight, plural(int64(s.Connections), "connection"), capWords(s.Caps))
	}
	if len(p.Servers) > 0 {
		fmt.Fprintf(b, "  together %s%s", plural(int64(p.Connections), "connection"), capWords(p.Caps))
	} else {
		fmt.Fprintf(b, "  server %s, %s%s", report.Clean(p.Server), plural(int64(p.Connections), "connection"), capWords(p.Caps))
	}
	if now := time.Now(); p.Ends.After(now) {
		fmt.Fprintf(b, "; it ends %s at the earliest", when(p.Ends, now))
	}
	t.say("%s\n", b.String())
}

// onlyWarnings is a report without what was an error, for a plan that went ahead.
func onlyWarnings(r *check.Report) *check.Report {
	w := *r
	w.Findings = nil
	for _, f := range r.Findings {
		if f.Severity == "warning" {
			w.Findings = append(w.Findings, f)
		}
	}
	return &w
}

// countWords are the states that are not empty, in the order of the identity.
func (t *tool) countWords(counts map[string]int64) string {
	var words []string
	for _, s := range ledger.States() {
		if n := counts[string(s)]; n > 0 {
			words = append(words, t.screen.state(string(s), fmt.Sprintf("%d %s", n, s)))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// confirm asks the person to type the number of messages. Anything else sends nothing.
func (t *tool) confirm(ctx context.Context, n int64, yes bool, again string) error {
	if yes {
		return nil
	}
	fmt.Fprintf(t.stderr, "%s type %s to send %s: ", t.screen.dim("mailshot:"), t.screen.bold(fmt.Sprint(n)), plural(n, "message"))
	line, err := t.answer(ctx)
	if err != nil {
		return err
	}
	if got, err := strconv.ParseInt(line, 10, 64); err != nil || got != n {
		return &exit{exitWorkLeft, fmt.Errorf("not the number %d; nothing was sent", n), again}
	}
	return nil
}

// confirmChanges shows what accepting changed inputs would do, and asks.
func (t *tool) confirmChanges(ctx context.Context, ch campaign.Changes, yes bool) (bool, error) {
	t.say("changed since the list was frozen: %s", strings.Join(ch.What, ", "))
	t.say("  %d added, %d cancelled, %d edited, %d untouched", ch.Added, ch.Cancelled, ch.Edited, ch.Untouched)
	if yes {
		return true, nil
	}
	fmt.Fprintf(t.stderr, "%s type %s to accept: ", t.screen.dim("mailshot:"), t.screen.bold("yes"))
	line, err := t.answer(ctx)
	return line == "yes", err
}

// answer reads the line a person types. An interrupt ends the waiting; the read is then left behind, for the program is
// about to end and a terminal's read cannot be called off.
func (t *tool) answer(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	got := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(t.stdin, 100)).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil // what was typed before the end of input counts; nothing typed is no answer
		}
		got <- result{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-got:
		return r.line, r.err
	case <-ctx.Done():
		fmt.Fprintln(t.stderr)
		return "", &exit{exitWorkLeft, errors.New("interrupted; nothing was sent"), ""}
	}
}

// ended says what the run came to and gives its exit code.
func (t *tool) ended(sum *campaign.Summary, err error, f sendFlags, file string, basin *basin) error {
	again := f.again(t, file)
	s := report.Summary{Campaign: sum.ID, Rows: sum.Rows, NextDue: sum.NextDue}
	for _, state := range ledger.States() {
		s.Counts = append(s.Counts, report.Count{State: string(state), N: sum.Counts[string(state)]})
	}
	// Nobody may be there to read it: what is left to send, or to decide, still makes the exit code.
	if f.json {
		err = errors.Join(err, writeJSON(t.stdout, s))
	} else if _, e := fmt.Fprintln(t.stdout, s.Identity()); e != nil {
		err = errors.Join(err, e)
	}
	t.say("%d sent in %s%s", sum.Sent, duration(sum.Duration), failures(sum))
	if basin != nil && sum.Sent > 0 {
		t.say("the messages are in %s", basin.where())
	}
	for _, out := range sum.Out {
		if !strings.Contains(sum.Stopped, out) {
			t.say("out: %s", report.CleanLines(out))
		}
	}
	e := &exit{code: sum.ExitCode(), err: err}
	if sum.Stopped != "" && (err == nil || !strings.Contains(err.Error(), sum.Stopped)) {
		t.say("stopped: %s", report.CleanLines(sum.Stopped))
	}
	if err != nil && e.code == 0 {
		e.code = exitFailed
	}
	look := f.look(t, sum.ID, file)
	if basin != nil {
		look = "--state " + quoted(basin.state()) + " " + f.named(sum.ID) + quoted(file)
	}
	switch {
	case e.code == 0:
		if n := sum.Counts[string(ledger.Pending)] + sum.Counts[string(ledger.Deferred)]; n > 0 && sum.Left == 0 {
			t.say("%s for a send without %s", plural(n, "message waits", "messages wait"), f.narrowed())
		}
		return nil
	case sum.Interrupted > 1:
		t.say("interrupted twice")
		e.next = again
	case sum.Failed && sum.Next != "":
		e.next = sum.Next
	case sum.Failed || err != nil:
		e.next = again
	case sum.Left > 0:
		why := plural(sum.Left, "message is", "messages are") + " left"
		if !sum.NextDue.IsZero() {
			why += "; the next may go " + when(sum.NextDue, time.Now())
		}
		t.say("%s", why)
		e.next = again
	case sum.Counts[string(ledger.Unknown)] > 0:
		t.say("%s", unknownWords(sum.Counts[string(ledger.Unknown)]))
		e.next = "mailshot resolve " + look
	default:
		e.next = "mailshot report " + look
	}
	return e
}
