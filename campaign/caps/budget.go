package caps

import (
	"context"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/sender"
)

// Budget lets a gate reserve uses of caps from the user's accounts, so that the caps hold for all campaigns and
// processes of the user together. It keeps the contract of [sender.Budget]. Accounts is required.
type Budget struct {
	Accounts *accounts.Budget
	Warmup   *Warmup          // adds the cap of the day; nil = the sender is warm
	Now      func() time.Time // the clock; nil = the time that the gate gives
}

// Reserve takes one use of every limit, or says which limit has none left; see [sender.Budget].
func (b Budget) Reserve(
	ctx context.Context, now time.Time, ls []sender.Limit,
) (sender.Reservation, sender.Refusal, error) {
	if b.Now != nil {
		// The gate read its clock before it asked the ledger what may go, and a busy disk makes that answer slow.
		now = b.Now()
	}
	young := ""
	if b.Warmup != nil {
		l, ok, err := b.Warmup.Limit(ctx, now)
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
	r, key, until, err := b.Accounts.Reserve(ctx, now, converted)
	if b.Warmup != nil {
		if full := key != "" && key == young; b.Warmup.filled(full) {
			until = b.Warmup.Tomorrow(now)
		}
	}
	if err != nil || key != "" {
		return nil, sender.Refusal{Key: key, Until: until}, err
	}
	return r, sender.Refusal{}, nil
}
