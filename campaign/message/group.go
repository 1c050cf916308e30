package message

import (
	"errors"
	"slices"

	"mailshot/campaign/groups"
	"mailshot/campaign/recipients"
	"mailshot/templates"
)

// agreed is a column in which the rows of a group must agree, and what for.
type agreed struct {
	column int
	used   string
}

// agreeing are the columns that a message takes from its own row, and not from one of .rows.
func agreeing(c Config, compiler *templates.Compiler) (all []agreed) {
	h, d := c.Header, c.Definition
	add := func(i int, used string) {
		if i >= 0 && i != h.Key && i != h.Address && !slices.ContainsFunc(all, func(a agreed) bool { return a.column == i }) {
			all = append(all, agreed{i, used})
		}
	}
	add(h.Name, "the name that the message is addressed to")
	if name := d.Recipients.Language; name != "" {
		add(h.Index(name), "the language of the message")
	}
	if column := d.Schedule.ZoneColumn; column.Given() {
		add(h.Index(column.Text), "the time zone of the message")
	}
	if column := d.Sealing.Column(); column != "" {
		add(h.Index(column), "the key that the message is encrypted to")
	}
	for _, a := range d.Attachments {
		if a.Password.Given() {
			add(h.Index(a.Password.Text), groups.Password)
		}
	}
	used, anyColumn := compiler.Used()
	for i, c := range h.Columns {
		if anyColumn || slices.Contains(used, c.Name) {
			add(i, groups.Outside)
		}
	}
	return all
}

// disagree is the fault of a group whose rows do not agree in what the message has but once.
func (m *Maker) disagree(row *recipients.Row) error {
	if len(row.Group) < 2 {
		return nil
	}
	var errs []error
	for _, a := range m.agree {
		errs = append(errs, groups.Differing(m.c.Header, row.Group, a.column, a.used))
	}
	return errors.Join(errs...)
}

// membersOf are what templates see of the rows of a group.
func membersOf(row *recipients.Row) []templates.Member {
	if row.Group == nil {
		return nil
	}
	members := make([]templates.Member, len(row.Group))
	for i, r := range row.Group {
		members[i] = templates.Member{Place: r.Place, Cells: appendCells(nil, r)}
	}
	return members
}
