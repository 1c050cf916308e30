package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender"
	"mailshot/sender/limits"
)

// budget lets the pool reserve from the user's accounts: the same caps for all campaigns and processes of the user.
type budget struct{ accounts *ledger.Budget }

func (b budget) Reserve(ctx context.Context, now time.Time, ls []sender.Limit) (sender.Reservation, sender.Refusal, error) {
	converted := make([]ledger.Limit, len(ls))
	for i, l := range ls {
		converted[i] = ledger.Limit{Key: l.Key, Caps: make([]ledger.Cap, len(l.Caps))}
		for j, c := range l.Caps {
			converted[i].Caps[j] = ledger.Cap{N: c.N, Window: c.Window}
		}
	}
	r, key, until, err := b.accounts.Reserve(ctx, now, converted)
	if err != nil || key != "" {
		return nil, sender.Refusal{Key: key, Until: until}, err
	}
	return r, sender.Refusal{}, nil
}

// account names whom caps are counted for: a host with a login.
func (c *Campaign) account() string {
	s := c.def.Server
	return strings.TrimSpace(fmt.Sprintf("%s %s", strings.ToLower(s.Host), s.Username))
}

// limits are the account's caps and those of each lane. A sink has none.
func (c *Campaign) limits() (account sender.Limit, lanes map[string]sender.Limit) {
	account = sender.Limit{Key: c.account()}
	lanes = map[string]sender.Limit{}
	if c.opts.Sink != nil {
		return account, lanes
	}
	account.Caps = c.def.Limits.Caps
	for domain, caps := range c.def.Limits.Domains {
		lanes[domain] = sender.Limit{Key: account.Key + " " + domain, Caps: caps}
	}
	return account, lanes
}

// lane is the group of recipients whose caps a domain obeys: itself where the campaign names it, else the rest.
func (c *Campaign) lane(domain string) string {
	if _, ok := c.def.Limits.Domains[domain]; ok {
		return domain
	}
	return ""
}

// lasts is how long n messages take at least under caps, from empty windows: the k-th of them waits for
// floor((k-1)/N) windows.
func lasts(n int64, caps []limits.Cap) time.Duration {
	var longest time.Duration
	for _, c := range caps {
		if n > 0 {
			longest = max(longest, time.Duration((n-1)/c.N)*c.Window)
		}
	}
	return longest
}
