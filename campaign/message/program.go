package message

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"time"

	"mailshot/campaign/artifacts"
	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/schema"
	"mailshot/campaign/recipients"
	"mailshot/render"
	"mailshot/render/locked"
	"mailshot/render/made"
	"mailshot/templates"
)

// store is where the campaign's files that are made are kept; nil if it has none.
func store(c Config, variants []*definition.Definition) *artifacts.Store {
	for _, d := range variants {
		for _, a := range d.Attachments {
			if a.ByProgram() || a.Password.Given() {
				skip := []string{c.Definition.Name}
				if of := c.Definition.Archive; of != "" {
					skip = append(skip, path.Clean(of))
				}
				return artifacts.Open(artifacts.Config{Home: c.Definition.Home(), Root: c.Root, Skip: skip})
			}
		}
	}
	return nil
}

// limits hold for the program that makes an attachment.
func (p *compiling) limits(a definition.Attachment) made.Limits {
	dir := p.Definition.Dir
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return made.Limits{Dir: dir, Home: p.Definition.Home(), Timeout: a.Timeout}
}

// command compiles the arguments of a program.
func (p *compiling) command(a definition.Attachment) render.Maker {
	c := &made.Command{Program: a.Make[0].Text, Limits: p.limits(a)}
	shared := true
	for i, arg := range a.Make[1:] {
		shared = shared && !schema.IsTemplate(arg.Text)
		text, mark := p.marked(fmt.Sprintf("argument %d of make", i+1), p.source(arg))
		c.Args = append(c.Args, made.Argument{Text: text, Mark: mark})
	}
	return p.kept(a, "make", c, shared)
}

// page compiles a page that is printed.
func (p *compiling) page(a definition.Attachment) render.Maker {
	src := p.read(a.Print)
	if src == nil {
		return nil
	}
	body, err := p.compiler.Body(templates.BodySource{HTML: src, Layout: "none", NoInline: true})
	if err == nil && len(body.Images) > 0 {
		err = body.ImageError(body.Images[0], "missing-image", "a page that is printed has no images of the message's",
			`name the file in images: and write src="logo.png"`)
	}
	if p.errs = append(p.errs, err); err != nil {
		return nil
	}
	page := &made.Page{HTML: body.HTML, Root: p.Root.FS(), Limits: p.limits(a)}
	for _, t := range a.Images {
		page.Images = append(page.Images, path.Clean(t.Text))
	}
	return p.kept(a, "print", page, !schema.IsTemplate(src.Text))
}

// kept makes an attachment by way of the campaign's store.
func (p *compiling) kept(a definition.Attachment, kind string, s artifacts.Source, shared bool) render.Maker {
	if lock := p.lock(a); lock != nil {
		return &artifacts.File{Store: p.artifacts, Kind: kind + " and protect",
			Source: &artifacts.Protected{Source: s, Lock: lock}}
	}
	return &artifacts.File{Store: p.artifacts, Kind: kind, Source: s, Shared: shared}
}

// lock is where the passwords of an attachment are; nil if it has none.
func (p *compiling) lock(a definition.Attachment) *locked.Lock {
	if !a.Password.Given() {
		return nil
	}
	return &locked.Lock{Index: p.column("password", a.Password), Column: a.Password.Text}
}

// errGone is why a message is held whose files are not there any more. It is an [ErrDiffers].
var errGone = fmt.Errorf("%w; a file that was made for it is not in .mailshot/made any more, "+
	"and made again it is another one; to send that one: mailshot retry, then mailshot send --accept-changes", ErrDiffers)

// Known makes the message of a planned row for a look at it. It runs no program: where files that were made are gone,
// or are not the planned ones, there is an error.
func (m *Maker) Known(row *recipients.Row, digest []byte, date time.Time) (*render.Message, error) {
	if m.artifacts == nil {
		return m.Render(row, date)
	}
	n, _ := m.choice.Of(row)
	msg, _ := m.kept(n, row, digest, date)
	if msg == nil {
		return nil, errGone
	}
	return msg, nil
}

// kept makes the message of a planned row with the files that were made for it; nil if they are not there, or make
// another message. there says that some are.
func (m *Maker) kept(n int, row *recipients.Row, digest []byte, date time.Time) (msg *render.Message, there bool) {
	for _, edition := range m.artifacts.Editions() {
		msg, err := m.render(making{date: date, edition: edition}, n, row, nil)
		if err != nil {
			gone := slices.ContainsFunc(check.From(err), func(f check.Finding) bool { return f.Code == artifacts.Gone })
			there = there || !gone
			continue
		}
		if there = true; has(msg, digest) {
			m.artifacts.Right(edition)
			return msg, true
		}
		msg.Release()
	}
	return nil, there
}

// again makes the message of a planned row, with the files that were made for it. Where they are gone they are made
// again.
func (m *Maker) again(n int, row *recipients.Row, digest []byte, date time.Time) (*render.Message, error) {
	there := true
	if m.artifacts != nil {
		var msg *render.Message
		if msg, there = m.kept(n, row, digest, date); msg != nil {
			return msg, nil
		}
	}
	msg, err := m.render(making{date: date}, n, row, nil)
	if err != nil || has(msg, digest) {
		return msg, err
	}
	msg.Release()
	if there {
		return nil, ErrDiffers
	}
	return nil, errGone
}

// Keep notes that the plan of a campaign needs the files that were made.
func (m *Maker) Keep(campaign string) error {
	if m.artifacts == nil {
		return nil
	}
	return m.artifacts.Keep(campaign)
}
