package schema

import (
	"errors"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
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

// Mark is a place in the file, for a mistake that shows only after the file was read. The zero value is nowhere.
type Mark struct{ at Error }

// Mark returns the place of a node.
func (dec *Decoder) Mark(n *yaml.Node) Mark {
	return Mark{*dec.source.errorAt(n.Line, n.Column, "", "", "")}
}

// Error returns the mistake at the place. file is the place of a mistake that is nowhere.
func (m Mark) Error(file, code, text, hint string) *Error {
	e := m.at
	e.Code, e.Text, e.Hint = code, text, hint
	if e.Place == "" {
		e.Place = file
	}
	return &e
}
