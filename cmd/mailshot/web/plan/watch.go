package plan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/chart"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/figures"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
)

// watched is what the page of a run shows. A run of this window is known by its events; of any other the ledger tells.
type watched struct {
	runs.Snapshot
	Summary *report.Summary
	Ended   bool
	Holder  int    // another process that has the campaign; 0 = none
	Of      string // which sending the results are of
	Left    int64
	Seen    string // names what is shown, for a decision about it
	Columns *chart.Chart
	Graph   *chart.Graph
	Groups  []chart.Group
	Said    []ledger.Answer // replies, where no events tell them
}

// Live reports whether something goes on.
func (d watched) Live() bool {
	return d.Holder != 0 || d.Phase == runs.Sending || d.Phase == runs.Draining
}

// Tenths is how far the run is, in the steps in which it is said to those who do not see the page.
func (d watched) Tenths() int64 { return d.Done * 10 / max(d.Planned, 1) }

// Held names what is held back and why, without the numbers: a hold whose time alone changes is not said again.
func (d watched) Held() string {
	name := "held"
	if d.Quiet {
		name += " quiet"
	}
	for _, h := range d.Holds {
		name += " " + h.Group + " " + h.Server + " " + strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, h.Text)
	}
	return name
}

// PerSecond is the rate where a minute is too long to read.
func (d watched) PerSecond() float64 { return d.Rate / 60 }

func (p plan) run(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	d := watched{}
	if run := p.Runs.Of(c.File); run != nil {
		d.Snapshot = run.Snapshot()
	}
	page := frame.Page{Name: "run", Title: frame.Words(r).Say("run.title"), Campaign: desk.Frame(c)}
	var err error
	if d.Phase == runs.Sending || d.Phase == runs.Draining {
		d.own()
	} else if err = p.other(r.Context(), c, &d); err != nil {
		p.Failed(w, r, err)
		return
	}
	if d.Live() || d.Phase == runs.Planning {
		page.Events = desk.Frame(c).Path("run/events")
	}
	if d.Summary != nil {
		d.Left = d.left()
	}
	page.Commands = append([]string{p.Command(c, "status")}, p.commands(c, planned{Snapshot: d.Snapshot})...)
	page.Data = d
	pages.Show(w, r, page)
}

// own shows a run of this window, by its events alone: nothing is asked of the disk.
func (d *watched) own() {
	if d.Counts != nil {
		d.Summary = &report.Summary{Campaign: d.ID, Rows: d.Rows, Counts: d.Counts}
		if d.Plan != nil && len(d.Ask.To) <= 1 { // else the rows of the campaigns that have begun are all that is known
			d.Summary.Rows = d.Plan.Rows
		}
	}
	d.charts()
}

// charts makes the charts of a run from its events.
func (d *watched) charts() {
	var columns []chart.Column
	var starts []time.Time
	half, most := chart.Line{Name: "chart.p50"}, chart.Line{Name: "chart.p95"}
	for _, m := range d.Minutes {
		columns, starts = append(columns, chart.Column{Start: m.At, N: m.N}), append(starts, m.At)
		half.Values, most.Values = append(half.Values, m.P50), append(most.Values, m.P95)
	}
	d.Columns = chart.Stack(columns, figures.States())
	d.Graph = chart.Lines(starts, time.Minute, half, most)
	for _, l := range d.Lanes {
		g := chart.Group{Name: l.Group, Servers: l.Servers, Rows: l.N}
		for _, state := range ledger.States() {
			g.Counts = append(g.Counts, report.Count{State: string(state), N: l.Counts[string(state)]})
		}
		d.Groups = append(d.Groups, g)
	}
}

// other shows a run that has ended here, one of another process, or where the campaign stands.
func (p plan) other(ctx context.Context, c *shelf.Campaign, d *watched) (err error) {
	h, err := p.Shelf.History(ctx, c)
	if err != nil {
		return err
	}
	d.Ended = d.Phase == runs.Ended && !d.Begun.IsZero()
	if h != nil {
		defer func() { err = errors.Join(err, h.Close()) }()
		if d.Holder = h.Ledger.Holder(h.ID); d.Holder == os.Getpid() {
			d.Holder = 0
		}
		sum, err := h.Summary(ctx)
		if err != nil {
			return err
		}
		d.Summary, d.Seen = &sum, desk.Seen(h, sum)
	}
	rehearsal := d.Ask.ToSink || len(d.Ask.To) > 0
	switch {
	case d.Ended && d.Holder == 0 && rehearsal:
		d.rehearsed()
		d.charts()
		return nil
	case d.Ended && d.Holder == 0 && !d.passed():
		if d.Summary == nil { // the ledger is gone: what the run came to is known all the same
			d.Summary = d.came()
		}
		d.charts()
		return nil
	case d.Ended: // another process has gone on since, or a person has decided: the ledger tells
		d.Ended, d.Snapshot = false, runs.Snapshot{}
	}
	if h == nil {
		return nil
	}
	return p.told(ctx, h, d)
}

// passed reports whether the campaign stands elsewhere than where the run of this window has left it.
func (d *watched) passed() bool {
	own := d.Snapshot.Summary
	if d.Summary == nil {
		return false
	}
	for _, n := range d.Summary.Counts {
		if own != nil && own.Counts[n.State] != n.N {
			return true
		}
	}
	return own == nil && d.left() == 0 // it could not begin, and somebody has brought it to its end
}

// left is how many messages are left to send.
func (d *watched) left() (n int64) {
	for _, c := range d.Summary.Counts {
		if c.State == string(ledger.Pending) || c.State == string(ledger.Deferred) {
			n += c.N
		}
	}
	return n
}

// rehearsed shows a rehearsal that has ended, and where its results are. None of it is of the campaign itself.
func (d *watched) rehearsed() {
	if _, n, ok := strings.Cut(d.ID, "/rehearsal/"); ok {
		d.Of = "to/" + n
	}
	if d.Ask.ToSink && d.Files != "" {
		d.Of = "sink/" + path.Base(path.Dir(filepath.ToSlash(d.Files)))
	}
	d.Summary = d.came()
}

// came is what the run of this window came to; nil if it could not begin.
func (d *watched) came() *report.Summary {
	own := d.Snapshot.Summary
	if own == nil {
		return nil
	}
	sum := &report.Summary{Campaign: d.ID, Rows: own.Rows}
	for _, state := range ledger.States() {
		sum.Counts = append(sum.Counts, report.Count{State: string(state), N: own.Counts[string(state)]})
	}
	return sum
}

// told has the charts that the ledger tells.
func (p plan) told(ctx context.Context, h *history.Campaign, d *watched) error {
	f, err := p.Figures.Of(ctx, h, *d.Summary)
	if err != nil {
		return err
	}
	d.Columns, d.Groups, d.Said = f.Chart(), f.Groups(), f.Replies
	return nil
}

func (p plan) pause(w http.ResponseWriter, r *http.Request) { p.act(w, r, "run", (*runs.Run).Pause) }

// abort closes the connections of the run that the page showed, and of no later one.
func (p plan) abort(w http.ResponseWriter, r *http.Request) {
	p.act(w, r, "run", func(run *runs.Run) {
		if r.PostFormValue("run") == run.Snapshot().Name {
			run.Abort()
		}
	})
}

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

// events is a stream of server-sent events about the campaign's run: that of this window, or of another process, as its
// ledger shows it.
func (p plan) events(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	if run := p.Runs.Of(c.File); run != nil && run.Phase() != runs.Ended {
		desk.Stream(w, r, desk.Run(run))
		return
	}
	h, err := p.Shelf.History(r.Context(), c)
	if h == nil || err != nil {
		desk.Stream(w, r, func(context.Context) desk.News { return desk.News{Of: string(runs.Ended)} })
		return
	}
	defer h.Close()
	was := ""
	desk.Stream(w, r, func(ctx context.Context) (n desk.News) {
		holder := h.Ledger.Holder(h.ID)
		counts, _, err := h.Ledger.Counts(ctx, h.ID)
		if now := fmt.Sprint(holder, counts); now != was {
			was, n.Of = now, "elsewhere"
		}
		n.More = err == nil && holder != 0 && holder != os.Getpid()
		return n
	})
}
