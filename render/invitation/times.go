package invitation

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const momentHint = "a moment is 2026-12-01 10:00, with a zone for all or an offset (2026-12-01 10:00+01:00); a day is 2026-12-01"

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// times are the values of DTSTART and DTEND, with their parameters.
func (e *Event) times(w *writer) (start, end string) {
	from, whole := e.moment(w, "start", w.text("start", e.Start))
	until := from
	switch {
	case w.err != nil:
		return "", ""
	case e.Duration != nil:
		days, length := e.length(w, w.text("duration", e.Duration))
		if whole && length != 0 && w.err == nil {
			w.err = fault("bad-time", "ics: an event that begins on a day has a duration in days", "write 2d")
		}
		if !whole && e.Zone != nil { // a day is as long as it is there
			from = from.In(e.Zone)
		}
		until = from.AddDate(0, 0, days).Add(length)
	default:
		last, day := e.moment(w, "end", w.text("end", e.End))
		if day != whole && w.err == nil {
			w.err = fault("bad-time", "ics: start and end are not both days, or both moments", momentHint)
		}
		if until = last; whole {
			until = last.AddDate(0, 0, 1)
		}
	}
	if w.err == nil && !until.After(from) {
		w.err = fault("bad-time", "ics: the event ends before it begins", "")
	}
	if whole {
		return ";VALUE=DATE:" + from.Format("20060102"), ";VALUE=DATE:" + until.Format("20060102")
	}
	return ":" + utc(from), ":" + utc(until)
}

// moment reads a moment, or a day, which is at midnight UTC.
func (e *Event) moment(w *writer, what, text string) (t time.Time, day bool) {
	if w.err != nil {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true
	}
	clock := strings.Replace(text, "T", " ", 1)
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05"} {
		for _, offset := range []string{"Z07:00", " Z07:00"} {
			if t, err := time.Parse(form+offset, clock); err == nil {
				return t, false
			}
		}
		t, err := time.Parse(form, clock)
		if err != nil {
			continue
		}
		if e.Zone == nil {
			w.err = fault("bad-time", fmt.Sprintf("ics: %s %q is in no time zone", what, text), "give ics a zone: Europe/Berlin")
			return t, false
		}
		return e.local(w, what, text, t), false
	}
	w.err = fault("bad-time", fmt.Sprintf("ics: %s %q is not a moment", what, text), momentHint)
	return time.Time{}, false
}

// local is the moment at which a clock of the zone shows a time. There is none in an hour that is skipped, and there
// are two in one that comes twice.
func (e *Event) local(w *writer, what, text string, shown time.Time) time.Time {
	var found []time.Time
	seen := map[int]bool{}
	for h := -26; h <= 26; h++ { // the offsets that the zone has around that time
		_, offset := shown.Add(time.Duration(h) * time.Hour).In(e.Zone).Zone()
		t := shown.Add(-time.Duration(offset) * time.Second)
		if _, is := t.In(e.Zone).Zone(); is == offset && !seen[offset] {
			seen[offset] = true
			found = append(found, t)
		}
	}
	hint := "give the moment with its offset, as 2026-12-01 10:00+01:00"
	switch len(found) {
	case 0:
		w.err = fault("bad-time", fmt.Sprintf("ics: %s %q does not exist in %s: clocks are put forward", what, text, e.Zone), "")
		return time.Time{}
	case 1:
	default:
		w.err = fault("bad-time", fmt.Sprintf("ics: %s %q comes twice in %s: clocks are put back", what, text, e.Zone), hint)
	}
	return found[0]
}

// length reads a length of time: 90m, 1h30m, 2d.
func (e *Event) length(w *writer, text string) (days int, d time.Duration) {
	var err error
	number, inDays := strings.CutSuffix(text, "d")
	if inDays {
		days, err = strconv.Atoi(number)
	} else {
		d, err = time.ParseDuration(text)
	}
	if (err != nil || days < 0 || days > 4000 || d < 0 || d > 4000*24*time.Hour) && w.err == nil {
		w.err = fault("bad-time", fmt.Sprintf("ics: duration %q is not a length of time", text), "such as 90m, 1h30m or 2d")
	}
	return days, d
}
