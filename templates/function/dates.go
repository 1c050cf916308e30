package function

import (
	"errors"
	"time"

	"golang.org/x/text/language"

	"mailshot/templates/locale"
)

func dates() []entry {
	return []entry{
		{Function{"date", "date LAYOUT DATE",
			"a date; the layout shows how Monday, 2 January 2006 15:04 would be written. Month and weekday come in the " +
				"language. The layouts long and short are the language's own",
			`{{date "Monday, 2 January 2006" .due}}; {{date "long" .due}}`, "Sunday, 22 November 2026; 22 November 2026"},
			dated((*Execution).gregorian)},
		{Function{"jdate", "jdate LAYOUT DATE",
			"the same in the Persian (Jalali) calendar, with its names of months and days",
			`{{jdate "2006/01/02" .due}}; {{jdate "Monday 2 January 2006" .due | digits "fa"}}`,
			"1405/09/01; یکشنبه ۱ آذر ۱۴۰۵"},
			dated((*Execution).jalali)},
		{Function{"hdate", "hdate LAYOUT DATE",
			"the same in the Hijri calendar of Saudi Arabia (Umm al-Qura), from 14 March 1937 to 16 November 2077",
			`{{hdate "2006/01/02" .due}}; {{hdate "2 January 2006" .due}}`, "1448/06/12; 12 Jumada II 1448"},
			dated((*Execution).hijri)},
	}
}

// dated makes a function that writes a date by a layout.
func dated(write func(ex *Execution, layout string, t time.Time) (string, error)) func(*Execution) any {
	return func(ex *Execution) any {
		return func(layout string, v any) (string, error) {
			t, err := asDate(v)
			if err != nil {
				return "", err
			}
			s, err := write(ex, layout, t)
			if err != nil {
				return "", err
			}
			return ex.text(s)
		}
	}
}

// own writes a date by the layout "long" or "short" of the language, with its digits; ok is false for another layout.
// Without a language they are 22 November 2026 and 2026-11-22.
func (ex *Execution) own(layout string, write func(layout string) string) (text string, ok bool) {
	if layout != "long" && layout != "short" {
		return "", false
	}
	tag := ex.tag
	if ex.cfg.Language == "" {
		tag = language.Und
	}
	long, short := locale.Dates(tag)
	if layout == "long" {
		short = long
	}
	return ex.ownDigits(write(short)), true
}

func (ex *Execution) gregorian(layout string, t time.Time) (string, error) {
	base, _ := ex.tag.Base()
	write := func(layout string) string { return locale.FormatDate(layout, t, locale.Calendars[base.String()]) }
	if text, ok := ex.own(layout, write); ok {
		return text, nil
	}
	return write(layout), nil
}

func (ex *Execution) jalali(layout string, t time.Time) (string, error) {
	write := func(layout string) string { return locale.FormatJalali(layout, t) }
	if text, ok := ex.own(layout, write); ok {
		return text, nil
	}
	return write(layout), nil
}

func (ex *Execution) hijri(layout string, t time.Time) (string, error) {
	y, m, d, ok := locale.Hijri(t)
	if !ok {
		return "", Advice{t.Format(time.DateOnly) + " is not a day of the Umm al-Qura calendar",
			"its months are published from 14 March 1937 to 16 November 2077"}
	}
	base, _ := ex.tag.Base()
	day := t.Weekday().String()
	if c := locale.Calendars[base.String()]; c != nil {
		day = c.Days[t.Weekday()]
	}
	month := locale.HijriMonths(base.String())[m-1]
	write := func(layout string) string {
		return locale.FormatNames(layout, t, month, day, locale.DateParts(t, y, m, d))
	}
	if text, ok := ex.own(layout, write); ok {
		return text, nil
	}
	return write(layout), nil
}

func spans() []entry {
	return []entry{
		{Function{"addDays", "addDays N DATE", "the date N days later",
			`{{addDays 14 .due | date "2006-01-02"}}`, "2026-12-06"},
			func(ex *Execution) any {
				return func(n, v any) (cell, error) {
					days, t, err := daysAndDate(n, v)
					if err != nil {
						return nil, err
					}
					return dateCell(t.AddDate(0, 0, days)), nil
				}
			}},
		{Function{"addMonths", "addMonths N DATE", "the date N months later; the last day of a month stays within the month",
			`{{addMonths 1 "2026-01-31" | date "2 January"}}`, "28 February"},
			func(ex *Execution) any {
				return func(n, v any) (cell, error) {
					months, t, err := daysAndDate(n, v)
					if err != nil {
						return nil, err
					}
					to := t.AddDate(0, months, 1-t.Day())
					last := to.AddDate(0, 1, -1).Day()
					return dateCell(to.AddDate(0, 0, min(t.Day(), last)-1)), nil
				}
			}},
		{Function{"days", "days FROM TO", "the number of days from one date to another", `{{days "2026-11-01" .due}}`, "21"},
			func(ex *Execution) any {
				return func(from, to any) (cell, error) {
					a, err := asDate(from)
					if err != nil {
						return nil, err
					}
					b, err := asDate(to)
					if err != nil {
						return nil, err
					}
					return whole(dayNumber(b) - dayNumber(a)), nil
				}
			}},
	}
}

func dateCell(t time.Time) cell { return newCell(asText(t), t) }

func daysAndDate(n, v any) (int, time.Time, error) {
	days, err := asInt(n)
	if err == nil && (days > 100_000 || days < -100_000) {
		err = errors.New("more than 100000 days or months")
	}
	if err != nil {
		return 0, time.Time{}, err
	}
	t, err := asDate(v)
	return days, t, err
}

// dayNumber counts calendar days, whatever the time zone.
func dayNumber(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}
