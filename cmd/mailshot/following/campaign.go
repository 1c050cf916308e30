package following

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// File is a campaign file that follows another one up.
type File struct {
	ID      string // of the new campaign
	List    string // the list, as the campaign file names it
	Body    string // the body, as the campaign file names it
	Grouped string // the column that groups rows; "" = none
}

// kept are the keys of a campaign file that a follow-up has too: who sends, what kind of mail it is, and how it goes.
var kept = []string{
	"from", "reply_to", "bounces", "notify", "kind", "topic", "topics", "unsubscribe", "server", "servers", "limits",
	"schedule", "dkim", "smime", "pgp", "suppress", "returns", "check", "ledger",
}

// columns are the keys of recipients that a follow-up's list has too.
var columns = []string{"address", "name", "key", "group", "addresses", "columns", "duplicates"}

// Campaign is the text of a campaign file for the list that List writes: that of the first campaign without its list,
// its text and its attachments, with a subject that begins with Re:, and the header fields of an answer.
func Campaign(first []byte, f File) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(first, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the campaign file is not a list of keys")
	}
	root := doc.Content[0]
	out := &yaml.Node{Kind: yaml.MappingNode}
	put(out, text("id"), text(f.ID))
	for i := 0; i+1 < len(root.Content); i += 2 {
		k, v := root.Content[i], root.Content[i+1]
		switch {
		case k.Value == "subject":
			put(out, k, re(v))
		case k.Value == "recipients":
			put(out, k, listOf(v, f))
			put(out, text("body"), body(value(root, "body"), f))
			put(out, text("headers"), headers(value(root, "headers")))
		case slices.Contains(kept, k.Value):
			put(out, k, v)
		}
	}
	var b bytes.Buffer
	b.WriteString("# Follows up those who have not answered. The body is yours to write.\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(out); err != nil {
		return nil, err
	}
	return b.Bytes(), enc.Close()
}

// text is a node of a text.
func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// put puts a key with its value at the end of a mapping.
func put(m, key, value *yaml.Node) { m.Content = append(m.Content, key, value) }

// value is the value of a key; nil if a mapping does not have it.
func value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; m != nil && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// re is a subject that answers. A subject for each language keeps its languages.
func re(v *yaml.Node) *yaml.Node {
	out := *v
	if v.Kind == yaml.MappingNode {
		out.Content = nil
		for i := 0; i+1 < len(v.Content); i += 2 {
			put(&out, v.Content[i], re(v.Content[i+1]))
		}
		return &out
	}
	if !strings.HasPrefix(strings.ToLower(out.Value), "re:") {
		out.Value = "Re: " + out.Value
	}
	return &out
}

// listOf is the list of a follow-up.
func listOf(v *yaml.Node, f File) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	put(out, text("file"), text(f.List))
	for i := 0; i+1 < len(v.Content); i += 2 {
		if slices.Contains(columns, v.Content[i].Value) {
			put(out, v.Content[i], v.Content[i+1])
		}
	}
	return out
}

// body is the body of a follow-up: a file of Markdown in the layout and language of the first one.
func body(v *yaml.Node, f File) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	put(out, text("markdown"), text(f.Body))
	for i := 0; v != nil && i+1 < len(v.Content); i += 2 {
		switch v.Content[i].Value {
		case "layout", "language", "direction", "typographer", "inline", "accent", "logo", "postal":
			put(out, v.Content[i], v.Content[i+1])
		}
	}
	return out
}

// headers are the first campaign's own header fields, and those of an answer.
func headers(v *yaml.Node) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; v != nil && i+1 < len(v.Content); i += 2 {
		if k := strings.ToLower(v.Content[i].Value); k != "in-reply-to" && k != "references" {
			put(out, v.Content[i], v.Content[i+1])
		}
	}
	put(out, text("In-Reply-To"), text("{{."+InReplyTo+"}}"))
	put(out, text("References"), text("{{."+References+"}}"))
	return out
}

// Body is what the body's file has at first: a field that no list has stands where the text is to be, so that nothing can
// be sent before it is written.
func Body(name string) string {
	greeting := "Hello,"
	if name != "" {
		greeting = "Hello {{." + name + "}},"
	}
	return greeting + "\n\n{{/* Write here what you want to say to those who have not answered. */}}\n" +
		"{{.the_text_that_you_write_here}}\n"
}
