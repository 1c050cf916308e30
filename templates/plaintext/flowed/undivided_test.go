package flowed

import "testing"

// What is not divided is in brackets. Proven by looking at the words on both sides of the blank alone.
func TestUndivided(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"call +44 20 7946|0958 now":                "+44 20 7946 0958",
		"pay 1|234,50 EUR, please":                 "1 234,50 EUR,",
		"pay EUR|1,234.50 now":                     "EUR 1,234.50",
		"pay 20|kr. now":                           "20 kr.",
		"to DE89 3704|0044 0532 0130 00.":          "DE89 3704 0044 0532 0130 00.",
		"to GB29|NWBK 6016 1331 9268 19 by Friday": "GB29 NWBK 6016 1331 9268 19",
		"on Monday, 12|March 2026, at":             "12 March 2026,",
		"on 12 de|marzo de 2026":                   "12 de marzo de 2026",
		"on March|12, 2026":                        "March 12, 2026",
		"from 9|– 12 o'clock":                      "9 – 12",
		"3 of|them":                                "",
		"we have 12|pieces of":                     "",
		"in 2024.|300 people":                      "",
		"one of|many":                              "",
		"see A1B2|WXYZ and":                        "",
		"Ann|Lee":                                  "",
	} {
		var b []byte
		at := 0
		for i, c := range []byte(line) {
			if c == '|' {
				at, c = i, ' '
			}
			b = append(b, c)
		}
		from, to := undivided(b, at)
		if got := string(b[from:to]); got != want {
			t.Errorf("%s: %q rather than %q", line, got, want)
		}
	}
}
