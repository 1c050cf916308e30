package numfmt

import (
	"math/big"
	"strings"
	"testing"

	"mailshot/campaign/recipients/value"
)

// FuzzStored holds what is shown of a stored number against the number itself, in exact decimals: a whole number is
// shown to its last digit by General and 0, and no number is shown further from what is stored than the places that
// the format has, or the fifteenth digit.
func FuzzStored(f *testing.F) {
	codes := []string{"General", "0", "#,##0", "0.00", "0%"}
	for i, text := range []string{"1234567890123456789", "9007199254740993", "3703.5500000000002", "1E+18", "12.5e3",
		"1.2345678901234567E+18", "-99999999999999.995", "0.30000000000000004", "1e-7", "00012.50", "1e300", "5e-324"} {
		for j := range codes {
			f.Add(text, uint8(i+j))
		}
	}
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		v, ok := value.Decimal(text)
		digits, point := value.Digits(text)
		if !ok || v == 0 || len(text) > 40 || point > 40 || point < -40 {
			return
		}
		code := codes[int(which)%len(codes)]
		shown, exact := Compile(code).Stored(text, v)
		if !exact {
			if len(digits) <= value.Certain {
				t.Fatalf("%s as %s is refused", text, code)
			}
			return
		}
		stored, ok := new(big.Rat).SetString(text)
		if !ok {
			return
		}
		plain, percent := strings.CutSuffix(strings.ReplaceAll(shown, ",", ""), "%")
		got, ok := new(big.Rat).SetString(plain)
		if !ok {
			t.Fatalf("%s as %s is %q", text, code, shown)
		}
		if percent {
			got.Mul(got, big.NewRat(1, 100))
		}
		off := got.Sub(got, stored)
		off.Abs(off)
		whole := point >= len(digits)
		if whole && point < 22 && (code == "General" || code == "0") {
			if off.Sign() != 0 {
				t.Fatalf("%s as %s is %s", text, code, shown)
			}
			return
		}
		may := map[string]*big.Rat{"0": big.NewRat(1, 2), "#,##0": big.NewRat(1, 2), "0.00": big.NewRat(1, 200),
			"0%": big.NewRat(1, 200), "General": new(big.Rat)}[code]
		if code == "General" { // eleven characters, or six digits and a power
			may.Abs(stored).Mul(may, big.NewRat(1, 100_000))
			may.Add(may, big.NewRat(1, 2_000_000_000))
		} else {
			fifteenth := new(big.Rat).Abs(stored)
			may.Add(may, fifteenth.Mul(fifteenth, big.NewRat(1, 100_000_000_000_000)))
		}
		if off.Cmp(may) > 0 {
			t.Fatalf("%s as %s is %s", text, code, shown)
		}
	})
}
