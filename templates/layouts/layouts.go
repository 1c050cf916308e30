// Package layouts has what is around the content of a message. Compose writes a built-in layout for a look: a language,
// a colour, a logo, a footer. What it returns is a template, with {{template "content" .}} where the content goes.
//
// The layouts are made for mail programs as they are. They are tables of 600 px that Outlook for Windows lays out, and
// that become as narrow as a phone. What a layout cannot do without is written in the elements themselves, because some
// programs drop style sheets; the rest is in two style sheets. The first styles the content, and can be written into
// the content's elements. The second is for what only a style sheet can say: dark screens, phones and printers. A
// program that cannot read the second drops it alone.
//
// A layout's own file has its actions in [[ ]], which Compose fills in. All of what Compose fills in comes from the
// author of the campaign, and none from a recipient's cells.
package layouts

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"
)

//go:embed *.html *.css
var files embed.FS

// Names are the layouts that there are.
func Names() []string { return []string{"plain", "letter", "newsletter", "invoice"} }

// Look says what a layout shows around the content. Texts are HTML, in which {{actions}} may print. The zero value is a
// layout without any of it, in English and in the default colour.
type Look struct {
	Language    string // BCP 47; default: none is named
	Direction   string // "ltr" or "rtl"; default "ltr"
	Accent      string // of Accent; default DefaultAccent
	Logo        Logo   // default: the sender's name stands there, except in plain
	Sender      bool   // there is a template "sender": the sender's name
	Preheader   bool   // there is a template "preheader": what mail programs show beside the subject
	Postal      bool   // there is a template "postal": the sender's address
	Unsubscribe bool   // there is a template "unsubscribe": a link that ends a subscription, see Leaving
}

// Logo is a picture at the top of a message.
type Logo struct {
	Address       string // "cid:…" or "https:…", fit for an attribute; "" = no logo
	Width, Height int    // as shown, in pixels; 0 = not known, and then it is bounded
}

// Compose writes the layout of that name. ok says that there is one.
func Compose(name string, l Look) (text string, ok bool) {
	if !slices.Contains(Names(), name) {
		return "", false
	}
	if l.Direction != "rtl" {
		l.Direction = "ltr"
	}
	var b strings.Builder
	if err := parsed.ExecuteTemplate(&b, name+".html", page{Look: l, Name: name, Light: lights(l.Accent)}); err != nil {
		panic(fmt.Sprintf("layout %s: %v", name, err)) // the files are ours, and a test composes them all
	}
	return b.String(), true
}

// parsed are the layouts' files. They have other marks around their actions, so that {{ }} stays.
var parsed = template.Must(template.New("").Delims("[[", "]]").ParseFS(files, "*.html", "*.css"))

// page is what a layout's file sees.
type page struct {
	Look
	Name  string
	Light palette
}

// Start is the side on which lines start.
func (p page) Start() string {
	if p.Direction == "rtl" {
		return "right"
	}
	return "left"
}

// End is the side on which lines end.
func (p page) End() string {
	if p.Direction == "rtl" {
		return "left"
	}
	return "right"
}

// RTL says that lines start on the right.
func (p page) RTL() bool { return p.Direction == "rtl" }

// Sans is the stack of fonts for most texts, fit for an attribute in double quotes.
func (p page) Sans() string { return sans(p.Language, p.Direction) }

// Serif is the stack of fonts for a letter.
func (p page) Serif() string {
	if !latin(p.Language, p.Direction) {
		return p.Sans()
	}
	return "Georgia,'Times New Roman',Times,serif"
}

// Outlook is the font for Outlook for Windows, which writes Times where it does not know the first of a stack, and in
// the cells of tables.
func (p page) Outlook() string {
	switch {
	case p.RTL():
		return "Tahoma, sans-serif"
	case !latin(p.Language, p.Direction):
		return p.Sans()
	case p.Name == "letter":
		return "Georgia, serif"
	}
	return "Arial, sans-serif"
}

// Digits is how the items of lists are numbered.
func (p page) Digits() string { return digits(p.Language) }

// Line is the height of a line of 16 px: letters with marks above and below need more room than Latin ones.
func (p page) Line() int {
	if p.RTL() {
		return 28
	}
	return 24
}
