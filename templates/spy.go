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

	mu    sync.Mutex
	one   *instance             // nil: not made yet, or it failed
	dead  bool                  // it failed
	known map[string]*gaps.Seen // by shape
}

// newSpy makes the spy of a set. It must be called before guards are put into the set's trees.
func newSpy(s *set, entry string) *spy {
	y := &spy{set: s, known: map[string]*gaps.Seen{}}
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

// look adds to d.Seen what the template prints for a row. path is the one that its execution took.
func (y *spy) look(d Data, path string, row map[string]any) {
	shape := make([]byte, len(y.columns), len(y.columns)+len(path))
	blanks, odd := false, y.unsure
	for i, c := range y.columns {
		cell, isText := d.text(y.set.c.cfg.Columns, c.Name)
		if name, ok := strings.CutPrefix(c.Name, "mailshot."); ok {
			cell, isText = d.Mailshot.Field(name), true
		}
		if !isText {
			odd = true
			continue
		}
		if strings.TrimSpace(cell) == "" {
			shape[i], blanks = 1, true
		} else if c.Odd(cell) {
			odd = true
		}
	}
	shape = append(shape, path...)
	y.mu.Lock()
	defer y.mu.Unlock()
	if known := y.known[string(shape)]; known != nil && !odd {
		d.Seen.Add(known)
		return
	}
	seen := &gaps.Seen{}
	if !y.execute(row, seen) {
		return
	}
	d.Seen.Add(seen)
	if !odd && len(y.known) < mostShapes && (blanks || seen.Filled()) {
		y.known[string(shape)] = seen
	}
}

// execute executes the copy.
func (y *spy) execute(row map[string]any, seen *gaps.Seen) bool {
	if y.one == nil && !y.dead {
		run := y.set.functions()
		t, err := y.pristine(run)
		y.one, y.dead = &instance{run: run, t: t}, err != nil
	}
	if y.dead {
		return false
	}
	out := &y.one.out
	if out.Reset(); out.Cap() > 1<<20 {
		*out = bytes.Buffer{}
	}
	y.one.run.Begin(row)
	y.one.run.Watch(seen, out)
	err := y.one.t.Execute(&limited{out, y.set.c.cfg.Limit}, row)
	y.one.run.Begin(nil)
	return err == nil
}
