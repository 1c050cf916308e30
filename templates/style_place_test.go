package templates

import (
	"strings"
	"testing"
)

// A cell in a style sheet that is not safe there has the place where its action is written, also where the rule has
// been inlined into the style= of elements: it is wrong to name the place of an element, in which there is no action.
func TestPlaceOfACellInAnInlinedRule(t *testing.T) {
	t.Parallel()
	const html = "<style>p{color:{{.x}}}</style>\n<p>a</p>\n<p>b</p>"
	body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
	if err != nil {
		t.Fatal(diagnose(err))
	}
	err = body.HTML.Execute(&strings.Builder{}, Data{Text: map[string]string{"x": "red;}b{x:y"}})
	if err == nil || !strings.HasPrefix(err.Error(), "b.html:1:18: a cell is not safe") {
		t.Errorf("the error is %v", err)
	}
}
