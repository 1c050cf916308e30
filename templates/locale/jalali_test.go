package locale

import (
	"fmt"
	"testing"
	"time"
)

// Dates published by the University of Tehran's calendar centre and in common use.
func TestJalaliDates(t *testing.T) {
	t.Parallel()
	for date, want := range map[string]string{
		"1979-02-11": "1357-11-22", "1989-06-03": "1368-03-13", "2000-01-01": "1378-10-11", "2013-03-20": "1391-12-30",
		"2013-03-21": "1392-01-01",
		"2016-03-20": "1395-01-01", "2017-03-20": "1395-12-30", "2017-03-21": "1396-01-01", "2021-03-20": "1399-12-30",
		"2021-03-21": "1400-01-01",
		"2024-03-20": "1403-01-01", "2025-03-20": "1403-12-30", "2025-03-21": "1404-01-01", "2026-03-21": "1405-01-01",
		"2026-11-22": "1405-09-01",
		"2029-03-20": "1408-01-01", "1925-03-31": "1304-01-11",
	} {
		d, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		y, m, day := Jalali(d)
		if got := fmt.Sprintf("%d-%02d-%02d", y, m, day); got != want {
			t.Errorf("%s: %s, want %s", date, got, want)
		}
	}
}

// These are properties of every day from 1600 to 2600. The date goes on by one day. Months have 31, 30, and 29 or 30
// days. A year begins between 19 and 22 March. Leap years are four or five years apart.
func TestJalaliProperties(t *testing.T) {
	t.Parallel()
	d := time.Date(1600, time.January, 1, 12, 0, 0, 0, time.UTC)
	py, pm, pd := Jalali(d)
	lastLeap := 0
	for d = d.AddDate(0, 0, 1); d.Year() < 2600; d = d.AddDate(0, 0, 1) {
		y, m, day := Jalali(d)
		length := 31
		if pm > 6 {
			length = 30
		}
		switch {
		case y == py && m == pm && day == pd+1 && day <= length:
		case y == py && m == pm+1 && day == 1 && pd == length && pm < 12:
		case y == py+1 && m == 1 && day == 1 && pm == 12 && (pd == 29 || pd == 30):
			if d.Month() != time.March || d.Day() < 19 || d.Day() > 22 {
				t.Fatalf("%d begins on %s", y, d.Format(time.DateOnly))
			}
			if pd == 30 {
				if apart := py - lastLeap; lastLeap != 0 && apart != 4 && apart != 5 {
					t.Fatalf("leap years %d and %d", lastLeap, py)
				}
				lastLeap = py
			}
		default:
			t.Fatalf("%s: after %d-%d-%d comes %d-%d-%d", d.Format(time.DateOnly), py, pm, pd, y, m, day)
		}
		py, pm, pd = y, m, day
	}
	if lastLeap == 0 {
		t.Error("no leap year")
	}
}
