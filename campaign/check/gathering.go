package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mailshot/campaign/check/codes"
	"mailshot/internal/ellipsis"
)

// Gathering takes the findings of a list, row by row, and reports each mistake once: findings of several rows about one
// mistake become one finding, with the number of rows and the first five places. The zero value is ready for use. Its
// memory does not grow with the list. It is not for concurrent use.
//
// A mistake of the campaign has no place, or a place in a template or the campaign file. Rows with the same mistake
// share one finding. At a line of a template they share it whatever values its text quotes. A fault of a row stays a
// finding of that row. Only if more than half of all rows have it, and at least twenty rows, it becomes one mistake
// too: a column of another type, or a folder of attachments that does not exist.
type Gathering struct {
	Policy codes.Policy // what the findings mean in this campaign; zero = what they come with

	ignored []int64 // findings left out, by Policy.Ignored
	rows    int64   // rows told of
	last    string  // the place of the last of them
	kinds   map[wording]*kind
	kept    int   // sayings of all kinds
	made    int   // sayings ever made
	errors  int   // of the kept ones
	left    int64 // findings that there was no room for, of kinds that are not kept
}

// How much a gathering keeps and says.
const (
	mostSayings = 1000 // findings
	mostPlaces  = 5    // rows of one finding
	commonRows  = 20   // rows that have a fault before it can be the campaign's
)

// wording is what findings of one kind have in common: all but the values that they quote.
type wording struct {
	severity          Severity
	code, place, text string
}

// each is the text of a kind whose findings are each one of its own.
const each = "each"

// kind is the findings with one wording.
type kind struct {
	rows rows
	said []*saying
	by   map[string]*saying // by what two findings share that are one
	left int64              // findings that there was no room for
}

// saying is a finding with the rows that have it.
type saying struct {
	Finding
	rows   rows
	number int    // in the order in which they were made
	exact  string // what findings share that are this one
}

// rows is how many rows have something, and the places of the first.
type rows struct {
	n     int64
	first []string
	last  string
}

func (r *rows) add(place string) {
	if r.n > 0 && r.last == place { // twice in one row
		return
	}
	r.n++
	r.last = place
	if len(r.first) < mostPlaces {
		r.first = append(r.first, place)
	}
}

// Add takes findings that are each a mistake of its own, or that belong to no row.
func (g *Gathering) Add(fs ...Finding) {
	for _, f := range fs {
		if g.judge(&f) {
			g.keep(wording{f.Severity, f.Code, "", each}, &saying{Finding: f})
		}
	}
}

// Row takes the findings of the row at this place, which may be none. Call it for every row that was checked, in the
// order of the list.
func (g *Gathering) Row(place string, fs ...Finding) {
	if g.rows == 0 || g.last != place {
		g.rows++
		g.last = place
	}
	for _, f := range fs {
		if !g.judge(&f) {
			continue
		}
		w := wording{f.Severity, f.Code, f.Place, shape(f.Text, true)}
		exact := shape(f.Text, false) + "\n" + f.Hint
		switch {
		case f.Place == place || cellOf(f.Place, place):
			w.place, exact = "row", f.Place+"\n"+f.Text
		case f.Place != "" && f.Excerpt != "": // the line of a template
			exact = w.text
		}
		k := g.kinds[w]
		var s *saying
		if k != nil {
			s = k.by[exact]
		}
		if s == nil {
			s = &saying{Finding: f, exact: exact}
			g.keep(w, s)
			k = g.kinds[w]
		}
		s.rows.add(place)
		if k != nil {
			k.rows.add(place)
		}
	}
}

// judge gives a finding its severity in the campaign. It reports false for a finding that is left out.
func (g *Gathering) judge(f *Finding) bool {
	f.Severity = g.Policy.Judge(f.Code, f.Severity)
	i := g.Policy.Ignores(f.Code)
	if i < 0 {
		return true
	}
	if g.ignored == nil {
		g.ignored = make([]int64, len(g.Policy.Ignored))
	}
	g.ignored[i]++
	return false
}

// Ignored returns the codes whose findings were left out, in the order of the policy.
func (g *Gathering) Ignored() (all []Ignored) {
	for i, n := range g.ignored {
		if of := g.Policy.Ignored[i]; n > 0 {
			all = append(all, Ignored{Code: of.Code, Reason: of.Reason, Findings: n})
		}
	}
	return all
}

// keep keeps a saying, or counts it if there is no room.
func (g *Gathering) keep(w wording, s *saying) {
	k := g.kinds[w]
	if g.kept >= mostSayings && (k != nil || !g.yield(w.severity)) {
		if k != nil {
			k.left++
		} else {
			g.left++
		}
		return
	}
	if k == nil {
		k = &kind{by: map[string]*saying{}}
		if g.kinds == nil {
			g.kinds = map[wording]*kind{}
		}
		g.kinds[w] = k
	}
	s.number = g.made
	g.made++
	g.kept++
	if w.severity == Error {
		g.errors++
	}
	k.said = append(k.said, s)
	if w.text != each {
		k.by[s.exact] = s
	}
}

// yield makes room for a new kind: the kind with most sayings loses its last one. If each kind has only one, there is
// room only for an error, and only if no error is kept: a report with errors must show one.
func (g *Gathering) yield(severity Severity) bool {
	if len(g.kinds) == g.kept && (severity != Error || g.Errors() > 0) {
		return false
	}
	var of wording
	var most *kind
	for w, k := range g.kinds {
		if most == nil || cmp.Or(cmp.Compare(len(k.said), len(most.said)),
			cmp.Compare(k.said[0].number, most.said[0].number)) > 0 {
			of, most = w, k
		}
	}
	last := most.said[len(most.said)-1]
	most.said = most.said[:len(most.said)-1]
	delete(most.by, last.exact)
	most.left++
	g.kept--
	if of.severity == Error {
		g.errors--
	}
	if len(most.said) == 0 {
		g.left += most.left
		delete(g.kinds, of)
	}
	return true
}

// Errors returns how many of the findings that are kept are errors.
func (g *Gathering) Errors() int { return g.errors }

// Findings returns the findings in the order in which each was first found, and how many findings did not fit.
func (g *Gathering) Findings() (fs []Finding, dropped int64) {
	dropped = g.left
	var all []*saying
	for w, k := range g.kinds {
		if w.text != each && len(k.said) > 1 && k.rows.n >= commonRows && k.rows.n*2 > g.rows {
			k.said[0].rows = k.rows
			all = append(all, k.said[0])
			continue
		}
		all = append(all, k.said...)
		dropped += k.left
	}
	slices.SortFunc(all, func(a, b *saying) int { return cmp.Compare(a.number, b.number) })
	for _, s := range all {
		fs = append(fs, s.finding())
	}
	return fs, dropped
}

// finding is the finding with its rows.
func (s *saying) finding() Finding {
	f := s.Finding
	switch {
	case s.rows.n > 1:
		f.Rows, f.Places = s.rows.n, s.rows.first
		f.Text += fmt.Sprintf(" (%d rows: %s)", s.rows.n, ellipsis.List(s.rows.first, s.rows.n))
	case s.rows.n == 1 && f.Place != "" && f.Place != s.rows.last && !cellOf(f.Place, s.rows.last):
		f.Text += " (row " + s.rows.last + ")"
	}
	if f.Place == "" && s.rows.n > 0 {
		f.Place = s.rows.first[0]
	}
	return f
}

// Warnings returns the findings as warnings.
func Warnings(fs []Finding) []Finding {
	for i := range fs {
		fs[i].Severity = Warning
	}
	return fs
}

// shape returns a text without its numbers, and, if asked, without the words in double quotes.
func shape(text string, values bool) string {
	var b strings.Builder
	quoted, escaped, digit := false, false, false
	for _, r := range text {
		opens := r == '"' && !escaped
		escaped = quoted && r == '\\' && !escaped
		switch {
		case opens:
			quoted, digit = !quoted, false
		case quoted && values:
			continue
		case !quoted && r >= '0' && r <= '9':
			if digit {
				continue
			}
			r, digit = '0', true
		default:
			digit = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// cellOf reports whether a place is a cell of a row, as November!B9 is of November!9.
func cellOf(place, row string) bool {
	sheet, cell, _ := cutLast(place, "!")
	of, number, ok := cutLast(row, "!")
	return ok && sheet == of && strings.TrimLeft(cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == number
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
