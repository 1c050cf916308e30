package templates

import (
	"strings"
	"testing"
)

// An element with two conditions among its attributes may have a {{block}} in it. The element is in the text part in
// each way through the conditions; it is wrong to define the block in each of them, which no template may.
func TestBlocksWithinConditionsThatHide(t *testing.T) {
	t.Parallel()
	const html = `<div class="{{if .x}}a{{end}}" {{if .y}}hidden{{end}}>{{block "greeting" .}}Hello {{.x}}{{end}}</div><p>b</p>`
	body, err := New(Config{Columns: []string{"x", "y"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	for y, want := range map[string]bool{"": true, "y": false} {
		text := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": "Ann", "y": y}})
		if strings.Contains(text, "Hello Ann") != want {
			t.Errorf("with y = %q it is %q", y, text)
		}
	}
}
