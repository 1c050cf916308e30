package schema

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// YAML takes for a comment what begins with # after a blank, also where the author means a text: a colour, a number.

// cutShort refuses an unquoted text that YAML ends at a #, which it takes for a comment: subject: Invoice #{{.number}}
// would be sent as "Invoice".
func (dec *Decoder) cutShort(n *yaml.Node) bool {
	line, column := n.Line, n.Column
	rest := dec.source.from(line, column)
	skip := func(n int) { rest, column = rest[n:], column+n }
	blanks := func() {
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			skip(1)
		}
	}
	words := strings.Fields(n.Value)
	for i, word := range words {
		for blanks(); i > 0 && len(rest) == 0 && line < len(dec.source.lines); blanks() { // it goes on in the next line
			line, column = line+1, 1
			rest = dec.source.from(line, column)
		}
		value := []rune(word)
		if len(rest) < len(value) || !slices.Equal(rest[:len(value)], value) {
			return true
		}
		skip(len(value))
	}
	blanks()
	if len(words) == 0 || len(rest) < 2 || rest[0] != '#' || strings.ContainsRune(" \t#", rest[1]) {
		return true
	}
	dec.ReportAt(line, column, "comment-in-text", "the text ends before this #, which begins a comment",
		"put the whole text in quotes, or a space after the #")
	return false
}

// noValue reports a value that is missing: there is none, or it begins with # and has no quotes.
func (dec *Decoder) noValue(n *yaml.Node) {
	text, hint := fmt.Sprintf("%q has no value", dec.Name()), "give one, or remove the line"
	line, column := n.Line, n.Column
	meant := dec.source.meant(&line, &column)
	if n.Value == "" && n.Kind == yaml.ScalarNode && n.Style == 0 && begun(meant) {
		text += ": what begins with # is a comment"
		hint = "write it in quotes"
		if last := dec.path[len(dec.path)-1]; dec.source.excerpt(line) == dec.source.lines[line-1] {
			hint += ": " + quoted(last, meant)
		}
	} else {
		line, column = n.Line, n.Column
	}
	dec.ReportAt(line, column, "empty-value", text, hint)
}

// meant is the comment that stands where a value is missing. Within brackets of several lines, YAML says that nothing
// stands before the next line's first text: then the comment is at the end of a line above, and its place is there.
func (s *source) meant(line, column *int) string {
	rest := strings.TrimLeft(string(s.from(*line, *column)), " \t")
	if strings.HasPrefix(rest, "#") || *line < 2 || *line > len(s.lines) ||
		strings.TrimLeft(s.lines[*line-1], " \t") != rest {
		return rest
	}
	at := s.comment(*line - 1)
	if at < 0 {
		return ""
	}
	above := s.lines[*line-2]
	*line, *column = *line-1, utf8.RuneCountInString(above[:at])+1
	return above[at:]
}

// comment returns where the comment of a line (1-based) begins, or -1: at a # after a blank that is not in quotes.
func (s *source) comment(line int) int {
	text, quote := s.lines[line-1], byte(0)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == '\\' && quote == '"' {
				i++
			} else if c == quote {
				quote = 0
			}
		case i > 0 && !strings.ContainsRune(" \t[{,", rune(text[i-1])): // within a text, where a quote is a letter
		case c == '"' || c == '\'':
			quote = c
		case c == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t'):
			return i
		}
	}
	return -1
}

// swallowed finds what may have swallowed the end of the brackets that begin on a line: a comment that nobody meant,
// from there on or, where the line is the last, above it. It moves the place to that comment.
func (s *source) swallowed(line, column *int, last int) bool {
	from := *line
	if from >= last {
		from = 1
	}
	for i := min(last, len(s.lines)); i >= from; i-- {
		at := s.comment(i)
		if at < 0 || !begun(s.lines[i-1][at:]) || s.excerpt(i) != s.lines[i-1] {
			continue
		}
		if before := s.lines[i-1][:at]; i > *line || strings.ContainsAny(before, "[{") {
			*line, *column = i, utf8.RuneCountInString(before)+1
			return true
		}
	}
	return false
}

// begun says whether a comment is one that nobody meant: most people write a blank after the # of a comment.
func begun(comment string) bool {
	return len(comment) > 1 && comment[0] == '#' && !strings.ContainsRune(" \t#", rune(comment[1]))
}

// quoted is the line that was meant: the key, or the mark of an item, with the text in quotes.
func quoted(key, text string) string {
	text, _, _ = strings.Cut(text, " # ")
	text = Clip(strings.TrimRight(text, " \t"))
	if quote := `"`; strings.ContainsAny(text, `"\`) {
		text = "'" + strings.ReplaceAll(text, "'", "''") + "'"
	} else {
		text = quote + text + quote
	}
	if strings.HasPrefix(key, "[") {
		return "- " + text
	}
	return key + ": " + text
}
