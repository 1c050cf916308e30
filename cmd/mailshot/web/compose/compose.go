// Package compose has the page of the message: one real row's finished message, seen every way, beside the files that
// it is made from. The message is the one that a send would carry, taken apart from its octets.
package compose

import (
	"bytes"
	"embed"
	"net/http"
	"net/url"
	"strconv"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/message"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/opened"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
)

//go:embed *.html
var files embed.FS

var pages = frame.Load(files)

type compose struct{ *desk.Desk }

// Routes are those of the message.
func Routes(d *desk.Desk) desk.Routes {
	c := compose{d}
	return desk.Routes{"GET /c/{file}/message": c.show}
}

// shown is a message as the page shows it.
type shown struct {
	Row      int64
	Place    string
	Key      string
	Why      string // the row gets no message
	Findings []check.Finding
	View     string
	Subject  string
	From, To string
	Size     string
	Frame    string // address of the HTML in its frame; "" = the message has none
	Source   string
	Message  *opened.Message
	Previous string // addresses of the neighbours; "" = none
	Next     string
	Views    []view
}

// view is one way to see a message.
type view struct{ Name, Path string }

// views are the ways to see a message, in their order.
func views() []string {
	return []string{"desktop", "phone", "dark", "forced-dark", "text", "source", "headers", "files"}
}

func (c compose) show(w http.ResponseWriter, r *http.Request) {
	one := c.Campaign(w, r)
	if one == nil {
		return
	}
	q := r.URL.Query()
	row, err := strconv.ParseInt(q.Get("row"), 10, 64)
	if err != nil || row < 1 {
		row = 1
	}
	d := shown{Row: row, View: q.Get("view"), Findings: one.Mistakes}
	if d.View == "" {
		d.View = views()[0]
	}
	at := func(row int64, view string) string {
		return desk.Frame(one).Path("message") + "?" + url.Values{"row": {strconv.FormatInt(row, 10)}, "view": {view}}.Encode()
	}
	for _, name := range views() {
		d.Views = append(d.Views, view{name, at(row, name)})
	}
	if row > 1 {
		d.Previous = at(row-1, d.View)
	}
	if one.Def != nil {
		found, err := c.make(r, one, &d)
		if err != nil {
			d.Findings = check.From(err)
		}
		if found {
			d.Next = at(row+1, d.View)
		}
	}
	pages.Show(w, r, frame.Page{Name: "message", Title: frame.Words(r).Say("message.title"), Campaign: desk.Frame(one),
		Commands: []string{c.Command(one, "preview", "--row", strconv.FormatInt(row, 10))}, Data: d})
}

// make makes the message of a row, as a send would, and takes it apart. found says that the list has that row.
func (c compose) make(r *http.Request, one *shelf.Campaign, d *shown) (found bool, err error) {
	open, err := campaign.Open(r.Context(), c.Shelf.Options(one))
	if err != nil {
		return false, err
	}
	defer func() {
		if cerr := open.Close(); err == nil {
			err = cerr
		}
	}()
	for made, err := range open.Messages(r.Context(), campaign.Chosen{Row: d.Row}) {
		if err != nil {
			return false, err
		}
		return true, c.take(made, d)
	}
	return false, nil
}

// take takes a made message apart.
func (c compose) take(made message.Made, d *shown) error {
	d.Place, d.Key, d.Why = made.Row.Place, made.Row.Key, made.Why
	if made.Err != nil {
		d.Findings = append(d.Findings, check.From(made.Err)...)
		return nil
	}
	if made.Message == nil {
		return nil
	}
	defer made.Message.Release()
	var b bytes.Buffer
	if _, err := made.Message.WriteTo(&b); err != nil {
		return err
	}
	d.Subject, d.To, d.From = made.Message.Subject(), made.Message.To(), made.Message.From()
	d.Size = human.Size(made.Message.Size())
	var err error
	if d.Message, err = opened.Read(b.Bytes()); err != nil {
		return err
	}
	if d.Message.HTML != "" {
		d.Frame = c.Mail.Keep(d.Message)
	}
	d.Source = report.CleanLines(b.String())
	return nil
}
