// Package recipients reads the list of a campaign: from CSV, Excel, JSON or a database, the rows as a person
// sees them, each with its place. [Open] opens a list, [List.Rows] streams its rows, and [Inspect] looks at a file
// that no campaign names yet.
//
// Open reads as far as the header, binds the columns by name and compiles the filter. It reports every mistake at
// once. Rows then yields the rows one at a time, in the order of the file, in memory that does not grow with the
// list.
//
// What is wrong with one row is said in the row: a bad address, a cell that is not a number. What makes the list
// itself doubtful is an error beside the rows: a ragged row, a quote that is never closed, a sheet that breaks off. A
// list with such an error must not be mailed. Otherwise a list could be shorter than the person's, and nobody would
// notice.
//
// Nothing is guessed in silence. [Header.Guessed] names each column or delimiter that was inferred. A file in a
// legacy encoding or a sheet with hidden rows is refused, with its place and what to do, until somebody says how to
// read it. A row in which every cell is empty does not count as a row. [List.Notes] has what is odd and not a
// mistake, as an address at gmial.com or a name with broken letters.
//
// Each kind of file has a room of its own below this package, which makes the sources of records; this package binds
// them to a campaign.
package recipients

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mailshot/campaign/recipients/charset"
	"mailshot/campaign/recipients/database"
	"mailshot/campaign/recipients/delimited"
	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/filetype"
	"mailshot/campaign/recipients/value"
	"mailshot/internal/scratch"
	"mailshot/render/address"
)

// Type is how the cells of a column are read for filters and templates.
type Type string

// The types of columns. A column is Text unless somebody says otherwise.
const (
	Text   Type = "text"   // string
	Number Type = "number" // float64: 1234.5 without thousands separators, or as the Locale writes it
	Date   Type = "date"   // time.Time in UTC: 2026-11-30, with 15:04 or 15:04:05 if needed, or an Excel date
	Bool   Type = "bool"   // true false yes no y n 1 0
)

// Config names a list and says how to read it. Only File is needed.
type Config struct {
	File  string    // relative to Dir, as written in the campaign; "-" is Stdin
	Files []string  // several instead of File, read in turn; the same columns in any order; default none
	Dir   string    // the campaign's folder; default the working directory
	Home  string    // where working folders for copies of the list are made; default the system's temporary folder
	Stdin io.Reader // what "-" reads; its first bytes tell the kind of file; default nothing

	// People are the list itself, in place of a file: their addresses and names are the columns email and name. File is
	// Typed then. Default: none.
	People []address.Mailbox

	// Query is one SELECT, for a database in File or Postgres. The columns of the answer are the header. Default:
	// none, and a database is refused.
	Query    string
	Postgres string // connection string of a PostgreSQL database, instead of File; secret; default none

	FileColumn string // name of an extra column that says which of Files a row is from; default none

	Sheet     string // Excel: the sheet's name; default the first visible one
	Range     string // Excel: A3:F200, A:F, or the name of a range or table; default the whole sheet
	Hidden    string // Excel: what becomes of hidden rows; default HiddenAsk
	HeaderRow int    // line (CSV) or row (Excel) of the header, from 1; default the first that is not blank
	Delimiter rune   // CSV: between cells; default , ; tab or |, as the first lines show
	Encoding  string // text: a name of WHATWG or IANA; default UTF-8, or UTF-16 where the file shows it

	Address string          // column of the address; default guessed from the header
	Name    string          // column of the person's name; default guessed, or none
	Key     string          // column of the recipient's key; default none: the address is the key
	Group   string          // column in place of Key: rows with one value in it get one message; default none
	Columns map[string]Type // types by column name; default Text
	Locale  string          // whose numbers and dates these are, in BCP 47: de, en-US; default 1234.5, 2026-11-30
	Where   string          // filter; default every row

	Addresses string // AddressesLenient, or "" for addresses as the standard has them

	// Language is the body's, in BCP 47: a sheet is shown as its readers see it where Locale is not set. Default: none.
	Language string
	Done     <-chan struct{} // closed to end a query that has not answered yet; default never

	Sample int64 // Inspect looks at so many rows; default all

	// Odd is called for each cell in which something is odd, before its row is yielded: List.Notes has the first of each
	// kind alone. Default: none.
	Odd func(r *Row, column int, f *Fault)

	// Set are further columns, which have one text in all rows. They come after the list's own, and are neither its
	// address nor its name or key. Default: none.
	Set []Constant

	// Places says where the campaign sets a thing, for errors: "where", "address", "columns.amount" →
	// campaign.yaml:12. Default: the list's place, and "where" for the filter.
	Places map[string]string
}

// says is where the campaign sets a thing, or the list where that is not known.
func (c Config) says(key string) string {
	if place := c.Places[key]; place != "" {
		return place
	}
	return c.File
}

// What happens to the rows that a sheet hides, by hand or by a filter.
const (
	HiddenAsk     = "ask"     // the list is refused until somebody decides; the same as ""
	HiddenInclude = "include" // they are rows like any other
	HiddenSkip    = "skip"    // they are left out; a note says how many
)

// AddressesLenient takes addresses with dots that RFC 5321 does not allow, as ann..b@docomo.ne.jp.
const AddressesLenient = "lenient"

// Fault is a mistake in a list, or in what the campaign says about it, for the person who must correct it. The rooms
// below this package make most of them, so it is their type.
type Fault = fault.Fault

// List is an open list. It is not for concurrent use.
type List struct {
	cfg    Config
	header Header
	source source
	filter *filter
	types  []Type // by column; nil if all are text
	locale *value.Locale
	notes  notes
	digest string
	ranged bool // Rows has been called
	close  []func() error
}

// source gives the records of a list: of CSV, a sheet, objects, a query, or several files of these.
type source interface {
	// next returns the next record, which belongs to the caller. After a *Fault that is not final, the source goes on
	// with the record that follows. Any other error ends it, io.EOF included.
	next() (record, error)
	// place names the record that starts in a line or row.
	place(line int64) string
	// sum returns the SHA-256 of the whole file, unpacked, after io.EOF.
	sum() ([]byte, error)
}

// text is a source whose bytes are read once, in their order.
type text struct {
	lines interface {
		Next() (delimited.Record, error)
		Place(line int64) string
	}
	total   *filetype.Summed
	charset charset.Text
}

func (t text) next() (record, error) {
	rec, err := t.lines.Next()
	return record{line: rec.Line, fields: rec.Fields, raw: rec.Raw}, err
}

func (t text) place(line int64) string { return t.lines.Place(line) }

func (t text) sum() ([]byte, error) { return t.total.Sum(), nil }

// record is one line of a list before its columns have names.
type record struct {
	line   int64
	fields []string
	cells  []value.Cell // Excel and databases: what is stored behind the fields, else nil
	faults []error      // cells that cannot be read
	raw    string       // CSV: the record as it stands in the file
}

// Open opens the list and reads its header. The error joins every mistake that was found; each is a [*Fault] or an
// error of the file system. The caller must close the list.
func Open(cfg Config) (l *List, err error) {
	l = &List{cfg: cfg}
	defer func() {
		if err != nil {
			l.Close()
			l = nil
		}
	}()
	if err := l.settle(); err != nil {
		return l, err
	}
	if err := l.open(); err != nil {
		return l, err
	}
	first, err := l.readHeader()
	if err != nil {
		return l, err
	}
	if err := l.bind(first); err != nil {
		return l, l.merged(err)
	}
	l.keepKeys()
	return l, nil
}

// settle checks what can be checked without the file.
func (l *List) settle() error {
	switch l.cfg.Hidden {
	case "":
		l.cfg.Hidden = HiddenAsk
	case HiddenAsk, HiddenInclude, HiddenSkip:
	default:
		return &Fault{Code: "bad-hidden", Place: l.cfg.says("hidden"),
			Text: "hidden rows: " + fault.Quote(l.cfg.Hidden), Hint: "ask, include or skip"}
	}
	if l.cfg.Locale != "" {
		var ok bool
		if l.locale, ok = value.NewLocale(l.cfg.Locale); !ok {
			return &Fault{Code: "unknown-locale", Place: l.cfg.says("locale"),
				Text: "no locale is called " + fault.Quote(l.cfg.Locale),
				Hint: "a language and mostly a region: de, en-US, pt-BR, fa-IR"}
		}
	}
	return nil
}

// open finds out what kind of list it is and starts its source.
func (l *List) open() error {
	switch {
	case l.cfg.People != nil:
		l.source = &typed{people: l.cfg.People}
		return nil
	case len(l.cfg.Files) > 0:
		return l.openSeveral()
	case l.cfg.Postgres != "":
		return l.openPostgres()
	}
	in, err := l.openFile()
	if err != nil {
		return err
	}
	f, magic, err := l.unpacked(in)
	if err != nil {
		return err
	}
	switch name := l.cfg.File; {
	case database.IsSQLite(magic):
		return l.openSQLite(f)
	case l.cfg.Query != "":
		return &Fault{Code: "bad-query", Place: l.cfg.says("query"),
			Text: "a query is set, but " + name + " is not a database",
			Hint: "delete it: to choose rows of a file, use where"}
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		return l.openSheet(f)
	}
	if wrong := filetype.Foreign(filetype.PlainName(l.cfg.File), magic); wrong != nil {
		return wrong
	}
	return l.openText(f, magic)
}

// openFile opens the list's file, or takes standard input.
func (l *List) openFile() (io.Reader, error) {
	name := l.cfg.File
	switch {
	case name == "":
		return nil, &Fault{Code: "no-list", Place: "recipients", Text: "no list is named", Hint: "set recipients.file"}
	case name == "-" && l.cfg.Stdin == nil:
		return strings.NewReader(""), nil
	case name == "-":
		return l.cfg.Stdin, nil
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.cfg.Dir, path)
	}
	f, err := os.Open(path)
	if err != nil {
		err := fault.File(name, err)
		if f := (*Fault)(nil); l.cfg.Dir == "" && errors.As(err, &f) {
			f.Hint = "" // without a campaign file the paths are relative to the working directory
		}
		return nil, err
	}
	l.close = append(l.close, f.Close)
	info, err := f.Stat()
	if err != nil {
		return nil, fault.File(name, err)
	}
	if info.IsDir() {
		return nil, &Fault{Code: "not-a-list", Place: name, Text: "is a folder, not a list"}
	}
	return f, nil
}

// unpacked returns in as an unpacked file at its start, with its first bytes. What is packed, or cannot be read
// twice, is copied to a temporary file that lasts as long as the list.
func (l *List) unpacked(in io.Reader) (f *os.File, magic []byte, err error) {
	name := l.cfg.File
	if magic, in, err = filetype.Peek(in); err != nil {
		return nil, nil, fault.File(name, err)
	}
	packed, is, err := filetype.Unpack(name, magic, in)
	if err != nil {
		return nil, nil, err
	}
	if f, regular := in.(*os.File); regular && !is {
		return f, magic, nil
	}
	if is {
		defer packed.Close()
		in = packed
	}
	if f, err = l.spool(in); err != nil {
		if is {
			return nil, nil, filetype.Broken(name, err)
		}
		return nil, nil, fault.File(name, err)
	}
	if magic, _, err = filetype.Peek(f); err != nil {
		return nil, nil, fault.File(name, err)
	}
	return f, magic, nil
}

// openText starts the source of CSV or JSON.
func (l *List) openText(f *os.File, magic []byte) error {
	name, total := l.cfg.File, filetype.NewSummed(f)
	what := charset.Config{File: name, Said: l.cfg.Encoding, SaidAt: l.cfg.says("encoding")}
	decoded, err := charset.Decode(what, f, total)
	if err != nil {
		return err
	}
	if decoded.ByNULs {
		l.header.Guessed = append(l.header.Guessed, "encoding: UTF-16, by its NUL bytes")
	}
	how := delimited.Config{File: name, Encoding: decoded.Encoding, Delimiter: l.cfg.Delimiter,
		DelimiterAt: l.cfg.says("delimiter"), HeaderRow: l.cfg.HeaderRow}
	ext := strings.ToLower(filepath.Ext(filetype.PlainName(name)))
	if ext == ".tsv" {
		how.Usual = '\t'
	}
	// The first bytes show JSON. The name decides for an empty file.
	if delimited.IsJSON(magic) || ext == ".jsonl" || ext == ".ndjson" {
		lines, err := delimited.NewJSON(how, decoded)
		if err != nil {
			return err
		}
		l.source = text{lines, total, decoded}
		return nil
	}
	rows, err := delimited.NewCSV(how, decoded)
	if err != nil {
		return err
	}
	l.header.Guessed = append(l.header.Guessed, rows.Guesses()...)
	l.source = text{rows, total, decoded}
	return nil
}

// spool copies r to a temporary file, which Close removes, and returns it at its start.
func (l *List) spool(r io.Reader) (*os.File, error) {
	f, done, err := scratch.File(l.cfg.Home, "list")
	if err != nil {
		return nil, err
	}
	l.close = append(l.close, done)
	if _, err = io.Copy(f, r); err != nil {
		return nil, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, err
}

// Header returns the columns and what they are bound to. It is shared; do not change it.
func (l *List) Header() *Header { return &l.header }

// Digest returns the SHA-256 of the list's bytes in hexadecimal. It is "" until Rows has reached the end of the list.
func (l *List) Digest() string { return l.digest }

// Close closes the list's files.
func (l *List) Close() error {
	var errs []error
	for i := len(l.close) - 1; i >= 0; i-- {
		errs = append(errs, l.close[i]())
	}
	l.close = nil
	return errors.Join(errs...)
}
