package templates

import (
	"fmt"
	"maps"
	"slices"

	"mailshot/templates/function"
	"mailshot/templates/gaps"
	"mailshot/templates/source"
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
	doubts  []error
}

// Places are the places of all templates compiled so far. [Seen.Each] counts them from 0.
func (c *Compiler) Places() []Place {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.places.places)
}

// Nowhere are the links of all templates compiled so far that lead nowhere, whatever the row.
func (c *Compiler) Nowhere() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.doubts)
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

// watchLinks puts calls around the addresses of links that have an action in them.
func (s *set) watchLinks(f *source.Form) *source.Form {
	links, nowhere := gaps.Links(f)
	for _, l := range nowhere {
		s.c.nowhere(l.Error(f))
	}
	spans := make([][]int, 0, 2*len(links))
	calls := make([]string, 0, 2*len(links))
	for _, l := range links {
		empty := s.c.place(l.Error(f), false)
		l.Kind = gaps.Garbled
		broken := s.c.place(l.Error(f), false)
		spans = append(spans, []int{l.From, l.From}, []int{l.To, l.To})
		calls = append(calls, function.Open,
			fmt.Sprintf("%s %d %d %q %t", function.Close, empty, broken, l.Name, l.Shares))
	}
	if len(spans) == 0 {
		return f
	}
	i := -1
	return f.Replace(spans, func(string) string { i++; return "{{$_ := " + calls[i] + "}}" })
}

// nowhere keeps a link that leads nowhere whatever the row.
func (c *Compiler) nowhere(e *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubts = append(c.doubts, e)
}

// watch makes the actions of a set note whether what they print is empty. A text that is derived from the same source
// as the HTML prints the same values, and need not. In other lines than the subject an empty value is often meant.
func (s *set) watch(entry string, derived bool) {
	if derived {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.made)) {
		t := s.made[name]
		for _, site := range gaps.Find(t.unit.made, t.tree, s.html, t.unit.label == "subject") {
			optional := site.Kind == gaps.Value
			if optional && !s.html && entry != "subject" && entry != "text" {
				continue
			}
			n := s.c.place(site.Error(t.unit.made), optional)
			command := call(function.Printed, site.Action.Pipe.Pos)
			command.Args = append(command.Args, number(n, site.Action.Pipe.Pos))
			site.Action.Pipe.Cmds = append(site.Action.Pipe.Cmds, command)
		}
	}
}
