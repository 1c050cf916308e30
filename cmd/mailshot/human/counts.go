package human

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Counts are counts of named things in words, the largest first: "3 bounces, 1 complaint".
func Counts(n map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(n), func(a, b string) int {
		if n[a] != n[b] {
			return int(n[b] - n[a])
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%d %s", n[name], name)
	}
	return strings.Join(names, ", ")
}
