package templates

import (
	"fmt"
	"strings"
	"unicode/utf8"

	htmltemplate "html/template"

	"mailshot/internal/suggest"
)

// Error is a mistake in a template, or one that a row brought to light in it, with its place in the author's file.
type Error struct {
	Code         string // "missing-column", "unknown-function", "template-syntax", "template-limit", "unsafe-value", "template", …
	File         string
	Line, Column int // 1-based; Column counts characters
	Text, Hint   string
	Excerpt      string // the source line that the place is in, as far as it is known
	Caret        int    // 1-based column of the place in Excerpt; 0: none
	Err          error  // what caused it, or nil
}

func (e *Error) Error() string {
	s := e.Place() + ": " + e.Text
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Place is file:line:column.
func (e *Error) Place() string { return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Diagnostic gives the parts of the error for printing: column is the caret's place in excerpt.
func (e *Error) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return e.Code, e.Place(), e.Text, e.Excerpt, e.Caret, e.Hint
}

// source is a Source with line ends made LF.
type source struct{ Source }

func newSource(s Source) *source {
	if s.Line <= 0 {
		s.Line, s.Column = 1, 1
	}
	s.Column = max(s.Column, 1)
	s.Text = strings.TrimPrefix(s.Text, "\ufeff")
	s.Text = strings.ReplaceAll(s.Text, "\r\n", "\n")
	return &source{s}
}

// errorAt makes an error about the byte offset off of the source.
func (s *source) errorAt(off int, code, text, hint string) *Error {
	off = min(max(off, 0), len(s.Text))
	start := strings.LastIndexByte(s.Text[:off], '\n') + 1
	end := len(s.Text)
	if i := strings.IndexByte(s.Text[start:], '\n'); i >= 0 {
		end = start + i
	}
	caret := 1 + utf8.RuneCountInString(s.Text[start:off])
	e := &Error{Code: code, File: s.File, Text: text, Hint: hint, Excerpt: s.Text[start:end], Caret: caret, Column: caret}
	line := strings.Count(s.Text[:off], "\n")
	e.Line = s.Line + line
	if line == 0 {
		e.Column += s.Column - 1
	}
	return e
}

// offset is the byte offset of a line (1-based) and byte column (0-based) in text.
func offset(text string, line, col int) int {
	off := 0
	for ; line > 1; line-- {
		i := strings.IndexByte(text[off:], '\n')
		if i < 0 {
			break
		}
		off += i + 1
	}
	return min(off+col, len(text))
}

// piece says that n bytes of a made text at at stand in the source at src.
type piece struct{ at, n, src int }

// form is a template's text ready for the template parser, and how its offsets lead back to the author's source.
type form struct {
	text   string
	src    *source
	pieces []piece
}

// verbatim is the form whose text is the source.
func verbatim(s *source) *form {
	return &form{text: s.Text, src: s, pieces: []piece{{0, len(s.Text), 0}}}
}

// origin is the source offset for an offset in the form's text: exact within a piece, else the nearest piece before.
func (f *form) origin(off int) int {
	best := 0
	for _, p := range f.pieces {
		if p.at > off {
			break
		}
		best = p.src + min(off-p.at, p.n)
	}
	return best
}

func (f *form) errorAt(off int, code, text, hint string) *Error {
	return f.src.errorAt(f.origin(off), code, text, hint)
}

// nearest is the candidate most like name, or "" when none is like it.
func nearest(name string, candidates []string) string {
	low := strings.ToLower(name)
	bare := strings.NewReplacer("_", "", " ", "", "-", "")
	return suggest.Nearest(candidates, func(c string) (cost, limit int) {
		lc := strings.ToLower(c)
		limit = max(1, max(len(low), len(lc))/3)
		if bare.Replace(low) == bare.Replace(lc) {
			return 0, limit
		}
		return suggest.Distance(low, lc, limit), limit
	})
}

// unknownColumn words the error about a column that the list does not have.
func unknownColumn(name string, columns []string) (text, hint string) {
	text = fmt.Sprintf("the list has no column %q", name)
	if n := nearest(name, columns); n != "" {
		return text, fmt.Sprintf("did you mean %q?", n)
	}
	if len(columns) > 0 && len(columns) <= 12 {
		return text, "columns: " + strings.Join(columns, ", ")
	}
	return text, ""
}

// escapeText words html/template's findings about a template for people who do not know its terms.
func escapeText(e *htmltemplate.Error) (text, hint string) {
	switch e.ErrorCode {
	case htmltemplate.ErrBranchEnd:
		return "the branches of this {{if}}, {{with}} or {{range}} end in different places of the HTML", "close every quote, tag and comment in the branch that opens it"
	case htmltemplate.ErrEndContext:
		return "the HTML ends inside a tag, a quote, a style or a script", "close it"
	case htmltemplate.ErrAmbigContext, htmltemplate.ErrSlashAmbig:
		return "it is not clear what this action prints into", "put the whole address into one {{if}} branch each"
	case htmltemplate.ErrBadHTML:
		return "not well-formed HTML: " + e.Description, ""
	case htmltemplate.ErrRangeLoopReentry:
		return "the next turn of this {{range}} would start inside another tag or quote", "close what the body opens"
	}
	return e.Description, ""
}
