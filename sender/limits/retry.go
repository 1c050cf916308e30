package limits

import "time"

// Backoff says when a delivery that failed for now is tried again, and when to
// stop trying. Zero fields have their defaults; the zero Backoff is useful.
type Backoff struct {
	First  time.Duration // wait after the first attempt; it doubles with each attempt; 5 min
	Max    time.Duration // longest wait between two attempts; 4 h
	GiveUp time.Duration // no attempt is made later than this after the first; 48 h
}

// The default schedule: a greylisting server is satisfied by the second attempt,
// and a mailbox that is full for two days stays full.
const (
	defaultFirst  = 5 * time.Minute
	defaultMax    = 4 * time.Hour
	defaultGiveUp = 48 * time.Hour
)

// Defaults returns the schedule with its zero fields filled in. A Max below
// First counts as First.
func (b Backoff) Defaults() Backoff {
	if b.First <= 0 {
		b.First = defaultFirst
	}
	if b.Max <= 0 {
		b.Max = defaultMax
	}
	if b.GiveUp <= 0 {
		b.GiveUp = defaultGiveUp
	}
	b.Max = max(b.Max, b.First)
	return b
}

// Next says when the next attempt is due. attempt is the number of attempts made so far, with the
// one that just failed; firstAttempt is when the first of them was made. The wait is First doubled
// attempt-1 times, at most Max. Then rand, a function like [math/rand/v2.Float64], spreads it by up
// to a fifth to either side, so that a thousand deliveries put off together do not come back
// together (nil: no spread).
//
// A due time past the end is moved to the end, so that the last attempt uses the whole time. Once
// less than First is left, giveUp is true and due is zero.
func (b Backoff) Next(attempt int, firstAttempt, now time.Time, rand func() float64) (due time.Time, giveUp bool) {
	b = b.Defaults()
	if firstAttempt.IsZero() || firstAttempt.After(now) {
		firstAttempt = now // the clock was set back, or nothing is known
	}
	end := firstAttempt.Add(b.GiveUp)
	if end.Sub(now) < b.First {
		return time.Time{}, true
	}
	wait := b.First
	for i := 1; i < attempt && wait < b.Max; i++ {
		wait *= 2
	}
	wait = min(wait, b.Max)
	if rand != nil {
		wait = time.Duration(float64(wait) * (0.8 + 0.4*rand()))
	}
	if due = now.Add(wait); due.After(end) {
		due = end
	}
	return due, false
}
