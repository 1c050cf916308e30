package plaintext

import (
	"bytes"
	"strings"
)

// blanks are what a line does not end with.
const blanks = " \t\r\n"

// Span is a part of a text: whole lines without a blank at their ends, the first and the last of which are not empty,
// and in which no two empty lines follow each other.
type Span struct{ From, To int }

// Tidy cleans up a derived text: lines end without blanks, empty lines are single, and the text ends with one line end.
// It works in the text itself. What is in spans is known to be tidy, and only moves: it is not looked at, and spans
// says afterwards where it is.
func Tidy(text []byte, spans []Span) []byte {
	to, empty, next := 0, false, 0
	for from := 0; from < len(text); {
		var line []byte
		known := next < len(spans) && spans[next].From == from
		if known {
			line = text[from : spans[next].To-1]
			from = spans[next].To
		} else {
			end := len(text)
			if i := bytes.IndexByte(text[from:], '\n'); i >= 0 {
				end = from + i + 1
			}
			line = bytes.TrimRight(text[from:end], blanks)
			if from = end; len(line) == 0 {
				empty = true
				continue
			}
		}
		if to > 0 && empty {
			text[to] = '\n'
			to++
		}
		if empty = false; known {
			spans[next] = Span{to, to + len(line) + 1}
			next++
		}
		to += copy(text[to:], line)
		if to == len(text) { // the last line has no line end
			return append(text, '\n')
		}
		text[to] = '\n'
		to++
	}
	return text[:to]
}

// TidyLiteral tidies what of a part of a derived text is whole lines, whatever stands before and after it. from and to
// say where in it there is a Span; it is empty if there is none.
func TidyLiteral(s string) (tidy string, from, to int) {
	begin, end := strings.IndexByte(s, '\n')+1, strings.LastIndexByte(s, '\n')+1
	if begin >= end {
		return s, 0, 0
	}
	var b strings.Builder
	b.WriteString(s[:begin])
	empty := false
	from = -1
	for line := range strings.Lines(s[begin:end]) {
		line = strings.TrimRight(line, blanks)
		if line == "" {
			empty = true
			continue
		}
		if empty {
			b.WriteByte('\n')
			empty = false
		}
		if from < 0 {
			from = b.Len()
		}
		b.WriteString(line)
		b.WriteByte('\n')
		to = b.Len()
	}
	if empty {
		b.WriteByte('\n')
	}
	b.WriteString(s[end:])
	return b.String(), max(from, 0), to
}
