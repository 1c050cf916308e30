// Package filled makes text files of templates: a [File] is a file that is filled in for each row, in the way of its
// kind, which the ending of its name says.
//
//	.txt         as it is
//	.csv         a cell of the list stays within one cell of the file, and is not a formula
//	.ics, .vcf   a cell of the list stays within one value; lines end in CRLF and are folded at 75 octets (RFC 5545 and
//	             RFC 6350, section 3.1 of the one and 3.2 of the other)
//	.html, .htm  a cell of the list is text, as in a message
//
// What a row brings is told from the author's own words by a [source.Mark]. A cell that cannot be a part of such a file
// is a fault of its row.
package filled

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"mailshot/render"
	"mailshot/templates"
	"mailshot/templates/source"
)

// Kinds are the endings of names of files that can be filled in.
func Kinds() []string { return []string{".txt", ".csv", ".ics", ".vcf", ".html", ".htm"} }

// Kind is the ending of a file's name, "" if it is none of Kinds.
func Kind(name string) string {
	if ext := strings.ToLower(path.Ext(name)); slices.Contains(Kinds(), ext) {
		return ext
	}
	return ""
}

// File is a [render.Maker]. It is safe for concurrent use.
type File struct {
	Kind   string
	Text   *templates.Text // compiled with Mark
	Mark   source.Mark
	HTML   *templates.HTML // in place of Text, if Kind is .html or .htm
	Marked bool            // the file begins with a byte order mark
}

// Make implements [render.Maker].
func (f *File) Make(to render.Recipient) ([]byte, error) {
	var o templates.Output
	if f.HTML != nil {
		if err := f.HTML.Append(&o, to.Data); err != nil {
			return nil, err
		}
		return f.begin(o.Text), nil
	}
	if err := f.Text.Append(&o, to.Data); err != nil {
		return nil, err
	}
	pieces := f.Mark.Split(o.Text)
	for _, p := range pieces {
		if p.Cell {
			if fault := Plain(p.Text); fault != nil {
				return nil, fault
			}
		}
	}
	switch f.Kind {
	case ".csv":
		made, err := table(pieces)
		return f.begin(made), err
	case ".ics", ".vcf":
		return lines(pieces)
	}
	var made []byte
	for _, p := range pieces {
		made = append(made, p.Text...)
	}
	return f.begin(made), nil
}

// begin puts the byte order mark back.
func (f *File) begin(made []byte) []byte {
	if !f.Marked {
		return made
	}
	return append([]byte("\ufeff"), made...)
}

// Plain refuses what a row has brought and is not a text.
func Plain(text string) error {
	bad := !utf8.ValidString(text)
	for _, r := range text {
		bad = bad || r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f
	}
	if bad {
		return &render.Fault{Code: "control-character",
			Text: fmt.Sprintf("attachment: %q has a control character, or is not UTF-8", text)}
	}
	return nil
}
