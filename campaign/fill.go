package campaign

import (
	"context"
	"errors"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/check/content"
	"mailshot/campaign/grouped"
	"mailshot/campaign/groups"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/outgoing"
	"mailshot/campaign/recipients"
	"mailshot/campaign/repeats"
	"mailshot/campaign/standing"
	"mailshot/internal/behind"
	"mailshot/render"
	"mailshot/render/address"
)

// chunk is how many rows are made at a time: enough for all processors and to be worth a sync, and no more in memory.
const chunk = 1000

// mostCells is how many bytes of cells a chunk holds at most, however few its rows are. Two chunks are in memory at a
// time.
const mostCells = 8 << 20

// planned is what was found while the list was read.
type planned struct {
	report    *check.Report
	found     check.Gathering // becomes the report's findings when the list has ended
	conflicts int64           // rows with an earlier row's key and another message
}

// adder is what the rows of the list are put into: a draft or a re-plan.
type adder interface {
	Add(ctx context.Context, rows []ledger.Row) ([]ledger.Conflict, error)
	repeats.Planned
	Domains(ctx context.Context, fn func(ledger.Domain) error) error
}

// draft makes every message of the list and puts the rows into a new draft of the ledger.
func (c *Campaign) draft(ctx context.Context, l *ledger.Ledger, o PlanOptions) (*ledger.Draft, *planned, error) {
	if err := c.openList(ctx); err != nil {
		return nil, nil, c.asCheck(err)
	}
	draft, err := l.Draft(ctx, ledger.Campaign{ID: c.id, DuplicatesFirst: c.duplicatesFirst()})
	if err != nil {
		return nil, nil, err
	}
	p, err := c.fill(ctx, draft, o, &grouped.Rows{})
	if err != nil {
		return nil, nil, errors.Join(err, draft.Discard(context.WithoutCancel(ctx)))
	}
	p.report.Counts = byName(draft.Counts())
	return draft, p, nil
}

// fill reads the list once, makes the messages and adds the rows in the order of the list.
func (c *Campaign) fill(ctx context.Context, to adder, o PlanOptions, g *grouped.Rows) (*planned, error) {
	p := &planned{report: &check.Report{Campaign: c.id, Counts: map[string]int64{}},
		found: check.Gathering{Policy: c.def.Check}}
	if _, err := c.header.Filter(o.Only); err != nil { // an --only that does not compile is told before the work
		return nil, c.asCheck(err)
	}
	screen, err := c.suppress.Screen(ctx)
	if err != nil {
		return nil, err
	}
	history, err := c.history(ctx, to)
	if err != nil {
		return nil, err
	}
	f := filling{
		c: c, to: to, o: o, p: p, screen: screen, history: history, date: c.now(), said: c.maker.Count(),
		rows: make([]*recipients.Row, 0, chunk), groups: g,
	}
	err = f.read(ctx)
	if e := f.adding.Wait(); err == nil {
		err = e
	}
	p.found.Add(f.said.Findings(o.SkipErrors)...)
	p.found.Add(c.maker.Belonging(c.root, err == nil)...)
	if err == nil {
		err = c.sumUp(ctx, to, p)
	}
	if err == nil {
		err = f.sentBefore(ctx)
	}
	if err != nil {
		return nil, err
	}
	fs, dropped := p.found.Findings()
	p.report.Findings, p.report.Dropped = fs, p.report.Dropped+dropped
	p.report.Ignored = p.found.Ignored()
	return p, nil
}

// sumUp finds what only the whole list shows.
func (c *Campaign) sumUp(ctx context.Context, in adder, p *planned) error {
	for _, note := range c.list.Notes() {
		p.found.Add(check.Warnings(check.From(note))...)
	}
	list := repeats.List{
		Header: c.header, First: c.duplicatesFirst(), Conflicts: p.conflicts, OneTo: c.opts.To != nil,
	}
	found, err := list.Findings(ctx, in)
	if err != nil {
		return err
	}
	p.found.Add(found...)
	found, p.report.Dropped, err = standing.Look(ctx, standing.Config{
		Definition: c.def, Rows: p.report.Rows, Domains: in.Domains, List: c.header.File, Most: maxFindings, DNS: c.opts.DNS,
		Resolver: c.opts.Network.Resolver, State: c.statePath(), Now: c.now()})
	if err != nil {
		return err
	}
	p.found.Add(found...)
	if p.report.Rows == 0 && p.found.Errors() == 0 {
		p.found.Add(check.Finding{
			Code: "empty-list", Severity: check.Error, Place: c.header.File, Text: "the list has no rows",
			Hint: "one row for each person below the header row",
		})
	}
	return nil
}

// filling is a draft, or a re-plan, while the list is read into it.
type filling struct {
	c       *Campaign
	to      adder
	o       PlanOptions
	p       *planned
	screen  func(ctx context.Context, key string) (string, error)
	history *repeats.History // nil: nothing is asked of it
	date    time.Time
	said    *content.Count // what the messages say
	pending int64          // rows that are to be sent, as far as their keys are not taken
	groups  *grouped.Rows

	rows   []*recipients.Row // read, and not made yet: a chunk at most
	cells  int               // bytes of their cells
	adding behind.Work
}

// read reads the list to its end. The last rows may still be being added when it returns.
func (f *filling) read(ctx context.Context) error {
	for row, err := range groups.Rows(ctx, f.c.list, f.c.def.Home()) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			for _, fault := range check.From(err) {
				f.p.found.Row(fault.Place, fault)
			}
			continue
		}
		f.p.report.Rows += int64(max(len(row.Group), 1))
		f.cells += groups.Size(row)
		if f.rows = append(f.rows, row); len(f.rows) == chunk || f.cells >= mostCells {
			if err := f.flush(ctx); err != nil {
				return err
			}
		}
	}
	return f.flush(ctx)
}

// flush makes the messages of the rows read, and has the rows added while the next are read and made.
func (f *filling) flush(ctx context.Context) error {
	if len(f.rows) == 0 {
		return nil
	}
	made, err := message.All(ctx, f.c.maker, f.rows, f.date, f.verdict)
	if err != nil {
		return err
	}
	batch, err := f.toLedger(ctx, made)
	if err != nil {
		return err
	}
	f.rows, f.cells = f.rows[:0], 0
	return f.adding.Do(func() error {
		conflicts, err := f.to.Add(ctx, batch)
		if err != nil || len(conflicts) == 0 {
			return err
		}
		_, err = f.to.Add(ctx, f.c.settle(conflicts, made, f.date, f.p))
		return err
	})
}

// verdict is what a plan keeps of a message. The message itself is not kept: a chunk of them with attachments could
// fill the memory.
type verdict struct {
	row      *recipients.Row
	fields   []byte          // of the row, by recipients.Row.Encode
	digest   [32]byte        // of the message, if there is one
	content  uint64          // of the message, if there is a history
	findings []check.Finding // of the message
	copies   []render.Copy
	said     *content.Row
	err      error // the row's faults
}

// verdict keeps of a message what a plan needs, and gives its memory back.
func (f *filling) verdict(m message.Made) verdict {
	v := verdict{row: m.Row, fields: m.Row.Encode(), err: m.Err, said: m.Content}
	if m.Message != nil {
		v.digest, v.findings, v.copies = m.Message.Digest(), f.c.maker.Check(m), m.Message.Copies()
		if m.Findings = check.Judged(f.c.def.Check, v.findings); f.history != nil {
			v.content = m.Message.Content(f.history.Key(), m.Row.Address.Key())
		}
	}
	if f.c.opts.Made != nil {
		f.c.opts.Made(m)
	}
	if m.Message != nil {
		m.Message.Release()
	}
	return v
}

// toLedger gives each row the state that it is planned with. What is wrong with a row becomes a finding.
func (f *filling) toLedger(ctx context.Context, made []verdict) ([]ledger.Row, error) {
	batch := make([]ledger.Row, 0, len(made))
	for i := range made {
		m := &made[i]
		to := m.row.Address
		if f.c.opts.To != nil && !to.IsZero() {
			to = *f.c.opts.To
		}
		r := ledger.Row{
			Number: m.row.Number, Place: m.row.Place, Key: m.row.Key, Fields: m.fields, State: ledger.Pending,
			Address: to.String(), Lane: f.c.lane(to.Domain(), m.row),
		}
		switch {
		case to == m.row.Address && f.c.header.Key < 0:
			r.AddressKey = m.row.Key
		case !to.IsZero():
			r.AddressKey = to.Key()
		}
		switch {
		case m.row.Filtered:
			r.State, r.Reason = ledger.Filtered, "where"
		case m.err != nil:
			r.State, r.Reason = ledger.Invalid, m.err.Error()
			faults := check.From(m.err)
			if f.o.SkipErrors {
				check.Warnings(faults)
			}
			f.p.found.Row(m.row.Place, faults...)
		case m.row.Invalid != "":
			r.State, r.Reason = ledger.Invalid, m.row.Invalid
			f.p.found.Row(m.row.Place)
			f.p.found.Add(check.Finding{Code: "invalid-row", Severity: check.Warning, Place: m.row.Place,
				Text: m.row.Invalid})
		default:
			if err := f.mailed(ctx, to, m, &r); err != nil {
				return nil, err
			}
		}
		var err error
		if batch, err = f.groups.Add(ctx, batch, r, m.row, f.p.found.Row); err != nil {
			return nil, err
		}
	}
	return batch, nil
}

// mailed completes a row that has a message: it is pending, or suppressed if its address is.
func (f *filling) mailed(ctx context.Context, to address.Address, m *verdict, r *ledger.Row) error {
	why, err := f.screen(ctx, r.AddressKey)
	if err != nil {
		return err
	}
	if why != "" {
		r.State, r.Reason = ledger.Suppressed, why
	} else if f.pending++; f.history != nil {
		f.history.Note(m.content, r.Key, r.Place)
	}
	if !to.ASCII() && why == "" {
		f.p.found.Add(outgoing.BeyondASCII(m.row.Place, to))
	}
	r.Digest = m.digest[:]
	if why == "" {
		if bad := f.said.Add(m.row.Place, m.said); bad != "" && f.o.SkipErrors {
			r.State, r.Reason, r.Digest = ledger.Invalid, bad, nil
		}
	}
	if f.p.found.Row(m.row.Place, m.findings...); len(m.copies) == 0 {
		return nil
	}
	of, err := outgoing.Planned(ctx, m.copies, f.screen, f.c.terms(), f.c.groupOf)
	f.p.found.Row(m.row.Place, of...)
	return err
}
