// Package day says which day a written date means, in the calendars that people write in: [Written.Resolve] is the call.
// Nothing here uses a clock.
package day

import (
	"time"

	"mailshot/templates/locale"
)

// Written is a date as it is written. A Year of 0 was not written. Jalali is the calendar of Iran.
type Written struct {
	Year, Month, Day int
	Jalali           bool
}

// farthest is for how long somebody who names a year is away at most.
const farthest = 5 * 366 * 24 * time.Hour

// LongAway is for how long somebody is away at most who names no year.
const LongAway = 300 * 24 * time.Hour

// gregorian returns the day, at midnight UTC. ok is false if the calendar does not have it.
func (d Written) gregorian() (t time.Time, ok bool) {
	if !d.Jalali {
		t = time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
		return t, t.Day() == d.Day && d.Month >= 1 && d.Month <= 12
	}
	n := 186 + (d.Month-7)*30
	if d.Month <= 7 {
		n = (d.Month - 1) * 31
	}
	t = time.Date(d.Year+621, time.March, 20, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n+d.Day-1)
	for range 3 {
		if y, m, dd := locale.Jalali(t); y == d.Year && m == d.Month && dd == d.Day {
			return t, true
		}
		t = t.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

// Resolve returns the day that a written date means in a message of the day now, which is zero if it is not known.
// weekday is the one that is written beside it, or -1. Where no year is written it is the next such day.
func (d Written) Resolve(now time.Time, weekday int, long bool) (t time.Time, ok bool) {
	if d.Year > 0 {
		t, ok = d.gregorian()
		if !ok || weekday >= 0 && int(t.Weekday()) != weekday || t.Year() < 1990 || t.Year() > 2120 {
			return t, false
		}
		return t, now.IsZero() || t.Sub(now) < farthest && now.Sub(t) < farthest
	}
	if now.IsZero() {
		return t, false
	}
	year := now.Year()
	if d.Jalali {
		year, _, _ = locale.Jalali(now)
	}
	for range 2 {
		d.Year = year
		if t, ok = d.gregorian(); ok && !t.Before(now) {
			return t, (weekday < 0 || int(t.Weekday()) == weekday) && (long || t.Sub(now) <= LongAway)
		}
		year++
	}
	return t, false
}

// Of is the day of a message as its own zone has it, at midnight UTC.
func Of(date time.Time) time.Time {
	if date.IsZero() {
		return date
	}
	y, m, d := date.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
