package people

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/campaign/recipients/folding"
	"mailshot/cmd/mailshot/web/amend"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/roster"
	"mailshot/cmd/mailshot/web/shelf"
	"mailshot/cmd/mailshot/web/textfile"
)

// reading is how a file is read, as the campaign file says; "" = as the file shows.
type reading struct {
	Kind                                 string // csv, jsonl, xlsx, query; "" = it could not be opened
	Encoding, Delimiter, HeaderRow       string
	Sheet, Hidden, Locale                string
	Encodings, Sheets, Delimiters, Hides []string // to choose from
}

// encodings are the usual ones; the file's own come before them.
var encodings = []string{"utf-8", "windows-1252", "windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255",
	"windows-1256", "iso-8859-2", "iso-8859-15", "koi8-r", "shift_jis", "euc-jp", "gb18030", "big5", "euc-kr", "utf-16le"}

// readingOf is how a list is read.
func readingOf(d *definition.Definition, s *roster.Roster) reading {
	r, in := d.Recipients, s.Inspection
	one := reading{Kind: in.Kind, Encoding: r.Encoding, Delimiter: delimiterOf(r), Sheet: r.Sheet, Hidden: r.Hidden,
		Locale: r.Locale, Delimiters: []string{",", ";", "tab", "|"}, Hides: []string{"ask", "include", "skip"}}
	if r.HeaderRow > 0 {
		one.HeaderRow = strconv.Itoa(r.HeaderRow)
	}
	add := func(all *[]string, more ...string) {
		for _, s := range more {
			if s != "" && !slices.Contains(*all, s) {
				*all = append(*all, s)
			}
		}
	}
	add(&one.Encodings, in.Maybe...)
	add(&one.Encodings, r.Encoding)
	add(&one.Encodings, encodings...)
	add(&one.Delimiters, one.Delimiter)
	for _, sheet := range in.Sheets {
		add(&one.Sheets, sheet.Name)
	}
	add(&one.Sheets, r.Sheet)
	return one
}

// typed puts what was typed into a form that was refused in place of what the file says.
func (a *reading) typed(form url.Values) {
	for key, field := range map[string]*string{"sheet": &a.Sheet, "hidden": &a.Hidden, "header_row": &a.HeaderRow,
		"delimiter": &a.Delimiter, "encoding": &a.Encoding, "locale": &a.Locale} {
		if form.Has(key) {
			*field = form.Get(key)
		}
	}
}

// reading writes into the campaign file how the list is to be read.
func (p *people) reading(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	if c.Def == nil {
		p.page(w, r, c, shown{Wrong: frame.Words(r).Say("people.mend-first"), WrongIn: "reading"})
		return
	}
	now := readingOf(c.Def, &roster.Roster{Inspection: &recipients.Inspection{}})
	was := map[string]string{"sheet": now.Sheet, "hidden": now.Hidden, "header_row": now.HeaderRow,
		"delimiter": now.Delimiter, "encoding": now.Encoding, "locale": now.Locale}
	if was["hidden"] == "" {
		was["hidden"] = "ask"
	}
	var changes []amend.Change
	for _, key := range []string{"sheet", "hidden", "header_row", "delimiter", "encoding", "locale"} {
		if r.ParseForm() != nil || !r.PostForm.Has(key) {
			continue
		}
		is := strings.TrimSpace(r.PostForm.Get(key))
		if key == "header_row" {
			is = strings.Map(folding.Digit, is)
		}
		if is == was[key] {
			continue
		}
		changes = append(changes, amend.Change{Path: []string{"recipients", key}, Value: is, Remove: is == "",
			After: order[:max(1, slices.Index(order, key))]})
	}
	p.write(w, r, c, "reading", changes)
}

// write makes changes in the campaign file, and goes to the page as it is then. What cannot be done is shown as lines
// for the person to write, on the form that asked for it.
func (p *people) write(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, form string, changes []amend.Change) {
	if len(changes) == 0 {
		http.Redirect(w, r, desk.Frame(c).Path("people"), http.StatusSeeOther)
		return
	}
	edit, err := amend.Prepare(p.Shelf.Root, c.File, filepath.Dir(c.Path), r.PostFormValue("version"), changes...)
	if err == nil {
		err = edit.Write()
	}
	say := frame.Words(r)
	d := shown{WrongIn: form, Lines: amend.Lines(changes...)}
	var newer *textfile.NewerError
	var link *textfile.LinkError
	var refused *amend.RefusedError
	switch {
	case err == nil:
		http.Redirect(w, r, desk.Frame(c).Path("people"), http.StatusSeeOther)
		return
	case errors.Is(err, amend.ErrUnsafe):
		d.Wrong = say.Say("people.by-hand")
	case errors.As(err, &newer):
		d.Wrong = say.Say("people.changed", c.File)
	case errors.As(err, &refused):
		d.Wrong, d.Refused = say.Say("people.refused"), refused.Found
	case errors.As(err, &link), errors.Is(err, fs.ErrPermission):
		d.Wrong = err.Error()
	default:
		p.Failed(w, r, err)
		return
	}
	p.page(w, r, c, d)
}
