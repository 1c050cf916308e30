package value

import (
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
)

// Certain is how many digits of a decimal number a float64 always keeps.
const Certain = 15

// Digits splits a decimal number into its digits, without the zeros around them, and how many of them stand before the
// point: 012.50 is 125 and 2, 5e3 is 5 and 4. The number must be one that [Decimal] reads.
func Digits(text string) (digits string, point int) {
	text = strings.TrimLeft(text, "+-")
	text, power, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(text, ".")
	point, _ = strconv.Atoi(power)
	digits = strings.TrimLeft(whole+fraction, "0")
	point += len(whole) - (len(whole) + len(fraction) - len(digits))
	return strings.TrimRight(digits, "0"), point
}

// Kept reports whether a float64 keeps all digits of a decimal number that [Decimal] reads. Seventeen digits of a
// fraction are kept, since programs write as many for 0.1. Of a whole number every digit counts: it may be somebody's
// number.
func Kept(text string) bool {
	if Short(text) {
		return true
	}
	digits, point := Digits(text)
	v, ok := Decimal(text)
	if !ok || v == 0 {
		return digits == ""
	}
	precision := len(digits) - 1
	if point > Certain {
		precision = -1 // as short as possible, which is how it would be written
	} else if len(digits) > 17 {
		return false
	}
	back, _ := Digits(strconv.FormatFloat(v, 'e', precision, 64))
	return back == digits
}

// moreDigits is the problem of a number that would become another one.
func moreDigits(text string) (problem, hint string) {
	return fault.Quote(text) + MoreDigits, "make its column a text column, which keeps them: remove it from " +
		"recipients.columns, or say text"
}

// MoreDigits ends the problem of a number that would lose digits.
const MoreDigits = " has more digits than a number keeps"
