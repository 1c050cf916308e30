package whole

import (
	"fmt"
	"strconv"
	"strings"

	"mailshot/campaign/check"
)

// The limits of what is kept to find doubles.
const (
	mostKept    = 1 << 18 // hashes
	mostNumbers = 2       // columns
	mostDoubles = 5       // findings of each
)

// doubles finds things that come twice: numbers, or messages to one address.
type doubles struct {
	n, counted int64
	table      []slot // a power of two, at most half full; nil = none yet
	used       int
	heads      []string // what places begin with, before the number of the row
	found      []double
	more       int64
}

// slot is one hash. key is a part of the hash of its row's key.
type slot struct {
	hash      uint64
	row       uint32
	key, head uint16
}

// double is what came twice.
type double struct{ text, first, place string }

// add notes a hash with the key of its row. A text of "" is only counted.
func (d *doubles) add(hash, key uint64, text, place string) {
	if d.counted++; text == "" {
		return
	}
	if d.n++; hash == 0 {
		hash = 1
	}
	if 2*(d.used+1) > len(d.table) {
		d.grow()
	}
	s := d.at(hash)
	switch {
	case s.hash == 0 && d.used < mostKept:
		head, row := d.place(place)
		*s = slot{hash, row, uint16(key), head}
		d.used++
	case s.hash == hash && s.key != uint16(key):
		if len(d.found) == mostDoubles {
			d.more++
			return
		}
		d.found = append(d.found, double{strings.Clone(text), d.name(s), place})
	}
}

// at returns the slot of a hash, or the free slot that the hash would get.
func (d *doubles) at(hash uint64) *slot {
	for i := hash; ; i++ {
		s := &d.table[i&uint64(len(d.table)-1)]
		if s.hash == 0 || s.hash == hash {
			return s
		}
	}
}

// grow doubles the table.
func (d *doubles) grow() {
	if len(d.table) >= 2*mostKept {
		return
	}
	was := d.table
	d.table = make([]slot, max(64, 2*len(was)))
	for _, s := range was {
		if s.hash != 0 {
			*d.at(s.hash) = s
		}
	}
}

// place takes a place apart, people.csv:17 into people.csv: and 17, so that it takes six bytes.
func (d *doubles) place(place string) (head uint16, row uint32) {
	end := len(strings.TrimRight(place, "0123456789"))
	if len(place)-end > 9 {
		end = len(place)
	}
	n, _ := strconv.ParseUint(place[end:], 10, 32)
	for i, known := range d.heads {
		if known == place[:end] {
			return uint16(i), uint32(n)
		}
	}
	if len(d.heads) < 100 {
		d.heads = append(d.heads, strings.Clone(place[:end]))
	}
	return uint16(len(d.heads) - 1), uint32(n)
}

func (d *doubles) name(s *slot) string {
	if s.row == 0 {
		return d.heads[s.head]
	}
	return d.heads[s.head] + strconv.FormatUint(uint64(s.row), 10)
}

// numbered says which numbers two messages have. If many messages share a number, or the cells are not numbers, it
// finds nothing.
func (d *doubles) numbered(column string) (found []check.Finding) {
	twice := int64(len(d.found)) + d.more
	if d.n < 2*someAlike || d.n*20 < d.counted*19 || twice*10 > d.n {
		return nil
	}
	for _, one := range d.found {
		f := said("same-number", one.place, fmt.Sprintf(".%s is %s, as for %s, and the subject has it", column,
			quote(one.text), one.first), "correct the cell: all others have a number of their own")
		f.Places = []string{one.first, one.place}
		found = append(found, f)
	}
	return d.rest(found)
}

// messages says who gets a message twice.
func (d *doubles) messages() (found []check.Finding) {
	for _, one := range d.found {
		f := said("same-message", one.place,
			fmt.Sprintf("the same message goes to the same address as for %s, under another key",
				one.first), "leave one of the rows out, or recipients.key, so that each address gets one message")
		f.Places = []string{one.first, one.place}
		found = append(found, f)
	}
	return d.rest(found)
}

// rest says how many more there are.
func (d *doubles) rest(found []check.Finding) []check.Finding {
	if n := len(found); n > 0 && d.more > 0 {
		found[n-1].Text += fmt.Sprintf(" (and %d more like this)", d.more)
	}
	return found
}
