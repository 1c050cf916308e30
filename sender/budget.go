package sender

import (
	"context"
	"sync"
	"time"

	"mailshot/sender/limits"
)

// Limit is the caps of one key: an account, or a lane of it. Without caps there is no limit.
type Limit struct {
	Key  string
	Caps []limits.Cap
}

// Budget counts what has been used of the caps, for everybody who shares it. It is safe for
// concurrent use. Its conformance suite is mailshot/sender/budgettest.
type Budget interface {
	// Reserve takes one use under each of the limits at once, or none. When a cap stands in the
	// way, the Reservation is nil, and the Refusal says which limit it is and the earliest time at
	// which it may have a use again. As long as a reserved use is neither stamped nor released, it
	// counts as happening now.
	//
	// The error is about keeping the count, never about a cap.
	Reserve(ctx context.Context, now time.Time, ls []Limit) (Reservation, Refusal, error)
}

// Reservation is a use that was taken. Exactly one of its methods is called, once; a second call
// does nothing.
type Reservation interface {
	// Stamp says that the use happened: it counts from now on.
	Stamp(now time.Time)
	// Release says that nothing happened: the use is given back.
	Release()
}

// Refusal says which limit has nothing left, and the earliest time at which it can have something
// again, as things stand. A Release can make that time earlier. A Refusal without a Key means that
// nothing was refused.
type Refusal struct {
	Key   string
	Until time.Time
}

// NewMemoryBudget returns a Budget that lives as long as the process.
func NewMemoryBudget() Budget { return &memoryBudget{keys: map[string]*limits.Usage{}} }

type memoryBudget struct {
	mu   sync.Mutex
	keys map[string]*limits.Usage
}

func (b *memoryBudget) Reserve(ctx context.Context, now time.Time, ls []Limit) (Reservation, Refusal, error) {
	if err := ctx.Err(); err != nil {
		return nil, Refusal{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &memoryReservation{budget: b, opened: now}
	for _, l := range ls {
		u := b.keys[l.Key]
		if u == nil {
			u = &limits.Usage{}
			b.keys[l.Key] = u
		}
		if until := u.Free(now, l.Caps); !until.IsZero() {
			return nil, Refusal{Key: l.Key, Until: until}, nil
		}
		if !r.holds(u) {
			r.uses = append(r.uses, u)
		}
	}
	for _, u := range r.uses {
		u.Open(now)
	}
	return r, Refusal{}, nil
}

type memoryReservation struct {
	budget *memoryBudget
	opened time.Time
	uses   []*limits.Usage // nil once ended
}

// holds reports whether the use is reserved already: a key that is named twice is used once.
func (r *memoryReservation) holds(u *limits.Usage) bool {
	for _, have := range r.uses {
		if have == u {
			return true
		}
	}
	return false
}

func (r *memoryReservation) Stamp(now time.Time) {
	r.end(func(u *limits.Usage) { u.Stamp(now) })
}

func (r *memoryReservation) Release() {
	r.end(func(u *limits.Usage) { u.Release(r.opened) })
}

func (r *memoryReservation) end(how func(*limits.Usage)) {
	r.budget.mu.Lock()
	defer r.budget.mu.Unlock()
	for _, u := range r.uses {
		how(u)
	}
	r.uses = nil
}
