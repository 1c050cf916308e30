// Package calendar finds dates in a text that no calendar has: 31 November, or Monday, 15 December 2026, which is a
// Tuesday. Call [Wrong] with the text. It reads dates as people write them in English, German, French, Spanish, Italian
// and Dutch. The package is pure.
package calendar

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Date is a wrong date in a text.
type Date struct {
	At   int    // its offset
	Text string // what is wrong
}

// months are the names of months, from January on. An abbreviation is the first three letters or more of English and
// German.
var months = [12][]string{
	{"january", "januar", "jänner", "janvier", "enero", "gennaio", "januari", "jan"},
	{"february", "februar", "février", "febrero", "febbraio", "februari", "feb"},
	{"march", "märz", "mars", "marzo", "maart", "mar"},
	{"april", "avril", "abril", "aprile", "apr"},
	{"may", "mai", "mayo", "maggio", "mei"},
	{"june", "juni", "juin", "junio", "giugno", "jun"},
	{"july", "juli", "juillet", "julio", "luglio", "jul"},
	{"august", "août", "agosto", "augustus", "aug"},
	{"september", "septembre", "septiembre", "settembre", "sept", "sep"},
	{"october", "oktober", "octobre", "octubre", "ottobre", "oct", "okt"},
	{"november", "novembre", "noviembre", "nov"},
	{"december", "dezember", "décembre", "diciembre", "dicembre", "dec", "dez"},
}

// weekdays are the names of weekdays, from Sunday on.
var weekdays = [7][]string{
	{"sunday", "sonntag", "dimanche", "domingo", "domenica", "zondag", "sun"},
	{"monday", "montag", "lundi", "lunes", "lunedì", "maandag", "mon"},
	{"tuesday", "dienstag", "mardi", "martes", "martedì", "dinsdag", "tue", "tues"},
	{"wednesday", "mittwoch", "mercredi", "miércoles", "mercoledì", "woensdag", "wed"},
	{"thursday", "donnerstag", "jeudi", "jueves", "giovedì", "donderdag", "thu", "thur", "thurs"},
	{"friday", "freitag", "vendredi", "viernes", "venerdì", "vrijdag", "fri"},
	{"saturday", "samstag", "sonnabend", "samedi", "sábado", "sabato", "zaterdag", "sat"},
}

// One day is written as 15 December 2026, as December 15, 2026, as 2026-12-15 or as 15.12.2026. A weekday may stand
// before it.
var (
	weekday = `(?:\b(` + all(weekdays[:]) + `)\.?(?:,? the |, den |,? dem |,? le |,? el |,? )\s*)?`
	year    = `(?:19|20)\d\d`
	forms   = []struct {
		pattern          *regexp.Regexp
		day, month, year int // its groups; the weekday is 1
	}{
		{regexp.MustCompile(`(?i)` + weekday + `\b(\d{1,2})(?:st|nd|rd|th|\.|er)?(?: of| de| di)? (` + all(months[:]) +
			`)\b\.?,?(?: (?:de )?(` + year + `)\b)?`), 2, 3, 4},
		{regexp.MustCompile(`(?i)` + weekday + `\b(` + all(months[:]) + `)\b\.? (\d{1,2})(?:st|nd|rd|th)?\b(?:,? (` + year + `)\b)?`),
			3, 2, 4},
		{regexp.MustCompile(`(?i)` + weekday + `\b(` + year + `)-(\d\d)-(\d\d)\b`), 4, 3, 2},
		{regexp.MustCompile(`(?i)` + weekday + `\b(\d{1,2})\.(\d{1,2})\.(` + year + `)\b`), 2, 3, 4},
	}
	anyMonth = regexp.MustCompile(`(?i)\b(?:` + all(months[:]) + `)\b|` + year)
)

// all is a part of a regular expression that matches each of the names, the longest first.
func all(names [][]string) string {
	var list []string
	for _, n := range names {
		list = append(list, n...)
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return strings.Join(list, "|")
}

// number is the place of a name in a table; -1 if it is not there.
func number(names [][]string, name string) int {
	name = strings.ToLower(name)
	return slices.IndexFunc(names, func(n []string) bool { return slices.Contains(n, name) })
}

// Wrong returns the dates of a text that no calendar has, in order.
func Wrong(text string) (found []Date) {
	if !anyMonth.MatchString(text) {
		return nil
	}
	for _, f := range forms {
		for _, m := range f.pattern.FindAllStringSubmatchIndex(text, -1) {
			group := func(i int) string {
				if m[2*i] < 0 {
					return ""
				}
				return text[m[2*i]:m[2*i+1]]
			}
			day, _ := strconv.Atoi(group(f.day))
			month, err := strconv.Atoi(group(f.month))
			if err != nil {
				month = number(months[:], group(f.month)) + 1
			}
			switch {
			case m[1] < len(text) && text[m[1]] == ':': // May 10:30
				continue
			case group(f.year) == "" && (day == 0 || day > 31): // we may 40 times
				continue
			case err == nil && month > 12 && day <= 12: // an American one
				continue
			}
			if says := wrong(group(1), day, month, group(f.year)); says != "" {
				found = append(found, Date{At: m[0], Text: strings.Join(strings.Fields(text[m[0]:m[1]]), " ") + ": " + says})
			}
		}
	}
	slices.SortFunc(found, func(a, b Date) int { return a.At - b.At })
	return found
}

// wrong says what is wrong with a day; "" if nothing is. Without a year the 29th of February is one.
func wrong(weekday string, day, month int, year string) string {
	y, known := 2024, year != "" // a leap year
	if known {
		y, _ = strconv.Atoi(year)
	}
	if month < 1 || month > 12 {
		return fmt.Sprintf("there is no month %d", month)
	}
	date := time.Date(y, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	switch is := number(weekdays[:], weekday); {
	case date.Day() != day || day == 0:
		if known {
			return fmt.Sprintf("%s %d has no day %d", time.Month(month), y, day)
		}
		return fmt.Sprintf("%s has no day %d", time.Month(month), day)
	case known && is >= 0 && int(date.Weekday()) != is:
		return fmt.Sprintf("that day is a %s", date.Weekday())
	}
	return ""
}
