package campaign

import (
	"context"
	"path/filepath"

	"mailshot/campaign/accounts"
	"mailshot/campaign/leaving"
	"mailshot/campaign/ledger"
	"mailshot/campaign/message"
	"mailshot/campaign/previous"
	"mailshot/campaign/repeats"
)

// rehearsal reports whether nobody of the list is mailed.
func (c *Campaign) rehearsal() bool { return c.opts.Sink != nil || c.opts.To != nil }

// history is what the user's other campaigns sent to whom; nil if they sent nothing, and for a rehearsal. For a re-plan
// it knows which rows get nothing any more: a re-plan leaves them as they are.
func (c *Campaign) history(ctx context.Context, to adder) (*repeats.History, error) {
	if c.rehearsal() {
		return nil, nil
	}
	own := repeats.Campaign{Run: c.run(ctx), ID: c.id, Folder: repeats.Folder(c.def.Dir)}
	h, err := repeats.Load(ctx, c.accounts, own, c.now())
	if err != nil || h.Key() == nil && !h.Lost() {
		return nil, err
	}
	if _, is := to.(*ledger.Replan); !is {
		return h, nil
	}
	done := ledger.Filter{States: []ledger.State{ledger.Sent, ledger.Bounced, ledger.Complained, ledger.Unknown,
		ledger.Refused, ledger.GaveUp, ledger.Held, ledger.Cancelled, ledger.Suppressed}}
	for r, err := range c.ledger.Deliveries(ctx, c.id, done) {
		if err != nil {
			return nil, err
		}
		h.Done(r.Key)
	}
	return h, nil
}

// outdated reports whether the user's other campaigns have sent since a plan was made that has had no run yet.
func (c *Campaign) outdated(ctx context.Context) (bool, error) {
	if c.frozen.Runs > 0 {
		return false, nil
	}
	h, err := c.history(ctx, nil)
	return h != nil && h.Since(c.frozen.Created), err
}

// run is the campaign's random name in its ledger; "" if it has none. A check and an estimate plan into a ledger of
// their own, so they look into the campaign's. What is wrong with that one is for a send to say.
func (c *Campaign) run(ctx context.Context) string {
	if c.frozen != nil {
		return c.frozen.Run
	}
	if c.ledger != nil {
		return ""
	}
	return repeats.RunOf(ctx, c.statePath(), c.id)
}

// sentBefore compares the plan with the last campaign like it, and finds the messages that other campaigns have sent.
func (f *filling) sentBefore(ctx context.Context) error {
	all, def := f.pending, f.c.def
	if d, is := f.to.(*ledger.Draft); is {
		all = d.Counts()[ledger.Pending] // without the duplicates
		fs, err := previous.Findings(ctx, previous.Plan{Ledger: f.c.ledger, State: f.c.statePath(), ID: f.c.id,
			Template: def.IDTemplate(), Place: def.Place(def.Recipients.Places["file"]), Rows: f.p.report.Rows,
			Where: def.Place(def.Recipients.Where), Counts: d.Counts(), Idle: f.c.rehearsal() || f.p.found.Errors() > 0})
		if f.p.found.Add(fs...); err != nil {
			return err
		}
	}
	if f.history == nil {
		return nil
	}
	f.p.found.Add(f.history.Findings(repeats.Asked{
		All: all, Accepted: f.o.Repeat, File: def.Name, List: f.c.list.Digest(), Subject: repeats.Subject(def.Subject.Text),
	})...)
	return nil
}

// record has the run remember who gets which message, and the accounts what its tokens mean.
func (s *sending) record(ctx context.Context) (err error) {
	c := s.c
	if c.rehearsal() {
		return nil
	}
	if err = leaving.Issue(ctx, c.accounts, message.Named(c.def, c.id), c.now()); err != nil || c.def.RememberDays() == 0 {
		return err
	}
	state, err := filepath.Abs(c.statePath())
	if err != nil {
		return err
	}
	s.memory, err = repeats.Record(ctx, c.accounts, c.ledger, s.run, accounts.Mailing{
		Run: c.frozen.Run, ID: c.id, Folder: repeats.Folder(c.def.Dir), List: c.frozen.List,
		Subject: repeats.Subject(c.def.Subject.Text), Ledger: state,
	}, c.def.RememberDays(), c.now)
	if err == nil {
		s.Deliveries, s.messages.Memory = s.memory, s.memory
	}
	return err
}
