package templates

import (
	"strings"
	"testing"
)

// A body may begin with its style sheet, as a part that somebody has cut out of a document does. A control behind the
// sheet belongs to the text part: it is wrong that it goes with the head, so that the compiler says of its {{end}} that
// it has no {{if}}.
func TestControlsBehindAStyleSheet(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<style>p{color:red}</style>{{if .x}}<p>a</p>{{end}}<p>b</p>`:                        "a\n\nb\n",
		`<style>p{color:red}</style>{{range split ";" .x}}<p>a {{.}}</p>{{end}}<p>b</p>`:     "a x\n\nb\n",
		`<style>p{color:red}</style>` + "\n" + `{{$n := .x}}<p>a</p><p>{{$n}}</p>`:           "a\n\nx\n",
		`<title>t</title><style>p{color:red}</style>{{with .x}}<p>a</p>{{end}}<p>{{.x}}</p>`: "a\n\nx\n",
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			t.Errorf("%s: %s", html, strings.SplitN(diagnose(err), "\n", 2)[0])
			continue
		}
		if got := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "x"}}); got != want {
			t.Errorf("%s: %q rather than %q", html, got, want)
		}
	}
}
