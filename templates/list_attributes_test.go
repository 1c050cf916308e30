package templates

import (
	"strings"
	"testing"
)

// A condition among the attributes of a numbered list or of an item decides on its number. The text part has the number
// that the HTML shows, or the compiler refuses as it does for start="{{if .x}}5{{else}}1{{end}}": it is wrong to count
// as if there were no such attribute.
func TestConditionsOnNumbers(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		`<ol {{if .x}}start="5"{{end}}><li>a</li><li>b</li></ol>`:         "5. a\n6. b\n",
		`<ol {{if .x}}reversed{{end}}><li>a</li><li>b</li></ol>`:          "2. a\n1. b\n",
		`<ol><li {{if .x}}value="7"{{end}}>a</li><li>b</li></ol>`:         "7. a\n8. b\n",
		`<ol {{if .x}}type="a"{{end}}><li>a</li><li>b</li></ol>`:          "a. a\nb. b\n",
		`<ol type="{{if .x}}a{{else}}1{{end}}"><li>a</li><li>b</li></ol>`: "a. a\nb. b\n",
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			if !strings.Contains(diagnose(err), "unclear-text") {
				t.Error(diagnose(err))
			}
			continue
		}
		if got := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "x"}}); got != want {
			t.Errorf("%s: %q rather than %q", html, got, want)
		}
	}
}
