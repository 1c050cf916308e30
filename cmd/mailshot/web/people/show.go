package people

import (
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/roster"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/survey"
	"mailshot/internal/ellipsis"
	"mailshot/internal/shell"
)

// shown is what the page shows.
type shown struct {
	List     string // the file's name; "" = it is not a file
	Found    []fact
	Read     string          // when
	Mistakes []check.Finding // of the campaign file
	Faults   []check.Finding // of the list as a whole
	Columns  []column
	Many     bool // there are several languages
	Who      int  // the column of the address; -1 = none
	Settled  bool // the columns are bound, so that rows can be shown
	Kinds    []kind
	Kind     *kind // the one that is asked for
	All      bool
	Checking bool // the messages are still being looked through
	Checked  int64
	Messages []finding // what is wrong with messages and not with the list
	Rows     []row
	Of       int64 // rows on all pages
	Total    int64 // rows of the list
	Bad      int64 // rows with findings
	Page     int64
	Last     int64
	AllPath  string
	BadPath  string
	Previous string
	Next     string
	Stale    bool
	Stdin    bool // the list comes from standard input
	Change   bool // how the file is read is asked for
	Ask      reading
	Version  string // of the campaign file
	Others   []string
	Added    *added
	Wrong    string // why what a person asked for was not done, for which form
	WrongIn  string
	Lines    string // for the person to write
	Refused  []check.Finding
}

// First reports whether column n of the first row has the row's first mark that is asked for: the summary leads to it.
func (s shown) First(n int) bool {
	for i, c := range s.Rows[0].Cells {
		for _, m := range c.Marks {
			if s.Kind == nil || m.Kind == s.Kind.ID() {
				return i == n
			}
		}
	}
	return false
}

// Delimiter is the name of what is between cells.
func (s shown) Delimiter(w say, value string) string {
	for is, key := range delimiters {
		if is == value || key == value {
			return w.Say("people.delimiter." + key)
		}
	}
	return value
}

// fact is a piece of the sentence about the file.
type fact struct {
	Text  string
	Guess bool
}

// kind is a kind of mistake in the summary.
type kind struct {
	roster.Kind
	Path string
	Here bool
}

// row is a row with places for its marks on this page.
type row struct {
	roster.Row
	N       int
	Message string // the address of its message; "" = it has none
}

func (p *people) show(w http.ResponseWriter, r *http.Request) {
	if c := p.Campaign(w, r); c != nil {
		p.page(w, r, c, shown{})
	}
}

// page shows the page, with what d has of a form that was refused.
func (p *people) page(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, d shown) {
	d.Mistakes, d.Change = c.Mistakes, d.Change || r.URL.Query().Get("change") != "" || d.WrongIn == "reading"
	page := frame.Page{Name: "people", Title: frame.Words(r).Say("people.title"), Campaign: desk.Frame(c)}
	var err error
	if d.Version, err = files.Sum(p.Shelf.Root, c.File); err == nil {
		d.Others, err = p.lists(c)
	}
	if err == nil {
		d.Added, err = p.asked(r, c)
	}
	d.Stdin = c.Def != nil && c.Def.Recipients.File == definition.Stdin
	if err == nil && c.Def != nil && !d.Stdin {
		err = p.fill(r, c, &d, &page)
	}
	if err != nil {
		if r.Context().Err() == nil {
			p.Failed(w, r, err)
		}
		return
	}
	page.Commands = append(page.Commands, p.Command(c, "check"))
	if d.Wrong != "" || d.Refused != nil {
		page.Status = http.StatusUnprocessableEntity
	}
	page.Data = d
	pages.Show(w, r, page)
}

// fill reads the list and takes the rows of the page from it.
func (p *people) fill(r *http.Request, c *shelf.Campaign, d *shown, page *frame.Page) error {
	h, err := p.take(r.Context(), c.File)
	if err != nil {
		return err
	}
	defer h.give()
	if d.Stale, err = p.read(r.Context(), h, c.Def); err != nil {
		return err
	}
	s, say := h.roster, frame.Words(r)
	if n := names(c.Def); len(n) > 0 {
		d.List = strings.Join(n, ", ")
		state := map[bool]string{false: "fresh", true: "stale"}[d.Stale]
		page.Events = desk.Frame(c).Path("people/events") + "?page=" + state
		page.Commands = append(page.Commands, inspect(c))
	}
	d.Found, d.Read = found(s, say), h.at.Format("15:04:05")
	d.Faults, d.Settled = s.Faults, s.Header != nil
	d.Columns = columnsOf(c.Def, s, say)
	d.Ask, d.Many = readingOf(c.Def, s), c.Def.Languages.Default != ""
	switch d.WrongIn {
	case "columns":
		refused(d.Columns, r.PostForm)
	case "reading":
		d.Ask.typed(r.PostForm)
	}
	d.Change = d.Change || len(s.Inspection.Maybe) > 1
	for _, f := range s.Faults {
		d.Change = d.Change || f.Severity == check.Error && doubtful[f.Code]
	}
	if d.Total, d.Bad, d.Who = s.Rows, s.Wrong, -1; s.Header != nil {
		d.Who = s.Header.Address
	}
	if d.Settled && !d.Stale && s.Rows <= mostChecked {
		p.messages(c, d, s)
		if d.Checking && page.Events != "" {
			page.Events += "&checking=1"
		}
	}
	return p.rows(r, c, d, s)
}

// mostChecked is how long a list may be whose messages are looked through for this page: those of a longer one wait for
// the page of the message, or the plan.
const mostChecked = 50_000

// finding is what is wrong with messages, with the address of the first of them.
type finding struct {
	check.Finding
	Message string
}

// messages takes what a check finds in the messages, and not in the list.
func (p *people) messages(c *shelf.Campaign, d *shown, s *roster.Roster) {
	is := p.Surveys.Of(c.File, survey.Version(c.Def), p.Shelf.Options(c))
	d.Checking, d.Checked = !is.Done, is.Made
	for _, f := range slices.Concat(check.From(is.Err), is.Findings) {
		listed := slices.ContainsFunc(s.Kinds, func(k roster.Kind) bool { return k.Code == f.Code }) ||
			slices.ContainsFunc(s.Faults, func(o check.Finding) bool { return o.Code == f.Code })
		if listed {
			continue
		}
		one := finding{Finding: f}
		for _, o := range is.Odd {
			if o.Kind == survey.Wrong && o.Detail == f.Text && one.Message == "" {
				one.Message = desk.Frame(c).Path("message") + "?row=" + strconv.FormatInt(o.Row, 10)
			}
		}
		d.Messages = append(d.Messages, one)
	}
}

// doubtful are the mistakes that another way to read the file may mend.
var doubtful = map[string]bool{"unknown-encoding": true, "bad-encoding": true, "bad-delimiter": true, "unknown-locale": true,
	"unknown-sheet": true, "hidden-rows": true, "missing-header": true, "missing-column": true}

// mostShown is how many characters of a cell are shown: a page of fifty rows stays one that a browser can show.
const mostShown = 1000

// cut leaves of each cell what is shown.
func cut(cells []roster.Cell) {
	for i := range cells {
		cells[i].Text = ellipsis.Cut(cells[i].Text, mostShown)
	}
}

// rows takes the rows of the page, and the ways to the others.
func (p *people) rows(r *http.Request, c *shelf.Campaign, d *shown, s *roster.Roster) error {
	q := r.URL.Query()
	which := roster.Which{All: q.Get("all") != "", Kind: q.Get("kind")}
	at := func(which roster.Which, page int64) string {
		v := url.Values{}
		if which.All {
			v.Set("all", "1")
		}
		if which.Kind != "" {
			v.Set("kind", which.Kind)
		}
		if page > 1 {
			v.Set("page", strconv.FormatInt(page, 10))
		}
		to := desk.Frame(c).Path("people")
		if len(v) > 0 {
			to += "?" + v.Encode()
		}
		return to
	}
	for _, k := range s.Kinds {
		d.Kinds = append(d.Kinds, kind{k, at(roster.Which{Kind: k.ID()}, 1) + "#first", k.ID() == which.Kind})
		if k.ID() == which.Kind {
			d.Kind = &d.Kinds[len(d.Kinds)-1]
		}
	}
	if d.Kind == nil {
		which.Kind = "" // what was asked for is mended
	}
	d.All = which.All && which.Kind == ""
	d.Page, _ = strconv.ParseInt(q.Get("page"), 10, 64)
	d.Page = max(1, d.Page)
	rows, of, err := s.Page(which, d.Page)
	d.Last = max(1, (of+roster.PageRows-1)/roster.PageRows)
	if err == nil && d.Page > d.Last {
		d.Page = d.Last
		rows, of, err = s.Page(which, d.Page)
	}
	if err != nil {
		return err
	}
	d.Of = of
	for i, one := range rows {
		cut(one.Cells)
		made := row{Row: one, N: i}
		if one.Number > 0 {
			made.Message = desk.Frame(c).Path("message") + "?row=" + strconv.FormatInt(one.Number, 10)
		}
		d.Rows = append(d.Rows, made)
	}
	if d.Page > 1 {
		d.Previous = at(which, d.Page-1) + "#rows"
	}
	if d.Page < d.Last {
		d.Next = at(which, d.Page+1) + "#rows"
	}
	d.AllPath, d.BadPath = at(roster.Which{All: true}, 1)+"#rows", at(roster.Which{}, 1)+"#rows"
	return nil
}

// say are the texts of a language.
type say interface {
	Say(key string, args ...any) string
}

// delimiters are the keys of the names of what is between cells.
var delimiters = map[string]string{",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}

// found are the pieces of the sentence about the file.
func found(s *roster.Roster, w say) (all []fact) {
	in := s.Inspection
	if in.Encoding != nil {
		all = append(all, fact{in.Encoding.Value, len(in.Maybe) > 1})
	}
	switch in.Kind {
	case "csv":
		if d := in.Delimiter; d != nil && delimiters[d.Value] != "" {
			all = append(all, fact{Text: w.Say("people.delimiter." + delimiters[d.Value])})
		}
	case "jsonl", "xlsx", "query":
		all = append(all, fact{Text: w.Say("people.kind." + in.Kind)})
	}
	for _, sheet := range in.Sheets {
		if sheet.Read {
			all = append(all, fact{Text: w.Say("people.sheet", sheet.Name)})
		}
	}
	if in.Kind == "" && s.Rows == 0 {
		return all
	}
	all = append(all, fact{Text: w.Say("people.rows", max(in.Rows, s.Rows))})
	if line, err := strconv.ParseInt(roster.Line(in.Header), 10, 64); err == nil {
		all = append(all, fact{Text: w.Say("people.header", line)})
	}
	return all
}

// inspect is the command that says the same about the file.
func inspect(c *shelf.Campaign) string {
	r := c.Def.Recipients
	words := []string{"mailshot inspect", shell.Quote(shelf.Argument(filepath.Join(filepath.Dir(c.Path), filepath.FromSlash(names(c.Def)[0]))))}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name+" "+shell.Quote(value))
		}
	}
	flag("sheet", r.Sheet)
	flag("range", r.Range)
	if r.Hidden != "ask" {
		flag("hidden", r.Hidden)
	}
	if r.HeaderRow > 0 {
		flag("header-row", strconv.Itoa(r.HeaderRow))
	}
	flag("delimiter", delimiterOf(r))
	flag("encoding", r.Encoding)
	flag("locale", r.Locale)
	flag("address", r.Address)
	if r.Addresses != "strict" {
		flag("addresses", r.Addresses)
	}
	flag("query", r.Query)
	return strings.Join(words, " ")
}

// delimiterOf is the delimiter as the campaign file and the command line name it.
func delimiterOf(r definition.Recipients) string {
	switch r.Delimiter {
	case 0:
		return ""
	case '\t':
		return "tab"
	}
	return string(r.Delimiter)
}

// folder is a campaign's folder, below the window's.
func folder(c *shelf.Campaign) string { return path.Dir(c.File) }
