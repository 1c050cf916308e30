package templates

import (
	"bytes"
	"io"
	"sync"

	"mailshot/templates/function"
	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/program"
)

// template is a compiled template set. Its program makes the text of a row. Where the program says no, an instance of
// the set is executed by the template engine for that row. There are as many machines of the program, and as many
// instances, as execute at once.
type template struct {
	set       *set
	entry     string
	tidy      bool             // a derived text: it is laid out in lines
	program   *program.Program // nil: the engine makes each text
	unknown   error            // why program is nil
	pristine  func(*function.Execution) (executor, error)
	workers   sync.Pool     // of *worker
	instances sync.Pool     // of *instance
	outputs   sync.Pool     // of *Output, for execute
	guard     *visibleGuard // of HTML
	spy       *spy          // nil: of a derived text
}

// worker is a machine, and what it saw last. Most rows are like the row before.
type worker struct {
	machine *program.Machine
	recent  recent
}

// recent is what the rows before had.
type recent struct {
	path  []byte // one that the guard knows, if known
	known bool
	shape []byte // one that the spy knows
	seen  *Seen  // what it saw for that shape
	next  []byte // room for the shape of a row
}

// testHookMade sees what each program made, in tests.
var testHookMade func(p *template, o *Output, d Data, path []byte, made bool)

// giant is a size from which on a buffer is not kept: one giant text must not stay in memory for the rest of the run.
const giant = 1 << 20

func newTemplate(s *set, entry string, derived bool) (*template, error) {
	p := &template{set: s, entry: entry, tidy: derived}
	if !derived { // a derived text prints what the HTML prints
		p.spy = newSpy(s, entry)
	}
	var err error
	if p.pristine, err = s.pristine(entry, s.made); err != nil {
		return nil, err
	}
	if s.html {
		if p.guard, err = newVisibleGuard(s, entry); err != nil {
			return nil, err
		}
	}
	i, err := p.instance() // html/template finds its errors now, not at the first row
	if err != nil {
		return nil, err
	}
	p.program, p.unknown = program.Compile(program.Config{
		Entry: entry, Trees: trees(s.made), HTML: s.html, Columns: s.c.cfg.Columns, Limit: s.c.cfg.Limit, Tidy: derived,
		Map: i.run.Map(),
	})
	p.instances.Put(i)
	return p, nil
}

// execute writes the text of one row.
func (p *template) execute(w io.Writer, d Data) error {
	o, _ := p.outputs.Get().(*Output)
	if o == nil {
		o = &Output{}
	}
	err := p.append(o, d)
	if err == nil {
		_, err = w.Write(o.Text)
	}
	if cap(o.Text) < giant {
		p.outputs.Put(o)
	}
	return err
}

// literals are what the runs of an output speak of.
func (p *template) literals() []string {
	if p.program == nil {
		return nil
	}
	return p.program.Literals()
}

// append makes the text of one row.
func (p *template) append(o *Output, d Data) error {
	var err error
	if made := p.program != nil && p.work(o, d, &err); !made {
		err = p.engine(o, d)
	}
	if err != nil {
		o.Text, o.Runs = o.Text[:0], o.Runs[:0]
		return p.executeError(err, d)
	}
	return nil
}

// work makes the text of one row by the program, if the program can.
func (p *template) work(o *Output, d Data, err *error) bool {
	w, _ := p.workers.Get().(*worker)
	if w == nil {
		w = &worker{machine: p.program.Machine(p.set.functions())}
	}
	made := w.machine.Execute(o, row(d))
	if testHookMade != nil {
		testHookMade(p, o, d, w.machine.Taken(), made)
	}
	if made {
		*err = p.look(o, d, w.machine.Taken(), w.machine.Whole, &w.recent)
	}
	w.machine.Forget()
	p.workers.Put(w)
	return made
}

// engine makes the text of one row by the template engine, and looks at it.
func (p *template) engine(o *Output, d Data) error {
	dot := row(d).Dot(p.set.c.cfg.Columns)
	path, err := p.engineText(o, dot)
	if err != nil {
		return err
	}
	return p.look(o, d, path, func() map[string]any { return dot }, &recent{})
}

// engineText makes the text of one row by the template engine. path is the one that it took.
func (p *template) engineText(o *Output, dot map[string]any) (path []byte, err error) {
	o.Text, o.Runs = o.Text[:0], o.Runs[:0]
	i, _ := p.instances.Get().(*instance)
	if i == nil {
		if i, err = p.instance(); err != nil {
			return nil, err
		}
	}
	i.out.Reset()
	i.run.Begin(dot)
	err = i.t.Execute(&limited{&i.out, p.set.c.cfg.Limit}, dot)
	path = bytes.Clone(i.run.Taken())
	i.run.Begin(nil)
	if p.tidy {
		o.Text = flowed.Tidy(o.Text, i.out.Bytes(), nil)
	} else {
		o.Text = append(o.Text, i.out.Bytes()...)
	}
	if i.out.Cap() < giant {
		p.instances.Put(i)
	}
	return path, err
}

// look looks at what was made for a row. path is the one that its execution took.
func (p *template) look(o *Output, d Data, path []byte, dot func() map[string]any, last *recent) error {
	if p.set.html && bytes.Contains(o.Text, []byte(replaced)) {
		return p.harmful(dot())
	}
	if p.guard != nil {
		if err := p.guard.check(p, path, dot, o.Text, last); err != nil {
			return err
		}
	}
	if p.spy != nil && d.Seen != nil {
		p.spy.look(d, path, dot, last)
	}
	return nil
}

// row is what one execution sees, for a program.
func row(d Data) program.Row {
	return program.Row{Cells: d.Cells, Values: d.Values, Text: d.Text, Mailshot: d.Mailshot, Group: d.Group}
}
