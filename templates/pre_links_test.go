package templates

import (
	"strings"
	"testing"
)

// A link within <pre> is written without its address. It is wrong to count it as the link that shows the address, and
// to leave the address out of another link too: then the text part has it nowhere.
func TestLinksWithinPre(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<pre>code <a href="https://a.example/">x</a></pre><p><a href="https://a.example/">See it</a></p>`,
		`<pre>code <a href="https://a.example/">x</a></pre><p>b</p>`,
	} {
		if text := htmlText(t, html, "", ""); !strings.Contains(text, "https://a.example/") {
			t.Errorf("%s: %q", html, text)
		}
	}
}
