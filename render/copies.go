package render

import (
	"errors"
	"slices"
	"strings"

	"mailshot/render/address"
	"mailshot/render/header"
	"mailshot/templates"
)

// MaxRecipients is the most people who get one message, its recipient and those of the copies: what every server has to
// take in one transaction (RFC 5321 section 4.5.3.1.8).
const MaxRecipients = 100

// Mailboxes is an item of Reply-To, Cc or Bcc. If Value comes out empty, it is nobody.
type Mailboxes struct {
	Value *templates.Text // one mailbox; with Several also more, with commas or semicolons between them
	// Several is for a value that is meant to be a list. Anything else must not become one by what is in a cell.
	Several bool
	Place   string // where the campaign names it, for errors; may be empty
}

// Copy is somebody who gets a copy of a message: an envelope address without angle brackets, and its key.
type Copy struct {
	Address, Key string
	Blind        bool // in no header field
}

// Copies returns who gets a copy of the message, those of Cc first. Nobody is in it twice, and not the recipient. It
// must not be changed.
func (m *Message) Copies() []Copy { return m.copies }

// boxes makes the mailboxes of the items of one header.
func (j *job) boxes(name string, items []Mailboxes) (all []address.Mailbox) {
	for _, item := range items {
		value := j.value("header "+name, item.Place, item.Value)
		if value == "" {
			continue
		}
		found, err := address.ParseMailboxes(value)
		if err == nil && len(found) > 1 && !item.Several {
			j.fault("bad-address", item.Place, "only an item that is {{.column}} alone may be several; write the others as items "+
				"of their own", "header %s: %s is more than one address", name, show(value))
			continue
		}
		if err != nil {
			j.badAddress(name, item.Place, j.named(value, err))
			continue
		}
		for _, m := range found {
			m.Name = j.check("header "+name, item.Place, m.Name)
			j.sevenBit("header "+name, item.Place, m.Address)
			all = append(all, m)
		}
	}
	return all
}

// named says in the hint of an address that is not one in which columns it stands.
func (j *job) named(value string, err error) error {
	e := (*address.Error)(nil)
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	for column, cell := range j.cells(j.to.Data) {
		if cell = strings.TrimSpace(cell); cell != "" && strings.Contains(value, cell) && strings.Contains(cell, strings.TrimSpace(e.Text)) {
			told.Reason += ", in column " + show(column)
			break
		}
	}
	return &told
}

// list lays out a field with several mailboxes.
func (j *job) list(name string, all []address.Mailbox) {
	if len(all) == 0 {
		return
	}
	var pieces, shown []string
	for i, m := range all {
		pieces = header.Mailbox(pieces, name, m.Name, "<"+m.Address.String()+">")
		if i < len(all)-1 {
			pieces[len(pieces)-1] += ","
		}
		shown = append(shown, boxText(m))
	}
	j.put(name, strings.Join(shown, ", "), pieces)
}

// replyTo makes and lays out Reply-To.
func (j *job) replyTo() {
	const name = "Reply-To"
	j.list(name, j.boxes(name, j.c.ReplyTo))
}

// copied makes Cc, which it lays out, and the envelope of all copies.
func (j *job) copied() {
	if len(j.c.Cc)+len(j.c.Bcc) == 0 {
		return
	}
	seen := map[string]bool{j.to.Address.Key(): true}
	for _, blind := range []bool{false, true} {
		name, items := "Cc", j.c.Cc
		if blind {
			name, items = "Bcc", j.c.Bcc
		}
		found := j.boxes(name, items)
		if !blind {
			j.list(name, found)
		}
		for _, m := range found {
			if key := m.Address.Key(); !seen[key] {
				seen[key] = true
				j.m.copies = append(j.m.copies, Copy{Address: m.Address.String(), Key: key, Blind: blind})
			}
		}
	}
	if n := len(j.m.copies) + 1; n > MaxRecipients {
		j.fault("too-many-recipients", "", "send it in several messages", "the message has %d recipients with its copies; the limit is %d",
			n, MaxRecipients)
	}
	if j.c.Alone {
		j.m.copies = nil
	}
}

// sumCopies adds who gets a copy to a digest. A message without copies has no frame of it.
func (s *summer) sumCopies(copies []Copy) {
	for _, c := range copies {
		kind := byte('c')
		if c.Blind {
			kind = 'h'
		}
		s.frame(kind, c.Address)
	}
}

// fixed says whether the items are the same in every message.
func fixedItems(items []Mailboxes) bool {
	return len(items) > 0 && !slices.ContainsFunc(items, func(m Mailboxes) bool { return m.Value == nil || !m.Value.Fixed() })
}
