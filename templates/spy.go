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
	"mailshot/templates/guards"
	"mailshot/templates/program"
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
	entry    string
	pristine func(*function.Execution) (executor, error)
	columns  []gaps.Column // whose cells decide
	at       []int         // by column: its place in a row, or -1
	fields   []string      // by column: the field of mailshot that it is, or ""
	unsure   bool          // what the links are hangs on more than the cells: each row is looked at by itself

	shapes sync.RWMutex
	known  map[string]*Seen // by shape

	compile  sync.Once
	program  *program.Program // nil: the engine executes the copy
	watchers sync.Pool        // of *watcher

	mu   sync.Mutex
	copy *instance // nil: not made yet, or it failed
	dead bool      // it failed
}

// watcher is a machine of a spy's program, and what it writes.
type watcher struct {
	machine *program.Machine
	out     Output
}

// newSpy makes the spy of a set. It must be called before guards are put into the set's trees.
func newSpy(s *set, entry string) *spy {
	y := &spy{set: s, entry: entry, known: map[string]*Seen{}}
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
			command := guards.Call(function.Printed, site.Action.Pipe.Pos)
			command.Args = append(command.Args, guards.Number(n, site.Action.Pipe.Pos))
			site.Action.Pipe.Cmds = append(site.Action.Pipe.Cmds, command)
		}
	}
	for _, c := range y.columns {
		field, ok := strings.CutPrefix(c.Name, "mailshot.")
		if !ok {
			field = ""
		}
		y.fields = append(y.fields, field)
		y.at = append(y.at, program.Place(s.c.cfg.Columns, c.Name))
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
	if field := y.fields[column]; field != "" {
		return d.Mailshot.Field(field)
	}
	if d.Cells == nil {
		text, ok = d.Text[y.columns[column].Name]
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
	seen := &Seen{}
	if !y.execute(d, dot, seen) {
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

// execute executes the copy: by its program, or by the template engine where the program says no.
func (y *spy) execute(d Data, dot func() map[string]any, seen *Seen) bool {
	y.compile.Do(y.compileProgram)
	if y.program != nil {
		w, _ := y.watchers.Get().(*watcher)
		if w == nil {
			w = &watcher{machine: y.program.Machine(y.set.functions())}
		}
		made := w.machine.Watch(&w.out, row(d), seen)
		w.machine.Forget()
		if cap(w.out.Text) < giant {
			y.watchers.Put(w)
		}
		if made {
			return true
		}
		*seen = Seen{}
	}
	return y.engine(dot(), seen)
}

// compileProgram makes the program of the copy.
func (y *spy) compileProgram() {
	if y.dead {
		return
	}
	y.program, _ = program.Compile(program.Config{Entry: y.entry, Trees: trees(y.set.spied), HTML: y.set.html,
		Columns: y.set.c.cfg.Columns, Limit: y.set.c.cfg.Limit, Map: y.set.functions().Map()})
}

// make makes the copy for the template engine.
func (y *spy) make() {
	if y.copy != nil || y.dead {
		return
	}
	run := y.set.functions()
	t, err := y.pristine(run)
	if y.dead = err != nil; !y.dead {
		y.copy = &instance{run: run, t: t}
	}
}

// engine has the template engine execute the copy.
func (y *spy) engine(row map[string]any, seen *Seen) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.make(); y.copy == nil {
		return false
	}
	out := &y.copy.out
	if out.Reset(); out.Cap() > giant {
		*out = bytes.Buffer{}
	}
	y.copy.run.Begin(row)
	y.copy.run.Watch(seen, out.Bytes)
	err := y.copy.t.Execute(&limited{out, y.set.c.cfg.Limit}, row)
	y.copy.run.Begin(nil)
	return err == nil
}
