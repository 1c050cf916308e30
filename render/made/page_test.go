package made

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"mailshot/templates"
)

// page compiles a page that is printed in dir.
func page(t testing.TB, dir, html string, images ...string) *Page {
	t.Helper()
	body, err := templates.New(templates.Config{}).Body(templates.BodySource{Layout: "none", NoInline: true,
		HTML: &templates.Source{File: "page.html", Text: html}})
	if err != nil {
		t.Fatal(err)
	}
	return &Page{HTML: body.HTML, Images: images, Root: os.DirFS(dir),
		Limits: Limits{Dir: dir, Home: filepath.Join(dir, ".mailshot"), Timeout: 5 * Timeout}}
}

// printed prints a page for a row, and returns the PDF's name.
func printed(t testing.TB, p *Page, cell string) string {
	t.Helper()
	recipe, err := p.Recipe(row(cell))
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Run(t.Context(), recipe)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "page.pdf")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// needs skips a test where a browser or another program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Setenv(SandboxVariable, "off") // the pages of tests are trusted
	}
	if _, _, err := (&Page{}).browser(); err != nil {
		t.Skip(err)
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(err)
		}
	}
}

func run(t testing.TB, program string, args ...string) string {
	t.Helper()
	b, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s %v", program, b, err)
	}
	return string(b)
}

// A browser that prints gets nothing but what the campaign names: no script runs, no file of this machine is read, and
// nobody is asked for anything, by whichever element of the page. A cell is text.
//
// Seen to fail with the page as an HTML file in place of an archive: it showed the file and ran the script.
func TestPageLoadsNothing(t *testing.T) {
	needs(t, "pdftotext", "pdfinfo", "pdfimages")
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintln(w, "FROMTHENET")
	}))
	defer s.Close()
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret.txt")
	if err := os.WriteFile(secret, []byte("SECRETFILE"), 0o600); err != nil {
		t.Fatal(err)
	}
	logo, err := os.ReadFile("../../docs/layouts/newsletter.fa.light.375.png")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a logo.png"), logo, 0o600); err != nil {
		t.Fatal(err)
	}
	html := strings.NewReplacer("NET", s.URL, "FILE", fileURL(secret)).Replace(`<!doctype html><html><head><title>t</title>
<style>@import url(NET/a); @page { size: 100mm 50mm } body { background: url(NET/b) } @font-face { font-family: x; src: url(NET/c) }</style>
<link rel="stylesheet" href="NET/d"><link rel="preconnect" href="NET"><link rel="prefetch" href="NET/e"><link rel="icon" href="NET/f">
</head><body style="font-family: x"><p>Cell: {{.c}}.</p><img src="a%20logo.png" alt="" width="50"><img src="NET/g" alt="">
<img src="FILE" alt=""><iframe src="FILE"></iframe><iframe src="NET/h"></iframe><object data="FILE"></object><embed src="FILE">
<video src="NET/i" poster="NET/j"></video><audio src="NET/k"></audio><svg><image href="FILE"/><use href="NET/l#x"/></svg>
<iframe srcdoc="&lt;iframe src='FILE'&gt;&lt;/iframe&gt;"></iframe><script>document.body.append("SCRIPTRAN")</script>
<img src="x" onerror="document.body.append('SCRIPTRAN')" alt=""><noscript>NOSCRIPT</noscript></body></html>`)
	for _, cell := range []string{"plain", `<script>document.body.append("SCRIPTRAN")</script><iframe src="` +
		fileURL(secret) + `">`} {
		text := html
		if cell != "plain" {
			text = strings.Replace(html, "<style>", `<meta http-equiv="refresh" content="0;url=`+fileURL(secret)+`"><style>`, 1)
		}
		pdf := printed(t, page(t, dir, text, "a logo.png"), cell)
		text = strings.Join(strings.Fields(run(t, "pdftotext", pdf, "-")), " ")
		if n := asked.Load(); n > 0 || strings.Contains(text, "SECRETFILE") || strings.Contains(text, "FROMTHENET") ||
			strings.ReplaceAll(cell, "SCRIPTRAN", "") == cell && strings.Contains(text, "SCRIPTRAN") {
			t.Errorf("asked %d times, shows %s", n, text)
		}
		if cell == "plain" && !strings.Contains(text, "Cell: plain.") || !strings.Contains(text, "NOSCRIPT") {
			t.Error(text)
		}
		if images := run(t, "pdfimages", "-list", pdf); !strings.Contains(images, "375") {
			t.Errorf("the logo is not there: %s", images)
		}
		if info := run(t, "pdfinfo", pdf); !strings.Contains(info, " 282.96 x 142.08 pts") {
			t.Error(info)
		}
	}
}

// A machine without a browser, and a browser that root runs, are told what to do.
func TestNoBrowser(t *testing.T) {
	dir := t.TempDir()
	try := func() string {
		_, err := page(t, dir, "<p>x</p>").Run(context.Background(), []string{"<p>x</p>"})
		return said(err)
	}
	t.Setenv(SandboxVariable, "")
	t.Setenv(BrowserVariable, "no-such-browser")
	if got := try(); !strings.HasPrefix(got, `no-program: print: there is no program "no-such-browser"`) {
		t.Error(got)
	}
	if os.Geteuid() == 0 {
		t.Setenv(BrowserVariable, shell(t, dir, "exit 0"))
		if got := try(); !strings.HasPrefix(got, "root-browser: ") {
			t.Error(got)
		}
	}
	t.Setenv(SandboxVariable, "off")
	t.Setenv(BrowserVariable, shell(t, dir, "echo broken >&2"))
	if got := try(); got != `make-failed: print: make.sh has printed nothing: "broken"` {
		t.Error(got)
	}
	t.Setenv(BrowserVariable, "")
	t.Setenv("PATH", dir)
	if got := try(); len(elsewhere()) == 0 && !strings.HasPrefix(got,
		"no-program: print: there is no Chromium on this machine") {
		t.Error(got)
	}
}
