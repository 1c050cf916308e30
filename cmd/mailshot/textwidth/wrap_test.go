package textwidth

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"", 10, ""},
		{"one  two", 10, "one  two"}, // it fits, so it is not changed
		{"one two three", 0, "one two three"},
		{"one two three", 7, "one two|three"},
		{"one two three", 8, "one two|three"},
		{"abcdefghij k", 4, "abcd|efgh|ij k"},
		{"日本語 の 文", 6, "日本語|の 文"},
		{"日本語", 5, "日本|語"}, // never half a character
		{"日本", 1, "日|本"},   // a character that is wider than the line
		{"Zoe\u0308 Zoe\u0308 x", 7, "Zoe\u0308 Zoe\u0308|x"},
		{"👨‍👩‍👧👨‍👩‍👧 x", 3, "👨‍👩‍👧|👨‍👩‍👧|x"},
	} {
		if got := strings.Join(Wrap(c.text, c.n), "|"); got != c.want {
			t.Errorf("%q in %d columns is %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

func TestBeside(t *testing.T) {
	t.Parallel()
	words := "550 5.1.1 the mailbox does not exist here, 利用者が見つかりません"
	for _, c := range []struct {
		label, words string
		n            int
		want         string
	}{
		{"words  ", words, 0, "words  " + words},
		{"words  ", words, 80, "words  " + words},
		{"words  ", words, 40, "words  550 5.1.1 the mailbox does not\n" +
			"       exist here,\n       利用者が見つかりません"},
		{"words  ", words, 31, "words  550 5.1.1 the mailbox\n" +
			"       does not exist here,\n" +
			"       利用者が見つかりません"},
		{"a long label  ", words, 30, "a long label\n" +
			"    550 5.1.1 the mailbox does\n" +
			"    not exist here,\n" +
			"    利用者が見つかりません"},
		{"a long label", "", 5, "a long label"},
	} {
		if got := Beside(c.label, c.words, c.n); got != c.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.n, got, c.want)
		}
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	const text = "5 rows = 1 invalid + 0 held + 2 sent + 2 pending"
	for n, want := range map[int]string{
		0:  text,
		48: text,
		47: "5 rows = 1 invalid + 0 held + 2 sent\n       + 2 pending",
		25: "5 rows = 1 invalid\n       + 0 held + 2 sent\n       + 2 pending",
		4:  "5 rows = 1 invalid\n       + 0 held\n       + 2 sent\n       + 2 pending",
	} {
		if got := Sum(text, n); got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", n, got, want)
		}
	}
	if got := Sum("2 rows", 3); got != "2 rows" {
		t.Errorf("without terms: %q", got)
	}
}
