// Package locale has the facts about languages that golang.org/x/text has not: how a long and a short date are
// written ([Dates]), where the sign of a currency stands ([Currency]), ordinal numbers ([Ordinal]), and the Hijri
// calendar ([Hijri]). The facts are those of the CLDR 48 unless a comment says otherwise. All of it is constant: a
// language and a value always give the same text.
package locale

import (
	"strconv"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Dates returns how a language writes a long and a short date, as layouts of package time with English names. Of
// a language that is not known they are 2 January 2006 and 2006-01-02.
func Dates(tag language.Tag) (long, short string) {
	base, _ := tag.Base()
	region, _ := tag.Region()
	long, short = "2 January 2006", "2006-01-02"
	if tag == language.Und {
		return long, short
	}
	switch base.String() {
	case "en":
		if region.String() == "US" || region.String() == "PH" {
			return "January 2, 2006", "1/2/2006"
		}
		return long, "02/01/2006"
	case "de":
		return "2. January 2006", "2.1.2006"
	case "da", "nb", "no":
		return "2. January 2006", "2.1.2006"
	case "es":
		return "2 de January de 2006", "2/1/2006"
	case "pt":
		return "2 de January de 2006", "02/01/2006"
	case "fr":
		return long, "02/01/2006"
	case "it", "ur":
		return long, "2/1/2006"
	case "nl":
		return long, "2-1-2006"
	case "tr":
		return long, "02.01.2006"
	case "he":
		return "2 בJanuary 2006", "2.1.2006"
	case "ar": // the marks keep the day on the right
		return long, "2\u200f/1\u200f/2006"
	case "fa":
		return long, "2006/1/2"
	}
	return long, short
}

// Money says how an amount is written: its sign of currency, whether the sign stands before the number, and what is
// between them.
type Money struct {
	Sign   string
	Before bool
	Space  string
}

const nbsp = "\u00a0"

// signs are what a currency is written as where its country is not that of the reader. Others are written as their
// code.
var signs = map[string]string{
	"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "TRY": "₺", "ILS": "₪", "KRW": "₩", "PLN": "zł", "UAH": "₴",
	"NGN": "₦", "VND": "₫", "BRL": "R$", "RUB": "₽", "KZT": "₸", "GEL": "₾", "PHP": "₱",
}

// ownSigns are those of a language, and of a region, for currencies that are at home there.
var ownSigns = map[string]map[string]string{
	"ar": {"AED": "د.إ", "BHD": "د.ب", "DZD": "د.ج", "EGP": "ج.م", "IQD": "د.ع", "JOD": "د.أ", "KWD": "د.ك", "LBP": "ل.ل",
		"LYD": "د.ل", "MAD": "د.م", "OMR": "ر.ع", "QAR": "ر.ق", "SAR": "ر.س", "SYP": "ل.س", "TND": "د.ت", "YER": "ر.ي"},
	"fa": {"IRR": "ریال", "AFN": "افغانی"},
	"cs": {"CZK": "Kč"}, "da": {"DKK": "kr."}, "hu": {"HUF": "Ft"}, "nb": {"NOK": "kr"}, "sv": {"SEK": "kr"}, "zh": {"CNY": "¥"},
	"AU": {"AUD": "$", "USD": "US$"}, "CA": {"CAD": "$", "USD": "US$"}, "NZ": {"NZD": "$", "USD": "US$"},
	"MX": {"MXN": "$", "USD": "USD"}, "SG": {"SGD": "$", "USD": "US$"}, "HK": {"HKD": "HK$", "USD": "US$"},
}

// Currency returns how a language writes an amount in a currency (ISO 4217). A sign that is a word or a code has a
// space before the number, whatever the language does with signs.
func Currency(tag language.Tag, code string) Money {
	base, _ := tag.Base()
	region, sure := tag.Region()
	sign, known := ownSigns[base.String()][code]
	if own, is := ownSigns[region.String()][code]; is && sure == language.Exact {
		sign, known = own, own != code
	}
	if sign == "" {
		if sign, known = signs[code]; !known {
			sign = code
		}
	}
	m := Money{Sign: sign, Space: nbsp}
	switch at := base.String() + "-" + region.String(); {
	case base.String() == "pt":
		m.Before = region.String() == "BR"
	case at == "de-AT", at == "de-CH", at == "de-LI", base.String() == "nl", at == "es-AR", at == "es-CO", at == "es-UY":
		m.Before = true
	case at == "es-MX", at == "es-US", at == "es-CL":
		m.Before = true
		m.Space = ""
	default:
		switch base.String() {
		case "en", "ja", "zh", "ko", "hi", "tr", "ur":
			m.Before = true
			m.Space = ""
		}
	}
	if m.Before && !known {
		m.Space = nbsp
	}
	return m
}

// Ordinal returns an ordinal number as a language writes it with a digit: 1st, 1er, 1. ok is false where the package
// does not know how. Where a language's form has a gender, it is the masculine one. The ends in Persian are those of
// the Academy of Persian Language and Literature; in Arabic the number alone is written, as in the CLDR.
func Ordinal(tag language.Tag, n int) (text string, ok bool) {
	base, _ := tag.Base()
	number := strconv.Itoa(n)
	switch base.String() {
	case "en":
		digits := []byte(strconv.Itoa(max(n, -n)))
		for i := range digits {
			digits[i] -= '0'
		}
		end := map[plural.Form]string{plural.One: "st", plural.Two: "nd", plural.Few: "rd"}[plural.Ordinal.MatchDigits(
			language.English, digits, len(digits), 0)]
		if end == "" {
			end = "th"
		}
		return number + end, true
	case "de", "da", "nb", "no", "fi", "pl", "cs", "sk", "hu", "tr", "hr", "sl", "sr":
		return number + ".", true
	case "fr":
		if n == 1 {
			return "1er", true
		}
		return number + "e", true
	case "es", "pt":
		return number + ".º", true
	case "it":
		return number + "º", true
	case "nl":
		return number + "e", true
	case "sv":
		if last := n % 10; (last == 1 || last == 2) && n%100 != 11 && n%100 != 12 {
			return number + ":a", true
		}
		return number + ":e", true
	case "fa":
		return number + "\u200cام", true
	case "ar", "he":
		return number, true
	}
	return "", false
}
