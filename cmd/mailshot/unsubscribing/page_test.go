package unsubscribing

import (
	"bytes"
	"context"
	"flag"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"mailshot/campaign/leaving/words"
)

// pictures is a folder into which the test writes pictures of what it sees.
var pictures = flag.String("pictures", "", "write pictures of the page into this `folder`")

const subject = "leave@acme.example?subject={{.mailshot.token}}"

// A page is made for an address with the token in it once, and for nothing else.
func TestWritePage(t *testing.T) {
	t.Parallel()
	for mailto, wrong := range map[string]string{
		subject: "", "mailto:" + subject: "", "leave+{{ .mailshot.token }}@acme.example": "",
		"leave@bücher.example?subject=unsubscribe%20{{.mailshot.token}}&body=x": "",
		"leave@acme.example": "has no {{.mailshot.token}}", "{{.mailshot.token}}@acme.example?subject={{.mailshot.token}}": "twice",
		"leave+{{.email}}@acme.example?subject={{.mailshot.token}}": "{{.email}}", "leave?subject={{.mailshot.token}}": "not an address",
		"\"><script>@acme.example?subject={{.mailshot.token}}": "not an address",
	} {
		var b bytes.Buffer
		err := WritePage(&b, mailto, words.BuiltIn())
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v", mailto, err)
		}
		if err == nil && (strings.Contains(b.String(), "{{") || strings.Contains(b.String(), "ZgotmplZ") ||
			strings.Contains(b.String(), "http:") || strings.Contains(b.String(), "https:")) {
			t.Errorf("%s:\n%s", mailto, b.String())
		}
	}
}

// browser is a real browser that looks at a page in a file.
type browser struct {
	*testing.T
	ctx   context.Context
	mu    sync.Mutex
	asked []string
	said  []string
}

func (b *browser) run(actions ...chromedp.Action) {
	b.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.Fatal(err)
	}
}

func (b *browser) text(expression string) (s string) {
	b.Helper()
	b.run(chromedp.Evaluate(expression, &s))
	return s
}

func open(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine (Debian package chromium)")
	}
	b := &browser{T: t}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("lang", "en"))
	alloc, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	var cancel context.CancelFunc
	b.ctx, cancel = chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b.ctx, cancel = context.WithTimeout(b.ctx, time.Minute)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = chromedp.Cancel(b.ctx) })
	chromedp.ListenTarget(b.ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, e.Request.URL)
		case *runtime.EventExceptionThrown:
			b.said = append(b.said, e.ExceptionDetails.Error())
		}
	})
	b.run(network.Enable(), runtime.Enable())
	return b
}

// show opens a page in a language. scripts says whether its script runs.
func (b *browser) show(address, lang, scheme string, width int64, scripts bool) {
	b.Helper()
	b.run(emulation.SetScriptExecutionDisabled(!scripts), emulation.SetLocaleOverride().WithLocale(lang),
		emulation.SetUserAgentOverride("test").WithAcceptLanguage(lang),
		emulation.SetDeviceMetricsOverride(width, 820, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate("about:blank"), chromedp.Navigate(address))
}

// seen fails the test if what is shown keeps people out, by axe-core, or is wider than the screen.
func (b *browser) seen(name string, width int64) {
	b.Helper()
	var wide int64
	b.run(chromedp.Evaluate("document.documentElement.scrollWidth", &wide))
	if wide > width {
		b.Errorf("%s is %d px wide of %d", name, wide, width)
	}
	if *pictures != "" {
		var picture []byte
		b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
			picture, err = cdp.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
			return err
		}))
		if err := os.WriteFile(filepath.Join(*pictures, name+".png"), picture, 0o600); err != nil {
			b.Error(err)
		}
	}
	file := os.Getenv("AXE")
	if file == "" {
		return
	}
	axe, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var found []string
	b.run(emulation.SetScriptExecutionDisabled(false), chromedp.Evaluate(string(axe), nil), chromedp.Evaluate(
		`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.flatMap(v =>
			v.nodes.map(n => v.id + ": " + n.html.slice(0, 160) + " " + (n.any[0]?.message ?? ""))))`, &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	for _, f := range found {
		b.Errorf("%s: %s", name, f)
	}
}

// In a browser, the page takes the token out of its own address, in the person's language, and the mail has it. Without
// its script it says how to write the mail, and its form does. It asks nobody for anything.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := open(t)
	dir := t.TempDir()
	write := func(name, mailto string) string {
		var page bytes.Buffer
		if err := WritePage(&page, mailto, words.BuiltIn()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, page.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return (&url.URL{Scheme: "file", Path: path}).String()
	}
	plain, plus := write("plain.html", subject), write("plus.html", "leave+{{.mailshot.token}}@acme.example?subject=stop")
	code := strings.Repeat("abc2", 13)

	b.show(plain+"#"+code, "de", "light", 1000, true)
	if got := b.text(`const d = document.querySelector("details[open]"); [document.documentElement.lang, document.title, d.lang,
		d.querySelector("input").value, d.querySelector("form").action, d.querySelector(".help").hidden].join(" ")`); got !=
		"de Abmelden de "+code+" mailto:leave@acme.example true" {
		t.Error(got)
	}
	b.seen("page-de-light", 1000)
	b.show(plus+"?t="+strings.ToUpper(code), "fa-IR", "dark", 375, true)
	if got := b.text(`document.documentElement.dir + " " + document.querySelector("details[open] a").href`); got !=
		"rtl mailto:leave+"+code+"@acme.example?subject=stop" {
		t.Error(got)
	}
	b.seen("page-fa-dark", 375)
	b.show(plus, "ja", "light", 375, true) // without a code there is no mail to write
	if got := b.text(`document.documentElement.lang + document.querySelector("details[open] a").hidden`); got != "entrue" {
		t.Error(got)
	}
	b.show(plain+"#"+code, "de", "dark", 320, false)
	b.seen("page-no-script-dark", 320)
	if got := b.text(`document.querySelector("details[open]").innerText`); !strings.Contains(got, "leave@acme.example") ||
		!strings.Contains(got, "end of the address") {
		t.Error(got)
	}
	b.show(plus+"#"+code, "en", "light", 375, false)
	b.seen("page-no-script-light", 375)
	if got := b.text(`document.querySelector("details[open]").innerText`); !strings.Contains(got, "leave+CODE@acme.example") {
		t.Error(got)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(b.asked, func(a string) bool { return !strings.HasPrefix(a, "file:") }) || len(b.said) > 0 {
		t.Errorf("the browser asked for %q and says %q", b.asked, b.said)
	}
}
