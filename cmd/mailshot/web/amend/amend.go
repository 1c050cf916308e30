// Package amend changes single keys of a campaign file and leaves every other byte as it is, comments too. Call [Apply];
// [Lines] are the lines for a person to write where it cannot be done.
//
// The file's YAML says where a value stands, and only that piece of the text is changed. What came of it is read again:
// unless it says exactly what it said before and the changes, Apply refuses.
package amend

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Change is one key and what it is to be.
type Change struct {
	Path   []string // as recipients, columns, amount
	Value  string
	Remove bool     // the key is to go, in place of Value
	After  []string // a new key follows the last of these that is there; else it is the first of its section
}

// ErrUnsafe says that a file is written in a way that Apply does not change.
var ErrUnsafe = errors.New("the file is written in a way that only a person should change")

// Apply returns the file with the changes. The error wraps ErrUnsafe.
func Apply(text []byte, changes ...Change) ([]byte, error) {
	want, err := read(text)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(text)
	for _, c := range changes {
		if out, err = apply(out, c); err != nil {
			return nil, err
		}
		plain(want, c)
	}
	is, err := read(out)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(is, want) {
		return nil, unsafe("the change would say something else")
	}
	return out, nil
}

// Lines are what a person writes for the changes.
func Lines(changes ...Change) string {
	var b strings.Builder
	var last []string
	for _, c := range changes {
		for i, key := range c.Path {
			if i < len(last) && i < len(c.Path)-1 && slices.Equal(last[:i+1], c.Path[:i+1]) {
				continue
			}
			b.WriteString(strings.Repeat("  ", i) + quoted(key) + ":")
			switch {
			case i < len(c.Path)-1:
			case c.Remove:
				b.WriteString("   # remove this line")
			default:
				b.WriteString(" " + quoted(c.Value))
			}
			b.WriteString("\n")
		}
		last = c.Path[:len(c.Path)-1]
	}
	return b.String()
}

func unsafe(why string) error { return fmt.Errorf("%w: %s", ErrUnsafe, why) }

// document is the file's mapping.
func document(text []byte) (*yaml.Node, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, unsafe(err.Error())
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, unsafe("it is not a list of keys")
	}
	return doc.Content[0], nil
}

// read is what the file says, whatever the way it is written.
func read(text []byte) (map[string]any, error) {
	n, err := document(text)
	if err != nil {
		return nil, err
	}
	said, _ := said(n).(map[string]any)
	return said, nil
}

func said(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = said(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		all := []any{}
		for _, c := range n.Content {
			all = append(all, said(c))
		}
		return all
	}
	return n.Value + n.Anchor
}

// plain makes a change in what was read.
func plain(in map[string]any, c Change) {
	for _, key := range c.Path[:len(c.Path)-1] {
		next, ok := in[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			in[key] = next
		}
		in = next
	}
	if last := c.Path[len(c.Path)-1]; c.Remove {
		delete(in, last)
	} else {
		in[last] = c.Value
	}
}

// child is the place of a key in a mapping, -1 if it is not there.
func child(n *yaml.Node, key string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// apply makes one change.
func apply(text []byte, c Change) ([]byte, error) {
	n, err := document(text)
	if err != nil {
		return nil, err
	}
	for i, key := range c.Path {
		if n.Kind != yaml.MappingNode {
			return nil, unsafe(strings.Join(c.Path[:i], ".") + " is not a list of keys")
		}
		at := child(n, key)
		switch last := i == len(c.Path)-1; {
		case at < 0 && c.Remove:
			return text, nil
		case at < 0 && i == 0:
			return nil, unsafe("it has no " + key)
		case at < 0:
			value := quoted(c.Value)
			for _, key := range slices.Backward(c.Path[i+1:]) {
				value = "{ " + quoted(key) + ": " + value + " }"
			}
			return insert(text, n, quoted(key)+": "+value, c.After)
		case last && c.Remove:
			return remove(text, n, at)
		case last:
			from, to, err := span(text, n.Content[at+1])
			if err != nil {
				return nil, err
			}
			return slices.Concat(text[:from], []byte(quoted(c.Value)), text[to:]), nil
		}
		n = n.Content[at+1]
	}
	return nil, unsafe("no key is named")
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
	if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&(yaml.TaggedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
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
	case n.Style&yaml.DoubleQuotedStyle != 0:
		length = closing(rest, '"', '\\')
	case n.Style&yaml.SingleQuotedStyle != 0:
		length = closing(rest, '\'', '\'')
	case n.Value != "" && bytes.HasPrefix(rest, []byte(n.Value)):
		length = len(n.Value)
	}
	if length < 0 {
		return 0, 0, unsafe("a value is longer than one line")
	}
	return from, from + length, nil
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

// insert adds a key to a mapping, after the last of some keys.
func insert(text []byte, n *yaml.Node, line string, after []string) ([]byte, error) {
	if len(n.Content) == 0 {
		return nil, unsafe("a section is empty")
	}
	anchor := -1
	for _, key := range after {
		if at := child(n, key); at >= 0 {
			if _, _, err := span(text, n.Content[at+1]); err == nil {
				anchor = at
			}
		}
	}
	if n.Style&yaml.FlowStyle != 0 {
		if anchor < 0 {
			at, err := offset(text, n.Content[0])
			if err != nil {
				return nil, err
			}
			return slices.Concat(text[:at], []byte(line+", "), text[at:]), nil
		}
		_, to, err := span(text, n.Content[anchor+1])
		if err != nil {
			return nil, err
		}
		return slices.Concat(text[:to], []byte(", "+line), text[to:]), nil
	}
	first, err := offset(text, n.Content[0])
	if err != nil {
		return nil, err
	}
	begins := bytes.LastIndexByte(text[:first], '\n') + 1
	indent := text[begins:first]
	if len(bytes.Trim(indent, " ")) > 0 {
		return nil, unsafe("a section begins on the line of another")
	}
	end := "\n"
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		end = "\r\n"
	}
	at := begins
	if anchor >= 0 {
		_, to, err := span(text, n.Content[anchor+1])
		if err != nil {
			return nil, err
		}
		at = next(text, to)
		at += comments(text[at:], len(indent))
	}
	made := slices.Concat(indent, []byte(line+end))
	if at > 0 && text[at-1] != '\n' { // the last line of the file has no end
		made = slices.Concat([]byte(end), indent, []byte(line))
	}
	return slices.Concat(text[:at], made, text[at:]), nil
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

// remove takes a key out of a mapping. A comment on its line stays.
func remove(text []byte, n *yaml.Node, at int) ([]byte, error) {
	if len(n.Content) == 2 {
		return nil, unsafe("a section would be empty")
	}
	from, err := offset(text, n.Content[at])
	if err != nil {
		return nil, err
	}
	_, to, err := span(text, n.Content[at+1])
	if err != nil {
		return nil, err
	}
	if n.Style&yaml.FlowStyle != 0 {
		before := bytes.TrimRight(text[:from], " ")
		after := bytes.TrimLeft(text[to:], " ")
		switch {
		case bytes.HasSuffix(before, []byte(",")):
			return slices.Concat(before[:len(before)-1], text[to:]), nil
		case bytes.HasPrefix(after, []byte(",")):
			return slices.Concat(text[:from], bytes.TrimLeft(after[1:], " ")), nil
		}
		return nil, unsafe("a key stands alone on its line")
	}
	begins, ends := bytes.LastIndexByte(text[:from], '\n')+1, next(text, to)
	if len(bytes.TrimSpace(text[begins:from])) > 0 || n.Content[at].Line != n.Content[at+1].Line {
		return nil, unsafe("a key shares its line")
	}
	if rest := bytes.TrimSpace(text[to:ends]); len(rest) > 0 {
		return slices.Concat(text[:from], bytes.TrimLeft(text[to:], " \t")), nil
	}
	return slices.Concat(text[:begins], text[ends:]), nil
}

var (
	// simple is a text that YAML takes as it is, also between braces.
	simple = regexp.MustCompile(`^[\p{L}\p{N}_]([\p{L}\p{M}\p{N}_./ -]*[\p{L}\p{M}\p{N}_./-])?$`)
	// special are texts that some readers of YAML take for something else.
	special = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n)$`)
)

// quoted is a text as it is written in the file.
func quoted(s string) string {
	switch {
	case simple.MatchString(s) && !special.MatchString(s):
		return s
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\ufeff' }):
		var b strings.Builder
		b.WriteByte('"')
		for _, r := range s {
			switch {
			case r == '"' || r == '\\':
				b.WriteString(`\` + string(r))
			case r < ' ' || r >= 0x7f && r < 0xa0 || r == '\ufeff':
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
