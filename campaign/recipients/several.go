package recipients

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/value"
	"mailshot/internal/ellipsis"
)

// several reads some files in turn as one list. Each has the columns of the first, in any order. An extra column may
// say which file a row is from.
type several struct {
	files  []*List
	order  [][]int // by file, then by column of the list: the column of the file
	header *record
	column bool // the last column is the file's name
	at     int
}

// fileShift is the position of the file's number in a line of the list.
const fileShift = 40

func (s *several) split(line int64) (*List, int64) {
	return s.files[line>>fileShift], line & (1<<fileShift - 1)
}

func (s *several) place(line int64) string {
	f, line := s.split(line)
	return f.source.place(line)
}

// openSeveral opens all files and reads their headers.
func (l *List) openSeveral() error {
	if l.cfg.HeaderRow > 0 {
		// Each file has a header in that row. The list's own header is what they have in common.
		defer func() { l.cfg.HeaderRow = 0 }()
	}
	s := &several{column: l.cfg.FileColumn != ""}
	var names []string
	for i, name := range l.cfg.Files {
		cfg := l.cfg
		cfg.File, cfg.Files = name, nil
		f := &List{cfg: cfg}
		l.close = append(l.close, f.Close)
		if name == "-" {
			return &Fault{Code: "bad-file", Place: cfg.says("file"),
				Text: "standard input cannot be one of several files", Hint: "save it as a file first"}
		}
		if err := f.open(); err != nil {
			return err
		}
		rec, err := f.readHeader()
		if err != nil {
			return err
		}
		for _, g := range f.header.Guessed {
			l.header.Guessed = append(l.header.Guessed, name+": "+g)
		}
		own := make([]string, len(rec.fields))
		for k, field := range rec.fields {
			own[k] = columnName(field)
		}
		if i == 0 {
			names = own
			first := rec
			if s.column {
				first.fields = append(slices.Clone(rec.fields), l.cfg.FileColumn)
				first.cells = nil
			}
			s.header = &first
		}
		order, missing, more := folding.Match(names, own)
		if len(missing)+len(more) > 0 {
			text := ""
			if len(missing) > 0 {
				text = "the columns " + ellipsis.Cut(strings.Join(missing, ", "), 80) + " are missing"
			}
			if len(more) > 0 {
				text = strings.TrimPrefix(text+", and the columns "+ellipsis.Cut(strings.Join(more, ", "), 80)+
					" are not in the first file", ", and ")
			}
			return &Fault{Code: "other-columns", Place: f.source.place(rec.line), Text: text,
				Hint: "all files of a list have the columns of the first, " + l.cfg.Files[0] + ", in any order"}
		}
		s.files, s.order = append(s.files, f), append(s.order, order)
	}
	l.cfg.File = strings.Join(l.cfg.Files, ", ")
	l.source = s
	return nil
}

func (s *several) next() (record, error) {
	if s.header != nil {
		rec := *s.header
		s.header = nil
		return rec, nil
	}
	for s.at < len(s.files) {
		f, at := s.files[s.at], int64(s.at)<<fileShift
		rec, err := f.source.next()
		if err == io.EOF {
			s.at++
			continue
		}
		if err != nil {
			if wrong, ok := err.(*Fault); ok && wrong.Line > 0 {
				wrong.Line |= at
			}
			return rec, err
		}
		if blank(rec) {
			continue
		}
		if want := len(s.order[s.at]); len(rec.fields) != want {
			return rec, ragged(f.source.place(rec.line), rec, want)
		}
		return s.take(rec, at), nil
	}
	return record{}, io.EOF
}

// take puts a file's record into the order of the list's columns.
func (s *several) take(rec record, at int64) record {
	order := s.order[s.at]
	out := record{line: rec.line | at, raw: rec.raw, faults: rec.faults,
		fields: make([]string, len(order), len(order)+1)}
	for i, k := range order {
		out.fields[i] = rec.fields[k]
	}
	if rec.cells != nil {
		out.cells = make([]value.Cell, len(order), len(order)+1)
		for i, k := range order {
			out.cells[i] = rec.cells[k]
		}
	}
	if s.column {
		out.fields = append(out.fields, s.files[s.at].cfg.File)
		if out.cells != nil {
			out.cells = append(out.cells, value.Cell{})
		}
	}
	return out
}

// sum returns the digest of the files' digests.
func (s *several) sum() ([]byte, error) {
	h := sha256.New()
	for _, f := range s.files {
		sum, err := f.source.sum()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.cfg.File, err)
		}
		h.Write(sum)
	}
	return h.Sum(nil), nil
}

// sheets returns the sheets that a source reads.
func sheets(s source) (all []*sheet) {
	switch s := s.(type) {
	case *sheet:
		return []*sheet{s}
	case *several:
		for _, f := range s.files {
			all = append(all, sheets(f.source)...)
		}
	}
	return all
}

// keepKeys says to sheets which column holds the keys.
func (l *List) keepKeys() {
	switch s := l.source.(type) {
	case *sheet:
		if l.header.Key >= 0 {
			s.Keys(l.header.Key)
		}
	case *several:
		for i, f := range s.files {
			if sheet, ok := f.source.(*sheet); ok && l.header.Key >= 0 && l.header.Key < len(s.order[i]) {
				sheet.Keys(s.order[i][l.header.Key])
			}
		}
	}
}

// cellPlace names a cell, or its row where cells do not have names.
func (l *List) cellPlace(rec record, i int) string {
	from := l.source
	if s, ok := from.(*several); ok {
		f, _ := s.split(rec.line)
		from = f.source
	}
	if s, ok := from.(*sheet); ok && rec.cells != nil && rec.cells[i].Row > 0 {
		return s.cfg.File + " " + s.CellPlace(rec.cells[i].Column, rec.cells[i].Row)
	}
	return l.source.place(rec.line)
}
