// Package desk is what the pages of the window share: the folder's campaigns, the runs that the window has begun, and
// the way to a campaign from a request. A room of pages gets a Desk and returns its routes.
package desk

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"mailshot/campaign"
	"mailshot/cmd/mailshot/web/figures"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/mailport"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/internal/shell"
)

// Routes are what a room of pages answers, by patterns of http.ServeMux.
type Routes map[string]http.HandlerFunc

// Desk is shared by the rooms of pages. Its parts may be used at the same time.
type Desk struct {
	Shelf   *shelf.Shelf
	Runs    *runs.Runs
	Mail    *mailport.Port
	Figures figures.Known
	Program string // as it was called, for the commands that pages show

	Surveys survey.Surveys // of all messages of campaigns; Close closes them

	mu     sync.Mutex
	closed []func() error   // what rooms give back when the window ends
	known  map[string]whose // whose rehearsals are, by their ledgers
}

// OnClose has f called when the window ends: a room gives back what it keeps.
func (d *Desk) OnClose(f func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = append(d.closed, f)
}

// Close has the rooms give back what they keep. No request may be under way.
func (d *Desk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Surveys.Close()
	var errs []error
	for _, f := range d.closed {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// pages are those for what cannot be shown.
var pages = frame.Load(files)

// Campaign is the campaign that a request is about. If there is none, it answers, and returns nil. A run goes on when
// its campaign file is gone: it can still be seen and ended, so that its campaign is there, with the mistake that it
// has no file.
func (d *Desk) Campaign(w http.ResponseWriter, r *http.Request) *shelf.Campaign {
	file := r.PathValue("file")
	c, err := d.Shelf.Campaign(r.Context(), file)
	if err != nil && d.Runs != nil {
		if run := d.Runs.Of(file); run != nil && run.Phase() != runs.Ended {
			return d.Shelf.Gone(file, err)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.Missing(w, r)
		return nil
	case err != nil:
		d.Failed(w, r, err)
		return nil
	}
	return c
}

// Frame is the campaign as the frame shows it.
func Frame(c *shelf.Campaign) *frame.Campaign { return &frame.Campaign{File: c.File, Name: c.ID} }

// Missing answers that there is no such page.
func (d *Desk) Missing(w http.ResponseWriter, r *http.Request) {
	pages.Show(w, r, frame.Page{Name: "missing", Title: frame.Words(r).Say("missing.title"), Status: http.StatusNotFound})
}

// Failed answers that something went wrong which the person cannot be told more about than the error says.
func (d *Desk) Failed(w http.ResponseWriter, r *http.Request, err error) {
	pages.Show(w, r, frame.Page{Name: "failed", Title: frame.Words(r).Say("failed.title"), Data: err.Error(),
		Status: http.StatusInternalServerError})
}

// Command is a command of the program about a campaign, as a shell takes it, with the window's own ledger and accounts:
// with others it would send again what was sent here. The words are quoted where they need it.
func (d *Desk) Command(c *shelf.Campaign, words ...string) string {
	all := []string{"mailshot"}
	for _, flag := range d.Shelf.Flags() {
		all = append(all, shell.Quote(flag))
	}
	all = append(all, words...)
	if c != nil {
		all = append(all, shell.Quote(c.Path))
	}
	return strings.Join(all, " ")
}

// Plan begins the making of a plan, and leads to its page. Where a run of the campaign goes on already, that page
// says so.
func (d *Desk) Plan(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, o campaign.Options, ask runs.Ask) {
	to := Frame(c).Path("plan")
	_, err := d.Runs.Plan(r.Context(), c.File, c.Def.Home(), o, ask)
	switch {
	case errors.Is(err, runs.ErrBusy):
		to += "?busy=1"
	case err != nil:
		d.Failed(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
