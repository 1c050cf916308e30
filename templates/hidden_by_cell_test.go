package templates

import (
	"strings"
	"testing"
)

// A cell that is a class decides whether a style sheet hides the element, as one in style="display:{{.x}}" does. The
// compiler refuses that one, because the text part cannot know; it has to refuse this one too where the sheet hides a
// class. It is wrong to show what the HTML of that row hides.
func TestCellsThatHideByAClass(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<style>.paid{display:none}</style><div class="{{.x}}">Please pay</div><p>b</p>`,
		`<style>.due-paid{display:none}</style><div class="due-{{.x}}">Please pay</div><p>b</p>`,
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			continue // refused
		}
		if text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "paid"}}); strings.Contains(text, "pay") {
			t.Errorf("%s: %q", html, text)
		}
	}
}
