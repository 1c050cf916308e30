package schema

import (
	"errors"
	"slices"
	"unicode/utf8"
)

// Error is one mistake in a file.
type Error struct {
	Code    string // short and stable: "unknown-key", "missing-file", …
	Place   string // "campaign.yaml:7:3", or the file alone
	Text    string // what is wrong, without the place
	Excerpt string // the line, with what may be a secret hidden; "" when there is none to show
	Column  int    // of the mistake in Excerpt, in runes from 1; 0 = none
	Hint    string // what to do; "" when the text says it

	line, column int
}

// shortHint is the length in runes up to which a hint is in the error's own line.
const shortHint = 60

func (e *Error) Error() string {
	s := e.Place + ": " + e.Text
	if e.Hint != "" && utf8.RuneCountInString(e.Hint) <= shortHint {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Diagnostic returns the parts of the error for display.
func (e *Error) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return e.Code, e.Place, e.Text, e.Excerpt, e.Column, e.Hint
}

// MaxErrors is how many mistakes of one file are reported. The last error then says how many more there are.
const MaxErrors = 100

// join sorts errs by place and joins them.
func join(errs []*Error) error {
	if len(errs) == 0 {
		return nil
	}
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	all := make([]error, len(errs))
	for i, e := range errs {
		all[i] = e
	}
	return errors.Join(all...)
}
