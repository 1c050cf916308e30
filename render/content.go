package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"mailshot/render/transfer"
	"mailshot/templates"
)

// noCampaign is the id with which texts are made once more where their templates print the campaign's own.
const noCampaign = "-"

// Content sums up what one person reads in the message, with a key so that nobody can guess at it: From, the subject,
// the texts and the bytes of the files. Two campaigns that send one person the same text have the same content,
// whatever else differs: Date, Message-ID, boundaries, tokens, the campaign's id where a text prints it, the names of
// files, and header fields, which are for machines. person is the key of the recipient's address. key has 32 bytes.
func (m *Message) Content(key []byte, person string) uint64 {
	d, read := m.made(), m
	if m.same != nil {
		// It is nil where a template fails without the campaign's id.
		if plain, _ := m.r.plain.Render(m.same.to, m.same.date); plain != nil {
			defer plain.Release()
			read = plain
		}
	}
	s := m.r.summer()
	s.b = append(s.b, key...)
	s.frame('p', person)
	made := read.made()
	for _, f := range made.fields {
		if f.name == "From" {
			s.without('f', f.shown(), read.token)
		}
	}
	s.without('s', read.subject, read.token)
	s.body(&made.text, read.r.texts, read.token)
	if m.r.c.Body.HTML != nil {
		s.body(&made.html, read.r.htmls, read.token)
	}
	for _, part := range d.segments {
		if part.shared != nil {
			s.head('a', len(part.shared.checksum))
			s.b = append(s.b, part.shared.checksum[:]...)
		}
	}
	sum := m.r.sum(s)
	return binary.BigEndian.Uint64(sum[:])
}

// summer sums up one message: SHA-256 over frames, each with its kind and its length.
type summer struct {
	h    hash.Hash
	b    []byte // is added next
	text []byte
	out  []byte
}

// summer returns a summer that has seen nothing.
func (r *Renderer) summer() *summer {
	s, ok := r.summers.Get().(*summer)
	if !ok {
		s = &summer{h: sha256.New()}
	}
	s.h.Reset()
	s.b = s.b[:0]
	return s
}

// sum ends a sum.
func (r *Renderer) sum(s *summer) [sha256.Size]byte {
	s.flush()
	s.out = s.h.Sum(s.out[:0])
	sum := [sha256.Size]byte(s.out)
	if cap(s.text)+cap(s.b) <= mostKept {
		r.summers.Put(s)
	}
	return sum
}

// flush adds what is gathered.
func (s *summer) flush() {
	s.h.Write(s.b)
	s.b = s.b[:0]
}

// head begins a frame.
func (s *summer) head(kind byte, length int) {
	s.b = binary.BigEndian.AppendUint64(append(s.b, kind), uint64(length))
}

func (s *summer) frame(kind byte, text string) {
	s.head(kind, len(text))
	s.b = append(s.b, text...)
}

// without adds a frame in which the recipient's token counts as an empty place.
func (s *summer) without(kind byte, text, token string) {
	s.text = append(s.text[:0], text...)
	s.textWithout(kind, token)
}

// body does the same with one of the texts.
func (s *summer) body(o *templates.Output, l transfer.Literals, token string) {
	s.text = l.Normalize(s.text[:0], o.Text, o.Runs)
	s.textWithout('t', token)
}

// textWithout does the same with s.text.
func (s *summer) textWithout(kind byte, token string) {
	s.head(kind, len(s.text))
	s.flush()
	rest := s.text
	if s.b = append(s.b, token...); token == "" {
		s.h.Write(rest)
		return
	}
	for i := bytes.Index(rest, s.b); i >= 0; i = bytes.Index(rest, s.b) {
		s.h.Write(rest[:i])
		s.h.Write(placeOfToken)
		rest = rest[i+len(token):]
	}
	s.b = s.b[:0]
	s.h.Write(rest)
}

// placeOfToken is what counts where a token stands.
var placeOfToken = []byte{0}
