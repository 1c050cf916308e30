package templates

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"text/template/parse"

	"mailshot/templates/function"
	"mailshot/templates/guards"
	"mailshot/templates/leftover"
	"mailshot/templates/markup"
	"mailshot/templates/source"
)

// maker turns an author's source into what it says as HTML or as plain text, with its actions. A nil maker takes the
// text as it is.
type maker func(*source.Source) (*source.Form, error)

// unit is one source in a set.
type unit struct {
	raw   *source.Form // as the author wrote it: what is checked
	meant *source.Form // what it says as HTML or as plain text
	made  *source.Form // what is executed: in HTML, without what html/template would read in another way, styles inlined
	spied *source.Form // the same, with calls around its links
	label string
	name  string // of its template
}

// named is a template of a set, with the unit that it is in.
type named struct {
	unit *unit
	tree *parse.Tree
}

// set is the templates that one program needs: its entry and all that it includes.
type set struct {
	c       *Compiler
	html    bool
	accent  string           // of buttons; "" is the default
	builtin bool             // the template "layout" is built in
	known   map[string]bool  // functions
	units   []*unit          // unit i is called "u<i>" by the parser
	trees   map[string]named // of the raw forms, by template name
	meant   map[string]named // of the meant forms, in HTML only
	made    map[string]named // of the made forms
	spied   map[string]named // of the spied forms
	files   map[string]bool  // includes that have been read or have failed
}

func (c *Compiler) newSet(html bool) *set {
	s := &set{c: c, html: html, known: map[string]bool{}, files: map[string]bool{},
		trees: map[string]named{}, meant: map[string]named{}, made: map[string]named{},
		spied: map[string]named{}}
	for _, f := range function.Functions() {
		s.known[f.Name] = true
	}
	return s
}

// add puts a source into the set under a template name.
func (s *set) add(name, label string, src *source.Source, make maker) error {
	s.c.note(name, src.File, src.Text)
	if err := src.Valid(); err != nil {
		return err
	}
	u := &unit{raw: source.Verbatim(src), label: label, name: name}
	id := fmt.Sprintf("u%d", len(s.units))
	s.units = append(s.units, u)
	if err := s.parse(s.trees, name, id, u, u.raw); err != nil {
		return err
	}
	u.meant = u.raw
	var err error
	if make != nil {
		if u.meant, err = make(src); err != nil {
			return err
		}
	}
	u.made = u.meant
	if s.html {
		if u.made, err = markup.Conditionals(u.meant); err != nil {
			return err
		}
		if err := s.parse(s.meant, name, id, u, u.meant); err != nil {
			return err
		}
	}
	if u.spied = u.made; s.html {
		u.spied = s.spyLinks(u.made)
	}
	if err := s.parse(s.spied, name, id, u, u.spied); err != nil {
		return err
	}
	for _, t := range s.spied {
		if t.unit == u && t.tree != nil {
			guards.Unnamed(t.tree.Root)
		}
	}
	return s.parse(s.made, name, id, u, u.made)
}

func (s *set) parse(into map[string]named, name, id string, u *unit, f *source.Form) error {
	trees, err := f.Parse(id)
	if err != nil {
		return err
	}
	for n, tree := range trees {
		if n == id {
			n = name
		}
		if old, ok := into[n]; ok && n != name {
			return f.ErrorAt(0, "template", fmt.Sprintf("template %q is defined twice", n), "first in "+old.unit.raw.Source.File)
		}
		into[n] = named{u, tree}
	}
	return nil
}

// include puts the template that n calls into the set: one that is there already, or a file.
func (s *set) include(u *unit, n *parse.TemplateNode) error {
	if _, ok := s.trees[n.Name]; ok {
		return nil
	}
	fail := func(text, hint string) error {
		return u.raw.ErrorAt(int(n.Position()), "missing-template", text, hint)
	}
	if s.files[n.Name] {
		return fail(fmt.Sprintf("%s has an error", n.Name), "")
	}
	s.files[n.Name] = true
	text, err := s.c.read(n.Name)
	if err != nil {
		hint := "a partial is a file below the campaign's folder"
		if !fs.ValidPath(n.Name) {
			hint = "write the path from the campaign's folder downwards, without ./ or .."
		}
		return fail(err.Error(), hint)
	}
	var make maker
	syntax := leftover.HTML
	switch ext := strings.ToLower(path.Ext(n.Name)); {
	case s.html && ext == ".md":
		make, syntax = s.markdownToHTML, leftover.Markdown
	case s.html && (ext == ".html" || ext == ".htm"):
		make = markup.Text
	case s.html:
		return fail(fmt.Sprintf("%s cannot be included in HTML", n.Name), "partials of an HTML body are .html or .md files")
	case ext == ".md":
		make, syntax = s.c.markdownToText, leftover.Markdown
	case ext == ".html", ext == ".htm":
		make = s.c.htmlToText
	default:
		syntax = leftover.Text
	}
	src := source.New(n.Name, 0, 0, text)
	s.c.leftovers(src, syntax)
	return s.add(n.Name, n.Name, src, make)
}

// read reads a file below the campaign's folder.
func (c *Compiler) read(name string) (string, error) {
	if c.cfg.FS == nil {
		return "", fmt.Errorf("no template %q", name)
	}
	if !fs.ValidPath(name) {
		return "", fmt.Errorf("%q does not name a file below the campaign's folder", name)
	}
	info, err := fs.Stat(c.cfg.FS, name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("there is no file %s", name)
		}
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is not a regular file", name)
	}
	if info.Size() > maxSource {
		return "", fmt.Errorf("%s is too large for a template (%d bytes; at most %d)", name, info.Size(), maxSource)
	}
	data, err := fs.ReadFile(c.cfg.FS, name)
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%q cannot be read: %w", name, pe.Err)
	}
	return string(data), err
}

// check finds the mistakes that need no row: names of columns, functions and files.
func (s *set) check(entry string) error {
	k := &checker{set: s, trees: s.trees, done: map[string]bool{}, notes: true}
	k.template(entry, rowShape)
	if len(k.errs) == 0 {
		s.unalias(entry, s.meant, s.made, s.spied)
	}
	return errors.Join(k.errs...)
}

// unalias replaces aliases in what is executed. It cannot have mistakes that the written form does not have.
func (s *set) unalias(entry string, executed ...map[string]named) {
	if s.c.cfg.Alias == nil {
		return
	}
	for _, trees := range executed {
		made := &checker{set: s, trees: trees, done: map[string]bool{}}
		made.template(entry, rowShape)
	}
}

// text compiles a source to plain text. The ends come after it, each in lines of its own.
func (c *Compiler) text(name string, src Source, make maker, ends ...ending) (*Text, error) {
	s, derived := c.newSet(false), make != nil
	if src.Mark != (source.Mark{}) {
		make = src.Mark.Form
	}
	if err := s.add(name, name, src.source(), endIn(make, ends)); err != nil {
		return nil, err
	}
	var errs []error
	for _, e := range ends {
		errs = append(errs, s.add(e.name, e.name, e.src, e.make))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	errs = []error{s.check(name)}
	for _, e := range ends {
		errs = append(errs, s.check(e.name))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p, err := newTemplate(s, name, derived)
	if err != nil {
		return nil, err
	}
	return &Text{p: p}, nil
}

// html compiles a body's document and lists the images that it shows by cid:.
func (c *Compiler) html(b BodySource) (*HTML, map[string]*Error, error) {
	s := c.newSet(true)
	if s.accent = b.Look.Accent; s.accent != "" {
		c.note("accent", "", s.accent)
	}
	content, make, layout := b.HTML, maker(markup.Text), b.layout()
	if content == nil {
		content, make = b.Markdown, s.markdownToHTML
	}
	subject := Source{File: "subject"}
	if b.Subject != nil {
		subject = *b.Subject
	}
	entry := "content"
	errs := []error{s.add("content", "body", content.source(), make)}
	if layout != "none" {
		entry = "layout"
		errs = append(errs, s.add("subject", "subject", subject.source(), textInHTML), s.layout(layout, b))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	if err := s.check(entry); err != nil {
		return nil, nil, err
	}
	if !b.NoInline {
		if err := s.inline(entry); err != nil {
			return nil, nil, err
		}
	}
	p, err := newTemplate(s, entry, false)
	if err != nil {
		return nil, nil, err
	}
	return &HTML{p}, s.images(), nil
}

// includes says whether the node includes the template name.
func includes(n parse.Node, name string) bool {
	any := func(l *parse.ListNode) bool {
		if l != nil {
			for _, n := range l.Nodes {
				if includes(n, name) {
					return true
				}
			}
		}
		return false
	}
	switch n := n.(type) {
	case *parse.TemplateNode:
		return n.Name == name
	case *parse.IfNode:
		return any(n.List) || any(n.ElseList)
	case *parse.WithNode:
		return any(n.List) || any(n.ElseList)
	case *parse.RangeNode:
		return any(n.List) || any(n.ElseList)
	}
	return false
}
