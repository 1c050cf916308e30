package page

import (
	"context"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cdpcore "github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"mailshot/internal/chromiumtest"
)

// pictures is a folder into which tests write pictures of what they see, as those of the window do.
var pictures = flag.String("pictures", "", "write pictures of the gallery into this `folder`")

// reader is a real browser that looks at a gallery.
type reader struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	asked  []string // addresses that the page, or a frame in it, asked for
	said   []string // what went wrong, as the console has it
	frames int      // scripts' worlds that are not the page's
}

// look opens a gallery in a browser of that width. The test is skipped where there is no Chromium. It fails if the
// browser asks for anything else than files of the gallery's folder, also where the page is not told.
func look(t *testing.T, file string, width int64, dark bool) *reader {
	t.Helper()
	r := &reader{T: t}
	log := filepath.Join(t.TempDir(), "net.json")
	t.Cleanup(func() { r.connected(log) }) // when the browser has ended
	r.ctx = chromiumtest.Start(t, chromedp.Flag("log-net-log", log))
	chromedp.ListenTarget(r.ctx, r.heard)
	if err := chromedp.Run(r.ctx); err != nil { // the first context is that of the browser
		t.Fatal(err)
	}
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	r.run(network.Enable(), runtime.Enable(), emulation.SetFocusEmulationEnabled(true),
		emulation.SetDeviceMetricsOverride(width, 900, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate((&url.URL{Scheme: "file", Path: path}).String()),
		chromedp.WaitReady("html[data-ready]", chromedp.ByQuery))
	return r
}

// heard notes what the browser does.
func (r *reader) heard(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		r.asked = append(r.asked, e.Request.URL)
	case *runtime.EventExceptionThrown:
		r.said = append(r.said, e.ExceptionDetails.Error())
	case *runtime.EventExecutionContextCreated:
		if e.Context.Origin == "null" {
			r.frames++
		}
	}
}

// wrong is what went wrong so far.
func (r *reader) wrong() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

// connected fails the test if the browser connected to anybody. Its own services are looked away from: the flags turn
// them off as far as they can.
func (r *reader) connected(log string) {
	text, err := os.ReadFile(log)
	if err != nil {
		r.Error(err)
		return
	}
	if i := strings.LastIndex(string(text), "},"); i > 0 && !json.Valid(text) { // it was killed while it wrote
		text = append(text[:i+1], "]}"...)
	}
	for _, name := range []string{"evil.example", "tracker.example"} {
		if strings.Contains(string(text), name) {
			r.Errorf("the browser looked for %s", name)
		}
	}
}

// run does something in the browser.
func (r *reader) run(actions ...chromedp.Action) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, chromiumtest.Most)
	defer cancel()
	if err := chromiumtest.Do(ctx, actions...); err != nil {
		r.shot("failed-" + r.Name())
		r.Fatal(err)
	}
}

// eval gives the value of an expression, which may be a promise.
func (r *reader) eval(expression string, into any) {
	r.Helper()
	r.run(chromedp.Evaluate(expression, into, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
}

// wait waits until an expression is true.
func (r *reader) wait(expression string) {
	r.Helper()
	if err := chromedp.Run(r.ctx, chromedp.Poll(expression, nil,
		chromedp.WithPollingTimeout(chromiumtest.Most))); err != nil {
		r.shot("failed-" + r.Name())
		var seen string
		_ = chromedp.Run(r.ctx, chromedp.Evaluate("location.hash + ' ' + document.body.innerText.slice(0, 900)", &seen))
		r.Fatalf("%v: %s\n%s", err, expression, seen)
	}
}

// text is the text of what a selector finds.
func (r *reader) text(selector string) (s string) {
	r.Helper()
	r.run(chromiumtest.Text(selector, &s))
	return s
}

// open opens a message by its row.
func (r *reader) open(id string) {
	r.Helper()
	r.run(chromedp.Evaluate("location.hash = "+quoted(id), nil))
	r.wait("document.querySelector('article.letter')?.dataset.row === " + quoted(id))
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string
	}
	return string(b)
}

// shot writes a picture of the page, where pictures are asked for.
func (r *reader) shot(name string) {
	if *pictures == "" {
		return
	}
	var b []byte
	err := chromedp.Run(r.ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		b, err = cdp.CaptureScreenshot().Do(ctx)
		return err
	}))
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, strings.ReplaceAll(name, "/", "-")+".png"), b, 0o644)
	}
	if err != nil {
		r.Log(err)
	}
}

// press presses on the middle and the first line of what a selector finds: plainly, with the key that opens a new tab,
// and with the middle button.
func (r *reader) press(selector string) {
	r.Helper()
	var at []float64
	r.eval(`(() => {
		const f = document.querySelector(`+quoted(selector)+`)
		if (!f) return []
		f.scrollIntoView({ block: "center" })
		const b = f.getBoundingClientRect()
		return [b.left + 30, b.top + 20, b.left + 80, b.top + 20, b.left + 30, b.top + 40]
	})()`, &at)
	for i := 0; i+1 < len(at); i += 2 {
		r.run(chromedp.MouseClickXY(at[i], at[i+1]),
			chromedp.MouseClickXY(at[i], at[i+1], chromedp.ButtonModifiers(input.ModifierCtrl)),
			chromedp.MouseClickXY(at[i], at[i+1], chromedp.ButtonType(input.Middle)))
	}
	r.run(chromedp.Evaluate(`document.getElementById("main").focus()`, nil))
}

// browser is the context of the browser, and not of its page.
func (r *reader) browser() context.Context {
	return cdpcore.WithExecutor(r.ctx, chromedp.FromContext(r.ctx).Browser)
}

// until waits until something outside of the page is so.
func (r *reader) until(what string, is func() bool) {
	r.Helper()
	for end := time.Now().Add(chromiumtest.Most); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("never: %s", what)
		}
	}
}
