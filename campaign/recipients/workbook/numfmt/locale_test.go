package numfmt

import (
	"testing"
	"time"
)

// TestLocale: what a format shows depends on the reader's locale, as it does in a spreadsheet. Without For, each is
// shown as an American sees it.
func TestLocale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		locale, code string
		v            float64
		want         string
	}{
		{"de-DE", "#,##0.00 €", 3703.55, "3.703,55 €"}, {"de", "#,##0.00", -3703.55, "-3.703,55"},
		{"de", "0.0%", 0.125, "12,5%"}, {"de", "", 3.5, "3,5"}, {"de", "", 3703, "3703"},
		{"de", "00000", 123, "00123"}, {"de", "0.00E+00", 1234.5, "1,23E+03"}, {"de", `0.00" v1.2"`, 1.5, "1,50 v1.2"},
		{"de", "#,##0.00_);[Red](#,##0.00)", -1234.5, "(1.234,50)"}, {"de", "?#.00", 0.5, ",50"},
		{"fr", "#,##0.00", 3703.55, "3\u00a0703,55"}, {"fr-CH", "#,##0.00", 3703.55, "3\u00a0703,55"},
		{"de-CH", "#,##0.00", 3703.55, "3’703.55"}, {"sv", "#,##0.00", 3703.55, "3\u00a0703,55"},
		{"en-IN", "#,##0.00", 12345678.5, "1,23,45,678.50"}, {"en-US", "#,##0.00", 3703.55, "3,703.55"},
		{"fa", "#,##0.00", 3703.55, "۳٬۷۰۳٫۵۵"}, {"fa", "0.0%", 0.125, "۱۲٫۵%"}, {"fa", "", 3.5, "۳٫۵"},
		// Whole numbers in plain places are mostly somebody's number.
		{"fa", "", 3703, "3703"}, {"fa", "00000", 123, "00123"}, {"fa", `"n"0`, 12, "n۱۲"},
		{"ar", "#,##0.00", 3703.55, "٣٬٧٠٣٫٥٥"}, {"de", "#", 0, "0"},
	} {
		l, ok := NewLocale(c.locale)
		if !ok {
			t.Fatal(c.locale)
		}
		if got := Compile(c.code).For(l).Number(c.v); got != c.want {
			t.Errorf("%s: %v as %q is %q, want %q", c.locale, c.v, c.code, got, c.want)
		}
	}
	at := time.Date(2026, 1, 5, 9, 7, 3, 0, time.UTC)
	for _, c := range []struct {
		locale, code, want string
	}{
		{"de", "", "05.01.2026"}, {"de-AT", "", "05.01.2026"}, {"en-US", "", "1/5/2026"}, {"en-GB", "", "05/01/2026"},
		{"en", "", "2026-01-05"}, {"fr", "", "05/01/2026"}, {"fr-CA", "", "2026-01-05"}, {"nl", "", "05-01-2026"},
		{"fi", "", "5.1.2026"}, {"ja", "", "2026/1/5"}, {"fa", "", "2026-01-05"}, {"ar", "", "2026-01-05"},
		{"de", "dd/mm/yyyy", "05.01.2026"}, {"de", `dd\/mm\/yyyy`, "05/01/2026"}, {"en-GB", "dd/mm/yyyy", "05/01/2026"},
		{"de", "dddd, d. mmmm yyyy", "Montag, 5. Januar 2026"}, {"en-GB", "d mmmm yyyy", "5 January 2026"},
		{"de", "d mmm yyyy", "2026-01-05 09:07:03"}, {"pl", "d mmmm yyyy", "2026-01-05 09:07:03"},
		{"de", "[$-409]d mmm yyyy", "5 Jan 2026"},
		{"de", "[$-409]d mmmm yyyy", "5 January 2026"}, {"de", "h:mm AM/PM", "2026-01-05 09:07:03"},
		{"de", "h:mm", "9:07"},
	} {
		l, _ := NewLocale(c.locale)
		code := c.code
		if code == "" {
			code = Localized(14, l)
		}
		if got := Compile(code).For(l).Date(at); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.locale, c.code, got, c.want)
		}
	}
	if l, _ := NewLocale("de"); Compile(Localized(22, l)).For(l).Date(at) != "05.01.2026 09:07" {
		t.Error("format 22")
	}
	if l, ok := NewLocale("en"); !ok || l != nil {
		t.Error("English without a region shows what everybody sees", l, ok)
	}
	if _, ok := NewLocale("not a locale"); ok {
		t.Error("an unknown locale")
	}
}
