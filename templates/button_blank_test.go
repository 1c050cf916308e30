package templates

import (
	"strings"
	"testing"
)

// &nbsp; and the like are blanks, as the letter that they stand for: a button that says nothing else has no text. One
// whose text is a cell and such a blank is looked at in each row.
func TestButtonsThatSayABlank(t *testing.T) {
	t.Parallel()
	for _, markdown := range []string{
		"[&nbsp;](https://a.example/){.button}",
		"[{{.x}}&nbsp;](https://a.example/){.button}",
		"[&#32;{{.x}}&#160;](https://a.example/){.button}",
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{Markdown: &Source{File: "b.md", Text: markdown}})
		if err == nil {
			err = body.HTML.Execute(&strings.Builder{}, Data{Text: map[string]string{"x": ""}})
		}
		if err == nil || !strings.Contains(err.Error(), "the button has no text") {
			t.Errorf("%s: the error is %v", markdown, err)
		}
	}
}
