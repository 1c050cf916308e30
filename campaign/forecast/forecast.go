// Package forecast says how long a campaign takes: [Of] plays what is left to send against the caps, against what has
// been used of them, and against the rules that a run keeps.
//
// Nothing is sent and no time passes. The same [pacing.Pacer] that a run asks is asked with a clock that jumps, and is
// told of the messages that would have gone. A new sender's warm-up goes on day by day in the same way. So a forecast
// and a run differ only in what nobody knows beforehand: what the servers answer, and how fast.
package forecast

import (
	"context"
	"maps"
	"slices"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/caps"
	"mailshot/campaign/ledger"
	"mailshot/campaign/pacing"
	"mailshot/sender/limits"
)

// Config says what to forecast. Now, Accounts and Pacer are required.
type Config struct {
	Now      time.Time          // when sending begins
	Waiting  Waiting            // what is left to send
	Terms    caps.Terms         // the caps
	Accounts *accounts.Accounts // have what is used of the caps
	Pacer    *pacing.Pacer      // is told of what goes, and is of no use to a run afterwards
	Warmup   *caps.Warmup       // of the campaign's only server; nil = the sender is warm, or there are several servers
	Copies   int64              // of all that is waiting together: each is a use of the caps of an account
}

// Waiting is what is left to send, by lane. Lanes of a run that obey the same caps and the same hours are one lane
// here.
type Waiting map[string]*limits.Lane

// Add counts a delivery in a lane, which is named like those of [pacing.Lane]; its group is "" where it has no caps of
// its own.
func (w Waiting) Add(lane string, rec ledger.Record) {
	w.add(lane, 1, rec.Due)
}

// add counts n deliveries, which may go at once or, if due is not zero, then.
func (w Waiting) add(lane string, n int64, due time.Time) {
	l := w[lane]
	if l == nil {
		l = &limits.Lane{Name: lane}
		w[lane] = l
	}
	if due.IsZero() {
		l.Messages += n
	} else {
		l.Later = append(l.Later, due)
	}
}

// Count counts what is left of a campaign, in lanes that name gives, and returns how much that is. Whom suppressed
// gives a reason for is left out, and is counted by itself; nil: nobody is suppressed.
func Count(ctx context.Context, l *ledger.Ledger, id string, name func(lane string) string,
	suppressed func(ctx context.Context, addressKey string) (string, error),
) (w Waiting, n, listed int64, err error) {
	w = Waiting{}
	for part, err := range l.Left(ctx, id, suppressed != nil) {
		why := ""
		if err == nil && suppressed != nil {
			why, err = suppressed(ctx, part.AddressKey)
		}
		if err != nil {
			return nil, 0, 0, err
		}
		if why != "" {
			listed++
			continue
		}
		n += part.N
		w.add(name(part.Lane), part.N, part.Due)
	}
	return w, n, listed, nil
}

// Of says when what is waiting can go, and how much of each cap has been used by now. It changes nothing on disk.
func Of(ctx context.Context, c Config) (limits.Forecast, []caps.Use, error) {
	accounts, used, err := c.Terms.Meters(ctx, c.Accounts, c.Now)
	if err != nil {
		return limits.Forecast{}, nil, err
	}
	lanes, more, err := c.lanes(ctx)
	if err != nil {
		return limits.Forecast{}, nil, err
	}
	r := newRules(c.Pacer, slices.Sorted(maps.Keys(c.Waiting)))
	if c.Warmup != nil {
		if r.warmup, err = newWarmup(ctx, c); err != nil {
			return limits.Forecast{}, nil, err
		}
	}
	return limits.Foresee(c.Now, accounts, lanes, r), append(used, more...), nil
}

// lanes are those that wait, sorted, each with the account of its own caps, and what has been used of those caps.
func (c Config) lanes(ctx context.Context) (lanes []limits.Lane, used []caps.Use, err error) {
	own := c.Terms.Domains()
	accounts := map[string]*limits.Account{}
	for i, name := range slices.Sorted(maps.Keys(c.Waiting)) {
		lane := *c.Waiting[name]
		if i == 0 {
			lane.Copies = c.Copies // they are spread over all lanes
		}
		if domain := pacing.GroupOf(name); domain != "" {
			if accounts[domain] == nil {
				a, uses, err := caps.Used(ctx, c.Accounts, c.Now, domain, own[domain])
				if err != nil {
					return nil, nil, err
				}
				accounts[domain], used = &a, append(used, uses...)
			}
			lane.Account = accounts[domain]
		}
		lanes = append(lanes, lane)
	}
	return lanes, used, nil
}
