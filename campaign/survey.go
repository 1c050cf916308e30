package campaign

import (
	"context"
	"fmt"
	"iter"

	"mailshot/campaign/ledger"
	"mailshot/render"
)

// survey counts what this run would send, by lane, and takes the heads of the first three messages.
func (c *Campaign) survey(ctx context.Context, plan *Plan) (waiting, error) {
	lanes := waiting{}
	choose, err := c.filter(c.only)
	if err != nil {
		return nil, c.asCheck(err)
	}
	listed := int64(0)
	defer func() {
		if listed > 0 {
			plan.Notes = append(plan.Notes, fmt.Sprintf("%d of those left are on a list of people never to be mailed by now, and get nothing", listed))
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
				continue // of other columns than the list has now: no sample, and not chosen
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
				// A message that cannot be made now (a file has gone) is held when its turn comes; it is no sample.
				if m, err := c.maker.Render(row, c.now()); err == nil {
					plan.Samples = append(plan.Samples, sample(m))
				}
			}
		}
		plan.ToSend++
		lanes.add(c, rec)
	}
	return lanes, nil
}

// left yields the deliveries that are still to be sent, but for those to people who have come onto a list of people never to be mailed since
// the plan: their turn ends there. listed counts these.
func (c *Campaign) left(ctx context.Context, l *ledger.Ledger, listed *int64) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		suppressed, err := c.suppress.screen(ctx)
		if err != nil {
			yield(ledger.Record{}, err)
			return
		}
		for rec, err := range l.Deliveries(ctx, c.id, ledger.Filter{States: []ledger.State{ledger.Pending, ledger.Deferred}}) {
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

func sample(m *render.Message) Sample {
	s := Sample{Subject: m.Subject(), To: m.To(), Size: m.Size()}
	for _, h := range m.Header() {
		switch h[0] {
		case "From":
			s.From = h[1]
		case "To":
			s.To = h[1]
		}
	}
	for _, p := range m.Parts() {
		if p.Name != "" {
			s.Attachments = append(s.Attachments, p.Name)
		}
	}
	return s
}
