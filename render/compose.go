package render

import (
	"mailshot/render/transfer"
	"mailshot/templates"
)

// The fields of the parts that are texts.
const (
	plainType = "Content-Type: text/plain; charset=utf-8\r\n"
	flowType  = "Content-Type: text/plain; charset=utf-8; format=flowed\r\n" // RFC 3676
	htmlType  = "Content-Type: text/html; charset=utf-8\r\n"
	quoted    = "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	based     = "Content-Transfer-Encoding: base64\r\n\r\n"
)

// tree lays out the parts, nested as mixed(related(alternative(text, html, forms), inline), attachments), only as deep
// as the message needs.
func (j *job) tree() {
	forms, inline, attached := 0, 0, 0
	for _, l := range j.files {
		switch l.role() {
		case form:
			forms++
		case image:
			inline++
		default:
			attached++
		}
	}
	level := 0
	open := func(pieces ...string) {
		j.multipart(level, pieces...)
		level++
		j.delimiter(level, "\r\n")
	}
	if attached > 0 {
		open("multipart/mixed;")
	}
	if inline > 0 {
		open("multipart/related;", `type="multipart/alternative";`) // RFC 2387 section 3.1: the root's media type
	}
	plain := plainType
	if j.c.Body.Text.Flowed() {
		plain = flowType
	}
	both := j.c.Body.HTML != nil
	if both || forms > 0 {
		open("multipart/alternative;")
	}
	j.textPart(plain, &j.text, j.texts, j.textBased, level)
	if both {
		j.delimiter(level, "\r\n")
		j.textPart(htmlType, &j.html, j.htmls, j.htmlBased, level)
	}
	if both || forms > 0 {
		j.parts(level, form)
		level--
	}
	if inline > 0 {
		j.parts(level, image)
		level--
	}
	if attached > 0 {
		j.parts(level, enclosed)
	}
}

// multipart lays out the fields of a multipart, whose boundary is that of its level, and the blank line after them.
func (j *job) multipart(level int, pieces ...string) {
	j.Begin("Content-Type")
	for _, p := range pieces {
		j.Room(len(p))
		j.B = append(j.B, p...)
	}
	j.Room(len(`boundary=""`) + len(j.stem) + 1)
	j.B = append(append(append(append(j.B, `boundary="`...), j.stem...), '0'+byte(level)), '"')
	j.End()
	j.B = append(j.B, "\r\n"...)
}

// delimiter lays out the line before, between or after the parts of the multipart around level.
func (j *job) delimiter(level int, end string) {
	j.B = append(append(append(append(j.B, "--"...), j.stem...), '0'+byte(level-1)), end...)
}

// textPart lays out one of the message's own texts. It always ends with the CRLF that a boundary after it needs.
func (j *job) textPart(fields string, o *templates.Output, l transfer.Literals, based64 bool, level int) {
	j.B = append(j.B, fields...)
	if based64 {
		j.base64 = l.Normalize(j.base64[:0], o.Text, o.Runs)
		j.B = transfer.AppendBase64(append(j.B, based...), j.base64)
		return
	}
	j.B = l.AppendQuotedPrintable(append(j.B, quoted...), o.Text, o.Runs)
	if level > 0 {
		j.B = append(j.B, "\r\n"...) // the boundary's; the text's own is before it
	}
}

// parts lays out the files of one kind, and ends the multipart that they are in.
func (j *job) parts(level int, r role) {
	for _, l := range j.files {
		if l.role() == r {
			j.delimiter(level, "\r\n")
			j.B = append(j.B, l.fields...)
			j.cut()
			j.segments = append(j.segments, segment{shared: l.file})
		}
	}
	j.delimiter(level, "--\r\n")
}

// cut ends the segment that is being laid out.
func (j *job) cut() {
	start := j.date
	for _, s := range j.segments {
		start = max(start, s.end)
	}
	if len(j.B) > start {
		j.segments = append(j.segments, segment{start: start, end: len(j.B)})
	}
}

// finish ends the message and counts it.
func (j *job) finish() *Message {
	j.cut()
	d, m := j.desk, j.m
	d.clean = true
	for i, s := range d.segments {
		b := d.bytes(s)
		if i == 0 && s.shared == nil {
			b = d.B[:s.end] // with the Date field
		}
		if s.shared != nil {
			d.clean = d.clean && s.shared.clean
		}
		d.buffers = append(d.buffers, b)
		m.size += int64(len(b))
	}
	m.r = j.Renderer
	m.desk.Store(d)
	return m
}
