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
// What is in spans is copied as it is, and spans says afterwards where it is in dst. It is empty where it was in a line
// with marks.
func Tidy(dst, text []byte, spans []Span) []byte {
	l := layouts.Get().(*layout)
	defer l.free()
	l.b, l.start = dst, len(dst)
	next := 0
	for from := 0; from < len(text); {
		for ; next < len(spans) && spans[next].From < from; next++ {
			spans[next] = Span{} // it is in a line with marks
		}
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
	clear(spans[next:])
	l.table()
	return l.b
}

// TidyLiteral lays out what of a part of a derived text is whole lines, whatever stands before and after it. open is
// how many lines with marks have begun before the part and not ended, and opened how many after it. from and to say
// where in it there is a Span; it is empty if there is none, and the part is as it was then.
func TidyLiteral(s string, open int) (tidy string, from, to, opened int) {
	opened = deeper(s, open)
	// Rows at either end may belong to a table that goes on outside.
	starts := whole(s, open)
	for len(starts) > 1 && isRow(s[starts[0]:]) {
		starts = starts[1:]
	}
	for len(starts) > 1 && isRow(s[starts[len(starts)-2]:]) {
		starts = starts[:len(starts)-1]
	}
	if len(starts) < 2 {
		return s, 0, 0, opened
	}
	begin, end := starts[0], starts[len(starts)-1]
	if strings.Trim(s[begin:end], blanks) == "" {
		return s, 0, 0, opened
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
		return s, 0, 0, opened
	}
	return string(append(l.b, s[end:]...)), from, to, opened
}

// whole is where lines begin in a part of a text, from the first that is whole to what comes after the last that is.
func whole(s string, depth int) (starts []int) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == mark && i+1 < len(s) && s[i+1] != '\n':
			i++
			depth = step(s[i], depth)
		case s[i] == '\n' && depth == 0:
			starts = append(starts, i+1)
		}
	}
	return starts
}

// isRow says whether a text begins with a row of a table.
func isRow(text string) bool {
	s, _ := cut([]byte(strings.TrimPrefix(text[:min(len(text), 100)], Line)))
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
		l.t = table{t.rows[:0], t.fields[:0], t.lines[:0], t.widths[:0], t.least[:0], t.kinds[:0]}
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
	if text[0] == mark && bytes.HasPrefix(text, []byte(Line)) && !l.endless {
		if n := l.simple(text); n > 0 {
			return n
		}
		end := ending(text)
		if end >= 0 {
			l.block(shape{}, text[len(Line):end])
			if end += len(End); end < len(text) && text[end] == '\n' {
				end++
			}
			return end
		}
		l.endless = true // there is none further down either
	}
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
	c := line[0]
	short := len(line) <= columns && c != mark && c != ' ' && c != '>' && c != 'F'
	marked := bytes.IndexByte(line, mark) >= 0
	if marked && !short {
		l.block(shape{}, line)
		return end
	}
	l.table()
	l.gap(0)
	if marked {
		line = Unmarked(line)
	}
	if short {
		l.b = append(append(l.b, line...), '\n')
	} else {
		l.flow(shape{}, line)
	}
	l.last = 0
	return end
}

// simple lays out the line with marks that a text begins with, if it is one line and nothing in it has marks of its
// own, and returns how long it was. block does the same with any line: this is faster, and most lines are so.
func (l *layout) simple(text []byte) int {
	end := bytes.IndexByte(text, '\n')
	if end < len(Line)+len(End) || text[end-1] != End[1] || text[end-2] != mark {
		return 0
	}
	s, rest := cut(text[len(Line) : end-len(End)])
	if s.row() {
		if len(l.t.rows) > 0 && l.t.rows[0].quotes != s.quotes {
			l.table()
		}
		if !l.t.simple(s, rest) {
			return 0
		}
		return end + 1
	}
	if s.item {
		if i := bytes.IndexByte(rest, mark); i >= 0 && i+1 < len(rest) && rest[i+1] == Hang[1] {
			s.lead, rest = rest[:i], rest[i+len(Hang):]
		}
	}
	if rest = trimmed(rest); len(rest) == 0 || bytes.IndexByte(rest, mark) >= 0 {
		return 0
	}
	l.table()
	l.gap(s.quotes)
	if longest := l.flow(s, rest); s.kind != 0 && longest > 0 {
		l.underline(s, longest)
	}
	l.last = s.quotes
	return end + 1
}

// block lays out what a line with marks says within one of the shape around, whose lead its first line has. It returns
// whether there is anything in it.
func (l *layout) block(around shape, text []byte) (written bool) {
	s, rest := cut(text)
	s.quotes += around.quotes
	s.fixed = s.fixed || around.fixed
	s.lead = around.lead
	if s.row() {
		if len(l.t.rows) > 0 && l.t.rows[0].quotes != s.quotes {
			l.table()
		}
		l.t.read(s, rest)
		return true
	}
	l.table()
	if s.item {
		line, _ := firstLine(rest)
		if i := lastHang(line); i >= 0 {
			s.lead = joined(s.lead, Unmarked(rest[:i]))
			rest = rest[i+len(Hang):]
		}
	}
	longest, empty := 0, false
	for len(rest) > 0 {
		if written {
			s.lead = hanging(s.lead)
		}
		if bytes.HasPrefix(rest, []byte(Line)) {
			if end := ending(rest); end >= 0 {
				l.empty, empty = l.empty || empty, false
				written = l.block(s, rest[len(Line):end]) || written
				rest = bytes.TrimPrefix(rest[end+len(End):], []byte("\n"))
				continue
			}
		}
		var line []byte
		line, rest = firstLine(rest)
		l.table() // its rows come before what the line goes on with
		if line = trimmed(Unmarked(line)); len(line) == 0 {
			empty = written && s.kind == 0
			continue
		}
		l.empty = l.empty || empty
		empty = false
		l.gap(s.quotes)
		longest = max(longest, l.flow(s, line))
		l.last, written = s.quotes, true
	}
	switch {
	case s.kind != 0 && longest > 0:
		l.underline(s, longest)
	case !written && s.item && len(trimmed(s.lead)) > 0: // an item without a text
		l.gap(s.quotes)
		line := trimmed(s.lead)
		s.lead = nil
		l.flow(s, line)
		l.last, written = s.quotes, true
	case !written && around.quotes+len(around.lead) == 0:
		l.empty = true
	}
	return written
}

// firstLine cuts the first line off what a line with marks says.
func firstLine(text []byte) (line, rest []byte) {
	for i := stop(text); i < len(text); i += 1 + stop(text[i+1:]) {
		switch {
		case text[i] == '\n':
			return text[:i], text[i+1:]
		case bytes.HasPrefix(text[i:], []byte(Break)):
			return text[:i], text[i+len(Break):]
		case i > 0 && bytes.HasPrefix(text[i:], []byte(Line)):
			return text[:i], text[i:]
		}
	}
	return text, nil
}

// stop is where the first line end or mark of a text is, or its length. It looks no further than a bit behind that: a
// text may have many of one and none of the other.
func stop(text []byte) int {
	const step = 512
	for at := 0; at < len(text); at += step {
		part := text[at:min(at+step, len(text))]
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			part = part[:i+1]
		}
		if i := bytes.IndexByte(part, mark); i >= 0 {
			return at + i
		}
		if part[len(part)-1] == '\n' {
			return at + len(part) - 1
		}
	}
	return len(text)
}

// lastHang is where the last Hang of a line is, or -1.
func lastHang(line []byte) int {
	i := bytes.LastIndexByte(line, mark)
	for ; i >= 0; i = bytes.LastIndexByte(line[:i], mark) {
		if i+1 < len(line) && line[i+1] == Hang[1] {
			break
		}
	}
	return i
}

// joined is a lead that goes on with another, in new memory if both say something.
func joined(a, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	return append(bytes.Clone(a), b...)
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
