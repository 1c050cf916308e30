package chromiumtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
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

// A page that is to be seen is not whole before its script has run. Without Loaded, the title is still that of the page
// without its script.
func TestLoaded(t *testing.T) {
	t.Parallel()
	b := Open(t, true)
	come := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/late.js" {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<title>early</title><h1>Here</h1><script type="module" src="/late.js"></script>`)
			return
		}
		select {
		case <-come:
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `document.title = "late"`)
	}))
	t.Cleanup(s.Close)
	b.Run(chromedp.Evaluate(fmt.Sprintf("location.href = %q", s.URL), nil), chromedp.WaitVisible("h1", chromedp.ByQuery))
	close(come)
	b.Run(Loaded())
	if got := b.Text("document.title"); got != "late" {
		t.Errorf("the page is %s", got)
	}
}
