package recipients

import (
	"fmt"

	"mailshot/campaign/recipients/fault"
	"mailshot/campaign/recipients/hygiene"
)

// notes are what is odd in a list and does not stop it. They are counted by kind and column, so that a million odd
// cells are one note, with the place of the first.
type notes struct {
	list    []*note
	index   map[[3]string]*note
	hygiene hygiene.Checker
}

type note struct {
	fault Fault
	count int
}

// add counts an oddity. Oddities of the same code, column and apart are of one kind.
func (n *notes) add(column, apart string, f Fault) {
	key := [3]string{f.Code, column, apart}
	if found := n.index[key]; found != nil {
		found.count++
		return
	}
	if n.index == nil {
		n.index = make(map[[3]string]*note)
	}
	if len(n.list) == mostNotes {
		return
	}
	made := &note{f, 1}
	n.index[key] = made
	n.list = append(n.list, made)
}

// mostNotes is how many kinds of oddities are kept.
const mostNotes = 200

// all returns the notes, one fault for each.
func (n *notes) all() []*Fault {
	out := make([]*Fault, len(n.list))
	for i, made := range n.list {
		f := made.fault
		if made.count > 1 {
			f.Text += fmt.Sprintf(" (%s, the first here)", fault.Count(made.count, "cell"))
		}
		out[i] = &f
	}
	return out
}

// Notes returns what is odd about the rows that were read and may be mailed: each kind once, at the place of the
// first. A note is not a mistake of the list, but a person should read it before the mail goes. Valid after Rows has
// ended.
func (l *List) Notes() []*Fault { return l.notes.all() }

// look notes what is odd in a row, and calls each, which may be nil, for it; place says where a column's cell is.
func (n *notes) look(r *Row, each func(r *Row, column int, f *Fault), place func(column int) string) {
	note := func(i int, apart string, found hygiene.Finding) {
		column := r.header.Columns[i].Name
		f := Fault{Code: found.Code, Place: place(i), Text: column + ": " + found.Text, Hint: found.Hint}
		n.add(column, apart, f)
		if each != nil {
			each(r, i, &f)
		}
	}
	for i, text := range r.Fields {
		for _, f := range hygiene.Cell(text, i == r.header.Name && i != r.header.Address) {
			note(i, "", f)
		}
	}
	if i := r.header.Address; i >= 0 {
		for _, f := range n.hygiene.Address(r.Address) {
			note(i, f.Apart, f)
		}
	}
}
