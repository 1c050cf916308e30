package web_test

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"mailshot/cmd/mailshot/web/runs"
	"mailshot/internal/chromiumtest"
)

// browser is a real browser before a world. It has the world's cookie.
func (w *world) browser(width int64) *window {
	b := &window{T: w.T, Window: w.Window, Dir: w.Dir, hand: keyboard}
	b.browse(width)
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
	w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme",
		Value: name}}))
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

// shape are faults of a page that axe-core does not look for: tables without a name, cells of heads without a
// direction, frames and scrolled parts without a name, parts that speak and change (a page says what is new in one
// place), and English words that a page in another language does not mark as such.
const shape = `(() => {
	const bad = [], tell = (what, e) => bad.push(what + ": " + e.outerHTML.slice(0, 120));
	const named = (e) => e.ariaLabel || e.title || e.getAttribute("aria-labelledby");
	for (const e of document.querySelectorAll("table")) if (!e.caption?.textContent.trim() && !named(e)) tell("no name", e);
	for (const e of document.querySelectorAll("th:not([scope])")) tell("no scope", e);
	for (const e of document.querySelectorAll("iframe, div[tabindex='0'], ol[tabindex='0']")) if (!named(e)) tell("no name", e);
	for (const e of document.querySelectorAll("main [aria-live]")) tell("speaks", e);
	if (document.querySelectorAll("h1").length !== 1) bad.push("h1: " + document.querySelectorAll("h1").length);
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const english = /\b(the|is|are|was|has|not|and|of|to|with|for|there|by|it|at|in|no|an|that|can|be|next)\b/gi;
	for (let t = walk.nextNode(); t; t = walk.nextNode()) {
		const e = t.parentElement, words = new Set(t.data.toLowerCase().match(english));
		if (words.size > 1 && e.closest("[lang]").lang !== "en" && !e.closest("pre, code, textarea, option, script, td[data-label] > bdi"))
			tell("English", e);
	}
	return bad;
})()`

// looks are the ways in which a page is looked at: the short form has each width, each scheme and each language.
var looks = []struct {
	width        int64
	scheme, lang string
}{
	{375, "light", "ar"}, {1280, "dark", "fa"}, {375, "dark", "en"},
	{1280, "light", "en"}, {375, "dark", "fa"}, {1280, "dark", "ar"},
	{375, "light", "en"}, {1280, "dark", "en"}, {375, "light", "fa"}, {1280, "light", "fa"}, {375, "dark", "ar"}, {1280,
		"light", "ar"},
}

// No page has a fault that axe-core finds, and none of shape: at the width of a phone and of a desk, light and dark, in
// English, Persian and Arabic.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	chromiumtest.Program(t)
	script := axe(t)
	w := newWorld(t, "x")
	b := w.browser(1280)
	addresses, seen, faults := 0, 0, 0
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	}))
	look := func(phase string, targets []string) {
		addresses += len(targets)
		for i, how := range looks {
			if i > 2 && !*long {
				break
			}
			b.language(w.origin(), how.lang)
			b.scheme(how.scheme)
			b.run(emulation.SetDeviceMetricsOverride(how.width, 900, 1, how.width < 600))
			for _, target := range targets {
				var found, more []string
				var wide int64
				b.run(chromedp.Navigate(w.origin()+target), chromedp.WaitReady("main", chromedp.ByQuery),
					chromedp.WaitNotPresent("[data-poll]", chromedp.ByQuery), chromedp.Evaluate(violations, &found, awaited),
					chromedp.Evaluate(shape, &more), chromedp.Evaluate("document.documentElement.scrollWidth", &wide))
				seen, faults = seen+1, faults+len(found)+len(more)
				for _, f := range append(found, more...) {
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
	narrow := pathOf(w.Main, "results") + "?state=refused" // its form is open
	look("sent", append(few(slices.DeleteFunc(targets, func(t string) bool { return t == narrow })), narrow))
	t.Logf("%d addresses, looked at %d times: %d faults", addresses, seen, faults)
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
