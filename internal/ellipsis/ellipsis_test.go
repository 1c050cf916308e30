package ellipsis

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"", 1, ""}, {"a", 1, "a"}, {"ab", 1, "…"}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"abcde", 3, "ab…"},
		{"日本語", 3, "日本語"}, {"日本語。", 3, "日本…"}, {"ä\xff\xfeb", 3, "ä\xff…"}, {"ä\xffb", 3, "ä\xffb"},
	} {
		if got := Cut(tt.text, tt.most); got != tt.want {
			t.Errorf("%q in %d: %q, want %q", tt.text, tt.most, got, tt.want)
		}
	}
	long := strings.Repeat("é", 1000)
	for most := 1; most <= 1001; most++ {
		if n := utf8.RuneCountInString(Cut(long, most)); n != min(most, 1000) {
			t.Errorf("%d characters, want %d", n, most)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ann": `"ann"`, "a\"b": `"a\"b"`, "a\x1b[1mb": `"a\x1b[1…"`, "\u202eabcde": `"\u202eabc…"`, "\xff": `"\xff"`,
	} {
		if got := Quote(text, 5); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
