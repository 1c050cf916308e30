package templates

import (
	"strings"
	"testing"
)

// What <pre> does not show to the readers of the HTML, the text part does not show them either: a comment, which
// html/template leaves out with the cells in it, and what is hidden. A <br> ends a line there too.
func TestHiddenWithinPre(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<pre>a<!-- secret {{.x}} -->b</pre>`,
		`<pre>a<span hidden>secret</span>b</pre>`,
		`<pre>a<span style="display:none">secret {{.x}}</span>b</pre>`,
		`<pre>a<span {{if .x}}hidden{{end}}>secret</span>b</pre>`,
	} {
		if text := htmlText(t, html, "secret", ""); strings.Contains(text, "secret") {
			t.Errorf("%s becomes %q", html, text)
		}
	}
	if text := htmlText(t, `<pre>a<br>b</pre>`, "", ""); strings.Contains(text, "ab") {
		t.Errorf("%q", text)
	}
}
