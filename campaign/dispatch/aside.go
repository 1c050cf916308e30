package dispatch

import (
	"context"
	"slices"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
)

// A lane or domain that only defers mail is reluctant. It comes after the others: see [pacing.Pacer.Turn]. A reluctant
// lane is closed while other lanes have something to send. A reluctant domain may share its lane with other domains. So
// the run lays its deliveries aside, and the next delivery of the lane can go. A delivery that was laid aside goes when
// its turn has come, or back to the memory when the run ends.

// mostAside bounds how many deliveries are laid aside. The next ones of a reluctant domain go in the lane's order.
const mostAside = 4096

// choose takes the next delivery that may go in the lanes that are not closed; nil if there is none.
func (p *picking) choose(ctx context.Context) (*ledger.Delivery, error) {
	r, shut := p.r, p.closure.lanes
	r.mu.Lock()
	var reluctant []string // the lanes that are open and reluctant
	if r.c.Pacer.AnyReluctant() {
		for _, lane := range r.lanes {
			if !slices.Contains(shut, lane) && r.c.Pacer.Reluctant(lane) {
				reluctant = append(reluctant, lane)
			}
		}
	}
	first := r.c.Pacer.Turn()
	r.mu.Unlock()
	for _, turn := range []bool{first, !first} {
		closed := slices.Concat(shut, reluctant) // of eager lanes
		if turn {
			if d := p.fromAside(); d != nil {
				return d, nil
			}
			closed = without(r.lanes, reluctant)
		}
		if d, err := p.from(ctx, closed, first); d != nil || err != nil {
			return d, err
		}
	}
	p.closeAside()
	return nil, nil
}

// without are the lanes that are not among some.
func without(lanes, some []string) []string {
	return slices.DeleteFunc(slices.Clone(lanes), func(lane string) bool { return slices.Contains(some, lane) })
}

// from takes the next delivery of the lanes that are not closed. It lays aside those whose domain is reluctant, unless
// it is their turn.
func (p *picking) from(ctx context.Context, closed []string, turn bool) (*ledger.Delivery, error) {
	if len(closed) == len(p.r.lanes) {
		return nil, nil
	}
	r := p.r
	for {
		d, err := r.c.Deliveries.Next(ctx, closed, p.now)
		if d == nil || err != nil {
			return nil, err
		}
		r.mu.Lock()
		reluctant, may, _ := r.c.Pacer.ReluctantDomain(d, p.now)
		r.mu.Unlock()
		if !reluctant || turn && may || len(r.aside) >= mostAside {
			return d, nil
		}
		r.aside = append(r.aside, d)
	}
}

// fromAside returns a delivery that was laid aside and may go. New deliveries and second tries alternate, because a
// server that greylists accepts only second tries.
func (p *picking) fromAside() *ledger.Delivery {
	r := p.r
	found := -1
	for i, d := range r.aside {
		if slices.Contains(p.closure.lanes, d.Lane) {
			continue
		}
		r.mu.Lock()
		_, may, _ := r.c.Pacer.ReluctantDomain(d, p.now)
		r.mu.Unlock()
		again := d.State == ledger.Deferred
		if may && (found < 0 || again == r.again) {
			found = i
			if again == r.again {
				break
			}
		}
	}
	if found < 0 {
		return nil
	}
	d := r.aside[found]
	r.aside = slices.Delete(r.aside, found, found+1)
	r.again = d.State != ledger.Deferred
	return d
}

// closeAside closes the lanes that have nothing but deliveries laid aside, until the first of these may go.
func (p *picking) closeAside() {
	r, c := p.r, &p.closure
	for _, d := range r.aside {
		_, paced := c.paced[d.Lane]
		if !paced && slices.Contains(c.lanes, d.Lane) {
			continue // of another server, or its caps are used up
		}
		r.mu.Lock()
		_, _, until := r.c.Pacer.ReluctantDomain(d, p.now)
		r.mu.Unlock()
		if !paced {
			c.lanes = append(c.lanes, d.Lane)
			if c.paced == nil {
				c.paced = map[string]pacing.Answer{}
			}
			c.paced[d.Lane] = pacing.Answer{NotBefore: until}
			continue
		}
		c.paced[d.Lane] = sooner(c.paced[d.Lane], pacing.Answer{NotBefore: until})
	}
}

// outlook is what the memory has left, together with what is laid aside.
func (r *Run) outlook(ctx context.Context) (ledger.Outlook, error) {
	r.admitting.Lock()
	defer r.admitting.Unlock()
	left, err := r.c.Deliveries.Outlook(ctx)
	if err != nil || len(r.aside) == 0 {
		return left, err
	}
	at := map[string]int{}
	for i, lane := range left.Lanes {
		at[lane.Lane] = i
	}
	for _, d := range r.aside {
		i, known := at[d.Lane]
		if !known {
			i = len(left.Lanes)
			at[d.Lane] = i
			left.Lanes = append(left.Lanes, ledger.LaneDue{Lane: d.Lane})
		}
		left.Lanes[i].Due = time.Time{}
	}
	left.Left += int64(len(r.aside))
	left.Due = time.Time{}
	return left, nil
}

// resume gives back to the memory what was laid aside.
func (r *Run) resume() {
	r.admitting.Lock()
	defer r.admitting.Unlock()
	for _, d := range slices.Backward(r.aside) { // each becomes the next of its lane
		r.c.Deliveries.PutBack(d)
	}
	r.aside = nil
}
