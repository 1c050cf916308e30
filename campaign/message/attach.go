package message

import (
	"mailshot/campaign/definition"
	"mailshot/render"
	"mailshot/render/several"
	"mailshot/templates"
	"mailshot/templates/source"
)

// attachments are the files of the definition, as a renderer needs them.
func (p *compiling) attachments() (all []render.Attachment) {
	for _, a := range p.Definition.Attachments {
		r := render.Attachment{
			Name: p.line("attachment name", a.Name), CID: a.CID, Place: p.Definition.Place(a.File), Optional: a.Optional,
		}
		switch {
		case a.Pattern.Given():
			r.Place = p.Definition.Place(a.Pattern)
			r.Files = p.several(a, a.Pattern)
		case a.Split != "":
			r.Files = p.several(a, a.File)
		default:
			r.File = p.line("attachment file", a.File)
		}
		all = append(all, r)
	}
	return all
}

// several compiles a pattern, or what names several files.
func (p *compiling) several(a definition.Attachment, t definition.Text) *several.Choice {
	text, mark := p.marked("attachment file", p.source(t))
	return &several.Choice{Text: text, Mark: mark, Separator: a.Split, Min: a.Least(), Max: a.Greatest()}
}

// marked compiles a template whose own words can be told from what a row brings.
func (p *compiling) marked(name string, s *templates.Source) (*templates.Text, source.Mark) {
	s.Mark = source.NewMark()
	text, err := p.compiler.Line(name, *s)
	p.errs = append(p.errs, err)
	return text, s.Mark
}
