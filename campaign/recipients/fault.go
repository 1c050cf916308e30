package recipients

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"mailshot/internal/ellipsis"
	"mailshot/internal/suggest"
)

// Fault is a mistake in a list, or in what the campaign says about it, for the person who must correct it.
type Fault struct {
	Code    string // kebab-case, fixed: ragged-row, missing-column
	Place   string // people.csv:17, customers.xlsx November!C17
	Text    string // what is wrong
	Excerpt string // the line of the file or of the filter, "" if it would not help
	Column  int    // 1-based rune column in Excerpt, 0 if none
	Hint    string // what to do, or ""

	line  int64    // where the record began, 0 if it is not about one
	final bool     // nothing can be read after it
	maybe []string // encodings that the text may be in, the likeliest first
}

// Error returns the place, the text and the hint.
func (f *Fault) Error() string {
	s := f.Place + ": " + f.Text
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Diagnostic returns the parts of the fault, for showing them with a caret.
func (f *Fault) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return f.Code, f.Place, f.Text, f.Excerpt, f.Column, f.Hint
}

// fileFault is an error of the file system, in the words of the campaign rather than with the machine's paths.
func fileFault(name string, err error) error {
	var f *Fault
	if errors.As(err, &f) {
		return err
	}
	text := err.Error()
	var pe *fs.PathError
	if errors.As(err, &pe) {
		text = pe.Err.Error()
	}
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		text, hint = "there is no such file", "paths are relative to the campaign file"
	}
	return &Fault{Code: "unreadable-list", Place: name, Text: text, Hint: hint, final: true}
}

// excerpt is the first line of a record, as far as it fits on a line.
func excerpt(raw string) string {
	raw, _, _ = strings.Cut(raw, "\n")
	return ellipsis.Cut(strings.ToValidUTF8(strings.TrimRight(raw, "\r"), "\uFFFD"), 200)
}

// quote shows a text in an error: quoted, what cannot be seen escaped, no longer than fits.
func quote(s string) string { return ellipsis.Quote(s, 60) }

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// nearest is the hint "did you mean", or "" if nothing is near.
func nearest(name string, names []string) string {
	from, limit := fold(name), suggest.Limit(name)
	best := suggest.Nearest(names, func(n string) (int, int) { return suggest.Distance(from, fold(n), limit), limit })
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}
