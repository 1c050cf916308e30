package definition

import (
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v4"

	"mailshot/campaign/definition/beside"
	"mailshot/campaign/definition/schema"
)

// Setting is a value that holds for all rows, as a column with the same text in each of them.
type Setting = beside.Setting

// Flags are what a command line gives beside the campaign file. The zero value is nothing.
type Flags struct {
	Set        []string  // name=value: settings in place of the file's with these names
	Recipients []string  // mailboxes with commas between them, in place of the file's list; nil = the list
	Stdin      io.Reader // the body where the file says so; nil = the body is not needed
	NoList     bool      // the file need not name a list: the command does not read it
}

// settings reads the values that hold for all rows.
func (d *Definition) settings(dec *schema.Decoder, name, value *yaml.Node) {
	t, ok := dec.Entry(name)
	if !ok {
		return
	}
	if text, hint := beside.BadName(t.Text); text != "" {
		dec.Report(name, "bad-value", text, hint)
		return
	}
	dec.Within(t.Text, func() {
		if v, ok := dec.Scalar(value); ok {
			d.Set = append(d.Set, Setting{Name: t.Text, Value: v.Text, Place: d.Place(t)})
		}
	})
}

// listKey is the key of the list. People who were typed are in its place, and it is not read then.
func (d *Definition) listKey(f Flags) schema.Key {
	k := schema.Key{Name: "recipients", Required: true, Keys: d.recipientKeys(), Doc: "The list.",
		Unless: func() bool { return f.NoList || f.Recipients != nil }}
	if f.Recipients != nil {
		k.Keys, k.Read = nil, func(*schema.Decoder, *yaml.Node) { d.unread = true }
	}
	return k
}

// take takes what stands for parts of the file.
func (d *Definition) take(f Flags) error {
	var wrong, bad error
	d.Set, wrong = beside.Settings(f.Set, d.Set)
	d.People, bad = beside.People(f.Recipients)
	return errors.Join(wrong, bad)
}

// Outside says what each message gets when it leaves, and no digest of a plan covers; "" if that is nothing but the
// Date.
func (d *Definition) Outside() string {
	if sealed := d.Sealing.Outside(); sealed != "" {
		if len(d.Signatures) > 0 {
			sealed += "; then it is signed with DKIM"
		}
		return sealed
	}
	if len(d.Signatures) == 0 {
		return ""
	}
	return "signed with DKIM when it leaves: the signature and the Date are outside what is planned"
}

// Notes say for a person what the command line has to do with the plan, and which values hold for all rows.
func (d *Definition) Notes() (notes []string) {
	if d.unread {
		notes = append(notes, "the list of "+d.Name+" is not read: the recipients are those of --recipients")
	}
	if d.Block > 1 {
		notes = append(notes, fmt.Sprintf(
			"ledger.block: %d: a power cut may leave %d unknown for each connection, a kill one", d.Block, d.Block+1))
	}
	notes = append(notes, d.Sealing.Notes()...)
	for _, s := range d.Set {
		notes = append(notes, s.String())
	}
	return notes
}
