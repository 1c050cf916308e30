package recipients

import (
	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"strconv"
	"strings"
	"time"
)

// typed reads a cell as its column's type. c is what Excel stores behind the text, nil for CSV. The value is nil for an
// empty cell; problem says why it cannot be read.
// loc says how its people write numbers and dates, nil for the international way alone.
func typed(t Type, text string, c *cell, loc *locale) (value any, problem, hint string) {
	s := strings.TrimSpace(text)
	if s == "" {
		return nil, "", ""
	}
	if c != nil && c.kind != cellText {
		return stored(t, text, c)
	}
	switch t {
	case Number:
		if loc != nil {
			if v, ok := loc.number(s); ok {
				return v, "", ""
			}
			return nil, fault.Quote(text) + " is not a number as " + loc.name + " writes it", "write it as 1234" + string(loc.decimal) + "5"
		}
		if v, ok := decimalNumber(s); ok {
			return v, "", ""
		}
		// The digits of Arabic and Persian are as plain as those of ASCII, and so are their own separators.
		if strings.ContainsFunc(s, func(r rune) bool { return r != folding.Digit(r) }) {
			if v, ok := arabicNumbers.number(s); ok {
				return v, "", ""
			}
		}
		return nil, fault.Quote(text) + " is not a number", "write it as 1234.5, or say whose numbers these are in recipients.locale"
	case Date:
		s = strings.Map(folding.Digit, s)
		for _, layout := range dateLayouts {
			if v, err := time.Parse(layout, s); err == nil {
				return whenMeant(v.UTC(), text)
			}
		}
		if loc != nil {
			if v, ok := loc.date(s); ok {
				return whenMeant(v, text)
			}
			return nil, fault.Quote(text) + " is not a date as " + loc.name + " writes it", "write it as " + loc.example + " or 2026-11-30"
		}
		return nil, fault.Quote(text) + " is not a date", "write it as 2026-11-30, or say whose dates these are in recipients.locale"
	case Bool:
		switch strings.ToLower(s) {
		case "true", "yes", "y", "1":
			return true, "", ""
		case "false", "no", "n", "0":
			return false, "", ""
		}
		return nil, fault.Quote(text) + " is neither yes nor no", "write true or false"
	}
	return nil, "", ""
}

// arabicNumbers are numbers in the digits of Arabic or Persian, whoever writes them: with their own decimal separator or a point.
var arabicNumbers = &locale{decimal: '.'}

// whenMeant refuses a date of the Middle Ages: 1405/08/20 is the twentieth of Aban, of which the reader of a list knows nothing.
func whenMeant(v time.Time, text string) (value any, problem, hint string) {
	if y := v.Year(); y >= 1300 && y < 1500 {
		return nil, fault.Quote(text) + " looks like a date of the Persian or the Islamic calendar", "write it as 2026-11-30; templates show it in the Persian one by jdate"
	}
	return v, "", ""
}

// stored reads what a sheet has as a number, date or bool already: no text is parsed, so no format can mislead.
func stored(t Type, text string, c *cell) (value any, problem, hint string) {
	switch {
	case t == Number && c.kind == cellNumber:
		return c.number, "", ""
	case t == Date && c.kind == cellDate:
		return c.time, "", ""
	case t == Bool && c.kind == cellBool:
		return c.number != 0, "", ""
	case t == Bool && c.kind == cellNumber && (c.number == 0 || c.number == 1):
		return c.number != 0, "", ""
	}
	what := map[cellKind]string{cellNumber: "a number", cellDate: "a date", cellBool: "true or false"}[c.kind]
	want := map[Type]string{Number: "a number", Date: "a date", Bool: "true or false"}[t]
	hint = "change the cell's format in Excel"
	if c.row == 0 {
		hint = "cast it in the query"
	}
	return nil, fault.Quote(text) + " is stored as " + what + ", not as " + want, hint
}

// dateLayouts begin with the year: nobody can tell 03/04 from 04/03.
var dateLayouts = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC3339, "2006/01/02", "2006/1/2",
}

// decimalNumber reads a decimal number, refusing what strconv takes beyond it: hexadecimal, underscores, infinities.
func decimalNumber(s string) (float64, bool) {
	if short(s) {
		n := 0
		for i := range len(s) {
			n = 10*n + int(s[i]-'0')
		}
		return float64(n), true // of fifteen digits at most: exactly
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}
