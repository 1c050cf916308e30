package desk_test

import (
	"context"
	"flag"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// pictures is a folder into which the test writes pictures of what it sees.
var pictures = flag.String("pictures", "", "write pictures of the page into this `folder`")

var long = flag.Bool("desk.long", false, "look at the page in every language")

// reader is a real browser that looks at the desk, and runs no script of a page.
type reader struct {
	*house
	ctx   context.Context
	url   string
	axe   string
	asked []string // addresses
	said  []string // what the browser complains about
}

// look starts a browser. The test is skipped where there is no Chromium.
func look(t *testing.T) *reader {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine (Debian package chromium)")
	}
	r := &reader{house: newHouse(t, nil)}
	if name := os.Getenv("AXE"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		r.axe = string(text)
	}
	s := httptest.NewServer(r.desk)
	t.Cleanup(s.Close)
	r.url = s.URL
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en"))
	alloc, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	var cancel context.CancelFunc
	r.ctx, cancel = chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	r.ctx, cancel = context.WithTimeout(r.ctx, time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(r.ctx) })
	chromedp.ListenTarget(r.ctx, func(event any) {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			r.asked = append(r.asked, e.Request.URL)
		case *runtime.EventExceptionThrown:
			r.said = append(r.said, e.ExceptionDetails.Error())
		case *network.EventLoadingFailed:
			r.said = append(r.said, e.ErrorText+" "+string(e.BlockedReason))
		}
	})
	r.run(network.Enable(), runtime.Enable(), emulation.SetScriptExecutionDisabled(true))
	return r
}

func (r *reader) run(actions ...chromedp.Action) {
	r.Helper()
	if err := chromedp.Run(r.ctx, actions...); err != nil {
		r.Fatal(err)
	}
}

// as shows pages at a width, light or dark.
func (r *reader) as(width int64, scheme string) {
	r.run(emulation.SetDeviceMetricsOverride(width, 820, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// press presses a button, and waits for the page behind it.
func (r *reader) press(selector string) {
	r.Helper()
	r.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := chromedp.RunResponse(ctx, chromedp.Click(selector, chromedp.ByQuery))
		return err
	}))
}

// seen fails the test if what is shown keeps people out, by axe-core, or is wider than the screen.
func (r *reader) seen(name string, width int64) {
	r.Helper()
	var wide int64
	r.run(chromedp.Evaluate("document.documentElement.scrollWidth", &wide))
	if wide > width {
		r.Errorf("%s is %d px wide of %d", name, wide, width)
	}
	if *pictures != "" {
		var b []byte
		r.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			b, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
			return err
		}))
		if err := os.WriteFile(filepath.Join(*pictures, name+".png"), b, 0o600); err != nil {
			r.Error(err)
		}
	}
	if r.axe == "" {
		return
	}
	var found []string
	r.run(emulation.SetScriptExecutionDisabled(false), chromedp.Evaluate(r.axe, nil), chromedp.Evaluate(
		`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
			v.nodes.map(n => v.id + ": " + n.html.slice(0, 160) + " " + (n.any[0]?.message ?? ""))))`, &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		emulation.SetScriptExecutionDisabled(true))
	for _, f := range found {
		r.Errorf("%s: %s", name, f)
	}
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
		r.as(c.width, c.scheme)
		r.run(chromedp.Navigate(path))
		if c.lang != "en" {
			r.press(`button[value="` + c.lang + `"]`)
		}
		r.seen(name("ask"), c.width)
		r.lists()
		r.press("button.main")
		r.seen(name("done"), c.width)
		r.lists(byPage)
		var lang string
		r.run(chromedp.Evaluate("document.documentElement.lang", &lang))
		if lang != c.lang {
			t.Errorf("the answer is in %s, not in %s", lang, c.lang)
		}
		r.press(".undo button")
		r.seen(name("undone"), c.width)
		r.lists()
	}
	r.run(chromedp.Navigate(path))
	r.run(chromedp.Click(`input[value="this"]`, chromedp.ByQuery)) // nothing is chosen
	r.press("button.main")
	r.seen("none-en-light", 375)
	r.run(chromedp.Navigate(r.url + "/u/"))
	r.seen("missing-en-light", 375)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, address := range r.asked {
		if !strings.HasPrefix(address, r.url) {
			t.Errorf("the browser asked for %s", address)
		}
	}
	if len(r.said) > 0 {
		t.Errorf("%q", r.said)
	}
	if r.axe == "" {
		t.Skip("no axe-core on this machine: npm pack axe-core@4.14.1, and AXE=…/axe.min.js")
	}
}
