package plaintext

import (
	"bytes"
	"strings"

	"mailshot/templates/source"
)

// A mark says what a line or a part of it is until Tidy lays the text out: only the finished text knows how long what
// its cells print is. A mark is an octet that no UTF-8 has, and a letter. Those of a line stand at its beginning.
const (
	mark = 0xff

	quoteMark = "\xffQ" // one for each quote that the line stands in
	rightMark = "\xffD" // the line is written from right to left
	fixedMark = "\xffF" // the line is as long as it is: code
	signMark  = "\xffS" // the line before a signature
	headMark  = "\xffH" // a heading of the first level
	underMark = "\xffh" // any other heading
	topMark   = "\xffT" // a row of heads of a table …
	rowMark   = "\xffR" // … and any other, up to endMark
	endMark   = "\xffE"
	cellMark  = "\xffC" // a cell begins: two octets follow, its alignment and how many columns it spans
	breakMark = "\xffB" // a line ends within a cell
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

// unmarked returns a line without marks.
func unmarked(line []byte) []byte {
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

// signed marks the lines before signatures: those that are "--" by their author, and at most in a condition. Later a
// cell may look the same.
func signed(t *source.Tokens, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		bare := strings.TrimPrefix(strings.TrimRight(line, blanks), rightMark)
		for {
			at, i := t.Next(bare)
			if at < 0 || i >= len(t.Actions) || t.Actions[i].Kind == source.Output || t.Actions[i].Kind == source.Include {
				break
			}
			bare = bare[:at] + strings.TrimPrefix(bare[at+t.Width():], rightMark)
		}
		if bare == signature {
			line = strings.Replace(line, signature, signMark+signature, 1)
		}
		b.WriteString(line)
	}
	return b.String()
}

// nested makes the marks of a line that is put into an item: what it keeps goes before the item's indent, and a quote
// becomes the sign of one. rest is the line after its marks.
func nested(line string) (before, rest string) {
	var quotes strings.Builder
	for strings.HasPrefix(line, "\xff") && len(line) > 1 {
		switch line[:2] {
		case quoteMark:
			quotes.WriteString("> ")
		case rightMark, fixedMark:
			before += line[:2]
		case topMark, rowMark:
			return before + line[:2], quotes.String() + line[2:]
		case headMark, underMark:
		default:
			return before, quotes.String() + line
		}
		line = line[2:]
	}
	return before, quotes.String() + line
}
