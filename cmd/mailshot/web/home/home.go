// Package home is the window's first page: the campaigns of the folder with where each stands, what needs a decision
// first, and a new one from a starter.
package home

import (
	"cmp"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/starter"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/shell"
	"mailshot/templates"
)

//go:embed *.html
var files embed.FS

var pages = frame.Load(files)

type home struct{ *desk.Desk }

// Routes are those of the first page.
func Routes(d *desk.Desk) desk.Routes {
	h := home{d}
	return desk.Routes{
		"GET /{$}":  h.campaigns,
		"GET /new":  h.ask,
		"POST /new": h.write,
	}
}

// Need is what a campaign needs of a person; the most urgent first.
type need int

const (
	decide need = iota // messages whose outcome is unknown
	mend               // mistakes in the campaign file, a ledger that cannot be read
	watch              // it is being sent
	number             // a plan waits for its number
	goOn               // messages are left
	look               // some were refused
	begin              // not planned yet
	done
)

// words are the needs as keys of texts.
var words = map[need]string{decide: "decide", mend: "mend", watch: "watch", number: "number", goOn: "go-on", look: "look",
	begin: "begin", done: "done"}

// icons are those of the needs, by the names of the states and findings that they are like.
var icons = map[need]string{decide: "unknown", mend: "error", watch: "begun", number: "pending", goOn: "begun",
	look: "refused", begin: "note", done: "sent"}

// card is one campaign as the page shows it.
type card struct {
	*frame.Campaign
	Need     need
	Summary  *report.Summary
	Mistakes int64
	Error    string
	N        int64     // how many the need is about
	Needs    string    // in words
	To       string    // the page to go to
	Ends     time.Time // when the last message goes at the earliest; zero = nothing is under way, or nobody knows
}

// Kind is the need as a name.
func (c card) Kind() string { return words[c.Need] }

// Icon is that of the need.
func (c card) Icon() string { return icons[c.Need] }

func (h home) campaigns(w http.ResponseWriter, r *http.Request) {
	names, err := h.Shelf.Campaigns()
	if err != nil {
		h.Failed(w, r, err)
		return
	}
	say := frame.Words(r).Say
	var cards []card
	for _, name := range names {
		c, err := h.Shelf.Campaign(r.Context(), name)
		if err != nil {
			continue // it is gone since
		}
		one := h.card(r, c)
		if one.Needs = say("home.needs." + words[one.Need]); one.Need != begin {
			one.Needs = say("home.needs."+words[one.Need], one.N)
		}
		cards = append(cards, one)
	}
	slices.SortStableFunc(cards, func(a, b card) int { return cmp.Compare(a.Need, b.Need) })
	commands := []string{}
	if len(cards) > 0 {
		commands = append(commands, h.Command(nil, "status", shell.Quote(h.Shelf.Path(cards[0].File))))
	}
	pages.Show(w, r, frame.Page{Name: "campaigns", Title: say("home.title"), Commands: commands,
		Data: struct {
			Cards  []card
			Folder string
		}{cards, h.Shelf.Dir}})
}

// card says where a campaign stands and what it needs.
func (h home) card(r *http.Request, c *shelf.Campaign) card {
	one := card{Campaign: desk.Frame(c), Need: begin, To: "people"}
	if len(c.Mistakes) > 0 {
		one.Need, one.Mistakes, one.N, one.To = mend, int64(len(c.Mistakes)), int64(len(c.Mistakes)), "message"
		return one
	}
	sum, err := h.Shelf.Summary(r.Context(), c)
	if err != nil {
		one.Need, one.Error, one.N, one.To = mend, err.Error(), 1, "plan"
		return one
	}
	if one.Summary = sum; sum != nil {
		one.Need, one.N, one.To = needs(sum)
	}
	if run := h.Runs.Of(c.File); run != nil {
		switch s := run.Snapshot(); s.Phase {
		case runs.Planned:
			one.Need, one.N, one.To, one.Ends = number, s.Plan.ToSend, "plan", s.Plan.Ends
		case runs.Sending, runs.Draining:
			one.Need, one.N, one.To, one.Ends = watch, s.Planned-s.Done, "run", s.Plan.Ends
		}
	}
	return one
}

// needs is what a campaign that was planned needs, for how many rows, and on which page.
func needs(sum *report.Summary) (need, int64, string) {
	n := map[ledger.State]int64{}
	for _, c := range sum.Counts {
		n[ledger.State(c.State)] = c.N
	}
	left := n[ledger.Pending] + n[ledger.Deferred] + n[ledger.Begun]
	wrong := n[ledger.Refused] + n[ledger.GaveUp] + n[ledger.Held] + n[ledger.Bounced] + n[ledger.Complained]
	switch {
	case n[ledger.Unknown] > 0:
		return decide, n[ledger.Unknown], "results"
	case left > 0:
		return goOn, left, "plan"
	case wrong > 0:
		return look, wrong, "results"
	}
	return done, n[ledger.Sent], "results"
}

// asked is the form of a new campaign.
type asked struct {
	Kinds, Languages       []string
	Kind, Language, Folder string
	Wrong                  string // what is wrong with the folder
}

func (h home) form(w http.ResponseWriter, r *http.Request, a asked) {
	a.Kinds, a.Languages = templates.Starters(), templates.StarterLanguages()
	command := "mailshot init "
	if a.Language != a.Languages[0] && slices.Contains(a.Languages, a.Language) {
		command += "--language " + a.Language + " "
	}
	p := frame.Page{Name: "new", Title: frame.Words(r).Say("new.title"), Data: a,
		Commands: []string{command + cmp.Or(a.Kind, a.Kinds[0]) + " " + shell.Quote(h.Shelf.Path(a.Folder))}}
	if a.Wrong != "" {
		p.Status = http.StatusUnprocessableEntity
	}
	pages.Show(w, r, p)
}

func (h home) ask(w http.ResponseWriter, r *http.Request) {
	h.form(w, r, asked{Kind: templates.Starters()[0], Language: frame.Words(r).Language, Folder: templates.Starters()[0]})
}

// badName reports a name that a new folder cannot have, here or on another system.
func badName(name string) bool {
	return name == "" || len(name) > 200 || strings.ContainsAny(name, `/\:*?"<>|`) || strings.ContainsFunc(name, unicode.IsControl) ||
		strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || !utf8.ValidString(name) || !filepath.IsLocal(name)
}

// write writes a starter into a new folder.
func (h home) write(w http.ResponseWriter, r *http.Request) {
	a := asked{Kind: r.PostFormValue("kind"), Language: r.PostFormValue("language"),
		Folder: strings.TrimSpace(r.PostFormValue("folder"))}
	say := frame.Words(r).Say
	if !slices.Contains(templates.Starters(), a.Kind) || !slices.Contains(templates.StarterLanguages(), a.Language) {
		http.Error(w, "mailshot: no such starter", http.StatusBadRequest)
		return
	}
	if badName(a.Folder) {
		a.Wrong = say("new.bad-folder")
		h.form(w, r, a)
		return
	}
	// The folder is made below the window's, and is not a link that leads out of it.
	if err := h.Shelf.Root.MkdirAll(a.Folder, 0o755); err != nil {
		a.Wrong = err.Error()
		h.form(w, r, a)
		return
	}
	_, err := starter.Write(filepath.Join(h.Shelf.Dir, a.Folder), a.Kind, a.Language)
	if there := (*starter.ExistsError)(nil); errors.As(err, &there) {
		a.Wrong = say("new.exists", a.Folder)
		h.form(w, r, a)
		return
	}
	if err != nil {
		h.Failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/c/"+url.PathEscape(path.Join(a.Folder, "campaign.yaml"))+"/people", http.StatusSeeOther)
}
