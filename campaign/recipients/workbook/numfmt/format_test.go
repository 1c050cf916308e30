package numfmt

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestFormatNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code string
		v    float64
		want string
	}{
		{"", 1234.5, "1234.5"},
		{"General", 989121234567, "989121234567"},
		{"General", 123456789012345678, "123456789012345680"},
		{"General", -7, "-7"},
		{"General", 0, "0"},
		{"General", 0.1 + 0.2, "0.3"},
		{"General", 259103.248642121, "259103.2486"},
		{"General", 12345678901.5, "12345678902"},
		{"General", 1.0 / 3, "0.333333333"},
		{"General", 0.00001234567, "1.23457E-05"},
		{`General" kg"`, 5, "5 kg"},
		{`General" kg"`, -5, "-5 kg"},
		{"@", 12, "12"},
		{`"No. "@`, 5, "5"},
		{`"No. "@`, -5, "-5"},
		{"0", 2.5, "3"},
		{"0", -0.4, "0"},
		{"0.00", 1.005, "1.01"},
		{"0.00", -1234.5, "-1234.50"},
		{"#,##0", 1234567, "1,234,567"},
		{"#,##0", 0, "0"},
		{"#,##0", 999, "999"},
		{"#,##0.00", 1234.5, "1,234.50"},
		{"#,##0.00", 0.5, "0.50"},
		{"#.##", 0.5, ".5"},
		{"0.#", 5, "5"},
		{"0.##", 5.1, "5.1"},
		{"0.0#", 5, "5.0"},
		{"0%", 0.125, "13%"},
		{"0.00%", 0.12345, "12.35%"},
		{"00000", 1234, "01234"},
		{"00000", 123456, "123456"},
		{"0,000", 7, "0,007"},
		{"000-000-0000", 5551234567, "555-123-4567"},
		{`\+00 000 0000000`, 989121234567, "+98 912 1234567"},
		{`[$€-407]#,##0.00`, 1234.5, "€1,234.50"},
		{`#,##0.00\ [$€-1]`, 1234.5, "1,234.50 €"},
		{`"$"#,##0.00_);[Red]\("$"#,##0.00\)`, -1234.5, "($1,234.50)"},
		{`_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)`, 1234.5, "1,234.50"},
		{`_(* #,##0.00_);_(* \(#,##0.00\);_(* "-"??_);_(@_)`, 0, "-"},
		{"0,", 1234567, "1235"},
		{`0.0,,"M"`, 1234567, "1.2M"},
		{"0.00E+00", 12345, "1.23E+04"},
		{"0.00E+00", 0.00012, "1.20E-04"},
		{"0.00E+00", 9.995, "1.00E+01"},
		{"0E-0", 2.5, "3E0"},
		{"##0.0E+0", 12345, "12.3E+3"},
		{"##0.0E+0", 999950, "1.0E+6"},
		{"##0.0E+0", 0.00012, "120.0E-6"},
		{"0E0", 2.5, "2.5"},   // a power of ten without its sign
		{"# ?/?", 0.5, "0.5"}, // a fraction: not covered
		{"[>100]0.0;0", 5.25, "5"},
		{"[>100]0.0;0", -5.25, "-5"},
		{"[>100]0.0", 5.25, "5.25"}, // for no section
		{"[<=9999999]###-####;(###) ###-####", 5551234, "555-1234"},
		{"[<=9999999]###-####;(###) ###-####", 2125551234, "(212) 555-1234"},
		{`[>=10000000]##\,##\,##\,##0;[>=100000]##\,##\,##0;##,##0`, 12345678, "1,23,45,678"},
		{`[>=10000000]##\,##\,##\,##0;[>=100000]##\,##\,##0;##,##0`, -1234, "-1,234"},
		{`[=1]"one";[=2]"two";0`, 2, "two"},
		{`[=1]"one";[=2]"two";0`, 7, "7"},
		{`[<0]"minus "0;0`, -7, "minus 7"},
		{"[<0]0;0", -7, "-7"},
		{"[<x]0", 7, "7"},
		{";;;", 5, "5"}, // would hide the value
		{"0;;", -5, "-5"},
		{"q", 5, "5"}, // no format
		{`"yes"`, 5, "yes"},
		{`0.00;-0.00;"none"`, 0, "none"},
		{"0;@", -5, "-5"},
		{`0;-0;;"Mr "@`, -5, "-5"},
		{"General", 0.00001, "0.00001"},
		{"[s].00", 1.5, "129600.00"},
		{"[h]:mm", 1.5, "36:00"},
		{"[h]:mm:ss", 0.5, "12:00:00"},
		{"[mm]:ss", 1.0 / 24, "60:00"},
	} {
		if got := Compile(c.code).Number(c.v); got != c.want {
			t.Errorf("%v as %q: %q, want %q", c.v, c.code, got, c.want)
		}
	}
}

func TestFormatDate(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 5, 9, 7, 3, 0, time.UTC)
	for code, want := range map[string]string{
		builtin[14]:             "2026-01-05",
		builtin[15]:             "5-Jan-26",
		builtin[18]:             "9:07 AM",
		builtin[20]:             "9:07",
		builtin[22]:             "2026-01-05 09:07",
		"dd.mm.yyyy":            "05.01.2026",
		"d/m/yy":                "5/1/26",
		"m/d/yyyy h:mm":         "1/5/2026 9:07",
		"dddd, d mmmm yyyy":     "Monday, 5 January 2026",
		`[$-409]d\-mmm\-yyyy;@`: "5-Jan-2026",
		`[$-407]d. mmmm yyyy`:   "2026-01-05 09:07:03", // a name in German
		`[$-407]dd.mm.yyyy;@`:   "05.01.2026",
		"[$-419]d/m/yy":         "2026-01-05 09:07:03", // where a / stands for a point
		`[$-1070000]d/mm/yyyy`:  "2026-01-05 09:07:03", // digits of another language
		// The upper bytes of an LCID name the digits and the calendar. Read as part of the language, they made the
		// date one that cannot be shown.
		`[$-010409]dd-mmm-yyyy`:  "05-Jan-2026",
		`[$-1010409]dd-mmm-yyyy`: "05-Jan-2026",
		`[$-0C09]dd-mmm-yyyy`:    "05-Jan-2026", // Australia
		`[$-en-US,101]d mmm yy`:  "5 Jan 26",
		`[$-2010401]dd/mm/yyyy`:  "2026-01-05 09:07:03", // Arabic digits
		`[$-070409]dd-mmm-yyyy`:  "2026-01-05 09:07:03", // the Thai calendar
		`[$-010407]dd-mmm-yyyy`:  "2026-01-05 09:07:03",
		`[$-010407]dd.mm.yyyy`:   "05.01.2026",
		`[$-x-sysdate]d mmm yy`:  "2026-01-05 09:07:03",
		"mmmmm yy":               "J 26",
		"h:mm A/P":               "9:07 A",
		`[$-fa-IR,16]yyyy/mm/dd`: "2026-01-05 09:07:03",
		"[$-F800]dddd, mmmm dd":  "2026-01-05 09:07:03",
		"hh:mm:ss.000":           "09:07:03.000",
		"mm:ss":                  "07:03",
		`yyyy"年"m"月"d"日"`:        "2026年1月5日",
		"yyyy-mm-ddThh:mm":       "2026-01-05T09:07",
		"":                       "2026-01-05 09:07:03",
	} {
		f := Compile(code)
		if got := f.Date(at); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
		if f.IsDate() != (code != "") {
			t.Errorf("%q: a date? %v", code, f.IsDate())
		}
	}
}

// A time is rounded to what is shown of it, and where that is another day it is another day. Cut off, three of them
// fail.
func TestFormatRounds(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 31, 23, 59, 59, 996e6, time.UTC)
	for code, want := range map[string]string{
		"yyyy-mm-dd": "2026-12-31", "yyyy-mm-dd hh:mm": "2027-01-01 00:00", "hh:mm:ss": "00:00:00",
		"hh:mm:ss.000": "23:59:59.996", "hh:mm:ss.00": "00:00:00.00",
	} {
		if got := Compile(code).Date(at); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

// What a format puts around a text is read with it, as the person sees it. Left off, two of them fail.
func TestFormatText(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"": "Ann", "@": "Ann", "0.00": "Ann", `"Ms "@`: "Ms Ann", `0;-0;0;"Ms "@`: "Ms Ann",
		`_(* #,##0_);_(* \(#,##0\);_(* "-"_);_(@_)`: "Ann", ";;;": "Ann", `0;"x"`: "Ann",
	} {
		if got := Compile(code).Text("Ann"); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

func TestSerial(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v         float64
		epoch1904 bool
		want      string
	}{
		{1, false, "1900-01-01 00:00:00"},
		{59, false, "1900-02-28 00:00:00"},
		{61, false, "1900-03-01 00:00:00"},
		{46356, false, "2026-11-30 00:00:00"},
		{46356.520833333336, false, "2026-11-30 12:30:00"},
		{44894, true, "2026-11-30 00:00:00"},
		{0, true, "1904-01-01 00:00:00"},
		{60, false, ""},
		{-1, false, ""},
		{3e6, false, ""},
	} {
		at, ok := Serial(c.v, c.epoch1904)
		if got := at.Format("2006-01-02 15:04:05"); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%v, %v: %s, %v; want %s", c.v, c.epoch1904, got, ok, c.want)
		}
	}
}

// FuzzFormat: any code shows any number in some way, and shows something.
func FuzzFormat(f *testing.F) {
	for _, code := range []string{"0.00", `[$€-407]#,##0.00;[Red]-0`, "dd.mm.yyyy", "[h]:mm", `"a`, `\`, "[", "0E+00",
		"_", "AM/PM", "E+B1", "##0.0E+0", "[<=99]0;[>9]#,##0", `"x"@`} {
		f.Add(code, 1234.5)
	}
	f.Fuzz(func(t *testing.T, code string, v float64) {
		if math.IsNaN(v) || math.IsInf(v, 0) || len(code) > 255 {
			t.Skip() // no cell holds them
		}
		format := Compile(code)
		text := format.Number(v)
		if !strings.Contains(format.Text("word"), "word") {
			t.Fatalf("a text as %q: %q", code, format.Text("word"))
		}
		if strings.ContainsAny(text, "123456789") && math.Abs(v) == 0 && !strings.ContainsAny(code, "123456789") {
			t.Fatalf("0 as %q: %q", code, text)
		}
		if at, ok := Serial(v, false); ok {
			format.Date(at)
		}
	})
}

// TestDecimal holds decimal against exact arithmetic on the fifteen digits that Excel shows of a number.
func TestDecimal(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	values := []float64{0, 0.5, 1.005, 9.995, 0.004, 0.005, 0.06, 0.95, 99.99, 1e15, 123456789012345678, 1e-7, 5e-324,
		1e300, 0.999999999999999}
	for range 20_000 {
		values = append(values, random.Float64()*math.Pow10(random.IntN(24)-8), float64(random.IntN(1e6))/1000)
	}
	for _, v := range values {
		var exact big.Rat
		if _, ok := exact.SetString(strconv.FormatFloat(v, 'g', 15, 64)); !ok {
			t.Fatal(v)
		}
		for _, n := range []int{0, 1, 2, 3, 9} {
			if got, want := decimal(v, n), exact.FloatString(n); got != want {
				t.Fatalf("%v with %d decimals: %s, exactly %s", v, n, got, want)
			}
		}
	}
}
