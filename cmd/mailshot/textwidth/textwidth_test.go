package textwidth

import "testing"

// A table is straight if what a person sees as one character is counted once.
func TestOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"":                                     0,
		"Zoë":                                  3,
		"Zoe\u0308":                            3, // the same with a mark of its own
		"日本語":                                  6,
		"ﾊﾝｶｸ":                                 4, // half-width
		"한국":                                   4,
		"\u1112\u1161\u11ab\u1100\u116e\u11a8": 4, // the same in single letters
		"سلام":                                 4,
		"می\u200cخواهم":                        7, // a joiner
		"שָׁלוֹם":                              4, // points
		"สวัสดี":                               4, // vowels above
		"👍":                                    2,
		"👍🏽":                                   2, // with a colour of skin
		"👨‍👩‍👧‍👦":                              2, // a family
		"🏳️‍🌈":                                 2, // a flag joined to a rainbow
		"🇩🇪🇮🇷":                                 4, // two flags
		"❤️":                                   2, // a symbol as an emoji
		"❤":                                    1,
		"1️⃣":                                  2, // a key
		"e\u200b":                              1,
		"\u2068سلام\u2069":                     4,
		"co\u00adop":                           5, // the hyphen shows
	} {
		if got := Of(text); got != want {
			t.Errorf("%q (%s) takes %d columns, want %d", text, text, got, want)
		}
	}
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"👨‍👩‍👧 Ann", 4, "👨‍👩‍👧 …"}, // never through a character
		{"🇩🇪🇮🇷", 3, "🇩🇪…"},
		{"日本語", 4, "日…"},
	} {
		if got := Fit(c.text, c.n); got != c.want {
			t.Errorf("%q in %d columns is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}
