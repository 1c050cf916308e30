package numfmt

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/value"
)

// Number shows a number. A format that would show nothing of it, as # does of zero, shows it as General.
func (f *Format) Number(v float64) string {
	text := f.number(v)
	if text == "" {
		return asGeneral.For(f.locale).number(v)
	}
	return text
}

// asGeneral is General.
var asGeneral = Compile("")

// number shows a number as the format's code says.
func (f *Format) number(v float64) string {
	s, signed := f.choose(v)
	m := plainMarks
	if f.locale != nil {
		m = codedMarks
	}
	text, nothing := s.number(math.Abs(v), m, f.locale)
	if f.locale != nil {
		text = f.locale.shown(text, s.amount())
	}
	if v < 0 && signed && !nothing {
		text = "-" + text
	}
	return strings.TrimSpace(text)
}

// Stored shows a number by the text that is stored for it. General and formats of digit places alone show the stored
// digits of a whole number, however many they are. exact is false where the format would show digits that are not the
// stored ones: of a number with more than fifteen, those after the fifteenth.
func (f *Format) Stored(text string, v float64) (shown string, exact bool) {
	digits, point := value.Digits(text)
	written := !strings.ContainsAny(text, "eE")
	if point > value.Certain && point >= len(digits) && written && f.places() {
		shown = digits + strings.Repeat("0", point-len(digits))
		if pad := f.sections[0].zeros() - len(shown); pad > 0 {
			shown = strings.Repeat("0", pad) + shown
		}
		if v < 0 {
			shown = "-" + shown
		}
		return shown, true
	}
	if len(digits) > value.Certain && (point > value.Certain || point+f.decimalsOf(v) > value.Certain) {
		return "", false
	}
	return f.Number(v), true
}

// places reports whether the format is General, or shows whole numbers by digit places and nothing else.
func (f *Format) places() bool {
	s := &f.sections[0]
	return f.plain || len(f.sections) == 1 && !f.chosen && !s.general && !s.isDate && !s.thousands && s.scale == 1 &&
		!slices.ContainsFunc(s.tokens, func(t formatToken) bool { return t.kind != '0' && t.kind != '#' })
}

// zeros counts the places that show a zero where there is no digit.
func (s *section) zeros() (n int) {
	for _, t := range s.tokens {
		if t.kind == '0' {
			n++
		}
	}
	return n
}

// decimalsOf is how many digits after the point of a stored number the format shows.
func (f *Format) decimalsOf(v float64) int {
	s, _ := f.choose(v)
	if s.general || s.exponent > 0 || s.elapsed {
		return 0
	}
	return s.decimals + int(math.Round(math.Log10(s.scale)))
}

// choose returns the section for a number, and whether a negative number needs a minus sign before it. The second
// section writes its own. With conditions, only a section for negative numbers that has literals writes its own.
func (f *Format) choose(v float64) (s *section, signed bool) {
	if f.chosen {
		for i := range f.sections {
			if s := &f.sections[i]; s.when == nil && (i > 0 || v > 0) || s.when != nil && s.when.holds(v) {
				return s, s.hidden || s.when == nil || !s.when.below() || !s.words
			}
		}
		return &section{general: true, scale: 1, tokens: []formatToken{{'G', ""}}}, true
	}
	switch s = &f.sections[0]; {
	case v < 0 && len(f.sections) > 1:
		s = &f.sections[1]
		return s, s.hidden
	case v == 0 && len(f.sections) > 2:
		s = &f.sections[2]
	}
	return s, true
}

// number shows a number that is not negative; nothing reports that all digits shown are zero.
func (s *section) number(v float64, m marks, l *Locale) (text string, nothing bool) {
	if s.elapsed {
		return s.span(v), v == 0
	}
	var b strings.Builder
	var whole, fraction, power string
	v *= s.scale
	switch {
	case s.general:
		nothing = v == 0
	case s.exponent > 0:
		whole, fraction, power = s.power(v)
		nothing = v == 0
	default:
		digits := decimal(v, s.decimals)
		nothing = s.whole+s.decimals > 0 && strings.Trim(digits, "0.") == ""
		if whole, fraction, _ = strings.Cut(digits, "."); whole == "0" {
			whole = ""
		}
	}
	place, after := 0, false
	for i, t := range s.tokens {
		switch t.kind {
		case 'l':
			b.WriteString(t.text)
		case 'G', '@':
			b.WriteString(m.text(general(v)))
		case '.':
			after = true
			if s.keepsPoint(i, fraction) {
				b.WriteByte(m.point)
			}
		case 'E':
			if t.text == "-" {
				power = strings.TrimPrefix(power, "+")
			}
			b.WriteString("E" + m.text(power))
		case '0', '#', '?':
			if after {
				fraction = s.fraction(&b, m, t.kind, i, fraction)
				continue
			}
			place++
			s.wholePlace(writer{&b, m, l}, t.kind, s.whole-place, &whole)
		}
	}
	return b.String(), nothing
}

// power splits a number into the digits before and after the point and its power of ten. The power is a multiple of
// the number of places before the point: ##0.0E+0 shows 12345 as 12.3E+3.
func (s *section) power(v float64) (whole, fraction, power string) {
	e := 0
	digits := decimal(v, s.decimals)
	if v > 0 {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 14, 64), "e")
		e, _ = strconv.Atoi(exponent)
		for {
			step := ((e % s.whole) + s.whole) % s.whole // digits before the point, less one
			m, _ := strconv.ParseFloat(mantissa+"e"+strconv.Itoa(step), 64)
			if digits = decimal(m, s.decimals); strings.IndexByte(digits+".", '.') <= s.whole {
				e -= step
				break
			}
			// Rounding made one digit more.
			mantissa, e = "1", e-step+s.whole
		}
	}
	whole, fraction, _ = strings.Cut(digits, ".")
	sign := "+"
	if e < 0 {
		sign, e = "-", -e
	}
	size := strconv.Itoa(e)
	return whole, fraction, sign + strings.Repeat("0", max(0, s.exponent-len(size))) + size
}

// wholePlace writes the digits of one place before the point; left places follow. The first place takes all digits
// that do not have a place.
func (s *section) wholePlace(b writer, kind byte, left int, whole *string) {
	n := len(*whole) - left // digits for this place
	if n <= 0 {
		switch kind {
		case '0':
			b.WriteByte(b.zero)
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
		b.WriteByte(b.digit((*whole)[0]))
		*whole = (*whole)[1:]
		n--
		s.separate(b, left+n)
	}
}

// writer is a number that is being written, for a locale's reader or nil.
type writer struct {
	*strings.Builder
	marks
	locale *Locale
}

// separate writes a comma if it belongs before the digits that are left.
func (s *section) separate(b writer, left int) {
	ends := left%3 == 0
	if b.locale != nil && b.locale.indian {
		ends = left == 3 || left > 3 && (left-3)%2 == 0
	}
	if s.thousands && left > 0 && ends {
		b.WriteByte(b.comma)
	}
}

// fraction writes one place after the point. It leaves out an optional place if only zeros are left.
func (s *section) fraction(b *strings.Builder, m marks, kind byte, i int, rest string) string {
	if rest == "" {
		return rest
	}
	if kind != '0' && strings.Trim(rest, "0") == "" && !s.zeroAfter(i) {
		return rest[1:]
	}
	b.WriteByte(m.digit(rest[0]))
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

// keepsPoint reports whether a digit follows the point. Excel shows 5 as "5." in the format 0.#, which nobody wants.
func (s *section) keepsPoint(i int, fraction string) bool {
	return strings.Trim(fraction, "0") != "" || s.zeroAfter(i)
}

// decimal writes a number that is not negative with a number of decimals. It rounds half away from zero, and rounds
// the fifteen digits that Excel shows and not the binary value: 1.005 becomes 1.01.
func decimal(v float64, decimals int) string {
	var room [32]byte
	digits := strconv.AppendFloat(room[:0], v, 'e', 14, 64) // d.dddddddddddddde±dd
	e := bytes.IndexByte(digits, 'e')
	if e != 16 {
		return strconv.FormatFloat(v, 'f', decimals, 64) // an infinity
	}
	power, _ := strconv.Atoi(string(digits[e+1:]))
	digits = append(digits[:1], digits[2:e]...)
	point := power + 1 // number of digits before the point
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
		// 9.99 became 10.0: there is one digit more before the point, or one zero less after it.
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
// Whole numbers are never powers of ten, since they are telephone and account numbers.
func general(v float64) string {
	switch {
	case v == math.Trunc(v) && v < 1e21:
		return strconv.FormatFloat(v, 'f', -1, 64) // digits that nobody stored are zeros
	case v < 1e-4 && v >= 1e-9:
		if text := strings.TrimRight(decimal(v, 15), "0"); len(text) <= 11 {
			return text
		}
	}
	if v >= 1e21 || v < 1e-4 {
		return strings.ToUpper(strconv.FormatFloat(v, 'g', 6, 64))
	}
	whole := len(strconv.FormatFloat(math.Trunc(v), 'f', 0, 64))
	text := decimal(v, min(max(10-whole, 0), 9))
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
