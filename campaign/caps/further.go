package caps

import (
	"context"
	"strings"
	"sync"
	"time"

	"mailshot/sender"
)

// Further reserves the uses of those who get copies of a message. A use counts one recipient: each copy is one of every
// limit of the account, and one of its own domain's. A Further is for one server.
type Further struct {
	Budget  sender.Budget
	Account []sender.Limit
	Groups  map[string]sender.Limit    // the limits of groups of recipients
	Group   func(domain string) string // the group that a domain is in
	Now     func() time.Time

	one sync.Mutex // held while a message gathers its uses: two would wait for what the other holds
}

// gathering is for how long a message that has some of its uses waits for the next one, as where a cap spaces its uses.
const gathering = 2 * time.Second

// Reserve adds the uses of the copies to that of the first recipient. All are reserved, or none of the copies':
// then the refusal says which limit has nothing left, and first is as it was.
func (f *Further) Reserve(ctx context.Context, first sender.Reservation, copies []string) (
	sender.Reservation, sender.Refusal, error) {
	f.one.Lock()
	defer f.one.Unlock()
	var held together
	for _, to := range copies {
		limits := f.Account
		domain := strings.ToLower(to[strings.LastIndexByte(to, '@')+1:])
		if l, ok := f.Groups[f.Group(domain)]; ok {
			limits = append(limits[:len(limits):len(limits)], l)
		}
		r, refused, err := f.next(ctx, limits)
		if r == nil {
			held.Release()
			return nil, refused, err
		}
		held = append(held, r)
	}
	return append(held, first), sender.Refusal{}, nil
}

// next reserves one use. It waits for one that is free in a moment.
func (f *Further) next(ctx context.Context, limits []sender.Limit) (sender.Reservation, sender.Refusal, error) {
	for {
		r, refused, err := f.Budget.Reserve(ctx, f.Now(), limits)
		if err != nil || refused.Key == "" {
			return r, refused, err
		}
		wait := refused.Until.Sub(f.Now())
		if wait > gathering {
			return nil, refused, nil
		}
		timer := time.NewTimer(max(wait, time.Millisecond))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, refused, ctx.Err()
		}
	}
}

// together are several uses that end as one.
type together []sender.Reservation

func (t together) Stamp(now time.Time) {
	for _, r := range t {
		r.Stamp(now)
	}
}

func (t together) Release() {
	for _, r := range t {
		r.Release()
	}
}

// Least is the lowest number of uses that a limit allows at once, and its cap in words; 0 = there is no cap.
func Least(limits []sender.Limit) (n int64, words string) {
	for _, l := range limits {
		for _, c := range l.Caps {
			if n == 0 || int64(c.N) < n {
				n, words = int64(c.N), c.String()
			}
		}
	}
	return n, words
}
