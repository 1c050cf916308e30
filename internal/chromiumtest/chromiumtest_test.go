package chromiumtest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// A page that makes its button anew all the time is read and used all the same. With chromedp.Run in place of Do, and
// with chromedp.Text in place of Text, it fails within a few rounds: no node with the given id is found, or an element
// that is gone has no text.
func TestReplaced(t *testing.T) {
	t.Parallel()
	b := Open(t, true)
	b.Run(chromedp.Navigate(`data:text/html,<p></p><script>
		const anew = () => {
			document.querySelector("p").innerHTML = "<button>Go</button>"
			setTimeout(anew)
		}
		anew()</script>`))
	for i := range 50 {
		var text string
		if b.Run(Text("button", &text)); text != "Go" {
			t.Fatalf("round %d: %q", i, text)
		}
		b.Run(chromedp.Focus("button", chromedp.ByQuery))
	}
}
