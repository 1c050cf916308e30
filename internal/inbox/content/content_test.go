package content_test

import (
	"strings"
	"testing"

	"mailshot/internal/inbox/content"
)

func id(t *testing.T, text string, n int) string {
	t.Helper()
	var h content.Hash
	for len(text) > 0 {
		m := min(n, len(text))
		h.Write([]byte(text[:m]))
		text = text[m:]
	}
	return h.ID()
}

// What makes another message of it, and what does not, in whatever pieces it comes.
func TestHash(t *testing.T) {
	t.Parallel()
	const text = "From: a\nSubject: b\n c\n\nbody\nStatus: c\n\rx\ry\n"
	base := id(t, text, 1000)
	for n := 1; n < len(text); n++ {
		if got := id(t, text, n); got != base {
			t.Errorf("in pieces of %d: %s, %s", n, got, base)
		}
	}
	same := []string{
		strings.ReplaceAll(text, "\n", "\r\n"), "Status: RO\n" + text, "X-Mozilla-Status: 1\n2: 3\n" + text,
		"From: a\nX-KEYWORDS : a\n b\n\tc\nSubject: b\n c\nContent-Length: 7\nLines: 3\n" + text[len("From: a\nSubject: b\n c\n"):],
	}
	same[2] = "X-Mozilla-Status: 1\n 2: 3\n" + text
	for _, other := range same {
		for _, n := range []int{1, 3, 1000} {
			if got := id(t, other, n); got != base {
				t.Errorf("%q in pieces of %d is another message", other, n)
			}
		}
	}
	seen := map[string]string{base: text}
	for _, other := range []string{
		"", "\n", "\r", "a", "a\n", "Status", "Status: x", text + "x", "X-Status-Of: a\n" + text, strings.Replace(text, "Status: c", "Status: d", 1),
		strings.Replace(text, "\rx", "x", 1), strings.Replace(text, " c", "c", 1), "S" + text, strings.Repeat("x", 100) + ": a\n" + text,
	} {
		got := id(t, other, 1000)
		if before, is := seen[got]; is && other != "Status: x" {
			t.Errorf("%q and %q have one name", before, other)
		}
		seen[got] = other
		if again := id(t, other, 1); again != got {
			t.Errorf("%q: %s, %s", other, got, again)
		}
	}
}
