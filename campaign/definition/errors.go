package definition

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"mailshot/internal/suggest"
)

// Error is one mistake in a campaign file.
type Error struct {
	Code    string // short and stable: "unknown-key", "missing-file", …
	Place   string // "campaign.yaml:7:3", or the file alone
	Text    string // what is wrong, without the place
	Excerpt string // the line, with what may be a secret hidden; "" when there is none to show
	Column  int    // of the mistake in Excerpt, in runes from 1; 0 = none
	Hint    string // what to do; "" when the text says it

	line, column int
}

// shortHint is the length in runes up to which a hint stands in the error's own line.
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

// maxErrors is how many mistakes of one file are reported; the others wait until these are mended.
const maxErrors = 100

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

// nearest returns the word of words most like s, or "" when none is alike. Case and the choice of - or _
// cost nothing; a word's beginning is like it.
func nearest(s string, words []string) string {
	from := plainWord(s)
	limit := suggest.Limit(from)
	best := suggest.Nearest(words, func(w string) (int, int) { return suggest.Distance(from, plainWord(w), limit), limit })
	if best == "" && len(from) >= 3 { // user for username
		for _, w := range words {
			if strings.HasPrefix(plainWord(w), from) {
				return w
			}
		}
	}
	return best
}

func plainWord(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}
