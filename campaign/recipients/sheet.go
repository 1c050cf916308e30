package recipients

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/workbook"
)

// sheet is a source of the rows of a workbook's sheet. It adds the file's name to the places of the workbook's
// errors.
type sheet struct {
	*workbook.Sheet
	file *os.File
	cfg  Config
}

// openSheet opens a workbook and its sheet.
func (l *List) openSheet(f *os.File) error {
	for _, set := range []struct{ key, what string }{{"delimiter", "a delimiter"}, {"encoding", "an encoding"}} {
		if set.key == "delimiter" && l.cfg.Delimiter != 0 || set.key == "encoding" && l.cfg.Encoding != "" {
			return &Fault{Code: "bad-" + set.key, Place: l.cfg.says(set.key),
				Text: set.what + " is set, but " + l.cfg.File + " is an Excel workbook", Hint: "delete it"}
		}
	}
	info, err := f.Stat()
	if err != nil {
		return fault.File(l.cfg.File, err)
	}
	s := &sheet{file: f, cfg: l.cfg}
	book, err := workbook.Open(f, info.Size())
	if err != nil {
		return s.placed(err)
	}
	locale, by := cmp.Or(l.cfg.Locale, l.cfg.Language), ""
	if l.cfg.Locale == "" {
		by = " (the body's language)"
	}
	s.Sheet, err = book.Sheet(workbook.Config{Sheet: l.cfg.Sheet, Range: l.cfg.Range,
		Hidden: workbook.Hidden(l.cfg.Hidden), Locale: locale})
	if err != nil {
		return s.placed(err)
	}
	if s.Localized() {
		l.header.Guessed = append(l.header.Guessed, "numbers and dates of the sheet: as readers of "+locale+by+
			" see them")
	}
	if n := s.FirstOf(); n > 1 {
		l.header.Guessed = append(l.header.Guessed, fmt.Sprintf("sheet: %q, the first of %d", s.Name(), n))
	}
	l.close = append(l.close, s.Close)
	l.source = s
	return nil
}

// placed turns an error of the workbook into a fault with its place: customers.xlsx November!C17.
func (s *sheet) placed(err error) error {
	var e *workbook.Error
	if !errors.As(err, &e) {
		return err
	}
	return s.fault(e)
}

func (s *sheet) fault(e *workbook.Error) *Fault {
	f := &Fault{Code: e.Code, Place: s.cfg.File, Text: e.Text, Hint: e.Hint, Final: e.Final}
	switch {
	case e.Code == workbook.BadRange:
		f.Place = s.cfg.says("range")
	case e.Place != "":
		f.Place += " " + e.Place
	}
	return f
}

func (s *sheet) next() (record, error) {
	row, err := s.Next()
	if err != nil {
		return record{}, s.placed(err)
	}
	return s.record(row), nil
}

func (s *sheet) record(row workbook.Row) record {
	rec := record{line: int64(row.Number), fields: row.Texts, cells: row.Cells}
	for _, e := range row.Errors {
		rec.faults = append(rec.faults, s.fault(e))
	}
	return rec
}

// place names a row: customers.xlsx November!17.
func (s *sheet) place(line int64) string {
	return s.cfg.File + " " + s.Name() + "!" + strconv.FormatInt(line, 10)
}

func (s *sheet) sum() ([]byte, error) {
	h := sha256.New()
	info, err := s.file.Stat()
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(h, io.NewSectionReader(s.file, 0, info.Size()))
	return h.Sum(nil), err
}

// header fixes the columns by the header's record. The rows after it have just these columns.
func (s *sheet) header(rec record) record {
	row := s.Header(workbook.Row{Number: int(rec.line), Texts: rec.fields, Cells: rec.cells})
	rec.fields, rec.cells = row.Texts, row.Cells
	return rec
}

// mergedHeader is the fault of a header in which one name spans several columns, nil if there is none.
func (s *sheet) mergedHeader() *Fault {
	if e := s.MergedHeader(); e != nil {
		return s.fault(e)
	}
	return nil
}

// covered returns a test whether the fault of a merged header explains another fault better: the column has no name
// because the name spans several columns.
func (s *sheet) covered() func(*Fault) bool {
	places := s.Covered()
	return func(f *Fault) bool {
		return f.Code == "empty-header" && places[strings.TrimPrefix(f.Place, s.cfg.File+" ")]
	}
}

// note notes what is odd about the sheet as a whole, after its last row.
func (s *sheet) note(n *notes) {
	for _, e := range s.Notes() {
		n.add("", s.place(0), *s.fault(e))
	}
}

// merged adds the fault of a merged header to the mistakes of a header, and removes those that it explains: a column
// seems to have no name, but a person who looks at the sheet sees one. It reads the sheet to its end, so that no rows
// follow.
func (l *List) merged(err error) error {
	s, ok := l.source.(*sheet)
	if !ok || s.Rest() != nil {
		return err
	}
	f := s.mergedHeader()
	if f == nil {
		return err
	}
	return withMerged(f, err, s)
}

// withMerged is err with f, and without what f explains better.
func withMerged(f *Fault, err error, s *sheet) error {
	all := []error{f}
	faults := []error{err}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		faults = several.Unwrap()
	}
	covered := s.covered()
	for _, one := range faults {
		if other, ok := one.(*Fault); !ok || !covered(other) {
			all = append(all, one)
		}
	}
	return errors.Join(all...)
}
