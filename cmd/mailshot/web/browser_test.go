package web_test

import (
	"context"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mailshot/cmd/mailshot/web"
	"mailshot/internal/chromiumtest"
)

// pictures is a folder into which tests write pictures of the pages that they see: go test -run Pictures -pictures DIR.
var pictures = flag.String("pictures", "", "write pictures of the pages into this `folder`")

// window is an open window with a real browser before it.
type window struct {
	*testing.T
	*web.Window
	Dir      string
	Accounts string
	ctx      context.Context
	hand     hand
	clicks   int
	beside   []*web.Window // others that its browser looks at
}

// open opens a window for a folder, and a browser of that width on its first page. The test is skipped where there is
// no Chromium.
func open(t *testing.T, dir string, width int64) *window {
	t.Helper()
	return openBy(t, dir, way{pointer, width})
}

// openBy opens a window for a folder, and a browser on its first page as one way of going a journey has it.
func openBy(t *testing.T, dir string, y way, more ...chromedp.ExecAllocatorOption) *window {
	t.Helper()
	chromiumtest.Program(t)
	var err error
	w := &window{T: t, Dir: dir, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db"), hand: y.hand}
	if w.Window, err = web.Open(web.Config{Dir: dir, Accounts: w.Accounts}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	hard := make(chan struct{})
	go func() { served <- w.Serve(ctx, hard) }()
	t.Cleanup(func() {
		stop()
		close(hard) // a run that a failed test has left may wait for its server
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	w.browse(y.width, more...)
	if y.hand == scriptless {
		w.run(emulation.SetScriptExecutionDisabled(true))
	}
	w.run(chromedp.Navigate(w.Address()), chromedp.WaitVisible("h1", chromedp.ByQuery))
	return w
}

// browse starts a browser of that width for the window. What the browser asks for is recorded, and the test fails if it
// was anything else than the window's two ports.
func (w *window) browse(width int64, more ...chromedp.ExecAllocatorOption) {
	t := w.T
	t.Helper()
	log := filepath.Join(t.TempDir(), "net.json")
	t.Cleanup(func() { w.asked(log) }) // when the browser has ended
	w.ctx = chromiumtest.Start(t, append(more, chromedp.Flag("log-net-log", log))...)
	if err := chromedp.Run(w.ctx); err != nil { // the first context is that of the browser
		t.Fatal(err)
	}
	w.run(emulation.SetFocusEmulationEnabled(true), emulation.SetDeviceMetricsOverride(width, 900, 1, width < 600))
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// most is how long the browser may take for one step before the test says what it sees instead.
const most = chromiumtest.Most

// run does something in the browser.
func (w *window) run(actions ...chromedp.Action) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, most)
	defer cancel()
	if err := chromiumtest.Do(ctx, actions...); err != nil {
		w.shot("failed")
		var at, text string
		_ = chromedp.Run(w.ctx, chromedp.Location(&at), chromedp.Evaluate("document.body.innerText", &text))
		w.Fatalf("%v at %s:\n%s", err, at, text)
	}
}

// text is the text of what a selector finds.
func (w *window) text(selector string) string {
	w.Helper()
	var s string
	w.run(chromiumtest.Text(selector, &s))
	return s
}

// shot writes a picture of the page, where pictures are asked for.
func (w *window) shot(name string) {
	w.Helper()
	if *pictures == "" || w.hand != pointer && name != "failed" {
		return
	}
	var b []byte
	err := chromedp.Run(w.ctx, chromedp.ActionFunc(func(ctx context.Context) (err error) {
		b, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, name+".png"), b, 0o644)
	}
	if err != nil {
		w.Log(err)
	}
}
