package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mailshot/internal/chromiumtest"
)

// hand is how a person uses a page. A journey is written once, and each hand goes it.
type hand int

const (
	pointer    hand = iota
	keyboard        // the Tab key and others, and no pointer
	scriptless      // a pointer, in a browser that runs no script
)

func (h hand) String() string { return [...]string{"pointer", "keyboard", "scriptless"}[h] }

// way is a hand, and the width of the page.
type way struct {
	hand  hand
	width int64
}

// ways goes a journey in every way. The short form has each hand, and the pointer at both widths.
func ways(t *testing.T, journey func(t *testing.T, y way)) {
	t.Helper()
	waysOf(t, 4, journey)
}

// waysOf is ways with so many of them in the short form: with three, no browser is without script there.
func waysOf(t *testing.T, short int, journey func(t *testing.T, y way)) {
	t.Helper()
	t.Parallel()
	all := []way{{pointer, 375}, {pointer, 1280}, {keyboard, 1280}, {scriptless, 375}, {keyboard, 375}, {scriptless, 1280}}
	for i, y := range all {
		if i >= short && !*long {
			break
		}
		t.Run(fmt.Sprintf("%s-%d", y.hand, y.width), func(t *testing.T) {
			t.Parallel()
			journey(t, y)
		})
	}
}

// click uses what a selector finds, and waits for what is to be there then.
func (w *window) click(selector, then string) {
	w.Helper()
	w.use(selector)
	w.wait(then)
}

// use uses a link, a button, a box or a choice.
func (w *window) use(selector string) {
	w.Helper()
	w.clicks++
	if w.hand == pointer {
		w.run(chromedp.Click(selector, chromedp.NodeVisible, chromedp.ByQuery))
		return
	}
	var kind struct {
		Tag, Type string
		Leaves    bool // another page comes
	}
	w.run(chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.Evaluate(fmt.Sprintf(`((e) => ({Tag: e.tagName,
		Type: e.type ?? "", Leaves: e.tagName === "BUTTON" || e.tagName === "A" && (!e.hash || e.pathname + e.search !==
		location.pathname + location.search)}))(document.querySelector(%q))`, selector), &kind))
	switch {
	case w.hand == scriptless:
		if kind.Leaves {
			w.run(chromedp.Evaluate(`document.documentElement.dataset.left = ""`, nil))
		}
		w.run(chromedp.Click(selector, chromedp.NodeVisible, chromedp.ByQuery))
		if kind.Leaves {
			w.run(chromedp.WaitReady("html:not([data-left]) main", chromedp.ByQuery))
		}
	case kind.Type == "radio":
		w.choose(selector)
	case kind.Type == "checkbox":
		w.tabTo(selector)
		w.run(chromedp.KeyEvent(" "))
	default:
		w.tabTo(selector)
		w.run(chromedp.KeyEvent(kb.Enter))
	}
}

// wait waits for what a selector finds. Without script a person loads the page again.
func (w *window) wait(selector string) {
	w.Helper()
	if w.hand != scriptless {
		w.run(chromedp.WaitVisible(selector, chromedp.ByQuery), chromiumtest.Loaded())
		return
	}
	for limit := time.Now().Add(most); time.Now().Before(limit); {
		if w.has(selector) {
			return
		}
		w.run(chromedp.Reload(), chromedp.WaitReady("main", chromedp.ByQuery))
	}
	w.shot("failed")
	w.Fatalf("no %s:\n%s", selector, w.text("body"))
}

// has reports whether a selector finds something on the page as it is.
func (w *window) has(selector string) (there bool) {
	w.Helper()
	w.run(chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q) !== null", selector), &there))
	return there
}

// standing tells of what has the focus: whether it is what a selector finds first, and whether it is to be seen there.
const standing = `(async (selector) => {
	if (document.readyState !== "complete") await new Promise((go) => addEventListener("load", go)); // its styles
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	const seen = e === document.body || e.tagName === "IFRAME" ||
		s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.bottom > 0 && r.top < innerHeight;
	return {There: e === document.querySelector(selector), Seen: seen, Group: e.type === "radio" ? e.name : "",
		What: e.outerHTML.slice(0, 200)};
})(%q)`

type stood struct {
	There, Seen bool
	Group, What string
}

func (w *window) stands(selector string) (s stood) {
	w.Helper()
	if w.run(chromedp.Evaluate(fmt.Sprintf(standing, selector), &s, awaited)); !s.Seen {
		w.Errorf("the focus is not to be seen at %s", s.What)
	}
	return s
}

// mostStops is how often a person presses Tab for one thing: a page of fifty rows has a few stops in each.
const mostStops = 250

// tabTo presses Tab until what a selector finds has the focus.
func (w *window) tabTo(selector string) {
	w.Helper()
	w.run(chromedp.WaitVisible(selector, chromedp.ByQuery))
	for range mostStops {
		if w.stands(selector).There {
			return
		}
		w.run(chromedp.KeyEvent(kb.Tab))
	}
	w.shot("failed")
	w.Fatalf("Tab does not reach %s", selector)
}

// choose chooses one of a group of choices: Tab leads to the group, arrows within it.
func (w *window) choose(selector string) {
	w.Helper()
	var name string
	w.run(chromedp.AttributeValue(selector, "name", &name, nil, chromedp.ByQuery))
	for range mostStops {
		switch s := w.stands(selector); {
		case s.There:
			w.run(chromedp.KeyEvent(" "))
			return
		case s.Group == name:
			w.run(chromedp.KeyEvent(kb.ArrowDown))
		default:
			w.run(chromedp.KeyEvent(kb.Tab))
		}
	}
	w.Fatalf("no keys choose %s", selector)
}

// fill types a text into a field.
func (w *window) fill(selector, text string) {
	w.Helper()
	if w.hand != keyboard {
		w.run(chromedp.SendKeys(selector, text, chromedp.ByQuery))
		return
	}
	w.tabTo(selector)
	w.run(chromedp.KeyEvent(text))
}

// pick chooses a value of a select. The keyboard goes through the values.
func (w *window) pick(selector, value string) {
	w.Helper()
	if w.hand != keyboard {
		w.run(chromedp.WaitVisible(selector, chromedp.ByQuery), chromedp.Evaluate(fmt.Sprintf(`((s, v) => { s.value = v;
			s.dispatchEvent(new Event("change", {bubbles: true})); })(document.querySelector(%q), %q)`, selector, value), nil))
		return
	}
	w.tabTo(selector)
	w.run(chromedp.KeyEvent(kb.Home))
	for range 100 {
		var now string
		if w.run(chromedp.Value(selector, &now, chromedp.ByQuery)); now == value {
			return
		}
		w.run(chromedp.KeyEvent(kb.ArrowDown))
	}
	w.Fatalf("no keys choose %s in %s", value, selector)
}

// attach chooses files. The keyboard opens the dialog of the browser, in which they are chosen.
func (w *window) attach(selector string, files ...string) {
	w.Helper()
	if w.hand != keyboard {
		w.run(chromedp.SetUploadFiles(selector, files, chromedp.ByQuery))
		return
	}
	opened := make(chan cdp.BackendNodeID, 1)
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	chromedp.ListenTarget(ctx, func(e any) {
		if e, ok := e.(*page.EventFileChooserOpened); ok {
			opened <- e.BackendNodeID
		}
	})
	w.run(page.SetInterceptFileChooserDialog(true))
	w.tabTo(selector)
	w.run(chromedp.KeyEvent(" "))
	select {
	case id := <-opened:
		w.run(dom.SetFileInputFiles(files).WithBackendNodeID(id))
	case <-time.After(most):
		w.Fatalf("no key opens %s", selector)
	}
}

// inLanguage chooses the language of the pages. Seen to fail where each arrow sends the choice: the second one is never
// reached.
func (w *window) inLanguage(lang string) {
	w.Helper()
	w.pick(".languages select", lang)
	then := fmt.Sprintf("html[lang=%s] h1", lang)
	switch w.hand {
	case keyboard:
		if w.has(then) {
			w.Error("an arrow sends the choice")
		}
		w.run(chromedp.KeyEvent(kb.Enter))
		w.wait(then)
	case scriptless:
		w.click(".languages button", then)
	case pointer:
		w.wait(then)
	}
}

// number is the text of what a selector finds, without blanks.
func (w *window) number(selector string) string {
	w.Helper()
	return strings.TrimSpace(w.text(selector))
}
