// Package chromiumtest has tests look at pages in a real browser. [Start] starts one, and [Open] one that notes what it
// asks for and what it complains about; [Do] has it do something; [Browser.Seen] looks for what keeps people out.
package chromiumtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Program is the browser. The test is skipped where there is none.
func Program(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine (Debian package chromium)")
	}
	return program
}

// Most is how long a browser may take for one step before a test says that it hangs. A machine with other things to do
// takes long for each, so it says nothing about how quick a page is.
const Most = 5 * time.Minute

// Start makes the context of a browser that ends with the test. The first actions that run in it start the browser, with
// more options. The test is skipped where there is no browser.
func Start(t testing.TB, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(Program(t)), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en"), chromedp.WSURLReadTimeout(Most))
	alloc, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithBrowserOption(chromedp.WithDialTimeout(Most)))
	t.Cleanup(cancel)
	t.Cleanup(func() { // the browser ends and writes its record; killed, if it hangs
		wait, stop := context.WithTimeout(ctx, Most)
		defer stop()
		_ = chromedp.Cancel(wait)
	})
	return ctx
}

// Browser is a browser that was started. It is for one goroutine.
type Browser struct {
	testing.TB
	Context  context.Context
	Scripts  bool   // of pages run, after Seen as well
	Pictures string // the folder in which Seen leaves pictures; "" = it leaves none
	axe      string

	mu          sync.Mutex
	asked, said []string
}

// Open starts a browser in which scripts of pages run or do not.
func Open(t testing.TB, scripts bool) *Browser {
	t.Helper()
	b := &Browser{TB: t, Context: Start(t), Scripts: scripts}
	if name := os.Getenv("AXE"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.axe = string(text)
	}
	chromedp.ListenTarget(b.Context, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, e.Request.URL)
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, e.ExceptionDetails.Error())
		case *network.EventLoadingFailed:
			b.said = append(b.said, e.ErrorText+" "+string(e.BlockedReason))
		}
	})
	if err := chromedp.Run(b.Context); err != nil { // the first context is that of the browser
		t.Fatal(err)
	}
	b.Run(network.Enable(), runtime.Enable(), emulation.SetScriptExecutionDisabled(!scripts))
	return b
}

// Do has the browser do one thing after the other. A page that makes itself anew may replace an element after it was
// found and before it is used: the browser says that it is gone, nothing was done, and the action is done again.
func Do(ctx context.Context, actions ...chromedp.Action) error {
	for _, a := range actions {
		err := chromedp.Run(ctx, a)
		for gone(err) && ctx.Err() == nil {
			err = chromedp.Run(ctx, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gone reports whether the browser says of an element that it is not there any more. The code is that of all its
// errors, so the words tell.
func gone(err error) bool {
	e := (*cdproto.Error)(nil)
	return errors.As(err, &e) && slices.ContainsFunc([]string{"node with given id", "Node is detached",
		"Node does not have a layout object", "compute content quads", "compute box model"},
		func(words string) bool { return strings.Contains(e.Message, words) })
}

// Text reads the text of the first element that a selector finds, once it is shown. It finds and reads the element at one
// moment: one that was replaced in between has no text.
func Text(selector string, into *string) chromedp.Action {
	shown := fmt.Sprintf("[...document.querySelectorAll(%q)].slice(0, 1).filter(e => e.getClientRects().length > 0)"+
		".map(e => e.innerText)", selector)
	return until("no text of "+selector, func(ctx context.Context) (bool, error) {
		var texts []string
		err := chromedp.Evaluate(shown, &texts).Do(ctx)
		if len(texts) > 0 {
			*into = texts[0]
		}
		return len(texts) > 0, err
	})
}

// Loaded waits until the page that is shown is whole: its scripts have run, and its styles hold. A page is to be seen
// before that, and a key that is pressed too early does nothing.
func Loaded() chromedp.Action {
	return until("the page is never whole", func(ctx context.Context) (whole bool, err error) {
		err = chromedp.Evaluate(`document.readyState === "complete"`, &whole).Do(ctx)
		return whole, err
	})
}

// until asks again and again until the answer is yes. What the browser cannot answer while the page changes for another
// is a no. wrong is what it says where the answer never comes.
func until(wrong string, ask func(context.Context) (bool, error)) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		for {
			yes, err := ask(ctx)
			if e := (*cdproto.Error)(nil); err != nil && !errors.As(err, &e) {
				return err
			}
			if yes {
				return nil
			}
			if err := chromedp.Sleep(10 * time.Millisecond).Do(ctx); err != nil {
				return fmt.Errorf("%s: %w", wrong, err)
			}
		}
	})
}

// Run has the browser do something, as [Do] does, within [Most]. An error ends the test.
func (b *Browser) Run(actions ...chromedp.Action) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context, Most)
	defer cancel()
	if err := Do(ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

// As shows pages at a width in pixels, with the colour scheme "light" or "dark".
func (b *Browser) As(width int64, scheme string) {
	b.Helper()
	b.Run(emulation.SetDeviceMetricsOverride(width, 820, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
}

// Text is what an expression is on the page.
func (b *Browser) Text(expression string) (s string) {
	b.Helper()
	b.Run(chromedp.Evaluate(expression, &s))
	return s
}

// Heard are the addresses that the browser has asked for, and its complaints.
func (b *Browser) Heard() (asked, said []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.asked), slices.Clone(b.said)
}

// Axe reports whether Seen has axe-core, the file that AXE names.
func (b *Browser) Axe() bool { return b.axe != "" }

// Seen fails the test if what is shown is wider than the screen, or keeps people out, by axe-core where it is there.
func (b *Browser) Seen(name string, width int64) {
	b.Helper()
	var wide int64
	b.Run(chromedp.Evaluate("document.documentElement.scrollWidth", &wide))
	if wide > width {
		b.Errorf("%s is %d px wide of %d", name, wide, width)
	}
	if b.Pictures != "" {
		var picture []byte
		b.Run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			picture, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
			return err
		}))
		if err := os.WriteFile(filepath.Join(b.Pictures, name+".png"), picture, 0o600); err != nil {
			b.Error(err)
		}
	}
	if b.axe == "" {
		return
	}
	var found []string
	b.Run(emulation.SetScriptExecutionDisabled(false), chromedp.Evaluate(b.axe, nil), chromedp.Evaluate(
		`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
			v.nodes.map(n => v.id + ": " + n.html.slice(0, 160) + " " + (n.any[0]?.message ?? ""))))`, &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		emulation.SetScriptExecutionDisabled(!b.Scripts))
	for _, f := range found {
		b.Errorf("%s: %s", name, f)
	}
}
