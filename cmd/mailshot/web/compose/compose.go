// Package compose has the page of the message: the files that messages are made from, beside one real row's finished
// message, seen every way. The message is the one that a send would carry, taken apart from its octets.
//
// A text that somebody is typing is previewed as if it were in the file, and nothing is written: see campaign.Chosen.
// It is saved by textfile, byte for byte and never over a newer version. Which rows are odd, a survey says, in the
// background.
package compose

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"mailshot/campaign/check"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/cmd/mailshot/web/textfile"
	"mailshot/cmd/mailshot/web/words"
)

//go:embed *.html
var content embed.FS

var pages = frame.Load(content)

type compose struct{ *desk.Desk }

// Routes are those of the message.
func Routes(d *desk.Desk) desk.Routes {
	c := compose{d}
	return desk.Routes{
		"GET /c/{file}/message":  c.show,
		"POST /c/{file}/message": c.take,
	}
}

// views are the ways to see a message, in their order.
func views() []string {
	return []string{"desktop", "phone", "dark", "forced-dark", "text", "source", "headers", "files", "links"}
}

// asked is what the address, or a form, asks for.
type asked struct {
	to     string // the page's path
	Row    int64
	View   string
	File   string // the source on the left; "" = the first
	At     int    // a line of the source; 0 = none
	Find   string // a person
	Images bool   // with images from elsewhere
	Saved  bool   // a source was just saved
}

func ask(one *shelf.Campaign, r *http.Request) asked {
	a := asked{to: desk.Frame(one).Path("message"), Row: 1, View: views()[0], File: r.FormValue("file"),
		Find: strings.TrimSpace(r.FormValue("find")), Images: r.FormValue("images") != "", Saved: r.FormValue("saved") != ""}
	if n, err := strconv.ParseInt(words.Digits(r.FormValue("row")), 10, 64); err == nil && n > 0 {
		a.Row = n
	}
	for _, v := range views() {
		if v == r.FormValue("view") {
			a.View = v
		}
	}
	if n, err := strconv.Atoi(r.FormValue("at")); err == nil && n > 0 {
		a.At = n
	}
	return a
}

// Path is the address of the page that asks for the same.
func (a asked) Path() string {
	q := url.Values{"row": {strconv.FormatInt(a.Row, 10)}, "view": {a.View}}
	for key, text := range map[string]string{"file": a.File, "find": a.Find} {
		if text != "" {
			q.Set(key, text)
		}
	}
	if a.At > 0 {
		q.Set("at", strconv.Itoa(a.At))
	}
	if a.Images {
		q.Set("images", "1")
	}
	if a.Saved {
		q.Set("saved", "1")
	}
	return a.to + "?" + q.Encode()
}

// The pages that differ from this one in one thing.
func (a asked) row(n int64) string      { a.Row, a.Find, a.At = n, "", 0; return a.Path() }
func (a asked) view(name string) string { a.View = name; return a.Path() }
func (a asked) file(name string) string { a.File, a.At = name, 0; return a.Path() }
func (a asked) line(name string, n int) string {
	a.File, a.At = name, n
	return a.Path() + "#L" + strconv.Itoa(n)
}

func (c compose) show(w http.ResponseWriter, r *http.Request) {
	one := c.Campaign(w, r)
	if one == nil {
		return
	}
	p := &shown{asked: ask(one, r)}
	p.Saved, p.asked.Saved = p.asked.Saved, false
	if c.find(r, one, p) {
		http.Redirect(w, r, p.Path(), http.StatusSeeOther)
		return
	}
	c.answer(w, r, one, p, nil)
}

// find finds the people that are asked for. If it is one, the page is about them then, and found is true.
func (c compose) find(r *http.Request, one *shelf.Campaign, p *shown) (found bool) {
	if p.Find == "" || one.Def == nil {
		return false
	}
	var err error
	if p.Hits, p.More, err = survey.Find(r.Context(), one.Def, p.Find, mostHits); err != nil {
		p.Findings = append(p.Findings, finding{Finding: check.From(err)[0]})
		return false
	}
	if len(p.Hits) == 1 {
		p.Row, p.Find = p.Hits[0].Row, ""
		return true
	}
	p.Found = true
	return false
}

// mostHits is how many people are shown that were found.
const mostHits = 20

// take takes a text that somebody has typed: to be seen, or to be saved.
func (c compose) take(w http.ResponseWriter, r *http.Request) {
	one := c.Campaign(w, r)
	if one == nil {
		return
	}
	p := &shown{asked: ask(one, r)}
	typed := &draft{text: r.PostFormValue("text"), version: r.PostFormValue("version")}
	if r.PostFormValue("do") != "save" {
		c.find(r, one, p)
		c.answer(w, r, one, p, typed)
		return
	}
	file := c.chosen(one, p)
	var err error
	switch {
	case file != nil:
		err = c.save(one, file.Name, typed)
	case c.gone(one, p.File):
		err = &textfile.NewerError{Name: p.File}
	default:
		c.Missing(w, r)
		return
	}
	if err == nil {
		p.asked.Saved, p.asked.At = true, 0
		http.Redirect(w, r, p.Path(), http.StatusSeeOther)
		return
	}
	p.Status, p.NotSaved = http.StatusUnprocessableEntity, err.Error()
	if newer := (*textfile.NewerError)(nil); errors.As(err, &newer) {
		p.Status, p.Newer = http.StatusConflict, true
	}
	c.answer(w, r, one, p, typed)
}

// draft is a text that was typed, and the version of the file that it was made from.
type draft struct{ text, version string }

// save puts a text in place of a source of the campaign.
func (c compose) save(one *shelf.Campaign, name string, typed *draft) error {
	at := path.Join(path.Dir(one.File), name)
	file, err := textfile.Read(c.Shelf.Root, at)
	if err != nil {
		return err
	}
	data, err := file.Restore(typed.text)
	switch {
	case err != nil:
		return err
	case files.SumOf(data) == file.Version: // it was saved already
		return nil
	case file.Version != typed.version:
		return &textfile.NewerError{Name: name, File: file}
	}
	return textfile.Write(c.Shelf.Root, at, file.Version, data)
}

// answer answers with the page. typed is in place of the source, and is not written; nil = the file is shown.
func (c compose) answer(w http.ResponseWriter, r *http.Request, one *shelf.Campaign, p *shown, typed *draft) {
	c.sources(one, p, typed)
	c.messages(r, one, p, typed)
	c.survey(one, p)
	p.link()
	row := strconv.FormatInt(p.Row, 10)
	pages.Show(w, r, frame.Page{Name: "message", Title: frame.Words(r).Say("message.title"), Campaign: desk.Frame(one),
		Commands: []string{c.Command(one, "preview", "--row", row), c.Command(one, "check")}, Status: p.Status, Data: p})
}
