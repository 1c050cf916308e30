package groups

import (
	"fmt"
	"strings"

	"mailshot/campaign/recipients"
	"mailshot/campaign/recipients/fault"
)

// together makes the first of rows the row of their message. A fault of any of them is a fault of the message: no
// message goes with a row missing.
func together(h *recipients.Header, rows []*recipients.Row) {
	first := rows[0]
	first.Group = rows
	if first.Key == "" {
		column := h.Columns[h.Key].Name
		first.Faults = append(first.Faults, &recipients.Fault{Code: "empty-group", Place: first.Place,
			Text: "the row belongs to no group: its " + column + " is empty",
			Hint: "give it the " + column + " of its message; where leaves rows out"})
		return
	}
	for _, r := range rows[1:] {
		first.Faults = append(first.Faults, r.Faults...)
	}
	for _, r := range rows[1:] {
		if r.Address.Key() != first.Address.Key() {
			first.Faults = append(first.Faults, differing(h, rows, h.Address, "the address of the message"))
			break
		}
	}
}

// Outside is what a column is used for that a template takes from the message's own row.
const Outside = "used outside .rows"

// Password is what a column is used for whose texts nobody is to read.
const Password = "the password of a file"

// Differing is the fault of a column that is used outside .rows and in which the rows of a group do not have one text;
// nil if they do. used says what it is used for.
func Differing(h *recipients.Header, rows []*recipients.Row, column int, used string) error {
	for _, r := range rows {
		if text(r, column) != text(rows[0], column) {
			return differing(h, rows, column, used)
		}
	}
	return nil
}

func text(r *recipients.Row, column int) string { return strings.TrimSpace(r.Fields[column]) }

// How much of a group that disagrees is said.
const (
	mostTexts  = 5
	mostPlaces = 5
)

// differing is the fault of a group's column, with its texts and their places.
func differing(h *recipients.Header, rows []*recipients.Row, column int, used string) *recipients.Fault {
	var texts []string
	places := map[string][]string{}
	for _, r := range rows {
		t := text(r, column)
		if places[t] == nil {
			texts = append(texts, t)
		}
		places[t] = append(places[t], r.Place)
	}
	var said []string
	for i, t := range texts {
		if i == mostTexts {
			said = append(said, fmt.Sprintf("and %d more", len(texts)-i))
			break
		}
		at := places[t]
		more := ""
		if n := len(at) - mostPlaces; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		quoted := fault.Quote(t)
		if used == Password {
			quoted = [...]string{"one", "another"}[min(i, 1)]
		}
		said = append(said, quoted+" in "+strings.Join(at[:min(len(at), mostPlaces)], ", ")+more)
	}
	name, hint := h.Columns[column].Name, "a message has one of it: make the rows alike"
	if used == Outside {
		hint += ", or write it within {{range .rows}}"
	}
	return &recipients.Fault{Code: "group-differs", Place: rows[0].Place,
		Text: fmt.Sprintf("%s is %s, and differs within the group %s: %s", name, used, fault.Quote(rows[0].Key),
			strings.Join(said, "; ")),
		Hint: hint}
}
