package recipients

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

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
