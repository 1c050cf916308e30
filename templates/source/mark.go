package source

import (
	"bytes"
	"crypto/rand"
)

// Mark is what stands before and after everything that the actions of a template print, so that the template's own
// words can be told from what a row brings. Split takes a text with marks apart.
type Mark struct{ Before, After string }

// NewMark returns a mark that nobody who writes a list can know.
func NewMark() Mark {
	secret := rand.Text()
	return Mark{"\x02" + secret + "\x02", "\x03" + secret + "\x03"} // no end of a cell completes one of them
}

// Form returns the form of a source in which the marks stand around each action that prints, and around each template
// that it includes.
func (m Mark) Form(s *Source) (*Form, error) {
	actions, unclosed := Scan(s.Text)
	if unclosed >= 0 {
		return nil, s.ErrorAt(unclosed, "template-syntax", "{{ has no }}", "")
	}
	var spans [][]int
	for _, a := range actions {
		if a.Kind == Output || a.Kind == Include {
			spans = append(spans, []int{a.Start, a.End})
		}
	}
	const trim = "{{- /**/ -}}"
	return Verbatim(s).Replace(spans, func(action string) string {
		inner := "{{" + Inner(action) + "}}"
		made := m.Before + inner + m.After
		if len(action) > 3 && action[2] == '-' && isSpace(action[3]) {
			made = trim + made
		}
		if n := len(action); n > 3 && action[n-3] == '-' && isSpace(action[n-4]) {
			made += trim
		}
		return made
	}), nil
}

// Piece is a part of what a template made: its own words, or what one action has printed, which may be empty.
type Piece struct {
	Text string
	Cell bool // printed by an action
}

// Split takes a text with marks apart. What is printed within an included template belongs to the action that
// includes it.
func (m Mark) Split(text []byte) []Piece {
	var pieces []Piece
	before, after := []byte(m.Before), []byte(m.After)
	for {
		i := bytes.Index(text, before)
		if i < 0 {
			break
		}
		if i > 0 {
			pieces = append(pieces, Piece{Text: string(text[:i])})
		}
		text = text[i+len(before):]
		var cell []byte
		for depth := 1; ; {
			end, begin := bytes.Index(text, after), bytes.Index(text, before)
			if end < 0 { // it was cut
				return append(pieces, Piece{string(append(cell, text...)), true})
			}
			if begin >= 0 && begin < end {
				cell, text = append(cell, text[:begin]...), text[begin+len(before):]
				depth++
				continue
			}
			cell, text = append(cell, text[:end]...), text[end+len(after):]
			if depth--; depth == 0 {
				break
			}
		}
		pieces = append(pieces, Piece{string(cell), true})
	}
	if len(text) > 0 {
		pieces = append(pieces, Piece{Text: string(text)})
	}
	return pieces
}
