package plaintext

import (
	"strings"

	"mailshot/templates/plaintext/flowed"
	"mailshot/templates/source"
)

// signed marks the lines before signatures: those that are "--" by their author, and at most in a condition. Later a
// cell may look the same.
func signed(t *source.Tokens, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		bare := strings.TrimPrefix(strings.TrimRight(line, " \t\r\n"), flowed.Right)
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

// nested makes the marks of a line that is put into an item: what it keeps goes before the item's indent, and a quote
// becomes the sign of one. rest is the line after its marks.
func nested(line string) (before, rest string) {
	var quotes strings.Builder
	for strings.HasPrefix(line, "\xff") && len(line) > 1 {
		switch line[:2] {
		case flowed.Quote:
			quotes.WriteString("> ")
		case flowed.Right, flowed.Fixed:
			before += line[:2]
		case flowed.Top, flowed.Row:
			return before + line[:2], quotes.String() + line[2:]
		case flowed.Head, flowed.Under:
		default:
			return before, quotes.String() + line
		}
		line = line[2:]
	}
	return before, quotes.String() + line
}
