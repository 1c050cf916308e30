package web_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"mailshot/cmd/mailshot/web/runs"
)

// browser is a real browser before a world. It has the world's cookie.
func (w *world) browser(width int64, life time.Duration) *window {
	b := &window{T: w.T, Window: w.Window, Dir: w.Dir}
	b.browse(width, life)
	name, value, _ := strings.Cut(w.cookie, "=")
	b.run(network.SetCookie(name, value).WithURL(w.origin()).WithHTTPOnly(true).
		WithSameSite(network.CookieSameSiteStrict))
	return b
}

// language chooses the language of the pages.
func (w *window) language(origin, lang string) {
	w.Helper()
	w.run(network.SetCookie("mailshot-language", lang).WithURL(origin))
}

// scheme chooses light or dark.
func (w *window) scheme(name string) {
	w.Helper()
	w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}))
}

// pages are the addresses of all pages of a world, in the phase in which its campaigns are: those that the mux and the
// links lead to. Of pages that differ only in a number there is one.
func (w *world) pages() []string {
	w.Helper()
	c := &crawl{world: w}
	c.phase("", true)
	var all []string
	seen := map[string]bool{}
	for _, v := range c.all {
		target, ok := strings.CutPrefix(v.how, ": GET ")
		target, status, _ := cutLast(target, ": ")
		// The ways to see a message are looked at for the list that is in order.
		main := strings.Contains(target, "xx%2F")
		kind := kindOf(target)
		if ok && !v.saved && len(v.shape) > 1 && status != "404" && !seen[kind] && (main || !strings.Contains(target, "?")) &&
			!strings.HasPrefix(target, pathOf("odd id.yaml", "")) && !strings.HasPrefix(target, pathOf("xx-no.yaml", "")) {
			seen[kind] = true
			all = append(all, target)
		}
	}
	return append(all, "/nothing")
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// axe finds axe-core: the file that AXE names, else that of a node_modules at the top of the repository.
func axe(t *testing.T) string {
	t.Helper()
	name := os.Getenv("AXE")
	if name == "" {
		name = "../../../node_modules/axe-core/axe.min.js"
	}
	script, err := os.ReadFile(name)
	if err != nil {
		t.Skip("no axe-core on this machine: npm install --no-save axe-core@4.14.1, or AXE=…/axe.min.js")
	}
	return string(script)
}

// violations are what axe-core finds wrong on the page that the browser shows.
const violations = `axe.run(document, {iframes: false, resultTypes: ["violations"]}).then((r) => r.violations.map((v) =>
	v.id + ": " + v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " (" + n.any.concat(n.all, n.none).map((c) => c.message).join("; ") + ")").join(", ")))`

// No page has a fault that axe-core finds: at the width of a phone and of a desk, light and dark, in English and from
// right to left.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	needChromium(t)
	script := axe(t)
	w := newWorld(t, "x")
	b := w.browser(1280, 8*time.Minute)
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
	look := func(phase string, targets []string) {
		for _, how := range []struct {
			width        int64
			scheme, lang string
		}{{375, "light", "en"}, {375, "dark", "fa"}, {1280, "dark", "en"}, {1280, "light", "fa"}} {
			b.language(w.origin(), how.lang)
			b.scheme(how.scheme)
			b.run(emulation.SetDeviceMetricsOverride(how.width, 900, 1, how.width < 600))
			for _, target := range targets {
				var found []string
				var wide int64
				b.run(chromedp.Navigate(w.origin()+target), chromedp.WaitReady("main", chromedp.ByQuery),
					chromedp.WaitNotPresent("[data-poll]", chromedp.ByQuery), chromedp.Evaluate(violations, &found, awaited), chromedp.Evaluate("document.documentElement.scrollWidth", &wide))
				for _, f := range found {
					t.Errorf("%s %s, %d px, %s, %s: %s", phase, target, how.width, how.scheme, how.lang, f)
				}
				if wide > how.width {
					t.Errorf("%s %s, %d px, %s: the page is %d px wide", phase, target, how.width, how.lang, wide)
				}
			}
		}
	}
	plan := pathOf(w.Main, "plan")
	look("new", []string{"/", plan, pathOf(w.Main, "run")})
	w.plan(w.Main)
	w.plan("wrong/campaign.yaml")
	w.until(w.Main, runs.Planned)
	w.until("wrong/campaign.yaml", runs.Ended)
	look("planned", []string{plan, pathOf("wrong/campaign.yaml", "plan")})
	w.send(w.Main, w.addresses)
	targets := w.pages()
	if len(targets) < 20 {
		t.Fatalf("%d pages: the test looks at nothing", len(targets))
	}
	look("sent", few(targets))
}

// long has the tests look at every address of every page, which takes several times as long.
var long = flag.Bool("window.long", false, "look at every address of every page")

// few are the first address of each path, and all of them in the long form.
func few(targets []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(targets), func(target string) bool {
		path, _, _ := strings.Cut(target, "?")
		was := seen[path]
		seen[path] = true
		return was && !*long
	})
}

func awaited(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }

// reachable are the elements of a page that a person may use, and that are to be seen; those of a group of choices are
// one. Each gets a number in data-test.
const reachable = `(() => {
	const groups = new Set(); let n = 0;
	for (const e of document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")) {
		const r = e.getBoundingClientRect(), s = getComputedStyle(e);
		if (e.disabled || e.type === "hidden" || e.tabIndex < 0 || s.visibility === "hidden" || r.width === 0 || e.closest("dialog:not([open]), [inert]") || e.tagName !== "SUMMARY" && e.closest("details:not([open])")) continue;
		if (e.type === "radio") { if (groups.has(e.name)) continue; groups.add(e.name); e.form?.querySelectorAll("input[name='" + e.name + "']").forEach((x) => x.dataset.test = n); }
		e.dataset.test = n++;
	}
	return n;
})()`

// focused is the number of the element that has the focus, and whether that is to be seen.
const focused = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	const seen = e.tagName === "IFRAME" || s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.bottom > 0 && r.top < innerHeight;
	return (e.dataset.test ?? "-1") + (seen ? "" : " unseen");
})()`

// All that a pointer can use on any page, the Tab key reaches, once around, and the focus is to be seen there.
func TestTab(t *testing.T) {
	t.Parallel()
	needChromium(t)
	w := newWorld(t, "x")
	w.plan(w.Main)
	w.until(w.Main, runs.Planned)
	b := w.browser(1280, 5*time.Minute)
	targets := w.pages()
	if len(targets) < 20 {
		t.Fatalf("%d pages: the test looks at nothing", len(targets))
	}
	for _, target := range targets {
		if strings.Contains(target, "view=") && !strings.Contains(target, "view=text") {
			continue // the same page with another picture
		}
		var n int
		b.run(chromedp.Navigate(w.origin()+target), chromedp.WaitReady("main", chromedp.ByQuery),
			chromedp.WaitNotPresent("[data-poll]", chromedp.ByQuery), chromedp.Evaluate(reachable, &n))
		reached := map[string]bool{}
		for range n + 40 { // a frame has stops of its own
			var at string
			b.run(chromedp.KeyEvent("\t"), chromedp.Evaluate(focused, &at))
			if strings.HasSuffix(at, " unseen") && !strings.HasPrefix(at, "-1") {
				var html string
				b.run(chromedp.Evaluate("document.activeElement.outerHTML.slice(0, 200)", &html))
				t.Errorf("%s: the focus is not to be seen at %s", target, html)
				at = strings.TrimSuffix(at, " unseen")
			}
			if reached[at] = true; len(reached) > n {
				break
			}
		}
		delete(reached, "-1")
		delete(reached, "-1 unseen")
		for i := range n {
			if !reached[fmt.Sprint(i)] {
				var html string
				b.run(chromedp.Evaluate(fmt.Sprintf("document.querySelector(`[data-test='%d']`)?.outerHTML.slice(0, 200) ?? ''", i), &html))
				if html != "" { // else the page was made anew since
					t.Errorf("%s: Tab does not reach %s", target, html)
				}
			}
		}
	}
}

// press presses a key, and waits for what is to be there then.
func (w *window) press(key, then string) {
	w.Helper()
	w.run(chromedp.KeyEvent(key), chromedp.WaitVisible(then, chromedp.ByQuery))
}

// tabTo presses Tab until what a selector finds has the focus.
func (w *window) tabTo(selector string) {
	w.Helper()
	for range 100 {
		var there bool
		w.run(chromedp.KeyEvent("\t"), chromedp.Evaluate(fmt.Sprintf("document.activeElement.matches(%q)", selector), &there))
		if there {
			return
		}
	}
	w.Fatalf("Tab does not reach %s", selector)
}

// A newcomer's first campaign by the keyboard alone, from a starter to sent.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir(), 1280)
	w.press("?", "#keys")
	w.run(chromedp.KeyEvent("\x1b"), chromedp.WaitNotVisible("#keys", chromedp.ByQuery))
	w.tabTo(`main a[href="/new"]`)
	w.press("\r", `input[name=kind]`)
	w.tabTo(`input[name=folder]`)
	w.press("\r", ".steps")
	w.run(chromedp.KeyEvent("g"))
	w.press("s", `input[value=sink]`)
	w.tabTo(`main form .actions button`)
	w.press("\r", `#number`)
	var n string
	w.run(chromedp.AttributeValue(".big", "data-count", &n, nil, chromedp.ByQuery))
	w.tabTo(`#number`)
	w.run(chromedp.KeyEvent(n))
	w.press("\r", `[data-exit="0"]`)
	if s := w.text(`[data-state=sent] .number`); strings.TrimSpace(s) != n {
		t.Errorf("%s sent, not %s", s, n)
	}
}

// The same without script: the pages are whole, and a reload shows how far it is.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	w := open(t, t.TempDir(), 375)
	w.run(emulation.SetScriptExecutionDisabled(true), chromedp.Reload(), chromedp.WaitVisible("h1", chromedp.ByQuery))
	w.click(`main a[href="/new"]`, `input[name=kind]`)
	w.click(`main form button`, ".steps")
	w.click(`.steps a[href$="/plan"]`, `input[value=sink]`)
	w.click(`main form .actions button`, `h1`)
	w.reload(`#number`)
	var n string
	w.run(chromedp.AttributeValue(".big", "data-count", &n, nil, chromedp.ByQuery))
	w.run(chromedp.SendKeys("#number", n, chromedp.ByQuery))
	w.click(`.sending button`, `h1`)
	w.reload(`[data-exit="0"]`)
	if s := w.text(`[data-state=sent] .number`); strings.TrimSpace(s) != n {
		t.Errorf("%s sent, not %s", s, n)
	}
	w.run(chromedp.SetAttributeValue(`.languages option[value=fa]`, "selected", "", chromedp.ByQuery))
	w.click(`.languages button`, `[lang=fa] h1`)
}

// reload loads the page again until it has what a selector finds.
func (w *window) reload(selector string) {
	w.Helper()
	for limit := time.Now().Add(most); time.Now().Before(limit); {
		var there bool
		w.run(chromedp.Reload(), chromedp.WaitVisible("h1", chromedp.ByQuery),
			chromedp.Evaluate(fmt.Sprintf("document.querySelector(%q) !== null", selector), &there))
		if there {
			return
		}
	}
	w.shot("failed")
	w.Fatalf("no %s", selector)
}
