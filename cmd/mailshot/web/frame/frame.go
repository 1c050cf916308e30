// Package frame is what all pages of the window have in common: the sheet of styles, the script, the way through a
// campaign, the command that does the same as the page, and the person's language. Call [Load] for the pages of a room
// and [Set.Show] to answer with one of them.
//
// A page is whole HTML that works without the script. Its state is in its address, so that a reload, back and a link
// work. Whatever comes from a cell, a server or a file is text: html/template escapes it, and nothing here is of a type
// that it would not escape.
package frame

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/words"
)

//go:generate go run ./script

//go:embed assets/window.css assets/window.js base.html charts.html
var files embed.FS

// Campaign is what the frame shows of the campaign that a page is about.
type Campaign struct {
	File string // of the campaign, relative to the window's folder, with slashes
	Name string // its id
}

// Path is the path of one of a campaign's pages.
func (c *Campaign) Path(page string) string { return "/c/" + url.PathEscape(c.File) + "/" + page }

// Page is a page to be shown.
type Page struct {
	Name     string    // of the file with its content, without .html
	Title    string    // as it is said in the person's language
	Campaign *Campaign // nil = the page is about none
	Commands []string  // what does the same at a terminal
	Events   string    // path of the stream of events that makes the page again; "" = none
	Status   int       // 0 = 200
	Data     any
}

// view is what the templates see.
type view struct {
	*words.Words
	Page
	Assets string // changes with the assets, so that a browser may keep them
	Here   string // the address of the page; of an answer to a form, that of the page with the form
	Zone   *time.Location
}

// Set are the pages of one room. It is safe for concurrent use.
type Set struct {
	files fs.FS
	once  sync.Once
	pages map[string]*template.Template
}

var functions = template.FuncMap{
	"path": func(c *Campaign, page string) string { return c.Path(page) },
	"dict": func(pairs ...any) map[string]any {
		m := map[string]any{}
		for i := 0; i+1 < len(pairs); i += 2 {
			m[fmt.Sprint(pairs[i])] = pairs[i+1]
		}
		return m
	},
	"segments": segments,
	"source":   source,
	"minutes":  func(d time.Duration) int64 { return int64(d / time.Minute) },
	"add":      func(a, b int) int { return a + b },
}

// source is the address of the line of a campaign's file or template that a place names, as campaign.yaml:17:3; "" = it
// names none.
func source(c *Campaign, place string) string {
	name, rest, _ := strings.Cut(place, ":")
	line, _, _ := strings.Cut(rest, ":")
	if n, err := strconv.Atoi(line); c == nil || err != nil || n < 1 {
		return ""
	}
	if name != path.Base(c.File) && !slices.Contains([]string{".md", ".html", ".htm"}, path.Ext(name)) {
		return ""
	}
	return c.Path("message") + "?" + url.Values{"file": {name}, "at": {line}}.Encode() + "#L" + line
}

// segment is the part of a bar that one state has, in thousandths.
type segment struct {
	State       string
	From, Width float64
}

// segments are the parts of a bar. A state that somebody is in is wide enough to be seen.
func segments(counts []report.Count) []segment {
	const least = 6
	var all []segment
	sum, whole := int64(0), 0.0
	for _, c := range counts {
		sum += c.N
	}
	for _, c := range counts {
		if c.N > 0 {
			all = append(all, segment{State: c.State, Width: max(least, float64(c.N)*1000/float64(sum))})
			whole += all[len(all)-1].Width
		}
	}
	from := 0.0
	for i := range all {
		all[i].Width *= 1000 / whole
		all[i].From = from
		from += all[i].Width
	}
	return all
}

// Load gives the pages of a room: each file *.html in files is the content of a page, and files that begin with an
// underscore are parts that all of them may have. They are read when the first page is shown, so that a command that
// opens no window pays nothing.
func Load(files fs.FS) *Set { return &Set{files: files} }

// read reads the pages. It panics on a mistake, for the files are part of the program.
func (s *Set) read() {
	base := template.Must(template.New("base.html").Funcs(functions).ParseFS(files, "base.html", "charts.html"))
	if parts, _ := fs.Glob(s.files, "_*.html"); len(parts) > 0 {
		template.Must(base.ParseFS(s.files, parts...))
	}
	names, err := fs.Glob(s.files, "[^_]*.html")
	if err != nil || len(names) == 0 {
		panic(fmt.Sprintf("frame: no pages (%v)", err))
	}
	s.pages = map[string]*template.Template{}
	for _, name := range names {
		t := template.Must(template.Must(base.Clone()).ParseFS(s.files, name))
		s.pages[strings.TrimSuffix(name, ".html")] = t
	}
}

// Words are the texts in the language of whoever asks: the one they chose, else the browser's.
func Words(r *http.Request) *words.Words {
	var chosen string
	if c, err := r.Cookie("mailshot-language"); err == nil {
		chosen = c.Value
	}
	return words.In(chosen, r.Header.Get("Accept-Language"))
}

// Show answers with a page.
func (s *Set) Show(w http.ResponseWriter, r *http.Request, p Page) {
	v := view{Words: Words(r), Page: p, Assets: version(), Here: here(r), Zone: time.Local}
	s.once.Do(s.read)
	var b bytes.Buffer
	if err := s.pages[p.Name].ExecuteTemplate(&b, "base.html", v); err != nil {
		http.Error(w, "mailshot: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if p.Status != 0 {
		w.WriteHeader(p.Status)
	}
	_, _ = w.Write(b.Bytes()) // whoever asked may be gone
}

// here is the address to come back to.
func here(r *http.Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r.URL.RequestURI()
	}
	if u, err := url.Parse(r.Referer()); err == nil && u.Host == r.Host { // a form's own address may have no page
		return u.RequestURI()
	}
	return "/"
}

// WriteFile writes a page as one file that needs nothing else: the sheet of styles is in it, and there is no script.
// The page has neither the frame's ways nor forms, so it is made for it.
func (s *Set) WriteFile(w io.Writer, words *words.Words, p Page) error {
	s.once.Do(s.read)
	css, err := files.ReadFile("assets/window.css")
	if err != nil {
		return err
	}
	css = icons.ReplaceAll(css, nil) // of banners and selects, which a file does not have
	// The sheet is the program's own: it stands between the parts of the page, so that nothing of it is a template.
	sheet := strings.ReplaceAll(string(css), "</", "<\\/")
	v := view{Words: words, Page: p, Zone: time.Local}
	for _, part := range []func() error{
		func() error { return s.pages[p.Name].ExecuteTemplate(w, "file-head", v) },
		func() error { _, err := io.WriteString(w, "<style>\n"+sheet+"</style>\n"); return err },
		func() error { return s.pages[p.Name].ExecuteTemplate(w, "file-body", v) },
	} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// icons are the lines of the sheet with pictures. A file names no address, not even one with its data.
var icons = regexp.MustCompile(`(?m)^ *--i-[a-z]+: url\(.*\n`)

// version is a checksum of the assets.
var version = sync.OnceValue(func() string {
	h := sha256.New()
	for _, name := range []string{"window.css", "window.js"} {
		b, _ := files.ReadFile("assets/" + name)
		h.Write(b)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
})

// Asset answers with one of the assets. The path has their version, so a browser may keep them.
func Asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	b, err := files.ReadFile("assets/" + name)
	kind := map[string]string{".css": "text/css", ".js": "text/javascript"}[path.Ext(name)]
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write(b)
}

// Language keeps the language that a person chose, and goes back to the page that they chose it on.
func Language(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "mailshot-language", Value: words.In(r.PostFormValue("language")).Language,
		Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	to := r.PostFormValue("back")
	if !ours(to) {
		to = "/"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// ours reports whether an address is a path of the window's. A browser drops tabs and line ends, and takes a backslash
// for a slash: neither may be in it.
func ours(address string) bool {
	u, err := url.Parse(address) // refuses what controls
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") &&
		!strings.Contains(address, `\`)
}

// Languages are those that a person may choose.
func (view) Languages() []*words.Words {
	var all []*words.Words
	for _, l := range words.Languages() {
		all = append(all, words.In(l))
	}
	return all
}

// When writes a moment as the sheet shows moments.
func (v view) When(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return v.Local(t.In(v.Zone).Format("2006-01-02 15:04"))
}

// Point writes a moment that comes, for people who read it now.
func (v view) Point(t time.Time) string { return v.Words.Point(t, time.Now().In(v.Zone)) }

// Till writes the end of a stretch of time that begins with from: on the same day the hour is enough.
func (v view) Till(from, to time.Time) string {
	if from.In(v.Zone).Format(time.DateOnly) == to.In(v.Zone).Format(time.DateOnly) {
		return v.Local(to.In(v.Zone).Format("15:04"))
	}
	return v.When(to)
}

// Below is the step that a page belongs to which is not one itself; "" = it belongs to none.
func (v view) Below() string {
	return map[string]string{"row": "results", "taken": "rehearse"}[v.Name]
}

// Key is one way of the keyboard.
type Key struct {
	Name    string // of its text: keys.NAME
	Presses []string
}

// Keys are the keys of the script, as the dialog shows them. No single key sends.
func (view) Keys() []Key {
	return []Key{
		{"show", []string{"?"}}, {"find", []string{"/"}}, {"people", []string{"g", "p"}}, {"message", []string{"g", "m"}},
		{"send", []string{"g", "s"}}, {"results", []string{"g", "r"}}, {"findings", []string{"[", "]"}},
		{"rows", []string{"j", "k"}}, {"save", []string{"Ctrl", "S"}}, {"rehearse", []string{"Ctrl", "Enter"}},
	}
}

// Steps are the pages of a campaign, in the order in which one goes through them.
func (view) Steps() []string {
	return []string{"people", "message", "server", "rehearse", "plan", "run", "results"}
}
