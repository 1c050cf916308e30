package message

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"mailshot/campaign/artifacts"
	"mailshot/campaign/belonging"
	"mailshot/campaign/definition"
	"mailshot/campaign/definition/bulk"
	"mailshot/campaign/definition/copies"
	"mailshot/campaign/recipients"
	"mailshot/render"
	"mailshot/templates"
)

// compiling is one of the variants of a definition while its templates are being compiled. It gathers the mistakes of
// all of them.
type compiling struct {
	Config    // its Definition is the variant
	compiler  *templates.Compiler
	apart     *templates.Compiler // for what has no part in the digest of the templates
	errs      []error
	artifacts *artifacts.Store
	belonging *belonging.Campaign
	logos     []render.Attachment // the layout's picture, if it goes with each message
	sources   *sources            // of the bodies
}

// compile makes of the variants of the definition what renderers need, in the same order.
func compile(
	c Config, variants []*definition.Definition, artifacts *artifacts.Store, belonging *belonging.Campaign,
) (*templates.Compiler, []render.Config, *sources, error) {
	h := c.Header
	names := make([]string, len(h.Columns))
	for i, col := range h.Columns {
		names[i] = col.Name
		what := map[string]string{"mailshot": "what they know of the campaign"}
		if h.Grouped {
			what["rows"] = "the rows of the message's group"
		}
		if taken := what[col.Name]; taken != "" {
			return nil, nil, nil, &recipients.Fault{
				Code: "column-clash", Place: h.File, Hint: "rename the column",
				Text: "a column is named " + col.Name + ", as templates call " + taken,
			}
		}
	}
	files := unsaved{c.Root.FS(), c.Unsaved, map[string]bool{}}
	config := templates.Config{
		FS: files, Columns: names, Typographer: c.Definition.Body.Typographer,
		Unsubscribe: c.Definition.Bulk.URL.Given(), Grouped: h.Grouped,
		Alias: func(name string) string {
			if i := h.Index(name); i >= 0 {
				return names[i]
			}
			return ""
		},
	}
	compiler, apart := templates.New(config), templates.New(config)
	var configs []render.Config
	var errs []error
	looked := &sources{files: files, bare: true}
	for _, d := range variants {
		looked.bare = looked.bare && len(d.Attachments) == 0
	}
	for _, d := range variants {
		p := compiling{Config: c, artifacts: artifacts, belonging: belonging,
			compiler: compiler.In(d.Body.Language, d.Body.Direction),
			apart:    apart.In(d.Body.Language, d.Body.Direction), sources: looked}
		inherited := c.Definition != d && reflect.DeepEqual(c.Definition.Attachments, d.Attachments)
		p.Definition = d
		configs = append(configs, p.config(names, inherited))
		errs = append(errs, p.errs...)
	}
	printed, token := compiler.Prints()
	named := Named(c.Definition, c.ID)
	for i := range configs {
		configs[i].Printed = printed
		configs[i].Tokens = render.Tokens{Old: c.Tokens.Old, Domain: named.Domain, Topic: named.Topic,
			Rehearsal: c.To != nil, Unprinted: !token}
		configs[i].Returns = returns(variants[i])
	}
	return compiler, configs, looked, once(errs)
}

// returns is what stands around the token of the envelope sender; nil if that has none.
func returns(d *definition.Definition) *[2]string {
	before, after, ok := d.Bounces.Around()
	if !ok {
		return nil
	}
	return &[2]string{before, after}
}

// config makes of the variant what a renderer needs. An image that is attached for another language and that this one
// does not show is left out.
func (p *compiling) config(columns []string, inherited bool) render.Config {
	d := p.Definition
	cfg := render.Config{
		Campaign: p.ID, Secret: p.Secret, IDs: p.IDs, Root: p.Root, Bounces: d.Bounces.Address(), Columns: columns,
		From: p.line("from", d.From), ReplyTo: p.replyTo(), Subject: p.subject(),
		Cc: p.mailboxes("cc", copies.Entries(d.Copies.Cc, false)), Bcc: p.mailboxes("bcc",
			copies.Entries(d.Copies.Bcc, false)),
		Alone:       p.To != nil,
		Unsubscribe: p.line("unsubscribe.url", d.Bulk.URL),
	}
	for _, h := range p.headers() {
		cfg.Headers = append(cfg.Headers, render.Header{
			Name: h.Name, Value: p.line(h.Name, h.Value), Place: d.Place(h.Value),
		})
	}
	cfg.Attachments = p.attachments()
	p.sources.lines(p)
	if cfg.Body = p.body(); inherited && cfg.Body != nil {
		cfg.Attachments = slices.DeleteFunc(cfg.Attachments, func(a render.Attachment) bool {
			return a.CID != "" && !slices.Contains(cfg.Body.Images, a.CID)
		})
	}
	if cfg.Body != nil && slices.Contains(cfg.Body.Images, logoName) { // a language's own layout may show none
		cfg.Attachments = append(cfg.Attachments, p.logos...)
	}
	return cfg
}

// headers are the fields of the campaign's own, and those that its kind of mail has. One of its own stays in place of
// another of that name.
func (p *compiling) headers() []definition.Header {
	d := p.Definition
	all := slices.Clone(d.Headers)
	for _, f := range d.Bulk.Headers(p.ID, d.SenderDomain()) {
		if !d.HasHeader(f.Name) {
			all = append(all, definition.Header(f))
		}
	}
	return all
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

// mailboxes compiles the items of cc or bcc.
func (p *compiling) mailboxes(name string, items []copies.Entry) (all []render.Mailboxes) {
	for _, e := range items {
		all = append(all, render.Mailboxes{Value: p.line(name, e.Text), Several: e.Several,
			Place: p.Definition.Place(e.Text)})
	}
	return all
}

// replyTo compiles the items of reply_to. In the digest of the templates they are one text, as they were when there was
// one template of them all.
func (p *compiling) replyTo() []render.Mailboxes {
	one, d := p.line("reply_to", p.Definition.ReplyTo), p.Definition
	entries := copies.Entries(d.Copies.ReplyTo, true)
	if len(entries) == 1 && entries[0].Text.Text == d.ReplyTo.Text {
		return []render.Mailboxes{{Value: one, Several: entries[0].Several}}
	}
	shared := p.compiler
	p.compiler = p.apart
	defer func() { p.compiler = shared }()
	return p.mailboxes("reply_to", entries)
}

// subject compiles the subject, which every campaign has.
func (p *compiling) subject() *templates.Text {
	text, err := p.compiler.Subject(*p.source(p.Definition.Subject))
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
		NoInline: b.NoInline,
	}
	if len(p.errs) > before {
		return nil
	}
	if p.Definition.Subject.Given() {
		src.Subject = p.source(p.Definition.Subject)
	}
	if src.Markdown != nil || src.HTML != nil {
		src.Look = p.look()
	}
	if p.failed(before) {
		return nil
	}
	p.sources.body(src, p.Definition.Body.Language)
	p.sources.edition(p.Definition, p.source(p.Definition.Subject), src)
	if p.Definition.Bulk.Kind == bulk.Newsletter {
		p.sources.newsletter(src, p.Definition.Body.BuiltIn())
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
	if text, ok := p.Unsaved[path.Clean(t.Text)]; ok {
		return &templates.Source{File: t.Text, Text: strings.TrimPrefix(text, "\ufeff")}
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
