// Package check says what is wrong with a campaign, for people and for scripts. [From] turns errors into findings,
// [Message] and [Size] look at finished messages, and [Report] writes what was found. [Look] finds the same as Message
// in the messages of one campaign, but looks only at what a row can change.
//
// A finding has a code, a place, a text and a hint. Findings come from three sources. Errors of the other packages
// carry these parts with them, and From turns them into findings. For rows that are not mailed the campaign makes
// findings itself. And a message may follow the protocol and still not be what anybody wants to send: Message looks for
// that. A [Gathering] makes one finding from one mistake in many rows.
//
// The package knows none of the other packages. It removes everything that could control a terminal from what it shows.
package check

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"mailshot/campaign/check/codes"
)

// Severity says what a finding means for the campaign.
type Severity = codes.Severity

// The severities. An error keeps the campaign from being sent; a warning does not; a note is not about a mistake.
const (
	Error   = codes.Error
	Warning = codes.Warning
	Note    = codes.Note
)

// Finding is one thing that is wrong.
type Finding struct {
	Code     string   `json:"code"`             // short and stable: see package codes
	Severity Severity `json:"severity"`         // Error, Warning or Note
	Place    string   `json:"place"`            // "people.csv:17", "campaign.yaml:7:3"; "" = nowhere in particular
	Text     string   `json:"text"`             // what is wrong, without the place
	Hint     string   `json:"hint"`             // what to do; "" when the text says it
	Rows     int64    `json:"rows,omitempty"`   // how many rows have it, if several do, as a [Gathering] counts
	Places   []string `json:"places,omitempty"` // of the first rows that it is about; nil if Place is the only one
	Excerpt  string   `json:"-"`                // the line of the file, as it stands there; "" = none
	Column   int      `json:"-"`                // of the mistake in Excerpt, in runes from 1; 0 = none
	Next     string   `json:"-"`                // the command that mends it; "" = none does
	Part     Part     `json:"-"`                // of a finished message: what it is about, so that it can be given a place
}

// Part is a part of a message that somebody wrote somewhere: its Subject, Text, HTML or Attachments, a header field by
// its name, or the address of a link or an image, see [Part.Address].
type Part string

// The parts of a message. Another Part is the name of a header field, or an address.
const (
	Subject Part = "Subject"
	Text    Part = "text"
	HTML    Part = "HTML"

	Attachments Part = "attachments"
)

const address = "address "

// Address returns the address of the link or image that the part is.
func (p Part) Address() (to string, ok bool) { return strings.CutPrefix(string(p), address) }

// diagnostic is an error that knows its place.
type diagnostic interface {
	Diagnostic() (code, place, text, excerpt string, column int, hint string)
}

// From turns an error into findings of severity [Error]: one finding for each error in its tree that has a Diagnostic
// method, in order. Joined and wrapped errors in between are unwrapped. A branch without any such error is one finding
// with the code "error". A nil error has no findings.
func From(err error) []Finding {
	if err == nil {
		return nil
	}
	if d, ok := err.(diagnostic); ok {
		f := Finding{Severity: Error}
		f.Code, f.Place, f.Text, f.Excerpt, f.Column, f.Hint = d.Diagnostic()
		return []Finding{f}
	}
	switch u := err.(type) {
	case interface{ Unwrap() []error }:
		var fs []Finding
		seen := map[string]bool{} // a subject is also the layout's title; its mistake is one, not two
		for _, e := range u.Unwrap() {
			for _, f := range From(e) {
				if id := fmt.Sprintf("%q", f); !seen[id] {
					seen[id] = true
					fs = append(fs, f)
				}
			}
		}
		return fs
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil && holdsDiagnostic(inner) {
			return From(inner)
		}
	}
	return []Finding{{Code: "error", Severity: Error, Text: err.Error()}}
}

func holdsDiagnostic(err error) bool {
	var d diagnostic
	return errors.As(err, &d)
}

// shortHint is the length in runes up to which a hint is written in the finding's first line.
const shortHint = 60

// String returns the finding as [Finding.Write] writes it, without the last line break.
func (f Finding) String() string {
	var b strings.Builder
	if f.Severity == Warning || f.Severity == Note {
		b.WriteString(string(f.Severity) + ": ")
	}
	if f.Place != "" {
		b.WriteString(clean(f.Place) + ": ")
	}
	b.WriteString(clean(f.Text))
	hint := clean(f.Hint)
	if hint != "" && len([]rune(hint)) <= shortHint {
		b.WriteString(" (" + hint + ")")
		hint = ""
	}
	if line, caret := Frame(f.Excerpt, f.Column); line != "" {
		b.WriteString("\n    " + line)
		if caret != "" {
			b.WriteString("\n    " + caret)
		}
	}
	if hint != "" {
		b.WriteString("\n    hint: " + hint)
	}
	return b.String()
}

// Write writes the finding for a person: place and text, the line with a caret below its mistake, the hint. It uses no
// colour, and is safe for a terminal whatever the finding holds.
func (f Finding) Write(w io.Writer) error {
	_, err := io.WriteString(w, f.String()+"\n")
	return err
}
