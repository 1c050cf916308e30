// Package rehearse has the page on which a campaign is rehearsed: to the built-in server, whose messages open here;
// to oneself; and to testers. A rehearsal is planned, sent and watched on the pages of the plan and of the run, as
// the real thing is: this room only says what is asked for, and shows what the built-in server took.
package rehearse

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/runs"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/internal/disk"
	"mailshot/internal/shell"
	"mailshot/render/address"
)

//go:embed *.html
var files embed.FS

var pages = frame.Load(files)

type rehearse struct{ *desk.Desk }

// Routes are those of rehearsals.
func Routes(d *desk.Desk) desk.Routes {
	h := rehearse{d}
	return desk.Routes{
		"GET /c/{file}/rehearse":     h.show,
		"POST /c/{file}/rehearse":    h.begin,
		"GET /c/{file}/rehearse/{n}": h.taken,
	}
}

// form is the page.
type form struct {
	Me      string
	Testers string // one address on each line
	Rows    int64  // the first so many
	Odd     bool   // the odd ones too
	Wrong   map[string]string
	Server  string // the real one; "" = the file names none
	Saved   bool
	Past    []past // rehearsals to the built-in server, the newest first
	More    bool   // there are older ones

	Survey survey.Survey
}

// past is a rehearsal to the built-in server.
type past struct {
	N     int
	Count int // of its messages
	Begun time.Time
}

// The most that the page takes or shows.
const (
	mostRows    = 50
	mostOdd     = 10
	mostTesters = 20
	mostPast    = 10
)

// cookie remembers the person's own address.
const cookie = "mailshot-me"

func (h rehearse) show(w http.ResponseWriter, r *http.Request) {
	c := h.Campaign(w, r)
	if c == nil {
		return
	}
	f := form{Rows: 3, Odd: true, Saved: r.URL.Query().Has("saved")}
	if kept, err := r.Cookie(cookie); err == nil {
		f.Me, _ = url.QueryUnescape(kept.Value) // "" if somebody else wrote it
	}
	if c.Def != nil {
		b, _ := os.ReadFile(testersFile(c)) // none are kept yet
		f.Testers = string(b)
	}
	h.page(w, r, c, f)
}

func (h rehearse) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, f form) {
	page := frame.Page{Name: "rehearse", Title: frame.Words(r).Say("rehearse.title"), Campaign: desk.Frame(c),
		Commands: []string{h.Command(c, "send", "--to-sink")}}
	to := f.Me
	if to == "" {
		to = "you@example.com"
	}
	page.Commands = append(page.Commands, h.Command(c, "send", "--to", shell.Quote(to), "--limit", strconv.FormatInt(f.Rows, 10)))
	if c.Def != nil {
		for i, s := range c.Def.Servers {
			if i > 0 {
				f.Server += ", "
			}
			f.Server += s.Name
		}
		f.Past, f.More = h.rehearsals(r, c)
		f.Survey = h.Surveys.Of(c.File, survey.Version(c.Def), h.Shelf.Options(c))
	}
	if f.Wrong != nil {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Data = f
	pages.Show(w, r, page)
}

// testersFile is where a campaign's testers are kept.
func testersFile(c *shelf.Campaign) string { return filepath.Join(c.Def.Home(), "testers.txt") }

// begin begins to plan a rehearsal, or keeps the testers.
func (h rehearse) begin(w http.ResponseWriter, r *http.Request) {
	c := h.Campaign(w, r)
	if c == nil {
		return
	}
	f := form{Me: strings.TrimSpace(r.PostFormValue("me")), Testers: r.PostFormValue("testers"), Rows: 3,
		Odd: r.PostFormValue("odd") != ""}
	if n, err := strconv.ParseInt(r.PostFormValue("rows"), 10, 64); err == nil {
		f.Rows = min(max(n, 1), mostRows)
	}
	if c.Def == nil { // the plan shows the mistakes of the file
		http.Redirect(w, r, desk.Frame(c).Path("plan"), http.StatusSeeOther)
		return
	}
	ask := runs.Ask{Wait: true, Inputs: survey.Version(c.Def)}
	var err error
	switch r.PostFormValue("do") {
	case "sink":
		ask.ToSink = true
	case "testers", "keep":
		ask.To, err = testers(f.Testers)
		if err == nil {
			err = keep(c, f.Testers)
		}
		if err != nil {
			f.Wrong = map[string]string{"testers": err.Error()}
		}
		if r.PostFormValue("do") == "keep" && err == nil {
			http.Redirect(w, r, desk.Frame(c).Path("rehearse")+"?saved=1#testers", http.StatusSeeOther)
			return
		}
	default:
		var me address.Address
		if me, err = address.Parse(f.Me); err != nil {
			f.Wrong = map[string]string{"me": err.Error()}
			break
		}
		ask.To = []address.Address{me}
		// Escaped: a cookie drops the letters that it cannot have, and the rest is somebody else's address.
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: url.QueryEscape(me.String()), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true,
			SameSite: http.SameSiteStrictMode})
	}
	if f.Wrong != nil {
		h.page(w, r, c, f)
		return
	}
	if len(ask.To) > 0 {
		if ask.Plan.Only, ask.Plan.Limit, err = h.rows(r.Context(), c, f); err != nil {
			h.Failed(w, r, err)
			return
		}
	}
	h.Plan(w, r, c, h.Shelf.Options(c), ask)
}

// testers reads addresses, one on each line or with commas between them.
func testers(text string) ([]address.Address, error) {
	var all []address.Address
	var errs []error
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("\r\n,;", r) }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		m, err := address.ParseMailbox(line)
		switch {
		case err != nil:
			errs = append(errs, err)
		case !slices.Contains(all, m.Address):
			all = append(all, m.Address)
		}
	}
	switch {
	case len(errs) > 0:
		return nil, errors.Join(errs...)
	case len(all) == 0:
		return nil, errors.New("there are no testers yet")
	case len(all) > mostTesters:
		return nil, errors.New("these are more than " + strconv.Itoa(mostTesters) + " testers")
	}
	return all, nil
}

// keep keeps the testers beside the campaign's ledger.
func keep(c *shelf.Campaign, text string) error {
	if err := os.MkdirAll(c.Def.Home(), 0o700); err != nil {
		return err
	}
	if err := disk.Create(filepath.Join(c.Def.Home(), ".gitignore"), "*\n"); err != nil {
		return err
	}
	return disk.Replace(testersFile(c), func(w io.Writer) error {
		_, err := io.WriteString(w, strings.ReplaceAll(text, "\r\n", "\n"))
		return err
	})
}

// rows says which rows a rehearsal takes: the first ones, and where they are asked for and known, the odd ones. The
// filter is "" where the first ones are all.
func (h rehearse) rows(ctx context.Context, c *shelf.Campaign, f form) (only string, limit int64, err error) {
	if !f.Odd {
		return "", f.Rows, nil
	}
	numbers := []int64{}
	found := h.Surveys.Of(c.File, survey.Version(c.Def), h.Shelf.Options(c))
	for _, o := range found.Odd {
		if o.Kind != survey.Without && o.Row > f.Rows && !slices.Contains(numbers, o.Row) && len(numbers) < mostOdd {
			numbers = append(numbers, o.Row)
		}
	}
	if len(numbers) == 0 {
		return "", f.Rows, nil
	}
	for n := range f.Rows {
		numbers = append(numbers, n+1)
	}
	only, limit, err = survey.Only(ctx, c.Def, numbers)
	if limit == 0 { // none of them gets a message: the first ones that do
		limit = f.Rows
	}
	return only, limit, err
}
