package locale

import "time"

// jalaliBreaks are the years in which the cycle of leap years breaks off (Borkowski, "The Persian calendar for 3000
// years", Earth, Moon, and Planets 74, 1996). The calendar is astronomical, and a plain cycle of 33 years drifts. No
// package of go.mod has this calendar; golang.org/x/text has none.
var jalaliBreaks = [...]int{
	-61, 9, 38, 199, 426, 686, 756, 818, 1111, 1181, 1210, 1635, 2060, 2097, 2192, 2262, 2324, 2394, 2456, 3178,
}

// jalaliYear returns for a Persian year how many years ago the last leap year was (0: the year is one itself), and the
// day of March on which it begins.
func jalaliYear(jy int) (sinceLeap, march int) {
	gy := jy + 621
	leapJ, jp, jump := -14, jalaliBreaks[0], 0
	for _, jm := range jalaliBreaks[1:] {
		jump = jm - jp
		if jy < jm {
			break
		}
		leapJ += jump/33*8 + jump%33/4
		jp = jm
	}
	n := jy - jp
	leapJ += n/33*8 + (n%33+3)/4
	if jump%33 == 4 && jump-n == 4 {
		leapJ++
	}
	leapG := gy/4 - (gy/100+1)*3/4 - 150
	march = 20 + leapJ - leapG
	if jump-n < 6 {
		n = n - jump + (jump+4)/33*33
	}
	sinceLeap = ((n+1)%33 - 1) % 4
	if sinceLeap == -1 {
		sinceLeap = 4
	}
	return sinceLeap, march
}

// Jalali returns the date in the Persian calendar. It is right for the Gregorian years 560 to 3798.
func Jalali(t time.Time) (year, month, day int) {
	gy := t.Year()
	jy := gy - 621
	sinceLeap, march := jalaliYear(jy)
	k := days(t) - days(time.Date(gy, time.March, march, 0, 0, 0, 0, time.UTC))
	switch {
	case k >= 0 && k <= 185:
		return jy, 1 + k/31, k%31 + 1
	case k >= 0:
		k -= 186
	default:
		jy--
		k += 179
		if sinceLeap == 1 {
			k++
		}
	}
	return jy, 7 + k/30, k%30 + 1
}

// days counts calendar days, whatever the time zone.
func days(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}
