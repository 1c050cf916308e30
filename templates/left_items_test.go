package templates

import (
	"strings"
	"testing"
)

// {{break}} or {{continue}} may leave an item or a quote in its middle. What comes after it is what it is: it is
// wrong that the line with marks that was left never ends, so that no quote further down has its sign and no table
// its columns. Then the words that somebody else said stand there as the sender's.
func TestMarksAfterAnItemThatIsLeft(t *testing.T) {
	t.Parallel()
	const after = `<blockquote>{{.x}} said</blockquote><table><tr><th>a</th><th>b</th></tr><tr><td>long {{.x}}</td><td>1</td></tr></table>`
	for _, html := range []string{
		`<ul>{{range split ";" "a;b;c"}}<li>{{if eq . "b"}}<p>bee</p>{{break}}{{end}}<p>item {{.}}</p></li>{{end}}</ul>` +
			after,
		`<ul>{{range split ";" "a;b;c"}}<li>{{if eq . "b"}}{{continue}}{{end}}<p>item {{.}}</p></li>{{end}}</ul>` + after,
		`<blockquote>{{range split ";" "a;b;c"}}<ul><li>{{if eq . "b"}}<p>bee</p>{{continue}}{{end}}<p>item {{.}}</p></li></ul>` +
			`{{end}}</blockquote>` + after,
		`<blockquote><ol>{{if .y}}<li>a</li>{{end}}</ol></blockquote>` + after,
	} {
		text := htmlText(t, html, "Ann\nLee", "")
		if !strings.Contains(text, "> Ann\n> Lee said\n") {
			t.Errorf("%s: the quote is lost in %q", html, text)
		}
		if !strings.Contains(text, "---  -\n") {
			t.Errorf("%s: the table is lost in %q", html, text)
		}
	}
}
