package caps

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/sender/limits"
)

// Meters are the accounts whose caps hold for every message, with what has been used of them; uses says the same of
// each cap, for people to read. The caps that only some of several servers have are added up in one account. Never more
// goes than that sum allows. Less goes while recipients keep to one server.
func (t Terms) Meters(
	ctx context.Context, of *accounts.Accounts, now time.Time,
) (accounts []limits.Account, uses []Use, err error) {
	var apart []limits.Account // one for each server, with the caps that do not hold for all servers
	known := map[string]bool{} // keys
	for _, s := range t.Servers {
		alone := limits.Account{}
		for i, limit := range t.Allowance(s).Limits {
			common := len(t.Servers) == 1 || t.Shared(limit.Key)
			name := limit.Key
			if len(t.Servers) == 1 && i == 0 {
				name = ""
			}
			a, used, err := Used(ctx, of, now, name, limit)
			if err != nil {
				return nil, nil, err
			}
			if !known[limit.Key] {
				uses = append(uses, used...)
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
	return accounts, uses, nil
}

// sum adds accounts up: as many messages go in a window as all of them may send in it together. The sum is uncapped if
// any one account is.
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
