package recipients

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"
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
	return shorten(strings.ToValidUTF8(strings.TrimRight(raw, "\r"), "\uFFFD"), 200)
}

func shorten(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// quote shows a text in an error: quoted, what cannot be seen escaped, no longer than fits.
func quote(s string) string { return fmt.Sprintf("%q", shorten(s, 60)) }

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// nearest is the hint "did you mean", or "" if nothing is near.
func nearest(name string, names []string) string {
	best, distance := "", max(1, utf8.RuneCountInString(name)/3)+1
	for _, n := range names {
		if d := edits(fold(name), fold(n)); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// edits counts the letters to insert, delete, change or swap with the next one to make b of a.
func edits(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int // the row before the last
	last := make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := last[j-1]
			if x[i-1] != y[j-1] {
				cost++
			}
			row[j] = min(cost, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(y)]
}
