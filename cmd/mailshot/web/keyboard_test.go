package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mailshot/cmd/mailshot/web/runs"
	"mailshot/internal/chromiumtest"
)

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

// focused tells of the element that has the focus: its number, whether it is to be seen, and where it is on the page.
const focused = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
	return {At: e.dataset.test ?? "", Seen: e.tagName === "IFRAME" || s.outlineStyle !== "none" &&
		parseFloat(s.outlineWidth) >= 2 && r.bottom > 0 && r.top < innerHeight, Top: r.top + scrollY, Bottom: r.bottom + scrollY,
		Left: r.left, Right: r.right, What: e.outerHTML.slice(0, 200)};
})()`

type stop struct {
	At                       string
	Seen                     bool
	Top, Bottom, Left, Right float64
	What                     string
}

// after reports whether a person who reads from the top, and in a line from its start, comes to s only after next.
func (s stop) after(next stop, lang string) bool {
	if next.Bottom <= s.Top+1 {
		return true
	}
	line := min(s.Bottom, next.Bottom)-max(s.Top, next.Top) > min(s.Bottom-s.Top, next.Bottom-next.Top)/2
	if lang == "en" {
		return line && next.Right < s.Left+1
	}
	return line && next.Left > s.Right-1
}

// All that a pointer can use on any page, the Tab key reaches, once around, and the focus is to be seen there. On a
// phone, where all stands below each other, the order is that in which one reads.
func TestTab(t *testing.T) {
	t.Parallel()
	chromiumtest.Program(t)
	w := newWorld(t, "x")
	w.plan(w.Main)
	w.until(w.Main, runs.Planned)
	b := w.browser(1280)
	targets := w.pages()
	if len(targets) < 20 {
		t.Fatalf("%d pages: the test looks at nothing", len(targets))
	}
	for _, how := range []way{{keyboard, 1280}, {keyboard, 375}} {
		lang := "en"
		if how.width == 375 && *long {
			lang = "ar"
		}
		b.language(w.origin(), lang)
		b.run(emulation.SetDeviceMetricsOverride(how.width, 900, 1, how.width < 600))
		for _, target := range targets {
			if !strings.Contains(target, "view=") || strings.Contains(target,
				"view=text") { // else the same with another picture
				b.around(w.origin()+target, lang, how.width)
			}
		}
	}
}

// around presses Tab until all stops of a page were reached.
func (w *window) around(address, lang string, width int64) {
	w.Helper()
	var n int
	w.run(chromedp.Navigate(address), chromedp.WaitReady("main", chromedp.ByQuery),
		chromedp.WaitNotPresent("[data-poll]", chromedp.ByQuery), chromedp.Evaluate(reachable, &n))
	reached := map[string]bool{}
	var was stop
	for range n + 40 { // a frame has stops of its own
		var at stop
		w.run(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(focused, &at))
		if at.At != "" && !at.Seen {
			w.Errorf("%s, %d px: the focus is not to be seen at %s", address, width, at.What)
		}
		if width < 600 && was.At != "" && at.At != "" && !reached[at.At] && was.after(at, lang) {
			w.Errorf("%s, %d px, %s: %s comes after %s", address, width, lang, at.What, was.What)
		}
		was = at
		if at.At != "" {
			reached[at.At] = true
		}
		if len(reached) == n {
			break
		}
	}
	for i := range n {
		if !reached[fmt.Sprint(i)] {
			var html string
			w.run(chromedp.Evaluate(fmt.Sprintf("document.querySelector(`[data-test='%d']`)?.outerHTML.slice(0, 200) ?? ''",
				i), &html))
			if html != "" { // else the page was made anew since
				w.Errorf("%s, %d px: Tab does not reach %s", address, width, html)
			}
		}
	}
}

// press presses a key, and waits for what is to be there then.
func (w *window) press(key, then string) {
	w.Helper()
	w.run(chromedp.KeyEvent(key), chromedp.WaitVisible(then, chromedp.ByQuery), chromiumtest.Loaded())
}

// The keys that the dialog shows: it gives the focus back to where it was, and two keys lead to a page.
func TestKeys(t *testing.T) {
	t.Parallel()
	dir, _, _ := club(t)
	w := openBy(t, dir, way{keyboard, 1280})
	w.tabTo(`.card a`)
	w.press("?", "#keys")
	w.tabTo("#keys button")
	w.run(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible("#keys", chromedp.ByQuery))
	if s := w.stands(".card a"); !s.There {
		t.Errorf("the dialog leaves the focus at %s", s.What)
	}
	w.press(kb.Enter, ".steps")
	w.run(chromedp.KeyEvent("g"))
	w.press("s", `input[value=sink]`)
	w.run(chromedp.KeyEvent("g"))
	w.press("m", `#text`)
	w.press("/", `[data-key=find]:focus`)
	w.run(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("g"))
	w.press("p", `.people`)
	w.click(`.tabs a[href*="all=1"]`, `[data-row="2"]`)
	w.run(chromedp.KeyEvent("j"))
	if s := w.stands(`[data-row="1"]`); !s.There {
		t.Errorf("j leads to %s", s.What)
	}
	w.run(chromedp.KeyEvent("j"), chromedp.KeyEvent("k"))
	if s := w.stands(`[data-row="1"]`); !s.There {
		t.Errorf("j and k lead to %s", s.What)
	}
}

// Single keys can be turned off: who speaks to the machine types words. The letters of another alphabet in the places
// of the keys are the keys.
func TestKeysOff(t *testing.T) {
	t.Parallel()
	dir, _, _ := club(t)
	w := openBy(t, dir, way{keyboard, 1280})
	w.click(`.card a`, ".people")
	w.run(chromedp.KeyEvent("g"), input.DispatchKeyEvent(input.KeyDown).
		WithKey("م").WithCode("KeyM").WithText("م"))
	w.wait("#text")
	w.press("?", "#keys")
	w.use("#keys-on")
	w.run(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible("#keys", chromedp.ByQuery), chromedp.KeyEvent("?"))
	if w.has("#keys[open]") {
		t.Error("a key does something, and they are off")
	}
	w.click("button.keys", "#keys[open]")
	if w.has("#keys-on:checked") {
		t.Error("the page does not say that they are off")
	}
	w.use("#keys-on")
	w.run(chromedp.KeyEvent(kb.Escape), chromedp.WaitNotVisible("#keys", chromedp.ByQuery), chromedp.KeyEvent("g"))
	w.press("s", `input[value=sink]`)
}

// watching is a run of a campaign that goes on until the server is no longer asked: it holds one message back. The
// server answers none before begin is called. The browser shows the run.
func watching(t *testing.T, more ...chromedp.ExecAllocatorOption) (w *window, run *runs.Run, begin func()) {
	t.Helper()
	dir, _, begin := heldCampaign(t, 30, 0, "dot:p20@*:store-stall", "dot:delay 50ms")
	w = openBy(t, dir, way{keyboard, 1280}, more...)
	w.click(`.card a`, ".steps")
	w.click(`.steps a[href$="/plan"]`, `input[value=server]`)
	w.use(`input[value=server]`)
	w.click(`main form .actions button`, `#number`)
	w.fill("#number", "30")
	w.click(`.sending button`, `[data-holds]`)
	return w, w.Desk().Runs.Of("campaign.yaml"), begin
}

// A page that is made new while a person is at it leaves the focus alone. Where what had it is gone, no other button
// gets it: whoever presses Enter twice on "Pause" must not close the connections. Seen to fail without the names of
// the forms of these buttons (Idiomorph makes one of the other), and without keep in the script (the focus is
// nowhere).
func TestFocusStays(t *testing.T) {
	t.Parallel()
	w, run, begin := watching(t)
	begin()
	w.tabTo(`form[action$="/pause"] button`)
	w.run(chromedp.WaitVisible(`[data-done="20"]`, chromedp.ByQuery)) // the page was made new many times
	if s := w.stands(`form[action$="/pause"] button`); !s.There {
		t.Errorf("the focus went to %s", s.What)
	}
	var moves int
	const moving = "document.getAnimations().filter((a) => a.timeline === document.timeline).length" // others go by scrolling
	if w.run(chromedp.Evaluate(moving, &moves)); moves == 0 {
		t.Error("nothing moves while something goes on: the test looks at nothing")
	}
	w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-reduced-motion",
		Value: "reduce"}}))
	if w.run(chromedp.Evaluate(moving, &moves)); moves > 0 {
		t.Error("something moves, and the person does not want it")
	}
	run.Pause() // by another page
	w.wait("main .actions summary")
	if s := w.stands("main .actions"); !s.There {
		t.Errorf("the focus went to %s", s.What)
	}
	w.run(chromedp.KeyEvent(kb.Enter), chromedp.KeyEvent(kb.Tab))
	if s := w.stands("main .actions summary"); !s.There {
		t.Errorf("the next stop is %s", s.What)
	}
	if p := run.Phase(); p != runs.Draining {
		t.Errorf("the run is %s", p)
	}
	w.press(kb.Enter, `form[action$="/abort"] button`)
	w.click(`form[action$="/abort"] button`, "[data-exit]")
}

// A form that is refused comes back with the focus at the mistake, which belongs to its field, and the title says so.
// What was typed is still there. Seen to fail without autofocus on the field of a new campaign's folder, and with a
// port that was taken out of its field.
func TestRefused(t *testing.T) {
	t.Parallel()
	chromiumtest.Program(t)
	w := newWorld(t, "x")
	b := w.browser(1280)
	try := func(page, field, typed, button, at string, more ...string) {
		t.Helper()
		b.run(chromedp.Navigate(w.origin()+page), chromedp.WaitReady("main", chromedp.ByQuery))
		if field != "" {
			b.fill(field, typed)
		}
		for _, other := range more {
			b.fill(other, "x")
		}
		b.run(chromedp.Evaluate(`document.documentElement.dataset.left = ""`, nil))
		b.click(button, "html:not([data-left]) main")
		var got struct{ Title, Value, Wrong string }
		b.run(chromedp.Evaluate(`(() => { const e = document.activeElement; return {Title: document.title, Value: e.value ?? "",
			Wrong: e.getAttribute("aria-invalid") === "true" ? (e.getAttribute("aria-describedby") ?? "").split(" ").map((id) =>
			document.getElementById(id)?.textContent ?? "nothing").join(" ") : e.matches("[role=alert]") ? e.textContent : ""}; })()`, &got))
		if s := b.stands(at); !s.There || !strings.HasPrefix(got.Title, "Mistake: ") ||
			len(strings.TrimSpace(got.Wrong)) < 10 ||
			at == field && got.Value != typed {
			t.Errorf("%s: %+v, %+v", page, s, got)
		}
	}
	try("/new", "#folder", "a/b", "main form button", "#folder")
	try("/one", "#to", "nobody", ".letter button", ".banner", "#subject", "#text")
	try(pathOf(w.Main, "rehearse"), "#me", "nobody", "button[value=me]", "#me")
	try(pathOf(w.Main, "rehearse"), "#list", "nobody", "button[value=testers]", "#list")
	try(pathOf(w.Main, "server"), "#port", "many", "button[data-key=save]", "#port")
	w.plan(w.Main)
	w.until(w.Main, runs.Planned)
	try(pathOf(w.Main, "plan"), "#number", "1", ".sending button", "#number")
	w.send(w.Main, w.addresses)
	try(pathOf(w.Main, "results")+"?state=unknown", "", "", "button[value=sent]", "#wrong")
}
