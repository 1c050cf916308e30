package source

import (
	"strconv"
	"strings"
	"text/template/parse"
)

// piece says that n bytes of a made text, from offset at, are those of the source from offset src.
type piece struct{ at, n, src int }

// Form is a text ready for the template parser. It knows how its offsets lead back to the author's source.
type Form struct {
	Text   string
	Source *Source
	pieces []piece
}

// Verbatim returns the form whose text is the source itself.
func Verbatim(s *Source) *Form {
	return &Form{Text: s.Text, Source: s, pieces: []piece{{0, len(s.Text), 0}}}
}

// origin returns the source offset for an offset in the form's text: exact within a piece, else that of the nearest
// piece before.
func (f *Form) origin(off int) int {
	best := 0
	for _, p := range f.pieces {
		if p.at > off {
			break
		}
		best = p.src + min(off-p.at, p.n)
	}
	return best
}

// ErrorAt makes an error about the byte offset off of the form's text. Its place is in the source.
func (f *Form) ErrorAt(off int, code, text, hint string) *Error {
	return f.Source.ErrorAt(f.origin(off), code, text, hint)
}

// Replace returns a form in which each span of the text (a pair of offsets, in order) is replaced by the action that
// action makes of it. Places between the spans stay exact. The place of an action is the start of its span.
func (f *Form) Replace(spans [][]int, action func(text string) string) *Form {
	if spans == nil {
		return f
	}
	g := &Form{Source: f.Source}
	var b strings.Builder
	at := 0
	for _, m := range spans {
		g.move(f, at, m[0], b.Len())
		b.WriteString(f.Text[at:m[0]])
		g.pieces = append(g.pieces, piece{b.Len(), 0, f.origin(m[0])})
		b.WriteString(action(f.Text[m[0]:m[1]]))
		at = m[1]
	}
	g.move(f, at, len(f.Text), b.Len())
	b.WriteString(f.Text[at:])
	g.Text = b.String()
	return g
}

// Change is a change of a form's text: what is written in the place of a part of it.
type Change struct {
	From, To int
	Parts    []Part
}

// Part is a text that is written into a form. One that has been in a form is from offset At on there.
type Part struct {
	Text string
	Form *Form
	At   int
}

// Change returns a form in which each part of the text is replaced by others. The changes are in order. The place of
// what comes from a form of the same source is the place that it had there, and that of anything else is the start of
// what it replaces.
func (f *Form) Change(changes []Change) *Form {
	var b strings.Builder
	g, at := &Form{Source: f.Source}, 0
	for _, c := range changes {
		g.move(f, at, c.From, b.Len())
		b.WriteString(f.Text[at:c.From])
		for _, p := range c.Parts {
			if p.Form != nil && p.Form.Source == f.Source {
				g.pieces = append(g.pieces, piece{b.Len(), len(p.Text), p.Form.origin(p.At)})
			} else {
				g.pieces = append(g.pieces, piece{b.Len(), 0, f.origin(c.From)})
			}
			b.WriteString(p.Text)
		}
		at = c.To
	}
	g.move(f, at, len(f.Text), b.Len())
	b.WriteString(f.Text[at:])
	g.Text = b.String()
	return g
}

// move adds the pieces of old that lie between from and to, whose text is now at offset at.
func (f *Form) move(old *Form, from, to, at int) {
	for _, p := range old.pieces {
		start, end := max(p.at, from), min(p.at+p.n, to)
		if start < end || p.n == 0 && from <= p.at && p.at < to {
			f.pieces = append(f.pieces, piece{at + start - from, end - start, p.src + start - p.at})
		}
	}
}

// Of returns the form with the places of another one, of whose text it was made.
func (f *Form) Of(made *Form) *Form {
	g := &Form{Text: f.Text, Source: made.Source}
	for _, p := range f.pieces {
		g.pieces = append(g.pieces, piece{p.at, p.n, made.origin(p.src)})
	}
	return g
}

// Parse parses the form. name is what the parser calls it in its messages; it must not have a colon.
func (f *Form) Parse(name string) (map[string]*parse.Tree, error) {
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(f.Text, "", "", trees); err != nil {
		return nil, syntaxError(name, f, err)
	}
	if trees[name] == nil { // a file of definitions only
		trees[name] = tree
	}
	return trees, nil
}

// syntaxError gives a parser's message its place in the source. The parser tells only the line, so the caret goes to
// the last action that starts there.
func syntaxError(name string, f *Form, err error) error {
	msg := strings.TrimPrefix(err.Error(), "template: "+name+":")
	number, rest, ok := strings.Cut(msg, ":")
	line, convErr := strconv.Atoi(number)
	if !ok || convErr != nil {
		return f.ErrorAt(0, "template-syntax", msg, "")
	}
	start := Offset(f.Text, line, 0)
	text := f.Text[start:]
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		text = text[:i]
	}
	rest = strings.TrimSpace(rest)
	hint := ""
	switch {
	case strings.Contains(rest, "unexpected EOF"):
		rest, hint = "an {{if}}, {{range}} or {{with}} has no {{end}}", "add {{end}}"
		if at := unended(f.Text); at >= 0 {
			return f.ErrorAt(at, "template-syntax", rest, hint)
		}
	case strings.Contains(rest, "unexpected {{end}}"):
		rest, hint = "{{end}} without {{if}}, {{range}} or {{with}}", ""
	case strings.Contains(rest, "unexpected {{else}}"):
		rest = "{{else}} without {{if}}, {{range}} or {{with}}"
	case strings.Contains(rest, "unexpected \"}\" in operand"), strings.Contains(rest, "bad character"):
		hint = `for a column whose name is not one word write {{col "First name"}}`
	}
	return f.ErrorAt(start+max(strings.LastIndex(text, "{{"), 0), "template-syntax", rest, hint)
}

// unended is where the last {{if}}, {{range}} or {{with}} without an {{end}} begins; -1 if each has one.
func unended(text string) int {
	actions, _ := Scan(text)
	var open []int
	for _, a := range actions {
		switch a.Kind {
		case Opener, Define:
			open = append(open, a.Start)
		case Closer:
			open = open[:max(len(open)-1, 0)]
		}
	}
	if len(open) == 0 {
		return -1
	}
	return open[len(open)-1]
}
