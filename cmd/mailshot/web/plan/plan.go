// Package plan has the pages on which a campaign is planned, sent and watched. Nothing is decided here: a run of the
// window (see package runs) makes the plan as a send at a terminal does, and waits for the number of its messages.
package plan

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/human"
	"mailshot/cmd/mailshot/unplanned"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/words"
	"mailshot/sender/limits"
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
	Why     *refused        // why there is no plan
	Report  *check.Report   // what was found
	Wrong   string          // the number that was typed is another one
	Typed   string
	Holder  int // another process that has the campaign; 0 = none
	Asked   map[string]bool
}

// refused is why there is no plan, as the page says it.
type refused struct {
	unplanned.Why
	Answers []unplanned.Choice // what answers the findings, in the order in which they are offered
}

// Offers reports whether a choice is offered as the answer to why there is no plan.
func (d planned) Offers(choice string) bool {
	return d.Why != nil && (string(d.Why.Choice) == choice || slices.Contains(d.Why.Answers, unplanned.Choice(choice)))
}

// Choices are what a person may say beforehand, and is offered where it answers why there is no plan.
func (planned) Choices() []string {
	return []string{string(unplanned.SkipErrors), string(unplanned.AcceptChanges), string(unplanned.Repeat),
		string(unplanned.AcceptCopy), string(unplanned.New)}
}

// Beforehand reports whether a choice makes sense where nothing asks for it.
func (planned) Beforehand(choice string) bool { return choice != string(unplanned.New) }

// Counts are those of the plan, of all rows of the list.
func (d planned) PlanCounts() (all []report.Count) {
	for _, state := range ledger.States() {
		all = append(all, report.Count{State: string(state), N: d.Plan.Counts[string(state)]})
	}
	return all
}

// Sum is the plan as a sum of its states.
func (d planned) Sum() *report.Summary {
	return &report.Summary{Rows: d.Plan.Rows, Counts: d.PlanCounts()}
}

// use is how much of a cap has been used.
type use struct {
	Name    string
	Of      int64
	Used    int64
	Left    int64
	Spaced  bool  // its uses are evenly spaced, so that nothing is used up
	Percent int64 // for the meter
}

// Uses say how much of each cap has been used.
func (d planned) Uses() (all []use) {
	for _, u := range d.Plan.Used {
		all = append(all, use{Name: limits.Hold{Lane: u.Lane, Cap: u.Cap}.String(), Of: u.Cap.N, Used: u.Used,
			Left: max(u.Cap.N-u.Used, 0), Spaced: u.Cap.Paced()})
	}
	return all
}

// Stretches are when how many go, and why not sooner; those that a page shows.
func (d planned) Stretches() []limits.Stretch {
	return d.Plan.Forecast.Stretches[:min(len(d.Plan.Forecast.Stretches), mostStretches)]
}

// mostStretches is how many stretches of time a page shows.
const mostStretches = 12

// At is a moment for a person, in the zone of the campaign.
func (d planned) At(t time.Time) string { return human.When(t, time.Now()) }

func (p plan) show(w http.ResponseWriter, r *http.Request) {
	if c := p.Campaign(w, r); c != nil {
		p.page(w, r, c, planned{})
	}
}

func (p plan) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, d planned) {
	if len(c.Mistakes) > 0 {
		d.Report = &check.Report{Findings: c.Mistakes}
	}
	page := frame.Page{Name: "plan", Title: frame.Words(r).Say("plan.title"), Campaign: desk.Frame(c)}
	if run := p.Runs.Of(c.File); run != nil {
		d.Snapshot = run.Snapshot()
		switch d.Phase {
		case runs.Sending, runs.Draining:
			http.Redirect(w, r, desk.Frame(c).Path("run"), http.StatusSeeOther)
			return
		case runs.Planning:
			page.Events = desk.Frame(c).Path("run/events")
		}
		d.refused(c)
	}
	sum, holder, err := p.stands(r.Context(), c)
	if err != nil && d.Why == nil { // else it is said already
		d.Why = &refused{Why: unplanned.Of(err)}
	}
	if d.Summary = sum; d.Phase == "" || d.Phase == runs.Ended {
		d.Holder = holder
	}
	d.Asked = map[string]bool{string(unplanned.SkipErrors): d.Ask.Plan.SkipErrors,
		string(unplanned.AcceptChanges): d.Ask.Plan.AcceptChanges, string(unplanned.Repeat): d.Ask.Plan.Repeat,
		string(unplanned.AcceptCopy): d.Ask.Plan.AcceptCopy}
	if d.Wrong != "" {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Commands, page.Data = []string{p.Command(c, d.words()...)}, d
	pages.Show(w, r, page)
}

// refused says why a run that has ended had no plan.
func (d *planned) refused(c *shelf.Campaign) {
	if d.Err == nil || d.Plan != nil {
		return
	}
	d.Why = &refused{Why: unplanned.Of(d.Err)}
	if d.Report = d.Why.Report; d.Report == nil || c.Def == nil {
		return
	}
	lists := append([]string{c.Def.Recipients.File}, c.Def.Recipients.Files...)
	for _, f := range d.Report.Findings {
		choice := unplanned.Answer(f, lists)
		if choice != unplanned.None && !slices.Contains(d.Why.Answers, choice) {
			d.Why.Answers = append(d.Why.Answers, choice)
		}
	}
}

// words are those of the command that does the same.
func (d planned) words() []string {
	words := []string{"send"}
	if d.Ask.ToSink {
		words = append(words, "--to-sink")
	}
	for _, choice := range d.Choices() {
		if d.Asked[choice] || d.Offers(choice) {
			words = append(words, "--"+choice)
		}
	}
	return words
}

// stands is where a campaign stands, and the process other than this one that has it; nil if it was not planned yet.
func (p plan) stands(ctx context.Context, c *shelf.Campaign) (sum *report.Summary, holder int, err error) {
	h, err := p.Shelf.History(ctx, c)
	if h == nil || err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	got, err := h.Summary(ctx)
	if holder = h.Ledger.Holder(h.ID); holder == os.Getpid() {
		holder = 0
	}
	return &got, holder, err
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
	said := func(choice unplanned.Choice) bool { return r.PostFormValue(string(choice)) != "" }
	ask.Plan.SkipErrors, ask.Plan.AcceptChanges = said(unplanned.SkipErrors), said(unplanned.AcceptChanges)
	ask.Plan.Repeat, ask.Plan.AcceptCopy = said(unplanned.Repeat), said(unplanned.AcceptCopy)
	o := p.Shelf.Options(c)
	o.New = said(unplanned.New)
	_, err := p.Runs.Plan(r.Context(), c.File, c.Def.Home(), o, ask)
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
	n, err := strconv.ParseInt(words.Digits(typed), 10, 64)
	if err == nil {
		err = run.Send(n)
	}
	if err != nil {
		p.page(w, r, c, planned{Wrong: frame.Words(r).Say("plan.wrong-number"), Typed: typed})
		return
	}
	http.Redirect(w, r, desk.Frame(c).Path("run"), http.StatusSeeOther)
}
