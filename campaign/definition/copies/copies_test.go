package copies

import (
	"fmt"
	"strings"
	"testing"

	"mailshot/campaign/definition/schema"
)

// Only an item that is a column and nothing else may be several addresses, and one text is cut at the commas outside
// its actions and quotes. A template of reply_to with conditions is what it always was.
func TestEntries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		items []string
		reply bool
		want  string // item|item, those that may be several with a plus
	}{
		{[]string{"a@x.example, b@x.example"}, false, "a@x.example, b@x.example+"},
		{[]string{"{{.cc}}"}, false, "{{.cc}}+"},
		{[]string{" {{- .cc -}} "}, false, "{{- .cc -}}+"},
		{[]string{"{{.user}}@acme.example"}, false, "{{.user}}@acme.example"},
		{[]string{`{{printf "%s@acme.example" .user}}`}, false, `{{printf "%s@acme.example" .user}}`},
		{[]string{"{{.name}} <{{.mail}}>"}, false, "{{.name}} <{{.mail}}>"},
		{[]string{"{{.a}}, {{.b}}@x.example; c@x.example"}, false, "{{.a}}+|{{.b}}@x.example|c@x.example"},
		{[]string{`"Doe, {{.x}}" <a@x.example>, {{.b}}`}, false, `"Doe, {{.x}}" <a@x.example>|{{.b}}+`},
		{[]string{`{{index . "a, b"}}, {{.c}}`}, false, `{{index . "a, b"}}|{{.c}}+`},
		{[]string{"{{if .a}}{{.a}}, {{.b}}{{end}}"}, false, "{{if .a}}{{.a}}, {{.b}}{{end}}"},
		{[]string{"{{if .a}}{{.a}}, {{.b}}{{end}}"}, true, "{{if .a}}{{.a}}, {{.b}}{{end}}+"},
		{[]string{"help@x.example", "{{.manager}}"}, true, "help@x.example+|{{.manager}}+"},
	} {
		var items []schema.Text
		for _, text := range c.items {
			items = append(items, schema.Text{Text: text, Line: 3, Column: 5})
		}
		var got []string
		for _, e := range Entries(items, c.reply) {
			text := strings.TrimSpace(e.Text.Text)
			if e.Several {
				text += "+"
			}
			got = append(got, text)
			if e.Line != 3 || e.Column < 5 {
				t.Errorf("%q is at %d:%d", text, e.Line, e.Column)
			}
		}
		if all := strings.Join(got, "|"); all != c.want {
			t.Errorf("%s: got %s, want %s", fmt.Sprint(c.items), all, c.want)
		}
	}
}
