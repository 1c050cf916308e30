package campaign

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mailshot/campaign/definition"
	"mailshot/sender"
	"mailshot/sender/limits"
)

// metered are the accounts whose caps hold for every message, with what has been used of them, and the same of every cap for
// people. Several servers are one account whose caps are theirs added up, beside what holds for all of them: less than that
// goes while recipients keep to one server, never more.
func (c *Campaign) metered(ctx context.Context, now time.Time) ([]limits.Account, []CapUse, error) {
	servers := c.servers()
	var accounts, apart []limits.Account // that hold for all, and of one server each
	var caps []CapUse
	known := map[string]bool{}
	for _, s := range servers {
		alone := limits.Account{}
		for i, limit := range c.allowance(s).limits {
			common := len(servers) == 1 || c.holdsForAll(limit.Key)
			name := limit.Key // whose it is
			if len(servers) == 1 && i == 0 {
				name = ""
			}
			a, uses, err := c.used(ctx, now, name, limit)
			if err != nil {
				return nil, nil, err
			}
			if !known[limit.Key] {
				caps = append(caps, uses...)
			}
			switch {
			case !common:
				if len(alone.Caps) == 0 {
					alone.Used, alone.Started = a.Used, a.Started
				}
				alone.Caps = append(alone.Caps, a.Caps...)
			case !known[limit.Key]:
				accounts = append(accounts, a)
			}
			known[limit.Key] = true
		}
		apart = append(apart, alone)
	}
	if len(servers) > 1 {
		accounts = append(accounts, together(apart))
	}
	return accounts, caps, nil
}

// holdsForAll reports whether every server's messages are counted under a key.
func (c *Campaign) holdsForAll(key string) bool {
	return !slices.ContainsFunc(c.servers(), func(s *definition.Server) bool {
		return !slices.ContainsFunc(c.allowance(s).limits, func(l sender.Limit) bool { return l.Key == key })
	})
}

// together adds accounts up: in a window go as many as each may send in it. Without caps is whoever has one without.
func together(apart []limits.Account) limits.Account {
	var all limits.Account
	var windows []time.Duration
	for _, a := range apart {
		if len(a.Caps) == 0 {
			return limits.Account{}
		}
		for _, cap := range a.Caps {
			windows = append(windows, cap.Window)
		}
		all.Used = append(all.Used, a.Used...)
		if a.Started.After(all.Started) {
			all.Started = a.Started
		}
	}
	slices.SortStableFunc(all.Used, func(a, b limits.Use) int { return a.Time.Compare(b.Time) })
	slices.SortFunc(windows, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	for _, w := range slices.Compact(windows) {
		sum := limits.Cap{Window: w}
		for _, a := range apart {
			most := int64(0)
			for i, cap := range a.Caps {
				if n := cap.N * int64((w+cap.Window-1)/cap.Window); i == 0 || n < most {
					most = n
				}
			}
			sum.N += most
		}
		all.Caps = append(all.Caps, sum)
	}
	return all
}
