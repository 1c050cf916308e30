package templates

import (
	"io"
	"strings"
	"testing"
)

func body(t *testing.T, c *Compiler, md string, d Data) (htmlText, text string) {
	t.Helper()
	b, err := c.Body(BodySource{Markdown: &Source{File: "body.md", Text: md}, Layout: "none"})
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return run1(t, b.HTML.Execute, d), run1(t, b.Text.Execute, d)
}

func run1(t *testing.T, f func(io.Writer, Data) error, d Data) string {
	t.Helper()
	var b strings.Builder
	if err := f(&b, d); err != nil {
		t.Fatalf("execute: %v", err)
	}
	return b.String()
}

func TestSmoke(t *testing.T) {
	c := New(Config{})
	for _, md := range []string{
		"Dear **{{.name}}**,\n\n{{range split \";\" .items}}\n- {{.}}\n{{end}}\n\nBye",
		"| a | b |\n|---|--:|\n{{range split \";\" .items}}\n| {{.}} | x |\n{{end}}\n\nBye",
		"- one\n{{range split \";\" .items}}\n- {{.}}\n{{end}}\n- last\n",
		"{{range split \";\" .items}}- {{.}}\n{{end}}",
		"1. one\n{{range split \";\" .items}}\n1. {{.}}\n{{end}}\n1. last\n",
		"{{if .nick}}\n# Hi\n\n- a\n{{else}}\nOther\n{{end}}\n\nSee [here](https://example.com/?q={{.name}}) or https://example.com/{{.city}}",
		"{{if .name}}Hello{{end}}\n\n`{{.name}}` and \\{\\{x}} and {{`{{`}}\n\n> quote {{.name}}\n> more\n\n    code {{.name}}\n",
		"| a | b |\n|---|--:|\n| 1 | 2 |\n{{if .nick}}\n| 3 | 4 |\n{{end}}\n",
		"{{if .nick}}\n| a | b |\n|---|--:|\n| 1 | 2 |\n{{else}}\nNone\n{{end}}\n",
	} {
		h, txt := body(t, c, md, ExampleData())
		t.Logf("=== %s\n--- html\n%s\n--- text\n%s", md, h, txt)
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	for _, f := range Functions() {
		tx, err := c.Line(f.Name, Source{File: f.Name, Text: f.Example})
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		var b strings.Builder
		if err := tx.Execute(&b, ExampleData()); err != nil || b.String() != f.Result {
			t.Errorf("%s: %s gives %q, %v; want %q", f.Name, f.Example, b.String(), err, f.Result)
		}
	}
}
