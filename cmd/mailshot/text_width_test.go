package main

import (
	"strings"
	"testing"
)

// A table is straight if what a person sees as one character is counted once.
func TestTextWidth(t *testing.T) {
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
		if got := textWidth(text); got != want {
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
		if got := fit(c.text, c.n); got != c.want {
			t.Errorf("%q in %d columns is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func TestTableOfScripts(t *testing.T) {
	t.Parallel()
	var out table
	for _, name := range []string{"Ann", "日本語", "👨‍👩‍👧", "علی رضایی", "שלום 12"} {
		out.add(isolated(name), "100%")
	}
	var b strings.Builder
	if err := out.write(&b, "  ", 0); err != nil {
		t.Fatal(err)
	}
	want := "  Ann        100%\n" +
		"  日本語     100%\n" +
		"  👨‍👩‍👧         100%\n" +
		"  \u2068علی رضایی\u2069  100%\n" +
		"  \u2068שלום 12\u2069    100%\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	for line := range strings.Lines(b.String()) {
		if w := textWidth(strings.TrimRight(line, "\n")); w != 17 {
			t.Errorf("%q is %d columns wide", line, w)
		}
	}
}
