package value

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"mailshot/campaign/recipients/folding"
)

// Locale is how people of a language and region write numbers and dates.
type Locale struct {
	Name    string // as BCP 47 has it: de, en-US
	decimal rune
	groups  string // the possible separators of digit groups
	group   rune   // the separator that is written, 0 for none
	zero    rune   // its digit zero
	indian  bool   // digit groups of two before the last three: 12,34,567
	layouts []string
	example string // a date as an example
}

// NewLocale returns a locale by its BCP 47 name. It finds the separators in a number that golang.org/x/text writes
// with the data of CLDR.
func NewLocale(name string) (*Locale, bool) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, false
	}
	l := &Locale{Name: name}
	shown := []rune(message.NewPrinter(tag).Sprint(number.Decimal(1234567.5)))
	var marks []rune
	for i, r := range shown {
		if unicode.IsDigit(r) {
			if i == 0 {
				l.zero = r - 1 // the number begins with 1
			}
			continue
		}
		l.indian = l.indian || i == 2 // 12,34,567
		marks = append(marks, r)
	}
	if len(marks) == 0 {
		return nil, false
	}
	l.decimal = marks[len(marks)-1]
	if len(marks) > 1 {
		l.group, l.groups = marks[0], string(marks[0])
	}
	switch {
	case strings.ContainsAny(l.groups, " \u00A0\u202F"):
		l.groups = " \u00A0\u202F"
	case strings.ContainsAny(l.groups, "'’"):
		l.groups = "'’"
	}
	base, _ := tag.Base()
	region, _ := tag.Region()
	switch {
	case region.String() == "US", region.String() == "PH":
		l.layouts, l.example = []string{"1/2/2006", "1/2/2006 15:04", "1/2/2006 3:04 PM", "1-2-2006"}, "11/30/2026"
	case strings.Contains(" zh ja ko hu lt mn sv fa ", " "+base.String()+" "), region.String() == "CA":
		l.layouts, l.example = []string{"2006/1/2", "2006.1.2", "2006. 1. 2", "2006. 1. 2.", "2006. 01. 02.",
			"2006年1月2日", "2006-1-2"}, "2026/11/30"
	default:
		l.layouts, l.example = []string{"2.1.2006", "2.1.2006 15:04", "2/1/2006", "2/1/2006 15:04", "2-1-2006",
			"2-1-2006 15:04"}, "30.11.2026"
	}
	return l, true
}

// Marks returns what the locale's people write in a number: the decimal separator, the separator of digit groups (0 for
// none), the digit zero, and whether groups before the last three digits have two.
func (l *Locale) Marks() (decimal, group, zero rune, indian bool) {
	return l.decimal, l.group, l.zero, l.indian
}

// Number parses a number as the locale writes it, in its own digits or Arabic ones. Groups of digits must be
// complete.
func (l *Locale) Number(s string) (float64, bool) {
	plain, ok := l.plain(s)
	if !ok {
		return 0, false
	}
	return Decimal(plain)
}

// plain rewrites a number as Decimal reads it; ok is false if it is not one.
func (l *Locale) plain(s string) (plain string, ok bool) {
	var b strings.Builder
	var group rune // the separator in use
	run, groups, fraction := 0, 0, false
	whole := func(last bool) bool {
		switch {
		case groups == 0:
			return last || run >= 1 && run <= 3
		case last:
			return run == 3
		}
		return run == 3 || l.indian && run == 2
	}
	for i, r := range s {
		r = folding.Digit(r)
		decimal := r == l.decimal || r == '٫' // the Arabic separator has no other meaning
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
			run++
		case i == 0 && (r == '-' || r == '+' || r == '\u2212'):
			if r != '+' {
				b.WriteByte('-')
			}
		case decimal && !fraction:
			if !whole(true) {
				return "", false
			}
			fraction, run, groups = true, 0, 0
			b.WriteByte('.')
		case (r == '٬' || strings.ContainsRune(l.groups, r)) && !fraction && (group == 0 || r == group):
			if run == 0 || !whole(false) {
				return "", false
			}
			group, run, groups = r, 0, groups+1
		default:
			return "", false
		}
	}
	if !fraction && !whole(true) {
		return "", false
	}
	_, ok = Decimal(b.String())
	return b.String(), ok
}

// Date parses a date as the locale writes it.
func (l *Locale) Date(s string) (time.Time, bool) {
	s = strings.Map(folding.Digit, s)
	for _, layout := range l.layouts {
		if v, err := time.Parse(layout, s); err == nil {
			return v, true
		}
	}
	return time.Time{}, false
}
