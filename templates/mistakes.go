package templates

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	htmltemplate "html/template"

	"mailshot/templates/function"
	"mailshot/templates/misuse"
	"mailshot/templates/source"
)

// whole is an error about the program's source as a whole.
func (p *template) whole(code, text, hint string) *Error {
	return p.set.whole(p.entry, code, text, hint)
}

func (s *set) whole(name, code, text, hint string) *Error {
	if name == "layout" {
		name = "content" // the layout is rarely to blame
	}
	return s.made[name].unit.raw.ErrorAt(0, code, text, hint)
}

// nobodys says whether a unit is a built-in layout, in which no author has a place.
func (s *set) nobodys(u *unit) bool { return s.builtin && u.name == "layout" }

// escapeError gives an error of html/template its place.
func (s *set) escapeError(entry string, e *htmltemplate.Error) error {
	text, hint := escapeText(e)
	name, _, _ := strings.Cut(e.Name, "$htmltemplate_")
	t, ok := s.made[name]
	if !ok || s.nobodys(t.unit) {
		return s.whole(entry, "template-html", text, hint)
	}
	off := source.Offset(t.unit.made.Text, e.Line, 0)
	if e.Node != nil {
		off = int(e.Node.Position())
	} else if at := quoted(e.Description, t.unit.made.Text); at >= 0 && strings.Contains(e.Description, "unquoted") {
		off = at
	} else if at := unended(t.unit.made.Text); at >= 0 && e.Line == 0 {
		off, text, hint = at, "the text of this attribute goes on into what comes after its tag", "end it with the quote that it begins with"
	} else if at := quoted(e.Description, t.unit.made.Text); at >= 0 {
		off, text, hint = at, "this tag has a quote too many or too few", `write ' within a text that is in "`
	}
	return t.unit.made.ErrorAt(off, "template-html", text, hint)
}

var (
	location   = regexp.MustCompile(`(?s)^template: u(\d+):(\d+):(\d+): executing .*? at <.*?>: (.*)$`)
	missingKey = regexp.MustCompile(`map has no entry for key "(.*)"`)
	calling    = regexp.MustCompile(`^error calling (\w+): `)
)

// executeError gives the error of an execution its place, and words for people who do not know Go.
func (p *template) executeError(err error, d Data) error {
	var mine *Error
	if errors.As(err, &mine) {
		return mine
	}
	code, hint := "template", ""
	var limit function.Limit
	var advice function.Advice
	var unsafe function.Unsafe
	switch {
	case errors.As(err, &limit):
		code, hint = "template-limit", "a message needs far less; look for a loop"
	case errors.As(err, &unsafe):
		code, hint = "unsafe-value", "a link begins with http:, https:, mailto:, tel: or sms:"
	case errors.Is(err, errHarmful):
		code, hint = "unsafe-value", harmfulHint
	case errors.As(err, &advice):
		hint = advice.Hint
	}
	m := location.FindStringSubmatch(err.Error())
	if m == nil {
		e := p.whole(code, err.Error(), hint)
		e.Err = err
		return e
	}
	id, _ := strconv.Atoi(m[1])
	line, _ := strconv.Atoi(m[2])
	col, _ := strconv.Atoi(m[3])
	text := m[4]
	if key := missingKey.FindStringSubmatch(text); key != nil {
		code = "missing-column"
		columns := p.set.c.cfg.Columns
		if columns == nil {
			for name := range d.Values {
				columns = append(columns, name)
			}
		}
		text, hint = function.UnknownColumn(key[1], columns)
	}
	if f := calling.FindStringSubmatch(text); f != nil {
		text = text[len(f[0]):]
		if !strings.HasPrefix(f[1], "_") {
			text = f[1] + ": " + text
		}
	}
	f := p.set.units[id].made
	at := source.Offset(f.Text, line, col)
	if said, as := misuse.Say(text, f.Text[:at]); said != "" {
		text, hint = said, as
	}
	e := f.ErrorAt(at, code, text, hint)
	if p.set.nobodys(p.set.units[id]) {
		e = p.whole(code, text, hint)
	}
	e.Err = err
	return e
}

// quoted is where in HTML the text stands that a description ends with, in quotes; -1 if it is not there.
func quoted(description, html string) int {
	i := strings.LastIndex(description, ": \"")
	if i < 0 {
		return -1
	}
	text, err := strconv.Unquote(description[i+len(": "):])
	if err != nil || text == "" {
		return -1
	}
	return strings.Index(html, text)
}

// attribute matches the begin of an attribute's text in quotes, within a tag.
var attribute = regexp.MustCompile(`<[a-zA-Z][^<>"']*?(?:=\s*(?:"[^"<>]*"|'[^'<>]*')[^<>"']*?)*=\s*["']`)

// unended is where in HTML a text in quotes begins that has no end in its tag; -1 if there is none.
func unended(html string) int {
	for _, m := range attribute.FindAllStringIndex(html, -1) {
		begin := m[1] - 1
		end := strings.IndexByte(html[m[1]:], html[begin])
		if end < 0 || tagWithin.MatchString(html[m[1]:m[1]+end]) {
			return begin
		}
	}
	return -1
}

var tagWithin = regexp.MustCompile(`>[^<]*</?[a-zA-Z]`)

// escapeText words an error of html/template for people who do not know its terms.
func escapeText(e *htmltemplate.Error) (text, hint string) {
	switch e.ErrorCode {
	case htmltemplate.ErrBranchEnd:
		return "the branches of this {{if}}, {{with}} or {{range}} end in different places of the HTML",
			"close every quote, tag and comment in the branch that opens it"
	case htmltemplate.ErrEndContext:
		return "the HTML ends inside a tag, a quote, a style or a script", "close it"
	case htmltemplate.ErrAmbigContext, htmltemplate.ErrSlashAmbig:
		return "it is not clear where in the HTML this action prints", "put the whole address into one {{if}} branch each"
	case htmltemplate.ErrBadHTML:
		return "not well-formed HTML: " + e.Description, ""
	case htmltemplate.ErrRangeLoopReentry:
		return "the next turn of this {{range}} would start inside another tag or quote", "close it before {{end}}"
	}
	return e.Description, ""
}
