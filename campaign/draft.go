package campaign

import (
	"context"
	"errors"
	"iter"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
)

// Messages makes the message of each row that where chooses ("" = all; row > 0 = that data row alone), with the date
// they would carry now. Nothing is kept. An error ends the list or is one of its faults.
func (c *Campaign) Messages(ctx context.Context, where string, row int64) iter.Seq2[message.Made, error] {
	return func(yield func(message.Made, error) bool) {
		if err := c.openList(ctx); err != nil {
			yield(message.Made{}, err)
			return
		}
		choose, err := c.filter(where)
		if err != nil {
			yield(message.Made{}, err)
			return
		}
		for r, err := range c.list.Rows(ctx) {
			if err != nil {
				if !yield(message.Made{}, err) {
					return
				}
				continue
			}
			if row > 0 && r.Number != row {
				continue
			}
			if ok, err := choose(r); err != nil || !ok {
				if err != nil && !yield(message.Made{Row: r, Err: err}, nil) {
					return
				}
				continue
			}
			if !yield(c.maker.Make(r, c.now()), nil) {
				return
			}
		}
	}
}

func (c *Campaign) filter(expr string) (func(*recipients.Row) (bool, error), error) {
	if expr == "" {
		return func(*recipients.Row) (bool, error) { return true, nil }, nil
	}
	return c.header.Filter(expr)
}

// planned is what a pass over the list found.
type planned struct {
	report    *check.Report
	conflicts int64 // rows whose key an earlier row has, with another message
}

// adder is a draft or a re-plan: where a pass over the list puts its rows.
type adder interface {
	Add(ctx context.Context, rows []ledger.Row) ([]ledger.Conflict, error)
	SameKey(ctx context.Context, most, places int) (list []ledger.Copies, more int64, err error)
	SameAddress(ctx context.Context, most, places int) (list []ledger.Copies, more int64, err error)
	Domains(ctx context.Context, fn func(ledger.Domain) error) error
}

// draft makes every message of the list into a new draft of the ledger.
func (c *Campaign) draft(ctx context.Context, l *ledger.Ledger, o PlanOptions) (*ledger.Draft, *planned, error) {
	if err := c.openList(ctx); err != nil {
		return nil, nil, c.asCheck(err)
	}
	draft, err := l.Draft(ctx, ledger.Campaign{ID: c.id, DuplicatesFirst: c.duplicatesFirst()})
	if err != nil {
		return nil, nil, err
	}
	p, err := c.pass(ctx, draft, o)
	if err != nil {
		return nil, nil, errors.Join(err, draft.Discard(context.WithoutCancel(ctx)))
	}
	p.report.Counts = byName(draft.Counts())
	return draft, p, nil
}

// asCheck makes an error about the list's header or a template a report, like any other finding.
func (c *Campaign) asCheck(err error) error {
	r := &check.Report{Campaign: c.id, Counts: map[string]int64{}, Findings: check.From(err)}
	return &CheckError{r}
}

// behind does one thing after another beside its owner: rows are put into the ledger while the next are made.
type behind struct{ done chan error } // nil: nothing is being done

// do returns when what was done before has ended, with its error.
func (b *behind) do(work func() error) error {
	if err := b.wait(); err != nil {
		return err
	}
	done := make(chan error, 1)
	b.done = done
	go func() { done <- work() }()
	return nil
}

// wait returns when nothing is being done any more.
func (b *behind) wait() error {
	if b.done == nil {
		return nil
	}
	err := <-b.done
	b.done = nil
	return err
}

// pass reads the list once, makes the messages of each chunk in parallel and adds them in order.
func (c *Campaign) pass(ctx context.Context, to adder, o PlanOptions) (_ *planned, err error) {
	p := &planned{report: &check.Report{Campaign: c.id, Counts: map[string]int64{}}}
	if _, err := c.filter(o.Only); err != nil { // an --only that does not compile is told before the work
		return nil, c.asCheck(err)
	}
	screen, err := c.suppress.Screen(ctx)
	if err != nil {
		return nil, err
	}
	date := c.now()
	rows, cells := make([]*recipients.Row, 0, chunk), 0
	adding := behind{}
	defer func() {
		if e := adding.wait(); err == nil {
			err = e
		}
	}()
	flush := func() error {
		if len(rows) == 0 {
			return nil
		}
		made, err := message.All(ctx, c.maker, rows, date, c.verdict)
		if err != nil {
			return err
		}
		batch, err := c.toLedger(ctx, made, o, p, screen)
		if err != nil {
			return err
		}
		rows = rows[:0]
		return adding.do(func() error {
			conflicts, err := to.Add(ctx, batch)
			if err != nil || len(conflicts) == 0 {
				return err
			}
			_, err = to.Add(ctx, c.settle(conflicts, made, date, p))
			return err
		})
	}
	for row, err := range c.list.Rows(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			p.find(check.From(err)...)
			continue
		}
		p.report.Rows++
		for _, cell := range row.Fields {
			cells += len(cell)
		}
		if rows = append(rows, row); len(rows) == chunk || cells >= mostCells {
			cells = 0
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	if err := adding.wait(); err != nil {
		return nil, err
	}
	for _, note := range c.list.Notes() {
		p.find(asWarnings(check.From(note), note.Place)...)
	}
	if err := c.copies(ctx, to, p); err != nil {
		return nil, err
	}
	if c.opts.DNS {
		if err := c.domains(ctx, to, p); err != nil {
			return nil, err
		}
	}
	if p.report.Rows == 0 && p.report.Errors() == 0 {
		p.find(check.Finding{Code: "empty-list", Severity: check.Error, Place: c.header.File, Text: "the list has no rows",
			Hint: "one row for each person below the header row"})
	}
	return p, nil
}

// find adds findings to the report, or counts them once it is full. A dropped error still is an error.
func (p *planned) find(fs ...check.Finding) {
	for _, f := range fs {
		if len(p.report.Findings) < maxFindings {
			p.report.Findings = append(p.report.Findings, f)
			continue
		}
		p.report.Dropped++
		if f.Severity == check.Error && p.report.Errors() == 0 {
			p.report.Findings[len(p.report.Findings)-1] = f
		}
	}
}

// verdict is what a plan keeps of a message: not the message, for a chunk of them with attachments could fill the memory.
type verdict struct {
	row      *recipients.Row
	digest   []byte          // nil: the row gets no message
	findings []check.Finding // of the message
	err      error           // the row's faults
}

// verdict keeps of a message what a plan needs.
func (c *Campaign) verdict(m message.Made) verdict {
	v := verdict{row: m.Row, err: m.Err}
	if m.Message != nil {
		digest := m.Message.Digest()
		v.digest, v.findings = digest[:], c.maker.Check(m.Message)
	}
	return v
}

// toLedger gives each row its state at plan. What is wrong with a row becomes a finding.
func (c *Campaign) toLedger(ctx context.Context, made []verdict, o PlanOptions, p *planned, suppressed func(context.Context, string) (string, error)) ([]ledger.Row, error) {
	batch := make([]ledger.Row, len(made))
	for i, m := range made {
		to := m.row.Address
		if c.opts.To != nil && !to.IsZero() {
			to = *c.opts.To
		}
		r := ledger.Row{
			Number: m.row.Number, Place: m.row.Place, Key: m.row.Key, Fields: m.row.Encode(), State: ledger.Pending,
			Address: to.String(), Lane: c.lane(to.Domain(), m.row),
		}
		if !to.IsZero() {
			r.AddressKey = to.Key()
		}
		switch {
		case m.row.Filtered:
			r.State, r.Reason = ledger.Filtered, "where"
		case m.err != nil && o.SkipErrors:
			r.State, r.Reason = ledger.Invalid, m.err.Error()
			p.find(asWarnings(check.From(m.err), m.row.Place)...)
		case m.err != nil:
			r.State, r.Reason = ledger.Invalid, m.err.Error()
			p.find(placed(check.From(m.err), m.row.Place)...)
		case m.row.Invalid != "":
			r.State, r.Reason = ledger.Invalid, m.row.Invalid
			p.find(check.Finding{Code: "invalid-row", Severity: check.Warning, Place: m.row.Place, Text: m.row.Invalid})
		default:
			why, err := suppressed(ctx, r.AddressKey)
			if err != nil {
				return nil, err
			}
			if why != "" {
				r.State, r.Reason = ledger.Suppressed, why
			}
			if !to.ASCII() && why == "" {
				p.find(check.Finding{
					Code: "needs-smtputf8", Severity: check.Warning, Place: m.row.Place,
					Text: to.Unicode() + " has letters beyond ASCII before the @, which many servers do not take",
					Hint: "mailshot probe CAMPAIGN says whether yours offers SMTPUTF8; without it this recipient is refused, and the others go",
				})
			}
			r.Digest = m.digest
			p.find(placed(m.findings, m.row.Place)...)
		}
		batch[i] = r
	}
	return batch, nil
}

// placed gives findings about a row's message the row's place, before the template's where both are known.
func placed(fs []check.Finding, row string) []check.Finding {
	for i := range fs {
		switch {
		case fs[i].Place == "":
			fs[i].Place = row
		case fs[i].Place != row && !cellOf(fs[i].Place, row):
			fs[i].Text += " (row " + row + ")"
		}
	}
	return fs
}

// cellOf reports whether a place is a cell of a row: November!B9 is one of November!9.
func cellOf(place, row string) bool {
	sheet, cell, _ := cutLast(place, "!")
	of, number, ok := cutLast(row, "!")
	return ok && sheet == of && strings.TrimLeft(cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == number
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func asWarnings(fs []check.Finding, row string) []check.Finding {
	fs = placed(fs, row)
	for i := range fs {
		fs[i].Severity = check.Warning
	}
	return fs
}
