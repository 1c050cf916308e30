package caps

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mailshot/campaign/ledger"
	"mailshot/sender/limits"
)

// Meters are the accounts whose caps hold for every message, with what has been used of them, and the same of every cap for
// people. Several servers are one account whose caps are theirs added up, beside what holds for all of them: less than that
// goes while recipients keep to one server, never more.
func (t Terms) Meters(ctx context.Context, of *ledger.Accounts, now time.Time) ([]limits.Account, []Use, error) {
	var accounts, apart []limits.Account // that hold for all, and of one server each
	var caps []Use
	known := map[string]bool{}
	for _, s := range t.Servers {
		alone := limits.Account{}
		for i, limit := range t.Allowance(s).Limits {
			common := len(t.Servers) == 1 || t.Shared(limit.Key)
			name := limit.Key // whose it is
			if len(t.Servers) == 1 && i == 0 {
				name = ""
			}
			a, uses, err := Used(ctx, of, now, name, limit)
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
	if len(t.Servers) > 1 {
		accounts = append(accounts, sum(apart))
	}
	return accounts, caps, nil
}

// sum adds accounts up: in a window go as many as each may send in it. Without caps is whoever has one without.
func sum(apart []limits.Account) limits.Account {
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
		total := limits.Cap{Window: w}
		for _, a := range apart {
			most := int64(0)
			for i, cap := range a.Caps {
				if n := cap.N * int64((w+cap.Window-1)/cap.Window); i == 0 || n < most {
					most = n
				}
			}
			total.N += most
		}
		all.Caps = append(all.Caps, total)
	}
	return all
}
