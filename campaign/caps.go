package campaign

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/definition"
	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/courtesy"
	"mailshot/sender/reply"
)

// budget lets the pool reserve from the user's accounts: the same caps for all campaigns and processes of the user.
type budget struct {
	accounts *ledger.Budget
	warm     *warmth // nil: the sender is warm
}

func (b budget) Reserve(ctx context.Context, now time.Time, ls []sender.Limit) (sender.Reservation, sender.Refusal, error) {
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
	converted := make([]ledger.Limit, len(ls))
	for i, l := range ls {
		converted[i] = ledger.Limit{Key: l.Key, Caps: make([]ledger.Cap, len(l.Caps))}
		for j, c := range l.Caps {
			converted[i].Caps[j] = ledger.Cap{N: c.N, Window: c.Window}
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

// account names whom caps are counted for: a host with a login, this machine's name, or a program.
func (c *Campaign) account() string {
	s := c.def.Server
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

// allowance is what this campaign may use. A sink has no caps, and nobody's but the file's own connections.
func (c *Campaign) allowance() allowance {
	if c.opts.Sink != nil {
		return allow(definition.Limits{Connections: c.def.Limits.Connections, MessagesPerConnection: c.def.Limits.MessagesPerConnection},
			nil, definition.Ceiling{}, counted{account: c.account()})
	}
	var preset *reply.Provider
	if p, ok := reply.Preset(c.def.Server.Provider); ok {
		preset = &p
	}
	return allow(c.def.Limits, preset, c.ceiling, counted{account: c.account(), host: strings.ToLower(c.def.Server.Host), domain: senderDomain(c.def)})
}

// limits are the account's caps and those of each lane. A sink has none.
func (c *Campaign) limits() (account sender.Limit, lanes map[string]sender.Limit) {
	account = c.allowance().limits[0]
	lanes = map[string]sender.Limit{}
	if c.opts.Sink != nil {
		return account, lanes
	}
	for domain, caps := range c.def.Limits.Domains {
		lanes[domain] = sender.Limit{Key: c.whose() + " " + domain, Caps: caps}
	}
	return account, lanes
}

// whose names who shares what is counted for the campaign's own limits.
func (c *Campaign) whose() string {
	if group := c.def.Limits.CapGroup; group != "" {
		return groupKey(group)
	}
	return c.account()
}

// shared are the limits that hold for every message beside the account's: of a group of accounts, of what the provider
// counts otherwise, and of the operator.
func (c *Campaign) shared() []sender.Limit { return c.allowance().limits[1:] }
