package report

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/xuri/excelize/v2"
)

// sheetRows is how many rows of data one sheet takes; Excel's limit is 1,048,576 with the header.
const sheetRows = 1_000_000

// cellChars is Excel's limit of characters in a cell; longer text is cut there.
const cellChars = 32_767

// WriteXLSX writes a workbook: the sheet "Results" (and "Results 2"… above a million rows) with the columns of
// WriteCSV, then "Summary". Results is the first, so that a list reads it. Every text is a text cell, and defused, so
// that it stays text when somebody edits the cell or saves it as CSV. rows is streamed; its first error ends the
// writing and is returned.
func WriteXLSX(w io.Writer, s Summary, rows iter.Seq2[Row, error]) error {
	return writeXLSX(w, s, rows, sheetRows)
}

func writeXLSX(w io.Writer, s Summary, rows iter.Seq2[Row, error], perSheet int) error {
	return writeWorkbook(w, func(f *excelize.File) error {
		styles, err := newStyles(f, excelize.Style{Font: &excelize.Font{Bold: true}}, dateStyle())
		if err != nil {
			return err
		}
		bold, date := styles[0], styles[1]
		results := &sheets{f: f, name: "Results", first: true, width: 20, head: styled(bold, s.columns()), perSheet: perSheet}
		if err := results.begin(); err != nil {
			return err
		}
		for r, err := range rows {
			if err != nil {
				return err
			}
			cells := r.cells(s)
			for i, v := range cells {
				switch v := v.(type) {
				case time.Time:
					cells[i] = excelize.Cell{StyleID: date, Value: v.UTC()}
				case string:
					cells[i] = cut(v, cellChars)
				}
			}
			if err := results.row(cells); err != nil {
				return err
			}
		}
		if err := results.end(); err != nil {
			return err
		}
		return s.writeSheet(f, bold)
	})
}

// writeSheet writes the summary on the workbook's last sheet.
func (s Summary) writeSheet(f *excelize.File, bold int) error {
	if _, err := f.NewSheet("Summary"); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter("Summary")
	if err != nil {
		return err
	}
	if err := sw.SetColWidth(1, 3, 24); err != nil {
		return err
	}
	lines := [][]any{
		{excelize.Cell{StyleID: bold, Value: "campaign"}, Defuse(s.Campaign)},
		{excelize.Cell{StyleID: bold, Value: "rows"}, s.Rows},
	}
	for _, c := range s.Counts {
		lines = append(lines, []any{c.State, c.N, meaning(c.State)})
	}
	if s.Returned > 0 {
		lines = append(lines, []any{"returned", s.Returned, "rows about which something came back"})
	}
	if s.Left > 0 {
		lines = append(lines, []any{"left", s.Left, "unsubscribed by a token of this campaign"})
	}
	for i, l := range lines {
		if err := sw.SetRow(fmt.Sprintf("A%d", i+1), l); err != nil {
			return err
		}
	}
	return sw.Flush()
}

// writeWorkbook writes a new workbook after fill has filled it. At first it has an empty sheet "Sheet1".
func writeWorkbook(w io.Writer, fill func(*excelize.File) error) (err error) {
	f := excelize.NewFile()
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	if err := fill(f); err != nil {
		return err
	}
	return f.Write(w)
}

// newStyles adds styles to a workbook and returns their numbers in it.
func newStyles(f *excelize.File, styles ...excelize.Style) ([]int, error) {
	ids := make([]int, len(styles))
	for i := range styles {
		var err error
		if ids[i], err = f.NewStyle(&styles[i]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// dateStyle shows a time to the second.
func dateStyle() excelize.Style {
	format := "yyyy-mm-dd hh:mm:ss"
	return excelize.Style{CustomNumFmt: &format}
}

// styled are text cells in a style, cut to Excel's limit.
func styled(style int, texts []string) []any {
	cells := make([]any, len(texts))
	for i, s := range texts {
		cells[i] = excelize.Cell{StyleID: style, Value: cut(s, cellChars)}
	}
	return cells
}

// sheets is a table over as many sheets of a workbook as it needs. Each sheet begins with the head, which stays in
// sight.
type sheets struct {
	f        *excelize.File
	name     string  // of the first sheet; the others are "NAME 2", "NAME 3"…
	first    bool    // it is the workbook's first, so that it takes the place of "Sheet1"
	width    float64 // of the columns after the first; 0: Excel's
	head     []any
	perSheet int // rows of data

	sw   *excelize.StreamWriter
	n    int // sheets begun
	line int // of the sheet, the last one written
}

// begin begins the next sheet.
func (s *sheets) begin() error {
	if s.sw != nil {
		if err := s.sw.Flush(); err != nil {
			return err
		}
	}
	s.n++
	name := s.name
	if s.n > 1 {
		name = fmt.Sprintf("%s %d", s.name, s.n)
	}
	var err error
	if s.n == 1 && s.first {
		err = s.f.SetSheetName("Sheet1", name)
	} else {
		_, err = s.f.NewSheet(name)
	}
	if err != nil {
		return err
	}
	if s.sw, err = s.f.NewStreamWriter(name); err != nil {
		return err
	}
	if s.width > 0 {
		if err := s.sw.SetColWidth(2, len(s.head), s.width); err != nil {
			return err
		}
	}
	top := excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}
	if err := s.sw.SetPanes(&top); err != nil {
		return err
	}
	s.line = 0
	return s.put(s.head)
}

// row writes a row of data, on a new sheet if the current one is full.
func (s *sheets) row(cells []any) error {
	if s.line > s.perSheet {
		if err := s.begin(); err != nil {
			return err
		}
	}
	return s.put(cells)
}

func (s *sheets) put(cells []any) error {
	s.line++
	return s.sw.SetRow(fmt.Sprintf("A%d", s.line), cells)
}

// end ends the last sheet.
func (s *sheets) end() error { return s.sw.Flush() }

// cut shortens text to at most n UTF-16 units, as Excel counts.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}
