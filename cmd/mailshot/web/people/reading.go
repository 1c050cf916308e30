package people

import (
	"bytes"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/check"
	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/cmd/mailshot/web/amend"
	"mailshot/cmd/mailshot/web/desk"
	"mailshot/cmd/mailshot/web/files"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/roster"
	"mailshot/cmd/mailshot/web/shelf"
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
		if is == was[key] {
			continue
		}
		changes = append(changes, amend.Change{Path: []string{"recipients", key}, Value: is, Remove: is == "",
			After: order[:max(1, slices.Index(order, key))]})
	}
	p.write(w, r, c, "reading", changes)
}

// write makes changes in the campaign file, and goes to the page as it is then. What cannot be done is shown as lines for
// the person to write, on the form that asked for it.
func (p *people) write(w http.ResponseWriter, r *http.Request, c *shelf.Campaign, form string, changes []amend.Change) {
	text, err := p.Shelf.Root.ReadFile(c.File)
	if err != nil {
		p.Failed(w, r, err)
		return
	}
	say := frame.Words(r)
	d := shown{WrongIn: form, Lines: amend.Lines(changes...)}
	to := desk.Frame(c).Path("people")
	if len(changes) == 0 {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	was := files.SumOf(text)
	if asked := r.PostFormValue("version"); asked != "" && asked != was {
		d.Wrong = say.Say("people.changed", c.File)
		p.page(w, r, c, d)
		return
	}
	made, err := amend.Apply(text, changes...)
	if err == nil {
		dir := filepath.Dir(c.Path)
		if now := mistakes(c.File, made, dir); len(now) > len(mistakes(c.File, text, dir)) {
			d.Wrong, d.Refused = say.Say("people.refused"), now
			p.page(w, r, c, d)
			return
		}
		err = files.Replace(p.Shelf.Root, c.File, was, bytes.NewReader(made))
	}
	switch {
	case errors.Is(err, amend.ErrUnsafe):
		d.Wrong = say.Say("people.by-hand")
	case errors.Is(err, files.ErrChanged):
		d.Wrong = say.Say("people.changed", c.File)
	case err != nil:
		p.Failed(w, r, err)
		return
	default:
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	p.page(w, r, c, d)
}

// mistakes are those of a campaign file.
func mistakes(name string, text []byte, dir string) []check.Finding {
	_, err := definition.Parse(filepath.Base(name), text, dir)
	return check.From(err)
}
