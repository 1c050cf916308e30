package templates

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mailshot/templates/function"
	"mailshot/templates/layouts"
	"mailshot/templates/leftover"
	"mailshot/templates/markup"
	"mailshot/templates/plaintext"
	"mailshot/templates/source"
)

//go:embed all:starters
var starters embed.FS

// Starters names the kinds of campaigns that Starter offers.
func Starters() []string { return []string{"newsletter", "invoices", "notice"} }

// Starter returns the files of a campaign to begin with: a commented campaign.yaml, a small list, templates,
// attachments.
func Starter(kind string) (fs.FS, error) {
	if !slices.Contains(Starters(), kind) {
		return nil, fmt.Errorf("no starter %q: there are %s", kind, strings.Join(Starters(), ", "))
	}
	return fs.Sub(starters, "starters/"+kind)
}

// Layouts names the layouts that are built in.
func Layouts() []string { return layouts.Names() }

// Look says what a built-in layout shows around the content. The texts are templates.
type Look struct {
	Accent      string  // a colour, "#rrggbb"; default layouts.DefaultAccent
	Logo        Logo    // default: the sender's name in its place, except in the layout "plain"
	Sender      *Source // the sender's name; default: none is shown
	Preheader   *Source // what mail programs show beside the subject; default: none
	Postal      *Source // the sender's postal address, for the end of the message; default: none
	Unsubscribe *Source // where a link at the end leads, which ends a subscription; default: no link
}

// Logo is the picture at the top of a built-in layout: its address, "cid:NAME" or one with https:, and its size as
// shown, in pixels. A size of 0 is not known.
type Logo = layouts.Logo

// layout is the name of the body's layout, or "none".
func (b *BodySource) layout() string {
	switch {
	case b.Layout != "":
		return b.Layout
	case b.HTML == nil && b.Markdown != nil:
		return "plain"
	}
	return "none"
}

// ending is a template whose text comes after a derived text.
type ending struct {
	name string
	src  *source.Source
	make maker
}

// endIn makes what make makes, and then the ends.
func endIn(make maker, ends []ending) maker {
	if len(ends) == 0 {
		return make
	}
	return func(src *source.Source) (*source.Form, error) {
		f, err := make(src)
		if err == nil {
			f.Text += "\n"
			for _, e := range ends {
				f.Text += fmt.Sprintf("\n{{template %q .}}\n", e.name)
			}
		}
		return f, err
	}
}

// foot is what a text part ends with, because the layout around the HTML shows it.
func (c *Compiler) foot(b BodySource) (ends []ending) {
	if !slices.Contains(Layouts(), b.layout()) {
		return nil
	}
	if b.Look.Postal != nil {
		ends = append(ends, ending{"postal", b.Look.Postal.source(), func(src *source.Source) (*source.Form, error) {
			return plaintext.FromText(src, c.right())
		}})
	}
	if u := b.Look.Unsubscribe; u != nil {
		if address, err := textInHTML(u.source()); err == nil { // else the HTML has the same mistake
			const before = `<a href="`
			ends = append(ends, ending{"unsubscribe", source.New(u.File, u.Line, u.Column-len(before),
				before+address.Text+`">`+layouts.Leave(c.cfg.Language)+"</a>"), c.htmlToText})
		}
	}
	return ends
}

// layout adds the layout: a built-in one, or a file.
func (s *set) layout(name string, look Look) error {
	text, err := s.builtIn(name, look)
	if err != nil {
		return err
	}
	if text == "" {
		if text, err = s.c.read(name); err != nil {
			hint := strings.Join(Layouts(), ", ") + " are built in; any other layout is a file below the campaign's folder"
			if n := function.Nearest(name, Layouts()); n != "" {
				hint = fmt.Sprintf("did you mean %q?", n)
			}
			return &Error{Code: "missing-layout", File: name, Line: 1, Column: 1,
				Text: fmt.Sprintf("layout %q: %v", name, err), Hint: hint, Err: err}
		}
	}
	src := source.New(name, 0, 0, text)
	s.c.leftovers(src, leftover.HTML)
	if err := s.add("layout", name, src, markup.Text); err != nil {
		return err
	}
	for _, n := range s.trees["layout"].tree.Root.Nodes {
		if includes(n, "content") {
			return nil
		}
	}
	return src.ErrorAt(0, "template", "the layout does not say where the content goes",
		`put {{template "content" .}} there`)
}

// builtIn writes a built-in layout, and adds the templates that it includes. text is "" if the layout is not built in.
func (s *set) builtIn(name string, look Look) (text string, err error) {
	if !slices.Contains(Layouts(), name) {
		return "", nil
	}
	l := layouts.Look{Language: s.c.cfg.Language, Direction: function.Direction(s.c.cfg.Language, s.c.cfg.Direction),
		Accent: look.Accent, Logo: look.Logo, Preheader: look.Preheader != nil, Postal: look.Postal != nil}
	for part, src := range map[string]*Source{"preheader": look.Preheader, "postal": look.Postal} {
		if src != nil {
			if err := s.add(part, part, src.source(), textInHTML); err != nil {
				return "", err
			}
		}
	}
	for into, src := range map[*string]*Source{&l.Sender: look.Sender, &l.Unsubscribe: look.Unsubscribe} {
		if src != nil {
			f, err := textInHTML(src.source())
			if err != nil {
				return "", err
			}
			*into = f.Text
		}
	}
	text, _ = layouts.Compose(name, l)
	return text, nil
}
