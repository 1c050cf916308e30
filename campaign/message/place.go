package message

import (
	"slices"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/templates/source"
)

// placed gives findings about a message in one language the places where what they are about was written: a line of the
// campaign file, a link of a template, or a template. The others keep none: they are about the row.
func (m *Maker) placed(made Made, language *definition.Definition, found []check.Finding) []check.Finding {
	cell := func(field string) (string, bool) {
		i := m.c.Header.Index(field)
		if i < 0 || i >= len(made.Row.Fields) {
			return "", false
		}
		return made.Row.Fields[i], true
	}
	for i := range found {
		f := &found[i]
		if to, is := f.Part.Address(); is && m.links.Place(f, to, cell) {
			continue
		}
		if at := written(language, f.Part); at.Given() {
			of := check.From(source.New(language.Name, at.Line, at.Column, at.Text).ErrorAt(0, f.Code, f.Text, f.Hint))[0]
			f.Place, f.Excerpt, f.Column = of.Place, of.Excerpt, of.Column
		} else if _, is := f.Part.Address(); is || f.Part == check.HTML || f.Part == check.Text {
			f.Place = bodyFile(language, f.Part)
		}
	}
	return found
}

// written is where in the campaign file a field of the header is written; not given where it is not.
func written(d *definition.Definition, of check.Part) definition.Text {
	switch strings.ToLower(string(of)) {
	case "subject":
		return d.Subject
	case "from":
		return d.From
	case "reply-to":
		return d.ReplyTo
	case string(check.Attachments):
		if len(d.Attachments) > 0 {
			return d.Attachments[0].File
		}
		return definition.Text{}
	}
	i := slices.IndexFunc(d.Headers, func(h definition.Header) bool { return strings.EqualFold(h.Name, string(of)) })
	if i < 0 {
		return definition.Text{}
	}
	return d.Headers[i].Value
}

// bodyFile is the file that a part of the body is made of.
func bodyFile(d *definition.Definition, of check.Part) string {
	all := []definition.Text{d.Body.HTML, d.Body.Markdown}
	if of == check.Text {
		all = []definition.Text{d.Body.Text, d.Body.HTML, d.Body.Markdown}
	}
	for _, t := range all {
		if t.Given() && t.Text != definition.Stdin {
			return t.Text
		}
	}
	return ""
}
