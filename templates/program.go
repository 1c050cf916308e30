package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	htmltemplate "html/template"
	texttemplate "text/template"

	"mailshot/templates/function"
	"mailshot/templates/plaintext"
	"mailshot/templates/source"
)

// executor is what text/template and html/template have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

// instance is a copy of a program. It executes one row at a time.
type instance struct {
	run *function.Execution
	t   executor
	out bytes.Buffer
}

// program is a compiled template set. It has as many instances, made by pristine, as execute at once.
type program struct {
	set      *set
	entry    string
	tidy     bool // a derived text: blank lines and ends of lines are put in order
	pristine func(*function.Execution) (executor, error)
	pool     sync.Pool     // of instances
	outputs  sync.Pool     // for execute
	guard    *visibleGuard // of HTML
	spy      *spy          // nil: of a derived text
}

// functions returns what the set's templates call, for one execution at a time.
func (s *set) functions() *function.Execution {
	return function.New(function.Config{Language: s.c.cfg.Language, Direction: s.c.cfg.Direction, HTML: s.html})
}

func newProgram(s *set, entry string, derived bool) (*program, error) {
	p := &program{set: s, entry: entry, tidy: derived}
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
	p.pool.Put(i)
	return p, nil
}

// pristine puts the guards into trees, and returns what makes copies of them for an execution.
func (s *set) pristine(entry string, trees map[string]named) (func(*function.Execution) (executor, error), error) {
	g := &guards{}
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		g.list(trees[name].tree.Root)
	}
	placeholder := s.functions().Map()
	if s.html {
		root := htmltemplate.New(entry).Funcs(placeholder)
		for name, t := range trees {
			if _, err := root.AddParseTree(name, t.tree); err != nil {
				return nil, t.unit.raw.ErrorAt(0, "template", err.Error(), "")
			}
		}
		return func(r *function.Execution) (executor, error) { return s.escaped(entry, root, r) }, nil
	}
	root := texttemplate.New(entry).Funcs(placeholder)
	for name, t := range trees {
		if _, err := root.AddParseTree(name, t.tree); err != nil {
			return nil, t.unit.raw.ErrorAt(0, "template", err.Error(), "")
		}
	}
	return func(r *function.Execution) (executor, error) {
		t, err := root.Clone()
		if err != nil {
			return nil, err
		}
		return t.Funcs(r.Map()).Option("missingkey=error"), nil
	}, nil
}

// escaped returns a copy of an HTML template set, with html/template's escaping done.
func (s *set) escaped(entry string, root *htmltemplate.Template, r *function.Execution) (executor, error) {
	t, err := root.Clone()
	if err != nil {
		return nil, err
	}
	t = t.Lookup(entry).Funcs(r.Map()).Option("missingkey=error")
	// Escaping happens at the first execution, which ends here at its first word.
	var bad *htmltemplate.Error
	if err := t.Execute(refuse{}, nil); errors.As(err, &bad) {
		return nil, s.escapeError(entry, bad)
	}
	// html/template replaces an unsafe address by "#ZgotmplZ" and goes on. A mail merge must stop and say so. Once
	// escaping is done, its filters are ordinary functions of the set.
	t.Funcs(htmltemplate.FuncMap{"_html_template_urlfilter": function.SafeURL})
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
	r := p.set.functions()
	t, err := p.pristine(r)
	if err != nil {
		return nil, err
	}
	return &instance{run: r, t: t}, nil
}

func (p *program) execute(w io.Writer, d Data) error {
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
func (p *program) literals() []string { return nil }

// giant is a size from which on a buffer is not kept: one giant text must not stay in memory for the rest of the run.
const giant = 1 << 20

// append makes the text of one row.
func (p *program) append(o *Output, d Data) error {
	o.Text, o.Runs = o.Text[:0], o.Runs[:0]
	i, _ := p.pool.Get().(*instance)
	if i == nil {
		var err error
		if i, err = p.instance(); err != nil {
			return err
		}
	}
	i.out.Reset()
	row := p.set.c.row(d)
	i.run.Begin(row)
	err := i.t.Execute(&limited{&i.out, p.set.c.cfg.Limit}, row)
	path := i.run.Path()
	i.run.Begin(nil)
	if err == nil && p.set.html && bytes.Contains(i.out.Bytes(), []byte("ZgotmplZ")) {
		err = p.whole("unsafe-value", "a cell is not safe in a style, in a script or as the name of an attribute",
			"print cells as text, in quoted attributes or in addresses only")
	}
	if err == nil && p.guard != nil {
		err = p.guard.check(p, path, row, i.out.String)
	}
	if err == nil && p.spy != nil && d.Seen != nil {
		p.spy.look(d, path, row)
	}
	if err != nil {
		err = p.executeError(err, d)
	} else if p.tidy {
		o.Text = append(o.Text, plaintext.Tidy(i.out.String())...)
	} else {
		o.Text = append(o.Text, i.out.Bytes()...)
	}
	if i.out.Cap() < giant {
		p.pool.Put(i)
	}
	return err
}

// row is the dot of a template for what one execution sees.
func (c *Compiler) row(d Data) map[string]any {
	if d.Cells != nil {
		return function.CellRow(c.cfg.Columns, d.Cells, d.Mailshot)
	}
	return function.Row(d.Values, d.Text, d.Mailshot)
}

// limited is a buffer with a limit.
type limited struct {
	b     *bytes.Buffer
	limit int
}

func (l *limited) Write(b []byte) (int, error) {
	if l.b.Len()+len(b) > l.limit {
		return 0, function.Limit(fmt.Sprintf("the text is longer than %d bytes", l.limit))
	}
	return l.b.Write(b)
}

// whole is an error about the program's source as a whole.
func (p *program) whole(code, text, hint string) *Error {
	return p.set.whole(p.entry, code, text, hint)
}

func (s *set) whole(name, code, text, hint string) *Error {
	if name == "layout" {
		name = "content" // the layout is rarely to blame
	}
	return s.made[name].unit.raw.ErrorAt(0, code, text, hint)
}

// escapeError gives an error of html/template its place.
func (s *set) escapeError(entry string, e *htmltemplate.Error) error {
	text, hint := escapeText(e)
	name, _, _ := strings.Cut(e.Name, "$htmltemplate_")
	t, ok := s.made[name]
	if !ok {
		return s.whole(entry, "template-html", text, hint)
	}
	off := source.Offset(t.unit.made.Text, e.Line, 0)
	if e.Node != nil {
		off = int(e.Node.Position())
	}
	return t.unit.made.ErrorAt(off, "template-html", text, hint)
}

var (
	location   = regexp.MustCompile(`(?s)^template: u(\d+):(\d+):(\d+): executing .*? at <.*?>: (.*)$`)
	missingKey = regexp.MustCompile(`map has no entry for key "(.*)"`)
	calling    = regexp.MustCompile(`^error calling (\w+): `)
)

// executeError gives the error of an execution its place, and words for people who do not know Go.
func (p *program) executeError(err error, d Data) error {
	var mine *Error
	if errors.As(err, &mine) {
		return mine
	}
	code, hint := "template", ""
	var limit function.Limit
	var advice function.Advice
	var unsafe function.Unsafe
	switch {
	case errors.As(err, &limit):
		code, hint = "template-limit", "a message needs far less; look for a loop"
	case errors.As(err, &unsafe):
		code, hint = "unsafe-value", "a link begins with http:, https:, mailto:, tel: or sms:"
	case errors.As(err, &advice):
		hint = advice.Hint
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
		text, hint = function.UnknownColumn(key[1], columns)
	}
	if f := calling.FindStringSubmatch(text); f != nil {
		text = text[len(f[0]):]
		if !strings.HasPrefix(f[1], "_") {
			text = f[1] + ": " + text
		}
	}
	f := p.set.units[id].made
	e := f.ErrorAt(source.Offset(f.Text, line, col), code, text, hint)
	e.Err = err
	return e
}

// escapeText words an error of html/template for people who do not know its terms.
func escapeText(e *htmltemplate.Error) (text, hint string) {
	switch e.ErrorCode {
	case htmltemplate.ErrBranchEnd:
		return "the branches of this {{if}}, {{with}} or {{range}} end in different places of the HTML",
			"close every quote, tag and comment in the branch that opens it"
	case htmltemplate.ErrEndContext:
		return "the HTML ends inside a tag, a quote, a style or a script", "close it"
	case htmltemplate.ErrAmbigContext, htmltemplate.ErrSlashAmbig:
		return "it is not clear where in the HTML this action prints", "put the whole address into one {{if}} branch each"
	case htmltemplate.ErrBadHTML:
		return "not well-formed HTML: " + e.Description, ""
	case htmltemplate.ErrRangeLoopReentry:
		return "the next turn of this {{range}} would start inside another tag or quote", "close it before {{end}}"
	}
	return e.Description, ""
}
