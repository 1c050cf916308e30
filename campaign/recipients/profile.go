package recipients

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
	"mailshot/render/address"
)

// Inspected is what a column holds.
type Inspected struct {
	Name     string   `json:"name"`
	Use      string   `json:"use,omitempty"`    // address or name, as the column's name tells
	Type     string   `json:"type"`             // address, number, date, bool, text; "" if all its cells are empty
	Locale   string   `json:"locale,omitempty"` // whose numbers or dates they are, "" the international way; for recipients.locale
	Also     []string `json:"also,omitempty"`   // whose they may be as well, with other values: nobody can tell 03/04 from 04/03
	Why      string   `json:"why,omitempty"`    // why it is text, though numbers or dates are in it
	Filled   int64    `json:"filled"`           // rows with something in the cell
	Distinct int64    `json:"distinct"`         // values; see More
	More     bool     `json:"more,omitempty"`   // there are more than Distinct
	Samples  []string `json:"samples,omitempty"`
}

// How many distinct values a column is counted to, and all columns together: with 100 or more in each.
const (
	exactly    = 10_000
	allExactly = 500_000
)

const mostSamples = 3

// writing is one way to write a type, and loc whose it is: nil the international one.
type writing struct {
	kind Type
	loc  *value.Locale
}

// addressType is the type of a column of addresses, which a campaign names by recipients.address.
const addressType Type = "address"

// writings are the ways that are tried, in the order of preference: those of one locale, if one is said.
func writings(said *value.Locale) []writing {
	ways := []writing{{addressType, nil}, {Number, nil}, {Bool, nil}, {Date, nil}}
	locales := []*value.Locale{said}
	if said == nil {
		locales = nil
		for _, name := range []string{"de-DE", "en-US", "en-GB", "fr-FR", "de-CH", "fa-IR"} {
			if l, ok := value.NewLocale(name); ok {
				locales = append(locales, l)
			}
		}
	} else {
		ways = slices.DeleteFunc(ways, func(w writing) bool { return w.kind == Number })
	}
	for _, kind := range []Type{Number, Date} {
		for _, l := range locales {
			ways = append(ways, writing{kind, l})
		}
	}
	return ways
}

// profile counts what the cells of one column look like.
type profile struct {
	ways    []writing
	fits    []fitting // by way
	most    int       // distinct values that are counted
	seed    maphash.Seed
	seen    map[uint64]struct{}
	more    bool
	filled  int64
	samples []string
	keep    string // why numbers must stay text: the first that would lose something
}

// fitting is how well a column's cells can be read in one way.
type fitting struct {
	misses int64
	missed string // place and text of the first that cannot
	values uint64 // a hash of all that can: ways that agree are no choice
	dead   bool   // so few can that it is not tried any more
}

func newProfile(ways []writing, most int) profile {
	return profile{ways: ways, fits: make([]fitting, len(ways)), most: most, seed: maphash.MakeSeed(), seen: make(map[uint64]struct{})}
}

func (p *profile) add(place, text string, c *value.Cell) {
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
			p.samples = append(p.samples, fault.Shorten(text, 60))
		}
	}
	digits := strings.ContainsFunc(text, unicode.IsDigit)
	if p.keep == "" && digits && (c == nil || c.Kind == value.Text || c.Kind == value.Number) {
		if why := loses(text); why != "" {
			p.keep = fmt.Sprintf("%s: %s %s", place, fault.Quote(text), why)
		}
	}
	var date, number any // as everybody writes them, nil if the text is none
	for i, w := range p.ways {
		f := &p.fits[i]
		if f.dead {
			continue
		}
		var v any
		var ok bool
		switch {
		case w.loc != nil && w.kind == Date && date != nil:
			v, ok = date, true // every locale reads 2026-11-30
		case w.loc != nil && w.kind == Number && number != nil:
			v, ok = number, true
		default:
			v, ok = w.read(text, c, digits)
		}
		if ok && w.loc == nil {
			switch {
			case w.kind == Date:
				date = v
			case w.kind == Number && (c != nil && c.Kind == value.Number || !strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' })):
				number = v
			}
		}
		if ok {
			f.values += maphash.Comparable(p.seed, v) // the order is no matter
			continue
		}
		if f.misses++; f.missed == "" {
			f.missed = place + ": " + fault.Quote(text)
		}
		f.dead = f.misses > 20 && f.misses*few(w.kind) > p.filled
	}
}

// few is which part of a column may be something else, so that it still is said what the column is: half of addresses, for nothing
// else has an @, and a tenth of the others.
func few(kind Type) int64 {
	if kind == addressType {
		return 2
	}
	return 10
}

// read reads a cell's text, or what a sheet stores behind it.
func (w writing) read(text string, c *value.Cell, digits bool) (v any, ok bool) {
	switch w.kind {
	case addressType:
		_, err := address.Parse(text)
		return nil, err == nil
	case Number, Date:
		if !digits && (c == nil || c.Kind == value.Text) {
			return nil, false
		}
	}
	v, problem, _ := value.Read(w.kind.kind(), text, c, w.loc)
	if t, is := v.(time.Time); is {
		v = t.Unix()
	}
	return v, problem == ""
}

// loses says what a text of digits would lose as a number.
func loses(text string) string {
	text = strings.Map(folding.Digit, text)
	if strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(text) > 1 && text[0] == '+' && !strings.ContainsFunc(text[1:], func(r rune) bool { return (r < '0' || r > '9') && r != ' ' && r != '-' }) {
			return "begins with +, as a telephone number does"
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

// conclude says what the column holds.
func (p *profile) conclude(c *Inspected) {
	c.Filled, c.Distinct, c.More, c.Samples = p.filled, int64(len(p.seen)), p.more, p.samples
	if p.filled == 0 {
		return
	}
	c.Type = string(Text)
	var values uint64
	nearest := -1
	for i, w := range p.ways {
		f := p.fits[i]
		switch {
		case f.dead:
		case f.misses == 0 && c.Type == string(Text):
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
	case c.Type == string(Number) && p.keep != "":
		c.Type, c.Locale, c.Also, c.Why = string(Text), "", nil, p.keep
	case c.Type == string(Text) && nearest >= 0 && p.ways[nearest].kind == addressType:
		c.Type = string(addressType)
		c.Why = fmt.Sprintf("%s no address, the first in %s", fault.Are(int(p.fits[nearest].misses), "cell"), p.fits[nearest].missed)
	case c.Type == string(Text) && nearest >= 0:
		what := map[Type]string{Number: "number", Date: "date", Bool: "yes or no"}[p.ways[nearest].kind]
		c.Why = fmt.Sprintf("%s no %s, the first in %s", fault.Are(int(p.fits[nearest].misses), "cell"), what, p.fits[nearest].missed)
	}
}
