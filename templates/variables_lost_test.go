package templates

import (
	"strings"
	"testing"
)

// What is not in the text part may set a variable that the text part prints, or by which it decides. The text part
// has to set it too, or the compiler refuses: it is wrong to print what the variable was before. These are an element
// that is hidden, one that a condition hides, an attribute, and what stands before the first element after a style
// sheet.
func TestVariablesOfWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`{{$n := "old"}}<div hidden>{{$n = "new"}}</div><p>{{$n}}</p>`,
		`{{$n := "old"}}<div {{if .x}}hidden{{end}}>{{$n = "new"}}q</div><p>{{$n}}</p>`,
		`{{$n := "old"}}<div class="{{if .x}}{{$n = "new"}}late{{end}}">q</div><p>{{$n}}</p>`,
		`{{$n := "old"}}<p>a</p><div style="{{$n = "new"}}color:red">q</div><p>{{$n}}</p>`,
		`{{$n := "old"}}<p>a</p><!-- {{$n = "new"}} --><p>{{$n}}</p>`,
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			continue // refused
		}
		for _, x := range []string{"x", ""} {
			d := Data{Text: map[string]string{"x": x}}
			made, text := run1(t, body.HTML.Execute, d), run1(t, body.Text.Execute, d)
			for _, word := range []string{"old", "new"} {
				if strings.Contains(made, "<p>"+word+"</p>") != strings.Contains(text, word) {
					t.Errorf("%s: for %q the HTML is %q, and the text %q", html, x, made, text)
				}
			}
		}
	}
}
