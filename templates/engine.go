package templates

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/template/parse"

	htmltemplate "html/template"
	texttemplate "text/template"

	"mailshot/templates/function"
	"mailshot/templates/guards"
	"mailshot/templates/layouts"
)

// executor is what text/template and html/template have in common.
type executor interface {
	Execute(w io.Writer, data any) error
}

// instance is a copy of a template for the engine. It executes one row at a time.
type instance struct {
	run *function.Execution
	t   executor
	out bytes.Buffer
}

func (p *template) instance() (*instance, error) {
	r := p.set.functions()
	t, err := p.pristine(r)
	if err != nil {
		return nil, err
	}
	return &instance{run: r, t: t}, nil
}

// trees are the trees of named templates.
func trees(of map[string]named) map[string]*parse.Tree {
	trees := make(map[string]*parse.Tree, len(of))
	for name, t := range of {
		trees[name] = t.tree
	}
	return trees
}

// functions returns what the set's templates call, for one execution at a time.
func (s *set) functions() *function.Execution {
	return function.New(function.Config{Language: s.c.cfg.Language, Direction: s.c.cfg.Direction, HTML: s.html,
		Button: function.Button(layouts.ButtonOf(s.accent))})
}

// pristine puts the guards into trees, and returns what makes copies of them for an execution.
func (s *set) pristine(entry string, trees map[string]named) (func(*function.Execution) (executor, error), error) {
	g := &guards.Guards{}
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		g.List(trees[name].tree.Root)
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
			guards.Locate(part.Tree.Root)
		}
	}
	return t, nil
}

// refuse is a writer that takes nothing.
type refuse struct{}

func (refuse) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

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
