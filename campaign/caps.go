package campaign

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/courtesy"
	"mailshot/sender/reply"
)

// budget lets the pool reserve from the user's accounts: the same caps for all campaigns and processes of the user.
type budget struct {
	accounts *accounts.Budget
	warm     *warmth          // nil: the sender is warm
	now      func() time.Time // nil: the gate's
}

func (b budget) Reserve(ctx context.Context, now time.Time, ls []sender.Limit) (sender.Reservation, sender.Refusal, error) {
	if b.now != nil {
		now = b.now() // the gate's is from before the ledger was asked what may go, which takes a while on a busy disk
	}
	young := ""
	if b.warm != nil {
		l, ok, err := b.warm.limit(ctx, now)
		if err != nil {
			return nil, sender.Refusal{}, err
		}
		if ok {
			ls, young = append(slices.Clone(ls), l), l.Key
		}
	}
	converted := make([]accounts.Limit, len(ls))
	for i, l := range ls {
		converted[i] = accounts.Limit{Key: l.Key, Caps: make([]accounts.Cap, len(l.Caps))}
		for j, c := range l.Caps {
			converted[i].Caps[j] = accounts.Cap{N: c.N, Window: c.Window}
		}
	}
	r, key, until, err := b.accounts.Reserve(ctx, now, converted)
	if b.warm != nil {
		if full := key != "" && key == young; b.warm.filled(full) {
			until = courtesy.Midnight(now.In(b.warm.place))
		}
	}
	if err != nil || key != "" {
		return nil, sender.Refusal{Key: key, Until: until}, err
	}
	return r, sender.Refusal{}, nil
}

// account names whom a server's caps are counted for: a host with a login, this machine's name, or a program.
func account(s *definition.Server) string {
	switch {
	case s.Direct:
		return "direct " + strings.ToLower(s.Helo)
	case s.Sendmail != "":
		return "sendmail " + s.Sendmail
	case s.Socket != "":
		return strings.TrimSpace("socket " + s.Socket + " " + s.Username)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", strings.ToLower(s.Host), s.Username))
}

// countedFor names who shares what is counted for a server's own limits.
func countedFor(s *definition.Server) string {
	if group := s.Limits.CapGroup; group != "" {
		return groupKey(group)
	}
	return account(s)
}

// whose names who shares what is counted for the campaign's limits, over all of its servers.
func (c *Campaign) whose() string {
	if group := c.def.Limits.CapGroup; group != "" {
		return groupKey(group)
	}
	var accounts []string
	for _, s := range c.def.Servers {
		accounts = append(accounts, account(s))
	}
	slices.Sort(accounts)
	return strings.Join(slices.Compact(accounts), ", ")
}

// allowance is what this campaign may use of a server. A sink has no caps, and nobody's but the file's own connections.
func (c *Campaign) allowance(s *definition.Server) allowance {
	if c.opts.Sink != nil {
		return allow(s.Limits, nil, definition.Ceiling{}, counted{account: account(s)})
	}
	var preset *reply.Provider
	if p, ok := reply.Preset(s.Provider); ok {
		preset = &p
	}
	a := allow(s.Limits, preset, c.ceiling, counted{account: account(s), host: strings.ToLower(s.Host), domain: senderDomain(c.def)})
	for _, cap := range c.def.Limits.Caps {
		a.add(c.whose(), cap) // over all servers together; of a single one they are its own, and the same
	}
	return a
}

// largest is the size in bytes of the largest message that each server is known to take, 0 where nothing is known, and the
// host that takes no more.
func (c *Campaign) largest() (most int64, host string) {
	for _, s := range c.servers() {
		if size := c.allowance(s).size; size > 0 && (most == 0 || size < most) {
			most, host = size, s.Host
		}
	}
	return most, host
}

// domainLimits are the limits of each lane that has its own, over all servers together. A sink has none.
func (c *Campaign) domainLimits() map[string]sender.Limit {
	lanes := map[string]sender.Limit{}
	if c.opts.Sink != nil {
		return lanes
	}
	for domain, caps := range c.def.Limits.Domains {
		lanes[domain] = sender.Limit{Key: c.whose() + " " + domain, Caps: caps}
	}
	return lanes
}
