package people

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mailshot/campaign/definition"
	"mailshot/campaign/recipients"
	"mailshot/cmd/mailshot/web/amend"
	"mailshot/cmd/mailshot/web/frame"
	"mailshot/cmd/mailshot/web/roster"
)

// column is a column of the list as the page shows it.
type column struct {
	N       int
	Name    string
	Fixed   bool   // the campaign file gives it to all rows: there is nothing to choose
	Value   string // what is chosen: uses and a type, with a plus between them; "guess" is a use that nobody has said
	Shown   string // Value, or what was chosen in a form that was refused
	Guess   string // the use that is guessed
	Both    string // Value in words, if it is none of the choices
	Looks   string // what its cells look like, if that is not what it is read as
	Locale  string
	Filled  int64 // per cent of the cells; -1 = nothing is to be said
	Samples []string
	Why     string
}

// uses are what a column may be to the person, in their order, and kinds the types of its cells.
var (
	uses  = []string{"address", "name", "key", "language"}
	types = []string{"text", "number", "date", "bool"}
)

// Uses are the uses that a column may have.
func (s shown) Uses() []string { return uses }

// Types are the types that a column may have.
func (s shown) Types() []string { return types }

// columnsOf are the columns of a list: as the campaign binds them, or as they were found if it cannot.
func columnsOf(d *definition.Definition, s *roster.Roster, w say) (all []column) {
	said := saidOf(d)
	h := s.Header
	if h == nil {
		h = &recipients.Header{Address: -1, Name: -1, Key: -1}
		for i, c := range s.Inspection.Columns {
			h.Columns = append(h.Columns, recipients.Column{Name: c.Name, Type: recipients.Text})
			switch c.Use {
			case "address":
				h.Address = i
			case "name":
				h.Name = i
			}
		}
		for name, t := range d.Recipients.Columns {
			if i := h.Index(name); i >= 0 {
				h.Columns[i].Type = recipients.Type(t)
			}
		}
	}
	for i, c := range h.Columns {
		one := column{N: i, Name: c.Name, Filled: -1}
		one.Fixed = slices.ContainsFunc(d.Set, func(set definition.Setting) bool { return set.Name == c.Name })
		var value []string
		if said["address"] == "" && h.Address == i {
			one.Guess, value = "address", []string{"guess"}
		} else if said["name"] == "" && h.Name == i {
			one.Guess, value = "name", []string{"guess"}
		}
		for _, use := range uses {
			if said[use] != "" && h.Index(said[use]) == i {
				value = append(value, use)
			}
		}
		if c.Type != recipients.Text && c.Type != "" {
			value = append(value, string(c.Type))
		}
		if len(value) == 0 {
			value = []string{"text"}
		}
		one.Value = strings.Join(value, "+")
		one.Shown = one.Value
		if len(value) > 1 {
			var words []string
			for _, v := range value {
				if v == "guess" {
					words = append(words, w.Say("people.guessed", w.Say("people.use."+one.Guess)))
				} else {
					words = append(words, w.Say("people.use."+v))
				}
			}
			one.Both = strings.Join(words, " + ")
		}
		if columns := s.Inspection.Columns; i < len(columns) && columns[i].Name == c.Name {
			one.take(columns[i], s.Inspection.Rows, string(c.Type))
		}
		all = append(all, one)
	}
	return all
}

// refused puts what was chosen in a form that was refused into the columns that it was about.
func refused(all []column, form url.Values) {
	for i := range all {
		n := strconv.Itoa(all[i].N)
		if chosen := form.Get("use-" + n); chosen != "" && form.Get("name-"+n) == all[i].Name {
			all[i].Shown = chosen
		}
	}
}

// mostlyFilled is the percentage of filled cells from which on nothing is said about it.
const mostlyFilled = 95

// take takes what inspect says of a column.
func (c *column) take(in recipients.Inspected, rows int64, read string) {
	c.Samples, c.Why = in.Samples, in.Why
	if in.Type != "" && in.Type != "text" && in.Type != "address" && in.Type != read && c.Value == "text" {
		c.Looks, c.Locale = in.Type, in.Locale
	}
	if rows > 0 && in.Filled*100 < rows*mostlyFilled {
		c.Filled = in.Filled * 100 / rows
	}
}

// saidOf are the uses that the campaign file gives to columns.
func saidOf(d *definition.Definition) map[string]string {
	r := d.Recipients
	return map[string]string{"address": r.Address, "name": r.Name, "key": r.Key, "language": r.Language}
}

// columns writes what was chosen for the columns into the campaign file.
func (p *people) columns(w http.ResponseWriter, r *http.Request) {
	c := p.Campaign(w, r)
	if c == nil {
		return
	}
	say := frame.Words(r)
	wrong := func(key string, args ...any) {
		p.page(w, r, c, shown{Wrong: say.Say(key, args...), WrongIn: "columns"})
	}
	if c.Def == nil {
		wrong("people.mend-first")
		return
	}
	h, err := p.take(r.Context(), c.File)
	if err != nil {
		return // whoever asked is gone
	}
	var now []column
	if _, err = p.read(r.Context(), h, c.Def); err == nil {
		now = columnsOf(c.Def, h.roster, say)
	}
	h.give()
	if err != nil {
		p.Failed(w, r, err)
		return
	}
	var chosen []choice
	for _, column := range now {
		n := strconv.Itoa(column.N)
		value := r.PostFormValue("use-" + n)
		if r.PostFormValue("name-"+n) != column.Name || value == "" {
			if column.Fixed {
				continue
			}
			wrong("people.other-columns")
			return
		}
		chosen = append(chosen, choice{column, value})
	}
	changes, key, arg := changesOf(c.Def, chosen)
	if key != "" {
		wrong(key, arg...)
		return
	}
	p.write(w, r, c, "columns", append(changes, gone(c.Def, now)...))
}

// gone takes out the types of columns that the list does not have: another list has come in place of the one that had
// them, and with these types it cannot be read.
func gone(d *definition.Definition, now []column) (changes []amend.Change) {
	h := recipients.Header{}
	for _, c := range now {
		h.Columns = append(h.Columns, recipients.Column{Name: c.Name})
	}
	for _, name := range slices.Sorted(maps.Keys(d.Recipients.Columns)) {
		if len(now) > 0 && h.Index(name) < 0 {
			changes = append(changes, amend.Change{Path: []string{"recipients", "columns", name}, Remove: true})
		}
	}
	return changes
}

// choice is what a person chose for a column.
type choice struct {
	column
	Chosen string
}

// changesOf are the changes of the campaign file that choices ask for. key is the text of why they cannot be had.
func changesOf(d *definition.Definition, chosen []choice) (changes []amend.Change, key string, args []any) {
	has, types := map[string]string{}, map[string]string{}
	guess, guessed := map[string]string{}, map[string]bool{} // what was guessed, and what still is
	for _, c := range chosen {
		uses, kind := c.parts()
		for _, use := range uses {
			if has[use] != "" {
				return nil, "people.twice." + use, []any{has[use], c.Name}
			}
			has[use] = c.Name
		}
		if c.Guess != "" {
			guess[c.Guess], guessed[c.Guess] = c.Name, slices.Contains(strings.Split(c.Chosen, "+"), "guess")
		}
		if c.Chosen != c.Value && kind != "" {
			types[c.Name] = kind
		}
	}
	said := saidOf(d)
	for i, use := range uses {
		is := has[use]
		var was string
		for _, c := range chosen {
			if now, _ := (choice{c.column, c.Value}).parts(); slices.Contains(now, use) {
				was = c.Name
			}
		}
		change := amend.Change{Path: []string{"recipients", use}, Value: is, After: slices.Concat(order, uses[:i])}
		switch {
		case is == "" && !guessed[use] && use == "address" && (guess[use] != "" || said[use] != ""):
			return nil, "people.no-address", nil
		case is == "" && !guessed[use] && guess[use] != "":
			return nil, "people.guess-stays", []any{guess[use]}
		case is == was && (is != "" || said[use] == ""):
			continue
		case is == "":
			change.Remove = true
		}
		changes = append(changes, change)
	}
	for _, c := range chosen {
		if kind := types[c.Name]; kind != "" {
			changes = append(changes, amend.Change{Path: []string{"recipients", "columns", c.key(d)}, Value: kind,
				After: slices.Concat(order, uses, []string{"addresses"})})
		}
	}
	return changes, "", nil
}

// order are the keys of recipients before those of the columns.
var order = []string{"file", "file_column", "query", "postgres", "sheet", "range", "hidden", "header_row", "delimiter", "encoding"}

// parts are the uses of a choice, and the type to write: "" = none is to be written.
func (c choice) parts() (use []string, kind string) {
	for part := range strings.SplitSeq(c.Chosen, "+") {
		if slices.Contains(uses, part) {
			use = append(use, part)
		} else if slices.Contains(types, part) {
			kind = part
		}
	}
	if kind == "" && c.typed() {
		kind = "text"
	}
	if kind == "text" && !c.typed() {
		kind = ""
	}
	return use, kind
}

// typed reports whether the column has another type than text now.
func (c choice) typed() bool {
	return slices.ContainsFunc(strings.Split(c.Value, "+"), func(s string) bool { return s != "text" && slices.Contains(types, s) })
}

// key is the column's name as the campaign file writes it.
func (c choice) key(d *definition.Definition) string {
	h := recipients.Header{Columns: []recipients.Column{{Name: c.Name}}}
	for name := range d.Recipients.Columns {
		if h.Index(name) == 0 {
			return name
		}
	}
	return c.Name
}
