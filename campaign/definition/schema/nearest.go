package schema

import (
	"strings"
	"unicode/utf8"
)

// Nearest returns the word of words that is most like s, or "" when none is. Case and the choice of - or _ make no
// difference. The beginning of a word, of three letters at least, is like the word.
func Nearest(s string, words []string) string {
	best, bestCost := "", 0
	from := PlainWord(s)
	limit := max(1, utf8.RuneCountInString(from)/3)
	for _, w := range words {
		if cost := distance(from, PlainWord(w), limit); cost <= limit && (best == "" || cost < bestCost) {
			best, bestCost = w, cost
		}
	}
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

// distance is the number of insertions, deletions, replacements and swaps of neighbours that turn a into b, exact up to
// limit and some number above it beyond.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit || len(x) > 200 {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
