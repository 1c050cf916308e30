package templates

import (
	"strings"
	"testing"
)

// The link that ends a subscription leads to the first address that the row has. An empty cell is none: it is wrong
// that the link leads nowhere, as href="" or <>, where the header names another address, and to show a link where
// there is no address at all.
func TestLayoutSkipsAnEmptyAddress(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"<{{.x}}>, <https://e.example/y>":  "<https://e.example/y>",
		"<mailto:out@e.example>, <{{.x}}>": "<mailto:out@e.example>",
		"<{{.x}}>":                         "",
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{Markdown: &Source{File: "b.md", Text: "Hello."},
			Layout: "plain", Look: Look{Unsubscribe: &Source{File: "c.yaml", Text: header}}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		d := Data{Text: map[string]string{"x": ""}}
		html, text := run1(t, body.HTML.Execute, d), run1(t, body.Text.Execute, d)
		if strings.Contains(html, `href=""`) || strings.Contains(text, "<>") || !strings.Contains(text, want) {
			t.Errorf("%s: the text is %q", header, text)
		}
	}
}
