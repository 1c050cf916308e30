package value

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestDigits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, digits string
		point        int
		kept         bool
	}{
		{"0", "", 0, true}, {"012.50", "125", 2, true}, {"5e3", "5", 4, true}, {"-0.005", "5", -2, true},
		{"1E+18", "1", 19, true}, {"100", "1", 3, true}, {"1.20e-3", "12", -2, true},
		{"9007199254740992", "9007199254740992", 16, true}, {"9007199254740993", "9007199254740993", 16, false},
		{"-9007199254740993", "9007199254740993", 16, false},
		{"9007199254740993.0", "9007199254740993", 16, false},
		{"1234567890123456789", "1234567890123456789", 19, false},
		{"1234567890123456768", "1234567890123456768", 19, false}, // a float64, but it is written otherwise
		{"9999999999999999", "9999999999999999", 16, false}, {"1234567890123456", "1234567890123456", 16, true},
		{"0.1000000000000000055511151231257827", "1000000000000000055511151231257827", 0, false},
		{"0.10000000000000001", "10000000000000001", 0, true}, // as spreadsheets store 0.1
		{"0.30000000000000004", "30000000000000004", 0, true}, {"1e-400", "1", -399, false},
	} {
		digits, point := Digits(c.text)
		if c.digits == "" {
			point = c.point
		}
		if digits != c.digits || point != c.point || Kept(c.text) != c.kept {
			t.Errorf("%s: %q with the point at %d, kept %v", c.text, digits, point, Kept(c.text))
		}
	}
}

// TestNumberIsWhatWasWritten: a number that is read is the number that was written, to its last digit, for whole
// numbers; else it is a problem. Without Kept, 9007199254740993 was read as 9007199254740992.
func TestNumberIsWhatWasWritten(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for range 20_000 {
		text := strconv.FormatUint(random.Uint64()>>random.IntN(64), 10)
		for _, shown := range []string{text, grouped(text)} {
			var loc *Locale
			if shown != text || strings.Contains(shown, ".") {
				loc = must(NewLocale("de"))
			}
			v, problem, _ := Read(Number, shown, nil, loc)
			if problem != "" {
				if refused++; !strings.HasSuffix(problem, MoreDigits) || len(text) <= Certain {
					t.Fatalf("%s: %s", shown, problem)
				}
				continue
			}
			want, _ := new(big.Int).SetString(text, 10)
			got, _ := new(big.Float).SetFloat64(v.(float64)).Int(nil)
			if got.Cmp(want) != 0 && strconv.FormatFloat(v.(float64), 'f', -1, 64) != text {
				t.Fatalf("%s is read as %s", shown, got)
			}
		}
	}
	if refused == 0 {
		t.Error("none was refused")
	}
	for _, c := range []*Cell{{Kind: Number, Number: 9007199254740992, Row: 1, Lost: true}} {
		if _, problem, _ := Read(Number, "9007199254740993", c, nil); !strings.HasSuffix(problem, MoreDigits) {
			t.Error(problem)
		}
	}
}

// grouped writes a whole number as Germans do.
func grouped(text string) string {
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "." + text[i:]
	}
	return text
}
