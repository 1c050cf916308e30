// Package numfmt shows stored numbers as a spreadsheet does. [Compile] parses the code of a number format, as
// #,##0.00 or dd.mm.yyyy. [Format.Number], [Format.Date] and [Format.Text] show a value by it. [Serial] turns a day
// number into the date that it stands for.
//
// xuri/nfp, which excelize uses, only splits a code into tokens. excelize's own formatter shows a time such as 0:00
// as 00:00 and built-in dates in the American form; the tests of workbooks list where the two differ.
package numfmt

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mailshot/campaign/recipients/value"
)

// MaxCode is the most bytes in the code of a number format: every cell is shown by it anew.
const MaxCode = 2048

// Format is a compiled number format. It has sections for positive numbers, negative numbers and zero, or for
// conditions, and one for texts.
//
// It covers what lists contain: General, digits with thousands and decimals, percent, powers of ten, currencies,
// leading zeros, literals, conditions, dates and times. A section with anything else shows the number as General
// does, or the date in ISO 8601: fractions, eras, names in other languages. So does a section that would hide the
// value.
type Format struct {
	sections []section // for numbers
	chosen   bool      // the section is chosen by conditions, not by sign
	plain    bool      // it is General and nothing else
	words    *section  // literals around a text; nil for none
	locale   *Locale   // of the reader; nil for the international way
}

type section struct {
	tokens    []formatToken
	isDate    bool
	elapsed   bool // elapsed time: [h] goes beyond a day
	iso       bool // a date that cannot be shown as Excel shows it
	foreign   bool // names and separators of a date would be those of another language
	english   bool // the code says that names of a date are English
	general   bool // shown as General, between its literals
	hidden    bool // it would hide the value or is not understood: shown as General, with its sign
	words     bool // has a visible literal that is not a stray letter
	when      *condition
	whole     int // digit places before the point
	decimals  int // digit places after the point
	thousands bool
	scale     float64
	exponent  int // digits of the exponent, 0 if none
}

type formatToken struct {
	// 'l' literal, '0' '#' '?' a digit place, '.' the point, 'E', 'G' General, '@' the text, 'd' a date field, '/' the
	// separator of a date
	kind byte
	text string // the literal, or the date field: yyyy, mm, …
}

// condition is a condition at the start of a section, such as [<=9999999].
type condition struct {
	operator string
	limit    float64
}

func (c *condition) holds(v float64) bool {
	switch c.operator {
	case "<":
		return v < c.limit
	case "<=":
		return v <= c.limit
	case ">":
		return v > c.limit
	case ">=":
		return v >= c.limit
	case "<>":
		return v != c.limit
	}
	return v == c.limit
}

// below reports whether the condition holds only for numbers below zero.
func (c *condition) below() bool {
	return c.operator == "<" && c.limit <= 0 || (c.operator == "<=" || c.operator == "=") && c.limit < 0
}

// builtin are the formats that have no code in the file (ECMA-376 part 1, 18.8.30). Those that follow the reader's
// locale show dates in ISO 8601.
var builtin = map[int]string{
	1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
	14: isoDate, 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
	21: "h:mm:ss", 22: isoDate + " hh:mm",
	27: isoDate, 28: isoDate, 29: isoDate, 30: isoDate, 31: isoDate, 32: "h:mm", 33: "h:mm:ss", 34: isoDate,
	35: isoDate, 36: isoDate,
	37: "#,##0;-#,##0", 38: "#,##0;-#,##0", 39: "#,##0.00;-#,##0.00", 40: "#,##0.00;-#,##0.00",
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	50: isoDate, 51: isoDate, 52: isoDate, 53: isoDate, 54: isoDate, 55: isoDate, 56: isoDate, 57: isoDate, 58: isoDate,
}

const isoDate = "yyyy-mm-dd"

// Builtin is the code of a format that a workbook names only by its number; "", which is General, if there is none.
func Builtin(id int) string { return builtin[id] }

// Compile parses the code of a format. Every code is valid: a section that is not understood shows the value plainly.
func Compile(code string) *Format {
	f := &Format{}
	for _, part := range splitSections(code) {
		f.sections = append(f.sections, compileSection(part))
	}
	// The section for texts is the fourth, or the last if it has an @.
	n := len(f.sections)
	if last := &f.sections[n-1]; last.has('@') {
		if last.words {
			f.words = last
		}
		if n--; n == 0 { // numbers are shown as General
			f.sections, n = []section{compileSection("General")}, 1
		}
	}
	f.sections = f.sections[:min(n, 3)]
	for i := range f.sections {
		f.chosen = f.chosen || f.sections[i].when != nil
	}
	first := &f.sections[0]
	f.plain = len(f.sections) == 1 && first.general && len(first.tokens) == 1 && !f.chosen
	return f
}

// has reports whether a section has a token of a kind.
func (s *section) has(kind byte) bool {
	return slices.ContainsFunc(s.tokens, func(t formatToken) bool { return t.kind == kind })
}

// Text shows a text, with the literals of the format around it.
func (f *Format) Text(text string) string {
	if f.words == nil || text == "" {
		return text
	}
	var b strings.Builder
	for _, t := range f.words.tokens {
		switch t.kind {
		case 'l':
			b.WriteString(t.text)
		case '@':
			b.WriteString(text)
		}
	}
	return b.String()
}

// splitSections splits a code at the semicolons that are not quoted.
func splitSections(code string) []string {
	var out []string
	from := 0
	for i := 0; i < len(code); i++ {
		switch code[i] {
		case '"':
			if j := strings.IndexByte(code[i+1:], '"'); j >= 0 {
				i += j + 1
			}
		case '[':
			if j := strings.IndexByte(code[i:], ']'); j >= 0 {
				i += j
			}
		case '\\', '_', '*':
			i++
		case ';':
			out = append(out, code[from:i])
			from = i + 1
		}
	}
	return append(out, code[from:])
}

// compiler parses the code of one section.
type compiler struct {
	section
	point, digits bool // have been seen
	commas        int  // since the last digit place
	unknown       bool // a part of the code is not understood
}

func compileSection(code string) section {
	s := compiler{section: section{scale: 1}}
	for code != "" {
		code = code[s.token(code):]
	}
	return s.finish()
}

// token parses the start of the rest of a code, and returns its length.
func (s *compiler) token(rest string) int {
	if size := s.mark(rest); size > 0 {
		return size
	}
	if size := s.figure(rest); size > 0 {
		return size
	}
	if size := s.dateField(rest); size > 0 {
		return size
	}
	size := runeSize(rest)
	if r, _ := utf8.DecodeRuneInString(rest); unicode.IsLetter(r) {
		s.add('l', rest[:size])
	} else {
		s.literal(rest[:size])
	}
	return size
}

func (s *compiler) add(kind byte, text string) {
	s.tokens = append(s.tokens, formatToken{kind, text})
}

func (s *compiler) literal(text string) {
	s.add('l', text)
	s.words = s.words || strings.TrimSpace(text) != ""
}

// mark parses what numbers and dates have in common: literals, gaps, brackets, General, the place of a text. It
// returns 0 for anything else.
func (s *compiler) mark(rest string) (size int) {
	switch c := rest[0]; {
	case c == '"':
		end := strings.IndexByte(rest[1:], '"')
		if end < 0 {
			end = len(rest) - 1
		}
		s.literal(rest[1 : 1+end])
		return min(end+2, len(rest))
	case c == '\\':
		size = 1 + runeSize(rest[1:])
		s.literal(rest[1:size])
		return size
	case c == '_' || c == '*': // a gap as wide as the next character, or filled with it
		return 1 + runeSize(rest[1:])
	case c == '[':
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			s.unknown = true
			end = len(rest) - 1
		}
		s.bracket(rest[1:max(end, 1)])
		return end + 1
	case len(rest) >= 7 && strings.EqualFold(rest[:7], "General"):
		s.general = true
		s.add('G', "")
		return 7
	case c == '@':
		s.general = true
		s.add('@', "")
		return 1
	}
	return 0
}

// figure parses a part of a number: a digit place, the point, thousands, percent, a power of ten. It returns 0 for
// anything else.
func (s *compiler) figure(rest string) (size int) {
	number := s.digits && !s.isDate
	switch c := rest[0]; {
	case c == '0' || c == '#' || c == '?':
		s.thousands = s.thousands || s.commas > 0
		s.commas = 0
		s.digits = true
		if s.point {
			s.decimals++
		} else {
			s.whole++
		}
		s.add(c, "")
	case c == '.' && !s.isDate && !s.elapsed:
		s.unknown = s.unknown || s.point
		s.point = true
		s.add('.', "")
	case c == ',' && number:
		s.commas++
	case c == '%':
		s.scale *= 100
		s.literal("%")
	case (c == 'E' || c == 'e') && len(rest) > 2 && (rest[1] == '+' || rest[1] == '-'):
		n := len(rest[2:]) - len(strings.TrimLeft(rest[2:], "0#?"))
		s.unknown = s.unknown || n == 0 || s.exponent > 0
		s.exponent = max(n, 1)
		s.add('E', rest[1:2])
		return 2 + n
	case c == '/' && number: // a fraction
		s.unknown = true
	case (c == 'E' || c == 'e') && number: // a power of ten needs its sign
		s.unknown = true
	default:
		return 0
	}
	return 1
}

// dateField parses a part of a date or a time. It returns 0 for anything else.
func (s *compiler) dateField(rest string) (size int) {
	switch c := rest[0]; {
	case c == '.' && (s.isDate || s.elapsed):
		// Zeros after the point are fractions of seconds, and not digits of a number.
		n := len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0"))
		if n == 0 {
			s.literal(".")
		} else {
			s.add('d', rest[:1+n])
		}
		return 1 + n
	case len(rest) >= 5 && strings.EqualFold(rest[:5], "AM/PM"), len(rest) >= 3 && strings.EqualFold(rest[:3], "A/P"):
		size = 3
		if rest[1] != '/' {
			size = 5
		}
		s.isDate = true
		s.add('d', rest[:size])
		return size
	case strings.IndexByte("ymdhsYMDHS", c) >= 0:
		lower := strings.ToLower(rest)
		size = len(lower) - len(strings.TrimLeft(lower, lower[:1]))
		s.isDate = true
		s.add('d', lower[:size])
		return size
	case c == '/' && s.isDate:
		s.add('/', "/")
		return 1
	case strings.IndexByte("bBeEgG", c) >= 0: // eras and other calendars
		s.isDate, s.iso = true, true
		return 1
	}
	return 0
}

// finish returns the section, when all of its code has been parsed.
func (s *compiler) finish() section {
	for range s.commas {
		s.scale /= 1000
	}
	if s.exponent > 0 && s.whole == 0 {
		s.unknown, s.exponent = true, 0
	}
	if s.unknown {
		s.iso = true
	}
	if s.isDate {
		s.minutes()
		s.iso = s.iso || s.digits || s.foreign && slices.ContainsFunc(s.tokens, ofLanguage)
	} else if s.unknown || s.general && s.digits || !s.digits && !s.general && !s.elapsed && !s.words {
		// A section that would hide the value, or is not understood, shows it plainly.
		return section{general: true, hidden: true, scale: 1, tokens: []formatToken{{'G', ""}}, when: s.when}
	}
	return s.section
}

// ofLanguage reports whether a token of a date depends on a language: the name of a month or a day, AM or PM, or a
// separator.
func ofLanguage(t formatToken) bool {
	return t.kind == '/' ||
		t.kind == 'd' && (len(t.text) > 2 && (t.text[0] == 'm' || t.text[0] == 'd') || isHalf(t.text))
}

// HasDay reports whether a date format shows the day or the year, and not only the time.
func (f *Format) HasDay() bool { return f.sections[0].hasDay() }

// General reports whether the format is General and nothing else.
func (f *Format) General() bool { return f.plain }

// Plain reports whether the format shows a number or date plainly, as General or in ISO 8601, because the code would
// hide it or is not understood.
func (f *Format) Plain(v float64) bool {
	if f.IsDate() {
		return f.sections[0].iso
	}
	s, _ := f.choose(v)
	return s.hidden || f.number(v) == ""
}

// hasDay reports whether a date section shows the day or the year, and not only the time.
func (s *section) hasDay() bool {
	return slices.ContainsFunc(s.tokens, func(t formatToken) bool {
		return t.kind == 'd' && (t.text[0] == 'd' || t.text[0] == 'y')
	})
}

// isHalf reports whether a date field is AM/PM or A/P.
func isHalf(field string) bool { return len(field) > 2 && (field[1] == '/' || field[2] == '/') }

// bracket parses what is between [ and ]: a currency or locale, elapsed time, a colour, a condition.
func (s *compiler) bracket(text string) {
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(text, "$"):
		sign, locale, _ := strings.Cut(text[1:], "-")
		if sign != "" {
			s.tokens = append(s.tokens, formatToken{'l', sign})
			s.words = true
		}
		if sign == "" && locale != "" {
			s.locale(strings.ToLower(locale))
		}
	case lower != "" && strings.Trim(lower, lower[:1]) == "" && strings.Contains("hms", lower[:1]):
		s.elapsed = true
		s.tokens = append(s.tokens, formatToken{'d', "[" + lower})
	case strings.HasPrefix(lower, "color"):
	case lower != "" && strings.IndexByte("<>=", lower[0]) >= 0:
		limit := strings.TrimLeft(lower, "<>=")
		v, ok := value.Decimal(strings.TrimSpace(limit))
		s.when = &condition{lower[:len(lower)-len(limit)], v}
		switch s.when.operator {
		case "<", "<=", ">", ">=", "=", "<>":
		default:
			ok = false
		}
		s.unknown = s.unknown || !ok
	default:
		switch lower {
		case "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow":
		default:
			s.unknown = true
		}
	}
}

// locale parses the language of a date: an LCID in hexadecimal, whose upper bytes name the digits and the calendar,
// or a BCP 47 tag, after which a comma may precede these two.
func (s *compiler) locale(text string) {
	language, rest, tagged := strings.Cut(text, ",")
	extra := uint64(0)
	english := strings.HasPrefix(language, "en") && (len(language) == 2 || language[2] == '-')
	code, err := strconv.ParseUint(language, 16, 32)
	switch {
	case tagged:
		extra, err = strconv.ParseUint(rest, 16, 16)
	case err == nil:
		english = code&0x3FF == 0x09
		extra = code >> 16
	case strings.Contains(language, "-") && !strings.HasPrefix(language, "x-") || len(language) <= 3:
		err = nil
	}
	digits, calendar := extra>>8, extra&0xFF
	gregorian := calendar <= 2 || calendar >= 9 && calendar <= 12
	switch {
	case err != nil, digits > 1, !gregorian, code == 0xF800, code == 0xF400:
		s.iso = true // another calendar, digits of another script, or a form that the system decides
	case !english:
		s.foreign = true
	default:
		s.english = true
	}
}

// minutes turns m into n, which means minutes, if it follows hours or precedes seconds.
func (s *section) minutes() {
	previous := ""
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind != 'd' || isHalf(t.text) {
			continue
		}
		if t.text[0] == 'm' && len(t.text) <= 2 {
			following := ""
			for _, u := range s.tokens[i+1:] {
				if u.kind == 'd' && !isHalf(u.text) {
					following = u.text
					break
				}
			}
			if strings.HasPrefix(previous, "h") || strings.HasPrefix(previous, "[h") ||
				strings.HasPrefix(following, "s") {
				t.text = strings.Repeat("n", len(t.text))
			}
		}
		previous = t.text
	}
}

func runeSize(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

// IsDate reports whether the format shows numbers as dates or times of day.
func (f *Format) IsDate() bool { return f.sections[0].isDate && !f.sections[0].elapsed }
