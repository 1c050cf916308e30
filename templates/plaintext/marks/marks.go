// Package marks puts the marks of package flowed into a text that is a template, around and among its tokens. Signed,
// Ended and Left are called in this order once the whole text is there.
package marks

import (
	"strings"

	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/source"
)

// Block stands before a control that is between blocks, so that nothing is put inside its condition. No text has it.
const Block = "\x00"

// Signed marks the lines before signatures: those that are "--" by their author, and at most in a condition. Later a
// cell may look the same.
func Signed(t *source.Tokens, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		bare := strings.ReplaceAll(strings.TrimRight(line, " \t\r\n"), Block, "")
		bare = strings.TrimPrefix(bare, flowed.Right)
		for {
			at, i := t.Next(bare)
			if at < 0 || i >= len(t.Actions) || t.Actions[i].Kind == source.Output || t.Actions[i].Kind == source.Include {
				break
			}
			bare = bare[:at] + strings.TrimPrefix(bare[at+t.Width():], flowed.Right)
		}
		if bare == flowed.Signature {
			line = strings.Replace(line, flowed.Signature, flowed.Sign+flowed.Signature, 1)
		}
		b.WriteString(line)
	}
	return b.String()
}

// Nested makes the marks of a line that is put into an item: what it keeps goes before the item's indent, and a quote
// becomes the sign of one. rest is the line after its marks.
func Nested(line string) (before, rest string) {
	var quotes strings.Builder
	defer func() {
		if signs := quotes.String(); signs != "" {
			rest = signs + flowed.Hang + rest
		}
	}()
	for strings.HasPrefix(line, "\xff") && len(line) > 1 {
		switch line[:2] {
		case flowed.Quote:
			quotes.WriteString("> ")
		case flowed.Right, flowed.Fixed:
			before += line[:2]
		case flowed.Top, flowed.Row:
			return before + line[:2], line[2:]
		case flowed.Head, flowed.Under, flowed.Item:
		default:
			return before, line
		}
		line = line[2:]
	}
	return before, line
}

// Ended puts the lines with marks between flowed.Line and flowed.End, so that what a cell prints stays in the line,
// also where it has line ends. A line that a control leaves stays open: it ends at its line end.
func Ended(t *source.Tokens, text string) string {
	var b strings.Builder
	depth := 0
	for line := range strings.Lines(text) {
		if strings.Contains(line, flowed.Line) || depth > 0 { // it has its end already
			depth += strings.Count(line, flowed.Line) - strings.Count(line, flowed.End)
			b.WriteString(line)
			continue
		}
		k, bare, leaves := Led(t, line), "", false
		for s := line[k:]; ; {
			at, i := t.Next(s)
			if at < 0 {
				bare += s
				break
			}
			leaves = leaves || t.Function(i) == "break" || t.Function(i) == "continue"
			bare, s = bare+s[:at], s[at+t.Width():]
		}
		if leaves || !strings.HasPrefix(bare, "\xff") {
			b.WriteString(line)
			continue
		}
		said := strings.TrimSuffix(line[k:], "\n")
		b.WriteString(line[:k] + flowed.Line + strings.TrimSuffix(said, flowed.End) + flowed.End + line[k+len(said):])
	}
	return b.String()
}

// Left ends the lines with marks that a {{break}} or a {{continue}} leaves.
func Left(t *source.Tokens, text string) string {
	if !strings.Contains(text, flowed.Line) {
		return text
	}
	var b strings.Builder
	depth := 0
	var ranges []int // the depth at each opener that is open; those of other conditions are -1
	for {
		at, i := t.Next(text)
		if at < 0 {
			return b.String() + text
		}
		depth += strings.Count(text[:at], flowed.Line) - strings.Count(text[:at], flowed.End)
		b.WriteString(text[:at])
		token := text[at : at+t.Width()]
		text = text[at+t.Width():]
		if word := t.Function(i); i < len(t.Actions) {
			switch a := t.Actions[i]; {
			case word == "range":
				ranges = append(ranges, depth)
			case a.Kind == source.Opener || a.Kind == source.Define:
				ranges = append(ranges, -1)
			case a.Kind == source.Closer && len(ranges) > 0:
				ranges = ranges[:len(ranges)-1]
			case word == "break" || word == "continue":
				k := len(ranges) - 1
				for ; k > 0 && ranges[k] < 0; k-- {
				}
				if k >= 0 && ranges[k] >= 0 && depth > ranges[k] {
					b.WriteString(strings.Repeat(flowed.Left, depth-ranges[k]) + "\n")
				}
			}
		}
		b.WriteString(token)
	}
}

// Led is how long the controls are that a line begins with: those between blocks, and those that end or divide what has
// begun on a line before.
func Led(t *source.Tokens, line string) int {
	n := 0
	for {
		rest := strings.TrimPrefix(line[n:], Block)
		at, i := t.Next(rest)
		if at != 0 || len(rest) == len(line)-n && !t.Closes(i) {
			return n
		}
		n = len(line) - len(rest) + t.Width()
	}
}
