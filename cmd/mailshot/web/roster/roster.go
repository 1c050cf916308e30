// Package roster reads a campaign's list for the page on which a person looks at it. [Read] reads it once, and
// [Roster.Page] then gives any fifty of its rows at once, however long the list is.
//
// Two readings go side by side, both those of the command line: that of inspect, which says what kind of file it is and
// what the columns of its first rows look like, and that of a plan, which binds the columns as the campaign file says
// and reads all rows. What either finds is what the terminal finds; a roster adds in which cell it is.
//
// A roster is of one version of the list: its rows are kept as they were read, in memory or in a working folder, with
// an index of eight bytes a row and less than thirty for a row with findings. Memory grows by no more than that.
package roster

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/languages"
	"mailshot/campaign/list"
	"mailshot/campaign/recipients"
	"mailshot/cmd/mailshot/web/tape"
)

// Roster is what was read of a list. Its methods may be called at the same time, Close aside.
type Roster struct {
	Inspection *recipients.Inspection // what inspect says: of the first rows, or of all if the list cannot be bound
	Header     *recipients.Header     // as the campaign binds it; nil if it cannot be bound
	Faults     []check.Finding        // of the list as a whole
	Kinds      []Kind                 // what is wrong with cells and rows; mistakes first, then the most frequent
	Rows       int64                  // rows that follow the header, with those that could not be taken apart
	Wrong      int64                  // rows with findings
	Digest     string                 // of the list's bytes; "" if it was not read to its end

	tape    tape.Tape
	offsets []int64  // of the rows on the tape
	wrong   []uint32 // rows with findings, by their place in offsets
	masks   []uint64 // kinds of the findings of wrong, as bits; kinds from the 64th on share the last bit
}

// Kind is one kind of mistake in one column.
type Kind struct {
	Code     string
	Severity check.Severity
	Column   string // "" = of a row as a whole
	Text     string // without what one cell alone has, if several rows have it
	Hint     string // of the first
	Rows     int64
	bit      int
}

// ID names a kind in an address, for one version of a list.
func (k *Kind) ID() string { return k.Code + "." + number(int64(k.bit)) }

// sample is how many rows tell what the columns look like.
const sample = 20_000

// mostKinds is how many kinds are told apart. The last one is that of all others.
const mostKinds = 64

// Read reads the list of a definition. A list that cannot be read is in Faults; the error is the end of ctx, or that of
// the working folder. The caller closes the roster.
func Read(ctx context.Context, d *definition.Definition) (_ *Roster, err error) {
	s := &Roster{tape: tape.Tape{Home: d.Home(), What: "people"}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	cfg, err := list.Config(ctx, d, strings.NewReader(""))
	if err != nil {
		s.Inspection, s.Faults = &recipients.Inspection{File: d.Recipients.File}, check.From(err)
		return s, nil
	}
	inspected := make(chan error, 1)
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		first := cfg
		first.Sample = sample
		var err error
		s.Inspection, err = recipients.Inspect(inner, first)
		inspected <- err
	}()
	err = s.read(ctx, d, cfg)
	if err != nil {
		cancel()
	}
	if e := <-inspected; err == nil {
		err = e
	}
	if err == nil && s.Header == nil { // there was nothing but inspect to read the rows
		s.Inspection, err = recipients.Inspect(ctx, cfg)
	}
	if err != nil {
		return nil, err
	}
	s.sort()
	return s, s.tape.End()
}

// Close gives back what the rows are kept in.
func (s *Roster) Close() error { return s.tape.Close() }

// reading is the work of reading a list.
type reading struct {
	*Roster
	header *recipients.Header
	choice *languages.Choice // nil = there is one language
	lang   int               // column of the language
	kinds  map[kindKey]int
	first  map[uint64]uint32 // by the hash of a key: the row that had it first
	seed   maphash.Seed
	marks  []mark // of the row that comes next
	buffer tape.Put
}

type kindKey struct{ code, column, text string }

// mark is a finding of the row that is being read.
type mark struct {
	kind   int
	severe bool
	column int   // -1 = the row as a whole
	same   int64 // with duplicates: the row that was first; else -1
	code   string
	text   string
	hint   string
}

// read reads the rows as a plan would.
func (s *Roster) read(ctx context.Context, d *definition.Definition, cfg recipients.Config) error {
	r := &reading{Roster: s, kinds: map[kindKey]int{}, first: map[uint64]uint32{}, seed: maphash.MakeSeed()}
	cfg.Odd = r.odd
	l, err := recipients.Open(cfg)
	if err != nil {
		s.Faults = check.From(err)
		return nil
	}
	defer l.Close()
	r.header = l.Header()
	if d.Languages.Default != "" {
		if r.choice, err = languages.New(d, r.header); err != nil {
			s.Faults = check.From(err)
			return nil
		}
		r.lang = r.header.Index(d.Recipients.Language)
	}
	for row, err := range l.Rows(ctx) {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := r.fault(err); err != nil {
				return err
			}
			continue
		}
		if err := r.row(row); err != nil {
			return err
		}
	}
	s.Digest = l.Digest()
	s.Header = r.header
	for _, note := range l.Notes() {
		if !slices.ContainsFunc(s.Kinds, func(k Kind) bool { return k.Code == note.Code }) {
			s.Faults = append(s.Faults, check.Warnings(check.From(note))...)
		}
	}
	return nil
}

// odd takes what is odd in a cell of the row that comes next.
func (r *reading) odd(row *recipients.Row, column int, f *recipients.Fault) {
	r.mark(column, check.Warning, f.Code, f.Text, f.Hint, -1)
}

// row takes a row with what is wrong with it.
func (r *reading) row(row *recipients.Row) error {
	h := r.header
	if row.Invalid != "" {
		r.mark(r.column(row.Invalid, h.Address), check.Warning, "invalid-row", row.Invalid, "", -1)
	}
	for _, err := range row.Faults {
		for _, f := range check.From(err) {
			r.mark(r.column(f.Text, -1), f.Severity, f.Code, f.Text, f.Hint, -1)
		}
	}
	if !row.Filtered && row.Invalid == "" {
		if r.choice != nil {
			if _, known := r.choice.Of(row); !known {
				_, text, hint := r.choice.Unknown(row)
				r.mark(r.lang, check.Warning, "unknown-language", text, hint, -1)
			}
		}
		if !r.header.Grouped { // else rows with one key are one message
			r.same(row)
		}
	}
	return r.keep(row.Number, row.Place, row.Fields, "")
}

// same finds a row whose key an earlier row has.
func (r *reading) same(row *recipients.Row) {
	key := maphash.String(r.seed, row.Key)
	first, there := r.first[key]
	if !there {
		r.first[key] = uint32(len(r.offsets))
		return
	}
	column := r.header.Key
	if column < 0 {
		column = r.header.Address
	}
	r.mark(column, check.Warning, "same-key", "same key as an earlier row",
		"equal messages go once; two that differ are an error, unless duplicates: first takes the first", int64(first))
}

// fault takes a mistake of the list. What is about one row is shown in its place among the rows.
func (r *reading) fault(err error) error {
	r.marks = r.marks[:0]
	for _, f := range check.From(err) {
		var at *recipients.Fault
		if !errors.As(err, &at) || at.Final || line(f.Place) == "" {
			r.Faults = append(r.Faults, f)
			continue
		}
		r.mark(-1, f.Severity, f.Code, f.Text, f.Hint, -1)
		if err := r.keep(0, f.Place, nil, f.Excerpt); err != nil {
			return err
		}
	}
	return nil
}

// column is the column that a finding's text begins with, or else the one that is given.
func (r *reading) column(text string, or int) int {
	found, length := or, -1
	for i, c := range r.header.Columns {
		if len(c.Name) > length && strings.HasPrefix(text, c.Name+": ") {
			found, length = i, len(c.Name)
		}
	}
	return found
}

// mark takes a finding of the row that comes next.
func (r *reading) mark(column int, severity check.Severity, code, text, hint string, same int64) {
	key := kindKey{code: code}
	if column >= 0 {
		key.column = r.header.Columns[column].Name
		text = strings.TrimPrefix(text, key.column+": ")
	}
	key.text = general(text)
	at, known := r.kinds[key]
	if !known {
		kind := Kind{Code: code, Severity: severity, Column: key.column, Text: text, Hint: hint}
		if at = min(len(r.Kinds), mostKinds-1); at == mostKinds-1 {
			kind = Kind{Code: "more", Severity: severity, Text: "findings of more kinds"}
		} else {
			r.kinds[key] = at
		}
		if kind.bit = at; at == len(r.Kinds) {
			r.Kinds = append(r.Kinds, kind)
		} else if severity == check.Error {
			r.Kinds[at].Severity = severity
		}
	}
	r.marks = append(r.marks, mark{at, severity == check.Error, column, same, code, text, hint})
}

// keep puts a row and its findings on the tape.
func (r *reading) keep(number int64, place string, fields []string, excerpt string) error {
	b := r.buffer[:0]
	b.Number(number)
	b.Text(place)
	b.Text(excerpt)
	b.Number(int64(len(fields)))
	for _, f := range fields {
		b.Text(f)
	}
	b.Number(int64(len(r.marks)))
	mask := uint64(0)
	for _, m := range r.marks {
		severe := int64(0)
		if m.severe {
			severe = 1
		}
		b.Number(int64(m.kind)<<1 | severe)
		b.Number(int64(m.column))
		b.Number(m.same)
		if m.kind == mostKinds-1 {
			b.Text(m.code)
		}
		b.Text(m.text)
		b.Text(m.hint)
		if k := &r.Kinds[m.kind]; mask&(1<<m.kind) == 0 {
			if k.Rows++; k.Rows == 2 {
				k.Text = general(k.Text)
			}
		}
		mask |= 1 << m.kind
	}
	at, err := r.tape.Add(b)
	if mask != 0 {
		r.wrong = append(r.wrong, uint32(len(r.offsets)))
		r.masks = append(r.masks, mask)
		r.Wrong++
	}
	r.offsets = append(r.offsets, at)
	r.Rows++
	r.buffer, r.marks = b, r.marks[:0]
	return err
}

// sort puts the kinds in the order in which they are shown: mistakes first, then the most frequent.
func (s *Roster) sort() {
	rank := map[check.Severity]int{check.Error: 0, check.Warning: 1, check.Note: 2}
	slices.SortStableFunc(s.Kinds, func(a, b Kind) int {
		if d := rank[a.Severity] - rank[b.Severity]; d != 0 {
			return d
		}
		return int(min(1, max(-1, b.Rows-a.Rows)))
	})
}

// general is a text without what one cell alone has: what is quoted in it.
func general(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, `"`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString(`"…"`)
		for i := 0; ; i++ {
			if i == len(rest) {
				return b.String()
			}
			if rest[i] == '\\' && i+1 < len(rest) {
				i++
			} else if rest[i] == '"' {
				text = rest[i+1:]
				break
			}
		}
	}
}
