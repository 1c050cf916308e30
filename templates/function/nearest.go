package function

import (
	"fmt"
	"strings"
)

// Nearest returns the candidate most like name, or "" if none is like it.
func Nearest(name string, candidates []string) string {
	best, bestCost := "", 0
	low := strings.ToLower(name)
	for _, c := range candidates {
		lc := strings.ToLower(c)
		cost := distance(low, lc)
		if bare := strings.NewReplacer("_", "", " ", "", "-", ""); bare.Replace(low) == bare.Replace(lc) {
			cost = 0
		}
		if limit := max(1, max(len(low), len(lc))/3); cost <= limit && (best == "" || cost < bestCost) {
			best, bestCost = c, cost
		}
	}
	return best
}

// distance counts the single-character edits between a and b, with a swap of neighbours as one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 {
		return 64
	}
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}

// UnknownColumn words the error about a column that the list does not have, with the nearest one or all of them as a
// hint.
func UnknownColumn(name string, columns []string) (text, hint string) {
	text = fmt.Sprintf("the list has no column %q", name)
	if n := Nearest(name, columns); n != "" {
		return text, fmt.Sprintf("did you mean %q?", n)
	}
	if len(columns) > 0 && len(columns) <= 12 {
		return text, "columns: " + strings.Join(columns, ", ")
	}
	return text, ""
}
