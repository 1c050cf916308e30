package flowed

import "bytes"

// A mark says what a line or a part of it is until Tidy lays the text out: only the finished text knows how long what
// its cells print is. A mark is an octet that no UTF-8 has, and a letter. Those of a line stand at its beginning.
const (
	Quote = "\xffQ" // one for each quote that the line stands in
	Right = "\xffD" // the line is written from right to left
	Fixed = "\xffF" // the line is as long as it is: code
	Sign  = "\xffS" // the line before a signature
	Head  = "\xffH" // a heading of the first level
	Under = "\xffh" // any other heading
	Top   = "\xffT" // a row of heads of a table …
	Row   = "\xffR" // … and any other, up to End
	End   = "\xffE"
	Cell  = "\xffC" // a cell begins: two octets follow, its alignment and how many columns it spans
	Break = "\xffB" // a line ends within a cell

	mark = 0xff
)

// shape is what the marks at the beginning of a line say.
type shape struct {
	quotes       int
	right, fixed bool
	sign         bool // it is the line before a signature
	kind         byte // 'H', 'h', 'T', 'R', or 0
}

// row says whether the line is a row of a table.
func (s shape) row() bool { return s.kind == 'T' || s.kind == 'R' }

// cut reads the marks at the beginning of a line, and returns what comes after them.
func cut(line []byte) (shape, []byte) {
	var s shape
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
		case 'Q', 'D', 'F', 'S', 'H', 'h', 'T', 'R', 'E':
		default: // not ours
			b = append(b, mark, line[i])
		}
	}
	return b
}
