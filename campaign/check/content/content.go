// Package content counts mistakes in what the messages of a campaign say, and makes one finding for each mistake. Make
// a Count with New, give each message's Row to Count.Add in the order of the list, and call Findings at the end.
//
// A mistake is at one place of a template, and appears in some of the messages: a link whose cell is empty, a greeting
// without its name. So there is one finding for each place, with the number of messages and the first rows. Memory
// grows with the templates, and not with the list.
package content

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/check/whole"
	"mailshot/templates"
)

// first is how many rows a finding names.
const first = 5

// Row is what is known about one message.
type Row struct {
	Seen    templates.Seen // what its templates printed
	Remarks []Remark       // on its attachments
	Matches []Match        // its files that were found by patterns
	Whole   *whole.Row     // for what only all messages show
}

// Match is a file, and the pattern that it matches.
type Match struct{ Path, Pattern string }

// Remark is something odd about an attachment. Remarks with one code and place are of one kind.
type Remark struct{ Code, Place, Text, Hint string }

// Config says what messages are made from.
type Config struct {
	Places []templates.Place  // of the templates; a Row's Seen counts them
	Doubts []*templates.Error // what is wrong with the templates in every message
	Found  []check.Finding    // what else was found in them
	Whole  *whole.Watch       // of the same templates; nil = nothing is looked at beside the others
}

// Count counts. It is not safe for concurrent use.
type Count struct {
	c        Config
	messages int64
	places   []tally // by place
	remarks  []remarked
	matched  map[string]*matched // by path
	whole    *whole.Count        // nil without a Watch
}

// matched is a file that was found by a pattern.
type matched struct {
	pattern, row string // that matched it first, and for whom
	others       tally  // the rows whose pattern is another one
	other        string // the first of these patterns
}

// remarked is a kind of remark, with the first of it.
type remarked struct {
	Remark
	tally
}

// tally is how many messages have something, and where the first of them are.
type tally struct {
	printed, empty int64
	rows           []string
}

func (t *tally) add(row string) {
	if t.empty++; len(t.rows) < first {
		t.rows = append(t.rows, row)
	}
}

// New returns a count of the messages that are made from c.
func New(c Config) *Count {
	n := &Count{c: c, places: make([]tally, len(c.Places))}
	if c.Whole != nil {
		n.whole = c.Whole.Count()
	}
	return n
}

// Add counts one message, and says why it should not be sent: one of its links leads nowhere. "" = it may be sent.
func (n *Count) Add(place string, row *Row) (why string) {
	if row == nil {
		return ""
	}
	n.messages++
	row.Seen.Each(func(i int, empty bool) {
		t := &n.places[i]
		if t.printed++; !empty {
			return
		}
		t.add(place)
		if p := n.c.Places[i]; p.Code == "empty-link" && why == "" {
			why = p.Place() + ": " + p.Text
		}
	})
	if n.whole != nil && row.Whole != nil {
		n.whole.Add(place, row.Whole)
	}
	for _, r := range row.Remarks {
		n.remark(place, r)
	}
	for _, m := range row.Matches {
		n.match(place, m)
	}
	return why
}

// remark counts a remark.
func (n *Count) remark(place string, r Remark) {
	i := slices.IndexFunc(n.remarks, func(known remarked) bool { return known.Code == r.Code && known.Place == r.Place })
	if i < 0 {
		i = len(n.remarks)
		n.remarks = append(n.remarks, remarked{Remark: r})
	}
	n.remarks[i].add(place)
}

// match notes who gets a file. A file that two rows find by different patterns may be somebody else's.
func (n *Count) match(place string, m Match) {
	was := n.matched[m.Path]
	switch {
	case was == nil:
		if n.matched == nil {
			n.matched = map[string]*matched{}
		}
		n.matched[m.Path] = &matched{pattern: m.Pattern, row: place}
	case was.pattern != m.Pattern && was.row != place:
		if was.other == "" {
			was.other = m.Pattern
		}
		was.others.add(place)
	}
}

// mostShared bounds what shared returns.
const mostShared = 20

// shared are the files that rows find by different patterns.
func (n *Count) shared() (found []check.Finding) {
	for _, path := range slices.Sorted(maps.Keys(n.matched)) {
		m := n.matched[path]
		if m.other == "" {
			continue
		}
		if len(found) == mostShared {
			break
		}
		found = append(found, check.Finding{
			Code: "attachment-shared", Severity: check.Error, Place: m.others.rows[0],
			Text: fmt.Sprintf("attachment %q matches %q and, of %s, %q: it would go to both", path, m.other, m.row, m.pattern),
			Hint: "put something between the cell and * that no cell has", Places: append([]string{m.row}, m.others.rows...),
		})
	}
	return found
}

// Findings returns the findings, in the order of the templates. skip says that messages which should not be sent are
// left out, so they are not errors.
func (n *Count) Findings(skip bool) []check.Finding {
	var found []check.Finding
	for _, doubt := range n.c.Doubts {
		f := check.From(doubt)[0]
		if doubt.Code != "empty-link" {
			f.Severity = check.Warning
		}
		found = append(found, f)
	}
	found = append(found, n.c.Found...)
	for i, p := range n.c.Places {
		t := &n.places[i]
		if t.empty == 0 || p.Optional && t.printed-t.empty <= t.empty {
			continue
		}
		f := check.From(p.Error)[0]
		f.Text += " " + t.where(n.messages)
		f.Places = t.rows
		if p.Code != "empty-link" || skip {
			f.Severity = check.Warning
		}
		found = append(found, f)
	}
	for _, r := range n.remarks {
		severity := check.Warning
		if r.Code == "attachment-left-out" {
			severity = check.Note
		}
		found = append(found, check.Finding{
			Code: r.Code, Severity: severity, Place: r.Place, Text: r.Text + "; " + r.where(n.messages), Hint: r.Hint,
			Places: r.rows,
		})
	}
	if found = append(found, n.shared()...); n.whole != nil {
		found = append(found, n.whole.Findings()...)
	}
	return found
}

// where says in how many messages something is, and in which rows.
func (t *tally) where(of int64) string {
	rows := strings.Join(t.rows, ", ")
	if t.empty > int64(len(t.rows)) {
		rows += ", …"
	}
	what := "messages"
	if of == 1 {
		what = "message"
	}
	return fmt.Sprintf("in %d of %d %s (%s)", t.empty, of, what, rows)
}
