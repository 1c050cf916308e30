package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	htmltemplate "html/template"
	texttemplate "text/template"
)

// What one execution may do. A real message needs a thousandth of each.
const (
	maxSteps  = 200_000  // turns of ranges and included templates together
	maxDepth  = 50       // templates included by templates
	maxString = 1 << 20  // bytes of one string that a function makes
	maxMade   = 32 << 20 // bytes of all strings and lists that functions make
	maxItems  = 10_000   // items of one list
)

// limitError says that a template wants more than one execution may do.
type limitError string

func (e limitError) Error() string { return string(e) }

// run is the state of one execution. Every instance of a program has its own, and its functions are bound to it.
type run struct {
	c                  *Compiler
	html               bool
	steps, depth, made int
	counters           map[int]int // numbered lists in the text part
	row                map[string]any
}

func (r *run) reset() { r.steps, r.depth, r.made, r.counters, r.row = 0, 0, 0, nil, nil }

func (r *run) tick() (string, error) {
	if r.steps++; r.steps > maxSteps {
		return "", limitError(fmt.Sprintf("more than %d turns of {{range}} and {{template}}", maxSteps))
	}
	return "", nil
}

func (r *run) enter() (string, error) {
	if r.depth++; r.depth > maxDepth {
		return "", limitError(fmt.Sprintf("templates include each other more than %d deep", maxDepth))
	}
	return r.tick()
}

func (r *run) leave() string { r.depth--; return "" }

// spend accounts for n bytes that a function is about to make.
func (r *run) spend(n int) error {
	if n > maxString {
		return limitError(fmt.Sprintf("a text of more than %d bytes", maxString))
	}
	if r.made += n; r.made > maxMade {
		return limitError(fmt.Sprintf("functions have made more than %d bytes", maxMade))
	}
	return nil
}

// executor is what text/template and html/template have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

// instance is a copy of a program that executes one row at a time.
type instance struct {
	run *run
	t   executor
	out bytes.Buffer
}

// program is a compiled template set. Instances are copies of pristine, made as many as are executed at once.
type program struct {
	set      *set
	entry    string
	tidy     bool // a derived text: blank lines and ends of lines are put in order
	pristine func(*run) (executor, error)
	pool     sync.Pool
}

func newProgram(s *set, entry string) (*program, error) {
	p := &program{set: s, entry: entry}
	for _, t := range s.made {
		rewrite(t.tree.Root)
	}
	placeholder := functions(&run{c: s.c, html: s.html})
	if s.html {
		root := htmltemplate.New(entry).Funcs(placeholder)
		for name, t := range s.made {
			if _, err := root.AddParseTree(name, t.tree); err != nil {
				return nil, t.unit.raw.errorAt(0, "template", err.Error(), "")
			}
		}
		p.pristine = func(r *run) (executor, error) { return p.escaped(root, r) }
	} else {
		root := texttemplate.New(entry).Funcs(placeholder)
		for name, t := range s.made {
			if _, err := root.AddParseTree(name, t.tree); err != nil {
				return nil, t.unit.raw.errorAt(0, "template", err.Error(), "")
			}
		}
		p.pristine = func(r *run) (executor, error) {
			t, err := root.Clone()
			if err != nil {
				return nil, err
			}
			return t.Funcs(functions(r)).Option("missingkey=error"), nil
		}
	}
	i, err := p.instance() // html/template finds its errors now, not at the first row
	if err != nil {
		return nil, err
	}
	p.pool.Put(i)
	return p, nil
}

// escaped is a copy of an HTML template set with html/template's escaping done.
func (p *program) escaped(root *htmltemplate.Template, r *run) (executor, error) {
	t, err := root.Clone()
	if err != nil {
		return nil, err
	}
	t = t.Lookup(p.entry).Funcs(functions(r)).Option("missingkey=error")
	// Escaping happens at the first execution, which ends here at its first word.
	var bad *htmltemplate.Error
	if err := t.Execute(refuse{}, nil); errors.As(err, &bad) {
		return nil, p.escapeError(bad)
	}
	// html/template replaces an unsafe address by "#ZgotmplZ" and goes on; a mail merge must stop and say so. Its filters are
	// ordinary functions of the set once escaping is done.
	t.Funcs(htmltemplate.FuncMap{"_html_template_urlfilter": safeURL})
	for _, part := range t.Templates() {
		if part.Tree != nil {
			locate(part.Tree.Root)
		}
	}
	return t, nil
}

// refuse is a writer that takes nothing.
type refuse struct{}

func (refuse) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func (p *program) instance() (*instance, error) {
	r := &run{c: p.set.c, html: p.set.html}
	t, err := p.pristine(r)
	if err != nil {
		return nil, err
	}
	return &instance{run: r, t: t}, nil
}

func (p *program) execute(w io.Writer, d Data) error {
	i, _ := p.pool.Get().(*instance)
	if i == nil {
		var err error
		if i, err = p.instance(); err != nil {
			return err
		}
	}
	i.run.reset()
	i.out.Reset()
	i.run.row = row(d)
	err := i.t.Execute(&limited{&i.out, p.set.c.cfg.Limit}, i.run.row)
	i.run.row = nil
	if err == nil && p.set.html && bytes.Contains(i.out.Bytes(), []byte("ZgotmplZ")) {
		err = p.whole("unsafe-value", "a cell is not safe where it stands, in a style, a script or the name of an attribute",
			"print cells as text, in quoted attributes or in addresses only")
	}
	if err != nil {
		err = p.executeError(err, d)
	} else if p.tidy {
		_, err = io.WriteString(w, tidy(i.out.String()))
	} else {
		_, err = w.Write(i.out.Bytes())
	}
	if i.out.Cap() < 1<<20 { // one giant must not stay in memory for the rest of the run
		p.pool.Put(i)
	}
	return err
}

// limited is a buffer that ends.
type limited struct {
	b     *bytes.Buffer
	limit int
}

func (l *limited) Write(b []byte) (int, error) {
	if l.b.Len()+len(b) > l.limit {
		return 0, limitError(fmt.Sprintf("the text grows beyond %d bytes", l.limit))
	}
	return l.b.Write(b)
}

// whole is an error about the program's source as a whole.
func (p *program) whole(code, text, hint string) *Error {
	name := p.entry
	if name == "layout" {
		name = "content" // the layout is rarely to blame
	}
	return p.set.made[name].unit.raw.errorAt(0, code, text, hint)
}

// escapeError gives html/template's finding its place.
func (p *program) escapeError(e *htmltemplate.Error) error {
	text, hint := escapeText(e)
	name, _, _ := strings.Cut(e.Name, "$htmltemplate_")
	t, ok := p.set.made[name]
	if !ok {
		return p.whole("template-html", text, hint)
	}
	off := offset(t.unit.made.text, e.Line, 0)
	if e.Node != nil {
		off = int(e.Node.Position())
	}
	return t.unit.made.errorAt(off, "template-html", text, hint)
}

var (
	location   = regexp.MustCompile(`(?s)^template: u(\d+):(\d+):(\d+): executing .*? at <.*?>: (.*)$`)
	missingKey = regexp.MustCompile(`map has no entry for key "(.*)"`)
	calling    = regexp.MustCompile(`^error calling (\w+): `)
)

// executeError gives an execution's error its place and words that need no knowledge of Go.
func (p *program) executeError(err error, d Data) error {
	var mine *Error
	if errors.As(err, &mine) {
		return mine
	}
	code, hint := "template", ""
	var limit limitError
	var advice hinted
	var unsafe unsafeError
	switch {
	case errors.As(err, &limit):
		code, hint = "template-limit", "a message needs far less; look for a loop"
	case errors.As(err, &unsafe):
		code, hint = "unsafe-value", "links go to http, https, mailto, tel or sms"
	case errors.As(err, &advice):
		hint = advice.hint
	}
	m := location.FindStringSubmatch(err.Error())
	if m == nil {
		e := p.whole(code, err.Error(), hint)
		e.Err = err
		return e
	}
	id, _ := strconv.Atoi(m[1])
	line, _ := strconv.Atoi(m[2])
	col, _ := strconv.Atoi(m[3])
	text := m[4]
	if key := missingKey.FindStringSubmatch(text); key != nil {
		code = "missing-column"
		columns := p.set.c.cfg.Columns
		if columns == nil {
			for name := range d.Values {
				columns = append(columns, name)
			}
		}
		text, hint = unknownColumn(key[1], columns)
	}
	if f := calling.FindStringSubmatch(text); f != nil {
		text = text[len(f[0]):]
		if !strings.HasPrefix(f[1], "_") {
			text = f[1] + ": " + text
		}
	}
	f := p.set.units[id].made
	e := f.errorAt(offset(f.text, line, col), code, text, hint)
	e.Err = err
	return e
}

// tidy puts a derived text in order: no blanks at the ends of lines, no more than one empty line, one line end at the end.
func tidy(s string) string {
	var b strings.Builder
	empty := 0
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" {
			empty++
			continue
		}
		if b.Len() > 0 && empty > 0 {
			b.WriteByte('\n')
		}
		empty = 0
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}
