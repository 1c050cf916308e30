package message

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/render"
	"mailshot/templates"
)

// compiling is a definition whose templates are being compiled. It gathers the mistakes of all of them.
type compiling struct {
	Config
	compiler *templates.Compiler
	errs     []error
}

// compile makes of the definition what the renderer needs.
func compile(c Config) (*templates.Compiler, render.Config, error) {
	var cfg render.Config
	h := c.Header
	names := make([]string, len(h.Columns))
	for i, col := range h.Columns {
		if names[i] = col.Name; col.Name == "mailshot" {
			return nil, cfg, &recipients.Fault{
				Code: "column-clash", Place: h.File, Hint: "rename the column",
				Text: "a column is named mailshot, as templates call what they know of the campaign",
			}
		}
	}
	d := c.Definition
	p := compiling{Config: c, compiler: templates.New(templates.Config{
		FS: c.Root.FS(), Columns: names, Language: d.Body.Language, Direction: d.Body.Direction, Typographer: d.Body.Typographer,
		Alias: func(name string) string {
			if i := h.Index(name); i >= 0 {
				return names[i]
			}
			return ""
		},
	})}
	cfg = render.Config{
		Campaign: c.ID, Secret: c.Secret, Root: c.Root, Bounces: d.Bounces, Columns: names,
		From: p.line("from", d.From), ReplyTo: p.line("reply_to", d.ReplyTo), Subject: p.line("subject", d.Subject),
	}
	for _, h := range d.Headers {
		cfg.Headers = append(cfg.Headers, render.Header{
			Name: h.Name, Value: p.line(h.Name, h.Value), Place: d.Place(h.Value),
		})
	}
	for _, a := range d.Attachments {
		cfg.Attachments = append(cfg.Attachments, render.Attachment{
			File: p.line("attachment file", a.File), Name: p.line("attachment name", a.Name), CID: a.CID,
			Place: d.Place(a.File),
		})
	}
	cfg.Body = p.body()
	cfg.Printed = p.compiler.PrintsCampaign()
	return p.compiler, cfg, errors.Join(p.errs...)
}

// line compiles a template of one line; nil where the file does not give it.
func (p *compiling) line(name string, t definition.Text) *templates.Text {
	if !t.Given() {
		return nil
	}
	text, err := p.compiler.Line(name, *p.source(t))
	p.errs = append(p.errs, err)
	return text
}

// source is a template written in the campaign file itself.
func (p *compiling) source(t definition.Text) *templates.Source {
	return &templates.Source{File: p.Definition.Name, Line: t.Line, Column: t.Column, Text: t.Text}
}

// body compiles the body, unless one of its files cannot be read.
func (p *compiling) body() *templates.Body {
	b := p.Definition.Body
	before := len(p.errs)
	src := templates.BodySource{
		Markdown: p.read(b.Markdown), HTML: p.read(b.HTML), Text: p.read(b.Text), Layout: b.Layout.Text,
	}
	if len(p.errs) > before {
		return nil
	}
	if p.Definition.Subject.Given() {
		src.Subject = p.source(p.Definition.Subject)
	}
	body, err := p.compiler.Body(src)
	p.errs = append(p.errs, err)
	return body
}

// read reads a file of the body; nil where the campaign file names none.
func (p *compiling) read(t definition.Text) *templates.Source {
	if !t.Given() {
		return nil
	}
	if t.Text == definition.Stdin {
		if p.Definition.Piped == "" {
			p.errs = append(p.errs, fmt.Errorf("%s: the body is standard input, which was not read", p.Definition.Place(t)))
			return nil
		}
		return &templates.Source{File: "standard input", Text: strings.TrimPrefix(p.Definition.Piped, "\ufeff")}
	}
	b, err := p.Root.ReadFile(filepath.FromSlash(t.Text))
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = fmt.Errorf("%q cannot be read: %w", t.Text, pe.Err)
	}
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s: %w", p.Definition.Place(t), err))
		return nil
	}
	return &templates.Source{File: t.Text, Text: strings.TrimPrefix(string(b), "\ufeff")}
}
