package results

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/campaign/accounts"
	"mailshot/campaign/history"
	"mailshot/campaign/ledger"
	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/internal/shell"
)

func itoa(n int) string { return strconv.Itoa(n) }

// person is what the page about one row shows: all that is known about whoever it is for.
type person struct {
	asked
	Address    string
	Suppressed []accounts.Entry
	Rows       []told
	Unplanned  bool
}

// told is a person's row in one campaign, with all that happened to it.
type told struct {
	report.Row
	ID        int64
	Campaign  string
	Ledger    string // "" = this campaign's
	Planned   time.Time
	MessageID string
	Events    []event // the oldest first
	Here      bool    // it is the row that was asked for
	File      string  // of its message; "" = none is kept
	Preview   string  // address of its message as it is made now; "" = it is of another campaign

	carrier int64     // the ID of the row whose message has this one; 0 = it has a message of its own
	In      *another  // that row; nil = none, or not one of the person's
	With    []another // the rows that are in its message, too
}

// another leads to another row of the campaign.
type another struct {
	ID    int64
	Place string
}

// join links the rows of one group, all of which have the person's address.
func join(rows []told) {
	at := map[int64]*told{}
	for i := range rows {
		if rows[i].Ledger == "" {
			at[rows[i].ID] = &rows[i]
		}
	}
	for i := range rows {
		if of := at[rows[i].carrier]; of != nil && rows[i].Ledger == "" {
			rows[i].In = &another{of.ID, of.Place}
			of.With = append(of.With, another{rows[i].ID, rows[i].Place})
		}
	}
}

// event is an attempt, a change by hand, or something that came back.
type event struct {
	Time         time.Time
	State        string // "" = it led to none
	Words        string
	Server, Hand string
}

// person shows one row, and all other rows of the person.
func (s *results) person(w http.ResponseWriter, r *http.Request) {
	c, d, h, rec := s.row(w, r)
	if rec == nil {
		return
	}
	defer h.Close()
	p := person{asked: d.asked, Address: rec.Address}
	kept := s.kept(c, d.Sending)
	err := s.withAccounts(func(a *accounts.Accounts, secret []byte) (err error) {
		if rec.AddressKey != "" {
			if err := s.lookUp(r.Context(), a, c, h, rec, d.Sending, &p); err != nil {
				return err
			}
		}
		if i := slices.IndexFunc(p.Rows, func(t told) bool { return t.Here }); i >= 0 {
			p.Rows[i].File = kept.likely(*rec)
			return nil
		}
		one := told{Row: history.Reported(*rec), ID: rec.ID, Campaign: h.ID, Planned: h.Kept.Created, Here: true,
			MessageID: messageID(c, h, secret, *rec), File: kept.likely(*rec)}
		one.Events, err = story(r.Context(), h.Ledger, rec.ID)
		p.Rows = append([]told{one}, p.Rows...)
		return err
	})
	if err != nil {
		s.Failed(w, r, err)
		return
	}
	for i := range p.Rows {
		if p.Rows[i].Here {
			// The list may have other rows by now: the page looks for the person, wherever they are.
			p.Rows[i].Preview = desk.Frame(c).Path("message") + "?" + url.Values{"row": {strconv.FormatInt(rec.Number, 10)},
				"find": {rec.Address}}.Encode()
		}
	}
	why := []string{"why"}
	if strings.HasPrefix(rec.Address, "-") { // it is no flag
		why = append(why, "--")
	}
	pages.Show(w, r, frame.Page{Name: "row", Title: frame.Words(r).Say("results.person"), Campaign: desk.Frame(c),
		Commands: []string{s.Command(c, append(why, shell.Quote(rec.Address))...)}, Data: p})
}

// row finds the row that a request is about, in the ledger that it names. If there is none, row answers, and rec is
// nil; else the caller closes h.
func (s *results) row(w http.ResponseWriter, r *http.Request) (c *shelf.Campaign, d shown, h *history.Campaign,
	rec *ledger.Record) {
	if c = s.Campaign(w, r); c == nil {
		return c, d, nil, nil
	}
	d.asked = ask(r.URL.Query())
	h, err := s.exactly(r, c, &d)
	if err == nil && h != nil {
		if rec, err = s.record(r, h); err == nil && rec != nil {
			return c, d, h, rec
		}
		_ = h.Close() // it was only read
	}
	s.notThere(w, r, err)
	return c, d, nil, nil
}

// notThere answers for a row that is not there, or cannot be read.
func (s *results) notThere(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.Failed(w, r, err)
		return
	}
	s.Missing(w, r)
}

// record is the row that a request is about; nil if there is none.
func (s *results) record(r *http.Request, h *history.Campaign) (*ledger.Record, error) {
	id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
	if err != nil {
		return nil, nil
	}
	page, _, err := h.Ledger.Page(r.Context(), h.ID, ledger.Find{Filter: ledger.Filter{IDs: []int64{id}}, Limit: 1})
	if err != nil || len(page) == 0 {
		return nil, err
	}
	return &page[0], nil
}

// lookUp looks for the person in the ledgers of the folder's campaigns, and on the suppression list.
func (s *results) lookUp(ctx context.Context, a *accounts.Accounts, c *shelf.Campaign, h *history.Campaign,
	rec *ledger.Record, of sending, p *person) error {
	file := s.Shelf.Ledger(c)
	if of.Kind == "sink" {
		file = of.file
	}
	files := []string{file}
	if s.Shelf.State == "" {
		for _, other := range history.Ledgers(s.Shelf.Dir) {
			if filepath.Clean(other) != filepath.Clean(file) {
				files = append(files, other)
			}
		}
	}
	found, err := history.Find(ctx, rec.AddressKey, a, files)
	if err != nil {
		return err
	}
	p.Suppressed = found.Suppressed
	for _, row := range found.Rows {
		one := told{Row: history.Reported(row.Record), ID: row.ID, Campaign: row.Campaign.ID, Planned: row.Campaign.Created,
			MessageID: row.MessageID, carrier: row.Carrier}
		if row.Ledger != file {
			one.Ledger = row.Ledger
		}
		one.Here = one.Ledger == "" && row.ID == rec.ID
		if one.Events, err = storyIn(ctx, h, row, file); err != nil {
			return err
		}
		p.Rows = append(p.Rows, one)
	}
	join(p.Rows)
	slices.SortStableFunc(p.Rows, func(x, y told) int { return y.Planned.Compare(x.Planned) })
	slices.SortStableFunc(p.Rows, func(x, y told) int { return order(x) - order(y) })
	return nil
}

// order puts the row that was asked for first, and the other rows of its campaign's ledger behind it.
func order(t told) int {
	switch {
	case t.Here:
		return 0
	case t.Ledger == "":
		return 1
	}
	return 2
}

// storyIn is the story of a row of any ledger.
func storyIn(ctx context.Context, h *history.Campaign, row history.PersonRow, here string) (_ []event, err error) {
	if row.Ledger == here {
		return story(ctx, h.Ledger, row.ID)
	}
	l, err := ledger.Open(row.Ledger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return story(ctx, l, row.ID)
}

// story is all that happened to a row.
func story(ctx context.Context, l *ledger.Ledger, id int64) (all []event, err error) {
	tried, changed, err := l.Story(ctx, id)
	if err != nil {
		return nil, err
	}
	back, err := l.ReturnsOf(ctx, id)
	for _, a := range tried {
		words := report.Row{Code: a.Code, Enhanced: a.Enhanced, Text: a.Text, Copies: history.Copies(a.Copies)}.Why()
		all = append(all, event{Time: a.Time, State: string(a.State), Words: words, Server: a.Server})
	}
	for _, c := range changed {
		hand := report.Hand{Time: c.Time, Who: c.Who, Host: c.Host, Act: c.Act}
		all = append(all, event{Time: c.Time, State: string(c.After), Hand: hand.String()})
	}
	for _, r := range back {
		b := history.Returned(r)
		one := event{Time: b.Time, Words: b.Words(), Server: b.How()}
		if one.Time.IsZero() {
			one.Time = b.Noted
		}
		if r.Effect == ledger.EffectLed {
			one.State = b.To
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.Time.Compare(b.Time) })
	return all, err
}

// withAccounts calls do with the user's accounts and the secret of their Message-IDs; with nil where there are none
// yet.
func (s *results) withAccounts(do func(a *accounts.Accounts, secret []byte) error) (err error) {
	file := s.Shelf.Accounts
	if file == "" {
		if file, err = accounts.DefaultPath(); err != nil {
			return err
		}
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return do(nil, nil)
	}
	a, err := accounts.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	secret, err := a.Secret(context.Background())
	if err != nil {
		return err
	}
	return do(a, secret)
}
