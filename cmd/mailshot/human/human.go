// Package human writes numbers and moments as people read them: how many of what, how large, how long, and when.
package human

import (
	"fmt"
	"strings"
	"time"
)

// Plural is a number with its noun. The plural is the noun with an s, unless it is given.
func Plural(n int64, noun string, many ...string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case len(many) > 0:
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Size is a number of bytes for people, in powers of 1000.
func Size(n int64) string {
	switch {
	case n < 1000:
		return Plural(n, "byte")
	case n < 999_500:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// Duration is a length of time for people: the two largest units that say something.
func Duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// When is a point in time for people who read it at now, in the zone of now, which it names.
func When(at, now time.Time) string {
	switch {
	case !at.After(now):
		return "now"
	case at.In(now.Location()).Format(time.DateOnly) == now.Format(time.DateOnly):
		return "at " + Point(at, now)
	}
	return "on " + Point(at, now)
}

// Point is When without a preposition: the hour alone on the day of now, else with the day.
func Point(at, now time.Time) string {
	at = at.In(now.Location())
	switch {
	case at.Format(time.DateOnly) == now.Format(time.DateOnly):
		return at.Format("15:04:05 ") + Zone(at)
	case at.Sub(now) < 6*24*time.Hour:
		return at.Format("Monday, 15:04 ") + Zone(at)
	}
	return at.Format("2 January 2006, 15:04 ") + Zone(at)
}

// Zone is the zone of a time: CET, or UTC+0545 where it has no name of letters.
func Zone(at time.Time) string {
	name := at.Format("MST")
	if strings.ContainsAny(name[:1], "+-") {
		return "UTC" + name
	}
	return name
}
