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
	"mailshot/cmd/mailshot/human"
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
	Columns *chart.Chart
	Graph   *chart.Graph
	Groups  []chart.Group
	Said    []ledger.Answer // replies, where no events tell them
}

// Live reports whether something goes on.
func (d watched) Live() bool {
	return d.Holder != 0 || d.Phase == runs.Sending || d.Phase == runs.Draining
}

// Until is when a hold ends, for a person.
func (watched) Until(t time.Time) string { return human.When(t, time.Now()) }

// Tenths is how far the run is, in the steps in which it is said to those who do not see the page.
func (d watched) Tenths() int64 { return d.Done * 10 / max(d.Planned, 1) }

// Held names what is held back and why, without the numbers: a hold whose time alone changes is not said again.
func (d watched) Held() string {
	name := "held"
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
func (d watched) PerSecond() string { return fmt.Sprintf("%.1f", d.Rate/60) }

func (p plan) run(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	d := watched{}
	if run := p.Runs.Of(c.File); run != nil {
		d.Snapshot = run.Snapshot()
	}
	page := frame.Page{Name: "run", Title: frame.Words(r).Say("run.title"), Campaign: desk.Frame(c),
		Commands: []string{p.Command(c, "status"), p.Command(c, "send")}}
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
		for _, n := range d.Summary.Counts {
			if n.State == string(ledger.Pending) || n.State == string(ledger.Deferred) {
				d.Left += n.N
			}
		}
	}
	page.Data = d
	pages.Show(w, r, page)
}

// own shows a run of this window, by its events alone: nothing is asked of the disk.
func (d *watched) own() {
	if d.Counts != nil {
		d.Summary = &report.Summary{Campaign: d.ID, Rows: d.Rows, Counts: d.Counts}
	}
	d.charts()
}

// charts makes the charts of a run from its events.
func (d *watched) charts() {
	var columns []chart.Column
	half, most := chart.Line{Name: "chart.p50"}, chart.Line{Name: "chart.p95"}
	for _, m := range d.Minutes {
		columns = append(columns, chart.Column{Start: m.At, N: m.N})
		half.Values, most.Values = append(half.Values, m.P50), append(most.Values, m.P95)
	}
	d.Columns = chart.Stack(columns, figures.States())
	if n := len(d.Minutes); n > 0 {
		d.Graph = chart.Lines(d.Minutes[0].At, d.Minutes[n-1].At.Add(time.Minute), half, most)
	}
	for _, l := range d.Lanes {
		g := chart.Group{Name: l.Group, Servers: l.Servers, Rows: l.N}
		for _, state := range ledger.States() {
			g.Counts = append(g.Counts, report.Count{State: string(state), N: l.Counts[string(state)]})
		}
		d.Groups = append(d.Groups, g)
	}
}

// other shows a run that has ended here, one of another process, or where the campaign stands.
func (p plan) other(ctx context.Context, c *shelf.Campaign, d *watched) error {
	d.Ended = d.Phase == runs.Ended && !d.Begun.IsZero()
	if d.Ended && d.Ask.ToSink { // it has a ledger of its own
		d.Of = "sink/" + path.Base(path.Dir(filepath.ToSlash(d.Files)))
		if d.Snapshot.Summary != nil {
			d.Summary = &report.Summary{Campaign: d.ID, Rows: d.Snapshot.Summary.Rows}
			for _, state := range ledger.States() {
				d.Summary.Counts = append(d.Summary.Counts,
					report.Count{State: string(state), N: d.Snapshot.Summary.Counts[string(state)]})
			}
		}
		d.charts()
		return nil
	}
	h, err := p.Shelf.History(ctx, c)
	if h == nil || err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if d.Holder = h.Ledger.Holder(h.ID); d.Holder == os.Getpid() {
		d.Holder = 0
	}
	sum, err := h.Summary(ctx)
	if err != nil {
		return err
	}
	d.Summary = &sum
	if d.Holder != 0 {
		d.Ended, d.Replies, d.Files = false, nil, ""
	}
	if d.Ended {
		d.charts()
		return nil
	}
	return p.told(ctx, h, d)
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

// Between two events of a stream there is at least this: a page shows a run, and does not slow it down.
const between = 500 * time.Millisecond

const (
	// alive is how long a page may take to read an event.
	alive = 15 * time.Second
	// look is how often what no event tells is looked at: the counts of a run, and a run of another process.
	look = time.Second
)

// events is a stream of server-sent events: each says that the page has something new to show. A stream that was cut off
// is taken up by asking again, for the page is made anew from the run.
func (p plan) events(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	write := func(s string) bool {
		_ = out.SetWriteDeadline(time.Now().Add(alive)) // not every ResponseWriter has one
		_, err := w.Write([]byte(s))
		return err == nil && out.Flush() == nil
	}
	if !write("retry: 1000\n\n") {
		return
	}
	tell := func(what string) bool {
		if what == "" { // so that a page that is gone is noticed
			return write(": alive\n\n")
		}
		return write("event: changed\ndata: " + what + "\n\n")
	}
	if run := p.Runs.Of(c.File); run != nil && run.Phase() != runs.Ended {
		follow(r.Context(), run, tell)
		return
	}
	p.followOther(r.Context(), c, tell)
}

// follow tells of a run of this window until it waits for a person, or has ended.
func follow(ctx context.Context, run *runs.Run, tell func(string) bool) {
	for {
		changed := run.Changed()
		phase := run.Phase()
		if !tell(string(phase)) || phase == runs.Ended || phase == runs.Planned {
			return
		}
		if !wait(ctx, changed, look) || !wait(ctx, nil, between) {
			return
		}
	}
}

// followOther tells of a run of another process, as its ledger shows it, until it has ended.
func (p plan) followOther(ctx context.Context, c *shelf.Campaign, tell func(string) bool) {
	h, err := p.Shelf.History(ctx, c)
	if h == nil || err != nil {
		tell(string(runs.Ended))
		return
	}
	defer h.Close()
	was := ""
	for {
		holder := h.Ledger.Holder(h.ID)
		counts, _, err := h.Ledger.Counts(ctx, h.ID)
		if err != nil {
			return
		}
		now, news := fmt.Sprint(holder, counts), ""
		if now != was {
			was, news = now, "elsewhere"
		}
		if !tell(news) || holder == 0 || holder == os.Getpid() || !wait(ctx, nil, look) {
			return
		}
	}
}

// wait waits for a change or for so long; it is false if ctx has ended.
func wait(ctx context.Context, changed <-chan struct{}, most time.Duration) bool {
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-t.C:
	}
	return true
}
