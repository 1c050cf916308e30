package rehearse

import (
	"bytes"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"mailshot/campaign/report"
	"mailshot/cmd/mailshot/opened"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/shelf"
)

// sinks is the folder with the rehearsals of a campaign to the built-in server.
func sinks(c *shelf.Campaign) string { return filepath.Join(c.Def.Home(), "sink") }

// rehearsals are those to the built-in server that have messages, the newest first.
func (h rehearse) rehearsals(r *http.Request, c *shelf.Campaign) (kept []past, more bool) {
	for _, one := range h.Rehearsals(r.Context(), c) {
		if len(kept) == mostPast {
			return kept, true
		}
		p := past{N: one.N, Begun: one.Begun, Count: len(messages(c, one.N))}
		if p.Count > 0 {
			kept = append(kept, p)
		}
	}
	return kept, false
}

// messages are the names of the messages that a rehearsal's server took. A rehearsal of very many has them in one file,
// which no page shows.
func messages(c *shelf.Campaign, n int) []string {
	entries, _ := os.ReadDir(filepath.Join(sinks(c), strconv.Itoa(n), "messages"))
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && filepath.Ext(e.Name()) == ".eml" {
			names = append(names, e.Name())
		}
	}
	return names
}

// mail is one of the messages.
type mail struct {
	Path        string
	Name        string
	To, Subject string
}

// shown is the page of the messages that a rehearsal's server took.
type shown struct {
	N        int
	Count    int
	From, To int // which of them are listed, from 1
	Mails    []mail
	Previous string
	Next     string
	Folder   string
	All      string // the page of the list

	// The one that is open; Message is nil without one.
	*opened.Message
	Current  string
	View     string
	Views    []mail // Name and Path
	Subject  string
	To1      string
	Address  string // of the HTML in its frame; "" = it has none
	Source   string
	Earlier  string // its neighbours
	Later    string
	Decoded  [][2]string
	FilePath string
}

// most is how many messages a page lists.
const most = 50

// views are the ways to see a message.
func views() []string {
	return []string{"desktop", "phone", "dark", "forced-dark", "text", "source", "headers", "files"}
}

// at is the page of a message, seen in one way.
func at(c *shelf.Campaign, n, page int, name, view string) string {
	q := url.Values{}
	for key, value := range map[string]string{"message": name, "view": view} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	path := desk.Frame(c).Path("rehearse/" + strconv.Itoa(n))
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// taken shows what the built-in server took in a rehearsal.
func (h rehearse) taken(w http.ResponseWriter, r *http.Request) {
	c := h.Campaign(w, r)
	if c == nil {
		return
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || c.Def == nil ||
		!slices.ContainsFunc(h.Rehearsals(r.Context(), c), func(one desk.Rehearsal) bool { return one.N == n }) {
		h.Missing(w, r)
		return
	}
	names := messages(c, n)
	if len(names) == 0 {
		h.Missing(w, r)
		return
	}
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page")) // the first if it is not a number
	page = min(max(page, 1), (len(names)+most-1)/most)
	d := shown{N: n, Count: len(names), From: (page-1)*most + 1, To: min(page*most, len(names)), View: q.Get("view"),
		Folder: filepath.Join(sinks(c), strconv.Itoa(n), "messages"), All: at(c, n, page, "", "")}
	if !slices.Contains(views(), d.View) {
		d.View = views()[0]
	}
	if name := q.Get("message"); slices.Contains(names, name) {
		err = h.open(c, n, names, name, &d)
	} else {
		err = d.list(c, page, names)
	}
	if errors.Is(err, fs.ErrNotExist) {
		h.Missing(w, r)
		return
	}
	if err != nil {
		h.Failed(w, r, err)
		return
	}
	pages.Show(w, r, frame.Page{Name: "taken", Title: frame.Words(r).Say("rehearse.taken"), Campaign: desk.Frame(c), Data: d})
}

// list lists the messages of a page.
func (d *shown) list(c *shelf.Campaign, page int, names []string) error {
	if page > 1 {
		d.Previous = at(c, d.N, page-1, "", "")
	}
	if d.To < d.Count {
		d.Next = at(c, d.N, page+1, "", "")
	}
	for _, name := range names[d.From-1 : d.To] {
		_, m, err := read(c, d.N, name)
		if err != nil {
			return err
		}
		d.Mails = append(d.Mails, mail{at(c, d.N, 0, name, ""), name, field(m, "To"), field(m, "Subject")})
	}
	return nil
}

// open takes one message apart.
func (h rehearse) open(c *shelf.Campaign, n int, names []string, name string, d *shown) error {
	raw, m, err := read(c, n, name)
	if err != nil {
		return err
	}
	d.Message, d.Current, d.Subject, d.To1 = m, name, field(m, "Subject"), field(m, "To")
	d.Source = report.CleanLines(string(raw))
	for _, v := range views() {
		d.Views = append(d.Views, mail{Path: at(c, n, 0, name, v), Name: v})
	}
	kept := h.Mail.Keep(m)
	d.FilePath = kept + "files/"
	if m.HTML != "" {
		if d.Address = kept; d.View == "forced-dark" {
			d.Address += "?forced"
		}
	}
	for _, f := range m.Header {
		d.Decoded = append(d.Decoded, [2]string{f[0], decoded(f[1])})
	}
	i := slices.Index(names, name)
	if i > 0 {
		d.Earlier = at(c, n, 0, names[i-1], d.View)
	}
	if i+1 < len(names) {
		d.Later = at(c, n, 0, names[i+1], d.View)
	}
	return nil
}

// read reads a message. A name is one of those in the folder.
func read(c *shelf.Campaign, n int, name string) ([]byte, *opened.Message, error) {
	raw, err := os.ReadFile(filepath.Join(sinks(c), strconv.Itoa(n), "messages", name))
	if err != nil {
		return nil, nil, err
	}
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	m, err := opened.Read(raw)
	return raw, m, err
}

// field is a field of a message's header, with its words decoded.
func field(m *opened.Message, name string) string {
	for _, f := range m.Header {
		if f[0] == name {
			return decoded(f[1])
		}
	}
	return ""
}

func decoded(text string) string {
	words := mime.WordDecoder{}
	if d, err := words.DecodeHeader(text); err == nil {
		return d
	}
	return text
}
