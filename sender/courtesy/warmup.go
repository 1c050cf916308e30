package courtesy

import "time"

// Warmup is how many messages a young sender sends on its first, second, third sending day. After
// the last of them the sender is warm. Only days on which it sent count, so that a week's pause
// does not skip steps.
type Warmup []int64

// Day is what was sent on a sending day.
type Day struct {
	Date    time.Time // any time of the day; only its calendar date is looked at
	Tried   int64     // messages with an outcome
	Refused int64     // those refused for good
}

// What a day's refusals do to the step after it, and how long a sender stays warm.
const (
	mostRefused = 0.03 // a larger share holds the step, and more than twice that goes a step back
	coldAfter   = 30   // days without a message after which the warm-up begins anew
)

// Today says how many messages may go on the date of today, by what was sent on the days before it,
// and which step that is, from 1. The days are in order; today and later days are left out. ok is
// false for a sender that is warm: nothing bounds it. A day moves a step on when at least half of
// its step was sent and at most three in a hundred were refused.
func (w Warmup) Today(days []Day, today time.Time) (most int64, step int, ok bool) {
	if len(w) == 0 {
		return 0, 0, false
	}
	at, last := 0, time.Time{}
	for _, d := range days {
		if d.Tried == 0 || !date(d.Date).Before(date(today)) {
			continue
		}
		if !last.IsZero() && apart(last, d.Date) > coldAfter {
			at = 0
		}
		last = d.Date
		share := float64(d.Refused) / float64(d.Tried)
		switch {
		case share > 2*mostRefused:
			at = max(min(at, len(w)-1)-1, 0)
		case share > mostRefused, at < len(w) && 2*d.Tried < w[at]:
		case at < len(w):
			at++
		}
	}
	if !last.IsZero() && apart(last, today) > coldAfter {
		at = 0
	}
	if at >= len(w) {
		return 0, len(w), false
	}
	return w[at], at + 1, true
}

// date is the calendar date of t in its own zone, at an hour that every date has.
func date(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
}

// apart is how many days lie between two dates.
func apart(a, b time.Time) int { return int(date(b).Sub(date(a)).Hours() / 24) }

// Midnight is when the date after that of now begins, in now's zone.
func Midnight(now time.Time) time.Time {
	y, m, d := now.Date()
	t := time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())
	if t.Day() == d { // midnight is in a gap, and was read with the offset before it
		_, t = t.ZoneBounds()
	}
	return t
}
