// Package profile tells what the columns of a list hold. [New] returns a [Profile] for each column. [Profile.Add]
// takes the column's cells one after another, and [Profile.Column] says what they are: addresses, numbers, dates or
// booleans, and whose way of writing they follow. Memory does not grow with the list, since distinct values are
// counted only up to a limit.
package profile

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"
	"unicode"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/folding"
	"mailshot/campaign/recipients/value"
	"mailshot/internal/ellipsis"
	"mailshot/render/address"
)

// Column is what a column holds. It is part of the JSON of an inspection.
type Column struct {
	Type     string   `json:"type"`             // address, number, date, bool or text; "" if all cells are empty
	Locale   string   `json:"locale,omitempty"` // whose way of writing it is; "" is the international way
	Also     []string `json:"also,omitempty"`   // who else may have written it and meant other values, as in 03/04
	Why      string   `json:"why,omitempty"`    // what does not fit: why it is text, or which cell is not an address
	Filled   int64    `json:"filled"`           // rows with something in the cell
	Distinct int64    `json:"distinct"`         // distinct values; see More
	More     bool     `json:"more,omitempty"`   // there are more values than Distinct
	Samples  []string `json:"samples,omitempty"`
}

// How many distinct values are counted: in one column, and in all together, but at least 100 in each.
const (
	Exactly    = 10_000
	allExactly = 500_000
)

const mostSamples = 3

// kind is a type of a column, in the words of an inspection.
type kind string

const (
	addresses kind = "address" // a campaign names such a column by recipients.address
	text      kind = "text"
	number    kind = "number"
	date      kind = "date"
	truth     kind = "bool"
)

// writing is one way to write a type; loc is whose way it is, nil for the international way.
type writing struct {
	kind kind
	loc  *value.Locale
}

// writings returns the ways to try, in order of preference. If a locale is named, only its own.
func writings(said *value.Locale) []writing {
	ways := []writing{{addresses, nil}, {number, nil}, {truth, nil}, {date, nil}}
	locales := []*value.Locale{said}
	if said == nil {
		locales = nil
		for _, name := range []string{"de-DE", "en-US", "en-GB", "fr-FR", "de-CH", "fa-IR"} {
			if l, ok := value.NewLocale(name); ok {
				locales = append(locales, l)
			}
		}
	} else {
		ways = slices.DeleteFunc(ways, func(w writing) bool { return w.kind == number })
	}
	for _, k := range []kind{number, date} {
		for _, l := range locales {
			ways = append(ways, writing{k, l})
		}
	}
	return ways
}

// Profile counts what the cells of one column look like.
type Profile struct {
	ways    []writing
	fits    []fitting // one for each of ways
	most    int       // most distinct values to count
	seed    maphash.Seed
	seen    map[uint64]struct{}
	more    bool
	filled  int64
	samples []string
	keep    string // why numbers must stay text: the first number that would lose something
}

// fitting is how well a column's cells can be read in one way.
type fitting struct {
	misses int64
	missed string // place and text of the first cell that cannot
	values uint64 // hash of the values of all that can: ways with equal values do not differ
	dead   bool   // too few can, so it is not tried any more
}

// New returns profiles for a number of columns. said is the locale of their numbers and dates; nil tries the best
// known ones.
func New(columns int, said *value.Locale) []Profile {
	ways := writings(said)
	all := make([]Profile, columns)
	for i := range all {
		all[i] = Profile{
			ways: ways, fits: make([]fitting, len(ways)), most: max(100, min(Exactly, allExactly/columns)),
			seed: maphash.MakeSeed(), seen: make(map[uint64]struct{}),
		}
	}
	return all
}

// Add adds a cell: its place, its text, and what the file stores behind the text, nil if nothing.
func (p *Profile) Add(place, text string, c *value.Cell) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	p.filled++
	h := maphash.String(p.seed, text)
	if _, known := p.seen[h]; !known {
		if len(p.seen) < p.most {
			p.seen[h] = struct{}{}
		} else {
			p.more = true
		}
		if len(p.samples) < mostSamples {
			p.samples = append(p.samples, ellipsis.Cut(text, 60))
		}
	}
	digits := strings.ContainsFunc(text, unicode.IsDigit)
	if p.keep == "" && digits && (c == nil || c.Kind == value.Text || c.Kind == value.Number) {
		if why := loses(text); why != "" {
			p.keep = fmt.Sprintf("%s: %s %s", place, fault.Quote(text), why)
		}
	}
	var day, figure any // values in the international way, nil if the text is not one
	for i, w := range p.ways {
		f := &p.fits[i]
		if f.dead {
			continue
		}
		var v any
		var ok bool
		switch {
		case w.loc != nil && w.kind == date && day != nil:
			v, ok = day, true // every locale reads 2026-11-30
		case w.loc != nil && w.kind == number && figure != nil:
			v, ok = figure, true
		default:
			v, ok = w.read(text, c, digits)
		}
		if ok && w.loc == nil {
			switch {
			case w.kind == date:
				day = v
			case w.kind == number && (c != nil && c.Kind == value.Number ||
				!strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })):
				figure = v
			}
		}
		if ok {
			f.values += maphash.Comparable(p.seed, v) // a sum, so that the order does not matter
			continue
		}
		if f.misses++; f.missed == "" {
			f.missed = place + ": " + fault.Quote(text)
		}
		f.dead = f.misses > 20 && f.misses*few(w.kind) > p.filled
	}
}

// few is the part of a column that may be of another type without changing the column's type: half for addresses,
// since nothing else has an @, and a tenth for other types.
func few(k kind) int64 {
	if k == addresses {
		return 2
	}
	return 10
}

// read reads a cell's text, or what is stored behind it.
func (w writing) read(text string, c *value.Cell, digits bool) (v any, ok bool) {
	switch w.kind {
	case addresses:
		_, err := address.Parse(text)
		return nil, err == nil
	case number, date:
		if !digits && (c == nil || c.Kind == value.Text) {
			return nil, false
		}
	}
	v, problem, _ := value.Read(w.kind.stored(), text, c, w.loc)
	if strings.HasSuffix(problem, value.MoreDigits) {
		return text, true // loses says so, once for the column
	}
	if t, is := v.(time.Time); is {
		v = t.Unix()
	}
	return v, problem == ""
}

// stored is the kind of cell that a sheet or a database has for a type.
func (k kind) stored() value.Kind {
	switch k {
	case number:
		return value.Number
	case date:
		return value.Date
	case truth:
		return value.Bool
	}
	return value.Text
}

// loses says what a text of digits would lose as a number.
func loses(text string) string {
	text = strings.Map(folding.Digit, text)
	if strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		other := func(r rune) bool { return (r < '0' || r > '9') && r != ' ' && r != '-' }
		if len(text) > 1 && text[0] == '+' && !strings.ContainsFunc(text[1:], other) {
			return "begins with +, as a telephone number does"
		}
		if _, ok := value.Decimal(text); ok && !value.Kept(text) {
			return "has more digits than a number keeps"
		}
		return ""
	}
	switch {
	case len(text) > 1 && text[0] == '0':
		return "begins with 0"
	case len(text) > 15:
		return "has more digits than a number keeps"
	}
	return ""
}

// Column says what the column holds.
func (p *Profile) Column() Column {
	c := Column{Filled: p.filled, Distinct: int64(len(p.seen)), More: p.more, Samples: p.samples}
	if p.filled == 0 {
		return c
	}
	c.Type = string(text)
	var values uint64
	nearest := -1
	for i, w := range p.ways {
		f := p.fits[i]
		switch {
		case f.dead:
		case f.misses == 0 && c.Type == string(text):
			c.Type, values = string(w.kind), f.values
			if w.loc != nil {
				c.Locale = w.loc.Name
			}
		case f.misses == 0 && c.Type == string(w.kind) && f.values != values && w.loc != nil:
			c.Also = append(c.Also, w.loc.Name)
		case f.misses > 0 && f.misses*few(w.kind) <= p.filled && (nearest < 0 || f.misses < p.fits[nearest].misses):
			nearest = i
		}
	}
	switch {
	case c.Type == string(number) && p.keep != "":
		c.Type, c.Locale, c.Also, c.Why = string(text), "", nil, p.keep
	case c.Type == string(text) && nearest >= 0 && p.ways[nearest].kind == addresses:
		c.Type = string(addresses)
		c.Why = fmt.Sprintf("%s not an address, the first in %s", fault.Are(int(p.fits[nearest].misses), "cell"),
			p.fits[nearest].missed)
	case c.Type == string(text) && nearest >= 0:
		what := map[kind]string{number: "a number", date: "a date", truth: "yes or no"}[p.ways[nearest].kind]
		c.Why = fmt.Sprintf("%s not %s, the first in %s", fault.Are(int(p.fits[nearest].misses), "cell"), what,
			p.fits[nearest].missed)
	}
	return c
}
