package desk_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"mailshot/internal/chromiumtest"
)

// pictures is a folder into which the test writes pictures of what it sees.
var pictures = flag.String("pictures", "", "write pictures of the page into this `folder`")

var long = flag.Bool("desk.long", false, "look at the page in every language")

// reader is a real browser that looks at the desk, and runs no script of a page.
type reader struct {
	*house
	*chromiumtest.Browser
	url string
}

// look starts a browser. The test is skipped where there is no Chromium.
func look(t *testing.T) *reader {
	t.Helper()
	r := &reader{newHouse(t, nil), chromiumtest.Open(t, false), ""}
	r.Pictures = *pictures
	s := httptest.NewServer(r.desk)
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

// press presses a button, and waits for the page behind it.
func (r *reader) press(selector string) {
	r.Browser.Helper()
	r.Run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery))
		return err
	}))
}

// In a browser without scripts, a person chooses a language, unsubscribes and takes it back, on a phone and on a desk,
// light and dark, from left to right and from right to left. Nothing keeps people out, by axe-core, nothing is wider than
// the screen, and the browser asks nobody else and complains about nothing.
func TestBrowser(t *testing.T) {
	t.Parallel()
	r := look(t)
	path := r.url + "/unsubscribe?token=" + r.of(news, ann)
	looks := []struct {
		lang, scheme string
		width        int64
	}{{"en", "light", 1000}, {"fa", "dark", 375}, {"de", "dark", 320}, {"ar", "light", 375}, {"fr", "light", 375},
		{"es", "dark", 1000}}
	if !*long {
		looks = looks[:2]
	}
	for _, c := range looks {
		name := func(what string) string { return strings.Join([]string{what, c.lang, c.scheme}, "-") }
		r.As(c.width, c.scheme)
		r.Run(chromedp.Navigate(path))
		if c.lang != "en" {
			r.press(`button[value="` + c.lang + `"]`)
		}
		r.Seen(name("ask"), c.width)
		r.lists()
		r.press("button.main")
		r.Seen(name("done"), c.width)
		r.lists(byPage)
		var lang string
		r.Run(chromedp.Evaluate("document.documentElement.lang", &lang))
		if lang != c.lang {
			t.Errorf("the answer is in %s, not in %s", lang, c.lang)
		}
		r.press(".undo button")
		r.Seen(name("undone"), c.width)
		r.lists()
	}
	r.Run(chromedp.Navigate(path))
	r.Run(chromedp.Click(`input[value="this"]`, chromedp.ByQuery)) // nothing is chosen
	r.press("button.main")
	r.Seen("none-en-light", 375)
	r.Run(chromedp.Navigate(r.url + "/u/"))
	r.Seen("missing-en-light", 375)
	asked, said := r.Heard()
	for _, address := range asked {
		if !strings.HasPrefix(address, r.url) {
			t.Errorf("the browser asked for %s", address)
		}
	}
	if len(said) > 0 {
		t.Errorf("%q", said)
	}
	if !r.Axe() {
		t.Skip("no axe-core on this machine: npm pack axe-core@4.14.1, and AXE=…/axe.min.js")
	}
}
