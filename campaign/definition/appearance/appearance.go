// Package appearance reads the keys of a campaign file that say how its messages look: [Keys] are those of body beside
// the files of the body, and [Layout] reads the name of a layout.
package appearance

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
	"mailshot/templates/layouts"
)

// Appearance is what the built-in layouts show around the content of a message. A field that is not given shows
// nothing.
type Appearance struct {
	Logo      schema.Text // a picture's file, below the campaign's folder, or an address with https:
	Accent    schema.Text // a colour, "#rrggbb" in small letters
	Postal    schema.Text // template: the sender's postal address
	Preheader schema.Text // template: what mail programs show beside the subject
}

// File is the logo's file, or "" if the logo is not a file.
func (a Appearance) File() string {
	if strings.Contains(a.Logo.Text, "://") {
		return ""
	}
	return a.Logo.Text
}

// Keys are the keys of an appearance.
func Keys(a *Appearance) []schema.Key {
	return []schema.Key{
		{Name: "accent", Read: accent(&a.Accent), Example: `"#0a5"`,
			Doc: "The colour of the layout's lines, links and buttons. A text in it is made darker, or on a dark screen " +
				"lighter, until everybody can read it. Default: " + layouts.DefaultAccent + "."},
		{Name: "logo", Read: logo(&a.Logo), Example: "logo.png",
			Doc: "The picture at the layout's top: .png, .jpg or .gif beside the campaign file, which goes with each message, " +
				"or an address with https:. It is shown at most 48 high and 240 wide; give it twice as large, for sharp " +
				"screens. Default: the sender's name, and in plain nothing."},
		{Name: "postal", Read: schema.Line(&a.Postal), Example: `"Acme Ltd, 1 Main Street, Springfield"`,
			Doc: "Template: your postal address, at the end of the message. Many countries ask for it in mail to many."},
		{Name: "preheader", Read: schema.Line(&a.Preheader), Example: `"Three new things, and one that we dropped"`,
			Doc: "Template: the line that mail programs show beside the subject."},
	}
}

// Layout reads the name of a layout: a built-in one, or a file.
func Layout(into *schema.Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		*into = t
		if slices.Contains(layouts.Names(), t.Text) {
			return
		}
		if !strings.ContainsAny(t.Text, "./") {
			hint := strings.Join(layouts.Names(), ", ") + " or a file"
			if near := schema.Nearest(t.Text, layouts.Names()); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			dec.Bad(n, fmt.Sprintf("there is no layout %q", schema.Clip(t.Text)), hint)
			return
		}
		if dec.NotTemplate(n, t) {
			dec.FileProblem(n, t.Text)
		}
	})
}

func accent(into *schema.Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		const hint = `# and three or six of 0-9 and a-f, in quotes; for example accent: "#0a5"`
		switch colour, err := layouts.Accent(t.Text); {
		case schema.IsTemplate(t.Text):
			dec.Bad(n, fmt.Sprintf("%q is not a template", dec.Name()), "all messages have one colour; "+hint)
		case err != nil:
			dec.Bad(n, fmt.Sprintf("%q is not a colour", schema.Clip(t.Text)), hint)
		default:
			t.Text = colour
			*into = t
		}
	})
}

// pictures are the kinds of files that mail programs show: Outlook for Windows shows no WebP, and Gmail no SVG.
var pictures = []string{".png", ".jpg", ".jpeg", ".gif"}

func logo(into *schema.Text) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t schema.Text) {
		if !dec.NotTemplate(n, t) {
			return
		}
		if strings.Contains(t.Text, ":") {
			address(dec, n, t.Text)
		} else if kind := strings.ToLower(path.Ext(t.Text)); !slices.Contains(pictures, kind) {
			dec.Bad(n, fmt.Sprintf("%q is not a picture that mail programs show", schema.Clip(t.Text)),
				"one of "+strings.Join(pictures, ", "))
			return
		} else {
			dec.FileProblem(n, t.Text)
		}
		*into = t
	})
}

// address reports what is wrong with the address of a logo.
func address(dec *schema.Decoder, n *yaml.Node, text string) {
	u, err := url.Parse(text)
	switch {
	case strings.HasPrefix(strings.ToLower(text), "cid:"):
		dec.Bad(n, "a logo is a file or an address", "name the file: logo: "+schema.Clip(text[len("cid:"):])+".png")
	case err == nil && strings.EqualFold(u.Scheme, "http"):
		dec.Bad(n, "many mail programs show no picture from an address with http:", "write https:, or name a file")
	case err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(text, " \"'<>\\`"):
		dec.Bad(n, fmt.Sprintf("%q is neither a file nor an address with https:", schema.Clip(text)),
			"for example logo.png or https://www.acme.example/logo.png")
	}
}

// BuiltIn says whether a built-in layout is around a body, and shows its appearance. layout is the body's layout;
// markdown and html say what the body is made of.
func BuiltIn(layout schema.Text, markdown, html bool) bool {
	if layout.Given() {
		return slices.Contains(layouts.Names(), layout.Text) && (markdown || html)
	}
	return markdown && !html // the default, plain, is not for a page of HTML
}

// Check reports keys of a section that change nothing: what the built-in layouts show, where there is no built-in
// layout around the body. section is "body", or a language's; for the others see BuiltIn.
func Check(dec *schema.Decoder, section string, layout schema.Text, markdown, html bool) {
	built := BuiltIn(layout, markdown, html)
	for _, key := range []string{"accent", "logo", "postal", "preheader"} {
		n := dec.Given(section + "." + key)
		switch {
		case n == nil || dec.Failed(section+"."+key) || dec.Failed(section+".layout"):
		case !markdown && !html:
			dec.Report(n, "useless-key", fmt.Sprintf("%s is for markdown or html, and the body is text only", key),
				"remove the line")
		case !built && key != "accent":
			dec.Report(n, "useless-key", fmt.Sprintf("only the built-in layouts show %s, and this body has none of them", key),
				"give layout: "+strings.Join(layouts.Names(), ", ")+"; or write it into the HTML")
		}
	}
}
