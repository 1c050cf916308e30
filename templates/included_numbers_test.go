package templates

import (
	"testing"
	"testing/fstest"
)

// The list of a template that is included has numbers of its own: it is wrong that the list around goes on with them.
func TestNumbersOfAnIncludedList(t *testing.T) {
	t.Parallel()
	body, err := New(Config{Columns: []string{"x"}, FS: fstest.MapFS{"part.html": &fstest.MapFile{
		Data: []byte(`<p>Item {{.}}</p><ol>{{range split ";" "u;v"}}<li>{{.}}</li>{{end}}</ol>`),
	}}}).Body(BodySource{HTML: &Source{File: "b.html",
		Text: `<ol>{{range split ";" .x}}<li>{{template "part.html" .}}</li>{{end}}</ol>`}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	const want = "1. Item a\n\n    1. u\n    2. v\n2. Item b\n\n    1. u\n    2. v\n3. Item c\n\n    1. u\n    2. v\n"
	if got := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "a;b;c"}}); got != want {
		t.Errorf("%q rather than %q", got, want)
	}
}
