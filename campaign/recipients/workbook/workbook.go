// Package workbook reads .xlsx files (ECMA-376, SpreadsheetML) as a person sees them, and nothing else. [Open] reads
// the parts around the sheets. [Book.Sheet] opens a sheet, or the cells that a range or a name stands for.
// [Sheet.Next] returns one row after another: the texts as the number formats show them, and what is stored behind
// them.
//
// A sheet that breaks off is an error, and never a shorter list. Every token is checked to the end of the document,
// and then the zip's checksum. There are limits on what a small workbook can demand: parts that unpack to gigabytes,
// a million rows of thousands of cells.
//
// An [Error] has a place in the workbook. The caller knows the file's name and adds it.
package workbook

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/workbook/strictxml"
	"mailshot/internal/ellipsis"
)

// The limits of the parts of a workbook, unpacked. A part above the small limit that shrinks by more than maxRatio is
// a bomb: sheets of text and numbers shrink by ten to thirty.
const (
	maxSheet   = 2 << 30
	maxStrings = 192 << 20
	maxPart    = 16 << 20
	maxRatio   = 100
	smallPart  = 16 << 20

	maxCells = 100 << 20        // in a sheet, with those that the header's columns require
	maxTime  = 10 * time.Minute // for reading; a million rows of fifty cells take two minutes
)

// Book is an open workbook: the places of its sheets, and the texts and formats that they share. It is not safe for
// concurrent use.
type Book struct {
	in     io.ReaderAt
	size   int64
	parts  map[string]*zip.File // by path, in lower case
	sheets []sheetEntry
	names  []namedArea
	shared string // path of the shared strings, "" if none
	styles *styles
	clock  *stopwatch
}

// sheetEntry is a sheet that the workbook names. Its path is "" if the workbook does not say which part it is.
type sheetEntry struct {
	name, path string
	hidden     bool
}

// has reports whether the workbook holds the part of a sheet.
func (b *Book) has(entry sheetEntry) bool {
	return entry.path != "" && b.parts[strings.ToLower(entry.path)] != nil
}

// openSheet opens the part of a sheet.
func (b *Book) openSheet(entry sheetEntry) (io.ReadCloser, error) {
	if !b.has(entry) {
		return nil, &Error{Code: "empty-sheet", Text: "the workbook names the sheet " + fault.Quote(entry.name) +
			" and does not hold its cells", Hint: "name another sheet, or export the workbook again"}
	}
	return b.open(entry.path, maxSheet)
}

// bare returns a note for each sheet that the workbook names without holding its cells.
func (b *Book) bare() (notes []*Error) {
	for _, entry := range b.sheets {
		if !b.has(entry) {
			notes = append(notes, &Error{Code: "empty-sheet", Place: entry.name,
				Text: "the workbook names this sheet and does not hold its cells; another sheet is read"})
		}
	}
	return notes
}

func (b *Book) fault(text, hint string) *Error {
	return &Error{Code: "broken-workbook", Text: text, Hint: hint, Final: true}
}

// Open reads all of a workbook but its cells. The error is an [*Error].
func Open(r io.ReaderAt, size int64) (*Book, error) {
	b := &Book{in: r, size: size, parts: make(map[string]*zip.File), clock: &stopwatch{limit: maxTime}}
	b.clock.start()
	defer b.clock.stop()
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, b.fault("is not a whole workbook: "+strings.TrimPrefix(err.Error(), "zip: "),
			"is the file complete? export or download it again")
	}
	for _, part := range z.File {
		key := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(part.Name, "/"), `\`, "/"))
		if _, twice := b.parts[key]; twice {
			return nil, b.fault("holds the part "+fault.Quote(part.Name)+" twice", "export it again")
		}
		b.parts[key] = part
	}
	if err := b.known(); err != nil {
		return nil, err
	}
	main := "xl/workbook.xml"
	if targets, err := b.relations("_rels/.rels", ""); err != nil {
		return nil, err
	} else if i := slices.IndexFunc(targets, func(r relation) bool { return r.kind == "officeDocument" }); i >= 0 {
		main = targets[i].path
	}
	folder, base := path.Split(main)
	targets, err := b.relations(folder+"_rels/"+base+".rels", folder)
	if err != nil {
		return nil, err
	}
	epoch1904, err := b.readMain(main, targets)
	if err != nil {
		return nil, err
	}
	b.styles = &styles{epoch1904: epoch1904}
	for _, r := range targets {
		switch r.kind {
		case "sharedStrings":
			b.shared = r.path
		case "styles":
			if err := b.document(r.path, func(s *strictxml.Scanner) error { return b.styles.read(s) }); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
}

// Sheets returns the names of the sheets in their order.
func (b *Book) Sheets() []string {
	var names []string
	for _, s := range b.sheets {
		names = append(names, s.name)
	}
	return names
}

// known refuses other files that are zips, with what they are.
func (b *Book) known() error {
	has := func(name string) bool { _, ok := b.parts[name]; return ok }
	switch {
	case has("xl/workbook.bin"):
		return &Error{Code: "not-a-list", Text: "is a binary workbook (.xlsb)",
			Hint: "open it in Excel and save it as .xlsx"}
	case has("content.xml") && has("mimetype"):
		return &Error{Code: "not-a-list", Text: "is an OpenDocument file", Hint: "save it as .xlsx or CSV"}
	case has("index/document.iwa"), has("index.zip"):
		return &Error{Code: "not-a-list", Text: "is a Numbers document", Hint: "export it as .xlsx or CSV"}
	case has("word/document.xml"), has("ppt/presentation.xml"):
		return &Error{Code: "not-a-list", Text: "is a document, not a workbook",
			Hint: "export the list as .xlsx or CSV"}
	case !has("_rels/.rels") && !has("xl/workbook.xml"):
		return &Error{Code: "not-a-list", Text: "is a zip file, not a workbook", Hint: "unpack it first"}
	}
	return nil
}

// open opens a part that may unpack to a limited number of bytes.
func (b *Book) open(name string, limit int64) (io.ReadCloser, error) {
	part, ok := b.parts[strings.ToLower(name)]
	if !ok {
		return nil, b.fault("lacks its part "+fault.Quote(name), "export it again")
	}
	r, err := part.Open()
	if err != nil {
		return nil, b.fault("its part "+fault.Quote(name)+" cannot be unpacked: "+
			strings.TrimPrefix(err.Error(), "zip: "), "export it again")
	}
	return &bounded{ReadCloser: r, limit: limit, packed: max(int64(part.CompressedSize64), 1), clock: b.clock}, nil
}

// stopwatch counts the time that it takes to read a workbook, without the time between rows.
type stopwatch struct {
	limit, spent time.Duration
	since        time.Time // when it was started
}

func (w *stopwatch) start() { w.since = time.Now() }

func (w *stopwatch) stop() { w.spent += time.Since(w.since) }

// over reports, while it runs, whether the limit has passed.
func (w *stopwatch) over() bool { return w.spent+time.Since(w.since) > w.limit }

func (w *stopwatch) fault() *Error {
	return &Error{Code: "too-slow", Text: "reading it takes more than " + duration(w.limit),
		Hint: "is it a list? if so, save it as CSV"}
}

// bounded is a part that is read only as far as a list can need.
type bounded struct {
	io.ReadCloser
	limit, packed, read int64
	clock               *stopwatch
}

func (r *bounded) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.read += int64(n)
	if r.read > r.limit || r.read > smallPart && r.read/r.packed > maxRatio {
		return n, &Error{
			Code: "bomb",
			Text: fmt.Sprintf("it unpacks to more than %d MiB from %d KiB", r.read>>20, (r.packed+1023)>>10),
			Hint: "no list needs that much; if yours does, save it as CSV",
		}
	}
	if r.clock.over() {
		return n, r.clock.fault()
	}
	return n, err
}

// duration is a number of whole minutes or seconds in words.
func duration(d time.Duration) string {
	if d >= time.Minute {
		return fault.Count(int(d/time.Minute), "minute")
	}
	return fault.Count(int(d/time.Second), "second")
}

// document reads a small part to its end.
func (b *Book) document(name string, read func(*strictxml.Scanner) error) error {
	limit := int64(maxPart)
	if name == b.shared {
		limit = maxStrings
	}
	r, err := b.open(name, limit)
	if err != nil {
		return err
	}
	defer r.Close()
	s := strictxml.New(r)
	if err = read(s); err == nil {
		for err == nil {
			_, err = s.Next()
		}
	}
	if err == io.EOF {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return b.fault("its part "+fault.Quote(name)+": "+f.Text, f.Hint)
	}
	return b.fault("its part "+fault.Quote(name)+" is broken: "+plainXML(err),
		"open it in Excel, repair it and save it again")
}

// relation is one entry of a .rels part.
type relation struct{ id, kind, path string }

// relations reads a .rels part; it is not an error if there is none. kind is the last word of the type's URI, so that
// strict and transitional workbooks are the same.
func (b *Book) relations(name, folder string) (out []relation, err error) {
	if _, ok := b.parts[strings.ToLower(name)]; !ok {
		return nil, nil
	}
	return out, b.document(name, func(s *strictxml.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return err
			}
			if t.Kind != strictxml.StartTag || t.Name != "Relationship" || s.Value("TargetMode") == "External" {
				continue
			}
			target := strings.ReplaceAll(s.Value("Target"), `\`, "/")
			if rest, absolute := strings.CutPrefix(target, "/"); absolute {
				target = path.Clean(rest)
			} else {
				target = path.Join(folder, target)
			}
			out = append(out, relation{s.Value("Id"), path.Base(s.Value("Type")), target})
		}
	})
}

// readMain reads the workbook part: the sheets in their order, the defined names, and the epoch of dates.
func (b *Book) readMain(name string, targets []relation) (epoch1904 bool, err error) {
	err = b.document(name, func(s *strictxml.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return err
			}
			if t.Kind != strictxml.StartTag {
				continue
			}
			switch t.Name {
			case "workbookPr":
				v := s.Value("date1904")
				epoch1904 = v == "1" || v == "true" || v == "on"
			case "definedName":
				name := s.Value("name")
				text, err := s.Text(nil)
				if err != nil {
					return cutOff(err)
				}
				if a, ok := defined(name, string(text)); ok {
					b.names = append(b.names, a)
				}
			case "sheet":
				id := ""
				for _, a := range t.Attrs {
					if a.Name == "id" && a.Prefix != "" {
						id = s.Plain(a.Value)
					}
				}
				i := slices.IndexFunc(targets, func(r relation) bool { return r.id == id })
				entry := sheetEntry{name: s.Value("name")}
				if state := s.Value("state"); state == "hidden" || state == "veryHidden" {
					entry.hidden = true
				}
				if i >= 0 {
					entry.path = targets[i].path
				}
				if i < 0 || targets[i].kind == "worksheet" {
					b.sheets = append(b.sheets, entry)
				}
			}
		}
	})
	return epoch1904, err
}

// choose finds the sheet by its name, or takes the first of the visible sheets, of which there are of.
func (b *Book) choose(name string) (entry sheetEntry, of int, err error) {
	var names []string
	var visible []sheetEntry
	for _, s := range b.sheets {
		if s.name == name && name != "" {
			return s, 1, nil
		}
		names = append(names, s.name)
		if !s.hidden && b.has(s) {
			visible = append(visible, s)
		}
	}
	switch {
	case name != "":
		hint := folding.Nearest(name, names)
		if hint == "" {
			hint = "the sheets are " + ellipsis.Cut(strings.Join(names, ", "), 120)
		}
		return entry, 0, &Error{Code: "unknown-sheet", Text: "there is no sheet " + fault.Quote(name), Hint: hint}
	case len(visible) == 0 && len(b.sheets) == 1 && !b.has(b.sheets[0]):
		return b.sheets[0], 1, nil // opening it says what is wrong
	case len(visible) == 0:
		return entry, 0, &Error{Code: "unknown-sheet", Text: "the workbook has no visible sheet with cells",
			Hint: "name a hidden one in recipients.sheet"}
	}
	return visible[0], len(visible), nil
}
