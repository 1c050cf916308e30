package render

import (
	"mailshot/render/address"
	"mailshot/render/header"
	"mailshot/templates"
)

// mostKept is the size up to which a desk's buffers are used again. One giant message must not stay in memory for the
// rest of the run.
const mostKept = 1 << 20

// desk is what one message is made on. It is that message's alone from Render until Release, and nobody else's.
type desk struct {
	hasher
	header.Folder // what is laid out: the Date field first, then all octets but those of attachments

	one        templates.Output // of a header, a path or a file's name
	text, html templates.Output // of the parts; html is empty if there is none
	pieces     []string         // of one field
	stem       []byte           // of the boundaries
	fields     []field          // after Date
	files      []*laid          // in the order of Config.Attachments
	remarks    []Remark         // on what is not among the files
	base64     []byte           // a text in canonical form, while it is encoded

	date     int // octets of the Date field
	segments []segment
	buffers  [][]byte
	clean    bool   // see Message.Buffers
	signed   []byte // what a Signer put in front
}

// field is a header field as Message.Header shows it.
type field struct {
	name, value string
	box         address.Mailbox // is the value, if it has an address
}

func (f field) shown() string {
	if f.box.Address.IsZero() {
		return f.value
	}
	return boxText(f.box)
}

// free returns a desk with nothing on it.
func (r *Renderer) free() *desk {
	if d, ok := r.desks.Get().(*desk); ok {
		return d
	}
	return &desk{}
}

// size is the number of bytes of the buffers that grow with what a message holds.
func (d *desk) size() int {
	n := cap(d.B) + cap(d.one.Text) + cap(d.text.Text) + cap(d.html.Text) + cap(d.base64) + cap(d.name) + cap(d.signed)
	return n + 16*cap(d.pieces)
}

// clear takes a desk back from a message that is over.
func (r *Renderer) clear(d *desk) {
	if d.size() > mostKept {
		return
	}
	clear(d.pieces[:cap(d.pieces)]) // the field before the last one may have had more of them
	clear(d.fields)
	clear(d.files)
	clear(d.remarks)
	clear(d.segments)
	clear(d.buffers)
	if r.cleared != nil {
		r.cleared(d)
	}
	d.B, d.fields, d.files, d.segments, d.buffers = d.B[:0], d.fields[:0], d.files[:0], d.segments[:0], d.buffers[:0]
	d.pieces, d.stem, d.signed, d.remarks = d.pieces[:0], d.stem[:0], d.signed[:0], d.remarks[:0]
	for _, o := range []*templates.Output{&d.one, &d.text, &d.html} {
		o.Text, o.Runs = o.Text[:0], o.Runs[:0]
	}
	r.desks.Put(d)
}
