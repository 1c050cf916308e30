package words

import "testing"

// What is a value of a text, and what only looks like it.
func TestIn(t *testing.T) {
	t.Parallel()
	h := New([]byte("secret"))
	for _, test := range []struct {
		value, text string
		want        bool
	}{
		{"12", "No. 12", true}, {"12", "2012", false}, {"12", "12.50", false}, {"12", "12-11-2026", false},
		{"12", "(12)", true}, {"12", "12.", true}, {"12", "the 12, or", true}, {"12", "a12", false}, {"12", "1 2", false},
		{"12", "INV-12", true}, {"INV-0012", "Invoice:INV-0012", true}, {"INV-0012", "inv 0012", true},
		{"INV-0012", "INV-00123", false}, {"INV-0012", "INV0012", true}, {"INV-0012", "I N V - 0 0 1 2", true},
		{"INV-0012", "INV‑0012", true}, {"2026-0012", "2026–0012", true},
		{"1.234,56", "EUR 1.234,56", true}, {"1.234,56", "1,234.56", false}, {"1.234,56", "1234,56", false},
		{"Ann Lee", "Dear Ann  Lee,", true}, {"Ann Lee", "Ann Leeson", false}, {"Ann Lee", "AnnLee", true},
		{"Ann Lee", "ANN\nLEE", true}, {"Ann Lee", "Joann Lee", false}, {"Ann Lee", "Lee, Ann", false},
		{"Straße 5", "STRASSE 5", true}, {"Müller", "MU\u0308LLER", true}, {"Müller", "Muller", false},
		{"fish", "ﬁsh", true}, {"1405-001", "شماره ۱۴۰۵-۰۰۱", true}, {"۱۲۳۴", "1234", true}, {"١٢٣٤", "۱۲۳۴", true},
		{"१२३", "123", true},
		{"شرکت نمونه", "شرکت نمونه", true}, {"شرکت نمونه", "شركت نمونه", true}, {"شرکت نمونه", "شرکت\u200cنمونه", true},
		{"شرکت نمونه", "هنومن تکرش", true}, {"شرکت نمونه", "هنومن\nتکرش", true}, {"شرکت نمونه", "شرکت نمونهای", false},
		{"شرکت", "شرکتها", false}, {"سلام", "سالم", true}, {"سلام", "ملاس", true}, {"سلام", "مالس", true},
		{"سلام", "سلیم", false},
		{"الحدّاد", "الحداد", true}, {"الحداد", "دادحلا", true}, {"گلی\u200cپور", "گلی پور", true},
		{"گلی پور", "روپ یلگ", true},
		{"شرکت ACME 12", "ACME 12 تکرش", true}, {"فاکتور 12", "12 روتکاف", true}, {"فاکتور 12", "21 روتکاف", false},
		{"1405-001", "شماره: ۰۰۱-۱۴۰۵", true}, {"1405-001", "001-1405", false}, {"12", "کل\u202a۱۲\u202c", true},
		{"12", "رقم١٢", true},
		{"1405-001", "شماره ۱۰۰-۱۴۰۵", false},
		{"山田太郎", "山田太郎様", true}, {"山田太郎", "山田 太郎", true}, {"山田太郎", "山田花子", false}, {"1001", "請求書1001号", true},
		{"100", "請求書1001号", false}, {"김철수", "김철수님", true}, {"สมชาย", "คุณสมชายใจดี", true}, {"ゆう", "ゆか", false},
		{"株式会社 ACME", "株式会社ACME御中", true},
		{"5001", "Счёт №5001", true}, {"№5001", "№ 5001", true}, {"500", "№5001", false}, {"1'234.50", "CHF 1’234.50", true},
		{"Ilgın Şahin", "ILGIN ŞAHİN", true}, {"Çağlar İnan", "ÇAĞLAR İNAN", true},
		{"ﺳﻼم", "سلام", true}, {"מכתב חדש", "שדח בתכמ", true},
	} {
		v, ok := h.Value(test.value)
		if !ok {
			t.Errorf("%q is no value", test.value)
			continue
		}
		if got := v.In(h, h.Tokens(test.text)); got != test.want {
			t.Errorf("%q in %q: %v", test.value, test.text, got)
		}
	}
	for _, none := range []string{"", " ", "—", "...", "\u200c"} {
		if _, ok := h.Value(none); ok {
			t.Errorf("%q is a value", none)
		}
	}
}

// The windows of a text have the keys of the values in it, and no others. Two secrets have other tokens.
func TestWindows(t *testing.T) {
	t.Parallel()
	h := New([]byte("secret"))
	for _, test := range []struct {
		value, text string
		want        bool
	}{
		{"12", "No. 12 of 2012", true}, {"12", "1 2 2012", false}, {"Ann Lee", "to Ann Lee in", true},
		{"Ann Lee", "AnnLee", false},
		{"شرکت نمونه", "به شرکتنمونه", true}, {"شرکت نمونه", "هنومن تکرش", true}, {"سلام", "شرکت", false},
		{"山田太郎", "山田太郎様", true}, {"5001", "№5001", true},
	} {
		v, _ := h.Value(test.value)
		found := false
		h.Windows(h.Tokens(test.text), 4, 40, func(k Key) bool {
			for _, of := range v.Keys() {
				found = found || k == of
			}
			return true
		})
		if found != test.want {
			t.Errorf("%q in %q: %v", test.value, test.text, found)
		}
	}
	if New([]byte("a")).Tokens("xy")[0] == New([]byte("b")).Tokens("xy")[0] {
		t.Error("two secrets have one token")
	}
}

func FuzzTokens(f *testing.F) {
	for _, s := range []string{"12.", "۱۲٫۵", "لالا", "ß", "\xff", "a\u0308", "1'2", "1..2"} {
		f.Add(s)
	}
	h := New([]byte("secret"))
	f.Fuzz(func(t *testing.T, s string) {
		v, ok := h.Value(s)
		if ok && !v.In(h, h.Tokens(s)) {
			t.Errorf("%q is not in itself", s)
		}
		if tokens := h.Tokens(s); ok != (len(tokens) > 0) && len(s) < mostRunes {
			t.Errorf("%q: value %v, %d tokens", s, ok, len(tokens))
		}
	})
}
