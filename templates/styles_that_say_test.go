package templates

import "testing"

// A condition in a style may decide whether a text is struck through, or whether it is too small to be read. The text
// part says of a row what the HTML says of it, or the compiler refuses: it is wrong to strike a price through that
// still holds, and to show what nobody can read.
func TestConditionsInStylesThatSaySomething(t *testing.T) {
	t.Parallel()
	for html, want := range map[string][2]string{ // with x, without
		`<p>a <span style="text-decoration:{{if .x}}line-through{{else}}none{{end}}">100</span> b</p>`: {"a ~~100~~ b\n",
			"a 100 b\n"},
		`<p>a <span {{if .x}}style="text-decoration:line-through"{{end}}>100</span> b</p>`: {"a ~~100~~ b\n",
			"a 100 b\n"},
		`<p>a <span style="font-size:{{if .x}}0{{else}}14px{{end}}">100</span> b</p>`: {"a b\n",
			"a 100 b\n"},
		`<p>a <span {{if .x}}style="font-size:0"{{end}}>100</span> b</p>`: {"a b\n",
			"a 100 b\n"},
	} {
		body, err := New(Config{Columns: []string{"x"}}).Body(BodySource{HTML: &Source{File: "b.html", Text: html}})
		if err != nil {
			continue // refused
		}
		for i, x := range []string{"x", ""} {
			if got := run1(t, body.Text.Execute, Data{Text: map[string]string{"x": x}}); got != want[i] {
				t.Errorf("%s: %q rather than %q", html, got, want[i])
			}
		}
	}
}
