package templates

import (
	"strings"
	"testing"
)

// "A button without a text or a link is an error", in Markdown, too.
func TestButtonsWithoutATextInMarkdown(t *testing.T) {
	t.Parallel()
	for markdown, x := range map[string]string{"[](https://a.example){.button}\n": "x",
		"[ ](https://a.example){.button}\n":      "x",
		"[{{.x}}](https://a.example){.button}\n": "", "a [{{.x}}](https://a.example){.button} b\n": " "} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{Markdown: &Source{File: "b.md", Text: markdown}})
		if err != nil {
			continue
		}
		var b strings.Builder
		if err = body.HTML.Execute(&b, Data{Text: map[string]string{"x": x}}); err == nil {
			t.Errorf("%q, %q: no error", markdown, x)
		}
	}
}

// What is a text of a button, and where the error is. Whatever decides on the text decides on the error, and a program
// still makes the message. Proven without Says around the literals: a button in the other branch was an error.
func TestTextsOfButtons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ markdown, x, want string }{
		{"[Pay](https://a.example){.button}\n", "", ""},
		{"[**Pay** {{.x}}](https://a.example){.button}\n", "", ""},
		{"[![](a.png)](https://a.example){.button}\n", "", ""},
		{"[`{{.x}}`](https://a.example){.button}\n", "1", ""},
		{"[{{.x}}](https://a.example)\n", "", ""},
		{"[{{.x}}{{.y}}](https://a.example/{{.y}}){.button}\n", "", ""},
		{"[{{.x}} **{{.x}}**](https://a.example){.button}\n", "", "b.md:1:1: the button has no text"},
		{"[{{if .x}}A{{else}}{{.y}}{{end}}](https://a.example){.button}\n", "", ""},
		{"[{{if .x}}A{{end}}](https://a.example){.button}\n", "1", ""},
		{"a\n\n- b [{{if .x}}A{{end}}](https://a.example){.button}\n", "", "b.md:3:5: the button has no text"},
		{"{{if .x}}\n- b\n{{end}}\n\n1. c [ ](https://a.example){.big .button}\n", "", "b.md:5:6: the button has no text"},
		{"[{{$a := .x}}{{$a}}](https://a.example){.button}\n", "1", ""},
		{"[a{{if .x}}](https://a.example){.button}{{end}}\n", "", "b.md:1:41: this is not in the same block"},
	} {
		got := ""
		body, err := New(Config{Columns: []string{"x", "y"}}).Body(BodySource{Markdown: &Source{File: "b.md",
			Text: c.markdown}})
		if err == nil {
			var b strings.Builder
			if err = body.HTML.Execute(&b, Data{Text: map[string]string{"x": c.x, "y": "Y"}}); body.HTML.p.unknown != nil {
				t.Errorf("%q: %v", c.markdown, body.HTML.p.unknown)
			}
		}
		if err != nil {
			got = err.Error()
		}
		if (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: %s, want %s", c.markdown, got, c.want)
		}
	}
}
