package numfmt

import (
	"strings"

	"golang.org/x/text/language"

	"mailshot/campaign/recipients/value"
)

// Locale is how a spreadsheet shows numbers and dates to a reader of a language and region. A format code is written
// with a point, commas and slashes everywhere, and the program shows what the reader's system has for them.
type Locale struct {
	Name                 string // as BCP 47 has it: de, en-US
	decimal, group, zero rune
	indian               bool
	short                string // code of the built-in format 14
	clock                string // what the built-in format 22 has after it
	slash                string // what a slash of a date is shown as
	months, days         []string
	english              bool // names of months and days, and AM and PM, are the English ones
}

// shorts are the short dates of languages as spreadsheets show them; languages with a region come first. Where one is
// not known here, or is of another calendar, dates stay in ISO 8601.
var shorts = []struct{ names, code string }{
	{"en-US en-PH", "m/d/yyyy"},
	{"en-CA fr-CA sv lt", "yyyy-mm-dd"},
	{"en-GB en-IE en-AU en-NZ en-SG en-HK", "dd/mm/yyyy"},
	{"en-IN nl-NL nl da", "dd-mm-yyyy"},
	{"nl-BE", "dd/mm/yyyy"},
	{"fr-CH it-CH de ru pl cs sk tr nb nn no uk ro et lv", "dd.mm.yyyy"},
	{"fi", "d.m.yyyy"},
	{"fr es it pt ca gl vi el", "dd/mm/yyyy"},
	{"ja zh", "yyyy/m/d"},
}

// names are the months and days of languages in full, the days from Sunday. A format with short names in another
// language than English is shown in ISO 8601.
var names = map[string][2]string{
	"de": {"Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
		"Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag"},
	"es": {"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"domingo lunes martes miércoles jueves viernes sábado"},
	"fr": {"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"dimanche lundi mardi mercredi jeudi vendredi samedi"},
	"it": {"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"domenica lunedì martedì mercoledì giovedì venerdì sabato"},
	"nl": {"januari februari maart april mei juni juli augustus september oktober november december",
		"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag"},
	"pt": {"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
		"domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado"},
	"tr": {"Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
		"Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi"},
}

// NewLocale returns a locale by its BCP 47 name; ok is false if there is none of that name. It is nil where its readers
// see what a reader without a locale sees.
func NewLocale(name string) (l *Locale, ok bool) {
	tag, err := language.Parse(name)
	numbers, known := value.NewLocale(name)
	if err != nil || !known {
		return nil, false
	}
	l = &Locale{Name: name, short: isoDate, clock: " hh:mm", slash: "/"}
	l.decimal, l.group, l.zero, l.indian = numbers.Marks()
	base, _ := tag.Base()
	region, _ := tag.Region()
	l.english = base.String() == "en"
	short := func(name string) bool {
		for _, s := range shorts {
			for one := range strings.FieldsSeq(s.names) {
				if one == name {
					l.short = s.code
					return true
				}
			}
		}
		return false
	}
	// English without a region does not say which of its dates is meant.
	if whole := base.String() + "-" + region.String(); l.english && !strings.Contains(name, "-") || !short(whole) {
		short(base.String())
	}
	if l.short == "m/d/yyyy" {
		l.clock = " h:mm"
	}
	if i := strings.IndexAny(l.short, "./-"); i >= 0 && l.short != isoDate {
		l.slash = l.short[i : i+1]
	}
	if n, ok := names[base.String()]; ok {
		l.months, l.days = strings.Fields(n[0]), strings.Fields(n[1])
	}
	if l.english && l.decimal == '.' && l.group == ',' && !l.indian && l.short == isoDate {
		return nil, true
	}
	return l, true
}

// Localized is the code of a built-in format as a locale's readers see it; nil is a reader without a locale.
func Localized(id int, l *Locale) string {
	switch {
	case l != nil && id == 14:
		return l.short
	case l != nil && id == 22:
		return l.short + l.clock
	}
	return Builtin(id)
}

// For returns the format as a locale's readers see it; nil is a reader without a locale.
func (f *Format) For(l *Locale) *Format {
	out := *f
	out.locale = l
	return &out
}

// marks are the bytes that stand for the digits and separators of a number while it is written. Those of a locale are
// ones that a literal cannot be, and become its characters at the end.
type marks struct{ zero, point, comma byte }

var (
	plainMarks = marks{'0', '.', ','}
	codedMarks = marks{0x10, 0x01, 0x02}
)

func (m marks) digit(c byte) byte { return c - '0' + m.zero }

// text writes a number that was made with a point and plain digits.
func (m marks) text(s string) string {
	if m == plainMarks {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		switch {
		case c == '.':
			b[i] = m.point
		case c >= '0' && c <= '9':
			b[i] = m.digit(c)
		}
	}
	return string(b)
}

// shown turns the marks of a number into the locale's characters. Its own digits are for amounts: whole numbers in
// plain places are mostly somebody's number.
func (l *Locale) shown(coded string, amount bool) string {
	zero := '0'
	if amount || strings.IndexByte(coded, codedMarks.point) >= 0 {
		zero = l.zero
	}
	var b strings.Builder
	for _, r := range coded {
		switch {
		case r == rune(codedMarks.point):
			b.WriteRune(l.decimal)
		case r == rune(codedMarks.comma):
			if l.group != 0 {
				b.WriteRune(l.group)
			}
		case r >= rune(codedMarks.zero) && r < rune(codedMarks.zero)+10:
			b.WriteRune(zero + r - rune(codedMarks.zero))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// amount reports whether a section shows its numbers as amounts, and not by plain places.
func (s *section) amount() bool {
	return !s.general && (s.thousands || s.decimals > 0 || s.exponent > 0 || s.scale != 1 || s.words)
}

// unnamed reports whether a date section has a name that the locale does not: months and days by short names, or AM
// and PM, in another language than English.
func (l *Locale) unnamed(s *section) bool {
	if l == nil || l.english || s.english || s.foreign {
		return false
	}
	for _, t := range s.tokens {
		if t.kind == 'd' && (isHalf(t.text) || len(t.text) == 3 && (t.text[0] == 'm' || t.text[0] == 'd') ||
			len(t.text) == 4 && (t.text == "mmmm" || t.text == "dddd") && l.months == nil ||
			strings.HasPrefix(t.text, "mmmmm")) {
			return true
		}
	}
	return false
}
