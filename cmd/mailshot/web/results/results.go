// Package results has the pages of what became of a campaign: every row by state, by what servers said and by a search,
// all that happened to one person, what a person decides (unknown outcomes, another try, cancelling what is left), and
// files to take away. The answers come from the ledger, and the decisions are the ledger's own, as at a terminal.
//
// A campaign of a million rows has pages like one of fifty: each page reads on from a row, and no page counts.
package results

import (
	"embed"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
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

//go:embed *.html
var files embed.FS

var pages = frame.Load(files)

// perPage is how many rows a page has.
const perPage = 50

type results struct{ *desk.Desk }

// Routes are those of the results.
func Routes(d *desk.Desk) desk.Routes {
	s := &results{d}
	return desk.Routes{
		"GET /c/{file}/results":                 s.list,
		"GET /c/{file}/results/row":             s.person,
		"GET /c/{file}/results/download/{form}": s.download,
		"GET /c/{file}/results/message":         s.message,
		"POST /c/{file}/results/decide":         s.decide,
		"POST /c/{file}/results/retry":          s.retry,
		"POST /c/{file}/results/cancel":         s.cancel,
	}
}

// asked is what a page shows, as its address says it.
type asked struct {
	Of            string // which sending: see sending.Of
	States        []string
	Reply         string // code and enhanced code with a dash between; "" = any
	Text          string
	After, Before int64
	From          int64 // the number of the first row among those that fit, for the person to read
}

func ask(q url.Values) asked {
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(q.Get(name), 10, 64)
		return max(n, 0)
	}
	a := asked{Of: q.Get("of"), Reply: q.Get("reply"), Text: strings.TrimSpace(q.Get("q")), After: number("after"),
		Before: number("before"), From: max(number("from"), 1)}
	for _, state := range q["state"] {
		if slices.Contains(ledger.States(), ledger.State(state)) && !slices.Contains(a.States, state) {
			a.States = append(a.States, state)
		}
	}
	return a
}

// query is the address of the page with this, from the question mark on.
func (a asked) query() string {
	q := url.Values{}
	set := func(name, value string) {
		if value != "" && value != "0" {
			q.Set(name, value)
		}
	}
	set("of", a.Of)
	for _, state := range a.States {
		q.Add("state", state)
	}
	set("reply", a.Reply)
	set("q", a.Text)
	set("after", strconv.FormatInt(a.After, 10))
	set("before", strconv.FormatInt(a.Before, 10))
	if a.From > 1 {
		set("from", strconv.FormatInt(a.From, 10))
	}
	return "?" + q.Encode()
}

// With returns the address with one state alone, "" = all, from the first row.
func (a asked) With(state string) string {
	b := asked{Of: a.Of, Text: a.Text}
	if state != "" {
		b.States = []string{state}
	}
	return b.query()
}

// Said returns the address with those who got a reply.
func (a asked) Said(r ledger.Answer) string {
	return asked{Of: a.Of, Text: a.Text, Reply: replyKey(r)}.query()
}

// Here is the address of the page without a place in the list.
func (a asked) Here() string {
	a.After, a.Before, a.From = 0, 0, 1
	return a.query()
}

// Narrow reports whether not all rows are shown.
func (a asked) Narrow() bool { return len(a.States) > 0 || a.Reply != "" || a.Text != "" }

// Only reports whether rows of one state alone are shown.
func (a asked) Only(state string) bool { return len(a.States) == 1 && a.States[0] == state }

func replyKey(r ledger.Answer) string { return strconv.Itoa(r.Code) + "-" + r.Enhanced }

// find is what the ledger is asked.
func (a asked) find() ledger.Find {
	f := ledger.Find{Filter: a.filter(), Text: a.Text, After: a.After, Before: a.Before, Limit: perPage}
	if code, enhanced, ok := strings.Cut(a.Reply, "-"); ok {
		n, _ := strconv.Atoi(code)
		f.Reply = &ledger.Answer{Code: n, Enhanced: enhanced}
		if len(f.States) == 0 {
			f.States = attention()
		}
	}
	return f
}

func (a asked) filter() (f ledger.Filter) {
	for _, state := range a.States {
		f.States = append(f.States, ledger.State(state))
	}
	return f
}

// attention are the states whose servers' words a person wants to see.
func attention() []ledger.State {
	return []ledger.State{ledger.Refused, ledger.GaveUp, ledger.Unknown, ledger.Deferred}
}

// shown is what the page of the list shows.
type shown struct {
	asked
	Sendings []sending
	Sending  sending
	Summary  *report.Summary
	N        map[string]int64 // rows by state
	Rows     []row
	Total    int64  // of those that fit; -1 = nobody has counted
	Last     int64  // the number of the last row shown
	First    string // addresses of other parts of the list; "" = none
	Previous string
	Next     string
	End      string
	Figures  *figures.Figures
	Columns  *chart.Chart
	Groups   []chart.Group
	Running  bool  // a run of this window goes on
	Holder   int   // of another process that has the campaign; 0 = none
	Left     int64 // that a cancel takes out
	Retry    int64 // that a retry takes, of the states shown
	Done     string
	Wrong    string
	Messages bool // there are files of messages
	Seen     string
}

// row is one row of the list.
type row struct {
	report.Row
	ID               int64
	File             string // of the message; "" = none is kept
	Undecided, Again bool
}

func (s *results) list(w http.ResponseWriter, r *http.Request) {
	if c := s.Campaign(w, r); c != nil {
		s.page(w, r, c, shown{asked: ask(r.URL.Query())})
	}
}

// page answers with the list. d has what is asked for, and what went wrong.
func (s *results) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, d shown) {
	say := frame.Words(r).Say
	page := frame.Page{Name: "results", Title: say("results.title"), Campaign: desk.Frame(c)}
	h, err := s.open(r, c, &d)
	if err != nil {
		s.Failed(w, r, err)
		return
	}
	if h == nil {
		page.Commands, page.Data = []string{s.Command(c, "status")}, d
		pages.Show(w, r, page)
		return
	}
	defer h.Close()
	if err := s.fill(r, h, c, &d); err != nil {
		s.Failed(w, r, err)
		return
	}
	if d.Done == "" {
		d.Done = done(r.URL.Query(), frame.Words(r))
	}
	if d.Wrong != "" {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Commands, page.Data = s.commands(c, d), d
	pages.Show(w, r, page)
}

// commands are what does the same at a terminal.
func (s *results) commands(c *shelf.Campaign, d shown) []string {
	words := d.Sending.flags()
	if len(d.States) > 0 {
		words = append([]string{"--in", strings.Join(d.States, ",")}, words...)
	}
	all := []string{s.Command(c, append([]string{"report"}, words...)...)}
	if d.N["unknown"] > 0 {
		all = append(all, s.Command(c, append([]string{"resolve"}, d.Sending.flags()...)...))
	}
	if d.Retry > 0 {
		all = append(all, s.Command(c, append([]string{"retry"}, d.Sending.flags()...)...))
	}
	return all
}

// fill reads what the page shows.
func (s *results) fill(r *http.Request, h *history.Campaign, c *shelf.Campaign, d *shown) error {
	d.look(s, h, c)
	if !d.Running && d.Holder == 0 { // what a killed run left begun is unknown, and is to be decided about
		if err := h.Ledger.Recover(r.Context(), h.ID); err != nil {
			return err
		}
	}
	sum, err := h.Summary(r.Context())
	if err != nil {
		return err
	}
	d.Summary, d.Seen, d.N = &sum, desk.Seen(h, sum), map[string]int64{}
	for _, n := range sum.Counts {
		d.N[n.State] = n.N
	}
	d.Left = d.N["pending"] + d.N["deferred"]
	for _, state := range retryable(d.States) {
		d.Retry += d.N[string(state)]
	}
	if d.Figures, err = s.Figures.Of(r.Context(), h, sum); err != nil {
		return err
	}
	if d.After == 0 && d.Before == 0 && !d.Narrow() {
		d.Columns = d.Figures.Chart()
		d.Groups = d.Figures.Groups()
	}
	records, more, err := h.Ledger.Page(r.Context(), h.ID, d.find())
	if err != nil {
		return err
	}
	kept := s.kept(c, d.Sending)
	d.Messages = kept.any()
	for _, rec := range records {
		one := row{Row: history.Reported(rec), ID: rec.ID, Undecided: rec.State == ledger.Unknown,
			Again: slices.Contains(retryable(nil), rec.State)}
		one.File = kept.likely(rec)
		d.Rows = append(d.Rows, one)
	}
	d.place(more)
	return nil
}

// look says who has the campaign at the moment.
func (d *shown) look(s *results, h *history.Campaign, c *shelf.Campaign) {
	if run := s.Runs.Of(c.File); run != nil {
		phase := run.Phase()
		d.Running = phase == runs.Sending || phase == runs.Draining
	}
	if pid := h.Ledger.Holder(h.ID); pid != os.Getpid() {
		d.Holder = pid
	}
}

// place says which part of the list is shown, and where its other parts are.
func (d *shown) place(more bool) {
	n := int64(len(d.Rows))
	d.Total = -1
	switch {
	case d.Text != "" || d.Reply != "":
	case len(d.States) == 0:
		d.Total = d.Summary.Rows
	default:
		d.Total = 0
		for _, state := range d.States {
			d.Total += d.N[state]
		}
	}
	backwards := d.Before > 0
	switch {
	case backwards && !more: // it is the first part, whatever the address says
		d.From = 1
	case backwards && d.Before == end && d.Total >= 0:
		d.From = d.Total - n + 1
	}
	d.Last = d.From + n - 1
	if n == 0 {
		return
	}
	at := func(change func(*asked)) string {
		a := d.asked
		a.After, a.Before = 0, 0
		change(&a)
		return a.query()
	}
	if d.From > 1 || backwards && more {
		d.First = at(func(a *asked) { a.From = 1 })
		d.Previous = at(func(a *asked) { a.Before, a.From = d.Rows[0].ID, max(d.From-perPage, 1) })
	}
	if backwards && d.Before != end || !backwards && more {
		d.Next = at(func(a *asked) { a.After, a.From = d.Rows[n-1].ID, d.Last+1 })
		if d.Total >= 0 {
			d.End = at(func(a *asked) { a.Before, a.From = end, 1 })
		}
	}
}

// end is behind every row.
const end = 1 << 62

// retryable are the states of which a retry takes rows up again, among those that are named; nil = all of them but what
// needs to be named.
func retryable(named []string) []ledger.State {
	all := []ledger.State{ledger.Refused, ledger.GaveUp, ledger.Held, ledger.Cancelled}
	if len(named) == 0 {
		return all
	}
	return slices.DeleteFunc(append(all, ledger.Suppressed), func(s ledger.State) bool {
		return !slices.Contains(named, string(s))
	})
}

// Forms are the files that the results can be taken away as.
func (d shown) Forms() []string {
	all := []string{"xlsx", "csv", "json", "html"}
	if d.Messages {
		all = append(all, "zip")
	}
	return all
}

// Mark reports whether a person may mark the row, for a decision or another try.
func (r row) Mark() bool { return r.Undecided || r.Again }

// Marks reports whether any row of the page may be marked.
func (d shown) Marks() bool { return slices.ContainsFunc(d.Rows, row.Mark) }

// At is a moment as the list shows it.
func (r row) At() time.Time { return r.Time }
