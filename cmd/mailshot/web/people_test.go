package web_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// mistaken is a list with ten kinds of mistakes; a line of mended, if it is not empty, is what the person makes of it.
var mistaken = []struct{ code, line, mended string }{
	{"", "number,first_name,email,amount,due,member", ""},
	{"", "1,Ann,ann@example.com,10.50,2026-12-01,yes", ""},
	{"invalid-row", "2,Bo,bo example.com,80,2026-12-01,yes", "2,Bo,bo@example.com,80,2026-12-01,yes"},
	{"typo-domain", "3,Chen,chen@gmial.com,5,2026-12-01,no", "3,Chen,chen@gmail.com,5,2026-12-01,no"},
	{"bad-number", "4,Dora,dora@example.org,ten,2026-12-01,yes", "4,Dora,dora@example.org,10,2026-12-01,yes"},
	{"bad-date", "5,Ed,ed@example.org,10,soon,yes", "5,Ed,ed@example.org,10,2026-12-02,yes"},
	{"bad-bool", "6,Fay,fay@example.org,10,2026-12-01,perhaps", "6,Fay,fay@example.org,10,2026-12-01,no"},
	{"mojibake", "7,JosÃ©,jose@example.org,10,2026-12-01,yes", "7,José,jose@example.org,10,2026-12-01,yes"},
	{"ragged-row", "8,Gil,gil@example.org,10,2026-12-01", "8,Gil,gil@example.org,10,2026-12-01,yes"},
	{"same-key", "1,Hal,hal@example.org,10,2026-12-01,yes", "9,Hal,hal@example.org,10,2026-12-01,yes"},
	{"word-for-nothing", "10,#N/A,jo@example.org,10,2026-12-01,yes", "10,Jo,jo@example.org,10,2026-12-01,yes"},
	{"odd-blank", "11,Kim\u200b,kim@example.org,10,2026-12-01,yes", "11,Kim,kim@example.org,10,2026-12-01,yes"},
}

// mendable writes a campaign with that list into a folder.
func mendable(t *testing.T, dir string) (list string) {
	t.Helper()
	list = filepath.Join(dir, "people.csv")
	for name, text := range map[string]string{
		"campaign.yaml": "id: ten\nfrom: Acme <news@example.org>\nsubject: \"Hello {{.first_name}}\"\nrecipients:\n" +
			"  file: people.csv   # exported on Monday\n  key: number\n" +
			"  columns: { amount: number, due: date, member: bool }\nbody: { text: body.txt }\n" +
			"server: { host: smtp.example.com }\n",
		"body.txt":   "Hello {{.first_name}},\n\nyou owe us {{.amount}}.\n",
		"people.csv": lines(false),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func lines(mended bool) string {
	var b strings.Builder
	for _, l := range mistaken {
		if mended && l.mended != "" {
			l.line = l.mended
		}
		b.WriteString(l.line + "\n")
	}
	return b.String()
}

// A list with ten kinds of mistakes is mended as people do it: each is found at its cell, the person mends the file in
// another program, the page says that it has changed, and it is read again.
func TestMendList(t *testing.T) {
	ways(t, func(t *testing.T, y way) {
		dir := t.TempDir()
		list := mendable(t, dir)
		w := openBy(t, dir, y)
		w.click(`.card a[href$="/people"]`, ".people")
		for i, l := range mistaken {
			if l.code == "" {
				continue
			}
			var n int
			w.run(chromedp.Evaluate(fmt.Sprintf(`document.querySelectorAll('.people [data-finding="%s"]').length`, l.code), &n))
			if n != 1 {
				t.Errorf("%d cells have %s (row %d)", n, l.code, i+1)
			}
		}
		w.shot(fmt.Sprintf("people-%d", y.width))
		w.click(`.kind[data-finding=typo-domain] a`, `#first`)
		if text := w.text("#first"); !strings.Contains(text, "gmail.com") || !strings.Contains(text, "chen@gmial.com") {
			t.Errorf("the summary leads to %q", text)
		}
		w.shot(fmt.Sprintf("people-kind-%d", y.width))
		if err := os.WriteFile(list, []byte(lines(true)), 0o600); err != nil {
			t.Fatal(err)
		}
		w.wait("[data-stale]") // the page sees it by itself, and says so
		if y.hand != scriptless {
			var spoken string
			if w.run(chromedp.Evaluate(`document.querySelector("#spoken").textContent`, &spoken)); spoken == "" {
				t.Error("nobody hears that the list has changed")
			}
		}
		w.shot(fmt.Sprintf("people-stale-%d", y.width))
		w.click("[data-stale] button", ".banner.good")
		w.shot(fmt.Sprintf("people-mended-%d", y.width))
		w.click(`.tabs a[href*="all=1"]`, `[data-row="11"]`)
		w.click(`[data-row="4"] .row-number a`, ".facts")
		if text := w.text(".facts"); !strings.Contains(text, "dora@example.org") {
			t.Errorf("row 4 leads to %q", text)
		}
	})
}

// Another file comes beside one of its name, and takes its place when the person says so; what a column is goes into
// the campaign file, which is otherwise as it was.
func TestChooseList(t *testing.T) {
	waysOf(t, 3, func(t *testing.T, y way) {
		dir, other := t.TempDir(), t.TempDir()
		list := mendable(t, dir)
		upload := filepath.Join(other, "people.csv")
		if err := os.WriteFile(upload, []byte(lines(true)), 0o600); err != nil {
			t.Fatal(err)
		}
		w := openBy(t, dir, y)
		w.click(`.card a[href$="/people"]`, ".people")
		w.attach("#list", upload)
		if y.hand == scriptless {
			w.use(".drop button")
		}
		w.wait(".decide")
		w.shot(fmt.Sprintf("people-decide-%d", y.width))
		if b, err := os.ReadFile(list); err != nil || string(b) != lines(false) {
			t.Errorf("an upload went over a file: %v", err)
		}
		w.click(".decide button", ".banner.good")
		if b, err := os.ReadFile(list); err != nil || string(b) != lines(true) {
			t.Errorf("the file was not replaced: %v", err)
		}
		w.run(chromedp.Evaluate(`document.documentElement.dataset.left = ""`, nil)) // the banner of what was done before
		w.pick(`[name="use-1"]`, "name")
		w.click("#columns button", "html:not([data-left]) .banner.good")
		b, err := os.ReadFile(filepath.Join(dir, "campaign.yaml"))
		if err != nil || !strings.Contains(string(b), "  file: people.csv   # exported on Monday\n") ||
			!strings.Contains(string(b), "\n  name: first_name\n") {
			t.Errorf("%v\n%s", err, b)
		}
	})
}

// Pictures of the page in the dark and from right to left.
func TestPeoplePictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures")
	}
	dir := t.TempDir()
	mendable(t, dir)
	w := open(t, dir, 1280)
	w.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme",
		Value: "dark"}}))
	w.click(`.card a[href$="/people"]`, ".people")
	w.shot("people-dark-1280")
	w.click(`a.change`, "#reading")
	w.shot("people-reading-dark-1280")
	w.run(emulation.SetEmulatedMedia(), chromedp.SetValue(".languages select", "fa", chromedp.ByQuery),
		chromedp.Submit(".languages", chromedp.ByQuery), chromedp.WaitVisible(`[lang="fa"] .people`, chromedp.ByQuery))
	w.shot("people-fa-1280")
	w.run(emulation.SetDeviceMetricsOverride(375, 900, 1, true))
	w.shot("people-fa-375")
}
