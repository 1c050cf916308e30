package words

import (
	"strings"
	"time"

	"mailshot/cmd/mailshot/human"
)

// zeros are the digits 0 of the languages that do not write 0.
var zeros = map[string]rune{"fa": '۰', "ar": '٠'}

// Local is a text that the program wrote (a moment, a number), with its digits as the language writes them.
func (w *Words) Local(s string) string {
	zero, ok := zeros[w.Language]
	if !ok {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return zero + r - '0'
		}
		return r
	}, s)
}

// Decimal is x with one digit behind the separator that the language has.
func (w *Words) Decimal(x float64) string { return w.printer.Sprintf("%.1f", x) }

// Short is x in at most three digits.
func (w *Words) Short(x float64) string { return w.printer.Sprintf("%.3g", x) }

// Size is a number of bytes, as [human.Size] rounds it.
func (w *Words) Size(n int64) string {
	switch {
	case n < 1000:
		return w.Say("size.bytes", n)
	case n < 999_500:
		return w.Say("size.kb", (n+500)/1000)
	}
	return w.Say("size.mb", w.Decimal(float64(n)/1e6))
}

// Point is a moment for people who read it at now, in the zone of now, which it names: the hour alone on the same day,
// the day of the week within the next six, else the date.
func (w *Words) Point(at, now time.Time) string {
	at = at.In(now.Location())
	switch {
	case !at.After(now):
		return w.Say("moment.now")
	case at.Format(time.DateOnly) == now.Format(time.DateOnly):
		return w.Local(at.Format("15:04:05 ")) + human.Zone(at)
	case at.Sub(now) < 6*24*time.Hour:
		return w.Say("moment.day."+strings.ToLower(at.Format("Monday")), w.Local(at.Format("15:04 "))+human.Zone(at))
	}
	return w.Local(at.Format("2006-01-02 15:04 ")) + human.Zone(at)
}
