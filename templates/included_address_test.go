package templates

import (
	"strings"
	"testing"
	"testing/fstest"
)

// An address may be a template that is included. It is one in the text part too: it is wrong that it ends with a line
// end before the bracket, and that its cells are not escaped as they are in the HTML, where they would be another
// query.
func TestIncludedAddresses(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"https://a.example/?q={{.x}}", "https://a.example/?q={{.x}}\n"} {
		body, err := New(Config{Columns: []string{"x"}, FS: fstest.MapFS{"url.html": &fstest.MapFile{Data: []byte(part)}}}).
			Body(BodySource{HTML: &Source{File: "b.html", Text: `<p><a href="{{template "url.html" .}}">L</a> a</p>`}})
		if err != nil {
			continue // refused
		}
		text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "a b&c=d"}})
		if !strings.Contains(text, "L <https://a.example/?q=a%20b%26c%3Dd>") {
			t.Errorf("%q: %q", part, text)
		}
	}
}
