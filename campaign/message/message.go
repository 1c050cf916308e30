// Package message makes a campaign's messages: a row of the list in, a finished message out.
//
// Call [New] with the definition and the header of its list; it compiles the templates and returns a [Maker].
// [Maker.Make] makes the message of a row of the list, [All] those of many rows in parallel. [Maker.Again] makes the
// message of a row that was planned, and refuses it if it is not the one that was planned. [Maker.Check] says what is
// wrong with a message that no protocol forbids. A message belongs to whoever had it made. It is given back with
// [render.Message.Release] when it is over, so that its memory serves the next one.
//
// A preview, a check, a plan, an estimate and a send all make their messages here. So a preview shows the message that
// will be sent, and a send delivers what was planned and checked or nothing.
//
// The package knows neither the ledger nor the servers: a planned row comes as a [Planned].
package message

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/artifacts"
	"mailshot/campaign/belonging"
	"mailshot/campaign/check"
	"mailshot/campaign/check/content"
	"mailshot/campaign/check/markup"
	"mailshot/campaign/check/whole"
	"mailshot/campaign/definition"
	"mailshot/campaign/languages"
	"mailshot/campaign/recipients"
	"mailshot/campaign/seal"
	"mailshot/render"
	"mailshot/render/address"
	"mailshot/render/token"
	"mailshot/templates"
)

// Config says what messages are made of. Every field without a default is required.
type Config struct {
	Definition *definition.Definition
	Header     *recipients.Header // of the list; the rows that are made must have its columns
	Root       *os.Root           // the campaign's folder, in which templates and attachments are
	ID         string             // the campaign's id, with its date filled in
	Secret     []byte             // makes Message-IDs and tokens

	IDs     render.IDForm               // of Message-IDs; zero = that of new campaigns
	Tokens  render.Tokens               // only Old counts: the rest is the definition's; zero = those of new campaigns
	To      *address.Address            // a rehearsal: every message goes to this address; nil = to its row's
	Largest int64                       // bytes that the server named Server takes at most, for Check; 0 = not known
	Server  string                      // the server that Largest is of; "" only if Largest is 0
	Fault   func(*recipients.Row) error // what else keeps a row from getting its message; nil = nothing
	Others  *belonging.Others           // what no row's file may say; nil = only must_contain counts

	// Unsaved are texts in place of those of template files, by their names below the campaign's folder, with slashes:
	// for a preview while somebody types. nil = the files are as they are on the disk.
	Unsaved map[string]string
}

// Maker makes the messages of one campaign. It is safe for concurrent use.
type Maker struct {
	c         Config
	compiler  *templates.Compiler
	choice    *languages.Choice
	editions  []edition          // by choice.Variants
	doubts    []*templates.Error // about languages without the postal address
	vast      []*templates.Error // about the logo
	reports   *token.Maker       // see EnvelopeID
	keys      *seal.Keys         // of those who get sealed messages; nil = they go in clear
	cell      int                // the column that has them; -1 = none has
	printed   bool               // the templates may print the campaign's id
	artifacts *artifacts.Store   // of files that programs make; nil if there are none
	agree     []agreed           // columns in which the rows of a group must agree
	markup    []check.Finding    // of the templates
	links     *markup.Written    // in the templates
	whole     *whole.Watch
	belonging *belonging.Campaign
	// rehearsed are said of each message that goes to one address in place of its row's.
	rehearsed []content.Remark
	cells     sync.Pool // of *[]templates.Cell
}

// edition is what makes the messages in one language.
type edition struct {
	renderer *render.Renderer
	checks   *check.Compiled
}

// Made is what became of a row. Exactly one of Message, Why and Err is set.
type Made struct {
	Row     *recipients.Row
	Message *render.Message // the caller's, to be released when it is over
	In      string          // the language of Message, as the campaign file writes it; "" = it has no languages
	Why     string          // the row gets no message, and that is right: it is filtered, or its address is not one
	Err     error           // the row's faults, joined
	Content *content.Row    // what the message says, for the count of all messages; nil without a message
	Sealed  int64           // the most octets that Message has when it is sealed for its reader; 0 = it is not

	Findings []check.Finding // of Check, where somebody asked for them
}

// New compiles the templates against the header. The mistakes of all templates come joined, each with its place.
func New(c Config) (*Maker, error) {
	choice, err := languages.New(c.Definition, c.Header)
	if err != nil {
		return nil, err
	}
	artifacts := store(c, choice.Variants())
	name := c.Definition.Name
	if len(c.Definition.People) > 0 { // a trial keeps the texts of its few files apart from those of the list's
		name += " " + recipients.Typed
	}
	files := belonging.New(belonging.Config{Secret: c.Secret, Home: c.Definition.Home(), Name: name, Others: c.Others})
	compiler, configs, looked, err := compile(c, choice.Variants(), artifacts, files)
	if err != nil {
		return nil, err
	}
	m := &Maker{c: c, compiler: compiler, choice: choice, artifacts: artifacts, belonging: files,
		reports: token.New(c.Secret, Named(c.Definition, c.ID), token.Envelope, c.To != nil)}
	m.printed, _ = compiler.Prints()
	found, links := looked.look()
	m.links = links
	m.markup = apart(found, compiler.Doubts())
	if err := m.openKeys(); err != nil {
		return nil, err
	}
	if of := c.Definition.Copies; c.To != nil && of.Any() {
		m.rehearsed = []content.Remark{{Code: "no-copies", Place: c.Definition.Place(append(of.Cc, of.Bcc...)[0]),
			Text: "a rehearsal: those of cc and bcc get no copy", Hint: "a Cc field stays: answer it with care"}}
	}
	var errs []error
	for i, cfg := range configs {
		create := render.New
		if i > 0 && errs == nil {
			create = m.editions[0].renderer.Another
		}
		renderer, err := create(cfg)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var html []string
		if cfg.Body.HTML != nil {
			html = cfg.Body.HTML.Literals()
		}
		m.doubts = append(m.doubts, unsaid(c, choice.Variants()[i])...)
		m.markup = wide(m.markup, c, choice.Variants()[i])
		if len(m.vast) == 0 { // one logo is in all languages
			m.vast = vast(c, choice.Variants()[i])
		}
		m.editions = append(m.editions, edition{renderer, check.Compile(cfg.Body.Text.Literals(),
			html).Known(links.Literal())})
	}
	if errs != nil {
		return nil, once(errs)
	}
	m.whole = looked.watch(c, configs)
	if c.Header.Grouped {
		m.agree = agreeing(c, compiler)
	}
	return m, nil
}

// once joins errors, each text of them once: what languages share is wrong in each of them.
func once(errs []error) error {
	told := map[string]bool{}
	var all []error
	var add func(err error)
	add = func(err error) {
		if joined, is := err.(interface{ Unwrap() []error }); is {
			for _, err := range joined.Unwrap() {
				add(err)
			}
		} else if err != nil && !told[err.Error()] {
			told[err.Error()] = true
			all = append(all, err)
		}
	}
	add(errors.Join(errs...))
	return errors.Join(all...)
}

// Languages are the languages that the messages may be in, as the campaign file writes them, the default first; nil
// where it gives none.
func (m *Maker) Languages() []string { return m.choice.Codes() }

// Templates is the digest of all templates that the messages are made from, see [templates.Compiler.Digest].
func (m *Maker) Templates() string { return m.compiler.Digest() }

// Make decides whether a row gets a message, and makes it in the row's language. date is that of the Date header.
func (m *Maker) Make(row *recipients.Row, date time.Time) Made {
	return m.make(context.Background(), row, date)
}

// make is [Maker.Make], which gives up making files when ctx ends.
func (m *Maker) make(ctx context.Context, row *recipients.Row, date time.Time) Made {
	return m.judged(making{date: date, ctx: ctx}, row)
}

// judged makes a row's message, and says what is wrong with its language.
func (m *Maker) judged(how making, row *recipients.Row) Made {
	n, known := m.choice.Of(row)
	made := m.makeIn(how, n, row)
	if how.examine && made.Message == nil {
		m.named(n, row)
	}
	if made.Content != nil && !known {
		place, text, hint := m.choice.Unknown(row)
		made.Content.Remarks = append(made.Content.Remarks, content.Remark{
			Code: "unknown-language", Place: place, Text: text, Hint: hint,
		})
	}
	return made
}

// makeIn is [Maker.Make] in the language with that place in Languages, whatever the row's cell says; in the one
// language of a campaign without languages n is 0.
func (m *Maker) makeIn(how making, n int, row *recipients.Row) Made {
	made := Made{Row: row}
	switch {
	case row.Filtered:
		made.Why = "filtered by where"
		return made
	case len(row.Faults) > 0:
		made.Err = errors.Join(row.Faults...)
		return made
	case row.Invalid != "":
		made.Why = row.Invalid
		return made
	}
	if made.Err = m.disagree(row); made.Err != nil {
		return made
	}
	if m.c.Fault != nil {
		if made.Err = m.c.Fault(row); made.Err != nil {
			return made
		}
	}
	said := &content.Row{}
	if made.Message, made.Err = m.render(how, n, row, said); made.Err == nil {
		made.In = m.language(n)
		if made.Sealed, made.Err = m.sealed(made.Message, how.date, said); made.Err != nil {
			made.Message.Release()
			made.Message = nil
			return made
		}
		for _, r := range made.Message.Remarks() {
			said.Remarks = append(said.Remarks, content.Remark(r))
		}
		for _, match := range made.Message.Matches() {
			said.Matches = append(said.Matches, content.Match(match))
		}
		said.Remarks = append(said.Remarks, m.rehearsed...)
		made.Content = said
	}
	return made
}

// Shown are a row's messages for a preview: the one that it gets, or if all is true one in each language, in the order
// of Languages. A row that gets none is one Made. The end of ctx ends the making of files.
func (m *Maker) Shown(ctx context.Context, row *recipients.Row, date time.Time, all bool) []Made {
	if !all || len(m.Languages()) == 0 {
		return []Made{m.make(ctx, row, date)}
	}
	var made []Made
	for n := range m.Languages() {
		made = append(made, m.makeIn(making{date: date, ctx: ctx}, n, row))
		if made[0].Why != "" {
			break
		}
	}
	return made
}

// Count returns a new count of what the messages say, for the Content of each.
func (m *Maker) Count() *content.Count {
	return content.New(content.Config{Places: m.compiler.Places(),
		Doubts: slices.Concat(m.compiler.Doubts(), m.doubts, m.vast),
		Found:  m.markup, Whole: m.whole})
}

// Render makes the message of a row of which it is known that it gets one.
func (m *Maker) Render(row *recipients.Row, date time.Time) (*render.Message, error) {
	n, _ := m.choice.Of(row)
	return m.render(making{date: date}, n, row, nil)
}

// language is the language with that place in Languages; "" where there are none.
func (m *Maker) language(n int) string {
	if codes := m.choice.Codes(); codes != nil {
		return codes[n]
	}
	return ""
}

// making says how a message is made.
type making struct {
	date    time.Time
	edition string          // of the files that were made for it; "" = what is not there is made
	ctx     context.Context // ends the making of files; nil = nothing does
	examine bool            // whether the files are the row's
}

// render makes the message of a row in one language. It notes in said what the message says, unless said is nil.
func (m *Maker) render(how making, n int, row *recipients.Row, said *content.Row) (*render.Message, error) {
	cells, _ := m.cells.Get().(*[]templates.Cell)
	if cells == nil {
		cells = &[]templates.Cell{}
	}
	*cells = appendCells((*cells)[:0], row)
	to := render.Recipient{
		Address: row.Address, Name: row.Name, Key: row.Key,
		Data:    templates.Data{Cells: *cells, Group: membersOf(row)},
		Sealing: m.promise(row), Person: row.Address.Key(), Edition: how.edition, Context: how.ctx,
		Examine: how.examine, Place: row.Place, Number: row.Number,
	}
	if m.c.To != nil {
		to.Address = *m.c.To
	}
	if said != nil {
		to.Data.Seen = &said.Seen
	}
	msg, err := m.editions[n].renderer.Render(to, how.date)
	if err == nil && said != nil {
		said.Whole = m.beside(msg, n, to)
	}
	if !m.printed { // else the message may be made once more, see render.Message.Content
		clear(*cells)
		m.cells.Put(cells)
	}
	return msg, err
}

// aText says that a cell is a text. It is made once, because a string in an interface takes memory.
var aText any = ""

// appendCells appends what templates see of a row.
func appendCells(cells []templates.Cell, row *recipients.Row) []templates.Cell {
	for i, text := range row.Fields {
		c := templates.Cell{Text: text, Value: aText}
		if v, typed := row.Typed(i); typed {
			c.Value = v
		}
		cells = append(cells, c)
	}
	return cells
}

// Check looks for what nobody wants to send, see [check.Look], and whether the server takes a message of that size. A
// finding has the place of what it is about: a line of a template or of the campaign file. What is about the row as a
// whole has none, since the caller knows the row.
func (m *Maker) Check(of Made) []check.Finding {
	msg := of.Message
	made := check.Finished[templates.Run]{
		Subject: msg.Subject(), Size: msg.Size(), Fields: msg, Text: msg.Text().Text, TextRuns: msg.Text().Runs,
	}
	if html := msg.HTML(); html != nil {
		made.HTML, made.HTMLRuns, made.Both = html.Text, html.Runs, true
	}
	n := slices.IndexFunc(m.editions, func(e edition) bool { return e.renderer == msg.Renderer() })
	found := m.unsaidYet(check.Look(m.editions[n].checks, made))
	found = append(found, check.LookCells(m.editions[n].checks, made)...)
	found = append(found, check.Size(m.weight(msg), m.c.Largest, m.c.Server)...)
	return m.placed(of, m.choice.Variants()[n], append(found, m.unaligned(msg)...))
}

// Blind are those who get a copy of a message and are in no header field of it, as a preview shows them: a name for the
// line and their addresses. ok is false where there are none.
func Blind(msg *render.Message) (name, addresses string, ok bool) {
	var all []string
	for _, c := range msg.Copies() {
		if c.Blind {
			all = append(all, c.Address)
		}
	}
	return "bcc (in no header field)", strings.Join(all, ", "), len(all) > 0
}

// Planned is a row that was planned, as the caller's memory has it.
type Planned struct {
	Place  string // of the row in its list
	Number int64  // of the row in its list
	Fields []byte // by recipients.Row.Encode
	Digest []byte // of the message that was planned, by render.Message.Digest
}

// ErrDiffers is returned by [Maker.Again] for a message that can be made, and is not the one that was planned.
var ErrDiffers = errors.New("no longer what was planned: " +
	"the message's bytes differ (an attachment or template changed)")

// Again makes the message of a planned row once more. It returns an error, and no message, unless the message is byte
// for byte the one that was planned (but for Date). The error's text is for a person: it is why the message is held.
func (m *Maker) Again(p Planned, date time.Time) (*render.Message, error) {
	row, err := m.c.Header.Decode(p.Place, p.Number, p.Fields)
	if err != nil {
		return nil, fmt.Errorf("no longer what was planned: the list has other columns: %w", err)
	}
	n, _ := m.choice.Of(row)
	msg, err := m.again(n, row, p.Digest, date)
	if err != nil && !errors.Is(err, ErrDiffers) {
		return nil, fmt.Errorf("no longer what was planned: %w", err)
	}
	return msg, err
}

// Makes reports whether a row makes the message that has this digest. A row that makes none does not.
func (m *Maker) Makes(digest []byte, row *recipients.Row, date time.Time) bool {
	msg, err := m.Render(row, date)
	if err != nil {
		return false
	}
	defer msg.Release()
	return has(msg, digest)
}

func has(msg *render.Message, digest []byte) bool {
	is := msg.Digest()
	return string(is[:]) == string(digest)
}

// Named is how the tokens of a definition's campaign name it; id is the campaign's.
func Named(d *definition.Definition, id string) token.Campaign {
	return token.Campaign{ID: id, Domain: d.SenderDomain(), Topic: d.Bulk.Topic}
}

// EnvelopeID names the message to the person with this key in a report. It names no person.
func (m *Maker) EnvelopeID(key string) string { return string(m.reports.Append(nil, key)) }

// ID is the Message-ID, without angle brackets, of the message that a campaign makes for the person with this key; id
// is the campaign's, form that of its plan, and secret that of the accounts. Where the domain of From comes from the
// list, only what stands before the @ is known.
func ID(d *definition.Definition, form render.IDForm, secret []byte, id, key string) string {
	return render.MessageID(form, secret, id, key) + "@" + d.SenderDomain()
}
