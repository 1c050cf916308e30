package render

import (
	"mailshot/render/address"
	"mailshot/templates"
)

// fixed is a header field that is the same in every message, because its template has no action. It is laid out once.
type fixed struct {
	laid    bool
	b       []byte // the field; empty if the value is
	fields  []field
	subject string          // of Subject
	box     address.Mailbox // of From
	sender  string          // of From: the envelope sender, if it is always the same and faultless; else ""
}

// fixedFields are the fixed ones of a campaign's fields; nil for those that are made for each message.
type fixedFields struct {
	from, replyTo, subject *fixed
	headers                []*fixed // by Config.Headers
}

// fix lays out what is fixed.
func (r *Renderer) fix() fixedFields {
	f := fixedFields{
		replyTo: r.fixList(r.c.ReplyTo), subject: r.fixField(r.c.Subject, (*job).subject),
		headers: make([]*fixed, len(r.c.Headers)),
	}
	var box address.Mailbox
	f.from = r.fixField(r.c.From, func(j *job) {
		box = j.from()
		j.mailbox("From", "", box)
	})
	if f.from != nil {
		f.from.box = box
		sender := r.c.Bounces
		if sender.IsZero() {
			sender = box.Address
		}
		if sender.ASCII() && r.c.Returns == nil {
			f.from.sender = sender.String()
		}
	}
	for i, h := range r.c.Headers {
		f.headers[i] = r.fixField(h.Value, func(j *job) { j.custom(h) })
	}
	return f
}

// fixField lays out one field. It returns nil if the field is not always the same. A field with a fault is made for
// each message too, so that each row reports it.
func (r *Renderer) fixField(t *templates.Text, lay func(*job)) *fixed {
	if t == nil || !t.Fixed() {
		return nil
	}
	return r.lay(lay)
}

// fixList lays out Reply-To.
func (r *Renderer) fixList(items []Mailboxes) *fixed {
	if !fixedItems(items) {
		return nil
	}
	return r.lay((*job).replyTo)
}

func (r *Renderer) lay(lay func(*job)) *fixed {
	j := &job{Renderer: r, desk: &desk{}, m: &Message{}}
	if lay(j); len(j.faults) > 0 {
		return nil
	}
	return &fixed{laid: true, b: j.B, fields: j.fields, subject: j.m.subject}
}

// copy lays out a field that is fixed, and reports whether it is.
func (j *job) copy(f *fixed) bool {
	if f == nil || !f.laid {
		return false
	}
	j.B = append(j.B, f.b...)
	j.fields = append(j.fields, f.fields...)
	return true
}
