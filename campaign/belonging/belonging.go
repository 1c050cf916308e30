// Package belonging says whether a file is for the person who gets it: by what the file says, by who else gets it, and
// by how old it is. Make a [Campaign] once for a plan, and a [Rule] for each item of attachments. At the end
// [Campaign.Findings] says what only all files together show.
//
// A rule is a [render.Examiner]: the renderer gives it each file of a row, before the file gets its password. A wrong
// file is a fault of the row. Files are examined when a campaign is planned or checked, and not again when it is sent:
// the bytes that were planned are sent.
//
// The values of the other rows have to be known before the first file is examined, so the list is read once before that
// ([Others]). Some 60 bytes stay in memory for each value, and some 200 for each file whose name contains a cell.
//
// The text of a file is kept as tokens (package words), by the file's content, encrypted, in .mailshot/texts. If a PDF
// seems to be wrong and pdftotext is installed, pdftotext reads it again. The PDF is wrong if both say so: each of the
// two misreads files that the other reads correctly, and if they differ, nobody can say that the file is another
// person's.
package belonging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/belonging/text"
	"mailshot/campaign/belonging/words"
	"mailshot/internal/ellipsis"
	"mailshot/render"
	"mailshot/templates"
)

// Config says what a campaign's files are compared with.
type Config struct {
	Secret []byte  // the key for what is kept; required
	Home   string  // see definition.Home; the texts are in texts below it. "" = they are not kept
	Name   string  // of the campaign file, for the name of what is kept
	Others *Others // nil = no rule has a column
}

// Campaign has what the rules of a campaign share. It is safe for concurrent use.
type Campaign struct {
	c    Config
	hash *words.Hasher
	kept *texts

	mu   sync.Mutex
	sets map[string]*set // by the template of their files' names
}

// New returns a campaign without rules. Nothing is read or written yet.
func New(c Config) *Campaign {
	return &Campaign{c: c, hash: words.New(c.Secret), kept: openTexts(c), sets: map[string]*set{}}
}

// Says is a text that a file has to contain.
type Says struct {
	Text  *templates.Text
	Place string // in the campaign file
}

// Rule is what applies to the files of one item of attachments.
type Rule struct {
	Says    []Says        // what each file has to contain; nil = anything
	Column  string        // no file has the texts of other rows in this column; "" = none
	Index   int           // of that column, in a recipient's Data.Cells
	MaxAge  time.Duration // since a file was last changed; 0 = any
	Name    string        // the template of the files' names, if it has a cell; "" = it has none
	Shape   []string      // the texts between its cells
	Place   string        // of the item in the campaign file
	Several bool          // a cell names several files

	of  *Campaign
	set *set
}

// Rule adds a rule.
func (c *Campaign) Rule(r Rule) *Rule {
	r.of = c
	if r.Name != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.sets[r.Name] == nil {
			c.sets[r.Name] = newSet(r)
		}
		r.set = c.sets[r.Name]
	}
	return &r
}

// reads says whether the rule is about what files say.
func (r *Rule) reads() bool { return len(r.Says) > 0 || r.Column != "" }

// Named implements [render.Examiner].
func (r *Rule) Named(path string) {
	if r.set != nil {
		r.set.name(path)
	}
}

// Examine implements [render.Examiner].
func (r *Rule) Examine(to render.Recipient, f render.Examined) error {
	if r.set != nil {
		r.set.note(to, f)
	}
	var errs []error
	if age := f.Date.Sub(f.Changed); r.MaxAge > 0 && !f.Changed.IsZero() && age > r.MaxAge {
		errs = append(errs, r.fault("attachment-old",
			fmt.Sprintf("attachment %s was last changed on %s, more than %s ago (max_age)",
				show(f.Path), f.Changed.Format("2 January 2006"), number(int(r.MaxAge.Hours()/24), "day", "days")),
			"is it the one of another month? Make it anew"))
	}
	if r.reads() {
		errs = append(errs, r.read(to, f))
	}
	return errors.Join(errs...)
}

func (r *Rule) fault(code, text, hint string) error {
	return &render.Fault{Code: code, Place: r.Place, Text: text, Hint: hint}
}

// show is a name for a person.
func show(s string) string { return ellipsis.Quote(s, 100) }

// wanted is a text that a file has to contain.
type wanted struct {
	words.Value
	text string
}

// read looks at the text of a file.
func (r *Rule) read(to render.Recipient, f render.Examined) error {
	var all []wanted
	to.Data.Seen = nil // the message does not print it
	for _, s := range r.Says {
		var o templates.Output
		if err := s.Text.Append(&o, to.Data); err != nil {
			return err
		}
		w := wanted{text: strings.TrimSpace(string(o.Text))}
		var ok bool
		if w.Value, ok = r.of.hash.Value(w.text); !ok {
			return &render.Fault{Code: "empty-must-contain", Place: s.Place,
				Text: fmt.Sprintf("must_contain is %s for this row, which has no letter or digit to look for", show(w.text)),
				Hint: "fill in the cell: without it any file would do"}
		}
		all = append(all, w)
	}
	own := r.own(to)
	said := r.of.said(f, false)
	wrong := r.judge(f, said, all, own)
	if wrong == nil || !said.PDF || !text.Installed() {
		return wrong
	}
	if again := r.of.said(f, true); again.Reason == nil {
		return r.judge(f, again, all, own)
	}
	return wrong
}

// own returns the row's own texts in the column, with the texts of its group.
func (r *Rule) own(to render.Recipient) (all []words.Value) {
	if r.Column == "" {
		return nil
	}
	add := func(cells []templates.Cell) {
		if r.Index < len(cells) {
			if v, ok := r.of.hash.Value(cells[r.Index].Text); ok {
				all = append(all, v)
			}
		}
	}
	add(to.Data.Cells)
	for _, m := range to.Data.Group {
		add(m.Cells)
	}
	return all
}

// judge says what is wrong with a file with this text; nil if nothing is wrong.
func (r *Rule) judge(f render.Examined, said said, all []wanted, own []words.Value) error {
	if said.Reason != nil {
		return r.fault(said.Reason.Code, "attachment "+show(f.Path)+" "+said.Reason.Text, said.Reason.Hint)
	}
	var lacks []string
	known := make([]bool, len(said.tokens)) // a word of this row does not count for another row
	mark := func(v words.Value) (found bool) {
		v.Find(r.of.hash, said.tokens, func(from, to int) bool {
			found = true
			for i := from; i < to; i++ {
				known[i] = true
			}
			return true
		})
		return found
	}
	for _, w := range all {
		if !mark(w.Value) && !slices.Contains(lacks, show(w.text)) {
			lacks = append(lacks, show(w.text))
		}
	}
	for _, v := range own {
		mark(v)
	}
	if place := r.of.c.Others.in(r, said.tokens, known, own); place != "" {
		also := ""
		if len(lacks) > 0 {
			also = ", and " + none(lacks)
		}
		return r.fault("attachment-other", fmt.Sprintf("attachment %s has the %s of %s in it%s", show(f.Path), r.Column,
			place, also),
			"it is another row's file, or has two people's data; if that text stands in any file, name another column")
	}
	if len(lacks) > 0 {
		return r.fault("attachment-lacks", fmt.Sprintf("attachment %s says %s", show(f.Path), none(lacks)),
			"is it another person's, or of another month? Look into it")
	}
	return nil
}

// none says that a file contains none of these texts.
func none(all []string) string {
	switch len(all) {
	case 1:
		return "not " + all[0]
	case 2:
		return "neither " + all[0] + " nor " + all[1]
	}
	return "none of " + strings.Join(all, ", ")
}

// said is the text of a file, or why it is not known.
type said struct {
	tokens []words.Token
	PDF    bool
	Reason *text.Reason
}

// said reads a file, or returns its kept text. With again pdftotext reads the file.
func (c *Campaign) said(f render.Examined, again bool) said {
	key := c.kept.key(f.Sum, f.Path, again)
	if s, known := c.kept.get(key); known {
		return s
	}
	b, err := f.Plain()
	if err != nil {
		return said{Reason: &text.Reason{Code: "attachment-unreadable", Text: "cannot be read: " + err.Error()}}
	}
	var s said
	var t text.Text
	if again {
		ok := false
		if t.Words, ok = text.Again(context.Background(), b); !ok { // not kept: the machine may have been too busy for it
			return said{Reason: &text.Reason{Code: "attachment-unreadable", Text: "is nothing that pdftotext reads"}}
		}
	} else if t, err = text.Read(f.Path, b); err != nil {
		s.Reason = &text.Reason{Code: "attachment-unreadable", Text: "cannot be read: " + err.Error()}
		errors.As(err, &s.Reason)
	}
	s.PDF = t.PDF
	if s.Reason == nil {
		s.tokens = c.hash.Tokens(t.Words)
	}
	c.kept.put(key, s)
	return s
}
