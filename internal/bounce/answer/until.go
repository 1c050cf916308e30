package answer

import (
	"strings"
	"time"

	"mailshot/internal/bounce/answer/day"
	"mailshot/internal/bounce/answer/words"
)

// until returns the first day on which the person is back, and the date that says so. "Back on X" is X, and so are
// "until X" and the end of a range; "until and including X" is the day after. A date that can mean two days means none.
func (l *looked) until() (string, *dateAt) {
	s := &scanner{l.all, l.words, dates(), l.language()}
	list := s.find()
	now := day.Of(l.Date)
	l.decideOrder(list, now)
	var backs, ends []*dateAt
	for i := range list {
		d := &list[i]
		role, inclusive := l.role(s, list, i)
		if role == "" || !l.settle(d, now) {
			continue
		}
		if role == "back" {
			d.back = true
			backs = append(backs, d)
			continue
		}
		if inclusive {
			d.at = d.at.AddDate(0, 0, 1)
		}
		ends = append(ends, d)
	}
	if d := l.choose(backs, now, "me"); d != nil {
		return d.at.Format(time.DateOnly), d
	}
	if len(backs) > 0 {
		return "", nil
	}
	if d := l.choose(ends, now, "away-formula", "away", "subject-away", "me"); d != nil {
		return d.at.Format(time.DateOnly), d
	}
	return "", nil
}

// dated is a date as it is written.
func dated(year, month, d int, jalali bool) day.Written {
	return day.Written{Year: year, Month: month, Day: d, Jalali: jalali}
}

// settle gives a date its day.
func (l *looked) settle(d *dateAt, now time.Time) bool {
	if d.only {
		if now.IsZero() {
			return false
		}
		if d.weekday == 7 {
			d.at = now.AddDate(0, 0, 1)
			return true
		}
		n := (d.weekday - int(now.Weekday()) + 7) % 7
		d.at = now.AddDate(0, 0, n)
		return n > 0 // on the same day of the week it is today or in a week
	}
	var ok bool
	d.at, ok = one(l.meanings(d, now), now)
	return ok
}

// meanings are the days that a date can mean.
func (l *looked) meanings(d *dateAt, now time.Time) []time.Time {
	long := l.first("long-leave") != nil
	var list []time.Time
	for _, o := range d.options {
		if t, ok := o.Resolve(now, d.weekday, long); ok {
			list = append(list, t)
		}
	}
	return list
}

// one returns the only day of a list. Of two, one in the past and the other within the next months, it is the other.
func one(list []time.Time, now time.Time) (time.Time, bool) {
	switch {
	case len(list) == 1:
		return list[0], true
	case len(list) != 2 || now.IsZero():
		return time.Time{}, false
	case list[0].Before(now) && !list[1].Before(now) && list[1].Sub(now) < day.LongAway:
		return list[1], true
	case list[1].Before(now) && !list[0].Before(now) && list[0].Sub(now) < day.LongAway:
		return list[0], true
	}
	return time.Time{}, false
}

// decideOrder looks for a date that says whether the day or the month comes first, and has all others follow it.
func (l *looked) decideOrder(list []dateAt, now time.Time) {
	sure := map[time.Time]bool{}
	dayFirst, monthFirst := false, false
	note := func(d *dateAt, k int) {
		dayFirst = dayFirst || k == 0
		monthFirst = monthFirst || k == 1
	}
	numeric := func(d *dateAt) bool { return !d.only && strings.Contains(l.raw(d), "/") }
	for i := range list {
		if d := &list[i]; !d.only && !numeric(d) && len(d.options) == 1 {
			if t, ok := d.options[0].Resolve(now, d.weekday, true); ok {
				sure[t] = true
			}
		}
	}
	for i := range list {
		d := &list[i]
		if !numeric(d) {
			continue
		}
		if len(d.options) == 1 && d.options[0].Day > 12 && d.options[0].Day <= 31 {
			a := strings.TrimLeft(l.words[d.numberAt(l.words)].Text, "0")
			note(d, map[bool]int{true: 0, false: 1}[len(a) == 2 && a > "12"])
			continue
		}
		if len(d.options) != 2 {
			continue
		}
		for k, o := range d.options {
			t, ok := o.Resolve(now, d.weekday, true)
			_, other := d.options[1-k].Resolve(now, d.weekday, true)
			if ok && (sure[t] || d.weekday >= 0 && !other) {
				note(d, k)
			}
		}
	}
	if dayFirst == monthFirst {
		return
	}
	for i := range list {
		d := &list[i]
		if len(d.options) != 2 || !numeric(d) {
			continue
		}
		if dayFirst {
			d.options = d.options[:1]
		} else {
			d.options = d.options[1:]
		}
	}
}

// numberAt is the first number of a date.
func (d *dateAt) numberAt(list []words.Token) int {
	for i := d.from; i < d.to; i++ {
		if list[i].Number {
			return i
		}
	}
	return d.from
}

// raw is how a date is written.
func (l *looked) raw(d *dateAt) string { return l.all[l.words[d.from].Start:l.words[d.to-1].End] }

// choose returns the date that counts: the only one, or the first that has not passed of those in whose sentence a rule
// of one of the sets matches.
func (l *looked) choose(list []*dateAt, now time.Time, sets ...string) *dateAt {
	if len(list) == 0 {
		return nil
	}
	if same(list) {
		return list[0]
	}
	var mine []*dateAt
	for _, d := range list {
		for _, set := range sets {
			if l.sentenceHas(&match{from: d.from}, set) || d.from < l.heading {
				mine = append(mine, d)
				break
			}
		}
	}
	var best *dateAt
	for _, d := range mine {
		if !d.at.Before(now) && (best == nil || d.at.Before(best.at)) {
			best = d
		}
	}
	return best
}

// same says whether all dates are one day.
func same(list []*dateAt) bool {
	for _, d := range list {
		if !d.at.Equal(list[0].at) {
			return false
		}
	}
	return true
}

// reach is how many tokens may stand between a date and the word that says what it is.
const reach = 6

// role returns "back" or "until" for a date, or "" if it says nothing of the person's return.
func (l *looked) role(s *scanner, list []dateAt, i int) (role string, inclusive bool) {
	d := &list[i]
	from, to := l.sentence(d.from)
	_, end := l.sentence(max(d.from, d.to-1))
	to = max(to, end)
	begin := from
	if i > 0 && list[i-1].to > from && list[i-1].to <= d.from {
		begin = list[i-1].to
	}
	until := to
	if i+1 < len(list) && list[i+1].from < to {
		until = list[i+1].from
	}
	if l.sentenceHas(&match{from: d.from}, "not-away") {
		return "", false
	}
	before, near, in := l.cueBefore(begin, d)
	after, close := l.cueAfter(d, until)
	inclusive = in || l.inclusive(d, until)
	switch {
	case before == "back" || before == "until" && near:
		return before, inclusive
	case after == "until" && close:
		return "until", inclusive
	case after == "back" && (before == "from" || before == ""):
		return "back", false
	case before == "until" || s.endsRange(begin, from, d):
		return "until", inclusive
	}
	return "", false
}

// cueBefore returns the last word before a date that says what it is, and whether it is near.
func (l *looked) cueBefore(begin int, d *dateAt) (role string, near, inclusive bool) {
	last, strength := -1, 0
	for _, m := range l.matches(max(begin, d.from-reach-8), d.from) {
		if m.to > d.from || d.from-m.to > reach || m.to < last {
			continue
		}
		r := ""
		switch m.set {
		case "back":
			r = "back"
		case "until", "until-including":
			r = "until"
		case "from":
			r = "from"
		default:
			continue
		}
		if m.to == last && m.to-m.from <= strength || r == "from" && role != "" && m.from <= last {
			continue // "back on" is "back"
		}
		role, last, strength = r, m.to, m.to-m.from
		inclusive = m.set == "until-including"
	}
	return role, last >= 0 && d.from-last <= 3, inclusive
}

// cueAfter returns the first word behind a date that says what it is, and whether it is close.
func (l *looked) cueAfter(d *dateAt, until int) (role string, near bool) {
	_, end := l.sentence(d.to - 1)
	for _, m := range l.matches(d.to, min(until, d.to+reach+2)) {
		if m.to > until || until < end && until-m.to < m.from-d.to {
			continue // it belongs to the next date
		}
		switch m.set {
		case "until-after":
			if m.from-d.to <= 1 {
				return "until", true
			}
		case "back-after":
			return "back", m.from-d.to <= 3
		}
	}
	return "", false
}

// inclusive says whether words beside a date say that it is the last day of the absence.
func (l *looked) inclusive(d *dateAt, until int) bool {
	for _, m := range l.matches(max(0, d.from-3), min(until, d.to+2)) {
		if m.set == "inclusive" && (m.to <= d.from || m.from >= d.to) {
			return true
		}
	}
	return false
}

// endsRange says whether a date is the second of "20 November – 4 December": a date or a day ends before it, and only a
// dash or a word such as "to" is between.
func (s *scanner) endsRange(begin, from int, d *dateAt) bool {
	i := d.from - 1
	for i >= from && i >= d.from-4 && !s.words[i].Number && i >= begin &&
		(s.names.connect[s.words[i].Text] || s.names.link[s.words[i].Text]) {
		i--
	}
	if i < 0 || i < from {
		return false
	}
	ended := i < begin || s.dayNumber(i) > 0
	dash := strings.ContainsAny(s.between(d.from-1), "-–—~〜～−") || strings.ContainsAny(s.between(i), "-–—~〜～−")
	linked := false
	for k := i + 1; k < d.from; k++ {
		linked = linked || s.names.connect[s.words[k].Text]
	}
	return ended && (dash && !s.words[d.from].First || linked)
}

// language is the one of the own words, by words that only one language has; "" if none has most.
func (l *looked) language() string {
	count := map[string]int{}
	for i, t := range l.words {
		if i > 2000 {
			break
		}
		if lang := dates().language[t.Text]; lang != "" {
			count[lang]++
		}
		if lang := script(t.Text); lang != "" {
			count[lang]++
		}
	}
	best, most := "", 0
	for lang, n := range count {
		if n > most {
			best, most = lang, n
		} else if n == most {
			best = ""
		}
	}
	return best
}

// script is the language of a token's letters, where they say it.
func script(word string) string {
	for _, r := range word {
		switch {
		case r >= 0x3040 && r <= 0x30FF:
			return "ja"
		case r >= 0xAC00 && r <= 0xD7A3:
			return "ko"
		case r >= 0x0590 && r <= 0x05FF:
			return "he"
		case r == 'پ' || r == 'چ' || r == 'ژ' || r == 'گ':
			return "fa"
		}
	}
	return ""
}
