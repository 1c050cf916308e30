package recipients

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/value"
	"mailshot/campaign/recipients/workbook"
	"mailshot/internal/ellipsis"
	"mailshot/render/address"
)

// Header says how a list's columns are called and what they are used for. It can be stored as JSON, and then still
// decodes what [Row.Encode] wrote. It is safe for concurrent use as long as nobody changes it.
type Header struct {
	File    string   // as named in the campaign
	Columns []Column // in the order of the file
	Address int      // index of the address column
	Name    int      // index of the name column, -1 if none
	Key     int      // index of the key column, -1 if the address is the key
	Guessed []string // what was inferred, for people: `address column: "E-mail"`
	Where   string   // text of the filter
	Lenient bool     `json:",omitempty"` // addresses may have dots that the standard does not allow
	Guarded bool     `json:",omitempty"` // addresses may have an apostrophe before them, for spreadsheets
	Grouped bool     `json:",omitempty"` // rows with one key get one message
}

// Column is one column of a list.
type Column struct {
	Name string // trimmed, in NFC
	Type Type
}

// Index returns the index of the column with a name, or -1. A name that another keyboard wrote finds its column, too.
func (h *Header) Index(name string) int {
	name = columnName(name)
	if i := slices.IndexFunc(h.Columns, func(c Column) bool { return c.Name == name }); i >= 0 {
		return i
	}
	return folding.Index(h.names(), name)
}

func (h *Header) names() []string {
	names := make([]string, len(h.Columns))
	for i, c := range h.Columns {
		names[i] = c.Name
	}
	return names
}

// readHeader returns the record of the header. The rows of a sheet have just its columns from then on.
func (l *List) readHeader() (record, error) {
	want := int64(l.cfg.HeaderRow)
	if want < 0 {
		return record{}, &Fault{Code: "missing-header", Place: l.cfg.File, Text: fmt.Sprintf("header row %d", want),
			Hint: "rows count from 1"}
	}
	for {
		rec, err := l.source.next()
		switch {
		case err == io.EOF && want > 0:
			return rec, &Fault{Code: "missing-header", Place: l.source.place(want), Text: "no row begins here",
				Hint: "the header row is past the end of the list"}
		case err == io.EOF:
			return rec, &Fault{Code: "missing-header", Place: l.cfg.File, Text: "the list is empty",
				Hint: "its first row names the columns"}
		case err != nil:
			var f *Fault
			if errors.As(err, &f) && !f.Final && f.Line > 0 && f.Line < want {
				continue // lines above the header may be anything
			}
			return rec, err
		case want > 0 && rec.line > want:
			return rec, &Fault{Code: "missing-header", Place: l.source.place(want), Text: "no row begins here",
				Hint: "correct the header row"}
		case want > 0 && rec.line < want, want == 0 && blank(rec):
			continue
		}
		switch s := l.source.(type) {
		case *sheet:
			rec = s.header(rec)
		case text:
			rec = l.dropNameless(rec)
		}
		return rec, nil
	}
}

// bind gives the columns their names, types and uses, and compiles the filter.
func (l *List) bind(rec record) error {
	h := &l.header
	h.File, h.Where, h.Address, h.Name, h.Key = l.cfg.File, l.cfg.Where, -1, -1, -1
	h.Lenient = l.cfg.Addresses == AddressesLenient
	b := &binding{l: l, rec: rec, place: l.source.place(rec.line), errs: slices.Clone(rec.faults)}
	if b.names() {
		b.people()
		b.constants()
		b.types()
		if strings.TrimSpace(l.cfg.Where) != "" && len(h.Columns) > 0 {
			filter, err := h.compile(l.cfg.Where, l.cfg.Places["where"])
			if err != nil {
				b.errs = append(b.errs, err)
			}
			l.filter = filter
		}
	}
	return errors.Join(b.errs...)
}

// binding is the work of binding a header, with the mistakes found so far.
type binding struct {
	l     *List
	rec   record // the header
	place string
	errs  []error
}

// wrong adds a mistake about the header's record.
func (b *binding) wrong(code, text, hint string) { b.wrongAt(b.place, code, text, hint) }

func (b *binding) wrongAt(place, code, text, hint string) {
	b.errs = append(b.errs, &Fault{Code: code, Place: place, Text: text, Excerpt: fault.Excerpt(b.rec.raw), Hint: hint})
}

// names gives the columns their names. It returns false if the record is a row of the list and not a header.
func (b *binding) names() bool {
	l, rec, h := b.l, b.rec, &b.l.header
	seen, alikes := make(map[string]int, len(rec.fields)), make(map[string]int, len(rec.fields))
	for i, field := range rec.fields {
		name := columnName(field)
		h.Columns = append(h.Columns, Column{Name: name, Type: Text})
		if _, err := address.Parse(name); err == nil {
			b.wrong("missing-header", fmt.Sprintf("the first row holds an address, %s, where the columns' names "+
				"should be", fault.Quote(name)), "put a row with names above it")
			return false
		}
		if name == "" {
			b.wrongAt(l.cellPlace(rec, i), "empty-header", fmt.Sprintf("column %s has no name", columnLabel(i, rec)),
				"give it a name, or delete the column")
			continue
		}
		if first, ok := seen[name]; ok {
			b.wrongAt(l.cellPlace(rec, i), "duplicate-header",
				fmt.Sprintf("columns %s and %s are both named %s", columnLabel(first, rec), columnLabel(i, rec),
					fault.Quote(name)), "columns are found by name: rename one")
			continue
		}
		seen[name] = i
		like := folding.Name(name)
		if first, ok := alikes[like]; ok {
			l.notes.add("", l.source.place(0), Fault{
				Code: "similar-columns", Place: l.cellPlace(rec, i),
				Text: fmt.Sprintf("columns %s and %s are named %s and %s, which look the same",
					columnLabel(first, rec), columnLabel(i, rec), fault.Quote(h.Columns[first].Name),
					fault.Quote(name)),
				Hint: "each is found only by its exact name; rename one",
			})
			continue
		}
		alikes[like] = i
	}
	return true
}

// column returns the index of a column that the campaign names, or -1; key says which key of the campaign names it.
func (b *binding) column(key, what, name string) int {
	h := &b.l.header
	i := h.Index(name)
	switch said := b.l.cfg.Places[key]; {
	case i >= 0:
	case said != "":
		b.errs = append(b.errs, &Fault{Code: "missing-column", Place: said,
			Text: fmt.Sprintf("no column %s for the %s in %s", fault.Quote(name), what, b.place), Hint: h.hint(name)})
	default:
		b.wrong("missing-column", fmt.Sprintf("no column %s for the %s", fault.Quote(name), what), h.hint(name))
	}
	return i
}

// people finds the columns of the address, the name and the key.
func (b *binding) people() {
	cfg, h := &b.l.cfg, &b.l.header
	results, guarded := folding.Results(h.names())
	if cfg.Address != "" {
		h.Address = b.column("address", "address", cfg.Address)
	} else if results >= 0 {
		h.Address = results
		h.Guessed = append(h.Guessed, `address column: "address", as in every report of a campaign`)
	} else if found := h.find(folding.IsAddress); len(found) == 1 {
		h.Address = found[0]
		h.Guessed = append(h.Guessed, fmt.Sprintf("address column: %q", h.Columns[found[0]].Name))
	} else if len(found) > 1 {
		b.wrong("missing-column", fmt.Sprintf("columns %s and %s may both hold the address",
			fault.Quote(h.Columns[found[0]].Name), fault.Quote(h.Columns[found[1]].Name)),
			"name one of them in recipients.address")
	} else {
		hint := "name it in recipients.address; " + h.hint("")
		if len(h.Columns) == 1 {
			hint = "name it in recipients.address; or, if this is a title, name the row of the header in " +
				"recipients.header_row"
		}
		b.wrong("missing-column", "no column looks like the address", hint)
	}
	h.Guarded = guarded && h.Address == results
	if cfg.Name != "" {
		h.Name = b.column("name", "name", cfg.Name)
	} else if found := h.find(folding.IsPerson); len(found) == 1 {
		h.Name = found[0]
		h.Guessed = append(h.Guessed, fmt.Sprintf("name column: %q", h.Columns[found[0]].Name))
	}
	if cfg.Key != "" {
		h.Key = b.column("key", "key", cfg.Key)
	}
	if cfg.Group != "" {
		h.Key, h.Grouped = b.column("group", "group", cfg.Group), true
	}
}

// types gives the columns the types that the campaign sets.
func (b *binding) types() {
	l, h := b.l, &b.l.header
	for _, name := range slices.Sorted(maps.Keys(l.cfg.Columns)) {
		t := l.cfg.Columns[name]
		switch t {
		case Text, Number, Date, Bool:
		default:
			b.wrong("unknown-type", fmt.Sprintf("column %s has the unknown type %s", fault.Quote(name),
				fault.Quote(string(t))), "text, number, date or bool")
			continue
		}
		if i := b.column("columns."+name, "type "+string(t), name); i >= 0 {
			h.Columns[i].Type = t
			if t != Text && l.types == nil {
				l.types = make([]Type, len(h.Columns))
			}
		}
	}
	if l.types != nil {
		for i, c := range h.Columns {
			l.types[i] = c.Type
		}
	}
}

// hint names the nearest column, or else all columns.
func (h *Header) hint(name string) string {
	if s := folding.Nearest(columnName(name), h.names()); name != "" && s != "" {
		return s
	}
	return "the columns are " + ellipsis.Cut(strings.Join(h.names(), ", "), 120)
}

// find returns the indices of the columns whose name is one of a kind.
func (h *Header) find(is func(name string) bool) []int {
	var found []int
	for i, c := range h.Columns {
		if is(c.Name) {
			found = append(found, i)
		}
	}
	return found
}

// columnName is the text of a header's cell as a name: trimmed and in NFC, so that names that look the same are the
// same.
func columnName(s string) string { return norm.NFC.String(strings.TrimSpace(s)) }

// columnLabel is what the file's own program calls a column: C in Excel, 3 in CSV.
func columnLabel(i int, rec record) string {
	if rec.cells != nil {
		return workbook.Letters(rec.cells[i].Column)
	}
	return fmt.Sprint(i + 1)
}

// kind is the kind of value that the type stands for.
func (t Type) kind() value.Kind {
	switch t {
	case Number:
		return value.Number
	case Date:
		return value.Date
	case Bool:
		return value.Bool
	}
	return value.Text
}
