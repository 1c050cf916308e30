package message

import (
	"errors"
	"fmt"
	"html"
	"image"
	_ "image/gif" // the kinds of pictures that a logo may be
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"mailshot/campaign/definition"
	"mailshot/render"
	"mailshot/templates"
)

// logoName is the name by which a layout shows the logo that goes with each message. A Content-ID has an @ (RFC 2045
// section 7): ruby's mail, for one, cannot read one without.
const logoName = "layout-logo@mailshot"

// The room that a layout has for a logo, in pixels.
const (
	logoWidth  = 240
	logoHeight = 48
)

// look is what the built-in layouts show around the content. Its templates are compiled here too, as lines, so that a
// mistake in them has its place in the campaign file; one with a mistake is left out.
func (p *compiling) look(src templates.BodySource) templates.Look {
	d := p.Definition
	look := templates.Look{Accent: d.Body.Look.Accent.Text, Sender: p.sender()}
	part := func(key string, t definition.Text) *templates.Source {
		if before := len(p.errs); p.line(key, t) == nil || p.failed(before) {
			return nil
		}
		return p.source(t)
	}
	look.Postal = part("body.postal", d.Body.Look.Postal)
	look.Preheader = part("body.preheader", d.Body.Look.Preheader)
	look.Unsubscribe = p.unsubscribe(src)
	if d.Body.Look.Logo.Given() {
		look.Logo = p.logo(d.Body.Look.Logo)
	}
	return look
}

// failed says whether there was a mistake since there were that many.
func (p *compiling) failed(before int) bool { return errors.Join(p.errs[before:]...) != nil }

// sender is the name in From, which the layouts show where there is no logo: what stands before the address in angle
// brackets. It is nil where that is not known without a row.
func (p *compiling) sender() *templates.Source {
	from := p.Definition.From
	at := strings.LastIndexByte(from.Text, '<')
	if at < 0 || strings.Count(from.Text[:at], "{{") != strings.Count(from.Text[:at], "}}") {
		return nil
	}
	name := strings.TrimSpace(from.Text[:at])
	if inner, ok := strings.CutPrefix(name, `"`); ok && strings.HasSuffix(inner, `"`) && len(inner) > 1 {
		name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(inner[:len(inner)-1])
	}
	if name == "" || control.MatchString(name) {
		return nil
	}
	return &templates.Source{File: p.Definition.Name, Line: from.Line, Column: from.Column, Text: name}
}

var (
	// leaving finds the addresses of a List-Unsubscribe header (RFC 2369), in which actions may print.
	leaving = regexp.MustCompile(`<\s*((?i:https|mailto):(?:\{\{.*?\}\}|[^<>{}\s])*)\s*>`)
	// control is an action that shapes a text, and so does not stand for one.
	control = regexp.MustCompile(`\{\{-?\s*(if|else|end|range|with|template|define|block|break|continue)\b`)
)

// unsubscribe is where the layouts' link leads that ends a subscription: the first address with https: of the
// List-Unsubscribe header, else its first one with mailto:. It is nil if the body has a link to that address itself, or
// if only a row says what the addresses are.
func (p *compiling) unsubscribe(src templates.BodySource) *templates.Source {
	for _, h := range p.Definition.Headers {
		if !strings.EqualFold(h.Name, "List-Unsubscribe") || control.MatchString(h.Value.Text) {
			continue
		}
		var best []int
		for _, m := range leaving.FindAllStringSubmatchIndex(h.Value.Text, -1) {
			web := strings.EqualFold(h.Value.Text[m[2]:m[2]+len("https")], "https")
			if best == nil || web && !strings.EqualFold(h.Value.Text[best[2]:best[2]+len("https")], "https") {
				best = m
			}
		}
		if best == nil {
			return nil
		}
		address := h.Value.Text[best[2]:best[3]]
		for _, body := range []*templates.Source{src.Markdown, src.HTML} {
			if body != nil && strings.Contains(body.Text, address) {
				return nil
			}
		}
		return &templates.Source{File: p.Definition.Name, Line: h.Value.Line, Column: h.Value.Column + best[2], Text: address}
	}
	return nil
}

// unsaid is a doubt about a language whose messages do not have the postal address: no built-in layout is there to show
// it, and its own files do not say it. The campaign's own body has none: its file must not give an address in vain.
func unsaid(c Config, language *definition.Definition) []*templates.Error {
	b := language.Body
	if !b.Look.Postal.Given() || b.BuiltIn() {
		return nil
	}
	p := compiling{Config: c}
	p.Definition = language
	said := " "
	at := b.Text // what there is in place of a built-in layout
	for _, t := range []definition.Text{b.Text, b.Markdown, b.HTML, b.Layout} {
		if src := p.read(t); src != nil {
			said += words(src.Text) + " "
			at = t
		}
	}
	if strings.Contains(said, " "+words(b.Look.Postal.Text)+" ") {
		return nil
	}
	return []*templates.Error{{Code: "no-postal", File: language.Name, Line: at.Line, Column: at.Column,
		Text: fmt.Sprintf("the messages in %s do not have the postal address: only the built-in layouts show it", b.Language),
		Hint: "write it into " + at.Text + " in the words of postal; many countries ask for it in mail to many"}}
}

var tag = regexp.MustCompile(`<[^>]*>`)

// words are the words of a text or of HTML, with one blank between them.
func words(text string) string {
	return strings.Join(strings.FieldsFunc(html.UnescapeString(tag.ReplaceAllString(text, " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r)
	}), " ")
}

// logo is the campaign's logo. A file is measured, and goes with each message.
func (p *compiling) logo(t definition.Text) templates.Logo {
	if p.Definition.Body.Look.File() == "" {
		return templates.Logo{Address: t.Text}
	}
	size, err := p.measure(t.Text)
	if err != nil {
		p.errs = append(p.errs, &definition.Error{Code: "bad-logo", Place: p.Definition.Place(t), Text: err.Error(),
			Hint: "a logo is a picture: .png, .jpg or .gif"})
		return templates.Logo{}
	}
	p.logos = append(p.logos, render.Attachment{
		File: p.line("body.logo", t), CID: logoName, Place: p.Definition.Place(t),
		Name: p.line("body.logo", definition.Text{Text: path.Base(t.Text), Line: t.Line, Column: t.Column}),
	})
	return templates.Logo{Address: "cid:" + logoName, Width: size.X, Height: size.Y}
}

// measure returns the size in which a picture is shown: as it is, or smaller to fit the room for it.
func (p *compiling) measure(name string) (image.Point, error) {
	f, err := p.Root.Open(filepath.FromSlash(name))
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	if err != nil {
		return image.Point{}, fmt.Errorf("%q cannot be read: %w", name, err)
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return image.Point{}, fmt.Errorf("%q does not hold a picture of its kind", name)
	}
	scale := min(1, logoWidth/float64(c.Width), logoHeight/float64(c.Height))
	fit := func(n int) int { return max(int(float64(n)*scale+0.5), 1) }
	return image.Point{X: fit(c.Width), Y: fit(c.Height)}, nil
}
