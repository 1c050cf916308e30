package schema

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/internal/ellipsis"
)

// Decoder walks the file's nodes along the table of keys and collects the mistakes. It is for one file and one
// goroutine.
type Decoder struct {
	source *source
	files  files
	table  []Key // of the whole file, to say where a key belongs
	errs   []*Error
	more   int
	seen   map[string]*yaml.Node // by path ("server.port"), the keys given
	path   []string              // of the key being read
	shapes *[]Shape              // what a value may be, which is asked for in place of reading one; nil = one is read
}

// Report reports a mistake at a node: its code, short and stable, what is wrong, and what to do.
func (dec *Decoder) Report(n *yaml.Node, code, text, hint string) {
	dec.ReportAt(n.Line, n.Column, code, text, hint)
}

// Bad reports a value that cannot be what it is.
func (dec *Decoder) Bad(n *yaml.Node, text, hint string) { dec.Report(n, "bad-value", text, hint) }

// Given returns the value of a key by its path ("server.port"), nil if the file does not give it.
func (dec *Decoder) Given(path string) *yaml.Node { return dec.seen[path] }

// Entry returns a key of a mapping whose keys are the person's own, and whether it is a text of one line.
func (dec *Decoder) Entry(n *yaml.Node) (Text, bool) {
	t, ok := dec.Scalar(n)
	return t, ok && !strings.Contains(t.Text, "\n")
}

// ReportAt reports a mistake at a line and a column.
func (dec *Decoder) ReportAt(line, column int, code, text, hint string) {
	if dec.describing() {
		return
	}
	if len(dec.errs) >= MaxErrors {
		dec.more++
		return
	}
	dec.errs = append(dec.errs, dec.source.errorAt(line, column, code, text, hint))
}

func (dec *Decoder) err() error {
	if dec.more > 0 {
		text := fmt.Sprintf("%d more mistakes", dec.more)
		last := &Error{Code: "more", Place: dec.source.name, Text: text, line: len(dec.source.lines) + 1}
		dec.errs = append(dec.errs, last)
	}
	return join(dec.errs)
}

// Failed reports whether a mistake lies within the value of a key that the file gives.
func (dec *Decoder) Failed(path string) bool {
	n := dec.seen[path]
	if n == nil {
		return false
	}
	from, to := n.Line, lastLine(n)
	return slices.ContainsFunc(dec.errs, func(e *Error) bool { return e.line >= from && e.line <= to })
}

func lastLine(n *yaml.Node) int {
	last := n.Line
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

// Name is the path of the key being read, for messages: "limits.caps[1]".
func (dec *Decoder) Name() string { return dotted(dec.path) }

func dotted(path []string) string { return strings.ReplaceAll(strings.Join(path, "."), ".[", "[") }

// Within calls read for something below the key called name.
func (dec *Decoder) Within(name string, read func()) {
	dec.path = append(dec.path, name)
	read()
	dec.path = dec.path[:len(dec.path)-1]
}

// Plain refuses an alias, an anchor and a tag, which no value may be. It reports whether n is none of them.
func (dec *Decoder) Plain(n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		dec.Report(n, "alias", "aliases are not part of a campaign file",
			"write the value out; put a text that begins with * in quotes")
	case n.Anchor != "":
		dec.Report(n, "anchor", "anchors are not part of a campaign file",
			"remove the &name; put a text that begins with & in quotes")
	case n.Style&yaml.TaggedStyle != 0:
		dec.Report(n, "tag", "tags are not part of a campaign file",
			"remove the !tag; put a text that begins with ! in quotes")
	default:
		return true
	}
	return false
}

// mapping calls each for the pairs of a mapping, and refuses keys given twice. It returns false if n is not a mapping.
func (dec *Decoder) mapping(n *yaml.Node, each func(name, value *yaml.Node)) bool {
	if dec.describe(Shape{"type": "object"}) {
		return false
	}
	if !dec.Plain(n) {
		return false
	}
	if null(n) && len(dec.path) > 0 {
		dec.noValue(n)
		return false
	}
	if n.Kind != yaml.MappingNode {
		what := "the file"
		if len(dec.path) > 0 {
			what = strconv.Quote(dec.Name())
		}
		text := fmt.Sprintf("%s must have keys of its own, not %s", what, kindOf(n))
		dec.Report(n, "wrong-type", text, "write them below it, indented, as key: value")
		return false
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if !dec.Plain(name) {
			continue
		}
		if name.Kind != yaml.ScalarNode {
			if templateShape(n) {
				dec.Report(n, "unquoted-template", "a text that begins with {{ without quotes around it", bareTemplateHint)
				return true
			}
			dec.Report(name, "wrong-type", "a key must be a word", "")
			continue
		}
		if name.Tag == "!!merge" {
			dec.Report(name, "unknown-key", "merges are not part of a campaign file", "write the keys out")
			continue
		}
		if first, twice := lines[name.Value]; twice {
			text, hint := fmt.Sprintf("%q is given twice", shown(name.Value)), fmt.Sprintf("first on line %d", first)
			dec.Report(name, "duplicate-key", text, hint)
			continue
		}
		lines[name.Value] = name.Line
		each(name, value)
	}
	return true
}

// Section reads a mapping by the keys of a table. at is the section's own key, nil for the whole file.
func (dec *Decoder) Section(n, at *yaml.Node, keys []Key) {
	if dec.describing() {
		dec.describe(object(keys))
		return
	}
	if dec.seen == nil {
		dec.seen = map[string]*yaml.Node{}
	}
	if n.Kind == yaml.ScalarNode && !null(n) && len(dec.path) > 0 && dec.Plain(n) {
		if hint := shapeHint(n.Value, keys); hint != "" {
			dec.Report(n, "wrong-type", fmt.Sprintf("%q must have keys of its own, not a text", dec.Name()), hint)
			return
		}
	}
	given := map[string]bool{}
	ok := dec.mapping(n, func(name, value *yaml.Node) {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name.Value })
		if i < 0 {
			if first := firstWord(name.Value); first != name.Value && hasKey(keys, first) {
				given[first] = true // it is meant, and not missing
			}
			dec.unknown(name, keys)
			return
		}
		given[name.Value] = true
		dec.Within(name.Value, func() {
			dec.seen[dec.Name()] = value
			dec.value(name, value, keys[i])
		})
	})
	if !ok {
		return
	}
	for _, k := range keys {
		if !k.Required || given[k.Name] || k.Unless != nil && k.Unless() {
			continue
		}
		example, _, _ := strings.Cut(k.Example, "\n")
		hint := ""
		if example != "" {
			hint = "for example " + k.Name + ": " + example
		} else if len(k.Keys) > 0 {
			hint = fmt.Sprintf("for example %s: { %s: %s }", k.Name, k.Keys[0].Name, k.Keys[0].Example)
		}
		if at == nil {
			e := dec.source.errorAt(1, 1, "missing-key", fmt.Sprintf("%q is missing", k.Name), hint)
			e.Place, e.Excerpt, e.Column = dec.source.name, "", 0
			dec.errs = append(dec.errs, e)
			continue
		}
		dec.Report(at, "missing-key", fmt.Sprintf("%q is missing", dotted(append(slices.Clone(dec.path), k.Name))), hint)
	}
}

// value reads the value of one key of the table.
func (dec *Decoder) value(name, value *yaml.Node, k Key) {
	switch {
	case k.Keys != nil:
		dec.Section(value, name, k.Keys)
	case k.Entries != nil:
		dec.mapping(value, func(name, value *yaml.Node) { k.Entries(dec, name, value) })
	default:
		k.Read(dec, value)
	}
}

// unknown reports a key that the table does not have, with the key that may be meant: a similar one, or the same one
// where it belongs.
func (dec *Decoder) unknown(name *yaml.Node, keys []Key) {
	var names []string
	for _, k := range keys {
		if !k.Hidden {
			names = append(names, k.Name)
		}
	}
	hint := ""
	if first := firstWord(name.Value); first != name.Value && slices.Contains(names, first) {
		rest := strings.TrimLeft(name.Value[len(first):], " =:")
		hint = fmt.Sprintf("write %s: with a colon and a space after it", first)
		if rest != "" && firstWord(rest) == rest && !secretKey(first) {
			hint = fmt.Sprintf("write %s: on a line of its own, and %s: below it, indented", first, rest)
		}
	} else if near := Nearest(name.Value, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	} else if inner := inside(dec.table, name.Value, names); len(inner) > 0 {
		hint = fmt.Sprintf("what is below %s: stands right here: %s", name.Value, strings.Join(inner, ", "))
	} else if home, ok := elsewhere(dec.table, PlainWord(name.Value)); ok && home != dec.Name() {
		switch {
		case home == "":
			hint = "it belongs at the top level, not indented"
		default:
			hint = fmt.Sprintf("it belongs under %q", home)
		}
	} else {
		hint = "known here: " + strings.Join(names, ", ")
	}
	dec.Report(name, "unknown-key", fmt.Sprintf("unknown key %q", shown(name.Value)), hint)
}

// firstWord is what a key begins with: letters and underscores.
func firstWord(s string) string {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') {
			return s[:i]
		}
	}
	return s
}

func hasKey(keys []Key, name string) bool {
	return slices.ContainsFunc(keys, func(k Key) bool { return k.Name == name && !k.Hidden })
}

// shapeHint is the hint where a text stands in place of keys: a key without its colon, or the value of a key whose
// example is a file of the same kind; "" if it is neither.
func shapeHint(text string, keys []Key) string {
	if first := firstWord(text); first != text && hasKey(keys, first) {
		return fmt.Sprintf("write %s: with a colon and a space after it", first)
	}
	if ext := path.Ext(text); ext != "" && !strings.ContainsAny(text, " \t") {
		for _, k := range keys {
			if path.Ext(k.Example) == ext || k.Name == "file" && strings.HasPrefix(path.Ext(k.Example), ".") {
				return fmt.Sprintf("write %s: %s below it, indented", k.Name, Clip(text))
			}
		}
	}
	return ""
}

// inside returns the keys of a section of the file that are among names.
func inside(table []Key, section string, names []string) (both []string) {
	for _, k := range table {
		for _, inner := range k.Keys {
			if k.Name == section && slices.Contains(names, inner.Name) {
				both = append(both, inner.Name)
			}
		}
	}
	return both
}

// elsewhere finds the section that has a key of that name.
func elsewhere(keys []Key, name string) (section string, ok bool) {
	for _, k := range keys {
		if k.Name == name {
			return "", true
		}
	}
	for _, k := range keys {
		if section, ok := elsewhere(k.Keys, name); ok {
			return strings.TrimSuffix(k.Name+"."+section, "."), true
		}
	}
	return "", false
}

// Scalar returns the text of a value as it is written, and where it begins. It reports a value that is not a text, or
// is empty.
func (dec *Decoder) Scalar(n *yaml.Node) (Text, bool) {
	if dec.describe(words) {
		return Text{}, false
	}
	if !dec.Plain(n) {
		return Text{}, false
	}
	if n.Kind != yaml.ScalarNode {
		if templateShape(n) {
			dec.Report(n, "unquoted-template", "a text that begins with {{ without quotes around it", bareTemplateHint)
		} else {
			dec.Report(n, "wrong-type", fmt.Sprintf("%q must be a text, not %s", dec.Name(), kindOf(n)), "")
		}
		return Text{}, false
	}
	t := Text{Text: n.Value, Line: n.Line, Column: n.Column}
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		t.Line, t.Column = dec.source.blockStart(n.Line)
		t.Text = strings.TrimRight(t.Text, "\n")
	case n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
		t.Column++
	default:
		if !dec.cutShort(n) {
			return Text{}, false
		}
	}
	if null(n) || strings.TrimSpace(t.Text) == "" {
		dec.noValue(n)
		return Text{}, false
	}
	for _, r := range t.Text {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 || r == '\ufeff' {
			dec.Report(n, "control-character", fmt.Sprintf("control character %U in %q", r, dec.Name()), "remove it")
			return Text{}, false
		}
	}
	return t, true
}

// blockStart returns where the text of a block scalar begins. Its | or > is on a line.
func (s *source) blockStart(line int) (int, int) {
	for i := line; i < len(s.lines); i++ {
		if body := strings.TrimLeft(s.lines[i], " "); body != "" {
			return i + 1, len(s.lines[i]) - len(body) + 1
		}
	}
	return line, 1
}

// templateShape recognises {{.name}} without quotes, which YAML reads as a mapping with a mapping for its key.
func templateShape(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 && len(n.Content) > 0 &&
		n.Content[0].Kind == yaml.MappingNode && n.Content[0].Style&yaml.FlowStyle != 0
}

// null reports whether a value is missing: nothing at all, ~ or null.
func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	return "a text"
}

// Clip shortens a text of the file for a message, and hides the login in a URL.
func Clip(s string) string {
	return ellipsis.Cut(userinfoPattern.ReplaceAllString(s, "://"+mask+"@"), 60)
}

// shown returns a key of the file for a message. Where the colon after password is forgotten, what follows is hidden.
func shown(key string) string {
	if i := strings.IndexAny(key, " \t=:"); i > 0 && secretKey(key[:i]) {
		return key[:i] + " " + mask
	}
	return Clip(key)
}

// List calls each for the items of a list. One item may be written without the list around it.
func (dec *Decoder) List(n *yaml.Node, each func(n *yaml.Node)) {
	if dec.describing() {
		all := dec.shapes
		one := shapesOf(func(inner *Decoder, n *yaml.Node) { // each knows this decoder
			dec.shapes = inner.shapes
			each(n)
		})
		dec.shapes = all
		dec.describe(Shape{"anyOf": []Shape{one, {"type": "array", "items": one}}})
		return
	}
	if !dec.Plain(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		each(n)
		return
	}
	if len(n.Content) == 0 {
		dec.noValue(n)
	}
	for i, item := range n.Content {
		dec.Within(fmt.Sprintf("[%d]", i), func() { each(item) })
	}
}
