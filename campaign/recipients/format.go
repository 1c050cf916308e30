package recipients

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"
)

// format is a compiled number format: what is shown for positive numbers, negative ones and zero.
//
// It covers what lists hold: General, digits with thousands and decimals, percent, powers of ten, currencies, leading
// zeros, literals, dates and times. A section with anything else (fractions, conditions, eras) shows the number as
// General does, or the date in ISO 8601; so does one that would hide the value.
type format struct {
	sections []section
	plain    bool // General and nothing else
}

type section struct {
	tokens    []formatToken
	isDate    bool
	elapsed   bool // [h]: hours beyond a day
	iso       bool // a date we cannot show as Excel does
	general   bool // shown as General, between its literals
	whole     int  // digit places before the point
	decimals  int  // and after it
	thousands bool
	scale     float64
	exponent  int // digits of the exponent, 0 if none
}

type formatToken struct {
	kind byte   // 'l' literal, '0' '#' '?' a digit place, '.' the point, 'E', 'G' General, 'd' a date field
	text string // the literal, or the date field: yyyy, mm, …
}

func compileFormat(code string) *format {
	f := &format{}
	for _, part := range splitSections(code) {
		f.sections = append(f.sections, compileSection(part))
	}
	first := &f.sections[0]
	f.plain = len(f.sections) == 1 && first.general && len(first.tokens) == 1
	return f
}

// splitSections cuts a code at the semicolons that are not quoted.
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

func compileSection(code string) section {
	s := section{scale: 1}
	point, digits, unknown := false, false, false
	literal := func(text string) { s.tokens = append(s.tokens, formatToken{'l', text}) }
	commas := 0 // since the last digit place
	for i := 0; i < len(code); {
		c := code[i]
		rest := code[i:]
		size := 1
		switch {
		case c == '"':
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				end = len(rest) - 1
			}
			literal(rest[1 : 1+end])
			size = min(end+2, len(rest))
		case c == '\\':
			size = 1 + runeSize(rest[1:])
			literal(rest[1:size])
		case c == '_' || c == '*': // a gap as wide as the next character, or filled with it
			size = 1 + runeSize(rest[1:])
		case c == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				unknown = true
				end = len(rest) - 1
			}
			s.bracket(rest[1:max(end, 1)], &unknown)
			size = end + 1
		case len(rest) >= 7 && strings.EqualFold(rest[:7], "General"):
			s.general = true
			s.tokens = append(s.tokens, formatToken{'G', ""})
			size = 7
		case c == '0' || c == '#' || c == '?':
			s.thousands = s.thousands || commas > 0
			commas = 0
			digits = true
			if point {
				s.decimals++
			} else {
				s.whole++
			}
			s.tokens = append(s.tokens, formatToken{c, ""})
		case c == '.' && s.isDate:
			// Fractions of seconds follow in zeros; they are no digits of a number.
			n := len(rest[1:]) - len(strings.TrimLeft(rest[1:], "0"))
			if n == 0 {
				literal(".")
			} else {
				s.tokens = append(s.tokens, formatToken{'d', rest[:1+n]})
			}
			size = 1 + n
		case c == '.':
			unknown = unknown || point
			point = true
			s.tokens = append(s.tokens, formatToken{'.', ""})
		case c == ',' && digits && !s.isDate:
			commas++
		case c == '%':
			s.scale *= 100
			literal("%")
		case (c == 'E' || c == 'e') && len(rest) > 2 && (rest[1] == '+' || rest[1] == '-'):
			n := len(rest[2:]) - len(strings.TrimLeft(rest[2:], "0#?"))
			unknown = unknown || n == 0 || s.exponent > 0
			s.exponent = max(n, 1)
			s.tokens = append(s.tokens, formatToken{'E', rest[1:2]})
			size = 2 + n
		case c == '/' && digits && !s.isDate:
			unknown = true // a fraction
		case c == '@':
			s.general = true
			s.tokens = append(s.tokens, formatToken{'G', ""})
		case len(rest) >= 5 && strings.EqualFold(rest[:5], "AM/PM"), len(rest) >= 3 && strings.EqualFold(rest[:3], "A/P"):
			size = 3
			if rest[1] != '/' {
				size = 5
			}
			s.isDate = true
			s.tokens = append(s.tokens, formatToken{'d', "AM/PM"})
		case strings.IndexByte("ymdhsYMDHS", c) >= 0:
			lower := strings.ToLower(rest)
			size = len(lower) - len(strings.TrimLeft(lower, lower[:1]))
			s.isDate = true
			s.tokens = append(s.tokens, formatToken{'d', lower[:size]})
		case strings.IndexByte("bBeEgG", c) >= 0: // eras and other calendars
			s.isDate, s.iso = true, true
		default:
			size = runeSize(rest)
			literal(rest[:size])
		}
		i += size
	}
	for range commas {
		s.scale /= 1000
	}
	if s.exponent > 0 && s.whole != 1 {
		unknown = true
	}
	if unknown {
		s.iso = true
	}
	if s.isDate {
		s.minutes()
		if digits {
			s.iso = true
		}
	} else if unknown || s.general && digits || !digits && !s.general && !s.elapsed {
		// What would hide the value, or is not understood, shows it plainly.
		s = section{general: true, scale: 1, tokens: []formatToken{{'G', ""}}}
	}
	return s
}

// bracket reads what is between [ and ]: a currency or locale, elapsed time, a colour, a condition.
func (s *section) bracket(text string, unknown *bool) {
	lower := strings.ToLower(text)
	switch {
	case strings.HasPrefix(text, "$"):
		sign, locale, _ := strings.Cut(text[1:], "-")
		if sign != "" {
			s.tokens = append(s.tokens, formatToken{'l', sign})
		}
		lower = strings.ToLower(locale)
		english := strings.HasPrefix(lower, "en") || strings.HasSuffix(lower, "409") || strings.HasSuffix(lower, "809")
		if locale != "" && sign == "" && (!english || len(lower) > 5 && !strings.HasPrefix(lower, "en-") || strings.Contains(lower, ",")) {
			s.iso = true // names or a calendar of another language
		}
	case lower != "" && strings.Trim(lower, lower[:1]) == "" && strings.Contains("hms", lower[:1]):
		s.elapsed = true
		s.tokens = append(s.tokens, formatToken{'d', "[" + lower})
	case strings.HasPrefix(lower, "color"):
	default:
		switch lower {
		case "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow":
		default:
			*unknown = true
		}
	}
}

// minutes turns m into n, minutes, where it stands behind hours or before seconds.
func (s *section) minutes() {
	previous := ""
	for i := range s.tokens {
		t := &s.tokens[i]
		if t.kind != 'd' || t.text == "AM/PM" {
			continue
		}
		if t.text[0] == 'm' && len(t.text) <= 2 {
			following := ""
			for _, u := range s.tokens[i+1:] {
				if u.kind == 'd' && u.text != "AM/PM" {
					following = u.text
					break
				}
			}
			if strings.HasPrefix(previous, "h") || strings.HasPrefix(previous, "[h") || strings.HasPrefix(following, "s") {
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

func (f *format) isDate() bool { return f.sections[0].isDate && !f.sections[0].elapsed }

// number shows a number.
func (f *format) number(v float64) string {
	s := &f.sections[0]
	negative := v < 0
	switch {
	case negative && len(f.sections) > 1:
		s, negative = &f.sections[1], false
	case v == 0 && len(f.sections) > 2:
		s = &f.sections[2]
	}
	text := s.number(math.Abs(v))
	if s.general && len(s.tokens) == 1 && v < 0 {
		negative = true
	}
	if negative && strings.ContainsAny(text, "123456789") {
		text = "-" + text
	}
	return strings.TrimSpace(text)
}

// number shows a number that is not negative.
func (s *section) number(v float64) string {
	if s.elapsed {
		return s.span(v)
	}
	var b strings.Builder
	var whole, fraction, power string
	v *= s.scale
	if !s.general {
		digits := decimal(v, s.decimals)
		if s.exponent > 0 {
			var e string
			digits, e, _ = strings.Cut(strconv.FormatFloat(v, 'e', s.decimals, 64), "e")
			size := strings.TrimLeft(e[1:], "0")
			power = e[:1] + strings.Repeat("0", max(0, s.exponent-len(size))) + size
		}
		whole, fraction, _ = strings.Cut(digits, ".")
		if whole == "0" {
			whole = ""
		}
	}
	place, after := 0, false
	for i, t := range s.tokens {
		switch t.kind {
		case 'l':
			b.WriteString(t.text)
		case 'G':
			b.WriteString(general(v))
		case '.':
			after = true
			if s.keepsPoint(i, fraction) {
				b.WriteByte('.')
			}
		case 'E':
			if t.text == "-" {
				power = strings.TrimPrefix(power, "+")
			}
			b.WriteString("E" + power)
		case '0', '#', '?':
			if after {
				fraction = s.fraction(&b, t.kind, i, fraction)
				continue
			}
			place++
			s.wholePlace(&b, t.kind, s.whole-place, &whole)
		}
	}
	return b.String()
}

// wholePlace writes the digits that belong to a place before the point; left places follow it. The first place takes
// all the digits that have none.
func (s *section) wholePlace(b *strings.Builder, kind byte, left int, whole *string) {
	n := len(*whole) - left // digits for this place
	if n <= 0 {
		switch kind {
		case '0':
			b.WriteByte('0')
		case '?':
			b.WriteByte(' ')
			return
		default:
			return
		}
		s.separate(b, left)
		return
	}
	for n > 0 {
		b.WriteByte((*whole)[0])
		*whole = (*whole)[1:]
		n--
		s.separate(b, left+n)
	}
}

// separate writes a comma where so many digits are left.
func (s *section) separate(b *strings.Builder, left int) {
	if s.thousands && left > 0 && left%3 == 0 {
		b.WriteByte(',')
	}
}

// fraction writes one place after the point: an optional one only if a digit other than 0 is left.
func (s *section) fraction(b *strings.Builder, kind byte, i int, rest string) string {
	if rest == "" {
		return rest
	}
	if kind != '0' && strings.Trim(rest, "0") == "" && !s.zeroAfter(i) {
		return rest[1:]
	}
	b.WriteByte(rest[0])
	return rest[1:]
}

func (s *section) zeroAfter(i int) bool {
	for _, t := range s.tokens[i+1:] {
		if t.kind == '0' {
			return true
		}
	}
	return false
}

// keepsPoint reports whether the point is followed by a digit. Excel writes "5." for 5 in the format 0.#; nobody means it.
func (s *section) keepsPoint(i int, fraction string) bool {
	return strings.Trim(fraction, "0") != "" || s.zeroAfter(i)
}

// decimal writes a number that is not negative with so many decimals, rounding half away from zero as the number is
// written, in fifteen digits, rather than as binary stores it: 1.005 becomes 1.01.
func decimal(v float64, decimals int) string {
	var room [32]byte
	digits := strconv.AppendFloat(room[:0], v, 'e', 14, 64) // d.dddddddddddddde±dd
	e := bytes.IndexByte(digits, 'e')
	if e != 16 {
		return strconv.FormatFloat(v, 'f', decimals, 64) // an infinity
	}
	power, _ := strconv.Atoi(string(digits[e+1:]))
	digits = append(digits[:1], digits[2:e]...)
	point := power + 1 // how many digits stand before it
	keep := point + decimals
	up := keep >= 0 && keep < len(digits) && digits[keep] >= '5'
	digits = digits[:min(max(keep, 0), len(digits))]
	for i := len(digits) - 1; up && i >= 0; i-- {
		if up = digits[i] == '9'; up {
			digits[i] = '0'
		} else {
			digits[i]++
		}
	}
	b := make([]byte, 0, max(point, 0)+decimals+3)
	if up {
		// 9.99 became 10.0: one more digit before the point, or the first behind it that is not zero.
		digits = append([]byte{'1'}, digits...)
		point++
	}
	digit := func(i int) byte {
		if i < 0 || i >= len(digits) {
			return '0'
		}
		return digits[i]
	}
	if point <= 0 {
		b = append(b, '0')
	}
	for i := range max(point, 0) {
		b = append(b, digit(i))
	}
	if decimals > 0 {
		b = append(b, '.')
	}
	for i := range decimals {
		b = append(b, digit(point+i))
	}
	return string(b)
}

// general shows a number that is not negative as General does: in eleven characters, with as many decimals as fit.
// Integers are whole, never a power of ten, for they are telephone and account numbers.
func general(v float64) string {
	switch {
	case v == math.Trunc(v) && v < 1e21:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 1e21 || v < 1e-4:
		return strings.ToUpper(strconv.FormatFloat(v, 'g', 6, 64))
	}
	whole := len(strconv.FormatFloat(math.Trunc(v), 'f', 0, 64))
	text := decimal(v, min(max(10-whole, 0), 9))
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// date shows a time. A cell may hold one without a date format (type d): that is written in ISO 8601.
func (f *format) date(t time.Time) string {
	s := &f.sections[0]
	if !s.isDate || s.iso || s.elapsed {
		if t.Hour()|t.Minute()|t.Second()|t.Nanosecond() == 0 {
			return t.Format("2006-01-02")
		}
		return t.Format("2006-01-02 15:04:05")
	}
	half := false
	for _, k := range s.tokens {
		half = half || k.text == "AM/PM"
	}
	var b strings.Builder
	for _, k := range s.tokens {
		if k.kind != 'd' {
			b.WriteString(k.text)
			continue
		}
		if k.text == "h" && !half {
			b.WriteString(strconv.Itoa(t.Hour())) // package time has no such field
			continue
		}
		b.WriteString(t.Format(layout(k.text, half)))
	}
	return strings.TrimSpace(b.String())
}

// layout is a date field in the words of package time.
func layout(field string, half bool) string {
	n := len(field)
	pick := func(layouts ...string) string { return layouts[min(n, len(layouts))-1] }
	switch field[0] {
	case 'y':
		return pick("06", "06", "2006")
	case 'm':
		return pick("1", "01", "Jan", "January")
	case 'd':
		return pick("2", "02", "Mon", "Monday")
	case 'h':
		if half {
			return pick("3", "03")
		}
		return pick("15", "15")
	case 'n':
		return pick("4", "04")
	case 's':
		return pick("5", "05")
	case '.':
		return "." + strings.Repeat("0", min(n-1, 9))
	}
	return "PM"
}

// span shows elapsed time: 1.5 days in [h]:mm is 36:00.
func (s *section) span(v float64) string {
	total := int64(math.Round(v * 86400))
	var b strings.Builder
	for _, t := range s.tokens {
		if t.kind != 'd' {
			b.WriteString(t.text)
			continue
		}
		pad := strings.TrimPrefix(t.text, "[")
		n := total % 60
		switch {
		case strings.HasPrefix(t.text, "[h"):
			n = total / 3600
		case strings.HasPrefix(t.text, "[m"), strings.HasPrefix(t.text, "[n"):
			n = total / 60
		case t.text[0] == '[':
			n = total
		case t.text[0] == 'h':
			n = total / 3600 % 24
		case t.text[0] == 'm', t.text[0] == 'n':
			n = total / 60 % 60
		}
		digits := strconv.FormatInt(n, 10)
		b.WriteString(strings.Repeat("0", max(0, len(pad)-len(digits))) + digits)
	}
	return b.String()
}

// serial turns a day number into a time in UTC. Excel's calendar has a 29 February 1900 that never was: it is no date.
func serial(v float64, epoch1904 bool) (time.Time, bool) {
	if v < 0 || v >= 2958466 {
		return time.Time{}, false
	}
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case epoch1904:
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case v >= 60 && v < 61:
		return time.Time{}, false
	case v < 60:
		base = base.AddDate(0, 0, 1)
	}
	days, part := math.Modf(v)
	return base.AddDate(0, 0, int(days)).Add(time.Duration(math.Round(part*86400*1000)) * time.Millisecond), true
}

// parseISO reads the date of a cell of type d.
func parseISO(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02", time.RFC3339Nano, "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
