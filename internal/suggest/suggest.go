// Package suggest finds the word that somebody meant who wrote another. Call Nearest with the words there are; Distance
// and Limit are what its cost is mostly made of.
package suggest

import "unicode/utf8"

// Nearest returns the word with the lowest cost, the first of several, or "" where none is within its limit. cost says
// how unlike the word is what was written, and up to which cost it is worth a suggestion.
func Nearest(words []string, cost func(word string) (cost, limit int)) string {
	best, lowest := "", 0
	for _, w := range words {
		if c, limit := cost(w); c <= limit && (best == "" || c < lowest) {
			best, lowest = w, c
		}
	}
	return best
}

// Limit is the usual limit for a word: a third of its letters, and at least one.
func Limit(word string) int { return max(1, utf8.RuneCountInString(word)/3) }

// longest is up to how many letters words are compared: nobody mistypes more, and the work grows with the square.
const longest = 200

// Distance is the number of letters to insert, delete, change, or swap with the next one, that makes b of a. It is
// exact up to limit, and some number above it beyond. A word of more than 200 letters is beyond every limit.
func Distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > limit || len(y)-len(x) > limit || max(len(x), len(y)) > longest {
		return limit + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := last[j-1]
			if x[i-1] != y[j-1] {
				cost++
			}
			row[j] = min(last[j]+1, row[j-1]+1, cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
