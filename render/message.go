package render

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"
	"strings"
)

// Message is one finished message with its envelope. It is immutable and safe for concurrent use. The encoded
// attachments in it are shared with other messages and never copied.
type Message struct {
	from, to, id, subject string
	date                  []byte // the Date field, the only part that the digest leaves out
	segments              []segment
	size                  int64
	header                [][2]string
	parts                 []Part
	texts                 [][]byte // by part; nil for a file
	remarks               []Remark
	token                 string
	plain                 func() *Message // the texts of no campaign, see Content; nil = these
}

// segment is a run of the message's bytes. A segment with a checksum is an encoded attachment that many messages may
// share.
type segment struct {
	bytes    []byte
	checksum *[sha256.Size]byte
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

// To returns the one envelope recipient, without angle brackets.
func (m *Message) To() string { return m.to }

// ID returns the Message-ID, without angle brackets. It is the same on each attempt.
func (m *Message) ID() string { return m.id }

// Subject returns the decoded subject.
func (m *Message) Subject() string { return m.subject }

// Size returns the number of octets that WriteTo writes.
func (m *Message) Size() int64 { return m.size }

// WriteTo writes the message as it goes on the wire, before dot stuffing. Lines end in CRLF and are at most 998 octets
// long without it, and there is no CR or LF elsewhere. All octets are ASCII, except in a recipient's address that is
// not. WriteTo may be called any number of times.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(m.date)
	total := int64(n)
	for _, s := range m.segments {
		if err != nil {
			break
		}
		n, err = w.Write(s.bytes)
		total += int64(n)
	}
	return total, err
}

// Digest returns a SHA-256 over the envelope and every octet but those of the Date field. Two messages with one digest
// are the same message at two times. An attachment counts by the checksum of the encoded octets that are written.
func (m *Message) Digest() [32]byte {
	h := sha256.New()
	frame := func(kind byte, b []byte) {
		var head [9]byte
		head[0] = kind
		binary.BigEndian.PutUint64(head[1:], uint64(len(b)))
		h.Write(head[:])
		h.Write(b)
	}
	frame('f', []byte(m.from))
	frame('t', []byte(m.to))
	for _, s := range m.segments {
		if s.checksum != nil {
			frame('a', s.checksum[:])
		} else {
			frame('b', s.bytes)
		}
	}
	return [32]byte(h.Sum(nil))
}

// Parts returns the leaves of the message's tree, in order.
func (m *Message) Parts() []Part {
	parts := slices.Clone(m.parts)
	for i, t := range m.texts {
		if t != nil {
			parts[i].Text = strings.ReplaceAll(string(t), "\r\n", "\n")
		}
	}
	return parts
}

// Header returns the message's header fields except those of its MIME structure, in order, as names and decoded values.
func (m *Message) Header() [][2]string { return slices.Clone(m.header) }
