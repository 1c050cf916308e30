package web_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"mailshot/cmd/mailshot/starter"
)

// A person types, sees the mistake beside the last good message, mends it, saves, and looks at the phone's view. The
// file keeps its line ends and its byte order mark.
func TestCompose(t *testing.T) {
	for _, width := range []int64{375, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			dir := t.TempDir()
			if _, err := starter.Write(filepath.Join(dir, "inv"), "invoices", "en"); err != nil {
				t.Fatal(err)
			}
			body := filepath.Join(dir, "inv", "body.md")
			text, err := os.ReadFile(body)
			if err != nil {
				t.Fatal(err)
			}
			was := "\ufeff" + strings.ReplaceAll(string(text), "\n", "\r\n")
			if err := os.WriteFile(body, []byte(was), 0o600); err != nil {
				t.Fatal(err)
			}
			w := open(t, dir, width)
			w.click(`.card a`, ".steps")
			w.click(`.steps a[href$="/message"]`, "iframe")
			w.run(chromedp.WaitVisible("#survey .odds, #survey .here", chromedp.ByQuery))
			w.shot(fmt.Sprintf("compose-%d", width))

			w.run(chromedp.Evaluate(`(() => { const t = document.querySelector("#text"); t.focus();
				t.setSelectionRange(t.value.length, t.value.length); })()`, nil),
				chromedp.SendKeys("#text", "PS {{.nu", chromedp.ByQuery),
				chromedp.WaitVisible("#offered li", chromedp.ByQuery))
			w.shot(fmt.Sprintf("compose-offered-%d", width))
			w.run(input.DispatchKeyEvent(input.KeyRawDown).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13),
				chromedp.SendKeys("#text", "x}}", chromedp.ByQuery),
				chromedp.WaitVisible(`#findings [data-finding][data-line]`, chromedp.ByQuery),
				chromedp.WaitVisible("#preview.stale iframe", chromedp.ByQuery))
			w.shot(fmt.Sprintf("compose-mistake-%d", width))
			if b, err := os.ReadFile(body); err != nil || string(b) != was {
				t.Errorf("typing wrote %q, %v", b, err)
			}
			w.run(chromedp.Click("#findings [data-to-line]", chromedp.ByQuery),
				chromedp.SendKeys("#text", kb.End+kb.Backspace+kb.Backspace+kb.Backspace+"}}", chromedp.ByQuery),
				chromedp.WaitNotPresent("#preview.stale", chromedp.ByQuery),
				chromedp.WaitVisible("#preview iframe", chromedp.ByQuery),
				chromedp.KeyEvent("s", chromedp.KeyModifiers(2)),
				chromedp.WaitVisible(".saved-text", chromedp.ByQuery))
			if b, err := os.ReadFile(body); err != nil || string(b) != was+"PS {{.number}}" {
				t.Errorf("%q, %v", b, err)
			}
			w.click(`[data-view=phone]`, `#preview:not(.coming) .mail-phone iframe`)
			w.shot(fmt.Sprintf("compose-phone-%d", width))
			var here string
			w.run(chromedp.Location(&here))
			if !strings.Contains(here, "view=phone") {
				t.Errorf("the view is not in the address: %s", here)
			}
		})
	}
}

// The same by keys alone: the way to the page, the text, the mistake, the file, the next person and another view.
func TestComposeByKeys(t *testing.T) {
	t.Parallel()
	dir, _, _ := club(t)
	body := filepath.Join(dir, "body.md")
	was, err := os.ReadFile(body)
	if err != nil {
		t.Fatal(err)
	}
	// The key without its letter, which a real keyboard does not give to what the key has moved the focus to.
	enter := input.DispatchKeyEvent(input.KeyRawDown).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13)
	w := openBy(t, dir, way{keyboard, 1280})
	w.click(`.card-title a`, ".steps")
	w.run(chromedp.KeyEvent("g"))
	w.press("m", "#preview iframe")
	// The names of the list's columns are offered when the list was looked through.
	w.run(chromedp.WaitReady(`#completions option[value=".name"]`, chromedp.ByQuery))
	w.tabTo("#text")
	w.run(chromedp.KeyEvent(kb.End, chromedp.KeyModifiers(input.ModifierCtrl)), chromedp.KeyEvent("PS {{.na"),
		chromedp.WaitVisible("#offered li", chromedp.ByQuery), enter, chromedp.KeyEvent("x}}"),
		chromedp.WaitVisible(`#findings [data-line]`, chromedp.ByQuery), chromedp.WaitVisible("#preview.stale",
			chromedp.ByQuery))
	w.tabTo("#findings [data-to-line]")
	if w.run(enter); !w.stands("#text").There {
		t.Error("the way to the line does not lead to it")
	}
	w.run(chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.Backspace), chromedp.KeyEvent(kb.Backspace),
		chromedp.KeyEvent(kb.Backspace),
		chromedp.KeyEvent("}}"), chromedp.WaitNotPresent("#preview.stale", chromedp.ByQuery),
		chromedp.KeyEvent("s", chromedp.KeyModifiers(input.ModifierCtrl)), chromedp.WaitVisible(".saved-text",
			chromedp.ByQuery))
	if b, err := os.ReadFile(body); err != nil || string(b) != string(was)+"PS {{.name}}" {
		t.Errorf("%q, %v", b, err)
	}
	w.click("[data-key=next]", `.facts[data-row="2"]`)
	w.click("[data-view=text]", "#preview:not(.coming) .mail-text")
	if s := w.text(".mail-text"); !strings.Contains(s, "PS Bob") {
		t.Errorf("%q", s)
	}
}

// Links in the preview open nothing, however they are clicked on. Seen to fail with the links' own
// addresses in the frame: a middle click, or Ctrl and a click, opens a tab whatever a sandbox says.
func TestPreviewLinks(t *testing.T) {
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer elsewhere.Close()
	dir := t.TempDir()
	link := func(target string) string {
		return `<a href="` + elsewhere.URL + `/" target="` + target + `" style="display: block; height: 200px">x</a>`
	}
	for name, text := range map[string]string{
		"campaign.yaml": "id: a\nfrom: a@example.com\nsubject: x\nrecipients: { file: a.csv }\nbody: { html: a.html }\n",
		"a.csv":         "email\nb@example.com\n",
		"a.html":        "<!doctype html><body>" + link("") + link("_self") + link("_top") + "</body></html>",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := open(t, dir, 1280)
	var box []float64
	w.run(chromedp.Navigate("http://"+host(w.Address())+"/c/campaign.yaml/message?view=phone"),
		chromedp.WaitVisible("#preview iframe", chromedp.ByQuery),
		chromedp.Evaluate(`(() => { const b = document.querySelector("#preview iframe").getBoundingClientRect();
			return [b.x + b.width / 2, b.y]; })()`, &box))
	for _, y := range []float64{100, 260, 440} {
		for _, how := range []chromedp.MouseOption{chromedp.ButtonLeft, chromedp.ButtonMiddle,
			chromedp.ButtonModifiers(input.ModifierCtrl)} {
			w.run(chromedp.MouseClickXY(box[0], box[1]+y, how))
		}
	}
	var here string
	w.run(chromedp.Evaluate("fetch(location.href).then(() => 1)", nil), chromedp.Location(&here))
	if n := asked.Load(); n > 0 || !strings.HasSuffix(here, "view=phone") {
		t.Errorf("%d requests; the page is %s", n, here)
	}
	w.shot("compose-links-clicked")
}

// Pictures of the page of the message, for people to look at.
func TestComposePictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no pictures are asked for")
	}
	for _, width := range []int64{375, 1280} {
		dir := t.TempDir()
		for _, lang := range []string{"en", "fa"} {
			if _, err := starter.Write(filepath.Join(dir, lang), "newsletter", lang); err != nil {
				t.Fatal(err)
			}
		}
		w := open(t, dir, width)
		see := func(lang, query, name string) {
			address := "http://" + host(w.Address()) + "/c/" + lang + "%2Fcampaign.yaml/message?" + query
			w.run(chromedp.Navigate(address), chromedp.WaitVisible("#survey .odds, #survey .here", chromedp.ByQuery))
			if strings.Contains(name, "frame") {
				w.run(chromedp.ScrollIntoView("#preview .weight", chromedp.ByQuery))
			}
			w.run(chromedp.Sleep(500 * time.Millisecond)) // a frame that is being drawn
			w.shot(fmt.Sprintf("see-%s-%d", name, width))
		}
		for _, view := range []string{"desktop", "phone", "dark", "forced-dark"} {
			see("en", "view="+view, "frame-"+view)
		}
		see("en", "view=links", "links")
		see("en", "view=headers&file=body.md&at=5", "headers")
		see("en", "find=example", "find")
		w.run(chromedp.Evaluate("fetch('/language', {method: 'POST', body: new URLSearchParams({language: 'fa', back: '/'})}).then(() => 1)", nil),
			chromedp.Sleep(500*time.Millisecond))
		see("fa", "view=desktop", "fa")
		w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme",
			Value: "dark"}}))
		see("fa", "view=desktop", "fa-at-night")
		see("en", "view=desktop", "night")
		see("en", "view=dark", "night-frame-dark")
	}
}
