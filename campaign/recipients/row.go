package recipients

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/stored"
	"mailshot/render/address"
)

// Row is one recipient. It does not change after it was yielded, and is safe for concurrent use.
type Row struct {
	Place    string          // people.csv:17, customers.xlsx November!17
	Number   int64           // 1 for the first row after the header
	Fields   []string        // the texts that a person sees, by column
	Address  address.Address // zero if Invalid
	Invalid  string          // why the row cannot be mailed: `no @ in "ann"`, an empty key; "" if it can
	Name     string          // trimmed text of the name column
	Key      string          // trimmed text of the key column, else the address's key
	Filtered bool            // the filter excludes it; Faults and Invalid are empty then
	Faults   []error         // cells of another type or with an error, a filter that fails; each a *Fault
	Group    []*Row          // all rows of its message, in the order of the list, itself the first; nil without groups

	header *Header
	values []any // by column: float64, time.Time, bool, or nil; nil if no column is typed
}

// bind reads the address, the name and the key from the fields.
func (r *Row) bind() {
	h := r.header
	if h.Name >= 0 {
		r.Name = strings.TrimSpace(r.Fields[h.Name])
	}
	a, err := h.parse(r.Fields[h.Address])
	if err != nil {
		r.Invalid = invalid(h.Columns[h.Address].Name, err)
	}
	r.Address = a
	r.Key = a.Key()
	if h.Key >= 0 {
		r.Key = strings.TrimSpace(r.Fields[h.Key])
		if r.Key == "" && r.Invalid == "" {
			r.Invalid = fmt.Sprintf("%s: empty key", h.Columns[h.Key].Name)
		}
	}
}

// parse reads an address as the campaign wants.
func (h *Header) parse(text string) (address.Address, error) {
	if h.Guarded {
		text = folding.Unguarded(text)
	}
	if h.Lenient {
		return address.ParseLenient(text)
	}
	return address.Parse(text)
}

// invalid says why a cell is not an address: `email: no @ in "ann"`.
func invalid(column string, err error) string {
	var e *address.Error
	if !errors.As(err, &e) {
		return column + ": " + err.Error()
	}
	s := column + ": " + e.Reason
	if strings.TrimSpace(e.Text) != "" {
		s += " in " + fault.Quote(e.Text)
	}
	hint := e.Hint
	if _, err := address.ParseLenient(e.Text); err == nil {
		hint = "some providers have such addresses; recipients.addresses: lenient takes them"
	}
	if hint != "" {
		s += " (" + hint + ")"
	}
	return s
}

// Values returns the cells by column name, as filters and templates see them: string, float64, time.Time or bool, and
// nil for an empty cell of a typed column. The map is new.
func (r *Row) Values() map[string]any {
	m := make(map[string]any, len(r.Fields)+1)
	for i, c := range r.header.Columns {
		m[c.Name] = r.value(i)
	}
	return m
}

func (r *Row) value(i int) any {
	if v, typed := r.Typed(i); typed {
		return v
	}
	return r.Fields[i]
}

// Typed returns the value of the cell in column i: float64, time.Time, bool, or nil if it is empty. typed is false if
// the column has texts: its cells are in Fields.
func (r *Row) Typed(i int) (v any, typed bool) {
	if t := r.header.Columns[i].Type; t == Text || t == "" {
		return nil, false
	}
	if r.values == nil {
		return nil, true
	}
	return r.values[i], true
}

// Text returns the cells by column name, as a person sees them. The map is new.
func (r *Row) Text() map[string]string {
	m := make(map[string]string, len(r.Fields))
	for i, c := range r.header.Columns {
		m[c.Name] = r.Fields[i]
	}
	return m
}

// encoding is the first byte of what Encode writes for one row.
const encoding = 1

// Encode returns the fields and typed values in a compact form for [Header.Decode], and those of its whole group. Equal
// rows give equal bytes. It leaves out the place, the number, the faults, and what follows from the fields.
func (r *Row) Encode() []byte {
	if len(r.Group) > 1 {
		return r.encodeGroup()
	}
	return r.encode()
}

// encode encodes the row without its group.
func (r *Row) encode() []byte {
	size := 1
	for _, f := range r.Fields {
		size += len(f) + binary.MaxVarintLen32
	}
	b := append(make([]byte, 0, size+9*len(r.values)), encoding)
	for _, f := range r.Fields {
		b = stored.AppendText(b, f)
	}
	for i, c := range r.header.Columns {
		if c.Type == Text || c.Type == "" {
			continue
		}
		b = stored.AppendValue(b, r.value(i))
	}
	return b
}

// Decode rebuilds the row that Encode was called on, for a header with the same columns. It leaves Filtered and
// Faults empty: rows with them are not sent.
func (h *Header) Decode(place string, number int64, b []byte) (*Row, error) {
	if h.Grouped {
		return h.decodeGroup(place, number, b)
	}
	return h.decode(place, number, b)
}

// decode decodes one row.
func (h *Header) decode(place string, number int64, b []byte) (*Row, error) {
	r := &Row{Place: place, Number: number, header: h, Fields: make([]string, len(h.Columns))}
	broken := func(what string) error {
		return fmt.Errorf("%s: stored row: %s", place, what)
	}
	if len(h.Columns) == 0 || h.Address < 0 || max(h.Address, h.Name, h.Key) >= len(h.Columns) {
		return nil, broken("the header has no such columns")
	}
	if len(b) == 0 || b[0] != encoding {
		return nil, broken("unknown encoding")
	}
	text := string(b[1:]) // one copy for all fields
	for i := range r.Fields {
		var what string
		if r.Fields[i], text, what = stored.Text(text); what != "" {
			return nil, broken(what)
		}
	}
	rest := b[len(b)-len(text):]
	for i, c := range h.Columns {
		if c.Type == Text || c.Type == "" {
			continue
		}
		if r.values == nil {
			r.values = make([]any, len(h.Columns))
		}
		var what string
		if r.values[i], rest, what = stored.Value(rest); what != "" {
			return nil, broken(what)
		}
	}
	if len(rest) > 0 {
		return nil, broken("more than the header's columns")
	}
	r.bind()
	return r, nil
}
