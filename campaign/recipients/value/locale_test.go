package value

import (
	"fmt"
	"testing"
)

func TestLocale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		locale, number string
		want           any // nil: none
	}{
		{"de", "1.234,50", 1234.5}, {"de", "1234,5", 1234.5}, {"de", "1.234", 1234.0}, {"de", "1,234.50", nil},
		{"de", "1.23", nil}, {"de", "12.34.567", nil}, {"de", "-0,5", -0.5}, {"de", "1.234.567", 1234567.0},
		{"en-US", "1,234.50", 1234.5}, {"en-US", "1.234,50", nil}, {"en", "12,34", nil},
		{"en-IN", "12,34,567.5", 1234567.5}, {"en-IN", "1,234,567", 1234567.0},
		{"fr", "1\u202f234,5", 1234.5}, {"fr", "1 234,5", 1234.5}, {"fr", "1\u00a0234 567", nil},
		{"fr", "1.234,5", nil}, {"de-CH", "1’234.50", 1234.5}, {"de-CH", "1'234.50", 1234.5},
		{"fa", "۱٬۲۳۴٫۵", 1234.5}, {"fa", "1234", 1234.0}, {"ar-EG", "١٬٢٣٤٫٥", 1234.5}, {"pt-BR", "1.234,5", 1234.5},
		{"sv", "\u22121 234,5", -1234.5},
		{"de", "", nil}, {"de", "1e5", nil}, {"de", ",5", 0.5}, {"de", "EUR 5", nil}, {"de", "1..234", nil},
		{"de", "1.234.", nil}, {"de", "1,2,3", nil},
	} {
		loc, ok := NewLocale(c.locale)
		if !ok {
			t.Fatal(c.locale)
		}
		v, ok := loc.Number(c.number)
		if ok != (c.want != nil) || ok && v != c.want {
			t.Errorf("%s: %q is %v %v, want %v", c.locale, c.number, v, ok, c.want)
		}
	}
	for _, c := range []struct{ locale, date, want string }{
		{"de", "30.11.2026", "2026-11-30"}, {"de", "1.2.2026", "2026-02-01"}, {"en-US", "11/30/2026", "2026-11-30"},
		{"en-GB", "30/11/2026", "2026-11-30"}, {"en-US", "30/11/2026", ""}, {"fr", "01/02/2026", "2026-02-01"},
		{"ja", "2026年11月30日", "2026-11-30"}, {"hu", "2026. 11. 30.", "2026-11-30"}, {"de", "2026-11-30", "2026-11-30"},
		{"de", "1.2.26", ""}, {"de", "31.2.2026", ""},
	} {
		v, problem, _ := Read(Date, c.date, nil, must(NewLocale(c.locale)))
		got := ""
		if problem == "" {
			got = fmt.Sprintf("%.10s", v)
		}
		if got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.locale, c.date, got, c.want)
		}
	}
}

func must(l *Locale, ok bool) *Locale {
	if !ok {
		panic("no such locale")
	}
	return l
}
