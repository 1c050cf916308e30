package function

import (
	"fmt"
	"strings"

	"mailshot/internal/suggest"
)

// Nearest returns the candidate most like name, or "" if none is like it.
func Nearest(name string, candidates []string) string {
	low := strings.ToLower(name)
	bare := strings.NewReplacer("_", "", " ", "", "-", "")
	return suggest.Nearest(candidates, func(c string) (cost, limit int) {
		lc := strings.ToLower(c)
		limit = max(1, max(len(low), len(lc))/3)
		if bare.Replace(low) == bare.Replace(lc) {
			return 0, limit
		}
		return suggest.Distance(low, lc, limit), limit
	})
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
