package function

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"mailshot/internal/ellipsis"
	"mailshot/templates/locale"
)

func numbers() []entry {
	return []entry{
		{Function{"num", "num DECIMALS NUMBER", "a number as the language writes it, rounded to DECIMALS",
			`{{num 0 .amount}} {{num 2 .amount}}`, "1,235 1,234.50"},
			func(ex *Execution) any { return ex.num }},
		{Function{"money", "money CURRENCY NUMBER", "an amount with its currency (ISO 4217 code), as the language writes it",
			`{{money "EUR" .amount}}`, "€1,234.50"},
			func(ex *Execution) any { return ex.money }},
		{Function{"percent", "percent DECIMALS NUMBER", "a fraction as a percentage, as the language writes it", `{{percent 1 0.125}}`, "12.5%"},
			func(ex *Execution) any { return ex.percent }},
		{Function{"ordinal", "ordinal NUMBER", "a whole number as the language counts in a row", `{{ordinal .count}}`, "3rd"},
			func(ex *Execution) any { return ex.ordinal }},
		{Function{"number", "number TEXT", "a text as a number to calculate with", `{{add (number "2.5") 1}}`, "3.5"},
			arithmetic(func(a ...*big.Rat) (*big.Rat, error) { return a[0], nil }, 1, 1)},
		{Function{"round", "round DECIMALS NUMBER", "rounded, halves away from zero", `{{round 1 2.25}}`, "2.3"},
			func(ex *Execution) any {
				return func(decimals int, v any) (cell, error) {
					f, err := asNumber(v)
					if err != nil {
						return nil, err
					}
					if decimals < 0 || decimals > 15 {
						return nil, errors.New("there can be 0 to 15 decimals")
					}
					return numberCell(round(f, decimals)), nil
				}
			}},
		{Function{"floor", "floor NUMBER", "rounded down to a whole number", `{{floor 2.7}}`, "2"}, function1(math.Floor)},
		{Function{"ceil", "ceil NUMBER", "rounded up to a whole number", `{{ceil 2.1}}`, "3"}, function1(math.Ceil)},
		{Function{"abs", "abs NUMBER", "without its sign", `{{abs -3}}`, "3"}, function1(math.Abs)},
	}
}

func sums() []entry {
	return []entry{
		{Function{"add", "add NUMBER…", "the sum, exact to the last decimal", `{{add 0.1 0.2}}`, "0.3"},
			arithmetic(fold((*big.Rat).Add), 1, 100)},
		{Function{"sub", "sub A B", "A minus B", `{{sub .amount 1000}}`, "234.5"}, arithmetic(fold((*big.Rat).Sub), 2, 2)},
		{Function{"mul", "mul NUMBER…", "the product", `{{mul 3 0.1}}`, "0.3"}, arithmetic(fold((*big.Rat).Mul), 1, 100)},
		{Function{"div", "div A B", "A divided by B", `{{div 1 8}}`, "0.125"},
			arithmetic(func(a ...*big.Rat) (*big.Rat, error) {
				if a[1].Sign() == 0 {
					return nil, errors.New("division by zero")
				}
				return new(big.Rat).Quo(a[0], a[1]), nil
			}, 2, 2)},
		{Function{"mod", "mod A B", "the remainder of a division of whole numbers", `{{mod 7 3}}`, "1"},
			func(ex *Execution) any {
				return func(a, b any) (cell, error) {
					x, err := asInt(a)
					if err != nil {
						return nil, err
					}
					y, err := asInt(b)
					if err != nil {
						return nil, err
					}
					if y == 0 {
						return nil, errors.New("division by zero")
					}
					return whole(x % y), nil
				}
			}},
		{Function{"least", "least NUMBER…", "the smallest", `{{least 3 1 2}}`, "1"}, arithmetic(pick(-1), 1, 100)},
		{Function{"greatest", "greatest NUMBER…", "the largest", `{{greatest 3 1 2}}`, "3"}, arithmetic(pick(1), 1, 100)},
		{Function{"digits", "digits SCRIPT TEXT", "with the digits of a script: fa, ar, hi, bn, th or latin",
			`{{digits "fa" "1405"}} {{digits "latin" "۱۴۰۵"}}`, "۱۴۰۵ 1405"},
			func(ex *Execution) any { return ex.digits }},
		{Function{"plural", "plural ONE OTHER NUMBER",
			"the form that the language uses with the number; more forms as \"few=…\"",
			`{{.count}} {{plural "invoice" "invoices" .count}}`, "3 invoices"},
			func(ex *Execution) any { return ex.plural }},
	}
}

// rat returns the exact decimal value of a number as it is written.
func rat(f float64) *big.Rat {
	x, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	if !ok {
		return new(big.Rat)
	}
	return x
}

// round rounds the decimal form of f, halves away from zero: 2.675 becomes 2.68, as on paper.
func round(f float64, decimals int) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return f
	}
	g, err := strconv.ParseFloat(rat(f).FloatString(decimals), 64)
	if err != nil {
		return f
	}
	return g
}

func numberCell(f float64) cell { return newCell(asText(f), f) }

func arithmetic(f func(...*big.Rat) (*big.Rat, error), least, most int) func(*Execution) any {
	return func(*Execution) any {
		return func(vs ...any) (cell, error) {
			if len(vs) < least || len(vs) > most {
				return nil, fmt.Errorf("it takes %d to %d numbers, not %d", least, most, len(vs))
			}
			rats := make([]*big.Rat, len(vs))
			for i, v := range vs {
				x, err := asNumber(v)
				if err != nil {
					return nil, err
				}
				rats[i] = rat(x)
			}
			sum, err := f(rats...)
			if err != nil {
				return nil, err
			}
			g, _ := sum.Float64()
			if math.IsInf(g, 0) {
				return nil, errors.New("the number is too large")
			}
			return numberCell(g), nil
		}
	}
}

func fold(op func(z, x, y *big.Rat) *big.Rat) func(...*big.Rat) (*big.Rat, error) {
	return func(a ...*big.Rat) (*big.Rat, error) {
		sum := a[0]
		for _, x := range a[1:] {
			sum = op(new(big.Rat), sum, x)
		}
		return sum, nil
	}
}

func pick(sign int) func(...*big.Rat) (*big.Rat, error) {
	return func(a ...*big.Rat) (*big.Rat, error) {
		best := a[0]
		for _, x := range a[1:] {
			if x.Cmp(best) == sign {
				best = x
			}
		}
		return best, nil
	}
}

func function1(f func(float64) float64) func(*Execution) any {
	return func(*Execution) any {
		return func(v any) (cell, error) {
			x, err := asNumber(v)
			if err != nil {
				return nil, err
			}
			return numberCell(f(x)), nil
		}
	}
}

func (ex *Execution) num(decimals int, v any) (string, error) {
	f, err := asNumber(v)
	if err != nil {
		return "", err
	}
	if decimals < 0 || decimals > 15 {
		return "", errors.New("there can be 0 to 15 decimals")
	}
	f = round(f, decimals)
	if f == 0 {
		f = 0 // no -0.00
	}
	p := message.NewPrinter(ex.tag)
	return ex.text(p.Sprint(number.Decimal(f, number.MinFractionDigits(decimals), number.MaxFractionDigits(decimals))))
}

// decimals are those of the currencies that do not have two.
var decimals = map[string]int{"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "XAF": 0, "XOF": 0, "IRR": 0,
	"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3}

// currency says whether a text is written as a currency is (ISO 4217).
func currency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func (ex *Execution) money(code string, v any) (string, error) {
	if s, is := v.(string); is && currency(s) && !currency(code) {
		return "", Advice{"the currency comes before the number", `money "EUR" .amount`}
	}
	if !currency(code) {
		return "", Advice{ellipsis.Quote(code, 60) + " is not a currency code", `money "EUR" .amount`}
	}
	n, ok := decimals[code]
	if !ok {
		n = 2
	}
	f, err := asNumber(v)
	if err != nil {
		return "", err
	}
	s, err := ex.num(n, numberCell(math.Abs(f)))
	if err != nil {
		return "", err
	}
	sign := ""
	if round(f, n) < 0 {
		sign = "-"
	}
	m := locale.Currency(ex.tag, code)
	base, _ := ex.tag.Base()
	switch {
	case !m.Before:
		return sign + s + m.Space + m.Sign, nil
	case m.Space == "":
		return sign + m.Sign + s, nil
	case base.String() == "pt":
		return sign + m.Sign + m.Space + s, nil
	}
	return m.Sign + m.Space + sign + s, nil
}

// percent writes a fraction as the language does: 12,5 % in German, %12,5 in Turkish.
func (ex *Execution) percent(decimals int, v any) (string, error) {
	f, err := asNumber(v)
	if err != nil {
		return "", err
	}
	if decimals < 0 || decimals > 13 {
		return "", errors.New("there can be 0 to 13 decimals")
	}
	if f = round(f, decimals+2); f == 0 {
		f = 0 // no -0
	}
	return ex.text(message.NewPrinter(ex.tag).Sprint(
		number.Percent(f, number.MinFractionDigits(decimals), number.MaxFractionDigits(decimals))))
}

func (ex *Execution) ordinal(v any) (string, error) {
	n, err := asInt(v)
	if err != nil {
		return "", err
	}
	text, ok := locale.Ordinal(ex.tag, n)
	if !ok {
		return "", Advice{"no ordinal numbers are known for " + ex.tag.String(), "write the number, or use choose"}
	}
	return ex.text(ex.ownDigits(text))
}

// ownDigits writes the digits 0 to 9 of a text as the language does.
func (ex *Execution) ownDigits(s string) string {
	zero, _ := utf8.DecodeRuneInString(message.NewPrinter(ex.tag).Sprint(number.Decimal(0)))
	if zero == '0' {
		return s
	}
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, s)
}

func (ex *Execution) digits(script string, v any) (string, error) {
	zeros := map[string]rune{"fa": '۰', "ar": '٠', "hi": '०', "bn": '০', "th": '๐', "latin": '0'}
	zero, ok := zeros[script]
	if !ok {
		return "", Advice{"no digits are known for " + ellipsis.Quote(script, 60), "use fa, ar, hi, bn, th or latin"}
	}
	return ex.text(strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return zero + c - '0'
		}
		return c
	}, latinDigits(asText(v))))
}

var pluralForms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many,
	"other": plural.Other,
}

// plural takes the forms first and the number last: plural "invoice" "invoices" .n, or "one=…" "few=…" "other=…".
func (ex *Execution) plural(args ...any) (string, error) {
	if len(args) < 3 {
		return "", Advice{"plural needs two forms and a number", `plural "invoice" "invoices" .count`}
	}
	f, err := asNumber(args[len(args)-1])
	if err != nil {
		return "", err
	}
	forms := map[plural.Form]string{}
	for i, a := range args[:len(args)-1] {
		s := asText(a)
		name, form, keyed := strings.Cut(s, "=")
		kind, known := pluralForms[name]
		switch {
		case keyed && known:
			forms[kind] = form
		case i == 0:
			forms[plural.One] = s
		default:
			forms[plural.Other] = s
		}
	}
	other, ok := forms[plural.Other]
	if !ok {
		return "", Advice{"plural has no form for other numbers", `"other=…"`}
	}
	text := strconv.FormatFloat(math.Abs(f), 'f', -1, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	digits := make([]byte, 0, len(whole)+len(fraction))
	for _, c := range whole + fraction {
		digits = append(digits, byte(c-'0'))
	}
	if form, ok := forms[plural.Cardinal.MatchDigits(ex.tag, digits, len(whole), len(fraction))]; ok {
		return ex.text(form)
	}
	return ex.text(other)
}
