package workbook

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
	"mailshot/campaign/recipients/workbook/numfmt"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// The limits of a sheet, which are Excel's own.
const (
	MaxRows    = 1 << 20
	MaxColumns = 1 << 14
)

// Config says which part of a workbook is read. The zero value is all of the first visible sheet.
type Config struct {
	Sheet  string // name of the sheet; default the first visible one
	Range  string // A3:F200, A:F, or the name of a range or table; default the whole sheet
	Hidden Hidden // what to do with hidden rows; default Ask
	Locale string // BCP 47 name of the reader's locale; default none: 1,234.50 and 2026-11-30
}

// Hidden says what to do with rows that a sheet hides, by hand or by a filter.
type Hidden string

// The choices for hidden rows.
const (
	Ask     Hidden = "ask"     // an error at the end, so that somebody decides; the same as ""
	Include Hidden = "include" // they are rows like any other
	Skip    Hidden = "skip"    // they are left out; see Sheet.LeftOut
)

// Row is one row of a sheet that has cells. It belongs to the caller.
type Row struct {
	Number int          // from 1
	Texts  []string     // as a person sees them, by column of the list
	Cells  []value.Cell // what is stored behind them
	Errors []*Error     // cells that cannot be read
}

// Sheet streams the rows of one sheet. It is not safe for concurrent use.
//
// excelize is not used for reading. Its stream drops errors in the XML, so that a broken sheet becomes a shorter
// list, and it does not tell the type or the format of a cell without holding the whole sheet. Here every token is
// checked to the end of the document, and then the zip's checksum.
type Sheet struct {
	book  *Book
	cfg   Config
	title string
	of    int // number of visible sheets to choose from, 1 if the sheet was named

	unnamed bool // nobody named the sheet
	part    io.ReadCloser
	xml     *strictxml.Scanner

	shared texts
	styles *styles

	area  area
	first int   // index of the first column that is read
	width int   // number of the header's columns; 0 before Header
	kept  []int // places of the header's columns that are not only space; nil for all
	keys  int   // index of the column that is read without a locale, -1 for none
	row   int   // number of the last row

	headerRow         int // number of the header's row; 0 before Header
	lastFound         int // number of the last row with cells
	gapRows, firstGap int // rows without cells between others: how many, and the first
	unseen            int // hidden rows without cells after lastFound
	merges            []area
	conditions        []area // cells that conditional formatting may give another number format

	hidden                  Hidden
	hiddenRows, firstHidden int // rows that were left out: how many, and the first

	data bool

	clock           *stopwatch
	cellsRead, most int // cells so far, and the limit

	value, inline []byte // of the last cell; their memory is used again
}

// Name is the name of the sheet.
func (s *Sheet) Name() string { return s.title }

// FirstOf is the number of visible sheets, of which this is the first, if Config does not name a sheet.
func (s *Sheet) FirstOf() int { return s.of }

// CellPlace names a cell: November!C17.
func (s *Sheet) CellPlace(column, row int) string {
	return s.title + "!" + Letters(column) + strconv.Itoa(row)
}

// place names a row: November!17.
func (s *Sheet) place(row int) string {
	return s.title + "!" + strconv.Itoa(row)
}

// Close closes the sheet, but not what the workbook is read from.
func (s *Sheet) Close() error {
	if s.part == nil {
		return nil
	}
	return s.part.Close()
}

// Sheet opens a sheet before its first row. The caller must close it. The error is an [*Error].
func (b *Book) Sheet(cfg Config) (*Sheet, error) {
	b.clock.start()
	defer b.clock.stop()
	cells, title, err := b.area(cfg)
	if err != nil {
		return nil, err
	}
	entry, of, err := b.choose(title)
	if err != nil {
		return nil, err
	}
	s := &Sheet{book: b, cfg: cfg, title: entry.name, of: of, unnamed: title == "", styles: b.styles, hidden: cfg.Hidden, area: cells, clock: b.clock,
		most: maxCells, keys: -1}
	if cfg.Locale != "" {
		s.styles.locale, _ = numfmt.NewLocale(cfg.Locale) // an unknown one shows what every reader understands
	}
	if s.hidden == "" {
		s.hidden = Ask
	}
	s.first = s.area.left
	if s.shared, err = b.sharedStrings(); err != nil {
		return nil, err
	}
	if s.part, err = b.openSheet(entry); err != nil {
		return nil, err
	}
	s.xml = strictxml.New(s.part)
	return s, nil
}

// Localized reports whether the sheet's numbers and dates are shown as a locale's readers see them, and otherwise than
// without a locale.
func (s *Sheet) Localized() bool { return s.styles.locale != nil }

// Keys names a column of the header whose cells are shown without a locale, so that a person is known by the same key
// to every reader.
func (s *Sheet) Keys(column int) {
	if s.kept != nil {
		column = s.kept[column]
	}
	s.keys = s.first + column
}

// broken is the error of a sheet that cannot be read on. What follows is unknown, so the list ends with it.
func (s *Sheet) broken(err error) *Error {
	place := s.title
	if s.row > 0 {
		place = s.place(s.row)
	}
	var f *Error
	if errors.As(err, &f) {
		if f.Place != "" {
			return f
		}
		return &Error{Code: f.Code, Place: place, Text: f.Text, Hint: f.Hint, Final: true}
	}
	return &Error{
		Code: "broken-sheet", Place: place, Text: "the sheet is broken from here on: " + plainXML(err),
		Hint: "open it in Excel, repair it and save it again", Final: true,
	}
}

// plainXML is the text of an error without the names of packages.
func plainXML(err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it is cut off"
	case errors.Is(err, zip.ErrChecksum):
		return "its checksum is wrong"
	}
	return err.Error()
}

// Next returns the next row that has cells in the list's part of the sheet. io.EOF comes after the last row. Any
// other error is an [*Error], and final.
func (s *Sheet) Next() (Row, error) {
	s.clock.start()
	defer s.clock.stop()
	for {
		rec, found, err := s.readRow()
		if err == io.EOF {
			return rec, err
		}
		if err != nil {
			return rec, s.broken(err)
		}
		if found {
			return s.withoutSpacers(rec), nil
		}
	}
}

// readRow reads to the end of the next row element.
func (s *Sheet) readRow() (rec Row, found bool, err error) {
	for {
		t, err := s.xml.Next()
		if err != nil {
			if err == io.EOF && !s.data {
				return rec, false, errors.New("it holds no cells")
			}
			if f := s.ask(); err == io.EOF && f != nil {
				s.hiddenRows = 0 // ask only once
				return rec, false, f
			}
			return rec, false, err
		}
		if t.Kind != strictxml.StartTag {
			continue
		}
		switch t.Name {
		case "worksheet", "sheetData":
			s.data = s.data || t.Name == "sheetData"
			if s.xml.Depth() == 1 && t.Name != "worksheet" {
				return rec, false, errors.New("it is not a worksheet")
			}
		case "conditionalFormatting":
			if err := s.conditional(t); err != nil {
				return rec, false, err
			}
		case "mergeCells", "extLst", "ext", "conditionalFormattings":
		case "mergeCell":
			s.merge(t.Attr("ref"))
		case "row":
			if !s.data {
				return rec, false, errors.New("a row outside the cells")
			}
			return s.cells(t)
		default:
			if s.xml.Depth() == 1 {
				return rec, false, fmt.Errorf("it begins with %s, not as a worksheet", fault.Quote(t.Name))
			}
			if err := s.xml.Skip(); err != nil {
				return rec, false, err
			}
		}
	}
}

// cells reads a row after its start tag.
func (s *Sheet) cells(start *strictxml.Token) (rec Row, found bool, err error) {
	if err := s.startRow(start); err != nil {
		return rec, false, err
	}
	number := s.row
	inside := s.area.holds(number)
	hidden := s.width > 0 && yes(start.Attr("hidden"))
	rec = Row{Number: number, Cells: []value.Cell{}}
	stored, column := 0, -1
	for {
		t, err := s.xml.Next()
		if err != nil {
			return rec, false, cutOff(err)
		}
		switch {
		case t.Kind == strictxml.EndTag:
			s.cellsRead += max(stored, len(rec.Texts))
			return rec, s.endRow(found, hidden), nil
		case t.Kind != strictxml.StartTag:
			continue
		case t.Name != "c":
			if err := s.xml.Skip(); err != nil {
				return rec, false, err
			}
			continue
		}
		if stored++; s.cellsRead+stored > s.most {
			return rec, false, &Error{Code: "bomb", Text: "it holds more than " + fault.Count(s.most, "cell"),
				Hint: "no list needs that much; if yours does, save it as CSV"}
		}
		if column, err = cellColumn(t, column, number); err != nil {
			return rec, false, err
		}
		text, c, wrong, err := s.cell(t, column)
		if err != nil {
			return rec, false, err
		}
		if !inside || column < s.area.left || column > s.area.right || text == "" && wrong == nil {
			continue
		}
		if rec.Texts == nil {
			s.widen(&rec, s.width)
		}
		found = found || wrong != nil || strings.TrimSpace(text) != ""
		if wrong != nil {
			rec.Errors = append(rec.Errors, wrong)
		}
		s.put(&rec, column-s.first, text, c)
	}
}

// startRow takes the number of a row: the one it has, or else the next.
func (s *Sheet) startRow(start *strictxml.Token) (err error) {
	number := s.row + 1
	if r := start.Attr("r"); len(r) > 0 {
		if number, err = strconv.Atoi(string(r)); err != nil {
			return fmt.Errorf("row number %s", fault.Quote(string(r)))
		}
	}
	if number <= s.row {
		return fmt.Errorf("row %d comes after row %d", number, s.row)
	}
	if number > MaxRows {
		return fmt.Errorf("row number %d, where a sheet ends at %d", number, MaxRows)
	}
	s.row = number
	if s.clock.over() { // few unpacked bytes can make much work
		return s.clock.fault()
	}
	return nil
}

// cellColumn is the column of a cell: the one it names, or else the next.
func cellColumn(start *strictxml.Token, last, row int) (column int, err error) {
	column = last + 1
	if ref := start.Attr("r"); len(ref) > 0 {
		c, r, ok := parseRef(ref)
		if !ok || r != row {
			return 0, fmt.Errorf("cell %s in row %d", fault.Quote(string(ref)), row)
		}
		if c < column {
			return 0, fmt.Errorf("cell %s comes after %s", fault.Quote(string(ref)),
				fault.Quote(Letters(column-1)+strconv.Itoa(row)))
		}
		column = c
	}
	if column >= MaxColumns {
		return 0, fmt.Errorf("column %d, where a sheet ends at %d", column+1, MaxColumns)
	}
	return column, nil
}

// endRow counts a row at its end, and reports whether it is part of the list; found says that it has cells.
func (s *Sheet) endRow(found, hidden bool) bool {
	if found {
		s.see(s.row)
	} else if hidden {
		s.unseen++ // an empty hidden row does not make a gap
	}
	if hidden && found && s.hidden != Include {
		if s.hiddenRows++; s.firstHidden == 0 {
			s.firstHidden = s.row
		}
		return false
	}
	return found
}

// see counts the rows without cells between the last row with cells and this one.
func (s *Sheet) see(number int) {
	if gap := number - s.lastFound - 1 - s.unseen; gap > 0 && s.width > 0 {
		if s.gapRows += gap; s.firstGap == 0 {
			s.firstGap = s.lastFound + 1
		}
	}
	s.lastFound, s.unseen = number, 0
}

// yes parses a boolean of XML Schema.
func yes(v []byte) bool { return string(v) == "1" || string(v) == "true" || string(v) == "on" }

// ask is the error of a sheet with hidden rows, if nobody decided what to do with them.
func (s *Sheet) ask() *Error {
	if s.hiddenRows == 0 || s.hidden != Ask {
		return nil
	}
	return &Error{
		Code: "hidden-rows", Place: s.place(s.firstHidden),
		Text: fmt.Sprintf("%s hidden, by hand or by a filter, the first here", fault.Are(s.hiddenRows, "row")),
		Hint: "say in recipients whether they are part of the list: hidden: include, or hidden: skip", Final: true,
	}
}

// put sets a field, and widens the row for a cell beyond its last.
func (s *Sheet) put(rec *Row, i int, text string, c value.Cell) {
	if i < 0 {
		// A cell left of the header's first column cannot keep its place in the row.
		if strings.TrimSpace(text) == "" {
			return
		}
		rec.Errors = append(rec.Errors, &Error{
			Code: "ragged-row", Place: s.CellPlace(c.Column, c.Row), Text: "a cell before the header's first column",
			Hint: "give the column a header, or name the list's cells with range",
		})
		return
	}
	if i >= len(rec.Texts) {
		if strings.TrimSpace(text) == "" {
			return
		}
		s.widen(rec, i+1)
	}
	rec.Texts[i], rec.Cells[i] = text, c
}

// widen adds empty cells to a row, up to a width.
func (s *Sheet) widen(rec *Row, width int) {
	rec.Texts = append(rec.Texts, make([]string, width-len(rec.Texts))...)
	rec.Cells = slices.Grow(rec.Cells, width-len(rec.Cells))
	for k := len(rec.Cells); k < width; k++ {
		rec.Cells = append(rec.Cells, value.Cell{Column: s.first + k, Row: rec.Number})
	}
}

// Header fixes the columns by the row that names them: from its first cell to its last, or as the range says. It
// returns that row with just these columns, those aside that are only space. The rows after it have the same ones.
func (s *Sheet) Header(rec Row) Row {
	if s.area.right == MaxColumns-1 && s.area.left == 0 {
		n := 0
		for n < len(rec.Texts) && strings.TrimSpace(rec.Texts[n]) == "" {
			n++
		}
		s.first += n
		rec.Texts, rec.Cells = rec.Texts[n:], rec.Cells[n:]
	}
	if s.area.right < MaxColumns-1 {
		s.widen(&rec, max(len(rec.Texts), s.area.right-s.area.left+1))
	}
	s.width, s.headerRow, s.lastFound, s.unseen = len(rec.Texts), rec.Number, rec.Number, 0
	s.dropSpacers(rec)
	return s.withoutSpacers(rec)
}

// cutOff turns an end of the file that comes too early into an error.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
