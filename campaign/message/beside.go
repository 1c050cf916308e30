package message

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"mailshot/campaign/check/whole"
	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/render"
	"mailshot/templates"
	"mailshot/templates/source"
)

// edition takes the sources of the messages in one language.
func (s *sources) edition(d *definition.Definition, subject *templates.Source, b templates.BodySource) {
	e := whole.Edition{Language: d.Body.Language, Parts: b.Text != nil && (b.HTML != nil || b.Markdown != nil)}
	if subject != nil {
		e.Subject = sourceOf(*subject)
	}
	for _, t := range []*templates.Source{b.Markdown, b.HTML, b.Text} {
		if t != nil {
			e.Bodies = append(e.Bodies, sourceOf(*t))
		}
	}
	s.editions = append(s.editions, e)
}

func sourceOf(t templates.Source) *source.Source { return source.New(t.File, t.Line, t.Column, t.Text) }

// watch returns what looks at all messages together.
func (s *sources) watch(c Config, made []render.Config) *whole.Watch {
	var shared []*source.Source
	for _, name := range slices.Sorted(maps.Keys(s.files.asked)) {
		end := strings.ToLower(path.Ext(name))
		if text, err := fs.ReadFile(s.files, name); err == nil && slices.Contains([]string{".html", ".htm", ".md", ".txt"},
			end) {
			shared = append(shared, source.New(name, 0, 0, string(text)))
		}
	}
	for i := range s.editions {
		e := &s.editions[i]
		e.Shared, e.Text = shared, made[i].Body.Text.Literals()
		if made[i].Body.HTML != nil {
			e.HTML = made[i].Body.HTML.Literals()
		}
	}
	h := c.Header
	columns := make([]whole.Column, len(h.Columns))
	for i, column := range h.Columns {
		columns[i] = whole.Column{Name: column.Name, Text: column.Type == "" || column.Type == recipients.Text}
	}
	return whole.New(whole.Config{Columns: columns, Index: h.Index, Key: h.Key, Name: h.Name, Editions: s.editions})
}

// beside is what is kept of a message to be looked at beside all others.
func (m *Maker) beside(msg *render.Message, edition int, to render.Recipient) *whole.Row {
	return m.whole.Look(whole.Message{
		Edition: edition, Key: to.Key, Person: to.Person, Address: msg.To(), Token: msg.Token(), Subject: msg.Subject(),
		Text: msg.Text(), HTML: msg.HTML(), Cells: to.Data.Cells, Group: to.Data.Group,
	})
}
