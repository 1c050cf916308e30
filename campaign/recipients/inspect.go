package recipients

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"mailshot/campaign/recipients/charset"
	"mailshot/campaign/recipients/delimited"
	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/profile"
	"mailshot/campaign/recipients/value"
	"mailshot/render/address"
)

// Inspection is what a file looks like as a list, for a person who has not written a campaign for it yet.
type Inspection struct {
	File      string      `json:"file"`
	Kind      string      `json:"kind,omitempty"`      // csv, jsonl, xlsx or query; "" if the file could not be opened
	Encoding  *Told       `json:"encoding,omitempty"`  // of text
	Maybe     []string    `json:"maybe,omitempty"`     // possible encodings, the likeliest first
	Delimiter *Told       `json:"delimiter,omitempty"` // of CSV
	Sheets    []SheetInfo `json:"sheets,omitempty"`    // of a workbook, in their order
	Header    string      `json:"header,omitempty"`    // place of the row that names the columns
	Rows      int64       `json:"rows"`                // non-blank rows after the header, with those that have faults
	Columns   []Inspected `json:"columns,omitempty"`
	Fallen    int64       `json:"-"` // number of faults beyond those in Faults
	Faults    []*Fault    `json:"-"` // what keeps the list from being mailed, at most mostFaults
	Notes     []*Fault    `json:"-"` // what is odd and not a mistake

	someone  bool // a cell holds an address
	titled   bool // a fault says that the header looks like a title
	profiles []profile.Profile
}

// Inspected is what a column holds.
type Inspected struct {
	Name string `json:"name"`
	Use  string `json:"use,omitempty"` // address or name, judged by the column's name
	profile.Column
}

// Told is a property of a file, and how it is known.
type Told struct {
	Value string `json:"value"`
	By    string `json:"by"`
}

// SheetInfo is one sheet of a workbook.
type SheetInfo struct {
	Name       string `json:"name"`
	Read       bool   `json:"read"`                  // Columns describes this one
	Hidden     bool   `json:"hidden,omitempty"`      // the sheet itself is hidden
	Rows       int    `json:"rows"`                  // visible rows with cells, including the header
	HiddenRows int    `json:"hidden_rows,omitempty"` // rows with cells that are hidden by hand or by a filter
	Broken     string `json:"broken,omitempty"`      // why the sheet could not be read to its end
}

// mostFaults is how many faults an inspection keeps.
const mostFaults = 100

// Inspect reads the whole list that cfg names and says what it found. It does not need an address column. It goes on
// after mistakes as far as the file allows, and collects them in Faults. With cfg.Sample it reads the first rows
// alone. A file in a legacy encoding is a fault, too; it is then read in the likeliest encoding. Memory does not grow
// with the list. The error is the end of ctx.
func Inspect(ctx context.Context, cfg Config) (*Inspection, error) {
	in := &Inspection{File: cfg.File}
	l := &List{cfg: cfg}
	defer func() { l.Close() }()
	if err := l.settle(); err != nil {
		in.fault(err)
		return in, nil
	}
	if cfg.File == "-" && cfg.Stdin != nil {
		// It may have to be read twice.
		f, err := l.spool(cfg.Stdin)
		if err != nil {
			in.fault(fault.File(cfg.File, err))
			return in, nil
		}
		l.cfg.Stdin = f
	}
	if err := in.open(l); err != nil {
		in.fault(err)
		return in, nil
	}
	if err := in.describe(ctx, l); err != nil {
		return nil, err
	}
	rec, err := l.readHeader()
	if err != nil {
		in.fault(err)
		return in, nil
	}
	if err := in.read(ctx, l, rec, in.name(l, rec)); err != nil {
		return nil, err
	}
	in.nobody()
	in.Notes = l.notes.all()
	return in, nil
}

// nobody adds the fault of a list without any mistake that has nobody to mail.
func (in *Inspection) nobody() {
	switch {
	case len(in.Faults) > 0 || in.someone:
	case in.Rows == 0:
		in.fault(&Fault{Code: "no-rows", Place: in.Header, Text: "no row follows the names of the columns",
			Hint: "export the list again"})
	default:
		in.fault(&Fault{Code: "no-addresses", Place: in.File, Text: "no cell holds an address that can be mailed",
			Hint: "is it another list, header_row, delimiter or sheet?"})
	}
}

// fault keeps what would stop a campaign. err may join several errors.
func (in *Inspection) fault(err error) {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range several.Unwrap() {
			in.fault(one)
		}
		return
	}
	if len(in.Faults) == mostFaults {
		in.Fallen++
		return
	}
	var f *Fault
	if !errors.As(err, &f) {
		f = &Fault{Code: "unreadable-list", Place: in.File, Text: err.Error()}
	}
	in.Faults = append(in.Faults, f)
}

// open opens the list. What the file does not tell becomes a fault, and the likeliest choice is taken.
func (in *Inspection) open(l *List) error {
	for {
		err := l.open()
		var f *Fault
		switch {
		case err == nil || !errors.As(err, &f):
			return err
		case len(f.Encodings) > 0:
			in.Maybe = f.Encodings
			l.cfg.Encoding = f.Encodings[0]
		case f.Code == "unknown-sheet" && l.cfg.Sheet != "":
			l.cfg.Sheet = ""
		default:
			return err
		}
		in.fault(err)
		if f, ok := l.cfg.Stdin.(*os.File); ok && in.File == "-" {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return fault.File(in.File, err)
			}
		}
	}
}

// describe says what kind of file the list is, before its first row is read.
func (in *Inspection) describe(ctx context.Context, l *List) error {
	if _, ok := l.source.(*query); ok {
		in.Kind = "query"
		return nil
	}
	t, ok := l.source.(text)
	if !ok {
		return in.sheets(ctx, l)
	}
	in.Kind = "jsonl"
	rows, isCSV := t.lines.(*delimited.CSV)
	if isCSV {
		in.Kind = "csv"
		d, by := rows.Delimiter()
		in.Delimiter = &Told{string(d), map[delimited.By]string{
			delimited.Told: "as most of the first rows tell", delimited.Said: "as you say",
			delimited.Stated: "its first line says so", delimited.Named: "by the file's name",
		}[by]}
	}
	in.Encoding = &Told{t.charset.Encoding, "every byte of it fits"}
	switch {
	case in.Maybe != nil:
		in.Encoding.By = "a guess"
	case l.cfg.Encoding != "":
		in.Encoding.By = "as you say"
	case t.charset.ByNULs:
		in.Encoding.By = "by its NUL bytes"
	case t.charset.Encoding != charset.UTF8, isCSV && rows.Marked():
		in.Encoding.By = "by its byte order mark"
	}
	return nil
}

// sheets counts the rows of all sheets of a workbook.
func (in *Inspection) sheets(ctx context.Context, l *List) error {
	chosen, ok := l.source.(*sheet)
	if !ok {
		return nil
	}
	in.Kind = "xlsx"
	counts, err := chosen.Survey(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		in.fault(chosen.placed(err))
		return nil
	}
	for _, c := range counts {
		info := SheetInfo{Name: c.Name, Hidden: c.Hidden, Read: c.Name == chosen.Name(), Rows: c.Rows,
			HiddenRows: c.HiddenRows}
		if c.Err != nil {
			info.Broken = strings.TrimPrefix(chosen.placed(c.Err).Error(), in.File+" ")
		}
		in.Sheets = append(in.Sheets, info)
	}
	return nil
}

// name gives the columns their names. It returns false if the record has an address in it, and so is a row and not a
// header.
func (in *Inspection) name(l *List, rec record) (named bool) {
	h := &l.header
	h.File, h.Address, h.Name, h.Key, h.Lenient = l.cfg.File, -1, -1, -1, l.cfg.Addresses == AddressesLenient
	place := l.source.place(rec.line)
	for _, err := range rec.faults {
		in.fault(err)
	}
	named = !slices.ContainsFunc(rec.fields, func(s string) bool { _, err := address.Parse(s); return err == nil })
	if !named {
		in.fault(&Fault{Code: "missing-header", Place: place,
			Text: "the first row holds an address where the columns' names should be",
			Hint: "put a row with names above it"})
	} else {
		in.Header = place
	}
	for i, field := range rec.fields {
		name := columnName(field)
		switch same := slices.Index(h.names(), name); {
		case !named, name == "":
			if named {
				in.fault(&Fault{Code: "empty-header", Place: l.cellPlace(rec, i),
					Text: fmt.Sprintf("column %s has no name", columnLabel(i, rec)),
					Hint: "give it a name, or delete the column"})
			}
			name = "(" + columnLabel(i, rec) + ")"
		case same >= 0:
			in.fault(&Fault{Code: "duplicate-header", Place: l.cellPlace(rec, i),
				Text: fmt.Sprintf("columns %s and %s are both named %s", columnLabel(same, rec), columnLabel(i, rec),
					fault.Quote(name)), Hint: "columns are found by name: rename one"})
		}
		h.Columns = append(h.Columns, Column{Name: name, Type: Text})
		in.Columns = append(in.Columns, Inspected{Name: name})
	}
	if l.cfg.Address != "" {
		if h.Address = h.Index(l.cfg.Address); h.Address < 0 {
			in.fault(&Fault{Code: "missing-column", Place: place,
				Text: "no column " + fault.Quote(l.cfg.Address) + " for the address", Hint: h.hint(l.cfg.Address)})
		}
	} else if found := h.find(folding.IsAddress); len(found) == 1 {
		h.Address = found[0]
	}
	if found := h.find(folding.IsPerson); len(found) == 1 && found[0] != h.Address {
		in.Columns[found[0]].Use = "name"
	}
	if h.Address >= 0 {
		in.Columns[h.Address].Use = "address"
	}
	return named
}

// read reads the rows after first, and first itself if it is not a header.
func (in *Inspection) read(ctx context.Context, l *List, first record, named bool) error {
	in.profiles = profile.New(len(in.Columns), l.locale)
	if !named {
		in.row(l, first)
	}
	var empty emptyRows
	for l.cfg.Sample == 0 || in.Rows < l.cfg.Sample {
		if err := ctx.Err(); err != nil {
			return err
		}
		rec, err := l.source.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			in.fault(err)
			var f *Fault
			if !errors.As(err, &f) || f.Final {
				break
			}
			in.Rows++
			continue
		}
		if blank(rec) {
			empty.add(l.source.place(rec.line))
			continue
		}
		empty.within()
		in.row(l, rec)
	}
	empty.note(&l.notes)
	for _, s := range sheets(l.source) {
		if f := s.mergedHeader(); f != nil {
			in.mergedHeader(f, s)
		}
		s.note(&l.notes)
	}
	for i := range in.Columns {
		in.Columns[i].Column = in.profiles[i].Column()
	}
	return nil
}

// mergedHeader adds the fault of a merged header, and removes the faults that it explains better.
func (in *Inspection) mergedHeader(f *Fault, s *sheet) {
	covered := s.covered()
	if slices.ContainsFunc(in.Faults, func(other *Fault) bool { return covered(other) || other.Code == "ragged-row" }) {
		in.Faults = slices.Insert(slices.DeleteFunc(in.Faults, covered), 0, f)
	}
}

// row looks at one row.
func (in *Inspection) row(l *List, rec record) {
	in.Rows++
	if len(rec.fields) != len(in.Columns) {
		switch {
		case len(in.Columns) > 1 || l.cfg.HeaderRow > 0 || in.Header == "":
			in.fault(l.ragged(rec))
		case !in.titled:
			in.titled = true
			in.fault(&Fault{Code: "title", Place: in.Header,
				Text: fmt.Sprintf("one cell, and %d in %s below it: this looks like a title", len(rec.fields),
					l.source.place(rec.line)),
				Hint: fmt.Sprintf("if the columns' names are there, say header_row: %d in recipients (inspect "+
					"--header-row %d)", rec.line, rec.line)})
		}
		return
	}
	for _, err := range rec.faults {
		in.fault(err)
	}
	row := &Row{Place: l.source.place(rec.line), Fields: rec.fields, header: &l.header}
	for i, field := range rec.fields {
		var c *value.Cell
		if rec.cells != nil {
			c = &rec.cells[i]
		}
		in.profiles[i].Add(row.Place, field, c)
		if !in.someone && strings.Contains(field, "@") && (l.cfg.Address == "" || i == l.header.Address) {
			_, err := l.header.parse(field)
			in.someone = err == nil
		}
	}
	if i := l.header.Address; i >= 0 {
		var err error
		if row.Address, err = l.header.parse(rec.fields[i]); err != nil {
			l.notes.add(l.header.Columns[i].Name, "",
				Fault{Code: "invalid-row", Place: row.Place, Text: invalid(l.header.Columns[i].Name, err),
					Hint: "such a row gets no mail; the others do"})
		}
	}
	l.notes.look(row, nil, func(i int) string { return l.cellPlace(rec, i) })
}
