package templates

import (
	"strings"
	"testing"
	"text/template/parse"

	"mailshot/templates/plaintext"
	"mailshot/templates/source"
)

// Whatever the source, Scan and the template parser agree on what an action is. Hiding and showing, without Markdown in
// between, gives a template that prints the same as the source.
func FuzzTokens(f *testing.F) {
	for _, s := range []string{"a {{.x}} b", "{{/* }} */}}{{- .x -}}", "{{`}}`}}", `{{"}}\""}}`, "{{'}'}}", "{{{.x}}",
		"{{.x}}{", "xqzj {{.x}}", "{{if .x}}\n- a\n{{else}}\nb\n{{end}}",
		"{{range list 1 2}}| {{.}} |{{end}}", "{{- /* a */ -}}", "\\{\\{x}}", "{ {{.x}} }", "{{$a := 1}}{{$a}}",
		"{{template \"a\"}}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := source.New("", 0, 0, text)
		actions, unclosed := source.Scan(src.Text)
		tree := parse.New("t")
		tree.Mode = parse.SkipFuncCheck
		_, err := tree.Parse(src.Text, "", "", map[string]*parse.Tree{})
		if err != nil {
			return // what does not parse is refused before tokens are made
		}
		if unclosed >= 0 {
			t.Fatalf("%q: the parser finds an end, scan none", src.Text)
		}
		ts := source.NewTokens(src, actions)
		shown := ts.Show(ts.Hide())
		again := parse.New("t")
		again.Mode = parse.SkipFuncCheck
		if _, err := again.Parse(shown.Text, "", "", map[string]*parse.Tree{}); err != nil {
			t.Fatalf("%q became %q: %v", src.Text, shown.Text, err)
		}
		if !strings.Contains(src.Text, "{{{") && !strings.Contains(shown.Text, `{{"{`) &&
			tree.Root.String() != again.Root.String() {
			t.Fatalf("%q became %q", src.Text, shown.Text)
		}
		if !strings.Contains(src.Text, "define") && !strings.Contains(src.Text, "block") {
			_, _ = New(Config{}).newSet(true).markdownToHTML(src) // must not panic
			_, _ = New(Config{}).markdownToText(src)
			_, _ = plaintext.FromHTML(src, plaintext.Options{})
		}
	})
}
