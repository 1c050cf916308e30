package schema

import (
	"strings"

	"mailshot/internal/suggest"
)

// Nearest returns the word of words that is most like s, or "" when none is. Case and the choice of - or _ make no
// difference. The beginning of a word, of three letters at least, is like the word.
func Nearest(s string, words []string) string {
	from := PlainWord(s)
	limit := suggest.Limit(from)
	best := suggest.Nearest(words, func(w string) (int, int) { return suggest.Distance(from, PlainWord(w), limit), limit })
	if best == "" && len(from) >= 3 { // user for username
		for _, w := range words {
			if strings.HasPrefix(PlainWord(w), from) {
				return w
			}
		}
	}
	return best
}

// PlainWord returns a word as Nearest compares it: in lower case, with _ for -.
func PlainWord(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}
