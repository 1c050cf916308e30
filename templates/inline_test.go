package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

// The styles of a layout reach the Markdown in it and a partial of that. An alias in a style is replaced where the
// style goes, and a cell is escaped there as in <style>. Proven by leaving out unalias in set.inline: the row had no
// column then.
func TestLayoutStylesReachContent(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"layout.html": {Data: []byte(`<html><head><style>
h1 { color: {{.colour}} }
p { margin: 0 }
.note { font-family: "Segoe UI", serif }
@media (max-width: 600px) { p { margin: 9px !important } }
</style></head><body>{{template "content" .}}</body></html>`)},
		"note.html": {Data: []byte(`<div class="note">{{.name}}</div>`)},
	}
	columns := Config{FS: files, Columns: []string{"name", "color"}, Alias: func(name string) string {
		return map[string]string{"colour": "color"}[name]
	}}
	text := "# Hello {{.name}}\n\ntext\n\n{{template \"note.html\" .}}\n"
	markdown := BodySource{Markdown: &Source{File: "body.md", Text: text},
		Layout: "layout.html"}
	body, err := New(columns).Body(markdown)
	if err != nil {
		t.Fatal(diagnose(err))
	}
	row := Data{Text: map[string]string{"name": "<b>", "color": "#0a5"}}
	got := run1(t, body.HTML.Execute, row)
	for _, want := range []string{
		`<h1 style="color:#0a5">Hello &lt;b&gt;</h1>`, `<p style="margin:0">text</p>`,
		`<div style="font-family:'Segoe UI', serif" class="note">&lt;b&gt;</div>`,
		"<style>\n@media (max-width: 600px) { p { margin: 9px !important } }\n</style>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	row.Text["color"] = "red;background:url(https://evil.example/x)"
	if err := body.HTML.Execute(new(strings.Builder), row); err == nil {
		t.Error("a cell became a declaration")
	}
	markdown.NoInline = true
	if body, err = New(columns).Body(markdown); err != nil {
		t.Fatal(err)
	}
	row.Text["color"] = "#0a5"
	if got := run1(t, body.HTML.Execute, row); strings.Contains(got, "style=") {
		t.Errorf("inlined all the same:\n%s", got)
	}
}
