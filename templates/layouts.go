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
	"mailshot/templates/markdown"
	"mailshot/templates/markup"
	"mailshot/templates/plaintext"
	"mailshot/templates/source"
	"mailshot/templates/translations"
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

// StarterLanguages are the languages in which StarterIn offers each starter, English first.
func StarterLanguages() []string { return translations.Languages() }

// StarterIn is [Starter] in one of StarterLanguages.
func StarterIn(kind, language string) (fs.FS, error) {
	base, err := Starter(kind)
	if err != nil {
		return nil, err
	}
	return translations.In(base, kind, language)
}

// Layouts names the layouts that are built in.
func Layouts() []string { return layouts.Names() }

// Look says what a built-in layout shows around the content. The texts are templates.
type Look struct {
	Accent    string  // a colour, "#rrggbb"; default layouts.DefaultAccent
	Logo      Logo    // default: the sender's name in its place, except in the layout "plain"
	Sender    *Source // the sender's name; default: none is shown
	Preheader *Source // what mail programs show beside the subject; default: none
	Postal    *Source // the sender's postal address, for the end of the message; default: none
	// Unsubscribe is the value of a List-Unsubscribe header (RFC 2369), to whose first address a link at the end leads,
	// unless the body has the address itself. Default: no link.
	Unsubscribe *Source
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
		said := c.links(b.HTML, b.Markdown, false)
		leaving := func(src *source.Source) (*source.Form, error) {
			link, _ := c.leaving(src, said, "", "")
			f, err := plaintext.FromHTML(&source.Source{File: src.File, Line: 1, Column: 1, Text: link.Text}, c.textOptions())
			if err != nil {
				return nil, err
			}
			return f.Of(link), nil
		}
		if link, _ := c.leaving(u.source(), said, "", ""); link != nil {
			ends = append(ends, ending{"unsubscribe", u.source(), leaving})
		}
	}
	return ends
}

// leaving is the link that ends a subscription, and nil if said has its address already.
func (c *Compiler) leaving(src *source.Source, said map[string]bool, before, style string) (link *source.Form, ok bool) {
	return layouts.Leaving(src, func(address string) bool { return said[address] }, before, layouts.Leave(c.cfg.Language), style)
}

// links are the addresses of the links that every message shows. Where a body has both sources, its HTML part is made
// of html, and its text part of markdown.
func (c *Compiler) links(html, markdownSource *Source, inHTML bool) map[string]bool {
	if html != nil && (inHTML || markdownSource == nil) {
		if t, doc, err := plaintext.Document(html.source()); err == nil {
			return plaintext.Links(t, doc)
		}
		return nil
	}
	if markdownSource == nil {
		return nil
	}
	t, doc, err := markdown.Render(markdownSource.source(), markdown.Options{Text: true,
		Link: func(t *source.Tokens, action int) string { return `<a href="` + t.Token(action) + `">-</a>` }})
	if err != nil {
		return nil
	}
	return plaintext.Links(t, doc)
}

// layout adds the layout: a built-in one, or a file.
func (s *set) layout(name string, b BodySource) error {
	text, err := s.builtIn(name, b)
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
func (s *set) builtIn(name string, b BodySource) (text string, err error) {
	if !slices.Contains(Layouts(), name) {
		return "", nil
	}
	s.builtin = true
	look := b.Look
	l := layouts.Look{Language: s.c.cfg.Language, Direction: function.Direction(s.c.cfg.Language, s.c.cfg.Direction),
		Accent: look.Accent, Logo: look.Logo, Sender: look.Sender != nil, Preheader: look.Preheader != nil,
		Postal: look.Postal != nil}
	for part, src := range map[string]*Source{"sender": look.Sender, "preheader": look.Preheader, "postal": look.Postal} {
		if src != nil {
			if err := s.add(part, part, src.source(), textInHTML); err != nil {
				return "", err
			}
		}
	}
	if u := look.Unsubscribe; u != nil {
		before := ""
		if l.Postal {
			before = "<br>"
		}
		link, ok := s.c.leaving(u.source(), s.c.links(b.HTML, b.Markdown, true), before, layouts.LeavingStyle)
		if !ok {
			s.c.doubt(u.source().ErrorAt(0, "no-unsubscribe", "the layout shows no link that ends a subscription: "+
				"it does not find an address here before the message is made",
				"write each address within its <…>, as in <{{.link}}>, or put a link into the body"))
		}
		if l.Unsubscribe = link != nil; l.Unsubscribe {
			make := func(*source.Source) (*source.Form, error) { return link, nil }
			if err := s.add("unsubscribe", "unsubscribe", u.source(), make); err != nil {
				return "", err
			}
		}
	}
	text, _ = layouts.Compose(name, l)
	return text, nil
}
