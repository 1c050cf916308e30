package message

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/check"
	"mailshot/campaign/check/markup"
	"mailshot/campaign/check/receivers"
	"mailshot/campaign/check/whole"
	"mailshot/campaign/definition"
	"mailshot/templates"
	"mailshot/templates/source"
)

// sources are the texts that the HTML of a campaign's messages is made of, in all its languages.
type sources struct {
	files  unsaved
	all    []markup.Source
	found  []check.Finding
	bodies []receivers.Body // of newsletters
	bare   bool             // no file goes with the messages

	editions []whole.Edition
}

// lines takes what the campaign file itself says of a variant of the messages.
func (s *sources) lines(p *compiling) {
	d := p.Definition
	for i, t := range []definition.Text{d.Subject, d.From, d.ReplyTo, d.Body.Look.Preheader, d.Body.Look.Postal} {
		if t.Given() {
			s.add(p.source(t), markup.Source{Plain: true, Subject: i == 0})
		}
	}
}

// newsletter takes the body of a newsletter, which has to say how people leave, and who writes.
func (s *sources) newsletter(b templates.BodySource, builtIn bool) {
	n := receivers.Body{Leaves: builtIn && b.Look.Unsubscribe != nil, Postal: builtIn && b.Look.Postal != nil}
	for _, t := range []*templates.Source{b.Markdown, b.HTML} {
		if t != nil {
			n.HTML = source.New(t.File, t.Line, t.Column, t.Text)
		}
	}
	if t := b.Text; t != nil {
		n.Text = source.New(t.File, t.Line, t.Column, t.Text)
	}
	s.bodies = append(s.bodies, n)
}

// body takes the sources of a body in a language; "" = not known. Built-in layouts are not the author's.
func (s *sources) body(b templates.BodySource, language string) {
	s.compare(b)
	own := b.Layout != "" && b.Layout != "none" && !slices.Contains(templates.Layouts(), b.Layout)
	s.add(b.Markdown, markup.Source{Markdown: true})
	s.add(b.HTML, markup.Source{Whole: b.Layout == "" || b.Layout == "none", Language: language})
	s.add(b.Text, markup.Source{Plain: true, Body: true})
	if text, err := fs.ReadFile(s.files, path.Clean(b.Layout)); own && err == nil { // else the compiler says so
		s.add(&templates.Source{File: b.Layout, Text: string(text)}, markup.Source{Language: language})
	}
}

// add takes a source of a kind, unless it is there already: languages share files.
func (s *sources) add(t *templates.Source, of markup.Source) {
	if t == nil || slices.ContainsFunc(s.all, func(other markup.Source) bool {
		return other.File == t.File && other.Line == t.Line && other.Column == t.Column
	}) {
		return
	}
	of.Bare = s.bare
	of.Source = source.New(t.File, t.Line, t.Column, t.Text)
	s.all = append(s.all, of)
}

// look returns what is wrong with the sources, and with the files that they include, and the links in them.
func (s *sources) look() (found []check.Finding, links *markup.Written) {
	var around []*source.Source
	for _, name := range slices.Sorted(maps.Keys(s.files.asked)) {
		end := strings.ToLower(path.Ext(name))
		text, err := fs.ReadFile(s.files, name)
		if err != nil {
			continue
		}
		around = append(around, source.New(name, 0, 0, string(text)))
		if slices.Contains([]string{".html", ".htm", ".md"}, end) {
			s.add(&templates.Source{File: name, Text: string(text)}, markup.Source{Markdown: end == ".md"})
		}
	}
	found, links = markup.Look(s.all)
	for _, b := range s.bodies {
		b.Around = around
		found = append(found, b.Look()...)
	}
	return append(found, s.found...), links
}

// Texts with fewer words than few are not compared. Others have at least one word of alike in common, and half of their
// long words. Words such as "the" and "and" are in both, whatever they say.
const (
	few     = 20
	alike   = 4
	long    = 5 // letters
	fewLong = 8 // words
)

// actionOrAddress matches what is no word of a text: an action, and an address.
var actionOrAddress = regexp.MustCompile(`\{\{[^}]*\}\}|\S+(?:://|@)\S+`)

// compare finds a text part of the author's own that says something else than the HTML.
func (s *sources) compare(b templates.BodySource) {
	other := b.HTML
	if other == nil {
		other = b.Markdown
	}
	if b.Text == nil || other == nil {
		return
	}
	said := map[string]bool{}
	for w := range strings.FieldsSeq(strings.ToLower(words(other.Text))) {
		said[w] = true
	}
	all, common := 0, 0
	for w := range strings.FieldsSeq(strings.ToLower(words(b.Text.Text))) {
		if all++; said[w] {
			common++
		}
	}
	longs, shared := 0, 0
	if builtIn := slices.Contains(templates.Layouts(), b.Layout); b.Layout == "" || b.Layout == "none" || builtIn {
		longs, shared = longWords(b.Text.Text, said)
	}
	if longs < fewLong || includes.MatchString(other.Text) || includes.MatchString(b.Text.Text) {
		longs = 0
	}
	if all >= few && len(said) >= few && (common*alike < all || shared*2 < longs) {
		f := check.From(source.New(b.Text.File, b.Text.Line, b.Text.Column, b.Text.Text).ErrorAt(0, "text-unlike-html",
			"the text part says something else than "+other.File, "leave body.text out, and mailshot makes it of the HTML"))[0]
		f.Severity = check.Warning
		s.found = append(s.found, f)
	}
}

// includes matches an action that takes another text in.
var includes = regexp.MustCompile(`\{\{-?\s*(?:template|block)\b`)

// longWords counts the different long words of a text, and those of them that are said elsewhere.
func longWords(text string, said map[string]bool) (all, shared int) {
	seen := map[string]bool{}
	for w := range strings.FieldsSeq(strings.ToLower(words(actionOrAddress.ReplaceAllString(text, " ")))) {
		if seen[w] || utf8.RuneCountInString(w) < long {
			continue
		}
		seen[w] = true
		if all++; said[w] {
			shared++
		}
	}
	return all, shared
}

// unsaidYet leaves out what was said of a template already, at its line.
func (m *Maker) unsaidYet(found []check.Finding) []check.Finding {
	return slices.DeleteFunc(found, func(f check.Finding) bool {
		return (f.Code == "relative-link" || f.Code == "data-image" || f.Code == "subject-exclaims") &&
			slices.ContainsFunc(m.markup, func(said check.Finding) bool {
				return said.Code == f.Code || said.Code == "html-stylesheet" && isSheet(f)
			})
	})
}

// isSheet says whether a finding is about the address of a style sheet.
func isSheet(f check.Finding) bool {
	to, _ := f.Part.Address()
	to, _, _ = strings.Cut(to, "?")
	return f.Code == "relative-link" && strings.EqualFold(path.Ext(to), ".css")
}

// apart leaves out of what was found in the sources what their doubts say, too: at the same place, or a field that
// nothing fills in the same line.
func apart(found []check.Finding, doubts []*templates.Error) []check.Finding {
	return slices.DeleteFunc(found, func(f check.Finding) bool {
		return slices.ContainsFunc(doubts, func(d *templates.Error) bool {
			return d.Place() == f.Place || f.Code == "link-field" && strings.HasPrefix(f.Place,
				fmt.Sprintf("%s:%d:", d.File, d.Line))
		})
	})
}
