package templates

import (
	"strings"
	"testing"
)

// The layout leaves its link that ends a subscription out where the body has it. It is wrong to take for it another
// address that begins with the same letters, one in a comment, or a link that only some rows get: then nothing in the
// message leads out of the list.
func TestLayoutLeavesOutOnlyWhatTheBodyShows(t *testing.T) {
	t.Parallel()
	for _, markdown := range []string{
		"We have a [policy](https://e.example/leave-of-absence).",
		"Hello. <!-- the link is https://e.example/leave -->",
		"{{if .x}}[Leave](https://e.example/leave){{end}} Hello.",
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{Markdown: &Source{File: "b.md", Text: markdown},
			Layout: "plain", Look: Look{Unsubscribe: &Source{File: "c.yaml", Text: "<https://e.example/leave>"}}})
		if err != nil {
			t.Fatal(diagnose(err))
		}
		d := Data{Text: map[string]string{"x": ""}}
		if html := run1(t, body.HTML.Execute, d); !strings.Contains(html, `href="https://e.example/leave"`) {
			t.Errorf("%s: the HTML has no link", markdown)
		}
		if text := run1(t, body.Text.Execute, d); !strings.Contains(text, "<https://e.example/leave>") {
			t.Errorf("%s: the text is %q", markdown, text)
		}
	}
}
