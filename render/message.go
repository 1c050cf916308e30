package render

import (
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"mailshot/render/transfer"
	"mailshot/templates"
)

// Message is one finished message with its envelope. Until Release it is immutable and safe for concurrent use. The
// encoded attachments in it are shared with other messages and never copied.
type Message struct {
	from, to, id, subject, token string
	sealing                      string // see Recipient.Sealing
	size                         int64
	copies                       []Copy

	r    *Renderer
	desk atomic.Pointer[desk] // nil once the message is released
	same *recall              // to make the texts of no campaign, see Content; nil = these
}

// recall is what a message is made of, for making it once more.
type recall struct {
	to   Recipient
	date time.Time
}

// segment is a run of the message's octets. Its octets are those of an attachment, which many messages may share, or
// desk.b[start:end].
type segment struct {
	start, end int
	shared     *file
}

// Part is one leaf of the message's tree, decoded, for previews. ContentType is the bare media type, and Name the file
// name. Size is the number of octets before encoding; lines of a text count with CRLF. Text is set for the message's
// own text and HTML, with lines ended by LF.
type Part struct {
	ContentType, Name, CID string
	Size                   int64
	Inline                 bool
	Text                   string
}

// From returns the envelope sender, without angle brackets.
func (m *Message) From() string { return m.from }

// To returns the envelope recipient, without angle brackets. Whoever gets a copy is in Copies.
func (m *Message) To() string { return m.to }

// ID returns the Message-ID, without angle brackets. It is the same on each attempt.
func (m *Message) ID() string { return m.id }

// Token returns the text by which the message names its person; "" if no text of it does.
func (m *Message) Token() string { return m.token }

// Renderer returns the renderer that made the message.
func (m *Message) Renderer() *Renderer { return m.r }

// Subject returns the decoded subject.
func (m *Message) Subject() string { return m.subject }

// Size returns the number of octets that WriteTo writes.
func (m *Message) Size() int64 { return m.size }

// Release gives the memory of the message back, for other messages. Whoever owns the message calls it when the
// message is over: when nobody reads its octets any more, and nobody will. After it, only From, To, Copies, ID,
// Renderer, Subject and Size may be called; the other methods panic. A message that is not released is garbage like
// any other value. Release may be called more than once.
func (m *Message) Release() {
	if d := m.desk.Swap(nil); d != nil {
		m.r.clear(d)
	}
}

// made returns what the message was made on.
func (m *Message) made() *desk {
	d := m.desk.Load()
	if d == nil {
		panic("render: a message is read after its release")
	}
	return d
}

// Buffers returns the octets that WriteTo writes, in order. They must not be changed, and are valid until Release.
// clean says that they can go on the wire as they are: CRLF is the only line end, there is no NUL, no line has more
// than 998 octets, and none begins with a dot. It is false if a message is attached, which goes as it is.
func (m *Message) Buffers() (segments [][]byte, clean bool) {
	d := m.made()
	return d.buffers, d.clean
}

// Signer makes header fields that go in front of a finished message and say who answers for it; dkim.Signer is one. It
// appends them to dst, each with its CRLF. The message's first piece holds its whole header. Sign may be called by
// several goroutines at once.
type Signer interface {
	Sign(dst []byte, message [][]byte, date time.Time) ([]byte, error)
}

// Sign puts the fields of a signer in front of the message, as of the time date. The message's owner calls it, before
// anybody else has the message. The fields count for Buffers, WriteTo and Size. They do not count for Digest and
// Content, so that each attempt may have a signature of its own; and Header does not show them. After an error the
// message is as it was.
func (m *Message) Sign(s Signer, date time.Time) error {
	d := m.made()
	signed, err := s.Sign(d.signed[:0], d.buffers, date)
	if err != nil {
		return err
	}
	d.signed, d.buffers = signed, slices.Insert(d.buffers, 0, signed)
	m.size += int64(len(signed))
	return nil
}

// Sealing returns the Sealing of the message's Recipient.
func (m *Message) Sealing() string { return m.sealing }

// Seal puts the octets of the sealed message, signed or encrypted for its reader, in the place of the message's own.
// clean is that of Buffers. The message's owner calls it before Sign, and before anybody else has the message. The
// octets count for Buffers, WriteTo and Size. They do not count for Digest and Content, and Header and Parts do not
// show them. They must not be changed.
func (m *Message) Seal(octets []byte, clean bool) {
	d := m.made()
	clear(d.buffers)
	d.buffers, d.clean = append(d.buffers[:0], octets), clean
	m.size = int64(len(octets))
}

// WriteTo writes the message as it goes on the wire, before dot stuffing. Lines end in CRLF and are at most 998 octets
// long without it, and there is no CR or LF elsewhere. All octets are ASCII, except in a recipient's address that is
// not. WriteTo may be called any number of times.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	total := int64(0)
	for _, b := range m.made().buffers {
		n, err := w.Write(b)
		if total += int64(n); err != nil {
			return total, err
		}
	}
	return total, nil
}

func (d *desk) bytes(s segment) []byte {
	if s.shared != nil {
		return s.shared.encoded
	}
	return d.B[s.start:s.end]
}

// Digest returns a SHA-256 over the envelope and every octet but those of the Date field. Two messages with one digest
// are the same message at two times. An attachment counts by the checksum of the encoded octets that are written.
func (m *Message) Digest() [32]byte {
	d := m.made()
	s := m.r.summer()
	s.frame('f', m.from)
	s.frame('t', m.to)
	s.sumCopies(m.copies)
	if m.sealing != "" { // a message that goes in clear has no frame of it
		s.frame('e', m.sealing)
	}
	for _, part := range d.segments {
		if part.shared != nil {
			s.head('a', len(part.shared.checksum))
			s.b = append(s.b, part.shared.checksum[:]...)
		} else {
			s.head('b', part.end-part.start)
			s.flush()
			s.h.Write(d.bytes(part))
		}
	}
	return m.r.sum(s)
}

// Parts returns the leaves of the message's tree, in order.
func (m *Message) Parts() []Part {
	d := m.made()
	text := func(contentType string, o *templates.Output) Part {
		canonical := string(transfer.Normalize(nil, o.Text))
		return Part{ContentType: contentType, Size: int64(len(canonical)),
			Text: strings.ReplaceAll(canonical, "\r\n", "\n")}
	}
	parts := []Part{text("text/plain", &d.text)}
	if m.r.c.Body.HTML != nil {
		parts = append(parts, text("text/html", &d.html))
	}
	for _, r := range []role{form, image, enclosed} {
		for _, l := range d.files {
			if l.role() == r {
				parts = append(parts, l.part)
			}
		}
	}
	return parts
}

// Text returns the message's text as its template made it: with the line ends of its sources, and perhaps without one
// at its end. Its runs are verified. It must not be changed, and is valid until Release.
func (m *Message) Text() *templates.Output { return &m.made().text }

// HTML returns the message's HTML as Text does; nil if it has none.
func (m *Message) HTML() *templates.Output {
	d := m.made()
	if m.r.c.Body.HTML == nil {
		return nil
	}
	return &d.html
}

// Header returns the message's header fields except those of its MIME structure, in order, as names and decoded values.
func (m *Message) Header() [][2]string {
	d := m.made()
	header := make([][2]string, 1, 1+len(d.fields))
	header[0] = [2]string{"Date", string(d.B[len("Date: ") : d.date-len("\r\n")])}
	for _, f := range d.fields {
		header = append(header, [2]string{f.name, f.shown()})
	}
	return header
}

// Field returns one of Header's fields after Date, for i from 0 on. Of a field with one mailbox value is the name and
// local the part of the address before the @; of others local is empty. ok is false where there is no such field.
func (m *Message) Field(i int) (name, value, local string, ok bool) {
	d := m.made()
	if i >= len(d.fields) {
		return "", "", "", false
	}
	f := d.fields[i]
	if f.box.Address.IsZero() {
		return f.name, f.value, "", true
	}
	return f.name, f.box.Name, f.box.Address.Local(), true
}

// Remarks returns what is odd about the message's attachments.
func (m *Message) Remarks() []Remark {
	var remarks []Remark
	d := m.made()
	for _, l := range d.files {
		remarks = append(remarks, l.remarks...)
	}
	return slices.Clip(d.odd(append(remarks, d.remarks...)))
}

// Match is a file that was found by a pattern, see [Files].
type Match struct{ Path, Pattern string }

// Matches returns the message's files that were found by patterns.
func (m *Message) Matches() []Match {
	var matches []Match
	for _, l := range m.made().files {
		if l.pattern != "" {
			matches = append(matches, Match{l.path, l.pattern})
		}
	}
	return matches
}
