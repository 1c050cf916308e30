// Package whole finds mistakes that no single message shows, but all messages together do: one amount of zero among
// five hundred, one letter that is far shorter than all others, one subject for everybody. Make a [Watch] with [New].
// Give each message to [Watch.Look], which may be called concurrently. Give the [Row] that it returns to [Count.Add],
// in the order of the list. At the end [Count.Findings] says what is odd.
//
// A rule makes a finding only if most messages agree, so that the few others stand out. Lists vary, and rightly so.
// Numbers are compared by their ratios, with the median and the median deviation, which a few odd ones cannot move.
//
// Memory grows with the templates, and not with the list. For lengths and amounts a histogram and the outermost few are
// kept. For numbers and messages that must not come twice the hashes of the first 262,144 are kept.
package whole

import (
	"hash/maphash"
	"slices"

	"mailshot/templates/source"
)

// Config says what the messages are made from.
type Config struct {
	Columns  []Column
	Index    func(name string) int // the column that a template means by a name; -1 = none
	Key      int                   // the column that is the key; -1 = the address is
	Name     int                   // the column of the person's name; -1 = there is none
	Editions []Edition
}

// Column is a column of the list.
type Column struct {
	Name string
	Text bool // its cells are texts, and not numbers, dates or truths
}

// Edition is what the messages in one language are made from.
type Edition struct {
	Language string           // BCP 47; "" = none is named
	Subject  *source.Source   // nil = there is none
	Bodies   []*source.Source // its HTML or Markdown, and its text
	Parts    bool             // the text part has a source of its own, beside that of the HTML
	Shared   []*source.Source // files that the bodies include

	Text, HTML []string // the literals that the runs of its messages speak of
}

// Watch looks at the messages of one campaign. It is safe for concurrent use.
type Watch struct {
	c          Config
	seed       maphash.Seed
	columns    []column // whose cells are compared; the column with number i here is cell i of a Row
	amounts    []amount
	conditions []condition
	editions   []edition
	numbers    []int         // columns of subjects, by their place in columns
	fields     *source.Error // the first field of a template; nil = the templates have none
	ranged     bool          // a text is as long as a list within a cell
}

// edition is what was found in an [Edition].
type edition struct {
	Edition
	subject *source.Error // its first field; nil = it has none
	written bool          // the subject has words of its own
	script  string
	words   string // the language that its words are of, where that is not the one it is said to have; "" = no other
}

// New reads the templates. A source that cannot be parsed is left out: the compiler says what is wrong with it.
func New(c Config) *Watch {
	w := &Watch{c: c, seed: maphash.MakeSeed()}
	looked := map[string]bool{}
	for _, e := range c.Editions {
		made := edition{Edition: e}
		if e.Subject != nil {
			l := w.uses(e.Subject, true)
			made.subject, made.written = l.first, letters(l.literal.String()) >= fewLetters
		}
		text := ""
		for _, s := range append(e.Bodies, e.Shared...) {
			text += plain(s.Text) + "\n"
			if looked[s.File] {
				continue
			}
			looked[s.File] = true
			if l := w.uses(s, false); w.fields == nil {
				w.fields = l.first
			}
		}
		made.script = bodyScript(text)
		made.words = otherLanguage(text, e.Language)
		w.editions = append(w.editions, made)
		if w.fields == nil {
			w.fields = made.subject
		}
	}
	for i, column := range w.columns {
		if column.subject && column.of != c.Key && c.Columns[column.of].Text && len(w.numbers) < mostNumbers {
			w.numbers = append(w.numbers, i)
		}
	}
	return w
}

// column is a column of the list that the templates use.
type column struct {
	of               int           // of the list
	at               *source.Error // its first place
	subject, printed bool          // it is in a subject; it is printed somewhere, and not only asked about
}

// column notes that a template uses a column of the list.
func (w *Watch) column(of int, at spot, subject, printed bool) {
	i := slices.IndexFunc(w.columns, func(c column) bool { return c.of == of })
	if i < 0 {
		i = len(w.columns)
		w.columns = append(w.columns, column{of: of, at: at.error()})
	}
	c := &w.columns[i]
	c.subject, c.printed = c.subject || subject, c.printed || printed
}
