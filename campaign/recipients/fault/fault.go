// Package fault defines [Fault], a mistake in a list, for the person who must correct it. Every room that reads a
// kind of file returns faults, so that all are shown in one way: what is wrong, the place, the line of the file, and
// what to do. [Quote], [Excerpt], [Count] and the rest put what was read into a fault's texts.
package fault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"

	"mailshot/internal/ellipsis"
)

// Fault is a mistake in a list, or in what the campaign says about it, for the person who must correct it.
type Fault struct {
	Code    string // kebab-case, fixed: ragged-row, missing-column
	Place   string // people.csv:17, customers.xlsx November!C17
	Text    string // what is wrong
	Excerpt string // the line of the file or of the filter; "" if it would not help
	Column  int    // 1-based rune column in Excerpt, 0 if none
	Hint    string // what to do, or ""

	Line      int64    // line at which the record begins; 0 if the fault is not about a record
	Final     bool     // nothing can be read after it
	Encodings []string // possible encodings of the file, the likeliest first, if that is the fault
}

// Error returns the place, the text and the hint.
func (f *Fault) Error() string {
	s := f.Place + ": " + f.Text
	if f.Hint != "" {
		s += " (" + f.Hint + ")"
	}
	return s
}

// Diagnostic returns the parts of the fault, to show them with a caret.
func (f *Fault) Diagnostic() (code, place, text, excerpt string, column int, hint string) {
	return f.Code, f.Place, f.Text, f.Excerpt, f.Column, f.Hint
}

// File is an error of the file system as a fault, without the paths of this machine.
func File(name string, err error) error {
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
	return &Fault{Code: "unreadable-list", Place: name, Text: text, Hint: hint, Final: true}
}

// Excerpt is the first line of a record, shortened to fit on a line.
func Excerpt(raw string) string {
	raw, _, _ = strings.Cut(raw, "\n")
	return ellipsis.Cut(strings.ToValidUTF8(strings.TrimRight(raw, "\r"), "\uFFFD"), 200)
}

// Quote quotes a text for an error: shortened, and with what cannot be seen escaped.
func Quote(s string) string { return ellipsis.Quote(s, 60) }

// Count is a number of things in words: 1 cell, 2 cells.
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Are begins a sentence about a number of things: 1 row is, 2 rows are.
func Are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return Count(n, noun) + " are"
}

// Caret is the column that follows before, or 0 if the excerpt ends earlier.
func Caret(before []byte, excerpt string) int {
	if n := utf8.RuneCount(before); n < utf8.RuneCountInString(excerpt) {
		return n + 1
	}
	return 0
}

// Lines counts line ends: LF, CRLF and CR.
func Lines(b []byte) int64 {
	return int64(bytes.Count(b, []byte{'\n'}) + bytes.Count(b, []byte{'\r'}) - bytes.Count(b, []byte("\r\n")))
}
