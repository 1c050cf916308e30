package caps

import (
	"context"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/sender/limits"
)

// Full names the caps that are used up at now: those of the account, and those of these domains' own, as "10/24h" or
// "gmail.com 5/h". A cap that spaces its uses is never used up for long, and is not named.
func (t Terms) Full(ctx context.Context, of *accounts.Accounts, now time.Time, domains []string) ([]string, error) {
	_, uses, err := t.Meters(ctx, of, now)
	if err != nil {
		return nil, err
	}
	own := t.Domains()
	for _, domain := range slices.Compact(slices.Sorted(slices.Values(domains))) {
		limit, ok := own[domain]
		if !ok {
			continue
		}
		_, more, err := Used(ctx, of, now, domain, limit)
		if err != nil {
			return nil, err
		}
		uses = append(uses, more...)
	}
	var full []string
	for _, u := range uses {
		if !u.Cap.Paced() && u.Used >= u.Cap.N {
			full = append(full, limits.Hold{Lane: u.Lane, Cap: u.Cap}.String())
		}
	}
	return full, nil
}
