package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text safe to print on one line. It shows as escapes (\n, \x1b, \u202e): control characters (C0, DEL, C1:
// terminal escapes, line ends, NUL), characters that turn or hide text (bidirectional overrides and isolates, line and
// paragraph separators), and bytes that are not UTF-8. Everything else stays, also the joiners of Persian or Indic
// scripts, and pairs of a left-to-right isolate and its end, which keep a number or a Latin word together and turn
// nothing outside of them.
func Clean(s string) string {
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	pairs := isolates(s)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case pairs[i]:
			b.WriteRune(r)
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unsafe(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// CleanLines is Clean for text of several lines: line ends become "\n" and tabs stay.
func CleanLines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		cells := strings.Split(l, "\t")
		for j := range cells {
			cells[j] = Clean(cells[j])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

// isolates are the places of left-to-right isolates that are closed, and of their ends.
func isolates(s string) map[int]bool {
	const leftToRight, end = '\u2066', '\u2069'
	pairs := map[int]bool{}
	var open []int // places; -1 for an isolate of another kind
	for i, r := range s {
		switch {
		case r == leftToRight:
			open = append(open, i)
		case r == 0x2067 || r == 0x2068:
			open = append(open, -1)
		case r == end && len(open) > 0:
			if at := open[len(open)-1]; at >= 0 {
				pairs[at], pairs[i] = true, true
			}
			open = open[:len(open)-1]
		}
	}
	return pairs
}

func unsafe(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // embeddings, overrides, isolates
		return true
	case r == 0x2028, r == 0x2029, r == 0xfeff:
		return true
	}
	return false
}

// Defuse makes text safe to be a cell of a spreadsheet (CWE-1236). The text is cleaned. If its first character after
// blanks and quotes would make it a formula (= + - @ and their full-width forms), an apostrophe goes before it. Numbers
// that mailshot counts itself are written as numbers and do not pass here.
func Defuse(s string) string {
	// A leading tab or line end is itself a way in: some programs strip it and evaluate the rest. Clean has made it an
	// escape; the apostrophe still tells the reader that something was there.
	lead := s != "" && strings.ContainsRune("\t\r\n\x00", rune(s[0]))
	s = Clean(s)
	rest := strings.TrimLeftFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'`", r) })
	if r, _ := utf8.DecodeRuneInString(rest); lead || strings.ContainsRune("=+-@＝＋－＠", r) && rest != "" {
		return "'" + s
	}
	return s
}
