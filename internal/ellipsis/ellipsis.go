// Package ellipsis shortens texts that are shown to people: values of lists and files, and the words of servers. Call
// Quote for a value inside a sentence, Cut for a text that stands alone.
package ellipsis

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Cut is the text, if it has at most that many characters (code points), else its first ones and an ellipsis, which
// together are as many. most is at least 1.
func Cut(text string, most int) string {
	if len(text) <= most || utf8.RuneCountInString(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n++; n == most {
			return text[:i] + "…"
		}
	}
	return text
}

// Quote is Cut in double quotes, with what cannot be seen escaped as in Go.
func Quote(text string, most int) string { return strconv.Quote(Cut(text, most)) }

// List joins the first names of all, and says how many more there are than these.
func List(names []string, all int64) string {
	s := strings.Join(names, ", ")
	if more := all - int64(len(names)); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
