package flowed

import (
	"bytes"
	"strings"
)

// A mark says what a line or a part of it is until Tidy lays the text out: only the finished text knows how long what
// its cells print is. A mark is an octet that no UTF-8 has, and a letter. Those of a line stand between Line and what
// the line says. All up to End is that line, also where a cell prints line ends in it, or a template that is included
// there prints lines of its own.
const (
	Line  = "\xffL" // a line with marks begins …
	End   = "\xffE" // … and ends
	Quote = "\xffQ" // one for each quote that the line stands in
	Right = "\xffD" // the line is written from right to left
	Fixed = "\xffF" // the line is as long as it is: code
	Sign  = "\xffS" // the line before a signature
	Head  = "\xffH" // a heading of the first level
	Under = "\xffh" // any other heading
	Item  = "\xffI" // the line is an item's: it begins with the sign of the item, or as far to the right …
	Hang  = "\xffG" // … up to the last of these
	Top   = "\xffT" // a row of heads of a table …
	Row   = "\xffR" // … and any other
	Cell  = "\xffC" // a cell begins: two octets follow, its alignment and how many columns it spans
	Left  = "\xffX" // End for a {{break}} or {{continue}} alone: what stands behind it in the template is within the line
	Break = "\xffB" // a line ends within a cell or a heading

	mark = 0xff
)

// shape is what the marks at the beginning of a line say.
type shape struct {
	quotes       int
	right, fixed bool
	sign         bool   // it is the line before a signature
	item         bool   // it begins with a lead
	kind         byte   // 'H', 'h', 'T', 'R', or 0
	lead         []byte // what the next line of an item begins with
}

// row says whether the line is a row of a table.
func (s shape) row() bool { return s.kind == 'T' || s.kind == 'R' }

// cut reads the marks at the beginning of a line, and returns what comes after them.
func cut(line []byte) (s shape, rest []byte) {
	for len(line) > 1 && line[0] == mark {
		switch line[1] {
		case 'Q':
			s.quotes++
		case 'D':
			s.right = true
		case 'F':
			s.fixed = true
		case 'S':
			s.sign = true
		case 'I':
			s.item = true
		case 'H', 'h':
			s.kind = line[1]
		case 'T', 'R':
			s.kind = line[1]
			return s, line[2:]
		default:
			return s, line
		}
		line = line[2:]
	}
	return s, line
}

// Unmarked returns a line without marks.
func Unmarked(line []byte) []byte {
	if bytes.IndexByte(line, mark) < 0 {
		return line
	}
	var b []byte
	for i := 0; i < len(line); i++ {
		if line[i] != mark || i+1 == len(line) {
			b = append(b, line[i])
			continue
		}
		i++
		switch line[i] {
		case 'C':
			if i += 2; len(b) > 0 {
				b = append(b, "  "...)
			}
		case 'B':
			b = append(b, ' ')
		case 'L', 'E', 'X', 'Q', 'D', 'F', 'S', 'H', 'h', 'I', 'G', 'T', 'R':
		default: // not ours
			b = append(b, mark, line[i])
		}
	}
	return b
}

// deeper is in how many lines with marks one is at the end of a text, for the number of those that it begins in.
func deeper(text string, depth int) int {
	for i := strings.IndexByte(text, mark); i >= 0 && i+1 < len(text); {
		depth = step(text[i+1], depth)
		next := strings.IndexByte(text[i+1:], mark)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return depth
}

// step is the depth after the mark with a letter.
func step(letter byte, depth int) int {
	switch letter {
	case 'L':
		return depth + 1
	case 'E':
		return max(depth-1, 0)
	}
	return depth
}

// ending is where the End of the line with marks stands that a text begins with, or -1.
func ending(text []byte) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		n := bytes.IndexByte(text[i:], mark)
		if n < 0 || i+n+1 >= len(text) {
			return -1
		}
		i += n
		letter := text[i+1]
		if letter == Left[1] {
			letter = End[1]
		}
		if depth = step(letter, depth); depth == 0 {
			return i
		}
	}
	return -1
}
