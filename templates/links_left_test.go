package templates

import (
	"strings"
	"testing"
)

// A picture's address is left out where a link with words shows the same one further down. A {{continue}} or a
// {{break}} between the two may leave before that link: it is wrong that the row has the address nowhere then.
func TestLinksBehindAContinue(t *testing.T) {
	t.Parallel()
	for _, leave := range []string{"continue", "break"} {
		html := `{{range split ";" "a;b"}}<p><a href="https://a.example/"><img src="https://a.example/i.png" alt="Sale"></a></p>` +
			`{{if $.x}}{{` + leave + `}}{{end}}<p><a href="https://a.example/">See it</a></p>{{end}}`
		if text := htmlText(t, html, "x", ""); !strings.Contains(text, "<https://a.example/>") {
			t.Errorf("%s: %q", html, text)
		}
	}
}
