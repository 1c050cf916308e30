package flowed

import (
	"bytes"
	"strings"
	"unicode"
)

// table is a table whose cells are known. Its memory is used for the next table.
type table struct {
	rows   []row
	fields []field // those of the rows
	lines  [][]byte
	widths []int  // by column; one that is empty takes no room
	least  []int  // by column, of a table that is too wide: how narrow it may get
	kinds  []kind // by column
}

// row is a row of a table.
type row struct {
	shape
	from  int // its cells are fields[from:to]
	to    int
	cells []field // they, once all rows are read
}

// field is a cell of a table.
type field struct {
	at    int      // its first column
	span  int      // how many columns it takes
	align byte     // 'l', 'r', 'c', or 'a' for one that goes by its column
	lines [][]byte // without those that are empty
	wide  int      // that of the widest line; -1 is not known
}

// mostColumns is how many columns a table has at most. What is in others goes on in the last one.
const mostColumns = 100

// read reads what stands between the mark of a row and its end.
func (t *table) read(s shape, b []byte) {
	r := row{shape: s, from: len(t.fields)}
	next := bytes.Index(b, []byte(Cell))
	if next < 0 {
		next = len(b)
	}
	r.lead = joined(s.lead, Unmarked(b[:next]))
	for at := 0; next+4 <= len(b); {
		part := b[next+2:]
		if n := bytes.Index(part, []byte(Cell)); n >= 0 {
			part = part[:n]
		}
		next += 2 + len(part)
		if len(part) < 2 {
			continue
		}
		f := field{at: at, align: part[0], span: min(max(int(part[1])-'0', 1), mostColumns-at)}
		at += f.span
		from := len(t.lines)
		if f.span == 0 {
			f, t.fields = t.fields[len(t.fields)-1], t.fields[:len(t.fields)-1]
			from -= len(f.lines)
		}
		for line, rest := cellLine(part[2:]); ; line, rest = cellLine(rest) {
			if line = bytes.TrimSpace(Unmarked(line)); len(line) > 0 {
				t.lines = append(t.lines, line)
			}
			if rest == nil {
				break
			}
		}
		f.lines = t.lines[from:len(t.lines):len(t.lines)]
		t.fields = append(t.fields, f)
	}
	r.to = len(t.fields)
	t.rows = append(t.rows, r)
}

// simple reads the cells of a row that has nothing but its cells: no other marks, no line ends. It says no where
// there is anything else, and has read nothing then.
func (t *table) simple(s shape, b []byte) bool {
	from, lines := len(t.fields), len(t.lines)
	for at := 0; len(b) > 0; {
		if len(b) < 4 || b[0] != mark || b[1] != Cell[1] || b[2] == mark || b[3] == mark || at >= mostColumns {
			t.fields, t.lines = t.fields[:from], t.lines[:lines]
			return false
		}
		f := field{at: at, align: b[2], span: min(max(int(b[3])-'0', 1), mostColumns-at)}
		at += f.span
		part := b[4:]
		if n := bytes.IndexByte(part, mark); n >= 0 {
			part = part[:n]
		}
		b = b[4+len(part):]
		if part = bytes.TrimSpace(part); len(part) > 0 {
			t.lines = append(t.lines, part)
			f.lines = t.lines[len(t.lines)-1 : len(t.lines) : len(t.lines)]
		}
		t.fields = append(t.fields, f)
	}
	t.rows = append(t.rows, row{shape: s, from: from, to: len(t.fields)})
	return true
}

// cellLine returns the first line of a cell, and what comes after it; nil if there is nothing more.
func cellLine(text []byte) (line, rest []byte) {
	line, rest, found := bytes.Cut(text, []byte(Break))
	if !found {
		rest = nil
	}
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line, rest = line[:i], text[i+1:]
	}
	return line, rest
}

// between stands between two columns.
const between = 2

// table writes the rows that have been read.
func (l *layout) table() {
	if len(l.t.rows) == 0 {
		return
	}
	t := &l.t
	if t.measure(); len(t.widths) > 0 {
		first := t.rows[0]
		l.gap(first.quotes)
		l.last = first.quotes
		if t.squeeze(columns - len(first.lead) - first.quotes - 1) {
			from := len(l.b)
			for i, r := range t.rows {
				t.row(l, r)
				if r.kind == 'T' && i+1 < len(t.rows) && t.rows[i+1].kind != 'T' {
					t.rule(l, r)
				}
			}
			l.stuff(from, first.shape)
		} else {
			t.records(l)
		}
	}
	t.rows, t.fields, t.lines = t.rows[:0], t.fields[:0], t.lines[:0]
}

// stuff goes over the lines of a table. All of them are stuffed if one has to be, so that columns stay columns.
func (l *layout) stuff(from int, s shape) {
	need := false
	for line := range bytes.Lines(l.b[from:]) {
		need = need || stuffed(nil, line)
	}
	if !need && s.quotes == 0 && !s.right {
		return
	}
	made := bytes.Clone(l.b[from:])
	l.b = l.b[:from]
	for line := range bytes.Lines(made) {
		for range s.quotes {
			l.b = append(l.b, '>')
		}
		if need || s.quotes > 0 {
			l.b = append(l.b, ' ')
		}
		if s.right && !rightward(line) {
			l.b = append(l.b, rlm...)
		}
		l.b = append(l.b, line...)
	}
}

// measure finds out how wide the columns are.
func (t *table) measure() {
	n := 0
	for i := range t.rows {
		r := &t.rows[i]
		r.cells = t.fields[r.from:r.to]
		for _, f := range r.cells {
			n = max(n, f.at+f.span)
		}
	}
	t.widths, t.kinds = zeroed(t.widths, n), zeroed(t.kinds, n)
	t.count()
	for _, r := range t.rows {
		for k := range r.cells {
			f := &r.cells[k]
			if f.align == 'a' {
				f.align = 'l'
				if t.kinds[f.at+f.span-1].right() && (f.span == 1 || f.number()) {
					f.align = 'r'
				}
			}
			if f.wide = f.width(); f.span == 1 {
				t.widths[f.at] = max(t.widths[f.at], f.wide)
			}
		}
	}
	t.spread()
}

// zeroed is a slice of n zeros, in the memory of another.
func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// spread makes room for the cells that span columns.
func (t *table) spread() {
	for _, r := range t.rows {
		for _, f := range r.cells {
			if f.span == 1 {
				continue
			}
			if lack := f.wide - t.across(f.at, f.span); lack > 0 {
				last := f.at + f.span - 1
				for last > f.at && t.widths[last] == 0 {
					last--
				}
				t.widths[last] += lack
			}
		}
	}
}

// kind is what the cells of a column are, without its head.
type kind struct{ some, others bool }

// right says whether they are all numbers, or to the right by what their author says.
func (k kind) right() bool { return k.some && !k.others }

// count finds out what the cells of the columns are.
func (t *table) count() {
	heads := len(t.rows) > 2 && t.rows[0].kind != 'T' && t.rows[0].heads()
	for i, r := range t.rows {
		if r.kind == 'T' || i == 0 && heads {
			continue
		}
		for _, f := range r.cells {
			if len(f.lines) > 0 && f.span == 1 {
				k := &t.kinds[f.at]
				k.some = true
				k.others = k.others || f.align != 'r' && (f.align != 'a' || !f.number())
			}
		}
	}
}

// heads says whether a row may be one of heads that does not say so: nothing in it is a number.
func (r *row) heads() bool {
	for _, f := range r.cells {
		if f.number() {
			return false
		}
	}
	return true
}

// across is the room of so many columns.
func (t *table) across(at, n int) int {
	room := 0
	for _, w := range t.widths[at:min(at+n, len(t.widths))] {
		if w > 0 {
			room += w + between
		}
	}
	return max(room-between, 0)
}

// narrow is how narrow the column of a text gets before a table is written as records.
const narrow = 16

// squeeze makes a table fit by wrapping what is in its widest columns. It says no if that does not do.
func (t *table) squeeze(room int) bool {
	if t.across(0, len(t.widths)) <= room {
		return true
	}
	t.hold()
	for over := t.across(0, len(t.widths)) - room; over > 0; over = t.across(0, len(t.widths)) - room {
		widest, second := -1, narrow
		for c, w := range t.widths {
			if w > t.least[c] && (widest < 0 || w > t.widths[widest]) {
				widest = c
			}
		}
		if widest < 0 {
			return false
		}
		for c, w := range t.widths {
			if c != widest && w > t.least[c] && w > second {
				second = w
			}
		}
		t.widths[widest] = max(t.widths[widest]-over, second-1, t.least[widest])
	}
	for _, r := range t.rows {
		for k := range r.cells {
			if !r.cells[k].wrap(t.across(r.cells[k].at, r.cells[k].span)) {
				return false
			}
		}
	}
	return true
}

// mostHeld is how wide the widest thing is that a column is never narrower than: a line of an IBAN.
const mostHeld = 44

// hold finds out how narrow the columns may get: what is not divided fits into its column.
func (t *table) hold() {
	t.least = zeroed(t.least, len(t.widths))
	for c := range t.least {
		t.least[c] = narrow
	}
	for _, r := range t.rows {
		for _, f := range r.cells {
			if f.span > 1 {
				continue
			}
			for _, line := range f.lines {
				t.least[f.at] = max(t.least[f.at], widest(line, mostHeld))
			}
		}
	}
}

// wrap wraps the lines of a cell. It says no if a word does not fit.
func (f *field) wrap(room int) bool {
	if f.wide <= room {
		return true
	}
	var lines [][]byte
	for _, line := range f.lines {
		for len(line) > 0 {
			n, wide := fit(line, room, 0)
			if wide > room {
				return false
			}
			n = kept(line, n, room)
			lines = append(lines, bytes.TrimRight(line[:n], " "))
			line = bytes.TrimLeft(line[n:], " ")
		}
	}
	f.lines, f.wide = lines, -1
	return true
}

// row writes a row.
func (t *table) row(l *layout, r row) {
	height := 1
	for _, f := range r.cells {
		height = max(height, len(f.lines))
	}
	for i := range height {
		from := len(l.b)
		if i > 0 {
			r.lead = hanging(r.lead)
		}
		if l.b = append(l.b, r.lead...); i == 0 && r.right && numbered(r.lead) {
			l.b = append(l.b, rlm...)
		}
		empty := true
		for _, f := range r.cells {
			room := t.across(f.at, f.span)
			if room == 0 {
				continue
			}
			var line []byte
			if i < len(f.lines) {
				line = f.lines[i]
			}
			if !empty {
				l.blanks(between)
			}
			empty = false
			wide := f.wide
			if len(f.lines) > 1 || wide < 0 || i > 0 {
				wide = Width(line)
			}
			pad := max(room-wide, 0)
			before := 0
			switch f.align {
			case 'r':
				before = pad
			case 'c':
				before = pad / 2
			}
			l.blanks(before)
			l.b = append(l.b, line...)
			l.blanks(pad - before)
		}
		l.b = append(bytes.TrimRight(l.b, " "), '\n')
		if len(l.b) <= from+1 { // a row without anything
			l.b = l.b[:from]
		}
	}
}

// blanks writes n blanks.
func (l *layout) blanks(n int) {
	for ; n > len(indent); n -= len(indent) {
		l.b = append(l.b, indent...)
	}
	l.b = append(l.b, indent[:n]...)
}

// dashes is a part of the line under the heads.
const dashes = "--------------------------------"

// rule writes the line of dashes under the heads.
func (t *table) rule(l *layout, r row) {
	l.b = append(l.b, hanging(r.lead)...)
	first := true
	for _, w := range t.widths {
		if w == 0 {
			continue
		}
		if !first {
			l.blanks(between)
		}
		first = false
		for ; w > len(dashes); w -= len(dashes) {
			l.b = append(l.b, dashes...)
		}
		l.b = append(l.b, dashes[:w]...)
	}
	l.b = append(l.b, '\n')
}

func (f *field) width() int {
	w := 0
	for _, line := range f.lines {
		w = max(w, Width(line))
	}
	return w
}

// Number says whether the text of a cell is a number by the rule for the cells of tables.
func Number(text string) bool {
	f := field{lines: [][]byte{[]byte(text)}}
	return f.number()
}

// number says whether a cell is a number, with its currency or unit. 2026-11-22 is a date, A-17 a name, and +1 555 010
// 99 99 a telephone number.
func (f *field) number() bool {
	for _, line := range f.lines {
		digits, letters := 0, 0
		before := ' '
		for _, c := range string(line) {
			switch {
			case c >= '0' && c <= '9':
				digits++
			case c|0x20 >= 'a' && c|0x20 <= 'z':
				if letters++; letters > 4 {
					return false
				}
			case c == ' ' || c == '.' || c == ',':
			case unicode.IsDigit(c):
				digits++
			case unicode.IsLetter(c):
				letters++
			case c == '-' && (unicode.IsDigit(before) || unicode.IsLetter(before)):
				return false
			case unicode.In(c, unicode.Sc, unicode.Cf, unicode.Zs), strings.ContainsRune(".,'’+-−–%()~×٫٬*", c):
			default:
				return false
			}
			before = c
		}
		if digits == 0 || letters > 4 || line[0] == '+' && digits > 6 {
			return false
		}
	}
	return len(f.lines) > 0
}
