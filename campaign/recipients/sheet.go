package recipients

import (
	"archive/zip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/value"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// Limits of a workbook. The first two are Excel's own.
const (
	maxRows    = 1 << 20
	maxColumns = 1 << 14
)

// sheet reads one sheet of a workbook (ECMA-376, SpreadsheetML) as a stream.
//
// excelize is not used for reading: its stream drops errors of the XML, so that a broken sheet is a shorter list, and it
// tells neither the type nor the format of a cell without holding the whole sheet. Here every token is checked to the end
// of the document, and the zip's checksum after it.
type sheet struct {
	file  *os.File
	name  string // of the file, as named in the campaign
	title string // of the sheet
	part  io.ReadCloser
	xml   *strictxml.Scanner

	shared []string
	styles *styles

	area  area
	first int // index of the first column that is read
	width int // columns of the header; 0 before it is read
	row   int // the last row's number

	headerRow         int // the row of the header; 0 before it is read
	lastFound         int // the last row with cells
	gapRows, firstGap int // rows without cells between others
	unseen            int // hidden rows without cells after lastFound
	merges            []area

	hidden                  string // what to do with hidden rows: HiddenAsk, …
	hiddenRows, firstHidden int    // of those left out

	data bool

	clock           *stopwatch
	cellsRead, most int // cells so far, and the limit

	value, inline []byte // of the last cell, for their room
}

// at names a cell: customers.xlsx November!C17.
func (s *sheet) at(column, row int) string {
	return s.name + " " + s.title + "!" + letters(column) + strconv.Itoa(row)
}

// place names a row: customers.xlsx November!17.
func (s *sheet) place(row int64) string {
	return s.name + " " + s.title + "!" + strconv.FormatInt(row, 10)
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

func (s *sheet) close() error {
	if s.part == nil {
		return nil
	}
	return s.part.Close()
}

// newSheet opens the workbook in f, finds the sheet and stands before its first row.
func newSheet(cfg Config, f *os.File, h *Header) (*sheet, error) {
	b, err := openWorkbook(cfg.File, f)
	if err != nil {
		return nil, err
	}
	b.clock.start()
	defer b.clock.stop()
	cells, title, err := b.area(cfg)
	if err != nil {
		return nil, err
	}
	entry, guess, err := b.choose(title)
	if err != nil {
		return nil, err
	}
	if guess != "" {
		h.Guessed = append(h.Guessed, guess)
	}
	s := &sheet{file: f, name: cfg.File, title: entry.name, styles: b.styles, hidden: cfg.Hidden, area: cells, clock: b.clock, most: maxCells}
	s.first = s.area.left
	if s.shared, err = b.sharedStrings(); err != nil {
		return nil, err
	}
	if s.part, err = b.open(entry.path, maxSheet); err != nil {
		return nil, err
	}
	s.xml = strictxml.New(s.part)
	return s, nil
}

// broken is a sheet that cannot be read on: what follows is unknown, so the list ends with an error.
func (s *sheet) broken(err error) *Fault {
	place := s.name + " " + s.title
	if s.row > 0 {
		place = s.place(int64(s.row))
	}
	var f *Fault
	if errors.As(err, &f) {
		if f.Place != "" {
			return f
		}
		return &Fault{Code: f.Code, Place: place, Text: f.Text, Hint: f.Hint, Final: true}
	}
	return &Fault{
		Code: "broken-sheet", Place: place, Text: "the sheet is broken from here on: " + plainXML(err),
		Hint: "open it in Excel, repair it and save it again", Final: true,
	}
}

// plainXML is what is wrong, without the names of packages.
func plainXML(err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it is cut off"
	case errors.Is(err, zip.ErrChecksum):
		return "its checksum is wrong"
	}
	return err.Error()
}

// next returns the next row that has cells in the area.
func (s *sheet) next() (record, error) {
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
			return rec, nil
		}
	}
}

// readRow reads to the end of the next row element.
func (s *sheet) readRow() (rec record, found bool, err error) {
	for {
		t, err := s.xml.Next()
		if err != nil {
			if err == io.EOF && !s.data {
				return rec, false, errors.New("it holds no cells")
			}
			if f := s.ask(); err == io.EOF && f != nil {
				s.hiddenRows = 0 // asked once
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
		case "mergeCells":
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

// cells reads a row whose start tag was read.
func (s *sheet) cells(start *strictxml.Token) (rec record, found bool, err error) {
	number := s.row + 1
	if r := start.Attr("r"); len(r) > 0 {
		if number, err = strconv.Atoi(string(r)); err != nil {
			return rec, false, fmt.Errorf("row number %s", fault.Quote(string(r)))
		}
	}
	if number <= s.row {
		return rec, false, fmt.Errorf("row %d comes after row %d", number, s.row)
	}
	if number > maxRows {
		return rec, false, fmt.Errorf("row number %d, where a sheet ends at %d", number, maxRows)
	}
	s.row = number
	if s.clock.over() { // what is unpacked may be little, and what is made of it much
		return rec, false, s.clock.fault()
	}
	inside := s.area.holds(number)
	hidden := s.width > 0 && yes(start.Attr("hidden"))
	rec = record{line: int64(number), cells: []value.Cell{}}
	stored := 0
	column := -1
	for {
		t, err := s.xml.Next()
		if err != nil {
			return rec, false, cutOff(err)
		}
		switch t.Kind {
		case strictxml.EndTag:
			s.cellsRead += max(stored, len(rec.fields))
			if found {
				s.see(number)
			} else if hidden {
				s.unseen++ // nobody misses what is in a hidden row
			}
			if hidden && found && s.hidden != HiddenInclude {
				if s.hiddenRows++; s.firstHidden == 0 {
					s.firstHidden = number
				}
				return rec, false, nil
			}
			return rec, found, nil
		case strictxml.StartTag:
			if t.Name != "c" {
				if err := s.xml.Skip(); err != nil {
					return rec, false, err
				}
				continue
			}
			if stored++; s.cellsRead+stored > s.most {
				return rec, false, &Fault{Code: "bomb", Text: "it holds more than " + fault.Count(s.most, "cell"), Hint: "no list does; if yours is honest, save it as CSV"}
			}
			column++
			if ref := t.Attr("r"); len(ref) > 0 {
				c, r, ok := parseRef(ref)
				if !ok || r != number {
					return rec, false, fmt.Errorf("cell %s in row %d", fault.Quote(string(ref)), number)
				}
				if c < column {
					return rec, false, fmt.Errorf("cell %s comes after %s", fault.Quote(string(ref)), fault.Quote(letters(column-1)+strconv.Itoa(number)))
				}
				column = c
			}
			if column >= maxColumns {
				return rec, false, fmt.Errorf("column %d, where a sheet ends at %d", column+1, maxColumns)
			}
			text, c, wrong, err := s.cell(t, column)
			if err != nil {
				return rec, false, err
			}
			if !inside || column < s.area.left || column > s.area.right || text == "" && wrong == nil {
				continue
			}
			if rec.fields == nil {
				s.widen(&rec, s.width)
			}
			found = found || wrong != nil || strings.TrimSpace(text) != ""
			if wrong != nil {
				rec.faults = append(rec.faults, wrong)
			}
			s.put(&rec, column-s.first, text, c)
		}
	}
}

// see counts the rows without cells between one that has some and the last one.
func (s *sheet) see(number int) {
	if gap := number - s.lastFound - 1 - s.unseen; gap > 0 && s.width > 0 {
		if s.gapRows += gap; s.firstGap == 0 {
			s.firstGap = s.lastFound + 1
		}
	}
	s.lastFound, s.unseen = number, 0
}

// yes reads a truth of XML Schema.
func yes(v []byte) bool { return string(v) == "1" || string(v) == "true" || string(v) == "on" }

// ask is the fault of a sheet with hidden rows of which nobody said what they are.
func (s *sheet) ask() *Fault {
	if s.hiddenRows == 0 || s.hidden != HiddenAsk {
		return nil
	}
	return &Fault{
		Code: "hidden-rows", Place: s.place(int64(s.firstHidden)), Text: fmt.Sprintf("%s hidden, by hand or by a filter, the first here", fault.Are(s.hiddenRows, "row")),
		Hint: "say in recipients whether they are part of the list: hidden: include, or hidden: skip", Final: true,
	}
}

// put sets a field, lengthening the record where a cell lies beyond those before it.
func (s *sheet) put(rec *record, i int, text string, c value.Cell) {
	if i < 0 {
		// A cell left of the header: the record cannot keep its columns, and is one too long.
		if strings.TrimSpace(text) == "" {
			return
		}
		rec.faults = append(rec.faults, &Fault{
			Code: "ragged-row", Place: cellAt(&c, s), Text: "a cell before the header's first column",
			Hint: "give the column a header, or name the list's cells with range",
		})
		return
	}
	if i >= len(rec.fields) {
		if strings.TrimSpace(text) == "" {
			return
		}
		s.widen(rec, i+1)
	}
	rec.fields[i], rec.cells[i] = text, c
}

// widen gives a record as many cells, the new ones empty.
func (s *sheet) widen(rec *record, width int) {
	rec.fields = append(rec.fields, make([]string, width-len(rec.fields))...)
	rec.cells = slices.Grow(rec.cells, width-len(rec.cells))
	for k := len(rec.cells); k < width; k++ {
		rec.cells = append(rec.cells, value.Cell{Column: s.first + k, Row: int(rec.line)})
	}
}

// header fixes the columns by the header's record: from its first cell to its last, or as the range says. Rows after it
// have just these.
func (s *sheet) header(rec record) record {
	if s.area.right == maxColumns-1 && s.area.left == 0 {
		n := 0
		for n < len(rec.fields) && strings.TrimSpace(rec.fields[n]) == "" {
			n++
		}
		s.first += n
		rec.fields, rec.cells = rec.fields[n:], rec.cells[n:]
	}
	if s.area.right < maxColumns-1 {
		s.widen(&rec, max(len(rec.fields), s.area.right-s.area.left+1))
	}
	s.width, s.headerRow, s.lastFound, s.unseen = len(rec.fields), int(rec.line), int(rec.line), 0
	return rec
}

// cutOff is the end of the file where it may not be.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
