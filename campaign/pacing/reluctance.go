package pacing

import (
	"strings"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender/courtesy"
)

// Who only puts mail off is reluctant: a provider, a domain, or a part of the rest. While others have something that
// may go, all that are reluctant get one try in fairShare together, so that they do not take the caps from the
// others. When nobody else has anything, they have what is left, as far as their own gaps allow.

const (
	fairShare = 25
	// partAfter is after how many tries in a row that were put off a part of the rest is reluctant. It has many domains.
	partAfter = 10
)

// unit is the name under which a domain among the rest is looked at.
func unit(d *ledger.Delivery) string {
	return d.AddressKey[max(strings.LastIndexByte(d.AddressKey, '@'), 0):]
}

// PutOff notes that the server of d's recipient put d off. It is told before Settled.
func (p *Pacer) PutOff(d *ledger.Delivery, now time.Time) {
	group := GroupOf(d.Lane)
	if Single(group) {
		p.reluctance(group, 0).PutOff(now)
		return
	}
	p.reluctance(group, partAfter).PutOff(now)
	p.reluctance(unit(d), 0).PutOff(now)
}

// reluctance is that of a group or a unit.
func (p *Pacer) reluctance(name string, after int) *courtesy.Reluctance {
	r := p.reluctances[name]
	if r == nil {
		r = &courtesy.Reluctance{After: after, Wait: p.c.Retry}
		p.reluctances[name] = r
	}
	return r
}

// answered notes that a delivery was answered for good.
func (p *Pacer) answered(f flight) {
	delete(p.reluctances, f.group)
	delete(p.reluctances, f.unit)
}

// AnyReluctant reports whether there may be somebody who only puts mail off.
func (p *Pacer) AnyReluctant() bool { return len(p.reluctances) > 0 }

// Reluctant reports whether the recipients of a lane only put mail off.
func (p *Pacer) Reluctant(lane string) bool {
	r := p.reluctances[GroupOf(lane)]
	return r != nil && r.Reluctant()
}

// ReluctantDomain reports whether d's domain, one among the rest, only puts mail off; if so, whether d may go at now
// all the same, and else from when. A zero until means with the next outcome.
func (p *Pacer) ReluctantDomain(d *ledger.Delivery, now time.Time) (reluctant, may bool, until time.Time) {
	r := p.reluctances[unit(d)]
	if Single(GroupOf(d.Lane)) || r == nil || !r.Reluctant() {
		return false, true, time.Time{}
	}
	may, until = r.Free(now, p.under[unit(d)])
	return true, may, until
}

// Turn reports whether it is the turn of those that are reluctant: the others have had their share.
func (p *Pacer) Turn() bool { return len(p.reluctances) > 0 && p.others >= fairShare-1 }
