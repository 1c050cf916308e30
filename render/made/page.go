package made

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"mailshot/render"
	"mailshot/templates"
)

// Page is an HTML page that a browser prints as PDF. It is safe for concurrent use.
//
// The browser gets the page as a web archive (MHTML, RFC 2557), with its images in it. A browser runs no script of such
// a page, and loads only what is in the archive: no file of this machine, and nothing from the network, whatever the
// page or a cell says.
type Page struct {
	HTML   *templates.HTML
	Images []string // slash-separated paths below Root of what the page may show: pictures, fonts, style sheets
	Root   fs.FS
	Limits
}

// Recipe returns the page for a row, and the images.
func (p *Page) Recipe(to render.Recipient) ([]string, error) {
	var o templates.Output
	if err := p.HTML.Append(&o, to.Data); err != nil {
		return nil, err
	}
	recipe := []string{string(o.Text)}
	for _, name := range p.Images {
		b, err := fs.ReadFile(p.Root, name)
		if err != nil {
			return nil, render.PathFault(name, err)
		}
		sum := sha256.Sum256(b)
		recipe = append(recipe, name, string(sum[:]))
	}
	return recipe, nil
}

// base is the address that the archive gives for the page. Nothing is ever there (RFC 2606).
const base = "http://page.invalid/"

// archive makes the web archive of a page.
func (p *Page) archive(page string) ([]byte, error) {
	const boundary = "=_mailshot"
	var b bytes.Buffer
	part := func(location, mediaType string, content []byte) {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Location: %s\r\n\r\n",
			boundary, mediaType, location)
		for len(content) > 0 {
			n := min(len(content), 57)
			b.WriteString(base64.StdEncoding.EncodeToString(content[:n]) + "\r\n")
			content = content[n:]
		}
	}
	fmt.Fprintf(&b, "From: <mailshot>\r\nSnapshot-Content-Location: %sindex.html\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/related; type=\"text/html\"; boundary=\"%s\"\r\n\r\n", base, boundary)
	part(base+"index.html", "text/html; charset=utf-8", []byte(page))
	for _, name := range p.Images {
		content, err := fs.ReadFile(p.Root, name)
		if err != nil {
			return nil, render.PathFault(name, err)
		}
		mediaType := mime.TypeByExtension(strings.ToLower(path.Ext(name)))
		if mediaType == "" {
			mediaType = "application/octet-stream"
		}
		part(base+(&url.URL{Path: name}).EscapedPath(), mediaType, content)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.Bytes(), nil
}

// Run prints a page that Recipe has made. The error is a *render.Fault or the error of ctx.
func (p *Page) Run(ctx context.Context, recipe []string) ([]byte, error) {
	browser, open, err := p.browser()
	if err != nil {
		return nil, err
	}
	short := p.Limits
	short.Home = "" // the browser has a socket in its working folder, whose path may have about 100 bytes
	work, done, err := short.working()
	if err != nil {
		return nil, err
	}
	defer done()
	archive, err := p.archive(recipe[0])
	if err != nil {
		return nil, err
	}
	page, to := filepath.Join(work, "page.mhtml"), filepath.Join(work, "page.pdf")
	if err := os.WriteFile(page, archive, 0o600); err != nil {
		return nil, err
	}
	r := running{Limits: p.Limits, what: "print", name: filepath.Base(browser), path: browser, work: work, dir: work}
	r.args = append(append(switches(work), open...), "--print-to-pdf="+to, fileURL(page))
	_, said, err := r.run(ctx)
	if err != nil {
		return nil, err
	}
	made, err := os.ReadFile(to)
	switch {
	case err != nil || len(made) == 0:
		return nil, &render.Fault{Code: "make-failed", Text: "print: " + r.name + " has printed nothing" + said.String(),
			Hint: "does it print the page by itself? " + r.name + " --headless --print-to-pdf page.html"}
	case int64(len(made)) > p.most():
		return nil, &render.Fault{Code: "file-too-large",
			Text: fmt.Sprintf("print: the PDF has %d bytes; the limit is %d", len(made), p.most())}
	}
	return made, nil
}

// switches returns the flags of the browser. The archive alone keeps it from the network. A proxy that does not exist,
// and names that nothing resolves, are a second wall.
func switches(work string) []string {
	return []string{
		"--headless", "--disable-gpu", "--no-pdf-header-footer", "--no-first-run", "--disable-extensions", "--disable-sync",
		"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
		"--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir=" + filepath.Join(work, "profile"),
	}
}

// fileURL is the address of a file.
func fileURL(name string) string {
	name = filepath.ToSlash(name)
	if !strings.HasPrefix(name, "/") { // C:/…
		name = "/" + name
	}
	return (&url.URL{Scheme: "file", Path: name}).String()
}

// The variables that say which browser prints, and that it may run without its sandbox.
const (
	BrowserVariable = "MAILSHOT_BROWSER"
	SandboxVariable = "MAILSHOT_BROWSER_SANDBOX"
)

// browsers are the programs that can print. The first one that is installed is used.
var browsers = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"}

// elsewhere returns paths of browsers that are not in PATH.
func elsewhere() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"/Applications/Chromium.app/Contents/MacOS/Chromium",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"}
	case "windows":
		var all []string
		for _, of := range []string{"PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"} {
			if dir := os.Getenv(of); dir != "" {
				all = append(all, filepath.Join(dir, `Google\Chrome\Application\chrome.exe`),
					filepath.Join(dir, `Microsoft\Edge\Application\msedge.exe`))
			}
		}
		return all
	}
	return nil
}

// browser finds the program that prints, and the flags that it needs on this machine.
func (p *Page) browser() (path string, open []string, err error) {
	const hint = "install Chromium (apt install chromium, brew install --cask chromium, or Google Chrome), " +
		"or name it in " + BrowserVariable
	if name := os.Getenv(BrowserVariable); name != "" {
		path, err = find("print", name, p.Dir, hint)
	} else {
		for _, name := range append(browsers, elsewhere()...) {
			if path, err = exec.LookPath(name); err == nil {
				break
			}
		}
		if err != nil {
			err = &render.Fault{Code: "no-program", Hint: hint, Text: "print: there is no Chromium on this machine, which prints"}
		}
	}
	if err != nil {
		return "", nil, err
	}
	switch off := os.Getenv(SandboxVariable) == "off"; {
	case off:
		open = []string{"--no-sandbox"}
	case os.Geteuid() == 0:
		return "", nil, &render.Fault{Code: "root-browser", Text: "print: Chromium has no sandbox where root runs it, and does not start",
			Hint: "run mailshot as another user; or, if you trust the pages and images of this campaign, set " + SandboxVariable + "=off"}
	}
	return path, open, nil
}
