package outgoing

import (
	"context"
	"slices"
	"sync"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/render"
	"mailshot/sender"
	"mailshot/sender/reply"
)

// Copies is what a run does about those who get copies of its messages. It says who is left out, and what became of
// each for the ledger. It is safe for concurrent use.
type Copies struct {
	// Suppressed gives the reason why nobody may mail the address with this key; "" = there is none.
	Suppressed func(ctx context.Context, key string) (reason string, err error)
	// Tried are the attempts at a delivery. Where a server answers for each recipient, a copy may have been taken of a
	// message that is tried again. nil = no server does.
	Tried func(ctx context.Context, delivery int64) ([]ledger.Result, []ledger.Change, error)

	mu   sync.Mutex
	made map[int64]chosen // by delivery, of those in hand
}

// chosen are the copies of one message.
type chosen struct {
	to   []render.Copy
	left []ledger.Copied
}

// NewCopies returns what a run does about copies that goes by these servers. The caller sets Suppressed.
func NewCopies(servers []*definition.Server, l *ledger.Ledger) *Copies {
	c := &Copies{made: map[int64]chosen{}}
	if slices.ContainsFunc(servers, func(s *definition.Server) bool { return s.Protocol == sender.LMTP }) {
		c.Tried = l.Story
	}
	return c
}

// choose returns the addresses of those who get a copy of a delivery's message, and keeps who is left out and why.
func (c *Copies) choose(d *ledger.Delivery, all []render.Copy) (to []string, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	has, err := c.has(d)
	if err != nil {
		return nil, err
	}
	var which chosen
	for _, one := range all {
		why, _ := c.Suppressed(context.Background(), one.Key) // an error comes again, from Stale
		if why != "" {
			why = "left out: suppressed: " + why
		} else if has[one.Key] {
			why = "left out: has it already, or may have it"
		}
		if why != "" {
			which.left = append(which.left, ledger.Copied{Address: one.Address, AddressKey: one.Key, Blind: one.Blind, Text: why})
			continue
		}
		which.to = append(which.to, one)
		to = append(to, one.Address)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made[d.ID] = which
	return to, nil
}

// has are the keys of those who have a copy from an earlier attempt, or may have one.
func (c *Copies) has(d *ledger.Delivery) (map[string]bool, error) {
	if c.Tried == nil {
		return nil, nil
	}
	tried, _, err := c.Tried(context.Background(), d.ID)
	has := map[string]bool{}
	for _, attempt := range tried {
		if attempt.State == ledger.Unknown { // a person has decided about it
			continue
		}
		for _, one := range attempt.Copies {
			if one.Stage == string(reply.End) && (one.Accepted || one.Code == 0) {
				has[one.AddressKey] = true
			}
		}
	}
	return has, err
}

// Stale reports whether somebody who is to get a copy of a delivery has become suppressed since its message was made.
// An error means that nobody knows.
func (c *Copies) Stale(ctx context.Context, d *ledger.Delivery) (bool, error) {
	c.mu.Lock()
	which := c.made[d.ID]
	c.mu.Unlock()
	for _, one := range which.to {
		if why, err := c.Suppressed(ctx, one.Key); why != "" || err != nil {
			return why != "", err
		}
	}
	return false, nil
}

// Copied is what became of the copies of a delivery, for the ledger. said is what the server said, or nil if nothing of
// the message left.
func (c *Copies) Copied(d *ledger.Delivery, said []sender.Copied) []ledger.Copied {
	c.mu.Lock()
	which := c.made[d.ID]
	delete(c.made, d.ID)
	c.mu.Unlock()
	if len(said) != len(which.to) {
		return nil
	}
	var all []ledger.Copied
	for i, one := range which.to {
		s := said[i]
		all = append(all, ledger.Copied{Address: one.Address, AddressKey: one.Key, Blind: one.Blind, Accepted: s.Accepted,
			Stage: string(s.Stage), Code: s.Code, Enhanced: s.Enhanced, Text: s.Text})
	}
	return append(all, which.left...)
}
