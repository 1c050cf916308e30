package suggest

import (
	"strings"
	"testing"
)

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"name", "name", 0},
		{"nam", "name", 1}, {"naame", "name", 1}, {"nome", "name", 1}, {"nmae", "name", 1},
		{"kitten", "sitting", 3}, {"ca", "abc", 3}, // no letter is touched twice
		{"Zoë", "Zoe", 1}, {"日本", "本日", 1},
	} {
		if got := Distance(tt.a, tt.b, 10); got != tt.want {
			t.Errorf("%q to %q is %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := Distance(tt.b, tt.a, 10); got != tt.want {
			t.Errorf("%q to %q is %d, want %d", tt.b, tt.a, got, tt.want)
		}
		if got := Distance(tt.a, tt.b, 1); tt.want > 1 && got <= 1 || tt.want <= 1 && got != tt.want {
			t.Errorf("%q to %q is %d with the limit 1", tt.a, tt.b, got)
		}
	}
	long := strings.Repeat("x", longest+1)
	if Distance(long, long[1:], 100) != 101 || Distance(long[1:], long, 100) != 101 {
		t.Error("a word that is too long was compared")
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		word  string
		words []string
		want  string
	}{
		{"nmae", []string{"email", "name"}, "name"},
		{"nam", []string{"name", "nams"}, "name"}, // the first of several
		{"nam", []string{"nome", "name"}, "name"}, // one edit, and not two
		{"nam", []string{"street"}, ""},
		{"nam", nil, ""},
		{"", []string{"a"}, "a"},
	} {
		limit := Limit(tt.word)
		got := Nearest(tt.words, func(w string) (int, int) { return Distance(tt.word, w, limit), limit })
		if got != tt.want {
			t.Errorf("%q of %q: %q, want %q", tt.word, tt.words, got, tt.want)
		}
	}
	beyond := func(w string) (cost, limit int) { return len(w), len(w) - 1 }
	if got := Nearest([]string{"far", "near"}, beyond); got != "" {
		t.Errorf("beyond its own limit: %q", got)
	}
}
