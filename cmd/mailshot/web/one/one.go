// Package one has the small window that many send one message with: from, to, subject, text, attachments, and a line
// that says what became of it. The message is a small campaign (see package single), so it goes through the same pool,
// checks and caps as any other, and is not sent to one person twice unasked.
package one

import (
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/cmd/mailshot/single"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/shell"
)

//go:embed *.html
var files embed.FS

var pages = frame.Load(files)

type one struct{ *desk.Desk }

// Routes are those of one message.
func Routes(d *desk.Desk) desk.Routes {
	o := one{d}
	return desk.Routes{
		"GET /one":                    o.form,
		Send:                          o.send,
		"GET /one/{file}/{id}":        o.show,
		"POST /one/{file}/{id}":       o.again,
		"GET /one/{file}/{id}/events": o.events,
	}
}

// sender is a campaign whose server a message can go through.
type sender struct {
	File   string // of the campaign
	From   string // its mailbox; "" = it differs from row to row
	Server string
}

// written is the form as the page shows it.
type written struct {
	single.Message
	Server  string // the campaign that is chosen
	Senders []sender
	Wrong   map[string]string // by field
	Latest  []latest
	Lost    bool // attachments were chosen, and have to be chosen again
}

// latest is a message that was sent earlier.
type latest struct {
	Path, To, Subject string
	single.Stand
}

// fields are those of the form, in their order.
func (written) Fields() []string {
	return []string{"server", "from", "to", "cc", "bcc", "subject", "text", "files"}
}

// Copies are the mailboxes of cc or bcc, as the field has them.
func (w written) Copies(field string) string {
	if field == "bcc" {
		return strings.Join(w.Bcc, ", ")
	}
	return strings.Join(w.Cc, ", ")
}

// Opened says that the fields of copies are to be seen: something stands in them.
func (w written) Opened() bool { return len(w.Cc)+len(w.Bcc) > 0 }

// senders are the campaigns of the folder that name a server.
func (o one) senders(r *http.Request) (all []sender, by map[string]*shelf.Campaign, err error) {
	names, err := o.Shelf.Campaigns()
	by = map[string]*shelf.Campaign{}
	for _, name := range names {
		c, err := o.Shelf.Campaign(r.Context(), name)
		if err != nil || c.Def == nil || len(c.Def.Servers) == 0 {
			continue
		}
		s := sender{File: name, From: c.Def.From.Text, Server: c.Def.Servers[0].Host}
		if s.Server == "" {
			s.Server = c.Def.Servers[0].Name
		}
		if strings.Contains(s.From, "{{") {
			s.From = ""
		}
		all, by[name] = append(all, s), c
	}
	return all, by, err
}

// mostLatest is how many of the latest messages the page shows.
const mostLatest = 10

func (o one) form(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	o.page(w, r, written{Server: q.Get("server"), Message: single.Message{To: q.Get("to"), Subject: q.Get("subject")}})
}

func (o one) page(w http.ResponseWriter, r *http.Request, d written) {
	all, by, err := o.senders(r)
	if err != nil {
		o.Failed(w, r, err)
		return
	}
	d.Senders = all
	if by[d.Server] == nil && len(all) > 0 {
		d.Server = all[0].File
	}
	page := frame.Page{Name: "form", Title: frame.Words(r).Say("one.title")}
	if c := by[d.Server]; c != nil {
		for _, s := range all {
			if s.File == d.Server && d.From == "" {
				d.From = s.From
			}
		}
		for _, k := range single.Latest(c.Def, mostLatest) {
			if s, err := k.Stand(r.Context()); err == nil {
				d.Latest = append(d.Latest, latest{at(c, k), k.Message.To, k.Message.Subject, s})
			}
		}
		page.Commands = []string{o.command(c, d.Message)}
	}
	if d.Wrong != nil {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Data = d
	pages.Show(w, r, page)
}

// command is what sends the message at a terminal.
func (o one) command(c *shelf.Campaign, m single.Message) string {
	line := o.Command(nil, "one", "--server", shell.Quote(c.Path))
	for _, f := range [][2]string{{"from", m.From}, {"to", m.To}, {"subject", m.Subject}} {
		if f[1] != "" {
			line += " --" + f[0] + " " + shell.Quote(f[1])
		}
	}
	for _, box := range m.Cc {
		line += " --cc " + shell.Quote(box)
	}
	for _, box := range m.Bcc {
		line += " --bcc " + shell.Quote(box)
	}
	for _, f := range m.Files {
		line += " --attach " + shell.Quote(f.Name)
	}
	return line + " < text.txt"
}

// at is the page of a message.
func at(c *shelf.Campaign, k *single.Kept) string {
	return "/one/" + url.PathEscape(c.File) + "/" + url.PathEscape(k.ID)
}

// send keeps what the person wrote, and begins to send it.
func (o one) send(w http.ResponseWriter, r *http.Request) {
	m, server, err := read(r)
	d := written{Message: m, Server: server, Lost: len(m.Files) > 0}
	var large *http.MaxBytesError
	if err != nil {
		d.Wrong = map[string]string{"files": err.Error()}
		if errors.Is(err, errTooMuch) || errors.As(err, &large) {
			d.Wrong["files"] = frame.Words(r).Say("one.too-large", mostFiles>>20)
		}
		o.page(w, r, d)
		return
	}
	c, err := o.Shelf.Campaign(r.Context(), d.Server)
	if err != nil || c.Def == nil {
		d.Wrong = map[string]string{"server": frame.Words(r).Say("one.no-server")}
		o.page(w, r, d)
		return
	}
	kept, err := single.Keep(c.Def, m)
	if all := single.Mistakes(err); len(all) > 0 {
		d.Wrong = map[string]string{}
		for _, m := range all {
			if d.Wrong[m.Field] = m.Text; m.Hint != "" {
				d.Wrong[m.Field] += " (" + m.Hint + ")"
			}
		}
		o.page(w, r, d)
		return
	}
	if err != nil {
		o.Failed(w, r, err)
		return
	}
	o.begin(w, r, c, kept, false)
}

// begin begins to send a message that was kept, and leads to its page.
func (o one) begin(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, kept *single.Kept, repeat bool) {
	id, err := kept.Next(r.Context(), repeat)
	if again := (*single.AgainError)(nil); errors.As(err, &again) {
		http.Redirect(w, r, at(c, kept)+"?again=1", http.StatusSeeOther)
		return
	}
	if err == nil {
		ask := runs.Ask{Wait: true, Number: 1}
		ask.Plan.Repeat = repeat
		_, err = o.Runs.Plan(r.Context(), at(c, kept), kept.Def.Home(), kept.Options(id, o.Shelf.Accounts), ask)
	}
	if err != nil && !errors.Is(err, runs.ErrBusy) {
		o.Failed(w, r, err)
		return
	}
	http.Redirect(w, r, at(c, kept), http.StatusSeeOther)
}

// kept is the message that a request is about. If there is none, it answers, and returns nil.
func (o one) kept(w http.ResponseWriter, r *http.Request) (*shelf.Campaign, *single.Kept) {
	c := o.Campaign(w, r)
	if c == nil {
		return nil, nil
	}
	if c.Def == nil {
		o.Failed(w, r, errors.New(c.Mistakes[0].String()))
		return nil, nil
	}
	k, err := single.Open(c.Def, r.PathValue("id"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		o.Missing(w, r)
		return nil, nil
	case err != nil:
		o.Failed(w, r, err)
		return nil, nil
	}
	return c, k
}

// shown is a message as its page shows it.
type shown struct {
	runs.Snapshot
	Message  single.Message
	Stand    single.Stand
	Report   *check.Report // what was found; why it was not sent, if there is an error in it
	Fault    string        // why it was not sent
	Repeats  bool          // it was sent before, by this or by another campaign
	Again    bool          // the person has asked to send it, and is asked back
	Busy     bool
	Due      time.Time
	Another  string // the address of an empty form
	Self     string
	Settled  bool // sent, whatever came back since, or unknown: it is not sent again unasked
	Hopeless bool // it was refused
}

func (o one) show(w http.ResponseWriter, r *http.Request) {
	c, k := o.kept(w, r)
	if k == nil {
		return
	}
	d := shown{Message: k.Message, Again: r.URL.Query().Has("again"), Self: at(c, k),
		Another: "/one?" + url.Values{"server": {c.File}}.Encode()}
	page := frame.Page{Name: "sent", Title: frame.Words(r).Say("one.title"), Commands: []string{o.command(c, k.Message)}}
	if run := o.Runs.Of(at(c, k)); run != nil {
		d.Snapshot = run.Snapshot()
		if d.Busy = d.Phase != runs.Ended && d.Phase != runs.Planned; d.Busy {
			page.Events = at(c, k) + "/events"
		}
		d.judge()
	}
	var err error
	if d.Stand, err = k.Stand(r.Context()); err != nil {
		o.Failed(w, r, err)
		return
	}
	switch d.Stand.State {
	case ledger.Sent, ledger.Bounced, ledger.Complained, ledger.Unknown:
		d.Settled = true
	case ledger.Refused, ledger.GaveUp, ledger.Held, ledger.Invalid, ledger.Cancelled, ledger.Suppressed:
		d.Hopeless = true
	}
	if d.Stand.State == ledger.Deferred {
		d.Due = d.Stand.Due
	}
	page.Data = d
	pages.Show(w, r, page)
}

// judge says why a run did not send.
func (d *shown) judge() {
	var found *campaign.CheckError
	switch {
	case errors.As(d.Err, &found):
		d.Report = found.Report
	case d.Err != nil:
		if fs := check.From(d.Err); len(fs) > 0 && fs[0].Place != "" {
			d.Report = &check.Report{Findings: fs}
		} else {
			d.Fault = d.Err.Error()
		}
	case d.Phase == runs.Planned && d.Plan != nil:
		d.Report = d.Plan.Report
	}
	if d.Report != nil {
		for _, f := range d.Report.Findings {
			d.Repeats = d.Repeats || f.Code == repeated
		}
	}
}

// repeated is the code of the finding that the person got this message before.
const repeated = "sent-before"

// again sends a message once more, tries one again, or says yes to what was found in it.
func (o one) again(w http.ResponseWriter, r *http.Request) {
	c, k := o.kept(w, r)
	if k == nil {
		return
	}
	// A form is about what its page showed. What came in between, here or at a terminal, is shown before anything is sent.
	var waits runs.Snapshot
	run := o.Runs.Of(at(c, k))
	if run != nil {
		waits = run.Snapshot()
	}
	stand, err := k.Stand(r.Context())
	switch {
	case err != nil:
		o.Failed(w, r, err)
		return
	case waits.Phase == runs.Planned && r.PostFormValue("plan") == waits.Name:
		if r.PostFormValue("leave") != "" {
			run.Leave()
		} else {
			_ = run.Send(1) // another page has said yes meanwhile, and the page shows it
		}
		http.Redirect(w, r, at(c, k), http.StatusSeeOther)
		return
	case waits.Phase == runs.Planned || r.PostFormValue("tries") != strconv.Itoa(stand.Tries):
		http.Redirect(w, r, at(c, k), http.StatusSeeOther)
		return
	}
	if err := k.Refresh(c.Def); err != nil {
		o.Failed(w, r, err)
		return
	}
	o.begin(w, r, c, k, r.PostFormValue("repeat") != "")
}

func (o one) events(w http.ResponseWriter, r *http.Request) {
	if c, k := o.kept(w, r); k != nil {
		desk.Stream(w, r, desk.Run(o.Runs.Of(at(c, k))))
	}
}
