package courtesy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	day  = 24 * 60 // minutes
	week = 7 * day
)

// Hours are the days of the week and the hours at which mail may go, by the clock on the wall in
// some zone. [ParseHours] makes them. The zero Hours are always open.
type Hours struct {
	spans []span // of the week, in order, apart from one another; nil: the whole week
}

// span goes from start to end in minutes since Monday 0:00, without end itself.
type span struct{ start, end int }

var dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// ParseHours reads days such as "mon", "friday" or "mon-fri" and hours such as "09:00-17:30". No
// days are all days, and no hours all hours. Hours that end before they begin go past midnight, and
// belong to the day on which they begin.
func ParseHours(days, hours []string) (Hours, error) {
	if len(days) == 0 && len(hours) == 0 {
		return Hours{}, nil
	}
	var on [7]bool
	for _, s := range days {
		first, last, err := parseDays(s)
		if err != nil {
			return Hours{}, err
		}
		for d := first; ; d = (d + 1) % 7 {
			on[d] = true
			if d == last {
				break
			}
		}
	}
	var h Hours
	add := func(start, end int) {
		for d := range 7 {
			if !on[d] && len(days) > 0 {
				continue
			}
			from, to := d*day+start, d*day+end
			if to > week { // Sunday night
				h.spans = append(h.spans, span{0, to - week})
				to = week
			}
			h.spans = append(h.spans, span{from, to})
		}
	}
	for _, s := range hours {
		start, end, err := parseSpan(s)
		if err != nil {
			return Hours{}, err
		}
		add(start, end)
	}
	if len(hours) == 0 {
		add(0, day)
	}
	h.merge()
	return h, nil
}

// merge sorts the spans and joins those that touch.
func (h *Hours) merge() {
	slices.SortFunc(h.spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	joined := h.spans[:1]
	for _, s := range h.spans[1:] {
		if last := &joined[len(joined)-1]; s.start <= last.end {
			last.end = max(last.end, s.end)
		} else {
			joined = append(joined, s)
		}
	}
	h.spans = joined
	if len(joined) == 1 && joined[0] == (span{0, week}) {
		h.spans = nil
	}
}

func parseDays(s string) (first, last int, err error) {
	from, to, ranged := strings.Cut(s, "-")
	if first, err = parseDay(from); err != nil || !ranged {
		return first, first, err
	}
	last, err = parseDay(to)
	return first, last, err
}

func parseDay(s string) (int, error) {
	name := strings.ToLower(strings.TrimSpace(s))
	for i, short := range dayNames {
		full := strings.ToLower(time.Weekday((i + 1) % 7).String())
		if name == short || name == full {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%q is not a day of the week; write mon, tue, wed, thu, fri, sat, sun, or mon-fri",
		strings.TrimSpace(s))
}

func parseSpan(s string) (start, end int, err error) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return 0, 0, fmt.Errorf("%q is not a range of hours; write 09:00-17:30", s)
	}
	if start, err = parseClock(from); err != nil {
		return 0, 0, err
	}
	if end, err = parseClock(to); err != nil {
		return 0, 0, err
	}
	if start == end || start == day {
		return 0, 0, fmt.Errorf("%q has no length; write 09:00-17:30, or 00:00-24:00 for all day", s)
	}
	if end < start {
		end += day
	}
	return start, end, nil
}

func parseClock(s string) (int, error) {
	s = strings.TrimSpace(s)
	bad := fmt.Errorf("%q is not a time of day; write hours and minutes, like 09:00", s)
	hour, minute, ok := strings.Cut(s, ":")
	h, err1 := number(hour)
	m, err2 := number(minute)
	if !ok || err1 != nil || err2 != nil || len(minute) != 2 || m > 59 || h*60+m > day {
		return 0, bad
	}
	return h*60 + m, nil
}

// number reads one or two digits.
func number(s string) (int, error) {
	if s == "" || len(s) > 2 {
		return 0, errors.New("not one or two digits")
	}
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' {
			return 0, errors.New("not a digit")
		}
		n = 10*n + int(r-'0')
	}
	return n, nil
}

// Zone finds a time zone by its name in the IANA database, such as Europe/Berlin, or UTC. It
// refuses the machine's own zone, because its name means nothing elsewhere.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is not the name of a time zone", name)
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("%q is not the name of a time zone", name)
	}
	return l, nil
}

// Always reports whether the hours are never closed.
func (h Hours) Always() bool { return h.spans == nil }

// Next returns now if the hours are open then in the zone of place, else when they open. What
// counts is what a clock on the wall there shows. Hours that it skips in spring are skipped, and
// hours that it shows twice in autumn are open twice. When a window begins in the hours that are
// skipped, it opens right after them.
func (h Hours) Next(now time.Time, place *time.Location) time.Time {
	if h.spans == nil {
		return now
	}
	// Between two changes of its offset a zone's clock runs evenly. So the way to the next opening
	// is a difference of wall times, unless a change comes first. Two weeks hold each opening at
	// least once, whatever one change hides.
	for t, end := now, now.Add(15*24*time.Hour); t.Before(end); {
		local := t.In(place)
		wait := h.wait(local)
		if wait == 0 {
			return t
		}
		opens := t.Add(wait)
		if _, change := local.ZoneBounds(); !change.IsZero() && !change.After(opens) {
			t = change
			continue
		}
		return opens
	}
	return now.Add(15 * 24 * time.Hour) // no real clock changes this often; look again then
}

// wait is how long after local its own clock, running evenly, comes to an open hour.
func (h Hours) wait(local time.Time) time.Duration {
	weekday := (int(local.Weekday()) + 6) % 7
	minute := weekday*day + local.Hour()*60 + local.Minute()
	for _, s := range h.spans {
		if minute < s.start {
			return until(local, minute, s.start)
		}
		if minute < s.end {
			return 0
		}
	}
	return until(local, minute, h.spans[0].start+week)
}

// until is the time from local, which is in the given minute, to the beginning of another.
func until(local time.Time, minute, then int) time.Duration {
	part := time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	return time.Duration(then-minute)*time.Minute - part
}
