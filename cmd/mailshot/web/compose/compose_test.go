package compose

import (
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
)

const campaignFile = `id: spring
from: Ann <ann@acme.example>
subject: "Hello {{.name}}"
recipients: { file: people.csv }
body: { markdown: body.md, text: body.txt }
`

const list = "email,name,city\nbob@example.com,Bob,Oslo\ncara@example.com,Cara,\ndan@example.org,Dan,Rome\n"

// page is the page of a campaign's message, over a real folder.
type page struct {
	*testing.T
	dir string
	mux *http.ServeMux
}

func open(t *testing.T) *page {
	t.Helper()
	p := &page{T: t, dir: t.TempDir(), mux: http.NewServeMux()}
	for name, text := range map[string]string{"campaign.yaml": campaignFile, "people.csv": list,
		"body.md": "Dear {{.name}}\r\n\r\n[Look](https://shop.example/?a=1)\r\n", "body.txt": "Dear {{.name}} in {{.city}}\n"} {
		p.write(name, text)
	}
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk.Desk{
		Shelf: &shelf.Shelf{Dir: p.dir, Root: root, Accounts: filepath.Join(t.TempDir(), "own", "accounts.db")},
		Runs:  runs.New(), Mail: &mailport.Port{Host: "127.0.0.1:2"},
	}
	t.Cleanup(func() {
		if err := errors.Join(d.Close(), root.Close()); err != nil {
			t.Error(err)
		}
	})
	for pattern, answer := range Routes(d) {
		p.mux.HandleFunc(pattern, answer)
	}
	return p
}

func (p *page) write(name, text string) {
	p.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
}

func (p *page) read(name string) string {
	p.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.Fatal(err)
	}
	return string(b)
}

func (p *page) get(query string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/c/campaign.yaml/message?"+query, nil))
	return w
}

func (p *page) post(form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/c/campaign.yaml/message", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	p.mux.ServeHTTP(w, r)
	return w
}

var versions = regexp.MustCompile(`name="version" value="(\w+)"`)

// version is that of the source that a page shows.
func (p *page) version(w *httptest.ResponseRecorder) string {
	p.Helper()
	m := versions.FindStringSubmatch(w.Body.String())
	if m == nil {
		p.Fatalf("no version: %d\n%s", w.Code, w.Body)
	}
	return m[1]
}

// want looks for texts in a page.
func (p *page) want(w *httptest.ResponseRecorder, code int, texts ...string) {
	p.Helper()
	if w.Code != code {
		p.Errorf("status %d, not %d\n%s", w.Code, code, w.Body)
	}
	body := html.UnescapeString(w.Body.String())
	if _, main, ok := strings.Cut(body, "<main"); ok {
		body = main
	}
	for _, text := range texts {
		if not, found := strings.CutPrefix(text, "not "); found && strings.Contains(body, not) || !found &&
			!strings.Contains(body, text) {
			p.Errorf("%q\n%s", text, body)
		}
	}
}

// What is typed is seen in the message, and is not written.
func TestUnsaved(t *testing.T) {
	t.Parallel()
	p := open(t)
	for name, c := range map[string]struct{ file, text, view, seen string }{
		"body":     {"body.txt", "Salut {{.name}}", "text", "Salut Bob"},
		"Markdown": {"body.md", "# Salut {{.name}}", "source", "Salut Bob"},
		"campaign": {"campaign.yaml", strings.Replace(campaignFile, "Hello", "Salut", 1), "text", "Salut Bob"},
	} {
		was := p.read(c.file)
		version := p.version(p.get("file=" + c.file))
		w := p.post(url.Values{"file": {c.file}, "text": {c.text}, "version": {version}, "row": {"1"}, "view": {c.view}})
		p.want(w, http.StatusOK, c.seen, "data-dirty", "not data-stale")
		if p.read(c.file) != was {
			t.Errorf("%s: typing wrote the file", name)
		}
	}
}

// A mistake in what is typed stands beside the last good message, with the line of the template.
func TestMistake(t *testing.T) {
	t.Parallel()
	p := open(t)
	for file, text := range map[string]string{
		"body.md": "Dear {{.name}}\n\n{{.nmae}}\n", "campaign.yaml": campaignFile + "nonsense: 1\n",
	} {
		version := p.version(p.get("file=" + file))
		line := map[string]string{"body.md": "3", "campaign.yaml": "6"}[file]
		w := p.post(url.Values{"file": {file}, "text": {text}, "version": {version}})
		p.want(w, http.StatusOK, `data-line="`+line+`"`, "at="+line, "data-stale", "Hello Bob")
	}
}

// A text is saved byte for byte, whatever line ends a form sends. Seen to fail where the text is written as it comes,
// and without the line break after <textarea>, which a browser takes away.
func TestSave(t *testing.T) {
	t.Parallel()
	p := open(t)
	for was, want := range map[string]string{
		"a {{.name}}\r\nb\n": "a {{.name}}\r\nnew\nb\n", "\ufeffa\r\nb": "\ufeffa\r\nnew\r\nb", "\n\na\nb\n": "\n\na\nnew\nb\n",
		"a\rb": "a\rnew\rb",
	} {
		p.write("body.txt", was)
		w := p.get("file=body.txt")
		text := html.UnescapeString(w.Body.String())
		_, text, _ = strings.Cut(text, "editor-hint\">\n")
		text, _, _ = strings.Cut(text, "</textarea>")
		text = strings.Replace(strings.ReplaceAll(text, "\n", "\r\n"), "\r\nb", "\r\nnew\r\nb", 1)
		w = p.post(url.Values{"do": {"save"}, "file": {"body.txt"}, "text": {text}, "version": {p.version(w)}, "row": {"2"}})
		p.want(w, http.StatusSeeOther)
		if to := w.Header().Get("Location"); !strings.Contains(to, "row=2") || !strings.Contains(to, "saved=1") {
			t.Error(to)
		}
		if got := p.read("body.txt"); got != want {
			t.Errorf("%q became %q, not %q", was, got, want)
		}
	}
}

// A newer file is shown beside what was typed, and is written over only when the person has seen it.
func TestNewer(t *testing.T) {
	t.Parallel()
	p := open(t)
	form := url.Values{"do": {"save"}, "file": {"body.txt"}, "text": {"mine"},
		"version": {p.version(p.get("file=body.txt"))}}
	p.write("body.txt", "theirs")
	w := p.post(form)
	p.want(w, http.StatusConflict, "mine</textarea>", "theirs</pre>")
	if got := p.read("body.txt"); got != "theirs" {
		t.Errorf("%q was written over", got)
	}
	form.Set("version", p.version(w))
	p.want(p.post(form), http.StatusSeeOther)
	if got := p.read("body.txt"); got != "mine" {
		t.Errorf("%q", got)
	}
}

// Only the campaign's own sources are shown and saved.
func TestOthersFiles(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, name := range []string{"../x", "/etc/passwd", "people.csv", "campaign.yaml/../people.csv", "body.md\x00"} {
		form := url.Values{"do": {"save"}, "file": {name}, "text": {"x"}, "version": {""}}
		p.want(p.post(form), http.StatusNotFound)
		p.want(p.get(url.Values{"file": {name}}.Encode()), http.StatusOK, `name="file" value="body.md"`, "not root:")
	}
	if p.read("people.csv") != list {
		t.Error("the list was written")
	}
	p.write("body.txt", "a\x00b")
	p.want(p.get("file=body.txt"), http.StatusOK, "cannot be edited here", "not <textarea")
	form := url.Values{"do": {"save"}, "file": {"body.txt"}, "text": {"x"}}
	p.want(p.post(form), http.StatusUnprocessableEntity)
	if p.read("body.txt") != "a\x00b" {
		t.Error("a file with a NUL was written")
	}
}

// A campaign file with mistakes can be mended here.
func TestBrokenCampaign(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.write("campaign.yaml", strings.Replace(campaignFile, "subject", "sbject", 1))
	w := p.get("")
	p.want(w, http.StatusOK, `value="campaign.yaml"`, `data-line="3"`, "sbject")
	w = p.post(url.Values{"do": {"save"}, "file": {"campaign.yaml"}, "text": {campaignFile}, "version": {p.version(w)}})
	p.want(w, http.StatusSeeOther)
	p.want(p.get("view=text"), http.StatusOK, "Hello Bob", "Dear Bob in Oslo")
}

// A line has a place to go to without the script.
func TestLines(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.want(p.get("file=body.md&at=3"), http.StatusOK, `<li id="L3" class="at"><span dir="auto">[Look]`)
}

func TestFind(t *testing.T) {
	t.Parallel()
	p := open(t)
	w := p.get("find=DAN@example.org&view=text")
	p.want(w, http.StatusSeeOther)
	if to := w.Header().Get("Location"); !strings.Contains(to, "row=3") || !strings.Contains(to, "view=text") {
		t.Error(to)
	}
	p.want(p.get("find=example.com"), http.StatusOK, "2 people", "row=1", "row=2", "Cara")
	p.want(p.get("find=nobody%22%3E%3Cb%3E"), http.StatusOK, "Nobody in the list")
	if w := p.get("find=nobody%22%3E%3Cb%3E"); strings.Contains(w.Body.String(), `nobody"><b>`) {
		t.Error("what was looked for is markup")
	}
}

// The views of one message; its links lead nowhere from the page.
func TestViews(t *testing.T) {
	t.Parallel()
	p := open(t)
	for view, texts := range map[string][]string{
		"desktop": {`sandbox=""`, "mail-desktop"}, "phone": {"mail-phone"}, "dark": {"mail-dark"}, "forced-dark": {"?forced"},
		"text": {"Dear Bob in Oslo"}, "source": {"MIME-Version: 1.0"}, "headers": {"<th scope=\"row\" class=\"mono\">Subject"},
		"files": {"No files"}, "links": {"https://shop.example/?a=1", "not href=\"https:"},
		"nonsense": {"mail-desktop"},
	} {
		p.want(p.get("view="+view), http.StatusOK, append(texts, "of the 102 kB")...)
	}
	p.want(p.get("row=4"), http.StatusOK, "The list has no row 4")
}

// The rows that are odd are known once all messages were looked through.
func TestOdd(t *testing.T) {
	t.Parallel()
	p := open(t)
	w := p.get("row=1")
	for strings.Contains(w.Body.String(), "data-poll") {
		if t.Context().Err() != nil {
			t.Fatal("the survey does not end")
		}
		w = p.get("row=1")
	}
	p.want(w, http.StatusOK, "of 3", "Next odd one", `<option value=".city">`, "An empty cell in <bdi>city")
	odd := regexp.MustCompile(`href="([^"]*)" data-swap data-odd`).FindStringSubmatch(w.Body.String())
	if odd == nil || !strings.Contains(odd[1], "row=2") {
		t.Errorf("the next odd one is at %q", odd)
	}
	p.want(p.get("row=3"), http.StatusOK, "not rel=\"next\"")
}

// The message of a row is shown, however many rows before it could not be read. Seen to fail where the list was left at
// the 21st of them.
func TestManyFaults(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.write("people.csv", list+strings.Repeat("only a name\n", 60)+"zoe@example.com,Zoe,Bern\n")
	p.want(p.get("row=4&view=text"), http.StatusOK, "Dear Zoe in Bern")
	if w := p.get("row=5"); strings.Count(w.Body.String(), `data-finding="ragged-row"`) > 21 {
		t.Error("all faults are on the page")
	}
}

// A text that is saved twice, since a person pressed twice, is saved. Seen to fail where only the version is compared.
func TestSavedTwice(t *testing.T) {
	t.Parallel()
	p := open(t)
	form := url.Values{"do": {"save"}, "file": {"body.txt"}, "text": {"mine\r\n"},
		"version": {p.version(p.get("file=body.txt"))}}
	p.want(p.post(form), http.StatusSeeOther)
	p.want(p.post(form), http.StatusSeeOther)
	if got := p.read("body.txt"); got != "mine\n" {
		t.Errorf("%q", got)
	}
}

// The number of a row may be written as the page writes numbers.
func TestRowInDigits(t *testing.T) {
	t.Parallel()
	p := open(t)
	for _, row := range []string{"3", " 3 ", "۳", "٣"} {
		p.want(p.get(url.Values{"row": {row}, "view": {"text"}}.Encode()), http.StatusOK, "Dear Dan")
	}
}

// A column that a template can only name in quotes is offered as it is written, with what is between the parts of a
// Persian word.
func TestNameInQuotes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"city": ".city", "شهر": ".شهر", "نام\u200cها": "col \"نام\u200cها\"", "E mail": `col "E mail"`, `a"\`: `col "a\"\\"`, "a\nb": `col "a\nb"`,
	} {
		got := (&shown{}).Name(name)
		if got != want {
			t.Errorf("%q is offered as %s", name, got)
		}
		if quoted, ok := strings.CutPrefix(got, "col "); ok {
			if is, err := strconv.Unquote(quoted); err != nil || is != name {
				t.Errorf("%q is read as %q: %v", name, is, err)
			}
		}
	}
}

// A file that a body includes is a source, too, with its findings; another file of the folder is none.
func TestIncluded(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.write("parts.md", "Yours,\n\n{{.nmae}}\n")
	p.write("body.txt", `{{template "people.csv" .}}{{template "../x.md"}}{{template "no.md"}}`)
	p.want(p.get("file=people.csv"), http.StatusOK, `name="file" value="body.md"`, "not >people.csv</bdi>")
	p.write("body.txt", "Dear {{.name}}\n{{- template \"parts.md\" . }}\n")
	w := p.get("file=parts.md")
	p.want(w, http.StatusOK, `name="file" value="parts.md"`, `data-line="3"`, "at=3")
	form := url.Values{"file": {"parts.md"}, "text": {"Yours, {{.city}}"}, "version": {p.version(w)}, "view": {"text"}}
	p.want(p.post(form), http.StatusOK, "Yours, Oslo")
	form.Set("do", "save")
	p.want(p.post(form), http.StatusSeeOther)
	if got := p.read("parts.md"); got != "Yours, {{.city}}" {
		t.Errorf("%q", got)
	}
}

// What was typed stays on the page where its file is gone, or cannot be edited any more, and is put into no other file.
// It was lost: the page had no text, or there was no page, or another file's form had it.
func TestTypedStays(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *page){
		"gone":         func(p *page) { _ = os.Remove(filepath.Join(p.dir, "body.txt")) },
		"another code": func(p *page) { p.write("body.txt", "caf\xe9\n") },
		"too large":    func(p *page) { p.write("body.txt", strings.Repeat("x", 2<<20)) },
	} {
		p := open(t)
		version := p.version(p.get("file=body.txt"))
		change(p)
		for _, do := range []string{"save", "preview"} {
			w := p.post(url.Values{"do": {do}, "file": {"body.txt"}, "text": {"mine, {{.name}}\r\n"}, "version": {version}})
			body := html.UnescapeString(w.Body.String())
			if do == "save" && w.Code < 400 || !strings.Contains(body, "mine, {{.name}}\n</textarea>") ||
				!strings.Contains(body, `name="file" value="body.txt"`) ||
				!strings.Contains(body, `name="version" value="`+version) {
				t.Errorf("%s, %s: %d\n%s", name, do, w.Code, body)
			}
		}
	}
	p := open(t)
	for _, file := range []string{"../campaign.yaml", "/etc/passwd", "people.csv", "", "."} {
		if w := p.post(url.Values{"do": {"save"}, "file": {file}, "text": {"x"}}); file != "" &&
			w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", file, w.Code)
		}
	}
}

// A campaign that signs says that a message's signature is made when it leaves, also before it was saved.
func TestOutside(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.want(p.get(""), http.StatusOK, "Bob", "not data-outside")
	p.write("campaign.yaml", campaignFile+"dkim: [{ domain: acme.example, selector: s1, key: { file: s1.pem } }]\n")
	p.want(p.get(""), http.StatusOK, "Bob", "data-outside", "Signed with DKIM", "not data-sealed")
	p.write("campaign.yaml", campaignFile+"pgp: { sign: { key: { file: me.asc } } }\n")
	p.want(p.get(""), http.StatusOK, "Bob", "data-sealed", "Signed or encrypted for its reader", "not data-outside")
}
