package web_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// A newcomer's first campaign, from a starter to sent (to the built-in server), and then in another language.
func TestFirstCampaign(t *testing.T) {
	ways(t, func(t *testing.T, y way) {
		w := openBy(t, t.TempDir(), y)
		w.shot(fmt.Sprintf("empty-%d", y.width))
		w.click(`main a[href="/new"]`, "form")
		w.shot(fmt.Sprintf("new-%d", y.width))
		w.click(`main form button`, ".people")
		w.click(`.steps a[href$="/message"]`, "iframe")
		w.shot(fmt.Sprintf("message-%d", y.width))
		w.click(`.steps a[href$="/plan"]`, `input[value=sink]`)
		w.shot(fmt.Sprintf("plan-%d", y.width))
		w.click(`main form .actions button`, `#number`)
		w.shot(fmt.Sprintf("planned-%d", y.width))
		var n string
		w.run(chromedp.AttributeValue(".big", "data-count", &n, nil, chromedp.ByQuery))
		w.fill("#number", n)
		w.click(`.sending button`, `[data-exit="0"]`)
		w.shot(fmt.Sprintf("run-%d", y.width))
		if s := w.number(`[data-state=sent] .number`); s != n {
			t.Errorf("%s sent, not %s", s, n)
		}
		if w.clicks >= 25 {
			t.Errorf("%d clicks", w.clicks)
		}
		w.inLanguage("ar")
		w.click(`.brand`, `html[dir=rtl] .card [data-state=sent], html[dir=rtl] .card .needs`)
	})
}
