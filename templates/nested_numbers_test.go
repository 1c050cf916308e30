package templates

import "testing"

// Every item of a numbered list within an item is as far to the right as the first one. It is wrong that the second one
// of a range stands at the beginning of the line, as "2. v", where it is an item of the list around.
func TestNumbersWithinAnItem(t *testing.T) {
	t.Parallel()
	const html = `<ol>{{range split ";" .x}}<li><p>A {{.}}</p><ol>{{range split ";" "u;v"}}<li>{{.}}</li>{{end}}</ol></li>{{end}}</ol>`
	const want = "1. A a\n\n    1. u\n    2. v\n2. A b\n\n    1. u\n    2. v\n"
	if got := htmlText(t, html, "a;b", ""); got != want {
		t.Errorf("%q rather than %q", got, want)
	}
}

// A condition that is the first thing in a numbered list within a quote decides about whole lines. It is wrong that the
// line begins before it and ends within it: where it does not hold, no row of a table below is one any more, and the
// program makes another text than the engine.
func TestConditionsThatBeginANumberedList(t *testing.T) {
	t.Parallel()
	const html = `<blockquote><ol>{{if .x}}<li>a</li>{{else}}<li>c</li>{{end}}</ol>` +
		`<table><tr><th>f</th><th>g</th></tr><tr><td>long {{.y}}</td><td>h</td></tr></table></blockquote>`
	const want = "> 1. c\n>\n> f       g\n> ------  -\n> long y  h\n"
	if got := htmlText(t, html, "", "y"); got != want {
		t.Errorf("%q rather than %q", got, want)
	}
}
