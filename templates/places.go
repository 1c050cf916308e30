package templates

import (
	"fmt"
	"slices"

	"mailshot/templates/gaps"
)

// Seen gathers what the executions of one message printed at the compiler's places, see [Data].
type Seen = gaps.Seen

// Place is where a template prints something that may be empty or that may lead nowhere. Its error says where that is
// and what is wrong with a message in which it is so. The code is "empty-link", "broken-link" or "empty-value".
type Place struct {
	*Error
	// Optional says that it is often meant. Only where most messages have a value, those without one are worth a word.
	Optional bool
}

// places are what a compiler knows of its templates' places. They are kept under the compiler's lock.
type places struct {
	places  []Place
	numbers map[string]int // by file and place
	doubts  []*Error
	told    map[string]bool // places of the doubts
}

// Places are the places of all templates compiled so far. [Seen.Each] counts them from 0.
func (c *Compiler) Places() []Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.places.places)
}

// mostDoubts bounds what Doubts returns.
const mostDoubts = 200

// Doubts are what is wrong with the templates compiled so far, whatever the row: a link that leads nowhere
// ("empty-link", "broken-link"), a field of another tool ("foreign-placeholder").
func (c *Compiler) Doubts() []*Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.doubts)
}

// doubt keeps what is wrong with a template, once for each place.
func (c *Compiler) doubt(e *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := e.Place() + e.Code
	if c.told == nil {
		c.told = map[string]bool{}
	}
	if !c.told[id] && len(c.doubts) < mostDoubts {
		c.told[id] = true
		c.doubts = append(c.doubts, e)
	}
}

// place returns the number of a place. The same place in another form of its source is the same place. Then the worse
// of the two kinds holds.
func (c *Compiler) place(e *Error, optional bool) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.numbers == nil {
		c.numbers = map[string]int{}
	}
	id := fmt.Sprintf("%s\x00%d:%d\x00%s", e.File, e.Line, e.Column, e.Code)
	n, ok := c.numbers[id]
	switch {
	case !ok:
		n = len(c.places.places)
		c.numbers[id] = n
		c.places.places = append(c.places.places, Place{e, optional})
	case c.places.places[n].Optional && !optional:
		c.places.places[n] = Place{e, false}
	}
	return n
}
