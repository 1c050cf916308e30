package numfmt

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// clock says what a section shows of a time of day: whether it counts to twelve, whether it shows a time at all, and
// how many decimals of a second.
func (s *section) clock() (half, clock bool, decimals int) {
	for _, k := range s.tokens {
		if k.kind != 'd' {
			continue
		}
		half = half || isHalf(k.text)
		clock = clock || strings.IndexByte("hns.", k.text[0]) >= 0
		if k.text[0] == '.' {
			decimals = len(k.text) - 1
		}
	}
	return half, clock, decimals
}

// Date shows a time. It uses ISO 8601 if the format is not one of dates, as a cell may store a date without one (type
// d).
func (f *Format) Date(t time.Time) string {
	s := &f.sections[0]
	if !s.isDate || s.iso || s.elapsed || f.locale.unnamed(s) {
		if t.Hour()|t.Minute()|t.Second()|t.Nanosecond() == 0 {
			return t.Format("2006-01-02")
		}
		return t.Format("2006-01-02 15:04:05")
	}
	half, clock, decimals := s.clock()
	if clock {
		t = t.Round(time.Duration(math.Pow10(9 - min(decimals, 9))))
	}
	var room [40]byte
	b := room[:0]
	year, month, day := t.Date()
	for _, k := range s.tokens {
		n := 0
		switch {
		case k.kind == '/' && f.locale != nil:
			b = append(b, f.locale.slash...)
			continue
		case k.kind == 'd' && !s.english && f.locale.named(k.text):
			b = append(b, f.locale.name(k.text, t)...)
			continue
		case k.kind != 'd':
			b = append(b, k.text...)
			continue
		case k.text == "yyyy":
			n = year
		case k.text == "mm" || k.text == "m":
			n = int(month)
		case k.text == "dd" || k.text == "d":
			n = day
		// package time does not have an hour without a leading zero
		case k.text == "hh" && !half || k.text == "h" && !half:
			n = t.Hour()
		case strings.HasPrefix(k.text, "mmmmm"):
			b = append(b, month.String()[0])
			continue
		case isHalf(k.text) && len(k.text) == 3:
			b = append(b, k.text[t.Hour()/12*2])
			continue
		default:
			b = t.AppendFormat(b, layout(k.text, half))
			continue
		}
		for pad := len(k.text) - digitsOf(n); pad > 0; pad-- {
			b = append(b, '0')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	return strings.TrimSpace(string(b))
}

// named reports whether the locale has names of its own for a date field.
func (l *Locale) named(field string) bool {
	return l != nil && l.months != nil && (field == "mmmm" || field == "dddd")
}

// name is the month or the day in the locale's language.
func (l *Locale) name(field string, t time.Time) string {
	if field == "mmmm" {
		return l.months[t.Month()-1]
	}
	return l.days[t.Weekday()]
}

// digitsOf is the number of digits of a number that is not negative.
func digitsOf(n int) int {
	size := 1
	for ; n >= 10; n /= 10 {
		size++
	}
	return size
}

// layout is the layout of package time for a date field.
func layout(field string, half bool) string {
	n := len(field)
	pick := func(layouts ...string) string { return layouts[min(n, len(layouts))-1] }
	switch field[0] {
	case 'y':
		return pick("06", "06", "2006")
	case 'm':
		return pick("1", "01", "Jan", "January")
	case 'd':
		return pick("2", "02", "Mon", "Monday")
	case 'h':
		if half {
			return pick("3", "03")
		}
		return pick("15", "15")
	case 'n':
		return pick("4", "04")
	case 's':
		return pick("5", "05")
	case '.':
		return "." + strings.Repeat("0", min(n-1, 9))
	}
	return "PM"
}

// span shows elapsed time: 1.5 days as [h]:mm is 36:00.
func (s *section) span(v float64) string {
	decimals := 0
	for _, t := range s.tokens {
		if t.kind == 'd' && t.text[0] == '.' {
			decimals = min(len(t.text)-1, 3)
		}
	}
	scale := math.Pow10(decimals)
	parts := math.Round(v * 86400 * scale)
	total := int64(parts / scale)
	var b strings.Builder
	for _, t := range s.tokens {
		if t.kind != 'd' {
			b.WriteString(t.text)
			continue
		}
		pad := strings.TrimPrefix(t.text, "[")
		n := total % 60
		switch {
		case t.text[0] == '.':
			n, pad = int64(parts)%int64(scale), pad[1:]
			b.WriteByte('.')
		case strings.HasPrefix(t.text, "[h"):
			n = total / 3600
		case strings.HasPrefix(t.text, "[m"), strings.HasPrefix(t.text, "[n"):
			n = total / 60
		case t.text[0] == '[':
			n = total
		case t.text[0] == 'h':
			n = total / 3600 % 24
		case t.text[0] == 'm', t.text[0] == 'n':
			n = total / 60 % 60
		}
		digits := strconv.FormatInt(n, 10)
		b.WriteString(strings.Repeat("0", max(0, len(pad)-len(digits))) + digits)
	}
	return b.String()
}

// Serial turns a day number into a time in UTC. ok is false for 29 February 1900, which exists only in Excel's
// calendar.
func Serial(v float64, epoch1904 bool) (time.Time, bool) {
	if v < 0 || v >= 2958466 {
		return time.Time{}, false
	}
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case epoch1904:
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case v >= 60 && v < 61:
		return time.Time{}, false
	case v < 60:
		base = base.AddDate(0, 0, 1)
	}
	days, part := math.Modf(v)
	return base.AddDate(0, 0, int(days)).Add(time.Duration(math.Round(part*86400*1000)) * time.Millisecond), true
}
