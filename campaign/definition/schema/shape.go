package schema

import (
	"maps"

	"go.yaml.in/yaml/v4"
)

// Shape is a JSON Schema, or a part of one (draft 2020-12). Editors read it to complete keys and to show what they mean.
type Shape map[string]any

// JSON returns the JSON Schema of a file that is read by a table of keys. It is asked of the readers themselves, so that
// the two cannot differ. It knows less than they do: what it refuses they refuse, and what it lets pass may be a
// mistake.
func JSON(keys []Key, title string) Shape {
	s := object(keys)
	s["$schema"], s["title"] = "https://json-schema.org/draft/2020-12/schema", title
	return s
}

// Readers take any scalar as the text that stands in the file: 2026 and true are texts, too.
var words, truth = Shape{"type": []string{"string", "number", "boolean"}}, Shape{"type": "boolean"}

// numbers are whole numbers. With _ between digits YAML has a text.
func numbers(least, most int) Shape {
	return Shape{"anyOf": []Shape{{"type": "integer", "minimum": least, "maximum": most},
		{"type": "string", "pattern": "^[0-9]+(_[0-9]+)*$"}}}
}

// object is a mapping with these keys.
func object(keys []Key) Shape {
	properties, required := Shape{}, []string{}
	for _, k := range keys {
		if k.Hidden {
			continue
		}
		var s Shape
		switch {
		case k.Keys != nil:
			s = object(k.Keys)
		case k.Entries != nil:
			s = Shape{"type": "object"}
		default:
			s = shapesOf(k.Read)
		}
		if k.Doc != "" {
			s = maps.Clone(s)
			s["description"] = k.Doc
		}
		properties[k.Name] = s
		if k.Required && k.Unless == nil {
			required = append(required, k.Name)
		}
	}
	s := Shape{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// Known makes a reader say what a value may be, where it reads in a way of its own.
func Known(s Shape, read Reader) Reader {
	return func(dec *Decoder, n *yaml.Node) {
		if !dec.describe(s) {
			read(dec, n)
		}
	}
}

// shapesOf asks a reader what a value may be. A reader that does not say lets everything pass.
func shapesOf(read Reader) Shape {
	var all []Shape
	read(&Decoder{shapes: &all}, &yaml.Node{})
	switch len(all) {
	case 0:
		return Shape{}
	case 1:
		return all[0]
	}
	return Shape{"anyOf": all}
}

// describe says what a value may be, if that is asked for. It returns whether it is.
func (dec *Decoder) describe(s Shape) bool {
	if dec.shapes == nil {
		return false
	}
	*dec.shapes = append(*dec.shapes, s)
	return true
}

func (dec *Decoder) describing() bool { return dec.shapes != nil }
