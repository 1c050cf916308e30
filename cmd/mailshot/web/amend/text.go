package amend

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// lineEnd is how the file ends its lines.
func lineEnd(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// offset is where a node begins in the text.
func offset(text []byte, n *yaml.Node) (int, error) {
	at := 0
	for range n.Line - 1 {
		i := bytes.IndexByte(text[at:], '\n')
		if i < 0 {
			return 0, unsafe("its lines end in more than one way")
		}
		at += i + 1
	}
	if n.Line == 1 && bytes.HasPrefix(text, []byte("\ufeff")) {
		at += len("\ufeff")
	}
	column := 1
	for i := range string(text[at:]) {
		if column == n.Column {
			return at + i, nil
		}
		column++
	}
	return len(text), nil
}

// span is where a value of one line begins and ends in the text.
func span(text []byte, n *yaml.Node) (from, to int, err error) {
	if n.Anchor != "" || n.Style&(yaml.TaggedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 ||
		n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle == 0 {
		return 0, 0, unsafe("a value is not one text")
	}
	if from, err = offset(text, n); err != nil {
		return 0, 0, err
	}
	rest := text[from:]
	if i := bytes.IndexAny(rest, "\r\n"); i >= 0 {
		rest = rest[:i]
	}
	length := -1
	switch {
	case n.Kind != yaml.ScalarNode:
		length = braces(text, from, n)
	case n.Style&yaml.DoubleQuotedStyle != 0:
		length = closing(rest, '"', '\\')
	case n.Style&yaml.SingleQuotedStyle != 0:
		length = closing(rest, '\'', '\'')
	case n.Value != "" && bytes.HasPrefix(rest, []byte(n.Value)):
		length = len(n.Value)
	}
	if length < 0 || length > len(rest) {
		return 0, 0, unsafe("a value is longer than one line")
	}
	return from, from + length, nil
}

// braces is the length of a value in braces or brackets.
func braces(text []byte, from int, n *yaml.Node) int {
	to := from + 1
	if len(n.Content) > 0 {
		var err error
		if _, to, err = span(text, n.Content[len(n.Content)-1]); err != nil {
			return -1
		}
	}
	end := to + len(text[to:]) - len(bytes.TrimLeft(text[to:], " ,"))
	if end == len(text) || text[end] != '}' && text[end] != ']' {
		return -1
	}
	return end + 1 - from
}

// closing is the length of a quoted text; escape keeps a quote that follows it from ending the text.
func closing(b []byte, quote, escape byte) int {
	if len(b) == 0 || b[0] != quote {
		return -1
	}
	for i := 1; i < len(b); i++ {
		switch {
		case b[i] == escape && (escape != quote || i+1 < len(b) && b[i+1] == quote):
			i++
		case b[i] == quote:
			return i + 1
		}
	}
	return -1
}

// next is where the line after the one at a place begins.
func next(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// comments is how many bytes at the beginning are comments that stand further in than the keys: they go on with that of
// the line before.
func comments(text []byte, indent int) (n int) {
	for n < len(text) {
		end := next(text, n)
		line := bytes.TrimLeft(text[n:end], " ")
		if len(line) == 0 || line[0] != '#' || end-n-len(line) <= indent {
			break
		}
		n = end
	}
	return n
}

var (
	// simple is a text that YAML takes as it is, also between braces.
	simple = regexp.MustCompile(`^[\p{L}\p{N}_]([\p{L}\p{M}\p{N}_./@ -]*[\p{L}\p{M}\p{N}_./-])?$`)
	// special are texts that some readers of YAML take for something else.
	special = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n)$`)
)

// quoted is a text as it is written in the file.
func quoted(s string) string {
	switch {
	case simple.MatchString(s) && !special.MatchString(s):
		return s
	case strings.ContainsFunc(s, unseen):
		var b strings.Builder
		b.WriteByte('"')
		for _, r := range s {
			switch {
			case r == '"' || r == '\\':
				b.WriteString(`\` + string(r))
			case unseen(r):
				fmt.Fprintf(&b, `\u%04X`, r)
			default:
				b.WriteRune(r)
			}
		}
		b.WriteByte('"')
		return b.String()
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// unseen reports a character that YAML takes for the end of a line, or does not take as it is.
func unseen(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\ufeff' || r == '\u2028' || r == '\u2029'
}
