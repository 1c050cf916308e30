package locale

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"
)

// Days whose dates in the Umm al-Qura calendar are known from elsewhere: its first and last published days (van Gent),
// and the beginnings that Saudi Arabia announced by it.
func TestHijri(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"1937-03-14": "1356-1-1", "2077-11-16": "1500-12-30", "1937-03-13": "", "2077-11-17": "", "0001-01-01": "",
		"2024-07-07": "1446-1-1", "2025-03-01": "1446-9-1", "2025-03-30": "1446-10-1", "2025-06-26": "1447-1-1",
		"2026-02-18": "1447-9-1", "2026-11-22": "1448-6-12", "2000-04-06": "1421-1-1",
	} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if y, m, d, ok := Hijri(at); ok {
			got = fmt.Sprintf("%d-%d-%d", y, m, d)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", day, got, want)
		}
		late := time.Date(at.Year(), at.Month(), at.Day(), 23, 59, 0, 0, time.FixedZone("", -11*3600))
		if y, m, d, ok := Hijri(late); ok && fmt.Sprintf("%d-%d-%d", y, m, d) != want {
			t.Errorf("%s late in another zone is %d-%d-%d", day, y, m, d)
		}
	}
}

// The days follow each other without a gap, and stay within two days of the tabular calendar (civil epoch, leap years
// 2, 5, 7, 10, 13, 16, 18, 21, 24, 26 and 29 of 30), which is computed from the mean moon.
func TestHijriIsWhole(t *testing.T) {
	t.Parallel()
	tabular := func(y, m, d int) int { // days since 1970
		return d + (59*(m-1)+1)/2 + (y-1)*354 + (3+11*y)/30 + 1948439 - 2440588
	}
	day := time.Date(1937, 3, 14, 0, 0, 0, 0, time.UTC)
	y, m, d := 1356, 1, 0
	for n := 0; ; n++ {
		yy, mm, dd, ok := Hijri(day)
		if !ok {
			if day.Format(time.DateOnly) != "2077-11-17" || n != 51383 {
				t.Errorf("the calendar ends on %s, after %d days", day, n)
			}
			return
		}
		next := yy == y && mm == m && dd == d+1
		next = next || d >= 29 && dd == 1 && (yy == y && mm == m+1 || yy == y+1 && mm == 1 && m == 12)
		if off := int(day.Unix()/86400) - tabular(yy, mm, dd); !next || off < -2 || off > 2 {
			t.Fatalf("%s is %d-%d-%d after %d-%d-%d, %d days off the tabular calendar", day, yy, mm, dd, y, m, d, off)
		}
		y, m, d = yy, mm, dd
		day = day.AddDate(0, 0, 1)
	}
}

// Node's ICU says the same of every hundredth day.
func TestHijriByICU(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not here")
	}
	out, err := exec.CommandContext(t.Context(), node, "-e", `
		const f = new Intl.DateTimeFormat('en-u-ca-islamic-umalqura-nu-latn', {year: 'numeric', month: 'numeric', day: 'numeric', timeZone: 'UTC'});
		for (let t = Date.UTC(1937, 2, 14); t < Date.UTC(2077, 10, 17); t += 31 * 864e5) {
			const p = Object.fromEntries(f.formatToParts(new Date(t)).map(x => [x.type, x.value]));
			console.log(new Date(t).toISOString().slice(0, 10) + ' ' + [p.year, p.month, p.day].join('-'));
		}`).Output()
	if err != nil || !strings.Contains(string(out), "1937-03-14 1356-1-1") {
		t.Skipf("node has not all of ICU: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		day, want, _ := strings.Cut(strings.TrimSpace(line), " ")
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if y, m, d, ok := Hijri(at); !ok || fmt.Sprintf("%d-%d-%d", y, m, d) != want {
			t.Errorf("%s is %d-%d-%d, ICU says %s", day, y, m, d, want)
		}
	}
}

func TestHijriMonths(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"ar", "en", "fa", "tr", "ur", "de"} {
		if names := HijriMonths(base); len(names) != 12 {
			t.Errorf("%s: %v", base, names)
		}
	}
	if HijriMonths("ar")[8] != "رمضان" || HijriMonths("de")[8] != "Ramadan" {
		t.Error("the ninth month is not Ramadan")
	}
}

// What stands where, by the CLDR's patterns.
func TestCurrency(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"en EUR": "€1", "en CHF": "CHF_1", "en USD": "$1", "en-AU USD": "US$1", "en-AU AUD": "$1", "en AUD": "AUD_1",
		"de EUR": "1_€", "de-AT EUR": "€_1", "de-CH CHF": "CHF_1", "fr USD": "1_$", "nl EUR": "€_1", "tr TRY": "₺1",
		"pt BRL": "R$_1", "pt-BR BRL": "R$_1", "pt-PT EUR": "1_€", "es EUR": "1_€", "es-MX MXN": "$1", "es-MX USD": "USD_1",
		"fa IRR": "1_ریال", "fa USD": "1_$", "ar SAR": "1_ر.س", "ar EUR": "1_€", "he ILS": "1_₪", "sv SEK": "1_kr",
		"da DKK": "1_kr.", "cs CZK": "1_Kč", "fi EUR": "1_€", "ja JPY": "¥1", "en SEK": "SEK_1",
	} {
		lang, code, _ := strings.Cut(at, " ")
		tag, err := language.Parse(lang)
		if err != nil {
			tag = language.Und
		}
		m := Currency(tag, code)
		got := "1" + m.Space + m.Sign
		if m.Before {
			got = m.Sign + m.Space + "1"
		}
		if got = strings.ReplaceAll(got, nbsp, "_"); got != want {
			t.Errorf("%s: %s, want %s", at, got, want)
		}
	}
}

func TestOrdinal(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"en 1": "1st", "en 2": "2nd", "en 3": "3rd", "en 4": "4th", "en 11": "11th", "en 12": "12th", "en 13": "13th",
		"en 21": "21st", "en 112": "112th", "en 0": "0th", "en -1": "-1st", "de 3": "3.", "fr 1": "1er", "fr 2": "2e", "es 1": "1.º",
		"it 2": "2º", "nl 8": "8e", "sv 1": "1:a", "sv 12": "12:e", "sv 22": "22:a", "sv 3": "3:e", "fa 3": "3\u200cام",
		"ar 3": "3", "zh 3": "", "sw 1": "",
	} {
		var lang string
		var n int
		if _, err := fmt.Sscan(at, &lang, &n); err != nil {
			t.Fatal(err)
		}
		got, ok := Ordinal(language.Make(lang), n)
		if !ok {
			got = ""
		}
		if got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	for lang, want := range map[string]string{
		"en": "November 2, 2026; 11/2/2026", "en-GB": "2 November 2026; 02/11/2026", "de": "2. November 2026; 2.11.2026",
		"es": "2 de November de 2026; 2/11/2026", "nl": "2 November 2026; 2-11-2026", "tr": "2 November 2026; 02.11.2026",
		"fa": "2 November 2026; 2026/11/2", "ar": "2 November 2026; 2\u200f/11\u200f/2026", "fi": "2 November 2026; 2026-11-02",
	} {
		long, short := Dates(language.Make(lang))
		if got := at.Format(long) + "; " + at.Format(short); got != want {
			t.Errorf("%s: %s, want %s", lang, got, want)
		}
	}
}
