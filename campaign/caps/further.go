package caps

import (
	"context"
	"strings"
	"time"

	"mailshot/sender"
)

// Further reserves the uses of all who get one message: of its recipient, and of the copies. A use counts one
// recipient: each is one of every limit of the account, and one of its own domain's. A Further is for one server.
type Further struct {
	Budget  sender.Budget
	Account []sender.Limit
	Groups  map[string]sender.Limit    // the limits of groups of recipients
	Group   func(domain string) string // the group that a domain is in
	Now     func() time.Time

	turn chan struct{} // of the message that gathers its uses: two would wait for what the other holds
}

// NewFurther completes a Further.
func NewFurther(f Further) *Further {
	f.turn = make(chan struct{}, 1)
	return &f
}

// gathering is for how long a message that has some of its uses waits for the next one, as where a cap spaces its uses.
const gathering = 2 * time.Second

// Reserve reserves a use for each of the recipients, in place of the one that the message has, which is given back.
// All are reserved, or none: then the refusal says which limit has nothing left.
func (f *Further) Reserve(ctx context.Context, has sender.Reservation, recipients []string) (
	sender.Reservation, sender.Refusal, error) {
	has.Release() // before its turn: else those who wait for theirs hold what the one who has it needs
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, sender.Refusal{}, ctx.Err()
	}
	var held together
	for _, to := range recipients {
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
	return held, sender.Refusal{}, nil
}

// next reserves one use. It waits for one that is free in a moment.
func (f *Further) next(ctx context.Context, limits []sender.Limit) (sender.Reservation, sender.Refusal, error) {
	for last := f.Now().Add(gathering); ; {
		r, refused, err := f.Budget.Reserve(ctx, f.Now(), limits)
		if err != nil || refused.Key == "" {
			return r, refused, err
		}
		if refused.Until.After(last) {
			return nil, refused, nil
		}
		timer := time.NewTimer(max(refused.Until.Sub(f.Now()), time.Millisecond))
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
