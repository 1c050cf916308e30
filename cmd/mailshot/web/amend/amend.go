// Package amend changes single keys of a campaign file and leaves every other byte as it is, comments too. Call
// [Prepare] for a file in the window's folder and [Edit.Write] to write it, or [Apply] for a text alone. [Lines] are
// the lines for a person to write where it cannot be done, and [Said] is what a file says now.
//
// The file's YAML says where a value stands, and only that piece of the text is changed. What came of it is read again:
// unless it says exactly what it said before and the changes, Apply refuses.
package amend

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Change is one key and what it is to be.
type Change struct {
	Path   []string // as recipients, columns, amount
	Value  string
	Remove bool     // the key is to go, in place of Value
	Alone  bool     // the key is the only one of its section: another one that is there goes
	After  []string // a new key follows the last of these that is there; else it is the first of its section
}

// ErrUnsafe says that a file is written in a way that Apply does not change.
var ErrUnsafe = errors.New("the file is written in a way that only a person should change")

// Apply returns the file with the changes. A section that the file does not have is written at its end, and a value
// that is there already stays as it is written. The error wraps ErrUnsafe.
func Apply(text []byte, changes ...Change) ([]byte, error) {
	want, err := read(text)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(text)
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b Change) int { return last(a) - last(b) })
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

// last puts the keys that go behind the others: a section is not empty in between.
func last(c Change) int {
	if c.Remove {
		return 1
	}
	return 0
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

// Said are the texts of a file by their keys, as server.host and server.password.env; what is not a text is "". It is
// empty for what cannot be read.
func Said(text []byte) map[string]string {
	all := map[string]string{}
	var say func(before string, n *yaml.Node)
	say = func(before string, n *yaml.Node) {
		for i := 0; i+1 < len(n.Content) && n.Kind == yaml.MappingNode; i += 2 {
			key, value := before+n.Content[i].Value, n.Content[i+1]
			all[key] = ""
			if value.Kind == yaml.ScalarNode {
				all[key] = value.Value
			}
			say(key+".", value)
		}
	}
	if n, err := document(text); err == nil {
		say("", n)
	}
	return all
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
	for i, key := range c.Path[:len(c.Path)-1] {
		next, ok := in[key].(map[string]any)
		if !ok && c.Remove {
			return
		}
		if !ok || c.Alone && i == len(c.Path)-2 {
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
	var section *yaml.Node // the key whose value n is
	for i, key := range c.Path {
		if n.Kind != yaml.MappingNode {
			return nil, unsafe(strings.Join(c.Path[:i], ".") + " is not a list of keys")
		}
		at := child(n, key)
		switch last := i == len(c.Path)-1; {
		case at < 0 && c.Remove:
			return text, nil
		case last && c.Alone && (at < 0 || len(n.Content) > 2):
			return alone(text, n, c)
		case at < 0 && i == 0:
			return begin(text, n, c)
		case at < 0:
			return insert(text, section, n, written(c, i), c.After)
		case last && c.Remove:
			return remove(text, n, at)
		case last && same(n.Content[at+1], c.Value):
			return text, nil
		case last && n.Content[at+1].Kind != yaml.ScalarNode:
			return nil, unsafe("a value is not one text")
		case last:
			return put(text, n.Content[at+1], n.Content[at+1], quoted(c.Value))
		}
		section, n = n.Content[at], n.Content[at+1]
	}
	return nil, unsafe("no key is named")
}

// written is a change on one line, from a key of its path on.
func written(c Change, from int) string {
	line := quoted(c.Value)
	for i, key := range slices.Backward(c.Path[from:]) {
		if line = quoted(key) + ": " + line; i > 0 {
			line = "{ " + line + " }"
		}
	}
	return line
}

// same reports whether a value is a text, and this one.
func same(n *yaml.Node, text string) bool {
	return n.Kind == yaml.ScalarNode && n.Anchor == "" && n.Tag != "!!null" && n.Value == text
}

// put writes something in place of what stands from the beginning of one node to the end of another.
func put(text []byte, first, last *yaml.Node, now string) ([]byte, error) {
	from, _, err := span(text, first)
	if err != nil {
		return nil, err
	}
	_, to, err := span(text, last)
	if err != nil {
		return nil, err
	}
	return slices.Concat(text[:from], []byte(now), text[to:]), nil
}

// alone writes a key in place of the one that its section has.
func alone(text []byte, n *yaml.Node, c Change) ([]byte, error) {
	if len(n.Content) != 2 {
		return nil, unsafe("a section has not one key")
	}
	return put(text, n.Content[0], n.Content[1], written(c, len(c.Path)-1))
}

// begin writes a section at the end of the file.
func begin(text []byte, n *yaml.Node, c Change) ([]byte, error) {
	if n.Style&yaml.FlowStyle != 0 || len(c.Path) < 2 {
		return nil, unsafe("it has no " + c.Path[0])
	}
	end := lineEnd(text)
	var b bytes.Buffer
	b.Write(text)
	if !bytes.HasSuffix(text, []byte("\n")) {
		b.WriteString(end)
	}
	b.WriteString(quoted(c.Path[0]) + ":" + end + "  " + written(c, 1) + end)
	return b.Bytes(), nil
}

// insert adds a key to a mapping, after the last of some keys; else it is the first, below the comments that go on with
// that of the section's key, and above those that are about the key which was the first.
func insert(text []byte, section, n *yaml.Node, line string, after []string) ([]byte, error) {
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
	above := section
	if anchor >= 0 {
		above = n.Content[anchor+1]
	}
	_, to, err := span(text, above)
	if err != nil {
		return nil, err
	}
	at := next(text, to)
	at += comments(text[at:], len(indent))
	end := lineEnd(text)
	made := slices.Concat(indent, []byte(line+end))
	if at > 0 && text[at-1] != '\n' { // the last line of the file has no end
		made = slices.Concat([]byte(end), indent, []byte(line))
	}
	return slices.Concat(text[:at], made, text[at:]), nil
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
