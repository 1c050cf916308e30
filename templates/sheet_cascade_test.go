package templates

import (
	"strings"
	"testing"
)

// Of two classes of an element one may hide it and another, further down in the style sheet or more specific, show it.
// The readers of the HTML see it then. It is wrong that the text part has lost it.
func TestClassesThatShowAgain(t *testing.T) {
	t.Parallel()
	for _, html := range []string{
		`<style>.a{display:none}.b{display:block}</style><div class="a b">Shown</div><p>r</p>`,
		`<style>.a{display:none}.b{display:block}</style><div class="a {{if .x}}b{{end}}">Shown</div><p>r</p>`,
		`<style>#i{display:block}.a{display:none}</style><div class="a" id="i">Shown</div><p>r</p>`,
		`<style>.a{display:none}div.a{display:block}</style><div class="a">Shown</div><p>r</p>`,
	} {
		if text := htmlText(t, html, "x", ""); !strings.Contains(text, "Shown") {
			t.Errorf("%s: %q", html, text)
		}
	}
	// The same the other way round is hidden.
	const html = `<style>.b{display:block}.a{display:none}</style><div class="a b">Shown</div><p>r</p>`
	if text := htmlText(t, html, "x", ""); strings.Contains(text, "Shown") {
		t.Errorf("%s: %q", html, text)
	}
}
