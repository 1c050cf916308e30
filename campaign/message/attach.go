package message

import (
	"cmp"
	"path"
	"path/filepath"
	"strings"
	"time"

	"mailshot/campaign/artifacts"
	"mailshot/campaign/definition"
	"mailshot/render"
	"mailshot/render/filled"
	"mailshot/render/invitation"
	"mailshot/render/qr"
	"mailshot/render/several"
	"mailshot/templates"
	"mailshot/templates/source"
)

// attachments are the files of the definition, as a renderer needs them.
func (p *compiling) attachments() (all []render.Attachment) {
	own := p.compiler
	for _, a := range p.Definition.Attachments {
		if p.compiler = own; a.CID == "" && !a.Made() {
			p.compiler = own.EachRow() // the rows of a group have files of their own
		}
		r := render.Attachment{
			Name: p.line("attachment name", a.Name), CID: a.CID, Place: p.Definition.Place(a.File), Optional: a.Optional,
		}
		switch {
		case a.Pattern.Given():
			r.Place = p.Definition.Place(a.Pattern)
			r.Files = p.several(a, a.Pattern)
		case a.Split != "":
			r.Files = p.several(a, a.File)
		case a.ICS.Given():
			r.Place, r.Invitation = p.Definition.Place(a.ICS.Start), true
			r.Maker = p.invitation(a.ICS)
			if r.Name == nil {
				r.Name = p.line("ics", beside(a.ICS.Start, "invitation.ics"))
			}
		case a.QR.Given():
			r.Place, r.Maker = p.Definition.Place(a.QR), &qr.Code{Text: p.line("qr", a.QR)}
			if r.Name == nil {
				r.Name = p.line("qr", beside(a.QR, cmp.Or(strings.Split(a.CID, "@")[0], "code")+".png"))
			}
		case a.Make != nil:
			r.Place = p.Definition.Place(a.Make[0])
			r.Maker = p.command(a)
		case a.Print.Given():
			r.Place = p.Definition.Place(a.Print)
			r.Maker = p.page(a)
			if r.Name == nil {
				name := strings.TrimSuffix(path.Base(a.Print.Text), path.Ext(a.Print.Text)) + ".pdf"
				r.Name = p.line("print", beside(a.Print, name))
			}
		case a.Template:
			r.Maker = p.filled(a)
			if r.Name == nil {
				r.Name = p.line("attachment file", beside(a.File, path.Base(a.File.Text)))
			}
		default:
			r.File = p.line("attachment file", a.File)
		}
		if lock := p.lock(a); lock != nil && r.Maker == nil {
			r.Locker = &artifacts.Protecting{Store: p.artifacts, Lock: lock}
		}
		if e := p.examiner(a, r.Place); e != nil {
			r.Examiner = e
		}
		all = append(all, r)
	}
	p.compiler = own
	return all
}

// beside is another text at the place of one.
func beside(t definition.Text, text string) definition.Text {
	t.Text = text
	return t
}

// filled compiles a file that is a template.
func (p *compiling) filled(a definition.Attachment) render.Maker {
	src := p.read(a.File)
	if src == nil {
		return nil
	}
	f := &filled.File{Kind: filled.Kind(a.File.Text)}
	if b, err := p.Root.ReadFile(filepath.FromSlash(a.File.Text)); err == nil {
		f.Marked = strings.HasPrefix(string(b), "\ufeff")
	}
	if f.Kind != ".html" && f.Kind != ".htm" {
		f.Text, f.Mark = p.marked("attachment "+a.File.Text, src)
		return f
	}
	body, err := p.compiler.Body(templates.BodySource{HTML: src, Layout: "none", NoInline: true})
	if err == nil && len(body.Images) > 0 {
		err = body.ImageError(body.Images[0], "missing-image", "a file has no images of the message's",
			"use an address with https:, or data:")
	}
	if p.errs = append(p.errs, err); err == nil {
		f.HTML = body.HTML
	}
	return f
}

// invitation compiles the texts of an event.
func (p *compiling) invitation(i definition.Invitation) *invitation.Event {
	e := &invitation.Event{
		Start: p.line("ics.start", i.Start), End: p.line("ics.end", i.End), Duration: p.line("ics.duration", i.Duration),
		Summary: p.line("ics.summary", i.Summary), Location: p.line("ics.location", i.Location),
		Description: p.line("ics.description", i.Description), URL: p.line("ics.url", i.URL),
		Organizer: p.line("ics.organizer", i.Organizer),
		Name:      cmp.Or(i.Event, p.ID), Domain: p.Definition.SenderDomain(), Sequence: i.Sequence, Cancel: i.Cancel,
	}
	if e.Organizer == nil {
		e.Organizer = p.line("from", p.Definition.From)
	}
	if i.Zone != "" {
		zone, err := time.LoadLocation(i.Zone)
		e.Zone, p.errs = zone, append(p.errs, err)
	}
	return e
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
