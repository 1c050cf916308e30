package server

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// change is a key of the server section and the YAML that is to stand there; "" takes the key away.
type change struct{ Key, Value string }

// edit changes keys of a campaign file's server section, and keeps every other octet. ok is false where the section is
// written in a way that only a person should change. What came of it is read again: it says what it said, and the changes.
func edit(text string, changes []change) (out string, ok bool) {
	if out, ok = edited(text, changes); !ok {
		return "", false
	}
	before, after := said(text, changes), said(out, changes)
	return out, after != nil && reflect.DeepEqual(before, after)
}

// said is what a file says, the keys aside that changes are about; nil if it cannot be read.
func said(text string, changes []change) map[string]any {
	all := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		return nil
	}
	section, _ := all["server"].(map[string]any)
	for _, c := range changes {
		delete(section, c.Key)
	}
	if len(section) == 0 {
		delete(all, "server")
	}
	return all
}

// edited is edit, before it is read again.
func edited(text string, changes []change) (out string, ok bool) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return "", false
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return "", false
	}
	key, value := find(root, "server")
	lines := strings.SplitAfter(text, "\n")
	switch several, _ := find(root, "servers"); {
	case several != nil:
		return "", false
	case key == nil:
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return text + block(changes, "  "), true
	case value.Kind != yaml.MappingNode:
		return "", false
	}
	changes = slices.DeleteFunc(slices.Clone(changes), func(c change) bool { return same(value, c) })
	switch {
	case len(changes) == 0:
		return text, true
	case value.Style&yaml.FlowStyle != 0:
		ok = flow(lines, value, changes)
	default:
		lines, ok = blocks(lines, key, value, changes)
	}
	return strings.Join(lines, ""), ok
}

// block is a server section with these keys.
func block(changes []change, indent string) string {
	var b strings.Builder
	b.WriteString("server:\n")
	for _, c := range changes {
		if c.Value != "" {
			b.WriteString(indent + c.Key + ": " + c.Value + "\n")
		}
	}
	return b.String()
}

// find is a key of a mapping and its value; nil if it has none.
func find(m *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == name {
			return m.Content[i], m.Content[i+1]
		}
	}
	return nil, nil
}

// same reports whether a section says already what a change is to make of it.
func same(m *yaml.Node, c change) bool {
	_, now := find(m, c.Key)
	if now == nil || c.Value == "" {
		return now == nil && c.Value == ""
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(c.Value), &doc); err != nil || len(doc.Content) != 1 {
		return false
	}
	return now.Kind == yaml.ScalarNode && doc.Content[0].Kind == yaml.ScalarNode && doc.Content[0].Value == now.Value
}

// values are the texts of a campaign file's server section, by key.
func values(text string) map[string]string {
	var doc yaml.Node
	all := map[string]string{}
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil || len(doc.Content) != 1 {
		return all
	}
	_, m := find(doc.Content[0], "server")
	if m == nil || m.Kind != yaml.MappingNode {
		return all
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i+1].Kind == yaml.ScalarNode {
			all[m.Content[i].Value] = m.Content[i+1].Value
		}
	}
	return all
}

// flow changes a section in braces that is on one line.
func flow(lines []string, m *yaml.Node, changes []change) bool {
	if last(m) != m.Line {
		return false
	}
	line := []rune(strings.TrimRight(lines[m.Line-1], "\r\n"))
	end := strings.LastIndex(string(line), "}")
	if end < 0 || strings.TrimSpace(string(line)[end+1:]) != "" || line[m.Column-1] != '{' {
		return false // a comment, or more lines
	}
	tail := lines[m.Line-1][end:]
	end = len([]rune(string(line)[:end]))
	var pairs []change // Value: the pair as it is written
	for i := 0; i+1 < len(m.Content); i += 2 {
		to := end
		if i+2 < len(m.Content) {
			to = m.Content[i+2].Column - 1
		}
		pair := strings.TrimSpace(string(line[m.Content[i].Column-1 : to]))
		pairs = append(pairs, change{m.Content[i].Value, strings.TrimSpace(strings.TrimSuffix(pair, ","))})
	}
	for _, c := range changes {
		i := slices.IndexFunc(pairs, func(p change) bool { return p.Key == c.Key })
		switch {
		case c.Value == "" && i >= 0:
			pairs = slices.Delete(pairs, i, i+1)
		case c.Value == "":
		case i >= 0:
			pairs[i].Value = c.Key + ": " + c.Value
		default:
			pairs = append(pairs, change{c.Key, c.Key + ": " + c.Value})
		}
	}
	var all []string
	for _, p := range pairs {
		all = append(all, p.Value)
	}
	lines[m.Line-1] = string(line[:m.Column-1]) + "{ " + strings.Join(all, ", ") + " " + tail
	return true
}

// blocks changes a section with a line for each key.
func blocks(lines []string, at, m *yaml.Node, changes []change) ([]string, bool) {
	if len(m.Content) == 0 || m.Line <= at.Line {
		return lines, false
	}
	indent := strings.Repeat(" ", m.Content[0].Column-1)
	gone := map[int]bool{}
	var added []string
	for _, c := range changes {
		key, value := find(m, c.Key)
		switch {
		case key == nil && c.Value != "":
			added = append(added, indent+c.Key+": "+c.Value+"\n")
		case key == nil:
		case value.Line != key.Line || last(value) != key.Line || continued(lines, key):
			return lines, false
		case c.Value == "":
			gone[key.Line-1] = true
		default:
			lines[key.Line-1] = replaced(lines[key.Line-1], key, value, c.Value)
		}
	}
	var out []string
	for i, line := range lines {
		if gone[i] {
			continue
		}
		if i == at.Line-1 {
			out = append(append(out, line), added...)
			continue
		}
		out = append(out, line)
	}
	return out, true
}

// continued reports whether the text of a key's line goes on in the next one.
func continued(lines []string, key *yaml.Node) bool {
	if key.Line >= len(lines) {
		return false
	}
	next := lines[key.Line]
	text := strings.TrimLeft(next, " ")
	return strings.TrimSpace(text) != "" && !strings.HasPrefix(text, "#") && len(next)-len(text) > key.Column-1
}

// replaced is a line with another value. A comment at its end stays.
func replaced(line string, key, value *yaml.Node, text string) string {
	runes := []rune(line)
	rest := string(runes[value.Column-1:])
	end := len(strings.TrimRight(rest, " \r\n"))
	for _, comment := range []string{value.LineComment, key.LineComment} {
		if i := strings.LastIndex(rest, comment); comment != "" && i >= 0 {
			end = len(strings.TrimRight(rest[:i], " "))
			break
		}
	}
	return string(runes[:value.Column-1]) + text + rest[end:]
}

// last is the last line of a value, as far as its nodes say.
func last(n *yaml.Node) int {
	line := n.Line
	for _, c := range n.Content {
		line = max(line, last(c))
	}
	return line
}

// scalar is a text as a YAML value of one line.
func scalar(text string) string {
	b, err := yaml.Marshal(text)
	if s := strings.TrimRight(string(b), "\n"); err == nil && !strings.ContainsAny(s, "\n,{}[]") {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(text) + `"`
}
