package recipients

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
)

// Rows yields the rows after the header, once. An error with a nil row is a fault of the list. The rows go on after
// it if the file allows that, so that all faults are shown at once, and end otherwise. The end of ctx ends them with
// its error. Every row belongs to the caller.
func (l *List) Rows(ctx context.Context) iter.Seq2[*Row, error] {
	return func(yield func(*Row, error) bool) {
		if l.ranged {
			yield(nil, errors.New("recipients: a list is read once"))
			return
		}
		l.ranged = true
		if q, ok := l.source.(*query); ok {
			defer context.AfterFunc(ctx, q.Cancel)()
		}
		var seen seenRows
		if l.rows(ctx, &seen, yield) {
			l.conclude(&seen, yield)
		}
	}
}

// seenRows is what was seen of the rows as a whole.
type seenRows struct {
	empty emptyRows
	long  bool // a row is longer than the header
}

// rows yields the rows, and reports whether the list was read to its end.
func (l *List) rows(ctx context.Context, seen *seenRows, yield func(*Row, error) bool) bool {
	for number := int64(0); ; {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		rec, err := l.source.next()
		if err == io.EOF {
			return true
		}
		if err != nil {
			if ctx.Err() != nil {
				err = ctx.Err()
			}
			var f *Fault
			if !yield(nil, err) || !errors.As(err, &f) || f.Final {
				return false
			}
			continue
		}
		if blank(rec) {
			seen.empty.add(l.source.place(rec.line))
			continue
		}
		seen.empty.within()
		if n := l.own(); len(rec.fields) != n {
			seen.long = seen.long || len(rec.fields) > n
			if !yield(nil, l.ragged(rec)) {
				return false
			}
			continue
		}
		number++
		rec = l.completed(rec)
		row := l.row(number, rec)
		if !row.Filtered && row.Invalid == "" {
			l.notes.look(row, l.cfg.Odd, func(i int) string { return l.cellPlace(rec, i) })
		}
		if !yield(row, nil) {
			return false
		}
	}
}

// conclude notes what is odd about the list as a whole, and takes its digest.
func (l *List) conclude(seen *seenRows, yield func(*Row, error) bool) {
	for _, s := range sheets(l.source) {
		if n, first := s.LeftOut(); n > 0 && l.cfg.Hidden == HiddenSkip {
			l.notes.add("", "", Fault{Code: "hidden-rows", Place: s.cfg.File + " " + first,
				Text: fault.Are(n, "row") + " hidden and left out, the first here"})
		}
		if f := s.mergedHeader(); f != nil && seen.long && !yield(nil, f) {
			return
		}
		s.note(&l.notes)
	}
	seen.empty.note(&l.notes)
	sum, err := l.source.sum()
	if err != nil {
		yield(nil, fault.File(l.cfg.File, err))
		return
	}
	l.digest = hex.EncodeToString(sum)
}

func (l *List) ragged(rec record) *Fault {
	return ragged(l.source.place(rec.line), rec, l.own())
}

// ragged is the fault of a record that does not have the n cells of the header.
func ragged(place string, rec record, n int) *Fault {
	f := &Fault{
		Code: "ragged-row", Place: place, Excerpt: fault.Excerpt(rec.raw),
		Text: fmt.Sprintf("%s, the header has %d", fault.Count(len(rec.fields), "cell"), n),
		Hint: "every row needs as many cells as the header; put quotes around a cell that holds the delimiter",
	}
	if whole := strings.TrimSpace(rec.raw); n > 1 && len(rec.fields) == 1 && len(whole) > 1 && whole[0] == '"' {
		f.Hint = `the whole line is in quotes: delete the one at its start and the one at its end, and write each "" ` +
			`between them as one`
	}
	if rec.cells != nil {
		f.Text = fmt.Sprintf("a cell beyond the header's last column (%d cells, the header has %d)", len(rec.fields), n)
		f.Hint = "give the column a header, or name the list's cells with range"
	}
	return f
}

// row makes a row of a record that has a field for every column.
func (l *List) row(number int64, rec record) *Row {
	h := &l.header
	r := &Row{Place: l.source.place(rec.line), Number: number, Fields: rec.fields, Faults: rec.faults, header: h}
	r.bind()
	var bad uint64 // columns with a cell of another type, as bits; columns from 63 on share the last bit
	for i, t := range l.types {
		if t == Text {
			continue
		}
		if r.values == nil {
			r.values = make([]any, len(rec.fields))
		}
		var c *value.Cell
		if rec.cells != nil {
			c = &rec.cells[i]
		}
		v, problem, hint := value.Read(t.kind(), rec.fields[i], c, l.locale)
		if problem != "" {
			bad |= 1 << min(i, 63)
			r.Faults = append(r.Faults, &Fault{
				Code: "bad-" + string(t), Place: l.cellPlace(rec, i),
				Text: fmt.Sprintf("%s: %s", h.Columns[i].Name, problem), Hint: hint,
			})
		}
		r.values[i] = v
	}
	if l.filter == nil || bad&l.filter.uses != 0 {
		return r
	}
	yes, err := l.filter.match(r)
	switch {
	case err != nil:
		err.Place = r.Place
		r.Faults = append(r.Faults, err)
	case !yes:
		// A row that is filtered out need not be right.
		r.Filtered, r.Faults, r.Invalid = true, nil, ""
	}
	return r
}

// blank reports whether every cell of a record is empty.
func blank(rec record) bool {
	if len(rec.faults) > 0 {
		return false
	}
	for _, f := range rec.fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return true
}

// emptyRows counts blank rows between other rows.
type emptyRows struct {
	place          string // of the first blank row
	pending, count int
}

func (e *emptyRows) add(place string) {
	if e.place == "" {
		e.place = place
	}
	e.pending++
}

// within says that another row follows the blank ones so far.
func (e *emptyRows) within() {
	e.count += e.pending
	e.pending = 0
}

func (e *emptyRows) note(n *notes) {
	if e.count > 0 {
		n.add("", "", Fault{Code: "empty-rows", Place: e.place,
			Text: fault.Are(e.count, "row") + " empty in the middle of the list and left out, the first here"})
	}
}
