package whole

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/check"
	"mailshot/campaign/check/codes"
	"mailshot/internal/ellipsis"
	"mailshot/templates/source"
)

// mostPlaces is how many rows a finding names.
const mostPlaces = 5

// Count counts the messages of one reading of a list. It is for one goroutine.
type Count struct {
	w        *Watch
	n        int64
	first    *Row
	varies   []bool // columns whose cells are not all the same
	message  bool   // messages differ, but for who gets them
	editions []inEdition
	lengths  map[group]*spread
	amounts  []tally
	dates    []dates // by Watch.columns
	asked    []asked
	numbers  []doubles
	same     doubles
	scripts  map[int]*rows // by edition
}

// inEdition is what is kept about the messages in one edition.
type inEdition struct {
	n                   int64
	first               *Row
	varies, texts, html bool // subjects differ, text parts, and HTML
}

// group are messages that should have about the same length: of one edition, and with about as many rows.
type group struct{ edition, rows int }

// rows are how many rows have something, and the first of them.
type rows struct {
	n     int64
	first []string
	said  string // of the first
}

func (r *rows) add(place, said string) {
	if r.n++; len(r.first) < mostPlaces {
		r.first = append(r.first, place)
	}
	if r.n == 1 {
		r.said = strings.Clone(said)
	}
}

func (r *rows) list() string { return ellipsis.List(r.first, r.n) }

// Count returns a new count.
func (w *Watch) Count() *Count {
	return &Count{w: w, varies: make([]bool, len(w.columns)), dates: make([]dates, len(w.columns)),
		lengths: map[group]*spread{}, editions: make([]inEdition, len(w.editions)), scripts: map[int]*rows{},
		amounts: make([]tally, len(w.amounts)), asked: make([]asked, len(w.conditions)),
		numbers: make([]doubles, len(w.numbers))}
}

// Add counts a message of the row at place. Call it in the order of the list.
func (c *Count) Add(place string, r *Row) {
	c.n++
	e := &c.editions[r.edition]
	if e.n++; e.n == 1 {
		e.first = r
	}
	e.varies = e.varies || e.first.subject != r.subject
	e.texts = e.texts || e.first.text != r.text
	e.html = e.html || e.first.html != r.html
	if c.first == nil {
		c.first = r
	}
	c.message = c.message || r.message != c.first.message
	for i, v := range r.days {
		c.dates[i].add(v, place)
	}
	for i, h := range r.cells {
		c.varies[i] = c.varies[i] || h != c.first.cells[i]
	}
	if !c.w.ranged && r.length > 0 {
		g := group{r.edition, bucket(r.rows)}
		if c.lengths[g] == nil {
			c.lengths[g] = &spread{}
		}
		c.lengths[g].add(float64(r.length), place)
	}
	for i, v := range r.values {
		c.amounts[i].add(v, place, &c.w.amounts[i])
	}
	for i, a := range r.compared {
		c.asked[i].add(a, r.cell[i], place)
	}
	for i, text := range r.numbers {
		c.numbers[i].add(r.cells[c.w.numbers[i]], r.key, text, place)
	}
	if c.w.c.Key >= 0 {
		c.same.add(mix(r.message, r.to), r.key, " ", place)
	}
	if r.script != "" && r.script != c.w.editions[r.edition].script {
		if c.scripts[r.edition] == nil {
			c.scripts[r.edition] = &rows{}
		}
		c.scripts[r.edition].add(place, r.script)
	}
}

// bucket puts numbers of rows together that are within a doubling.
func bucket(rows int) (n int) {
	for ; rows > 1; rows = (rows + 1) / 2 {
		n++
	}
	return n
}

// Findings returns what is odd in all messages together.
func (c *Count) Findings() (found []check.Finding) {
	if c.n == 0 {
		return nil
	}
	found = append(found, c.languages()...)
	if same := c.sameTexts(); same != nil {
		found = append(found, *same)
	} else {
		found = append(found, c.alike()...)
		for i := range c.asked {
			found = append(found, c.asked[i].findings(&c.w.conditions[i], c.w)...)
		}
	}
	found = append(found, c.odd()...)
	for i := range c.amounts {
		found = append(found, c.amounts[i].findings(&c.w.amounts[i], c.w.c.Columns)...)
	}
	for i := range c.dates {
		if f := c.dates[i].finding("." + c.w.c.Columns[c.w.columns[i].of].Name); f != nil {
			found = append(found, *f)
		}
	}
	for i := range c.numbers {
		found = append(found, c.numbers[i].numbered(c.w.c.Columns[c.w.columns[c.w.numbers[i]].of].Name)...)
	}
	if c.same.n > 0 {
		found = append(found, c.same.messages()...)
	}
	return found
}

// said makes a finding with the severity that its code has.
func said(code, place, text, hint string) check.Finding {
	of, _ := codes.Of(code)
	return check.Finding{Code: code, Severity: of.Severity, Place: place, Text: text, Hint: hint}
}

// saidAt makes a finding at a place of a template.
func saidAt(at *source.Error, code, text, hint string) check.Finding {
	of := *at
	of.Code, of.Text, of.Hint = code, text, hint
	f := check.From(&of)[0]
	kind, _ := codes.Of(code)
	f.Severity = kind.Severity
	return f
}

// saidOf makes a finding about rows.
func saidOf(code string, r *rows, text, hint string) check.Finding {
	f := said(code, r.first[0], text, hint)
	if r.n > 1 {
		f.Rows, f.Places = r.n, r.first
		f.Text += fmt.Sprintf(" (%d rows: %s)", r.n, r.list())
	}
	return f
}

// The least numbers of messages for which a rule makes a finding.
const (
	fewMessages = 20 // of lengths
	someAlike   = 5  // of subjects and texts that are all the same
)

// The ratios from which on a length stands out: the next length is more than twice as far away.
const (
	lengthGap  = 2.5
	leastRunes = 80
)

// odd finds messages that are far shorter, or far longer, than all others.
func (c *Count) odd() (found []check.Finding) {
	for e := range c.w.editions {
		for b := range 40 {
			s := c.lengths[group{e, b}]
			if s == nil {
				continue
			}
			short, next := s.apart(s.low, lengthGap, lengthGap, fewMessages)
			if len(short) > 0 && next.v-short[len(short)-1].v >= leastRunes {
				found = append(found, saidOf("short-message", rowsOf(short), fmt.Sprintf(
					"the text has %.0f characters, and the shortest of the %d others has %.0f", short[0].v,
					s.n-int64(len(short)), next.v), "look at it: mailshot preview --row N"))
			}
			long, next := s.apart(s.high, lengthGap, lengthGap, fewMessages)
			if len(long) > 0 && long[len(long)-1].v-next.v >= leastRunes {
				found = append(found, saidOf("long-message", rowsOf(long), fmt.Sprintf(
					"the text has %.0f characters, and the longest of the %d others has %.0f", long[0].v,
					s.n-int64(len(long)), next.v), "look at it: mailshot preview --row N"))
			}
		}
	}
	return found
}

func rowsOf(all []placed) *rows {
	r := &rows{}
	for _, p := range all {
		r.add(p.row, "")
	}
	return r
}

// sameTexts finds that all messages say the same although the templates have fields; nil if they do not.
func (c *Count) sameTexts() *check.Finding {
	if c.n < someAlike || c.message || c.w.fields == nil {
		return nil
	}
	text := fmt.Sprintf("the templates have fields, and all %d messages say the same", c.n)
	name := c.varying(false)
	if name == "" {
		f := saidAt(c.w.fields, "same-texts", text,
			"nothing, if that is meant; else look at the columns and at the conditions")
		return &f
	}
	at, hint := c.w.fields, "look at the conditions around it: they go one way for everybody"
	text += ": ." + name + " is not the same for all, and they do not see it"
	for i := range c.asked {
		if never := c.asked[i].never(&c.w.conditions[i], c.w); never != "" {
			at, text = c.w.conditions[i].at.error(), text+". "+never
			break
		}
	}
	f := saidAt(at, "same-texts", text, hint)
	f.Severity = check.Warning
	return &f
}

// alike finds subjects and names that are the same for everybody.
func (c *Count) alike() (found []check.Finding) {
	if c.n < someAlike {
		return nil
	}
	for i, e := range c.editions {
		if at := c.w.editions[i].subject; at != nil && !e.varies && e.n >= someAlike {
			f := saidAt(at, "same-subject", fmt.Sprintf("the subject has a field, and is the same in all %d messages", e.n),
				"nothing, if that is meant; else fill the column, or take another one")
			if name := c.varying(true); name != "" && len(c.editions) == 1 {
				f.Severity = check.Warning
				f.Text += ": ." + name + " is not the same for all, and they do not see it"
			}
			found = append(found, f)
			break
		}
	}
	for i, e := range c.editions {
		if of := c.w.editions[i]; of.Parts && e.n >= someAlike && e.texts != e.html {
			found = append(found, c.samePart(of, e))
		}
	}
	for i, column := range c.w.columns {
		if column.of == c.w.c.Name && column.printed && !c.varies[i] && c.n >= someAlike {
			found = append(found, saidAt(column.at, "same-name", fmt.Sprintf("all %d people have the same name in .%s", c.n,
				c.w.c.Columns[column.of].Name), "look at the column, and at recipients.name"))
		}
	}
	return found
}

// samePart is about an edition in which one part differs for each person, and the other part is the same for everybody.
// The sources of the two parts are the first and the last of its bodies.
func (c *Count) samePart(of edition, e inEdition) check.Finding {
	at, same, other := of.Bodies[len(of.Bodies)-1], "text part", of.Bodies[0].File
	if e.texts {
		at, same, other = of.Bodies[0], "HTML", of.Bodies[len(of.Bodies)-1].File
	}
	f := saidAt(at.ErrorAt(0, "", "", ""), "same-part", fmt.Sprintf(
		"the %s says the same in all %d messages, and %s does not", same, e.n, other),
		"write the fields into both; or leave body.text out, and mailshot makes it of the HTML")
	if c.printedVarying() < 2 { // a name in the greeting alone
		f.Severity = check.Note
	}
	return f
}

// printedVarying returns how many columns are printed and differ between rows.
func (c *Count) printedVarying() (n int) {
	for i, column := range c.w.columns {
		if c.varies[i] && column.printed {
			n++
		}
	}
	return n
}

// varying returns a column that a template or a subject prints, and that differs between rows; "" if there is none.
func (c *Count) varying(subject bool) string {
	for i, column := range c.w.columns {
		if c.varies[i] && column.printed && (column.subject || !subject) {
			return c.w.c.Columns[column.of].Name
		}
	}
	return ""
}

// languages finds texts in the script of a wrong language.
func (c *Count) languages() (found []check.Finding) {
	for i, e := range c.w.editions {
		if c.editions[i].n == 0 {
			continue
		}
		if want := usual(e.Language); want != "" && e.script != "" && e.script != want && len(e.Bodies) > 0 {
			found = append(found, said("other-script", e.Bodies[0].ErrorAt(0, "", "", "").Place(), fmt.Sprintf(
				"the language of this text is %s, and it is written in %s letters", e.Language, e.script),
				"name the file that is in this language, or the language of the file"))
		}
		if e.words != "" && len(e.Bodies) > 0 {
			found = append(found, said("other-language", e.Bodies[0].ErrorAt(0, "", "", "").Place(), fmt.Sprintf(
				"the language of this text is %s, and its words are %s", e.Language, e.words),
				"name the file that is in this language, or the language of the file"))
		}
		if e.Subject == nil || e.script == "" {
			continue
		}
		if e.written {
			if s := subjectScript(plain(e.Subject.Text)); s != "" && s != e.script {
				found = append(found, saidAt(e.Subject.ErrorAt(0, "", "", ""), "mixed-languages", fmt.Sprintf(
					"the subject is in %s letters, and the text in %s letters", s, e.script), mixedHint))
			}
			continue
		}
		if r := c.scripts[i]; r != nil {
			found = append(found, saidOf("mixed-languages", r, fmt.Sprintf(
				"the subject is in %s letters, and the text in %s letters", r.said, e.script), mixedHint))
		}
	}
	return found
}

const mixedHint = "write both in the reader's language"

// width is how long a value that a finding quotes may be.
const width = 40

func quote(s string) string {
	if utf8.RuneCountInString(s) <= width {
		return fmt.Sprintf("%q", s)
	}
	return ellipsis.Quote(s, width)
}
