package flowed

import "bytes"

// records writes a table that is too wide: each row as lines of its own, each cell after the heads of its column.
func (t *table) records(l *layout) {
	heads := make([][]byte, len(t.widths))
	lead := t.rows[0].lead
	first, below := true, false // below: a row has been written below the heads
	for i, r := range t.rows {
		if r.kind == 'T' {
			if below {
				clear(heads)
				below = false
			}
			if !t.titles(r) && t.goesOn(i) {
				t.head(heads, r)
				continue
			}
		}
		if !first {
			l.empty = true
			l.gap(r.quotes)
		}
		first = false
		below = below || r.kind != 'T'
		for _, f := range r.cells {
			if len(f.lines) == 0 {
				continue
			}
			line := bytes.Join(f.lines, []byte(" "))
			if head := heads[f.at]; len(head) > 0 && r.kind != 'T' {
				line = bytes.Join([][]byte{head, line}, []byte(": "))
			}
			s := r.shape
			s.kind, s.lead = 0, lead
			l.flow(s, line)
			lead = hanging(lead)
		}
	}
}

// titles says whether a row is a title of the whole table rather than heads of its columns.
func (t *table) titles(r row) bool {
	for _, f := range r.cells {
		if len(f.lines) > 0 {
			return f.at == 0 && f.span > 1 && f.span == len(t.widths)
		}
	}
	return false
}

// goesOn says whether there are rows that are not of heads after row i.
func (t *table) goesOn(i int) bool {
	for _, r := range t.rows[i+1:] {
		if r.kind != 'T' {
			return true
		}
	}
	return false
}

// head adds a row of heads to those of the columns.
func (t *table) head(heads [][]byte, r row) {
	for _, f := range r.cells {
		text := bytes.Join(f.lines, []byte(" "))
		for c := f.at; c < f.at+f.span && len(text) > 0; c++ {
			if heads[c] != nil {
				heads[c] = append(append(heads[c][:len(heads[c]):len(heads[c])], ' '), text...)
			} else {
				heads[c] = text
			}
		}
	}
}
