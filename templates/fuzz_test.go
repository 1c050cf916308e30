package templates

import (
	"strings"
	"testing"
	"text/template/parse"
)

// Whatever the source, what scan calls an action is what the template parser calls one: hiding and showing without Markdown
// in between gives a template that prints the same as the source.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{"a {{.x}} b", "{{/* }} */}}{{- .x -}}", "{{`}}`}}", `{{"}}\""}}`, "{{'}'}}", "{{{.x}}", "{{.x}}{", "xqzj {{.x}}", "{{if .x}}\n- a\n{{else}}\nb\n{{end}}",
		"{{range list 1 2}}| {{.}} |{{end}}", "{{- /* a */ -}}", "\\{\\{x}}", "{ {{.x}} }", "{{$a := 1}}{{$a}}", "{{template \"a\"}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := newSource(Source{Text: text})
		actions, unclosed := scan(src.Text)
		tree := parse.New("t")
		tree.Mode = parse.SkipFuncCheck
		_, err := tree.Parse(src.Text, "", "", map[string]*parse.Tree{})
		if err != nil {
			return // what does not parse is refused before tokens are made
		}
		if unclosed >= 0 {
			t.Fatalf("%q: the parser finds an end, scan none", src.Text)
		}
		ts := newTokens(src, actions)
		shown := ts.show(ts.hide())
		again := parse.New("t")
		again.Mode = parse.SkipFuncCheck
		if _, err := again.Parse(shown.text, "", "", map[string]*parse.Tree{}); err != nil {
			t.Fatalf("%q became %q: %v", src.Text, shown.text, err)
		}
		if !strings.Contains(src.Text, "{{{") && !strings.Contains(shown.text, `{{"{`) && tree.Root.String() != again.Root.String() {
			t.Fatalf("%q became %q", src.Text, shown.text)
		}
		if !strings.Contains(src.Text, "define") && !strings.Contains(src.Text, "block") {
			_, _, _ = renderMarkdown(src) // must not panic
			_, _ = fromMarkdown(src)
			_, _ = fromHTML(src)
		}
	})
}
