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
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"mailshot/campaign/check"
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
func (p *compiling) look() templates.Look {
	d := p.Definition
	look := templates.Look{Accent: d.Body.Look.Accent.Text, Sender: p.sender()}
	look.Postal = p.part("body.postal", d.Body.Look.Postal)
	look.Preheader = p.part("body.preheader", d.Body.Look.Preheader)
	look.Unsubscribe = p.unsubscribe()
	if d.Body.Look.Logo.Given() {
		look.Logo = p.logo(d.Body.Look.Logo)
	}
	return look
}

// part is a template of one line that a layout shows; nil if it is not given or has a mistake.
func (p *compiling) part(name string, t definition.Text) *templates.Source {
	if before := len(p.errs); p.line(name, t) == nil || p.failed(before) {
		return nil
	}
	return p.source(t)
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
	column := from.Column + max(strings.Index(from.Text, name), 0)
	return &templates.Source{File: p.Definition.Name, Line: from.Line, Column: column, Text: name}
}

// control is an action that shapes a text, and so does not stand for one.
var control = regexp.MustCompile(`\{\{-?\s*(if|else|end|range|with|template|define|block|break|continue)\b`)

// unsubscribe is the header of which the layouts take the link that ends a subscription; nil if there is none, or if it
// has a mistake.
func (p *compiling) unsubscribe() *templates.Source {
	for _, h := range p.headers() {
		if strings.EqualFold(h.Name, "List-Unsubscribe") {
			return p.part(h.Name, h.Value)
		}
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
	size, err := measure(p.Root, t.Text)
	if err == nil && size.X*size.Y > mostPixels {
		err = fmt.Errorf("%q is %d × %d pixels, which no mail program shows", t.Text, size.X, size.Y)
	}
	if err != nil {
		p.errs = append(p.errs, &definition.Error{Code: "bad-logo", Place: p.Definition.Place(t), Text: err.Error(),
			Hint: "a logo is a picture: .png, .jpg or .gif; " + logoHint})
		return templates.Logo{}
	}
	p.logos = append(p.logos, render.Attachment{
		File: p.line("body.logo", t), CID: logoName, Place: p.Definition.Place(t),
		Name: p.line("body.logo", definition.Text{Text: path.Base(t.Text), Line: t.Line, Column: t.Column}),
	})
	scale := min(1, logoWidth/float64(size.X), logoHeight/float64(size.Y))
	fit := func(n int) int { return max(int(float64(n)*scale+0.5), 1) }
	return templates.Logo{Address: "cid:" + logoName, Width: fit(size.X), Height: fit(size.Y)}
}

// measure returns the size of a picture in pixels.
func measure(root *os.Root, name string) (image.Point, error) {
	f, err := root.Open(filepath.FromSlash(name))
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
	return image.Point{X: c.Width, Y: c.Height}, nil
}

// A mail program keeps four bytes for each pixel of a picture, however small it shows it. Of a logo with more than
// manyPixels somebody hears, and one with more than mostPixels, 200 MB in memory, is refused.
const (
	manyPixels = 2_000_000
	mostPixels = 50_000_000
	logoHint   = "it is shown at most 240 × 48 pixels: twice that is sharp on every screen"
)

// vast is a doubt about a definition whose logo is far larger than it is shown.
func vast(c Config, d *definition.Definition) []*templates.Error {
	logo := d.Body.Look.Logo
	if !d.Body.BuiltIn() || d.Body.Look.File() == "" {
		return nil
	}
	size, err := measure(c.Root, logo.Text)
	if err != nil || size.X*size.Y <= manyPixels {
		return nil
	}
	return []*templates.Error{{Code: "vast-logo", File: d.Name, Line: logo.Line, Column: logo.Column, Hint: logoHint,
		Text: fmt.Sprintf("the logo is %d × %d pixels: each mail program that shows it needs %d MB for it", size.X, size.Y,
			size.X*size.Y*4/1_000_000)}}
}

// widest is the width in pixels above which an image within the message is far larger than it is shown: mails mostly
// have 600, and a sharp screen takes twice that.
const widest = 1600

// wide adds the images of a definition that go with each message and are far larger than they are shown. One that
// languages share is added once.
func wide(found []check.Finding, c Config, d *definition.Definition) []check.Finding {
	for _, a := range d.Attachments {
		if a.CID == "" || !a.File.Given() || a.Made() || strings.Contains(a.File.Text, "{{") {
			continue
		}
		size, err := measure(c.Root, a.File.Text)
		place := d.Place(a.File)
		if err != nil || size.X <= widest || slices.ContainsFunc(found, func(f check.Finding) bool {
			return f.Code == "image-wide" && f.Place == place
		}) {
			continue
		}
		found = append(found, check.Finding{Severity: check.Note, Code: "image-wide", Place: place,
			Text: fmt.Sprintf("the image %q is %d pixels wide, and mails are mostly shown with 600",
				a.File.Text, size.X),
			Hint: "make it smaller: it goes with each message"})
	}
	return found
}
