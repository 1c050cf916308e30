// Package source prepares an author's text to become a template. New takes the text and its place. Tokens replaces its
// {{actions}} by tokens, and Tokens.Show turns the processed text into a Form, which Form.Parse parses.
//
// On its way to a template a text goes through a Markdown renderer or an HTML parser, and neither may see the actions.
// So each action becomes a token: a word of small letters that occurs nowhere else in the text and that both leave
// alone. Show puts the actions back where their tokens are. A Form remembers which of its bytes came from which place
// of the source, so an error about the template has the line and column that the author sees.
package source

import (
	"strings"
	"unicode/utf8"
)

// Source is a template's text as its author wrote it, and where it stands. It is only read.
type Source struct {
	File         string // as the author names it: "campaign.yaml", "body.md"
	Line, Column int    // 1-based place of Text's first character in File
	Text         string // with line ends made LF
}

// New makes a source of a text that begins at a line and column of a file, both counted from 1. A line of 0 means 1:1.
// A byte order mark is dropped, and line ends become LF.
func New(file string, line, column int, text string) *Source {
	if line <= 0 {
		line, column = 1, 1
	}
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return &Source{File: file, Line: line, Column: max(column, 1), Text: text}
}

// ErrorAt makes an error about the byte offset off of the text.
func (s *Source) ErrorAt(off int, code, text, hint string) *Error {
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

// Offset returns the byte offset of a line (1-based) and byte column (0-based) in text.
func Offset(text string, line, col int) int {
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
