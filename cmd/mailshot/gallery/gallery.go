// Package gallery makes the gallery of a campaign: all messages, or those that are chosen, with what a check finds, and
// with what has changed since an earlier plan, run or dry run. Call [Make].
//
// Nothing is sent, and no ledger is changed: a check plans into a ledger of its own, which it throws away, and an
// earlier plan is only read. All messages of a list are made as a check makes them, in one pass over the list.
package gallery

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/earlier"
	"mailshot/cmd/mailshot/page"
)

// Config says what to make.
type Config struct {
	Options campaign.Options
	Chosen  campaign.Chosen
	Limit   int64        // at most so many messages; 0 = all
	Page    *page.Viewer // where the messages go; nil = they are only compared
	Earlier *earlier.Set // what they are compared with; nil = nothing
	Outside string       // what is done to each message when it leaves; "" = nothing
}

// Result is what was made.
type Result struct {
	Report   *check.Report
	Shown    int64 // messages
	Without  int64 // rows without a message, where some were chosen
	More     bool  // there are more than Limit
	Compared *page.Against
	First    []page.Message // of the messages that changed, are new or gone: the first by their rows
}

// mostFirst is how many changes of each kind a Result has.
const mostFirst = 5

// maker is a gallery while it is made.
type maker struct {
	Config
	mu     sync.Mutex
	r      *Result
	counts map[string]int64
	cells  map[string]int64 // by column: rows whose cell is another
	err    error
	stop   context.CancelFunc
}

// Make makes the messages and gives them to the page, which it does not close: call Close with Summary. Errors are
// those of the campaign, of what it is compared with, or of the disk. Messages that cannot be made are in the Result's
// report.
func Make(ctx context.Context, cfg Config) (*Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := &maker{Config: cfg, r: &Result{}, counts: map[string]int64{}, cells: map[string]int64{}, stop: stop}
	var err error
	if m.whole() && (m.Earlier == nil || !m.Earlier.OldForm()) {
		err = m.all(ctx)
	} else {
		err = m.chosen(ctx)
	}
	if m.err != nil {
		return nil, m.err
	}
	if err != nil {
		return nil, err
	}
	if m.Earlier != nil {
		if err := m.gone(ctx); err != nil {
			return nil, err
		}
		m.r.Compared = m.Earlier.Against(m.counts)
		for column, n := range m.cells {
			m.r.Compared.Columns = append(m.r.Compared.Columns, page.Column{Name: column, Rows: n})
		}
		slices.SortFunc(m.r.Compared.Columns, func(a, b page.Column) int {
			return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Name, b.Name))
		})
	}
	return m.r, nil
}

// whole reports whether the messages are those of the whole list.
func (m *maker) whole() bool {
	return m.Limit == 0 && m.Chosen.Where == "" && m.Chosen.Row == 0 && !m.Chosen.Languages
}

// all makes all messages as a check does.
func (m *maker) all(ctx context.Context) (err error) {
	o := m.Options
	o.Made = func(made message.Made) {
		if made.Message != nil {
			m.add(made)
		}
	}
	c, err := campaign.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	m.r.Report, err = c.Check(ctx)
	if found := (*campaign.CheckError)(nil); errors.As(err, &found) {
		m.r.Report, err = found.Report, nil
	}
	return err
}

// chosen makes the messages that are chosen, one after the other.
func (m *maker) chosen(ctx context.Context) (err error) {
	c, err := campaign.Open(ctx, m.Options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	m.Chosen.Check = true
	faults := check.Gathering{Policy: m.Options.Definition.Check}
	rows := int64(0)
	for made, err := range c.Messages(ctx, m.Chosen) {
		switch {
		case err != nil:
			faults.Add(check.From(err)...)
			continue
		case m.Limit > 0 && m.r.Shown == m.Limit:
			m.r.More = true
		case made.Err != nil:
			faults.Row(made.Row.Place, check.From(made.Err)...)
		case made.Message == nil:
			m.r.Without++
		default:
			faults.Row(made.Row.Place, made.Findings...)
			m.add(made)
			made.Message.Release()
		}
		if m.r.More || m.err != nil {
			break
		}
		rows++
	}
	m.r.Report = &check.Report{Campaign: c.ID(), Rows: rows, Counts: map[string]int64{}}
	m.r.Report.Findings, m.r.Report.Dropped = faults.Findings()
	return ctx.Err()
}

// add adds a message to the page. It may be called from several goroutines.
func (m *maker) add(made message.Made) {
	var octets bytes.Buffer
	_, err := made.Message.WriteTo(&octets)
	one := page.Message{
		Number: made.Row.Number, Place: made.Row.Place, Key: made.Row.Key, Name: made.Row.Name,
		Address: made.Message.To(), Subject: made.Message.Subject(), Language: made.In, Octets: octets.Bytes(),
		Note: made.Why, Findings: made.Findings,
	}
	if m.Chosen.Languages { // a row has several
		one.File = one.Key + "." + one.Language
	}
	if _, to, ok := message.Blind(made.Message); ok {
		one.Blind = report.Clean(to)
	}
	if err == nil && m.Earlier != nil {
		one.Change, err = m.Earlier.Compare(made.Row, made.Message.ID(), made.Message.Digest(), one)
	}
	if err == nil && m.Page != nil {
		err = m.Page.Add(one)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.r.Shown++
	m.note(one)
	if err != nil && m.err == nil {
		m.err = err
		m.stop()
	}
}

// note counts a change, and keeps the first ones.
func (m *maker) note(one page.Message) {
	if one.Change == nil {
		return
	}
	m.counts[one.Change.Kind]++
	if one.Change.Kind == page.IsSame {
		return
	}
	for _, c := range one.Change.Cells {
		m.cells[c.Column]++
	}
	one.Octets = nil
	m.r.First = append(m.r.First, one)
	if len(m.r.First) > 20*mostFirst {
		m.r.First = first(m.r.First)
	}
}

// first keeps the first changes of each kind by their rows.
func first(all []page.Message) []page.Message {
	slices.SortStableFunc(all, func(a, b page.Message) int { return int(a.Number - b.Number) })
	n := map[string]int{}
	return slices.DeleteFunc(all, func(one page.Message) bool {
		n[one.Change.Kind]++
		return n[one.Change.Kind] > mostFirst
	})
}

// gone adds what was made earlier and is not any more. Where some rows are chosen, nobody knows that of the others.
func (m *maker) gone(ctx context.Context) error {
	if m.whole() {
		for one, err := range m.Earlier.Gone(ctx) {
			if err != nil {
				return err
			}
			if m.Page != nil {
				if err := m.Page.Add(one); err != nil {
					return err
				}
			}
			m.note(one)
		}
	}
	m.r.First = first(m.r.First)
	return nil
}

// Summary is what the page says of all messages.
func (r *Result) Summary(cfg Config, now time.Time) page.Summary {
	return page.Summary{
		Report: r.Report, Whole: len(r.Report.Counts) > 0, Without: r.Without, Made: now, Outside: cfg.Outside, Against: r.Compared,
	}
}
