package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A rehearsal to the built-in server, whose messages open in the window, and one to testers. The people get nothing.
func TestRehearse(t *testing.T) {
	waysOf(t, 3, func(t *testing.T, y way) {
		dir, _, server := club(t)
		w := openBy(t, dir, y)
		w.click(`.card-title a`, ".steps")
		w.click(`.steps a[href$="/rehearse"]`, "#me")
		w.shot(fmt.Sprintf("rehearse-%d", y.width))
		w.click(`button[value=sink]`, "#number")
		w.fill("#number", "2")
		w.click(`.sending button`, `[data-exit="0"]`)
		w.click(`main a[href$="/rehearse"]`, `[data-past="1"]`)
		w.shot(fmt.Sprintf("rehearsed-%d", y.width))
		w.click(`[data-past="1"]`, `tr[data-row]`)
		w.shot(fmt.Sprintf("taken-%d", y.width))
		w.click(`tr[data-row="ann@example.com.eml"] a`, "iframe")
		w.shot(fmt.Sprintf("taken-mail-%d", y.width))
		if s := w.text("main"); !strings.Contains(s, "News for Ann") {
			t.Errorf("%q", s)
		}
		if n := server.Accepted(); n != 0 {
			t.Errorf("the people's server took %d messages", n)
		}
		w.click(`.steps a[href$="/rehearse"]`, "#list")
		w.fill("#list", "eve@example.org\nfay@example.org\n")
		w.click(`button[value=testers]`, "#number")
		var n string
		w.run(chromedp.AttributeValue(".big", "data-count", &n, nil, chromedp.ByQuery))
		w.shot(fmt.Sprintf("testers-planned-%d", y.width))
		w.fill("#number", n)
		w.click(`.sending button`, `[data-exit="0"]`)
		w.shot(fmt.Sprintf("testers-run-%d", y.width))
		if got := server.Accepted(); n != "4" || got != 4 {
			t.Errorf("planned %s, and %d messages went", n, got)
		}
	})
}
