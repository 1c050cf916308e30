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
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/unplanned"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/cmd/mailshot/web/words"
	"mailshot/internal/shell"
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
		"POST /c/{file}/accept":    p.accept,
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
	Inputs  string          // the state of the campaign's files now
	Wrong   string          // why what was typed does not send
	Typed   string
	Holder  int             // another process that has the campaign; 0 = none
	Asked   map[string]bool // choices of the plan that is shown, or of the one that was refused
	Busy    bool            // another plan was asked for, and this one was there already
}

// Shown names the plan, and whether the page says that it is older than the files. The number is for what was shown.
func (d planned) Shown() string {
	if d.Edited() {
		return d.Name + edited
	}
	return d.Name
}

// edited is the end of what was shown where the plan is older than the files.
const edited = "-edited"

// Nothing reports whether there was a plan of nothing, which has asked for no number.
func (d planned) Nothing() bool {
	return d.Phase == runs.Ended && d.Plan != nil && d.Plan.ToSend == 0 && d.Err == nil
}

// Edited reports whether the campaign's files are not those any more from which the plan was made.
func (d planned) Edited() bool { return d.Ask.Inputs != d.Inputs }

// Choose reports whether a choice stands where it is seen: it is offered, or the plan that was refused had it.
func (d planned) Choose(choice string) bool { return d.Offers(choice) || d.Asked[choice] }

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

func (p plan) show(w http.ResponseWriter, r *http.Request) {
	if c := p.Campaign(w, r); c != nil {
		p.page(w, r, c, planned{Busy: r.URL.Query().Has("busy")})
	}
}

func (p plan) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, d planned) {
	if len(c.Mistakes) > 0 {
		d.Report = &check.Report{Findings: c.Mistakes}
	}
	page := frame.Page{Name: "plan", Title: frame.Words(r).Say("plan.title"), Campaign: desk.Frame(c)}
	d.Inputs = inputs(c)
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
	if d.Phase == runs.Planning || d.Phase == runs.Asking || d.Phase == runs.Planned || d.Err != nil && d.Begun.IsZero() {
		// A yes is for the plan that it was said to: the next plan asks again.
		d.Asked = map[string]bool{string(unplanned.SkipErrors): d.Ask.Plan.SkipErrors,
			string(unplanned.AcceptChanges): d.Ask.Plan.AcceptChanges, string(unplanned.Repeat): d.Ask.Plan.Repeat,
			string(unplanned.AcceptCopy): d.Ask.Plan.AcceptCopy}
	}
	if d.Wrong != "" {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Commands, page.Data = p.commands(c, d), d
	pages.Show(w, r, page)
}

// inputs names the state of a campaign's files.
func inputs(c *shelf.Campaign) string {
	if c.Def == nil {
		return ""
	}
	return survey.Version(c.Def)
}

// refused says why a run that has ended sent nothing.
func (d *planned) refused(c *shelf.Campaign) {
	if d.Err == nil || !d.Begun.IsZero() {
		return
	}
	d.Why = &refused{Why: unplanned.Of(d.Err)}
	if d.Report = d.Why.Report; d.Report == nil {
		return
	}
	d.Report = worst(d.Report)
	d.Why.Report = d.Report
	if c.Def == nil {
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

// worst is a report with what keeps the campaign from being sent first.
func worst(r *check.Report) *check.Report {
	sorted := *r
	sorted.Findings = slices.SortedStableFunc(slices.Values(r.Findings), func(a, b check.Finding) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	return &sorted
}

// severities are in the order of their weight.
var severities = []check.Severity{check.Error, check.Warning, check.Note}

// commands are those that do the same at a terminal: one, or for a rehearsal to several addresses one for each.
func (p plan) commands(c *shelf.Campaign, d planned) (all []string) {
	words := []string{"send"}
	if d.Ask.ToSink {
		words = append(words, "--to-sink")
	}
	for _, choice := range d.Choices() {
		if d.Choose(choice) {
			words = append(words, "--"+choice)
		}
	}
	if d.Ask.Plan.Limit > 0 {
		words = append(words, "--limit", strconv.FormatInt(d.Ask.Plan.Limit, 10))
	}
	if d.Ask.Plan.Only != "" {
		words = append(words, "--only", shell.Quote(d.Ask.Plan.Only))
	}
	for _, to := range d.Ask.To {
		all = append(all, p.Command(c, append(slices.Clone(words), "--to", shell.Quote(to.String()))...))
	}
	if all == nil {
		all = []string{p.Command(c, words...)}
	}
	return all
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
	ask := runs.Ask{Wait: true, Inputs: inputs(c)}
	switch r.PostFormValue("to") {
	case "server":
	case "sink":
		ask.ToSink = true
	case "again": // the rehearsal that was refused
		if run := p.Runs.Of(c.File); run != nil {
			was := run.Snapshot().Ask
			ask.To, ask.Plan.Only, ask.Plan.Limit = was.To, was.Plan.Only, was.Plan.Limit
		}
		if len(ask.To) == 0 { // nobody knows to whom: never to the people
			http.Redirect(w, r, desk.Frame(c).Path("rehearse"), http.StatusSeeOther)
			return
		}
	default:
		http.Error(w, "mailshot: a plan to whom?", http.StatusBadRequest)
		return
	}
	said := func(choice unplanned.Choice) bool { return r.PostFormValue(string(choice)) != "" }
	ask.Plan.SkipErrors, ask.Plan.AcceptChanges = said(unplanned.SkipErrors), said(unplanned.AcceptChanges)
	ask.Plan.Repeat, ask.Plan.AcceptCopy = said(unplanned.Repeat), said(unplanned.AcceptCopy)
	o := p.Shelf.Options(c)
	o.New = said(unplanned.New)
	p.Plan(w, r, c, o, ask)
}

// leave leaves a plan.
func (p plan) leave(w http.ResponseWriter, r *http.Request) {
	p.act(w, r, "plan", func(run *runs.Run) {
		if strings.TrimSuffix(r.PostFormValue("plan"), edited) == run.Snapshot().Name {
			run.Leave()
		}
	})
}

// accept says yes to the changes that the page showed.
func (p plan) accept(w http.ResponseWriter, r *http.Request) {
	p.act(w, r, "plan", func(run *runs.Run) {
		if r.PostFormValue("run") == run.Snapshot().Name {
			run.Accept()
		}
	})
}

// send says the number that the person typed, to the plan that they saw.
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
	d := planned{Snapshot: run.Snapshot(), Inputs: inputs(c)}
	if shown := r.PostFormValue("plan"); shown != d.Shown() && shown != d.Name+edited {
		p.page(w, r, c, planned{Wrong: frame.Words(r).Say("plan.another")})
		return
	}
	n, err := strconv.ParseInt(words.Digits(typed), 10, 64)
	if err == nil {
		err = run.Send(n)
	}
	if errors.Is(err, runs.ErrNumber) || errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
		p.page(w, r, c, planned{Wrong: frame.Words(r).Say("plan.wrong-number"), Typed: typed})
		return
	}
	// Else it was said before, here or in another window: the page shows what became of it.
	http.Redirect(w, r, desk.Frame(c).Path("run"), http.StatusSeeOther)
}
