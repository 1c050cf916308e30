package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Wherever a template can name a column, an alias of the column can stand. A name that is not an alias is as wrong as
// before. Broken once by leaving the tree as it was written: what was compiled without an error had no value.
func TestAlias(t *testing.T) {
	t.Parallel()
	c := New(Config{
		Columns: []string{"name", "First name", "amount"},
		FS: fstest.MapFS{"part.html": {Data: []byte("<i>{{.NAME}}</i>")},
			"frame.html": {Data: []byte("<p>{{.NAME}}</p>{{template \"content\" .}}")}},
		Alias: func(name string) string {
			if name == "NAME" || name == "FIRST NAME" || name == "AMOUNT" {
				return map[string]string{"NAME": "name", "FIRST NAME": "First name", "AMOUNT": "amount"}[name]
			}
			return map[string]string{"stray": "no column"}[name]
		},
	})
	d := Data{Values: map[string]any{"name": "Ann", "First name": "Anna", "amount": 2.0},
		Text: map[string]string{"name": "Ann", "First name": "Anna", "amount": "2"}}
	for text, want := range map[string]string{
		`{{.NAME}} {{$.NAME}}`:                               "Ann Ann",
		`{{upper .NAME}}{{.NAME | lower}}`:                   "ANNann",
		`{{col "FIRST NAME"}} {{index . "FIRST NAME"}}`:      "Anna Anna",
		`{{if gt .AMOUNT 1}}{{with .name}}{{$.NAME}}{{end}}`: "",
		`{{$x := .}}{{$x.NAME}}{{(.).NAME}}`:                 "AnnAnn",
	} {
		if want == "" {
			text, want = text+"{{end}}", "Ann"
		}
		l, err := c.Line("subject", Source{Text: text})
		if err != nil {
			t.Errorf("%s: %s", text, diagnose(err))
			continue
		}
		if got := run1(t, l.Execute, d); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	b, err := c.Body(BodySource{Layout: "frame.html", HTML: &Source{File: "body.html",
		Text: `<b>{{.NAME}}</b>{{template "part.html" .}}`}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	if got := run1(t, b.HTML.Execute, d); !strings.Contains(got, "<p>Ann</p><b>Ann</b><i>Ann</i>") ||
		!strings.Contains(run1(t, b.Text.Execute, d), "Ann") {
		t.Error(got)
	}
	for _, text := range []string{`{{.Name}}`, `{{.stray}}`} {
		if _, err := c.Line("subject", Source{Text: text}); err == nil || !strings.Contains(diagnose(err), "missing-column") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
