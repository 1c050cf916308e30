package check

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"
)

// How much of a long line is shown around its mistake, in columns of the terminal.
const (
	frameBefore = 50
	frameAfter  = 60
)

// Frame makes a line of a file fit to be shown, and a second line with a caret under its column. column counts runes
// from 1; for 0, or a column beyond the line's end + 1, there is no caret.
//
// Tabs become four blanks. Control characters, and those that steer the direction of writing, become escapes. Of a long
// line only the part around the column is shown. If text written from right to left is before the column, the shown
// line begins at the column: terminals disagree on where such text goes, and the caret would point elsewhere.
func Frame(excerpt string, column int) (line, caret string) {
	cells, cut := cellsOf(excerpt, column)
	if column < 1 || column > len(cells)+1 {
		column = 0
	}
	at := max(column-1, 0)
	from := at
	for used := 0; from > 0 && used+cells[from-1].width <= frameBefore; from-- {
		if cells[from-1].rtl {
			from = at
			break
		}
		used += cells[from-1].width
	}
	var b strings.Builder
	shift := 0
	if from > 0 {
		b.WriteString("…")
		shift = 1
	}
	to := from
	for used := 0; to < len(cells) && (to < at || used+cells[to].width <= frameAfter); to++ {
		if to < at {
			shift += cells[to].width
		} else {
			used += cells[to].width
		}
		b.WriteString(cells[to].text)
	}
	if to < len(cells) || cut {
		b.WriteString("…")
	}
	line = strings.TrimRight(b.String(), " ")
	if column == 0 || line == "" {
		return line, ""
	}
	return line, strings.Repeat(" ", shift) + "^"
}

// cell is a rune as it is shown.
type cell struct {
	text  string
	width int // columns of a terminal
	rtl   bool
}

// cellsOf takes a text apart, up to what can be shown of it. cut says that there is more.
func cellsOf(text string, column int) (cells []cell, cut bool) {
	for len(text) > 0 {
		if len(cells) > max(column, 0)+frameAfter {
			return cells, true
		}
		r, size := utf8.DecodeRuneInString(text)
		c := cell{text: text[:size], width: 1}
		switch {
		case r == utf8.RuneError && size == 1:
			c = escape(fmt.Sprintf(`\x%02x`, text[0]))
		case r == '\n':
			c = escape(`\n`)
		case r == '\t':
			c = cell{text: "    ", width: 4}
		case unsafe(r) && r < 0x100:
			c = escape(fmt.Sprintf(`\x%02x`, r))
		case unsafe(r):
			c = escape(fmt.Sprintf(`\u%04x`, r))
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
			c.width = 0
		default:
			if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
				c.width = 2
			}
			p, _ := bidi.LookupRune(r)
			c.rtl = p.Class() == bidi.R || p.Class() == bidi.AL
		}
		cells = append(cells, c)
		text = text[size:]
	}
	return cells, false
}

func escape(s string) cell { return cell{text: s, width: len(s)} }

// clean makes a text safe for one line of a terminal.
func clean(s string) string {
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	cells, _ := cellsOf(s, utf8.RuneCountInString(s))
	var b strings.Builder
	for _, c := range cells {
		b.WriteString(c.text)
	}
	return b.String()
}

// unsafe are the characters that a terminal obeys instead of showing them: controls (tabs among them), embeddings,
// overrides and isolates of direction, line separators, and characters that are not seen at all.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r == 0x2028 || r == 0x2029 || r == 0xfeff
}
