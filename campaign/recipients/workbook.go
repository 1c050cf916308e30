package recipients

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/workbook/strictxml"
)

// Limits of the parts of a workbook, unpacked. A part above the small limit that shrinks more than maxRatio is a bomb:
// sheets of text and numbers shrink ten to thirty times.
const (
	maxSheet   = 2 << 30
	maxStrings = 192 << 20
	maxPart    = 16 << 20
	maxRatio   = 100
	smallPart  = 16 << 20

	maxCells = 100 << 20        // of a sheet, those that the header's columns ask for included
	maxTime  = 10 * time.Minute // of reading: a million rows of fifty cells take two
)

// workbook is the package around the sheets: where they are, the texts and the formats they share.
type workbook struct {
	name   string
	parts  map[string]*zip.File // by path in lower case
	sheets []sheetEntry
	names  []namedArea
	shared string // path of the shared strings, "" if none
	styles *styles
	clock  *stopwatch
}

type sheetEntry struct {
	name, path string
	hidden     bool
}

func (b *workbook) fault(text, hint string) *Fault {
	return &Fault{Code: "broken-workbook", Place: b.name, Text: text, Hint: hint, Final: true}
}

// openWorkbook reads everything but the cells.
func openWorkbook(name string, f *os.File) (*workbook, error) {
	b := &workbook{name: name, parts: make(map[string]*zip.File), clock: &stopwatch{limit: maxTime}}
	b.clock.start()
	defer b.clock.stop()
	info, err := f.Stat()
	if err != nil {
		return nil, fault.File(name, err)
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, b.fault("is not a whole workbook: "+strings.TrimPrefix(err.Error(), "zip: "), "is the file complete? export or download it again")
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

// known tells other files that are zips from workbooks.
func (b *workbook) known() error {
	has := func(name string) bool { _, ok := b.parts[name]; return ok }
	switch {
	case has("xl/workbook.bin"):
		return &Fault{Code: "not-a-list", Place: b.name, Text: "is a binary workbook (.xlsb)", Hint: "open it in Excel and save it as .xlsx"}
	case has("content.xml") && has("mimetype"):
		return &Fault{Code: "not-a-list", Place: b.name, Text: "is an OpenDocument file", Hint: "save it as .xlsx or CSV"}
	case has("index/document.iwa"), has("index.zip"):
		return &Fault{Code: "not-a-list", Place: b.name, Text: "is a Numbers document", Hint: "export it as .xlsx or CSV"}
	case has("word/document.xml"), has("ppt/presentation.xml"):
		return &Fault{Code: "not-a-list", Place: b.name, Text: "is a document, not a workbook", Hint: "export the list as .xlsx or CSV"}
	case !has("_rels/.rels") && !has("xl/workbook.xml"):
		return &Fault{Code: "not-a-list", Place: b.name, Text: "is a zip file, not a workbook", Hint: "unpack it first"}
	}
	return nil
}

// open opens a part that may unpack to so many bytes.
func (b *workbook) open(name string, limit int64) (io.ReadCloser, error) {
	part, ok := b.parts[strings.ToLower(name)]
	if !ok {
		return nil, b.fault("lacks its part "+fault.Quote(name), "export it again")
	}
	r, err := part.Open()
	if err != nil {
		return nil, b.fault("its part "+fault.Quote(name)+" cannot be unpacked: "+strings.TrimPrefix(err.Error(), "zip: "), "export it again")
	}
	return &bounded{ReadCloser: r, limit: limit, packed: max(int64(part.CompressedSize64), 1), clock: b.clock}, nil
}

// stopwatch counts the time that reading a workbook takes, and none that passes between its rows.
type stopwatch struct {
	limit, spent time.Duration
	since        time.Time // it was started
}

func (w *stopwatch) start() { w.since = time.Now() }

func (w *stopwatch) stop() { w.spent += time.Since(w.since) }

// over reports, while it runs, whether the limit has passed.
func (w *stopwatch) over() bool { return w.spent+time.Since(w.since) > w.limit }

func (w *stopwatch) fault() *Fault {
	return &Fault{Code: "too-slow", Text: "reading it takes more than " + duration(w.limit), Hint: "is it a list? if so, save it as CSV"}
}

// bounded is a part that is read no further than a list can need.
type bounded struct {
	io.ReadCloser
	limit, packed, read int64
	clock               *stopwatch
}

func (r *bounded) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.read += int64(n)
	if r.read > r.limit || r.read > smallPart && r.read/r.packed > maxRatio {
		return n, &Fault{
			Code: "bomb", Text: fmt.Sprintf("it unpacks to more than %d MiB from %d KiB", r.read>>20, (r.packed+1023)>>10),
			Hint: "no list does; if yours is honest, save it as CSV",
		}
	}
	if r.clock.over() {
		return n, r.clock.fault()
	}
	return n, err
}

// duration is a whole number of minutes or seconds, in words.
func duration(d time.Duration) string {
	if d >= time.Minute {
		return fault.Count(int(d/time.Minute), "minute")
	}
	return fault.Count(int(d/time.Second), "second")
}

// document reads a small part to its end.
func (b *workbook) document(name string, read func(*strictxml.Scanner) error) error {
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
	var f *Fault
	if errors.As(err, &f) {
		return b.fault("its part "+fault.Quote(name)+": "+f.Text, f.Hint)
	}
	return b.fault("its part "+fault.Quote(name)+" is broken: "+plainXML(err), "open it in Excel, repair it and save it again")
}

// relation is one entry of a .rels part.
type relation struct{ id, kind, path string }

// relations reads a .rels part; none is no error. kind is the last word of the type's address, so that the strict and
// the transitional form are alike.
func (b *workbook) relations(name, folder string) (out []relation, err error) {
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

// readMain reads the workbook part: sheets in their order, and the epoch of dates.
func (b *workbook) readMain(name string, targets []relation) (epoch1904 bool, err error) {
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
				if i < 0 {
					return fmt.Errorf("the sheet %s is nowhere", fault.Quote(s.Value("name")))
				}
				if targets[i].kind == "worksheet" {
					state := s.Value("state")
					b.sheets = append(b.sheets, sheetEntry{s.Value("name"), targets[i].path, state == "hidden" || state == "veryHidden"})
				}
			}
		}
	})
	return epoch1904, err
}

// choose finds the sheet by name, else takes the first visible one, and says so where there are more.
func (b *workbook) choose(name string) (entry sheetEntry, guess string, err error) {
	var names []string
	var visible []sheetEntry
	for _, s := range b.sheets {
		if s.name == name && name != "" {
			return s, "", nil
		}
		names = append(names, s.name)
		if !s.hidden {
			visible = append(visible, s)
		}
	}
	switch {
	case name != "":
		hint := folding.Nearest(name, names)
		if hint == "" {
			hint = "the sheets are " + fault.Shorten(strings.Join(names, ", "), 120)
		}
		return entry, "", &Fault{Code: "unknown-sheet", Place: b.name, Text: "there is no sheet " + fault.Quote(name), Hint: hint}
	case len(visible) == 0:
		return entry, "", &Fault{Code: "unknown-sheet", Place: b.name, Text: "the workbook has no visible sheet with cells", Hint: "name a hidden one in recipients.sheet"}
	case len(visible) > 1:
		guess = fmt.Sprintf("sheet: %q, the first of %d", visible[0].name, len(visible))
	}
	return visible[0], guess, nil
}

// sharedStrings reads the texts that cells refer to. They are kept in pieces of one string each, so that a million short
// texts do not become a million allocations.
func (b *workbook) sharedStrings() (out []string, err error) {
	if _, ok := b.parts[strings.ToLower(b.shared)]; !ok {
		return nil, nil // a reference to it is an error of the cell
	}
	var piece []byte
	var ends []int
	flush := func() {
		text, from := string(piece), 0
		for _, to := range ends {
			out = append(out, text[from:to])
			from = to
		}
		piece, ends = piece[:0], ends[:0]
	}
	err = b.document(b.shared, func(s *strictxml.Scanner) error {
		for {
			t, err := s.Next()
			if err != nil {
				return err
			}
			if t.Kind != strictxml.StartTag || t.Name != "si" {
				continue
			}
			from := len(piece)
			if piece, err = richText(s, piece); err != nil {
				return cutOff(err)
			}
			if text := piece[from:]; bytes.Contains(text, []byte("_x")) {
				piece = append(piece[:from], unescape(string(text))...)
			}
			ends = append(ends, len(piece))
			if len(piece) > 64<<10 || len(ends) > 4<<10 {
				flush()
			}
			if len(out) > 16<<20 {
				return errors.New("more than 16 million texts")
			}
		}
	})
	flush()
	return out, err
}

// area is the part of a sheet that is the list; all of it if nothing is said.
type area struct{ left, right, top, bottom int } // columns from 0, rows from 1, both inclusive

func (a area) holds(row int) bool { return row >= a.top && row <= a.bottom }

// parseArea reads A3:F200, or A:F.
func parseArea(s string) (area, error) {
	a := area{0, maxColumns - 1, 1, maxRows}
	if s = strings.ReplaceAll(strings.TrimSpace(s), "$", ""); s == "" {
		return a, nil
	}
	from, to, ok := strings.Cut(strings.ToUpper(s), ":")
	left, top, ok1 := parseCorner(from)
	right, bottom, ok2 := parseCorner(to)
	if !ok || !ok1 || !ok2 || (top == 0) != (bottom == 0) || right < left || bottom < top {
		return a, fmt.Errorf("range %s", fault.Quote(s))
	}
	a.left, a.right = left, right
	if top > 0 {
		a.top, a.bottom = top, bottom
	}
	return a, nil
}

// parseRef reads a cell's name: C17 is column 2, row 17.
func parseRef[T string | []byte](s T) (column, row int, ok bool) {
	column, row, ok = parseCorner(s)
	return column, row, ok && row > 0
}

// parseCorner reads C17, or C with row 0.
func parseCorner[T string | []byte](s T) (column, row int, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= 'A' && s[i] <= 'Z'; i++ {
		if column = column*26 + int(s[i]-'A') + 1; column > maxColumns {
			return 0, 0, false
		}
	}
	if i == 0 {
		return 0, 0, false
	}
	if i < len(s) {
		n, err := strconv.ParseUint(string(s[i:]), 10, 32)
		if err != nil || n == 0 || n > math.MaxInt32 {
			return 0, 0, false
		}
		row = int(n)
	}
	return column - 1, row, true
}

// letters is the name of a column from its index: 0 is A, 26 is AA.
func letters(column int) string {
	var b [8]byte
	i := len(b)
	for column++; column > 0; column = (column - 1) / 26 {
		i--
		b[i] = byte('A' + (column-1)%26)
	}
	return string(b[i:])
}
