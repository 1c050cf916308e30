package desk

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"mailshot/campaign/leaving/words"
)

// page is what is shown.
type page int

const (
	ask     page = iota // the question
	none                // the question once more, for nothing was chosen
	done                // the answer, with the form to take it back
	undone              // it was taken back
	late                // it can no longer be taken back
	busy                // there are too many requests
	failed              // nothing could be done
	missing             // there is no token in the address
	kinds               // how many there are
)

// pages are all pages in one language, each cut where the sealed note is.
type pages [kinds][][]byte

//go:embed page.html
var layout string

//go:embed page.css
var style string

// Style returns the style sheet of the page, for related pages.
func Style() string { return style }

// here stands for the sealed note while the pages are drawn.
const here = "SEALEDNOTE"

// view is what a page is drawn from.
type view struct {
	T                                         *words.Text
	Dir, Title, Sender, Mark, Head, Text, Box string
	Alert, Everything, Undo                   string
	Asks                                      bool
	Topics                                    []Topic
	Others                                    []*words.Text
	CSS                                       template.CSS
}

// draw draws all pages. After that they are the same octets for everybody. policy is their Content-Security-Policy.
func draw(c Config) (all []pages, policy string) {
	t := template.Must(template.New("").Parse(layout)) // it is a part of the program
	for _, text := range c.Words.Texts {
		var p pages
		for kind := range kinds {
			var b bytes.Buffer
			if err := t.Execute(&b, look(c, text, kind)); err != nil {
				panic(err) // nothing in it can fail
			}
			p[kind] = bytes.Split(b.Bytes(), []byte(here))
		}
		all = append(all, p)
	}
	digest := sha256.Sum256([]byte(style))
	return all, "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

func look(c Config, t *words.Text, kind page) view {
	v := view{T: t, Dir: "ltr", Sender: c.Sender, Topics: c.Topics, CSS: template.CSS(style), Box: "radio", Title: t.Title}
	if t.RTL {
		v.Dir = "rtl"
	}
	if len(c.Topics) > 0 {
		v.Box = "checkbox"
	}
	if c.Sender != "" {
		v.Title += " – " + c.Sender
	}
	if v.Everything = t.Everything; c.Domain != "" { // isolated: it may be written in the other direction
		v.Everything = strings.ReplaceAll(t.EverythingFrom, words.Sender, "\u2068"+c.Domain+"\u2069")
	}
	for _, o := range c.Words.Texts {
		if o != t {
			v.Others = append(v.Others, o)
		}
	}
	switch kind {
	case ask, none:
		if v.Asks, v.Head = true, t.Ask; kind == none {
			v.Alert = t.None
		}
	case done:
		v.Mark, v.Head, v.Text, v.Undo = "done", t.Done, t.DoneText, here
	case undone:
		v.Mark, v.Head, v.Text = "back", t.Undone, t.UndoneText
	case late:
		v.Mark, v.Head, v.Text = "bad", t.Late, t.LateText
	case busy:
		v.Mark, v.Head, v.Text = "bad", t.Busy, t.BusyText
	case failed:
		v.Mark, v.Head, v.Text = "bad", t.Failed, t.FailedText
	case missing:
		v.Mark, v.Head, v.Text = "bad", t.Missing, t.MissingText
	}
	return v
}

// answer writes a page; sealed is the note of the answer to an unsubscribe.
func (d *Desk) answer(w http.ResponseWriter, r *http.Request, status, lang int, kind page, sealed string) {
	body := bytes.Join(d.pages[lang][kind], []byte(sealed))
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", d.c.Words.Texts[lang].Language)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // whoever does not read the answer has unsubscribed all the same
	}
}
