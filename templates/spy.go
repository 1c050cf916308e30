package templates

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"mailshot/templates/function"
	"mailshot/templates/gaps"
	"mailshot/templates/source"
)

// mostShapes is how many shapes of rows a spy remembers.
const mostShapes = 2000

// spy finds out what a template prints at its places for a row: something, or nothing.
//
// It executes a second copy of the template, in which calls around links and behind values note what is printed. That
// takes longer than the first. But rows that have the same empty cells and that took the same branches print something
// at the same places, so the spy executes its copy for the first row of each such shape. A row with an odd link in a
// cell is looked at by itself.
type spy struct {
	set      *set
	pristine func(*function.Execution) (executor, error)
	columns  []gaps.Column // whose cells decide
	unsure   bool          // what the links are hangs on more than the cells: each row is looked at by itself

	at []int // by column: its place in a row, or -1

	shapes sync.RWMutex
	known  map[string]*Seen // by shape

	mu   sync.Mutex
	copy *instance // nil: not made yet, or it failed
	dead bool      // it failed
}

// newSpy makes the spy of a set. It must be called before guards are put into the set's trees.
func newSpy(s *set, entry string) *spy {
	y := &spy{set: s, known: map[string]*Seen{}}
	for _, name := range slices.Sorted(maps.Keys(s.spied)) {
		t := s.spied[name]
		var sure bool
		y.columns, sure = gaps.Columns(y.columns, t.unit.made, s.made[name].tree, s.html)
		y.unsure = y.unsure || !sure
		for _, site := range gaps.Find(t.unit.spied, t.tree, s.html, t.unit.label == "subject") {
			optional := site.Kind == gaps.Value
			// In other lines than the subject an empty value is often meant.
			if optional && !s.html && entry != "subject" && entry != "text" {
				continue
			}
			n := s.c.place(site.Error(t.unit.spied), optional)
			command := call(function.Printed, site.Action.Pipe.Pos)
			command.Args = append(command.Args, number(n, site.Action.Pipe.Pos))
			site.Action.Pipe.Cmds = append(site.Action.Pipe.Cmds, command)
		}
	}
	for _, c := range y.columns {
		y.at = append(y.at, slices.Index(s.c.cfg.Columns, c.Name))
	}
	var err error
	y.pristine, err = s.pristine(entry, s.spied)
	y.dead = err != nil // the set itself has the same mistake, and says so
	return y
}

// spyLinks puts calls around the addresses of links that have an action in them.
func (s *set) spyLinks(f *source.Form) *source.Form {
	links, nowhere := gaps.Links(f)
	for _, l := range nowhere {
		s.c.doubt(l.Error(f))
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

// text returns a cell as read.
func (d Data) text(columns []string, name string) (text string, ok bool) {
	if d.Cells == nil {
		text, ok = d.Text[name]
		return text, ok
	}
	i := slices.Index(columns, name)
	if i < 0 || i >= len(d.Cells) {
		return "", false
	}
	return d.Cells[i].Text, true
}

// look adds to d.Seen what the template prints for a row. path is the one that its execution took. It takes no lock for
// a row of the same shape as the row before.
func (y *spy) look(d Data, path []byte, dot func() map[string]any, last *recent) {
	shape, blanks, odd := last.next[:0], false, y.unsure
	for i, c := range y.columns {
		cell, isText := y.text(d, i)
		switch {
		case !isText:
			shape, odd = append(shape, 0), true
		case function.Blank(cell):
			shape, blanks = append(shape, 1), true
		default:
			shape, odd = append(shape, 0), odd || c.Odd(cell)
		}
	}
	shape = append(shape, path...)
	last.next = shape
	if odd {
		y.one(d, shape, blanks, dot, odd)
		return
	}
	if last.seen != nil && bytes.Equal(shape, last.shape) {
		d.Seen.Add(last.seen)
		return
	}
	last.shape = append(last.shape[:0], shape...)
	if last.seen = y.shape(shape); last.seen != nil {
		d.Seen.Add(last.seen)
	} else {
		last.seen = y.one(d, shape, blanks, dot, odd)
	}
}

// text returns the cell of a column as read.
func (y *spy) text(d Data, column int) (text string, ok bool) {
	name := y.columns[column].Name
	if field, ok := strings.CutPrefix(name, "mailshot."); ok {
		return d.Mailshot.Field(field)
	}
	if d.Cells == nil {
		text, ok = d.Text[name]
		return text, ok
	}
	if i := y.at[column]; i >= 0 && i < len(d.Cells) {
		return d.Cells[i].Text, true
	}
	return "", false
}

// shape returns what is known of a shape, or nil.
func (y *spy) shape(shape []byte) *Seen {
	y.shapes.RLock()
	defer y.shapes.RUnlock()
	return y.known[string(shape)]
}

// one executes the copy for a row, and remembers what it prints for the row's shape, unless the row is odd. It returns
// nil if it does not remember it.
func (y *spy) one(d Data, shape []byte, blanks bool, dot func() map[string]any, odd bool) *Seen {
	y.mu.Lock()
	defer y.mu.Unlock()
	if !odd {
		if known := y.shape(shape); known != nil { // meanwhile
			d.Seen.Add(known)
			return known
		}
	}
	seen := &Seen{}
	if !y.execute(dot(), seen) {
		return nil
	}
	d.Seen.Add(seen)
	if odd || !blanks && !seen.Filled() {
		return nil
	}
	y.shapes.Lock()
	defer y.shapes.Unlock()
	if len(y.known) >= mostShapes {
		return nil
	}
	y.known[string(shape)] = seen
	return seen
}

// execute executes the copy.
func (y *spy) execute(row map[string]any, seen *gaps.Seen) bool {
	if y.copy == nil && !y.dead {
		run := y.set.functions()
		t, err := y.pristine(run)
		y.copy, y.dead = &instance{run: run, t: t}, err != nil
	}
	if y.dead {
		return false
	}
	out := &y.copy.out
	if out.Reset(); out.Cap() > 1<<20 {
		*out = bytes.Buffer{}
	}
	y.copy.run.Begin(row)
	y.copy.run.Watch(seen, out)
	err := y.copy.t.Execute(&limited{out, y.set.c.cfg.Limit}, row)
	y.copy.run.Begin(nil)
	return err == nil
}
