package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"time"

	"mailshot/campaign/caps"
	"mailshot/campaign/forecast"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/recipients"
	"mailshot/internal/scratch"
	"mailshot/sender/limits"
)

// EstimateOptions say for what to estimate. The zero value is all that a send would send now.
type EstimateOptions struct {
	Only   string // expression: only these rows
	Limit  int64  // at most so many; 0 = all
	Repeat bool   // what people got before counts too
	// Weighed is called with each message's weight, one at a time; nil = nobody looks.
	Weighed func(message.Weight)
}

// Estimate says what a send would be like.
type Estimate struct {
	Resumed  bool     // it is about what is left of a list that an earlier send froze
	Changed  []string // in words, the inputs that are no longer those of the frozen list
	Rows     int64
	Messages int64
	Copies   int64  // of those messages, to cc and bcc: each is a use of the caps, too
	Bytes    int64  // of messages and envelopes, without what TLS adds
	Largest  int64  // bytes of the largest message
	Place    string // of the row with the largest message
	Unmade   int64  // messages that cannot be made as they were planned
	UTF8     int64  // messages whose envelope needs SMTPUTF8
	Start    time.Time
	Caps     []caps.Use
	Forecast limits.Forecast
}

// Estimate works out what a send would do now. If the campaign was sent before, that is what is left of it. Else it is
// the list as it is, planned into a ledger of its own that is thrown away. Nothing is changed. Errors: *CheckError, and
// those about the campaign as a whole.
func (c *Campaign) Estimate(ctx context.Context, o EstimateOptions) (_ *Estimate, err error) {
	if c.ledger != nil {
		return nil, errors.New("campaign: Estimate is not for a campaign that was planned")
	}
	c.only, c.limit = o.Only, o.Limit
	e := &Estimate{Start: c.now()}
	l, done, err := c.estimated(ctx, o, e)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	waiting, err := c.weigh(ctx, l, e, o.Weighed)
	if err != nil {
		return nil, err
	}
	e.Forecast, e.Caps, err = c.foresee(ctx, l, e.Start, waiting, e.Copies)
	return e, err
}

// estimated opens the ledger that has the campaign, or makes a temporary one. done closes it.
func (c *Campaign) estimated(ctx context.Context, o EstimateOptions, e *Estimate) (l *ledger.Ledger, done func() error, err error) {
	if _, err := os.Stat(c.statePath()); err == nil {
		if l, err = ledger.Open(c.statePath()); err != nil {
			return nil, nil, err
		}
		c.frozen, err = l.Campaign(ctx, c.id)
		if err == nil {
			e.Resumed = true
			err = c.thaw(ctx, l, e)
		}
		if err == nil {
			return l, l.Close, nil
		}
		if err = errors.Join(err, l.Close()); !errors.Is(err, ledger.ErrNotFound) {
			return nil, nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if l, done, err = c.thrownAway("estimate"); err != nil {
		return nil, nil, err
	}
	draft, p, err := c.draft(ctx, l, PlanOptions{Only: c.only, Repeat: o.Repeat})
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	if p.report.Errors() > 0 {
		return nil, nil, errors.Join(&CheckError{p.report}, draft.Discard(ctx), done())
	}
	frozen, err := c.record(p, nil) // nobody sends it
	if err == nil {
		err = draft.Freeze(ctx, *frozen)
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	e.Rows = p.report.Rows
	return l, done, nil
}

// thrownAway makes a ledger that lasts as long as this process needs it. done removes it.
func (c *Campaign) thrownAway(what string) (l *ledger.Ledger, done func() error, err error) {
	dir, err := scratch.New(c.def.Home(), what)
	if err != nil {
		return nil, nil, err
	}
	if l, err = ledger.Open(dir.Name("state.db")); err != nil {
		return nil, nil, errors.Join(err, dir.Close())
	}
	return l, func() error { return errors.Join(l.Close(), dir.Close()) }, nil
}

// thaw prepares to make the messages of a frozen list again, and notes what changed since.
func (c *Campaign) thaw(ctx context.Context, l *ledger.Ledger, e *Estimate) error {
	header := new(recipients.Header)
	if err := json.Unmarshal(c.frozen.Header, header); err != nil {
		return fmt.Errorf("campaign %s: header in the ledger: %w", c.id, err)
	}
	if err := c.compile(header); err != nil {
		return c.asCheck(err)
	}
	if _, err := c.header.Filter(c.only); err != nil {
		return c.asCheck(err)
	}
	var err error
	if e.Changed, err = c.changed(ctx); err != nil {
		return err
	}
	_, e.Rows, err = l.Counts(ctx, c.id)
	return err
}

// weigh makes what is left of the messages, many at a time, and counts them by lane.
func (c *Campaign) weigh(ctx context.Context, l *ledger.Ledger, e *Estimate, weighed func(message.Weight),
) (waiting, error) {
	choose, err := c.header.Filter(c.only)
	if err != nil {
		return nil, c.asCheck(err)
	}
	lanes := waiting{}
	scale := message.Scale{Maker: c.maker, Date: e.Start, Each: weighed}
	listed := int64(0)
	for rec, err := range c.left(ctx, l, &listed) {
		if err != nil {
			return nil, err
		}
		if c.limit > 0 && e.Messages >= c.limit {
			break
		}
		row, err := c.header.Decode(rec.Place, rec.Number, rec.Fields)
		if err != nil {
			e.Messages++
			e.Unmade++
			lanes.add(c, rec)
			continue
		}
		if ok, err := choose(row); err != nil {
			return nil, err
		} else if !ok {
			continue
		}
		e.Messages++
		lanes.add(c, rec)
		if err := scale.Put(ctx, row); err != nil {
			return nil, err
		}
	}
	err = scale.Flush(ctx)
	e.Unmade, e.Bytes, e.Copies, e.UTF8 = e.Unmade+scale.Unmade, scale.Bytes, scale.Copies, scale.UTF8
	e.Largest, e.Place = scale.Largest, scale.Place
	return lanes, err
}

// survey counts what this run would send, by lane, and keeps the heads of the first three messages.
func (c *Campaign) survey(ctx context.Context, plan *Plan) (waiting, error) {
	lanes := waiting{}
	choose, err := c.header.Filter(c.only)
	if err != nil {
		return nil, c.asCheck(err)
	}
	listed := int64(0)
	defer func() {
		if listed > 0 {
			plan.Notes = append(plan.Notes,
				fmt.Sprintf("%d of those left are on a suppression list by now, and get nothing", listed))
		}
	}()
	for rec, err := range c.left(ctx, c.ledger, &listed) {
		if err != nil {
			return nil, err
		}
		if c.limit > 0 && plan.ToSend >= c.limit {
			break
		}
		if c.only != "" || len(plan.Samples) < 3 {
			row, err := c.header.Decode(rec.Place, rec.Number, rec.Fields)
			if err != nil && c.only != "" {
				continue // it has other columns than the list has now: it is not chosen, and is not a sample
			}
			if err != nil {
				plan.ToSend++ // held when its turn comes
				lanes.add(c, rec)
				continue
			}
			if ok, err := choose(row); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
			if len(plan.Samples) < 3 {
				// A message that cannot be made now (a file has gone) is held when its turn comes; it is not a sample.
				if m, err := c.maker.Known(row, rec.Digest, c.now()); err == nil {
					sample := message.Sampled(m)
					sample.Number = rec.Number
					plan.Samples = append(plan.Samples, sample)
				}
			}
		}
		plan.ToSend++
		lanes.add(c, rec)
		if c.only == "" && c.limit == 0 && len(plan.Samples) == 3 {
			return c.surveyAll(ctx, plan, &listed)
		}
	}
	return lanes, nil
}

// surveyAll counts all that is left, and looks at no message.
func (c *Campaign) surveyAll(ctx context.Context, plan *Plan, listed *int64) (waiting, error) {
	live, err := c.suppress.Live(ctx)
	if err != nil {
		return nil, err
	}
	check := live.Check
	if live.Nobody() {
		check = nil
	}
	var lanes forecast.Waiting
	lanes, plan.ToSend, *listed, err = forecast.Count(ctx, c.ledger, c.id, c.waitsIn, check)
	return waiting(lanes), err
}

// left yields the deliveries that are still to be sent. It leaves out people who were put on a suppression list since
// the plan, and counts them in listed.
func (c *Campaign) left(ctx context.Context, l *ledger.Ledger, listed *int64) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		suppressed, err := c.suppress.Screen(ctx)
		if err != nil {
			yield(ledger.Record{}, err)
			return
		}
		unsent := ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}
		for rec, err := range l.Deliveries(ctx, c.id, unsent) {
			why := ""
			if err == nil {
				why, err = suppressed(ctx, rec.AddressKey)
			}
			if why != "" {
				*listed++
				continue
			}
			if !yield(rec, err) {
				return
			}
		}
	}
}
