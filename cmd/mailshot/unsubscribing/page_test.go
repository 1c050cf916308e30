package unsubscribing

import (
	"bytes"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"mailshot/campaign/leaving/words"
	"mailshot/internal/chromiumtest"
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

// show opens a page in a language. scripts says whether its script runs.
func show(b *chromiumtest.Browser, address, lang, scheme string, width int64, scripts bool) {
	b.Helper()
	b.As(width, scheme)
	b.Run(emulation.SetScriptExecutionDisabled(!scripts), emulation.SetLocaleOverride().WithLocale(lang),
		emulation.SetUserAgentOverride("test").WithAcceptLanguage(lang),
		chromedp.Navigate("about:blank"), chromedp.Navigate(address))
}

// In a browser, the page takes the token out of its own address, in the person's language, and the mail has it. Without
// its script it says how to write the mail, and its form does. It asks nobody for anything.
func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := chromiumtest.Open(t, true)
	b.Pictures = *pictures
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

	show(b, plain+"#"+code, "de", "light", 1000, true)
	if got := b.Text(`const d = document.querySelector("details[open]"); [document.documentElement.lang, document.title, d.lang,
		d.querySelector("input").value, d.querySelector("form").action, d.querySelector(".help").hidden].join(" ")`); got !=
		"de Abmelden de "+code+" mailto:leave@acme.example true" {
		t.Error(got)
	}
	b.Seen("page-de-light", 1000)
	show(b, plus+"?t="+strings.ToUpper(code), "fa-IR", "dark", 375, true)
	if got := b.Text(`document.documentElement.dir + " " + document.querySelector("details[open] a").href`); got !=
		"rtl mailto:leave+"+code+"@acme.example?subject=stop" {
		t.Error(got)
	}
	b.Seen("page-fa-dark", 375)
	show(b, plus, "ja", "light", 375, true) // without a code there is no mail to write
	if got := b.Text(`document.documentElement.lang + document.querySelector("details[open] a").hidden`); got != "entrue" {
		t.Error(got)
	}
	show(b, plain+"#"+code, "de", "dark", 320, false)
	b.Seen("page-no-script-dark", 320)
	if got := b.Text(`document.querySelector("details[open]").innerText`); !strings.Contains(got, "leave@acme.example") ||
		!strings.Contains(got, "end of the address") {
		t.Error(got)
	}
	show(b, plus+"#"+code, "en", "light", 375, false)
	b.Seen("page-no-script-light", 375)
	if got := b.Text(`document.querySelector("details[open]").innerText`); !strings.Contains(got, "leave+CODE@acme.example") {
		t.Error(got)
	}
	asked, said := b.Heard()
	if slices.ContainsFunc(asked, func(a string) bool { return !strings.HasPrefix(a, "file:") }) || len(said) > 0 {
		t.Errorf("the browser asked for %q and says %q", asked, said)
	}
}
