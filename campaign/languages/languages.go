// Package languages says in which language a row's message is. [New] takes a definition and the header of its list,
// and returns the [Choice]. [Choice.Variants] are the campaign's definition once for each language, the default's
// first: the caller compiles each, whatever the rows are. [Choice.Of] says which of them a row gets.
//
// The row's cell decides, and nothing else: so a frozen row makes the message in the same language again. A cell is
// only ever compared with the codes in the campaign file (BCP 47, RFC 4647). It is never a part of a path or of a
// text.
//
// A cell takes the language that is written so, or the nearest of the same language: fa-IR takes fa, and en takes
// en-GB. x/text's matching also knows that people who read one language mostly read another one, as Urdu and English.
// A cell does not take such a language, nor one in another script: a person who gets another language than the list
// says is worth a finding. Any other cell, and an empty one, takes the default.
package languages

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/text/language"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/internal/ellipsis"
)

// Choice chooses among the languages of one campaign. It is safe for concurrent use.
type Choice struct {
	variants []*definition.Definition
	codes    []string // of variants, as the file writes them; nil where it gives none
	tags     []language.Tag
	matcher  language.Matcher // nil = there is nothing to choose
	column   int              // of the list
	name     string           // of the column

	known  sync.Map // from a cell to its place in variants, or -1
	cached atomic.Int32
}

// mostKnown is how many different cells are remembered, and mostCell how long a cell may be to be a code: longer ones
// are not well-formed in any registry's terms, and are the default's.
const (
	mostKnown = 1000
	mostCell  = 64
)

// New returns the choice for a definition and the header of its list. A list without the column that the definition
// names is a *recipients.Fault.
func New(d *definition.Definition, h *recipients.Header) (*Choice, error) {
	c := &Choice{variants: []*definition.Definition{d}, column: -1, name: d.Recipients.Language}
	if d.Languages.Default == "" {
		return c, nil
	}
	c.codes = []string{d.Languages.Default}
	c.tags = []language.Tag{language.Make(d.Languages.Default)}
	for _, l := range d.Languages.Others {
		c.codes = append(c.codes, l.Tag.Text)
		c.tags = append(c.tags, language.Make(l.Tag.Text))
		c.variants = append(c.variants, variant(d, l))
	}
	if c.name == "" { // people were typed in place of the list: all of them get the default
		return c, nil
	}
	if c.column = h.Index(c.name); c.column < 0 {
		var names []string
		for _, col := range h.Columns {
			names = append(names, col.Name)
		}
		return nil, &recipients.Fault{
			Code: "unknown-column", Place: d.Place(d.Recipients.Places["language"]),
			Text: fmt.Sprintf("recipients.language: the list has no column %q", c.name),
			Hint: "its columns: " + strings.Join(names, ", "),
		}
	}
	c.matcher = language.NewMatcher(c.tags)
	return c, nil
}

// variant is a definition as it is in one of its languages.
func variant(d *definition.Definition, l definition.Language) *definition.Definition {
	v := *d
	own := l.Body
	v.Body.Language, v.Body.Direction = l.Tag.Text, own.Direction
	if own.Markdown.Given() || own.HTML.Given() || own.Text.Given() {
		v.Body.Markdown, v.Body.HTML, v.Body.Text = own.Markdown, own.HTML, own.Text
		if !own.Markdown.Given() && !own.HTML.Given() {
			v.Body.Layout = definition.Text{} // a text has none
		}
	}
	if own.Layout.Given() {
		v.Body.Layout = own.Layout
	}
	if l.Subject.Given() {
		v.Subject = l.Subject
	}
	v.Body.Look.Preheader = own.Look.Preheader // another language's is of no use
	if own.Look.Postal.Given() {
		v.Body.Look.Postal = own.Look.Postal
	}
	if l.Attachments != nil {
		v.Attachments = l.Attachments
	}
	return &v
}

// Variants are the campaign's definition in each of its languages: the default's first, then the others in the order of
// the file. They must not be changed.
func (c *Choice) Variants() []*definition.Definition { return c.variants }

// Codes are the languages of Variants, as the file writes them; nil where the file gives none. They must not
// be changed.
func (c *Choice) Codes() []string { return c.codes }

// Of says which of Variants a row gets. known is false for a row that gets the default because its cell is not one of
// the languages.
func (c *Choice) Of(row *recipients.Row) (variant int, known bool) {
	if c.matcher == nil {
		return 0, true
	}
	if c.column >= len(row.Fields) {
		return 0, false
	}
	cell := row.Fields[c.column]
	n, ok := c.known.Load(cell)
	if !ok {
		n = c.match(cell)
		if len(cell) <= mostCell && c.cached.Add(1) <= mostKnown {
			c.known.Store(strings.Clone(cell), n)
		}
	}
	if at := n.(int); at >= 0 {
		return at, true
	}
	return 0, false
}

// match returns the place of the language that a cell names, or -1.
func (c *Choice) match(cell string) int {
	cell = strings.TrimSpace(cell)
	if cell == "" || len(cell) > mostCell {
		return -1
	}
	tag, err := language.Parse(cell)
	if err != nil {
		return -1
	}
	if i := slices.Index(c.tags, tag); i >= 0 {
		return i
	}
	_, i, confidence := c.matcher.Match(tag)
	base, _, _ := tag.Raw()
	other, _, _ := c.tags[i].Raw()
	if confidence == language.Exact && base != (language.Base{}) || confidence == language.High && base == other {
		return i
	}
	return -1
}

// Unknown says in words what is wrong with the language of a row that gets the default, with its place in the campaign
// file and what to write.
func (c *Choice) Unknown(row *recipients.Row) (place, text, hint string) {
	d := c.variants[0]
	cell := "an empty cell"
	if c.column < len(row.Fields) && strings.TrimSpace(row.Fields[c.column]) != "" {
		cell = ellipsis.Quote(row.Fields[c.column], 40)
	}
	return d.Place(d.Recipients.Places["language"]),
		fmt.Sprintf("column %s has no language of the campaign, and the message is in %s: %s first", c.name,
			d.Languages.Default, cell),
		"codes as in languages: " + strings.Join(c.Codes(), ", ")
}
