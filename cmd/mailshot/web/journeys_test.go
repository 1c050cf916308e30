package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A newcomer's first campaign, from a starter to sent (to the built-in server).
func TestFirstCampaign(t *testing.T) {
	for _, width := range []int64{375, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			w := open(t, t.TempDir(), width)
			w.shot(fmt.Sprintf("empty-%d", width))
			w.click(`a[href="/new"]`, "form")
			w.shot(fmt.Sprintf("new-%d", width))
			w.click(`main form button`, ".people")
			w.click(`.steps a[href$="/message"]`, "iframe")
			w.shot(fmt.Sprintf("message-%d", width))
			w.click(`.steps a[href$="/plan"]`, `input[value=sink]`)
			w.shot(fmt.Sprintf("plan-%d", width))
			w.click(`main form .actions button`, `#number`)
			w.shot(fmt.Sprintf("planned-%d", width))
			var n string
			w.run(chromedp.AttributeValue(".big", "data-count", &n, nil, chromedp.ByQuery))
			w.run(chromedp.SendKeys("#number", n, chromedp.ByQuery))
			w.click(`.sending button`, `[data-exit="0"]`)
			w.shot(fmt.Sprintf("run-%d", width))
			if s := w.text(`[data-state=sent] .number`); strings.TrimSpace(s) != n {
				t.Errorf("%s sent, not %s", s, n)
			}
			if w.clicks >= 25 {
				t.Errorf("%d clicks", w.clicks)
			}
		})
	}
}
