// Package flowed lays out the text part of a message, as format=flowed (RFC 3676). Tidy lays out a whole text, and
// TidyLiteral beforehand what of a template is whole lines.
//
// The template of a text says by marks what a line is: a heading, a row of a table, a line in a quote. How long the
// line is, and how wide a column, shows only when the cells are known. Then Tidy wraps, underlines and aligns by the
// marks.
package flowed

import (
	"bytes"
	"strings"
	"sync"
)

// blanks are what a line does not end with.
const blanks = " \t\r\n"

// trimmed is a line without the blanks at its end.
func trimmed(line []byte) []byte {
	n := len(line)
	for n > 0 && (line[n-1] == ' ' || line[n-1] == '\n' || line[n-1] == '\r' || line[n-1] == '\t') {
		n--
	}
	return line[:n]
}

// Span is a part of a text that has been laid out already: whole lines, the first and the last of which are not empty.
type Span struct{ From, To int }

// Tidy lays out a derived text, as format=flowed of RFC 3676, and appends it to dst. Lines end without blanks, empty
// lines are single, and the text ends with one line end. A paragraph is wrapped at 76 columns, in lines that end with
// a blank and that a reader's program joins again; items of lists, heads and tables are wrapped for good. A line that
// begins with a blank, with > or with From is stuffed with a blank, so only what an author's quotes say is a quote.
// What is in spans is copied as it is, and spans says afterwards where it is in dst.
func Tidy(dst, text []byte, spans []Span) []byte {
	l := layouts.Get().(*layout)
	defer l.free()
	l.b, l.start = dst, len(dst)
	next := 0
	for from := 0; from < len(text); {
		if next < len(spans) && spans[next].From == from {
			end := min(spans[next].To, len(text))
			l.table()
			l.gap(quotes(text[from:end]))
			at := len(l.b)
			l.b = append(l.b, text[from:end]...)
			if l.b[len(l.b)-1] != '\n' {
				l.b = append(l.b, '\n')
			}
			l.last = quotes(l.b[bytes.LastIndexByte(l.b[at:len(l.b)-1], '\n')+1+at:])
			spans[next] = Span{at, len(l.b)}
			next++
			from = end
			continue
		}
		from += l.line(text[from:])
	}
	l.table()
	return l.b
}

// TidyLiteral lays out what of a part of a derived text is whole lines, whatever stands before and after it. from and
// to say where in it there is a Span; it is empty if there is none, and the part is as it was then.
func TidyLiteral(s string) (tidy string, from, to int) {
	begin, end := strings.IndexByte(s, '\n')+1, strings.LastIndexByte(s, '\n')+1
	// Rows at either end may belong to a table that goes on outside.
	for begin < end && isRow(s[begin:end]) {
		begin += strings.IndexByte(s[begin:end], '\n') + 1
	}
	for begin < end {
		last := strings.LastIndexByte(s[begin:end-1], '\n') + 1 + begin
		if !isRow(s[last:end]) {
			break
		}
		end = last
	}
	if begin >= end || strings.Trim(s[begin:end], blanks) == "" {
		return s, 0, 0
	}
	l := layout{b: []byte(s[:begin]), first: true}
	for text := []byte(s[begin:end]); len(text) > 0; {
		text = text[l.line(text):]
	}
	l.table()
	from, to = l.from, len(l.b)
	if l.empty {
		l.b = append(l.b, '\n')
	}
	if l.first {
		return s, 0, 0
	}
	return string(append(l.b, s[end:]...)), from, to
}

// isRow says whether a text begins with a row of a table.
func isRow(text string) bool {
	if text[0] != mark {
		return false
	}
	line, _, _ := strings.Cut(text, "\n")
	s, _ := cut([]byte(line))
	return s.row()
}

// layouts are those that are not in use. Each keeps the room that its tables took.
var layouts = sync.Pool{New: func() any { return &layout{} }}

// mostRows is how many rows a table has at most whose room is kept.
const mostRows = 200

// free gives a layout back.
func (l *layout) free() {
	t := l.t
	*l = layout{}
	if cap(t.rows) <= mostRows {
		clear(t.rows[:cap(t.rows)])
		clear(t.fields[:cap(t.fields)])
		clear(t.lines[:cap(t.lines)])
		l.t = table{t.rows[:0], t.fields[:0], t.lines[:0], t.widths[:0], t.kinds[:0]}
	}
	layouts.Put(l)
}

// layout lays out a text line by line.
type layout struct {
	b       []byte
	start   int
	empty   bool  // empty lines are due before the next line
	last    int   // the quotes of the line before
	t       table // whose rows are being read
	endless bool  // no row has an end any more
	first   bool  // of a literal: nothing has been written yet; an empty line before it counts
	from    int   // where the first line of a literal is
}

// line lays out the first line of a text, and returns how long it was there.
func (l *layout) line(text []byte) int {
	end := len(text)
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		end = i + 1
	}
	line := trimmed(text[:end])
	if len(line) == 0 {
		l.table()
		l.empty = true
		return end
	}
	if c := line[0]; len(line) <= columns && c != mark && c != ' ' && c != '>' && c != 'F' && c != '-' {
		l.table()
		l.gap(0)
		if bytes.IndexByte(line, mark) >= 0 {
			line = Unmarked(line)
		}
		l.b = append(append(l.b, line...), '\n')
		l.last = 0
		return end
	}
	s, rest := cut(line)
	if s.row() {
		// What a cell prints may have line ends. They end lines within the row.
		if i := l.end(text); i >= 0 {
			rest = text[len(line)-len(rest) : i]
			if end = len(text); bytes.IndexByte(text[i:], '\n') >= 0 {
				end = i + bytes.IndexByte(text[i:], '\n') + 1
			}
		}
		if len(l.t.rows) > 0 && l.t.rows[0].quotes != s.quotes {
			l.table()
		}
		l.t.read(s, rest)
		return end
	}
	l.table()
	if rest = trimmed(Unmarked(rest)); len(rest) == 0 {
		l.empty = true
		return end
	}
	l.gap(s.quotes)
	l.flow(s, rest)
	l.last = s.quotes
	return end
}

// end is where the row ends that a text begins with, or -1. A row without an end is its line; there is none then
// further down either.
func (l *layout) end(text []byte) int {
	if l.endless {
		return -1
	}
	i := bytes.Index(text, []byte(End))
	l.endless = i < 0
	return i
}

// gap writes the empty line that is due before a line in a number of quotes.
func (l *layout) gap(quotes int) {
	if l.empty && (l.first || len(l.b) > l.start) {
		for range min(quotes, l.last) {
			l.b = append(l.b, '>')
		}
		l.b = append(l.b, '\n')
	}
	if l.first {
		l.first, l.from = false, len(l.b)
	}
	l.empty = false
}

// quotes is how many quotes a line that is laid out stands in.
func quotes(line []byte) int {
	n := 0
	for n < len(line) && line[n] == '>' {
		n++
	}
	return n
}
