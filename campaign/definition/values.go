package definition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/schema"
)

var languagePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$`)

func language(into *string) schema.Reader {
	return schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
		if _, ok := languageTag(dec, n, t.Text); ok {
			*into = t.Text
		}
	})
}

func delimiter(into *rune) schema.Reader {
	return func(dec *schema.Decoder, n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Value == "\t" && dec.Plain(n) {
			*into = '\t'
			return
		}
		schema.OneLine(func(dec *schema.Decoder, n *yaml.Node, t Text) {
			switch t.Text {
			case ",", ";", "|":
				*into = rune(t.Text[0])
			case "tab", `\t`:
				*into = '\t'
			default:
				dec.Bad(n, fmt.Sprintf("%q cannot be %q", dec.Name(), schema.Clip(t.Text)), `one of "," ";" "|" tab`)
			}
		})(dec, n)
	}
}

// noted reads a text of one line, and keeps the place of the value for whoever checks it against the list.
func noted(places *map[string]Text, key string, into *string) schema.Reader {
	return schema.OneLine(func(_ *schema.Decoder, _ *yaml.Node, t Text) {
		*into = t.Text
		note(places, key, t)
	})
}

func note(places *map[string]Text, key string, t Text) {
	if *places == nil {
		*places = map[string]Text{}
	}
	(*places)[key] = t
}

func columns(into *map[string]string, places *map[string]Text) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		column, ok := dec.Entry(name)
		if !ok {
			return
		}
		dec.Within(column.Text, func() {
			var kind string
			if schema.Word(&kind, "text", "number", "date", "bool")(dec, value); kind == "" {
				return
			}
			if *into == nil {
				*into = map[string]string{}
			}
			(*into)[column.Text] = kind
			note(places, "columns."+column.Text, column)
		})
	}
}

// ours are the headers that mailshot writes itself, and the headers that would add a recipient.
var ours = map[string]string{
	"from": "write from: at the top level", "reply-to": "write reply_to: at the top level",
	"subject": "write subject: at the top level", "to": "it is the row's address", "cc": "write cc: at the top level", "bcc": "write bcc: at the top level",
	"date": "it is the time of sending", "message-id": "it is made from the campaign's id and the row's key",
	"mime-version": "remove it", "return-path": "write bounces: at the top level", "received": "remove it",
}

func header(into *[]Header) func(*schema.Decoder, *yaml.Node, *yaml.Node) {
	return func(dec *schema.Decoder, name, value *yaml.Node) {
		t, ok := dec.Entry(name)
		if !ok {
			return
		}
		if i := strings.IndexFunc(t.Text, func(r rune) bool { return r <= ' ' || r > '~' || r == ':' }); i >= 0 {
			text := fmt.Sprintf("%q cannot be the name of a header", schema.Clip(t.Text))
			dec.Report(name, "bad-header", text, "ASCII letters, digits and -")
			return
		}
		lower := strings.ToLower(t.Text)
		why, mine := ours[lower]
		if !mine && (strings.HasPrefix(lower, "content-") || strings.HasPrefix(lower, "resent-")) {
			why, mine = "remove it", true
		}
		if mine {
			text := fmt.Sprintf("mailshot writes %s itself", t.Text)
			dec.Report(name, "bad-header", text, why)
			return
		}
		if slices.ContainsFunc(*into, func(h Header) bool { return strings.EqualFold(h.Name, t.Text) }) {
			dec.Report(name, "duplicate-key", fmt.Sprintf("header %s is given twice", t.Text), "")
			return
		}
		dec.Within(t.Text, func() {
			h := Header{Name: t.Text}
			if schema.Line(&h.Value)(dec, value); h.Value.Given() {
				*into = append(*into, h)
			}
		})
	}
}
