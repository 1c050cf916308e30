package source

import "fmt"

// Error is a mistake in a template, with its place in the author's file. Some mistakes show only with a certain row.
type Error struct {
	Code         string // "missing-column", "unknown-function", "template-syntax", "template-limit", …
	File         string
	Line, Column int // 1-based; Column counts characters
	Text, Hint   string
	Excerpt      string // the source line that the place is in, as far as it is known
	Caret        int    // 1-based column of the place in Excerpt; 0: none
	Err          error  // what caused it, or nil
}

// Error returns the place, the text and the hint in one line.
func (e *Error) Error() string {
	s := e.Place() + ": " + e.Text
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Place returns file:line:column.
func (e *Error) Place() string { return fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Diagnostic returns the parts of the error for printing. column is the caret's place in excerpt.
func (e *Error) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return e.Code, e.Place(), e.Text, e.Excerpt, e.Caret, e.Hint
}
