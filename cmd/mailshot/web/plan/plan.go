// Package plan has the pages on which a campaign is planned, sent and watched. Nothing is decided here: a run of the
// window (see package runs) makes the plan as a send at a terminal does, and waits for the number of its messages.
package plan

import (
	"embed"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign"
	"mailshot/campaign/check"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
)

//go:embed *.html
var files embed.FS

var pages = frame.Load(files)

type plan struct{ *desk.Desk }

// Routes are those of planning, sending and watching.
func Routes(d *desk.Desk) desk.Routes {
	p := plan{d}
	return desk.Routes{
		"GET /c/{file}/plan":       p.show,
		"POST /c/{file}/plan":      p.begin,
		"POST /c/{file}/leave":     p.leave,
		"POST /c/{file}/send":      p.send,
		"GET /c/{file}/run":        p.run,
		"POST /c/{file}/pause":     p.pause,
		"POST /c/{file}/abort":     p.abort,
		"GET /c/{file}/run/events": p.events,
	}
}

// planned is what the page of the plan shows.
type planned struct {
	runs.Snapshot
	Summary *report.Summary // of the ledger; nil = not planned yet
	Report  *check.Report   // why there is no plan
	Wrong   string          // the number that was typed is another one
	Typed   string
	Server  string // where it would go
	Ends    string
}

func (p plan) show(w http.ResponseWriter, r *http.Request) {
	if c := p.Campaign(w, r); c != nil {
		p.page(w, r, c, planned{})
	}
}

func (p plan) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, d planned) {
	if len(c.Mistakes) > 0 {
		d.Report = &check.Report{Findings: c.Mistakes}
	}
	sum, err := p.Shelf.Summary(r.Context(), c)
	if err != nil {
		p.Failed(w, r, err)
		return
	}
	d.Summary = sum
	page := frame.Page{Name: "plan", Title: frame.Words(r).Say("plan.title"), Campaign: desk.Frame(c),
		Commands: []string{p.Command(c, "send")}}
	if run := p.Runs.Of(c.File); run != nil {
		d.Snapshot = run.Snapshot()
		switch d.Phase {
		case runs.Sending, runs.Draining:
			http.Redirect(w, r, desk.Frame(c).Path("run"), http.StatusSeeOther)
			return
		case runs.Planning:
			page.Events = desk.Frame(c).Path("run/events")
		}
		var found *campaign.CheckError
		if errors.As(d.Err, &found) {
			d.Report = found.Report
		} else if fs := check.From(d.Err); d.Err != nil && len(fs) > 0 && fs[0].Place != "" {
			d.Report = &check.Report{Findings: fs}
		}
		if d.Snapshot.Plan != nil && !d.Snapshot.Plan.Ends.IsZero() {
			d.Ends = human.When(d.Snapshot.Plan.Ends, time.Now())
		}
	}
	if d.Wrong != "" {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Data = d
	pages.Show(w, r, page)
}

// begin begins the making of a plan.
func (p plan) begin(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	if c.Def == nil {
		p.page(w, r, c, planned{})
		return
	}
	ask := runs.Ask{ToSink: r.PostFormValue("to") == "sink", Wait: true}
	ask.Plan.SkipErrors = r.PostFormValue("skip-errors") != ""
	ask.Plan.AcceptChanges = r.PostFormValue("accept-changes") != ""
	ask.Plan.Repeat = r.PostFormValue("repeat") != ""
	_, err := p.Runs.Plan(r.Context(), c.File, c.Def.Home(), p.Shelf.Options(c), ask)
	if err != nil && !errors.Is(err, runs.ErrBusy) {
		p.Failed(w, r, err)
		return
	}
	http.Redirect(w, r, desk.Frame(c).Path("plan"), http.StatusSeeOther)
}

func (p plan) leave(w http.ResponseWriter, r *http.Request) {
	p.act(w, r, "plan", (*runs.Run).Leave)
}

// send says the number that the person typed.
func (p plan) send(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	run := p.Runs.Of(c.File)
	if run == nil {
		http.Redirect(w, r, desk.Frame(c).Path("plan"), http.StatusSeeOther)
		return
	}
	typed := r.PostFormValue("number")
	n, err := strconv.ParseInt(digits(typed), 10, 64)
	if err == nil {
		err = run.Send(n)
	}
	if err != nil {
		p.page(w, r, c, planned{Wrong: frame.Words(r).Say("plan.wrong-number"), Typed: typed})
		return
	}
	http.Redirect(w, r, desk.Frame(c).Path("run"), http.StatusSeeOther)
}

// digits takes what a person may type for a number: blanks and separators between the digits, Arabic and Persian digits.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '٠' && r <= '٩':
			return '0' + r - '٠'
		case r >= '۰' && r <= '۹':
			return '0' + r - '۰'
		case strings.ContainsRune(" ,.'٬\u00a0\u202f", r):
			return -1
		}
		return r
	}, s)
}

// watched is what the page of a run shows.
type watched struct {
	runs.Snapshot
	Summary *report.Summary // of the ledger, where no run of this window goes on
	Ended   bool
	Rate    float64 // messages a minute, over the last minutes
	Until   string
}

func (p plan) run(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	d := watched{}
	page := frame.Page{Name: "run", Title: frame.Words(r).Say("run.title"), Campaign: desk.Frame(c),
		Commands: []string{p.Command(c, "status"), p.Command(c, "send")}}
	if run := p.Runs.Of(c.File); run != nil {
		d.Snapshot = run.Snapshot()
		d.Ended = d.Phase == runs.Ended
		d.Rate = rate(d.Minutes, d.Begun)
		if !d.Snapshot.Until.IsZero() {
			d.Until = human.When(d.Snapshot.Until, time.Now())
		}
		if !d.Ended {
			page.Events = desk.Frame(c).Path("run/events")
		}
	}
	sum, err := p.Shelf.Summary(r.Context(), c)
	if err != nil {
		p.Failed(w, r, err)
		return
	}
	if d.Summary = sum; d.Counts != nil {
		d.Summary = &report.Summary{Campaign: d.ID, Rows: d.Rows, Counts: d.Counts}
	}
	page.Data = d
	pages.Show(w, r, page)
}

// rate is how many messages went in a minute, over the last three.
func rate(minutes []runs.Minute, begun time.Time) float64 {
	last := minutes[max(0, len(minutes)-3):]
	if len(last) == 0 || begun.IsZero() {
		return 0
	}
	sum := int64(0)
	for _, m := range last {
		sum += m.Sent
	}
	from := last[0].At
	if begun.After(from) {
		from = begun
	}
	took := time.Since(from).Minutes()
	if took <= 0 {
		return 0
	}
	return float64(sum) / took
}

func (p plan) pause(w http.ResponseWriter, r *http.Request) { p.act(w, r, "run", (*runs.Run).Pause) }
func (p plan) abort(w http.ResponseWriter, r *http.Request) { p.act(w, r, "run", (*runs.Run).Abort) }

// act does something with the run of a campaign, if there is one, and goes back to a page.
func (p plan) act(w http.ResponseWriter, r *http.Request, back string, do func(*runs.Run)) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	if run := p.Runs.Of(c.File); run != nil {
		do(run)
	}
	http.Redirect(w, r, desk.Frame(c).Path(back), http.StatusSeeOther)
}

// events is the stream of a campaign's run.
func (p plan) events(w http.ResponseWriter, r *http.Request) {
	if c := p.Campaign(w, r); c != nil {
		desk.Stream(w, r, p.Runs.Of(c.File))
	}
}
