package caps

import (
	"context"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/sender"
	"mailshot/sender/limits"
)

// Use is a cap, and how much of it has been used.
type Use struct {
	Lane string // or another name for what the cap is counted for; "" = the account
	Cap  limits.Cap
	Used int64 // within the window that ends now; always 0 for a cap that spaces its uses
}

// Used says how much of a limit has been used: as an account for a forecast, and cap by cap for people to read. Both
// get the name given. It changes nothing.
func Used(
	ctx context.Context, of *accounts.Accounts, now time.Time, name string, limit sender.Limit,
) (limits.Account, []Use, error) {
	longest := time.Duration(0)
	for _, cap := range limit.Caps {
		longest = max(longest, cap.Window)
	}
	used, err := of.Used(ctx, limit.Key, now.Add(-longest), now)
	if err != nil {
		return limits.Account{}, nil, err
	}
	a := limits.Account{Name: name, Caps: limit.Caps, Started: used.Started}
	for _, u := range used.Uses {
		a.Used = append(a.Used, limits.Use(u))
	}
	var uses []Use
	for _, cap := range limit.Caps {
		use := Use{Lane: name, Cap: cap}
		for _, u := range a.Used {
			if !cap.Paced() && u.Time.After(now.Add(-cap.Window)) {
				use.Used += u.N
			}
		}
		uses = append(uses, use)
	}
	return a, uses, nil
}
