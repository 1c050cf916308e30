package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/accounts/clock"
	"mailshot/campaign/caps"
	"mailshot/campaign/check"
	"mailshot/campaign/grouped"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
	"mailshot/campaign/repeats"
	"mailshot/sender/limits"
)

// PlanOptions say how to plan. The zero value is the careful one.
type PlanOptions struct {
	SkipErrors    bool   // rows with faults become invalid instead of stopping the plan
	AcceptChanges bool   // plan a frozen list again if its inputs changed
	Repeat        bool   // new rows for people who were mailed under another key are taken
	AcceptCopy    bool   // go on with a ledger that is a copy, comes from another machine, or takes a lost one's place
	Only          string // expression: this run sends only these rows
	Limit         int64  // this run sends at most so many; 0 = all
	// Confirm is asked before accepted changes are applied; nil = yes.
	Confirm func(Changes) (bool, error)
}

// Changes say what happens to a frozen list if the changed inputs are accepted.
type Changes struct {
	What                                []string // the inputs that changed, in words
	Added, Cancelled, Edited, Untouched int64
	Late                                string // in words, the rows that come too late for the message of their group
}

// Plan says what a run would do.
type Plan struct {
	Report      *check.Report
	Resumed     bool     // the list was frozen by an earlier send
	Changes     *Changes // accepted, else nil
	Doubtful    int64    // made unknown, because a ledger was accepted that does not know what another one sent
	Counts      map[string]int64
	Rows        int64
	ToSend      int64            // pending and deferred, within Only and Limit, without those suppressed since
	Samples     []message.Sample // the heads of the first messages
	Server      string           // "host:port as login", or "the built-in sink"; "" = see Servers
	Servers     []PlannedServer  // if there are several; then Caps has the caps that hold over all of them
	Caps        []string
	Connections int
	Multiple    int64           // addresses that get more than one message; 0 where an earlier run's plan has said it
	Used        []caps.Use      // how much of each cap has been used
	Forecast    limits.Forecast // how the messages go if only caps and rules hold them back
	Ends        time.Time       // not before, as Estimate foresees; zero = nothing holds the messages back, or some will not go
	Notes       []string
}

// CheckError says that a plan was refused by what it found; nothing was sent or kept.
type CheckError struct{ Report *check.Report }

func (e *CheckError) Error() string {
	return fmt.Sprintf("check found %d errors; nothing was sent", e.Report.Errors())
}

// ChangedError says that a frozen campaign's inputs are not those it was planned with.
type ChangedError struct {
	ID      string
	What    []string
	Changes *Changes // what accepting would do; nil unless the list comes from standard input, which is read once
}

func (e *ChangedError) Error() string {
	text := fmt.Sprintf("campaign %s was planned with other inputs: %s", e.ID, strings.Join(e.What, ", "))
	if n := e.Changes; n != nil {
		text += fmt.Sprintf(" (%d added, %d cancelled, %d edited, %d untouched; "+
			"with --accept-changes give the list again)", n.Added, n.Cancelled, n.Edited, n.Untouched)
	}
	return text
}

// ErrDeclined is returned by Plan when Confirm said no.
var ErrDeclined = errors.New("changes not accepted; nothing was changed or sent")

// Check plans into a ledger of its own, which it throws away. So it says what a send would say. The error is about the
// campaign as a whole; what is wrong with rows is in the report.
func (c *Campaign) Check(ctx context.Context) (_ *check.Report, err error) {
	l, done, err := c.thrownAway("check")
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := done(); err == nil {
			err = e
		}
	}()
	c.lacks = check.Warnings(c.lacking(ctx, false)) // it may be another machine that sends
	draft, planned, err := c.draft(ctx, l, PlanOptions{})
	if err != nil {
		return nil, err
	}
	planned.report.Findings = slices.Concat(c.lacks, planned.report.Findings)
	return planned.report, draft.Discard(ctx)
}

// Plan makes and checks every message and freezes the list, or resumes the list an earlier Plan froze. It takes the
// campaign's lock, which Close frees. Errors: *CheckError, *ChangedError, *CopiedError, *GoneError, *PurgedError,
// *identity.UnfinishedError, *ledger.LockedError, *ledger.ErasedError, ErrDeclined.
func (c *Campaign) Plan(ctx context.Context, o PlanOptions) (*Plan, error) {
	var err error
	c.only, c.limit = o.Only, o.Limit
	if c.ledger, err = ledger.Open(c.statePath()); err != nil {
		return nil, err
	}
	if c.ledger.KeyHash, err = c.accounts.KeyHash(ctx); err != nil {
		return nil, err
	}
	if c.opts.To != nil {
		if err := c.rehearse(ctx); err != nil {
			return nil, err
		}
	} else if c.family != nil {
		if e := c.family.Refused(); e != nil {
			return nil, e
		}
	}
	if c.lock, err = c.ledger.Lock(c.id); err != nil {
		return nil, err
	}
	plan := &Plan{}
	if c.family != nil && c.opts.To == nil {
		plan.Notes = c.family.Notes(c.id)
	}
	c.lacks = c.lacking(ctx, true)
	c.frozen, err = c.ledger.Campaign(ctx, c.id)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		err = c.first(ctx, o, plan)
	case err == nil:
		defer c.listed.Ahead(ctx, c.def)()
		plan.Resumed = c.frozen.Runs > 0
		if plan.Doubtful, err = c.unique(ctx, o.AcceptCopy); err == nil {
			err = c.ledger.Verify(ctx, c.id)
		}
		if err == nil {
			err = c.resume(ctx, o, plan)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := c.describe(ctx, plan); err != nil {
		return nil, err
	}
	if err := c.ready(plan); err != nil {
		return nil, err
	}
	plan.Notes = append(plan.Notes, c.def.Notes()...)
	return plan, nil
}

// rehearsalLimit is how many messages a rehearsal sends unless told otherwise.
const rehearsalLimit = 20

// rehearse makes this campaign a new one below its own id, so that nothing of it counts as the real thing.
func (c *Campaign) rehearse(ctx context.Context) error {
	if c.limit == 0 {
		c.limit = rehearsalLimit
	}
	all, err := c.ledger.Campaigns(ctx)
	if err != nil {
		return err
	}
	prefix, n := c.id+"/rehearsal/", 0
	for _, other := range all {
		var m int
		if rest, ok := strings.CutPrefix(other.ID, prefix); ok {
			if _, err := fmt.Sscanf(rest, "%d", &m); err == nil {
				n = max(n, m)
			}
		}
	}
	c.id = fmt.Sprintf("%s%d", prefix, n+1)
	return nil
}

// first plans a campaign that the ledger does not know.
func (c *Campaign) first(ctx context.Context, o PlanOptions, plan *Plan) error {
	gone, notes, err := c.lineage().Missing(ctx, o.AcceptCopy)
	if err != nil {
		return err
	}
	plan.Notes = append(plan.Notes, notes...)
	if elsewhere, err := c.ledger.ErasedElsewhere(ctx); err != nil {
		return err
	} else if elsewhere {
		plan.Notes = append(plan.Notes, "people were erased from this ledger with another accounts.db, "+
			"and the suppression list here does not know them: look for them in the list")
	}
	draft, planned, err := c.draft(ctx, c.ledger, o)
	if err != nil {
		return err
	}
	plan.Report = planned.report
	if draft.Counts()[ledger.Pending] > 0 || planned.report.Errors() > 0 {
		planned.report.Findings = slices.Concat(c.lacks, planned.report.Findings)
	}
	if planned.report.Errors() > 0 {
		return errors.Join(&CheckError{planned.report}, draft.Discard(ctx))
	}
	frozen, err := c.record(planned, c.maker.Keep(c.id))
	if err != nil {
		return err
	}
	if err := draft.Freeze(ctx, *frozen); err != nil {
		return err
	}
	if c.frozen, err = c.ledger.Campaign(ctx, c.id); err == nil && gone {
		plan.Doubtful, err = c.lineage().Doubt(ctx, c.frozen, 0)
	}
	return err
}

// record is what the ledger keeps of a campaign beside its rows. kept is why the files that were made are not kept.
func (c *Campaign) record(p *planned, kept error) (*ledger.Campaign, error) {
	header, err := json.Marshal(c.header)
	if err = errors.Join(err, kept); err != nil {
		return nil, err
	}
	template := ""
	if _, ok := c.def.DayOf(c.id); ok {
		template = c.def.IDTemplate()
	}
	return &ledger.Campaign{
		ID: c.id, Template: template, Created: c.now(), From: c.def.From.Text, Header: header, Rows: p.report.Rows, Host: c.host(),
		Definition: c.digest(c.planned().Renewed()).String(), Templates: c.maker.Templates(), List: c.list.Digest(),
	}, nil
}

// resume goes on with a frozen list, unless its inputs changed.
func (c *Campaign) resume(ctx context.Context, o PlanOptions, plan *Plan) error {
	header := new(recipients.Header)
	if err := json.Unmarshal(c.frozen.Header, header); err != nil {
		return fmt.Errorf("campaign %s: header in the ledger: %w", c.id, err)
	}
	if !c.frozen.Purged.IsZero() {
		return c.purged(o, plan, header)
	}
	var what []string
	if err := c.compile(header); err != nil {
		// The templates no longer fit the frozen header: they have changed, or the list's columns have.
		what = []string{"templates: " + err.Error()}
	} else if what, err = c.differs(ctx); err != nil {
		return err
	}
	given, err := c.listGiven()
	if err != nil {
		return err
	}
	if !given {
		plan.Notes = append(plan.Notes, "standard input gives no list, so the campaign continues with the list of "+
			c.frozen.Created.Local().Format("2 January 2006, 15:04"))
	}
	outdated, err := c.outdated(ctx)
	if err != nil {
		return err
	}
	if (len(what) > 0 || outdated) && given {
		// A plan that nobody has said yes to has nothing to protect: it is made anew from the present inputs.
		withdrawn, err := c.ledger.Withdraw(ctx, c.id)
		if err != nil {
			return err
		}
		if withdrawn {
			plan.Resumed, c.frozen = false, nil
			return c.first(ctx, o, plan)
		}
	}
	if len(what) > 0 && !o.AcceptChanges {
		return c.refused(ctx, o, header, what)
	}
	// Attachments have no digest among the inputs, so accepting makes every message again, whatever is seen to differ.
	if len(what) > 0 || o.AcceptChanges && given {
		err = c.replan(ctx, o, plan, header, what)
	} else {
		plan.Report = &check.Report{Campaign: c.id}
	}
	if err != nil || len(c.def.Limits.Domains) == 0 && !c.def.Schedule.ZoneColumn.Given() && len(c.def.Servers) < 2 {
		return err
	}
	// Servers, limits and schedule may have changed without a question: each delivery's lane is found anew.
	return c.ledger.Relane(ctx, c.id, c.relane)
}

// refused says that the inputs changed. A list on standard input can be read but once, so what accepting would do is
// said at once.
func (c *Campaign) refused(ctx context.Context, o PlanOptions, was *recipients.Header, what []string) error {
	e := &ChangedError{ID: c.id, What: what}
	if c.stdin == nil {
		return e
	}
	o.Confirm = func(ch Changes) (bool, error) {
		e.Changes = &ch
		return false, nil
	}
	if err := c.replan(ctx, o, &Plan{}, was, what); ctx.Err() != nil {
		return err
	}
	return e // also where the list cannot be planned: accepting it says why
}

// replan makes every message again and merges the result into the frozen list.
func (c *Campaign) replan(ctx context.Context, o PlanOptions, plan *Plan, was *recipients.Header, what []string) error {
	if err := c.openList(ctx); err != nil {
		return c.asCheck(err)
	}
	if a, b := repeats.KnownBy(was), repeats.KnownBy(c.header); a != b {
		return &CheckError{&check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: []check.Finding{{
			Code: "key-changed", Severity: check.Error, Place: c.def.Name,
			Text: fmt.Sprintf("people were known by %s and now by %s: everybody would be new, and mailed again", a, b),
			Hint: "keep recipients.key as it was, or send this as another campaign with --id",
		}}}}
	}
	re, err := c.ledger.Replan(ctx, ledger.Campaign{
		ID: c.id, DuplicatesFirst: c.duplicatesFirst(), SecretChanged: c.secretChanged(),
	})
	if err != nil {
		return err
	}
	g := &grouped.Rows{Frozen: re, Was: was, Is: c.header}
	p, err := c.fill(ctx, re, o, g)
	if err == nil && p.report.Errors() > 0 {
		err = &CheckError{p.report}
	}
	if err != nil {
		return errors.Join(err, re.Discard(context.WithoutCancel(ctx)))
	}
	n, err := re.Counts(ctx)
	if err == nil && n.Added+n.Changed > 0 && len(c.lacks) > 0 {
		err = &CheckError{&check.Report{Campaign: c.id, Counts: p.report.Counts, Findings: c.lacks}}
	}
	if err == nil && n.Added > 0 && !o.Repeat {
		err = c.mailedBefore(ctx, re)
	}
	if err != nil {
		return errors.Join(err, re.Discard(ctx))
	}
	if len(what) == 0 && n.Added+n.Cancelled+n.Changed > 0 {
		what = []string{"attachments"} // every other change is seen without making messages
	}
	changes := Changes{What: what, Added: n.Added, Cancelled: n.Cancelled, Edited: n.Changed, Untouched: n.Untouched,
		Late: g.Late()}
	if o.Confirm != nil && len(what) > 0 {
		ok, err := o.Confirm(changes)
		if err != nil || !ok {
			return errors.Join(err, ErrDeclined, re.Discard(ctx))
		}
	}
	frozen, err := c.record(p, c.maker.Keep(c.id))
	if err != nil {
		return errors.Join(err, re.Discard(ctx))
	}
	if err := re.Apply(ctx, *frozen); err != nil {
		return err
	}
	plan.Report = p.report
	if len(what) > 0 {
		plan.Changes = &changes
	}
	c.frozen, err = c.ledger.Campaign(ctx, c.id)
	return err
}

func (c *Campaign) duplicatesFirst() bool { return c.def.Recipients.Duplicates == "first" }

// describe adds what a person wants to see before saying yes.
func (c *Campaign) describe(ctx context.Context, plan *Plan) error {
	counts, rows, err := c.ledger.Counts(ctx, c.id)
	if err != nil {
		return err
	}
	plan.Counts, plan.Rows = byName(counts), rows
	plan.Report.Counts, plan.Report.Rows = plan.Counts, rows
	lanes, err := c.survey(ctx, plan)
	if err != nil {
		return err
	}
	if c.header.Key >= 0 && (!plan.Resumed || plan.Changes != nil) { // else the first plan has said it
		if plan.Multiple, err = c.ledger.Multiple(ctx, c.id); err != nil {
			return err
		}
	}
	notes := c.describeServers(plan)
	now := c.now()
	if t, off, err := c.accounts.Time(ctx, now); err != nil {
		return err
	} else if off != 0 && c.opts.Sink == nil {
		plan.Notes = append(plan.Notes, clock.Note(t, now.In(c.def.Schedule.Location()), off))
	}
	forecast, used, err := c.foresee(ctx, c.ledger, now, lanes, plan.ToSend*c.maker.Copies())
	if err != nil {
		return err
	}
	plan.Forecast, plan.Used = forecast, used
	if forecast.Left == 0 && (len(used) > 0 || forecast.End.After(now)) {
		plan.Ends = forecast.End
	}
	if forecast.Stop != (limits.Hold{}) {
		plan.Notes = append(plan.Notes,
			fmt.Sprintf("%d of them will not go: held back by %s", forecast.Left, forecast.Stop))
	}
	plan.Notes = append(plan.Notes, c.header.Guessed...)
	plan.Notes = append(plan.Notes, notes...)
	return nil
}

// byName gives states their names, for output.
func byName(counts map[ledger.State]int64) map[string]int64 {
	named := make(map[string]int64, len(counts))
	for s, n := range counts {
		named[string(s)] = n
	}
	return named
}
