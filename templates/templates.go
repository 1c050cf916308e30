// Package templates turns an author's texts and one recipient's cells into finished text. Make a Compiler with New.
// Compile the sources of a campaign with Compiler.Body and Compiler.Line. Then call Execute on the results, once for
// each row.
//
// The model is: compile once, execute often. The author's source is trusted and may hold markup. The cells are not
// trusted and never become markup. Each source is read once, and its {{actions}} are checked against the list's columns
// before anything is sent. Markdown is rendered with the actions hidden behind tokens. Only then does html/template
// escape what the actions print, each by the place where it stands. So a cell cannot add an element, a link or a
// Markdown character: no parser that knows them ever sees the cell.
//
// A template sees the row as its dot. {{.amount}} prints the cell as a person reads it in the list; functions and
// comparisons get the typed value. The functions are an allow-list (see Functions). None of them reads the clock, the
// environment, a file or the network, so the same row always gives the same bytes. One execution may write, loop, nest
// and build only so much; beyond that it ends with an error instead of filling the memory.
//
// An Error about a source has a file, a line and a column as the author sees them, the line itself, and the nearest
// column or function when a name is unknown.
//
// What a reader sees of the HTML is what its source says. A made document is compared with its source, executed for the
// same row without html/template. If a browser shows something else, Execute returns an error with the code
// "html-differs". The first document of each path through the conditions and ranges is compared, since a cell cannot
// change what stands around it; after 500 paths, every fiftieth.
//
// html/template decides what a template means, and a program executes it. Once html/template has escaped a template,
// its tree becomes a flat list of operations, which makes the same bytes several times faster. The program says no
// where something is out of the ordinary, such as a function that returns an error. html/template executes that row
// then, so an error has its words and its place whichever way was taken.
//
// The rooms below do one step each. Package source finds the actions and keeps their places, markdown and plaintext
// derive the HTML and the text part, markup reads HTML as a browser does, function has what templates can call, and
// program executes them.
package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/templates/bidi"
	"mailshot/templates/function"
	"mailshot/templates/leftover"
	"mailshot/templates/program"
	"mailshot/templates/source"
)

// DefaultLimit is the number of bytes that one execution may write when Config.Limit is zero.
const DefaultLimit = 10 << 20

// maxSource bounds each file that a template names: templates are written by hand.
const maxSource = 4 << 20

// Config says what templates may use.
type Config struct {
	// FS is the campaign's folder, for layouts and partials. Default: there are none.
	FS fs.FS
	// Columns are the list's columns. Any other name is an error when compiling. Default: any name may be used, and is
	// checked when executing.
	Columns []string
	// Alias returns the column that is meant by a name that is not in Columns, such as one typed on another keyboard
	// layout, or "" if there is none. Default: names are exact.
	Alias func(name string) string
	// Language is a BCP 47 tag. Layouts get it by lang, and it decides how numbers, plurals and months are written.
	// Default: no language is named, and they are written as in English.
	Language  string
	Direction string // "ltr" or "rtl"; default by Language
	// Typographer has the typewriter quotes, dashes and dots of Markdown set as those of Language. Default: they stay.
	Typographer bool
	Limit       int  // bytes that one execution may write; default DefaultLimit
	Unsubscribe bool // {{.mailshot.unsubscribe_url}} is known. Default: whoever prints it makes a mistake
	Grouped     bool // rows come with their group, which is .rows. Default: there is no .rows

	eachRow bool // see Compiler.EachRow
}

// Source is a template's text and where it stands, so that errors can point at it.
type Source struct {
	File         string // as the author names it: "campaign.yaml", "body.md"
	Line, Column int    // 1-based place of Text's first character in File; a Line of 0 means 1:1
	Text         string
	Mark         source.Mark // shows what the actions of a Line have printed; default: nothing does
}

func (s Source) source() *source.Source { return source.New(s.File, s.Line, s.Column, s.Text) }

// Error is a mistake in a template, with its place in the author's file. Some mistakes show only with a certain row.
type Error = source.Error

// Data is what one execution sees. Execute and Append only read it, but for Seen.
type Data struct {
	Values   map[string]any    // by column: string, float64, time.Time, bool, or nil for an empty typed cell
	Text     map[string]string // by column: the cell as read, which is what {{.column}} prints
	Cells    []Cell            // in the order of Config.Columns; where not nil, it takes the place of Values and Text
	Mailshot Mailshot          // {{.mailshot.NAME}}
	Group    []Member          // the rows of .rows; nil: there are none. With Cells alone
	Seen     *Seen             // where Execute notes what was empty, by the compiler's Places; nil: it notes nothing
}

// Cell is one cell of a row, for [Data].
type Cell = function.Cell

// Member is one row of a group, for [Data].
type Member = function.Member

// Mailshot is what {{.mailshot.NAME}} prints, for [Data].
type Mailshot = function.Mailshot

// Output is what one execution made. Its buffers may be used again for another execution once nobody reads them.
type Output = program.Output

// Run says that Text[At:At+len(literal)] of an Output is a literal of its template, the one of that number.
type Run = program.Run

// mailshotNames are the fields of {{.mailshot}}. They are fixed, so that a typo is found before the run.
var mailshotNames = []string{"address", "campaign", "key", "name", "token", "unsubscribe_url"}

// Compiler compiles the templates of one campaign. Its methods may be called concurrently.
type Compiler struct {
	cfg Config
	*compiled
}

// compiled is what the compilers of one campaign know of its templates, see Compiler.In.
type compiled struct {
	mu   sync.Mutex
	seen map[string][sha256.Size]byte // what Digest covers
	places

	campaign, token bool // see Prints
	used
}

// New returns a compiler. An unknown Language counts as undetermined: numbers are then written as in English.
func New(cfg Config) *Compiler {
	if cfg.Limit <= 0 {
		cfg.Limit = DefaultLimit
	}
	return &Compiler{cfg, &compiled{seen: map[string][sha256.Size]byte{}}}
}

// In returns the compiler of the same campaign for another language and its direction, see [Config]. The compilers of
// one campaign have one Digest and one list of Places.
func (c *Compiler) In(language, direction string) *Compiler {
	cfg := c.cfg
	cfg.Language, cfg.Direction = language, direction
	return &Compiler{cfg, c.compiled}
}

// EachRow returns the compiler of the same campaign for texts that are made for each row of a group, such as the names
// of attachments. What they print does not count as Used.
func (c *Compiler) EachRow() *Compiler {
	cfg := c.cfg
	cfg.eachRow = true
	return &Compiler{cfg, c.compiled}
}

// Text is a compiled template that makes plain text. It is safe for concurrent use.
type Text struct {
	p     *template
	right bool // a text from right to left, whose other parts are isolated; see Compiler.Subject
}

// HTML is a compiled template that makes an HTML document. It is safe for concurrent use.
type HTML struct{ p *template }

// Execute writes the text for d. If it fails, it has written nothing, and the error names the place in the source.
func (t *Text) Execute(w io.Writer, d Data) error {
	if !t.right {
		return t.p.execute(w, d)
	}
	var o Output
	err := t.Append(&o, d)
	if err == nil {
		_, err = w.Write(o.Text)
	}
	return err
}

// Append replaces o by the text for d. If it fails, o holds nothing, and the error names the place in the source.
func (t *Text) Append(o *Output, d Data) error {
	err := t.p.append(o, d)
	if err != nil || !t.right {
		return err
	}
	if text, changed := bidi.Isolate(make([]byte, 0, len(o.Text)+64), o.Text); changed {
		o.Text, o.Runs = text, o.Runs[:0]
	}
	return nil
}

// Flowed says whether the text is format=flowed (RFC 3676), as one that was derived from Markdown or HTML is. A text
// that its author has written is as it was written.
func (t *Text) Flowed() bool { return t.p.tidy }

// Literals are the literals that the Runs of an Output speak of. They must not be changed.
func (t *Text) Literals() []string { return t.p.literals() }

// Execute writes the document for d. If it fails, it has written nothing, and the error names the place in the source.
func (h *HTML) Execute(w io.Writer, d Data) error { return h.p.execute(w, d) }

// Append replaces o by the document for d. If it fails, o holds nothing, and the error names the place in the source.
func (h *HTML) Append(o *Output, d Data) error { return h.p.append(o, d) }

// Literals are the literals that the Runs of an Output speak of. They must not be changed.
func (h *HTML) Literals() []string { return h.p.literals() }

// BodySource names the sources of a message's body. At least one of Markdown, HTML and Text is given.
type BodySource struct {
	Markdown, HTML, Text *Source
	// Layout is the HTML around the content. Those of Layouts are built in, "none" means no layout, and any other name
	// is a file below Config.FS. Default: "plain" for Markdown, "none" for HTML.
	Layout  string
	Subject *Source // the layout's title; nil: an empty title
	Look    Look    // of a layout that is built in
	// NoInline leaves the rules of <style> there. Default: they are also written into the elements' style=.
	NoInline bool
}

// Body is a compiled body.
type Body struct {
	HTML   *HTML    // nil if the body is text only
	Text   *Text    // never nil: compiled from the source's Text, else derived from its Markdown or HTML
	Images []string // the names that the HTML uses as cid:NAME, sorted

	shown map[string]*Error // where, of each
}

// Line compiles a template for one line of text: a subject, an address field, a header, a file name. name stands for
// the template in errors about the whole of it.
func (c *Compiler) Line(name string, s Source) (*Text, error) {
	c.leftovers(s.source(), leftover.Text)
	return c.text(name, s, nil)
}

// Subject is Line for a subject. In a language from right to left, parts of it that run from left to right keep their
// order: isolates stand around them, see package bidi. So it is with the text of a Body, and with no other line: an
// address, a header for machines or the name of a file must not have them.
func (c *Compiler) Subject(s Source) (*Text, error) {
	t, err := c.Line("subject", s)
	if t != nil {
		t.right = c.rightToLeft()
	}
	return t, err
}

func (c *Compiler) rightToLeft() bool {
	return function.Direction(c.cfg.Language, c.cfg.Direction) == "rtl"
}

// Body compiles the sources of a body. The error joins all mistakes found.
func (c *Compiler) Body(b BodySource) (*Body, error) {
	if b.Markdown == nil && b.HTML == nil && b.Text == nil {
		return nil, errors.New("body: nothing to send: give markdown, html or text")
	}
	for syntax, s := range []*Source{leftover.Text: b.Text, leftover.Markdown: b.Markdown, leftover.HTML: b.HTML} {
		if s != nil {
			c.leftovers(s.source(), leftover.Syntax(syntax))
		}
	}
	body := &Body{}
	var errs []error
	if b.Markdown != nil || b.HTML != nil {
		h, images, err := c.html(b)
		errs = append(errs, err)
		body.HTML, body.Images, body.shown = h, slices.Sorted(maps.Keys(images)), images
	} else if b.Layout != "" && b.Layout != "none" {
		errs = append(errs, &Error{Code: "unused-layout", File: b.Text.File, Line: max(b.Text.Line, 1), Column: 1,
			Text: "a layout is for Markdown or HTML, and this body has only text", Hint: "remove layout"})
	}
	var err error
	switch {
	case b.Text != nil:
		body.Text, err = c.text("text", *b.Text, nil)
	case len(errs) > 0 && errs[0] != nil: // the same source would report the same mistakes
	case b.Markdown != nil:
		body.Text, err = c.text("text", *b.Markdown, c.markdownToText, c.foot(b)...)
	default:
		body.Text, err = c.text("text", *b.HTML, c.htmlToText, c.foot(b)...)
	}
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	body.Text.right = c.rightToLeft()
	return body, nil
}

// Function documents one function that templates can call.
type Function = function.Function

// Functions lists what templates can call, with an example of each.
func Functions() []Function { return function.Functions() }

// ExampleData is the row for the examples of Functions: name Ann Lee, nick (empty), city İzmir, amount 1,234.50
// (number), count 3 (number), due 2026-11-22 (date), paid no (bool), items "tea; milk; bread", phone +1 (555)
// 010-9999; and a group of two rows with the amounts 1,234.50 and 617.25.
func ExampleData() Data {
	return Data{
		Values: map[string]any{
			"amount": 1234.5, "count": 3.0, "due": time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC), "paid": false,
		},
		Text: map[string]string{
			"name": "Ann Lee", "nick": "", "city": "İzmir", "amount": "1,234.50", "count": "3", "due": "2026-11-22",
			"paid": "no", "items": "tea; milk; bread", "phone": "+1 (555) 010-9999",
		},
		Mailshot: Mailshot{
			Campaign: "demo", Key: "ann@example.com", Address: "ann@example.com", Name: "Ann Lee", Token: "k3x7",
		},
		Group: []Member{
			{Place: "list.csv:2", Named: map[string]Cell{"amount": {Text: "1,234.50", Value: 1234.5}}},
			{Place: "list.csv:5", Named: map[string]Cell{"amount": {Text: "617.25", Value: 617.25}}},
		},
	}
}

// Digest returns the hex SHA-256 over all sources compiled and files read so far, in a fixed order. Equal digests mean
// equal templates.
func (c *Compiler) Digest() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := make([]string, 0, len(c.seen))
	for name := range c.seen {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		sum := c.seen[name]
		h.Write([]byte(name))
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Prints reports whether what was compiled may print {{.mailshot.campaign}}, and {{.mailshot.token}}. It may say so
// of a text that only has the word mailshot in it.
func (c *Compiler) Prints() (campaign, token bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.campaign, c.campaign || c.token
}

// note adds a source to the digest. The key holds the digest of the text too, because two headers share a file name.
func (c *Compiler) note(role, file, text string) {
	sum := sha256.Sum256([]byte(text))
	others := 0 // how often the text names what is the person's, and not the campaign's
	for _, name := range mailshotNames {
		if name != "campaign" {
			others += strings.Count(text, ".mailshot."+name)
		}
	}
	c.mu.Lock()
	c.token = c.token || strings.Contains(text, ".mailshot.token")
	c.campaign = c.campaign || strings.Count(text, "mailshot") > others
	c.seen[strings.Join([]string{role, file, hex.EncodeToString(sum[:]), ""}, "\x00")] = sum
	c.mu.Unlock()
}
