// Package value reads a cell as a number, a date or a boolean. [Read] takes the text that a person sees and, if the
// file has one, the [Cell] stored behind it. What a workbook or a database stores as a number is not parsed from its
// text, so that no format can mislead. A [Locale] says how its people write numbers and dates. Without one, only
// forms that mean the same everywhere are read; others are a problem for a person to solve, and never a guess.
package value

import (
	"strconv"
	"strings"
	"time"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
)

// Kind is a kind of value: what a cell stores, or what its text is read as.
type Kind int

// The kinds of cells.
const (
	Text   Kind = iota // string
	Number             // float64
	Date               // time.Time in UTC
	Bool               // bool
	Clock              // a time of day without a day, which nothing is read as
)

// Cell is what a workbook or a database stores behind a text. The zero value is a text.
type Cell struct {
	Kind   Kind
	Column int     // index from 0 in the sheet
	Row    int     // number from 1; 0 in a database
	Number float64 // also 0 and 1 of a Bool
	Time   time.Time
	Lost   bool // Number has fewer digits than are stored
}

// Read reads a cell as a kind. c is what the file stores behind the text, nil for CSV. loc says how the list's people
// write numbers and dates, nil for the international way only. The value is nil for an empty cell. If the cell cannot
// be read, problem says why and hint what to do.
func Read(kind Kind, text string, c *Cell, loc *Locale) (value any, problem, hint string) {
	s := strings.TrimSpace(text)
	if s == "" {
		return nil, "", ""
	}
	if c != nil && c.Kind != Text {
		return stored(kind, text, c)
	}
	switch kind {
	case Number:
		if loc != nil {
			if plain, ok := loc.plain(s); ok {
				return asNumber(plain, text)
			}
			return nil, fault.Quote(text) + " is not a number as " + loc.Name + " writes it",
				"write it as 1234" + string(loc.decimal) + "5"
		}
		if _, ok := Decimal(s); ok {
			return asNumber(s, text)
		}
		// Arabic and Persian digits are as clear as ASCII digits, and so are their separators.
		if strings.ContainsFunc(s, func(r rune) bool { return r != folding.Digit(r) }) {
			if plain, ok := arabicNumbers.plain(s); ok {
				return asNumber(plain, text)
			}
		}
		return nil, fault.Quote(text) + " is not a number",
			"write it as 1234.5, or say whose numbers these are in recipients.locale"
	case Date:
		s = strings.Map(folding.Digit, s)
		for _, layout := range dateLayouts {
			if v, err := time.Parse(layout, s); err == nil {
				return whenMeant(v.UTC(), text)
			}
		}
		if loc != nil {
			if v, ok := loc.Date(s); ok {
				return whenMeant(v, text)
			}
			return nil, fault.Quote(text) + " is not a date as " + loc.Name + " writes it",
				"write it as " + loc.example + " or 2026-11-30"
		}
		return nil, fault.Quote(text) + " is not a date",
			"write it as 2026-11-30, or say whose dates these are in recipients.locale"
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

// asNumber is a decimal number, unless it would lose digits.
func asNumber(plain, text string) (value any, problem, hint string) {
	if !Kept(plain) {
		problem, hint = moreDigits(text)
		return nil, problem, hint
	}
	v, _ := Decimal(plain)
	return v, "", ""
}

// arabicNumbers reads numbers in Arabic or Persian digits, with their decimal separator or a point.
var arabicNumbers = &Locale{decimal: '.'}

// whenMeant refuses a date in the Middle Ages. It is one of another calendar, as 1405/08/20 is the twentieth of Aban,
// and cannot be read as written.
func whenMeant(v time.Time, text string) (value any, problem, hint string) {
	if y := v.Year(); y >= 1300 && y < 1500 {
		return nil, fault.Quote(text) + " looks like a date of the Persian or the Islamic calendar",
			"write it as 2026-11-30; templates show it in the Persian one by jdate"
	}
	return v, "", ""
}

// stored returns what the file stores as a number, date or boolean. No text is parsed, so that no format can mislead.
func stored(kind Kind, text string, c *Cell) (v any, problem, hint string) {
	switch {
	case kind == Number && c.Kind == Number && c.Lost:
		problem, hint = moreDigits(text)
		return nil, problem, hint
	case kind == Number && c.Kind == Number:
		return c.Number, "", ""
	case kind == Date && c.Kind == Date:
		return c.Time, "", ""
	case kind == Bool && c.Kind == Bool:
		return c.Number != 0, "", ""
	case kind == Bool && c.Kind == Number && (c.Number == 0 || c.Number == 1):
		return c.Number != 0, "", ""
	}
	what := map[Kind]string{Number: "a number", Date: "a date", Bool: "true or false", Clock: "a time of day"}[c.Kind]
	want := map[Kind]string{Number: "a number", Date: "a date", Bool: "true or false"}[kind]
	hint = "change the cell's format in Excel"
	if c.Kind == Clock {
		hint = "write the day as well"
	}
	if c.Row == 0 {
		hint = "cast it in the query"
	}
	return nil, fault.Quote(text) + " is stored as " + what + ", not as " + want, hint
}

// dateLayouts begin with the year, since nobody can tell 03/04 from 04/03.
var dateLayouts = []string{
	"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04:05", time.RFC3339, "2006/01/02",
	"2006/1/2",
}

// Decimal parses a decimal number. It refuses what strconv accepts beyond that: hexadecimal, underscores, infinities.
func Decimal(s string) (float64, bool) {
	if Short(s) {
		n := 0
		for i := range len(s) {
			n = 10*n + int(s[i]-'0')
		}
		return float64(n), true // exact, with fifteen digits at most
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

// Short reports whether a stored number is a whole number that General shows as it is stored.
func Short(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return len(text) == 1 || len(text) > 1 && len(text) <= 15 && text[0] != '0'
}
