package calendar_test

import (
	"fmt"
	"testing"

	"mailshot/campaign/check/calendar"
)

// A date that no calendar has is found at its place, and a right one is not.
func TestWrong(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"We meet on 31 November 2026.", "11 31 November 2026: November 2026 has no day 31"},
		{"We meet on November 31st, at 10.", "11 November 31st: November has no day 31"},
		{"Am 30. Februar ist Inventur.", "3 30. Februar: February has no day 30"},
		{"by 2026-02-29", "3 2026-02-29: February 2026 has no day 29"},
		{"bis 31.06.2026", "4 31.06.2026: June 2026 has no day 31"},
		{"Monday, 15 December 2026", "0 Monday, 15 December 2026: that day is a Tuesday"},
		{"on Friday, December 11th, 2025 at 9", "3 Friday, December 11th, 2025: that day is a Thursday"},
		{"Montag, den 15. Dezember 2026", "0 Montag, den 15. Dezember 2026: that day is a Tuesday"},
		{"lundi 15 décembre 2026", "0 lundi 15 décembre 2026: that day is a Tuesday"},
		{"Dienstag, 16.12.2026", "0 Dienstag, 16.12.2026: that day is a Wednesday"},
		{"0 May 2026", "0 0 May 2026: May 2026 has no day 0"},
		{"Tuesday, 15 December 2026", ""},
		{"Dienstag, den 15. Dezember 2026, um 10 Uhr", ""},
		{"29 February 2028 and 29 February", ""},
		{"You may 40 times, from May 2026, May 31, mar 3", ""},
		{"10.13.2026, 12/31/2026, 99.99", ""},
		{"on 14.13.2026", "3 14.13.2026: there is no month 13"},
		{"from Monday to Friday, 9 to 18; in May 10:30", ""},
		{"2026-12-31 and 2020-2026", ""},
		{"We are open on Monday, and on 14 December 2026.", ""},
	} {
		got := ""
		for _, d := range calendar.Wrong(test.text) {
			got += fmt.Sprintf("%d %s", d.At, d.Text)
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}
