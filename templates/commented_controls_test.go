package templates

import (
	"strings"
	"testing"
)

// A condition that is written within comments decides about what is between them: html/template leaves the comments
// out and obeys the {{if}}. The text part has to obey it too. It is wrong to leave out the comment with its {{if}},
// because everybody then reads what the template shows to some: so the text part has the paragraph within the same
// condition, or the compiler refuses.
func TestConditionsWithinComments(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<p>a</p><!-- {{if .x}} --><p>Secret</p><!-- {{end}} --><p>b</p>`,
		`<table><tr><td><p>a</p><!-- for some: {{if .x}} --><p>Secret</p><!-- {{end}} --></td></tr></table>`,
		`<p>a</p><!-- {{if not .x}} --><!-- {{else}} --><p>Secret</p><!-- {{end}} --><p>b</p>`,
	} {
		for _, markdown := range []bool{false, true} {
			src := BodySource{HTML: &Source{File: "b.html", Text: html}}
			if markdown {
				src = BodySource{Markdown: &Source{File: "b.md", Text: strings.ReplaceAll(html, "<!--", "\n\n<!--")}}
			}
			body, err := New(Config{Columns: []string{"x"}}).Body(src)
			if err != nil {
				continue // refused
			}
			for _, x := range []string{"x", ""} {
				d := Data{Text: map[string]string{"x": x}}
				made, text := run1(t, body.HTML.Execute, d), run1(t, body.Text.Execute, d)
				if strings.Contains(made, "Secret") != strings.Contains(text, "Secret") {
					t.Errorf("%s: for %q the HTML is %q, and the text %q", html, x, made, text)
				}
			}
		}
	}
}
