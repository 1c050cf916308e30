// Package markup reads HTML as a browser does. Text and Conditionals ready an author's HTML for html/template: Text its
// angle brackets before actions, Conditionals its comments. Visible returns what a reader sees of a document.
//
// html/template has a parser of its own. It drops comments, it knows only one way to end one, and it knows none of the
// other things that a browser takes for a comment. So what a browser shows and what html/template leaves may differ.
// Conditionals takes the comments away before html/template sees them, and Visible is how the result is compared with
// the source.
package markup

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	xhtml "golang.org/x/net/html"

	"mailshot/templates/function"
	"mailshot/templates/source"
)

// The marks of a conditional comment, as people write them.
var (
	opening = regexp.MustCompile(`(?i)^<!(?:--)?\s*\[\s*if\b([^\]]*)\]\s*>`)
	ending  = regexp.MustCompile(`(?i)^<!(?:--\s*<\s*!)?\s*\[\s*endif\s*\]\s*>?[-\s]*!?>$`)
	// nothing is what may stand between <!--[if !mso]> and the end of the comment, where the comment holds no content.
	nothing = regexp.MustCompile(`^\s*(?:<!)?[-\s]*!?>$`)
	// spelled are the spellings that Outlook is known to read. They are written as they are.
	spelled = regexp.MustCompile(`^<!--\[if [^\]]*\]>(?:<!-->|<!-- -->)?$|^<!--<!\[endif\]-->$|^<!\[endif\]-->$|` +
		`^<!\[if [^\]]*\]>$|^<!\[endif\]>$`)
	wrongIf  = regexp.MustCompile(`(?i)^<!(?:--)?\[\s*if\b`)
	wrongEnd = regexp.MustCompile(`(?i)^<!--[\s<!]*\[\s*/?\s*endif\b`)
	mso      = regexp.MustCompile(`(?i)\bmso\b`)
)

// howToEnd is the hint for an end that is missing or wrong.
const howToEnd = "write <!--<![endif]--> after <!--[if !mso]><!-->, and <![endif]--> after <!--[if mso]>"

// mark is a part of the text that is replaced.
type mark struct {
	from, to int    // in the form's text
	write    string // what is written into the HTML in its place; "" for nothing
	opens    bool   // a conditional comment begins here
	closes   bool   // one ends here
}

// scanner finds the marks of a form.
type scanner struct {
	form    *source.Form
	text    string // the form's text, with its actions blotted out
	actions []source.Action
	marks   []mark
	inside  bool // a comment that holds content for Outlook
	err     *source.Error
}

// Conditionals takes the comments out of an author's HTML. Those of Outlook become calls that write them, in a spelling
// that Outlook reads; what stands between two of them is HTML like any other. A comment with an action in it stays,
// because the action may be an {{if}}. A conditional comment without an end is an error, and so is an end without a
// beginning.
func Conditionals(f *source.Form) (*source.Form, error) {
	actions, _ := source.Scan(f.Text)
	s := &scanner{form: f, text: blot(f.Text, actions), actions: actions}
	s.scan(0, len(s.text))
	if s.err == nil {
		s.pair()
	}
	if s.err != nil {
		return nil, s.err
	}
	spans := make([][]int, len(s.marks))
	for i, m := range s.marks {
		spans[i] = []int{m.from, m.to}
	}
	i := -1
	return f.Replace(spans, func(string) string {
		if i++; s.marks[i].write == "" {
			return ""
		}
		return "{{" + function.Conditional + " " + strconv.Quote(s.marks[i].write) + "}}"
	}), nil
}

// blot replaces the actions of a text by letters. Offsets stay.
func blot(text string, actions []source.Action) string {
	b := []byte(text)
	for _, a := range actions {
		for i := a.Start; i < a.End; i++ {
			b[i] = 'x'
		}
	}
	return string(b)
}

func (s *scanner) fail(off int, text, hint string) {
	if s.err == nil {
		s.err = s.form.ErrorAt(off, "conditional-comment", text, hint)
	}
}

// scan finds the comments of the text from one offset to another.
func (s *scanner) scan(from, to int) {
	z := xhtml.NewTokenizer(strings.NewReader(s.text[from:to]))
	at := from
	for tt := z.Next(); tt != xhtml.ErrorToken; tt = z.Next() {
		start := at
		at += len(z.Raw())
		if tt == xhtml.CommentToken {
			s.comment(start, at)
		}
	}
}

// comment decides what becomes of one comment.
func (s *scanner) comment(from, to int) {
	text := s.text[from:to]
	if inside, ok := strings.CutPrefix(text, "<!--"); ok && !closed(inside) {
		s.fail(from, "this comment has no end, and hides all that comes after it", "add -->")
		return
	}
	outlook := strings.Contains(text, "[") // most comments are plain: the patterns need not look at them
	if outlook {
		if m := opening.FindStringSubmatchIndex(text); m != nil {
			s.conditional(from, to, text, m)
			return
		}
	}
	switch {
	case outlook && ending.MatchString(text):
		end := "<![endif]-->"
		if strings.HasPrefix(text, "<!--") {
			end = "<!--<![endif]-->"
		} else if !strings.Contains(text, "-") {
			end = "<![endif]>"
		}
		s.add(mark{from: from, to: to, write: end, closes: true})
	case outlook && wrongEnd.MatchString(text):
		s.fail(from, "Outlook does not read this as the end of a conditional comment", howToEnd)
	case outlook && wrongIf.MatchString(text):
		s.fail(from, "this conditional comment has no ]> after its condition", "write <!--[if mso]> or <!--[if !mso]><!-->")
	case s.holdsAction(from, to):
		// It may be <!-- {{if .x}} -->. html/template drops the comment and keeps the {{if}}.
	case s.inside, strings.HasPrefix(text, "<?"):
		s.add(mark{from: from, to: to, write: s.form.Text[from:to]})
	default:
		s.add(mark{from: from, to: to})
	}
}

// closed says whether a comment has an end, by the rules of HTML. after is what comes after its <!--.
func closed(after string) bool {
	return after == ">" || after == "->" || strings.HasSuffix(after, "-->") || strings.HasSuffix(after, "--!>")
}

func (s *scanner) holdsAction(from, to int) bool {
	return slices.ContainsFunc(s.actions, func(a source.Action) bool { return a.Start >= from && a.End <= to })
}

// conditional takes a comment that begins with a condition: one that holds content for Outlook, or one that only says
// that Outlook is not to read what comes after it. m is the match of opening.
func (s *scanner) conditional(from, to int, text string, m []int) {
	end := from + m[1]
	if s.holdsAction(from, end) {
		s.fail(from, "the condition of a conditional comment cannot hold an action", "put the whole comment into {{if}}")
		return
	}
	condition := mso.ReplaceAllString(strings.Join(strings.Fields(text[m[2]:m[3]]), " "), "mso")
	switch rest := text[m[1]:]; {
	case !strings.HasPrefix(text, "<!--"): // <![if !mso]>
		s.add(mark{from: from, to: end, write: "<![if " + condition + "]>", opens: true})
	case nothing.MatchString(rest):
		s.add(mark{from: from, to: to, write: "<!--[if " + condition + "]><!-->", opens: true})
	default:
		s.hidden(from, end, to, "<!--[if "+condition+"]>")
	}
}

// hidden takes a comment with content for Outlook. Its content begins at an offset and goes on to the comment's end.
func (s *scanner) hidden(from, content, to int, write string) {
	s.add(mark{from: from, to: content, write: write, opens: true})
	first, was := len(s.marks), s.inside
	s.inside = true
	s.scan(content, to)
	s.inside = was
	depth := 1
	for _, m := range s.marks[first:] {
		if m.opens {
			depth++
		} else if m.closes {
			depth--
		}
		if depth == 0 && m.to != to {
			s.fail(m.from, "the comment goes on after this end of its condition, and hides what comes after it",
				"write <![endif]-->")
			return
		}
	}
}

// add adds a mark. A mark of Outlook's is written as it is where Outlook reads it so.
func (s *scanner) add(m mark) {
	if text := s.text[m.from:m.to]; (m.opens || m.closes) && spelled.MatchString(text) {
		m.write = text
	}
	s.marks = append(s.marks, m)
}

// pair finds the openings and ends without a partner. Each branch of an {{if}} goes on with what was open before it.
func (s *scanner) pair() {
	var open []int // offsets
	var before [][]int
	next := 0
	take := func(until int) {
		for ; next < len(s.marks) && s.marks[next].from < until; next++ {
			switch m := s.marks[next]; {
			case m.opens:
				open = append(open, m.from)
			case m.closes && len(open) == 0:
				s.fail(m.from, "this ends a conditional comment, and none is open here", "remove it, or write its <!--[if …]>")
			case m.closes:
				open = open[:len(open)-1]
			}
		}
	}
	for _, a := range s.actions {
		take(a.Start)
		switch {
		case a.Kind == source.Opener || a.Kind == source.Define:
			before = append(before, slices.Clone(open))
		case a.Kind == source.Divider && len(before) > 0:
			open = slices.Clone(before[len(before)-1])
		case a.Kind == source.Closer && len(before) > 0:
			before = before[:len(before)-1]
		}
	}
	take(len(s.text) + 1)
	if len(open) > 0 {
		s.fail(open[len(open)-1], "this conditional comment has no end",
			"write <!--<![endif]--> after <!--[if !mso]><!-->, and <![endif]--> after <!--[if mso]>")
	}
}
