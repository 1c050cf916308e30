package page

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
)

// The octets of a message are kept as operations. Each begins with a varint of n<<2 | kind:
//
//	literal  n octets that follow
//	copied   n octets of what messages share; a zigzag varint follows, from the end of the copy before
//	blob     the file n, in base64
//	encoded  n octets of operations that follow, whose result is in base64
//
// Base64 has lines of 76 characters with CRLF between them (RFC 2045 section 6.8). A file in another form stays
// literal.
const (
	literal = iota
	copied
	blob
	encoded
)

const (
	mostShared = 4 << 20 // octets that messages share
	shortest   = 16      // octets that are worth a copy
	tableBits  = 20
)

// shared has the texts that messages share: whole messages, each of which had little in common with the messages before
// it.
type shared struct {
	text []byte
	at   []int32 // by hash: a position in text + 1
}

func hash(b []byte) uint64 {
	x := binary.LittleEndian.Uint64(b) * 0x9E3779B97F4A7C15
	y := binary.LittleEndian.Uint64(b[8:]) * 0xC2B2AE3D27D4EB4F
	return (x ^ bits.RotateLeft64(y, 29)) * 0x9E3779B97F4A7C15 >> (64 - tableBits)
}

// add adds to the shared text, if there is room. It reports whether there was room.
func (s *shared) add(b []byte) bool {
	if len(s.text)+len(b) > mostShared {
		return false
	}
	if s.at == nil {
		s.at = make([]int32, 1<<tableBits)
	}
	from := max(len(s.text)-shortest+1, 0)
	s.text = append(s.text, b...)
	for i := from; i+shortest <= len(s.text); i++ {
		s.at[hash(s.text[i:])] = int32(i + 1)
	}
	return true
}

// coder writes operations.
type coder struct {
	*shared
	out  []byte
	end  int // in the shared text, of the copy before
	lits int // octets of literals
}

func (c *coder) op(n, kind int) { c.out = binary.AppendUvarint(c.out, uint64(n)<<2|uint64(kind)) }

func (c *coder) literal(b []byte) {
	if len(b) > 0 {
		c.op(len(b), literal)
		c.out = append(c.out, b...)
		c.lits += len(b)
	}
}

// write writes the operations whose result is b.
func (c *coder) write(b []byte) {
	done := 0
	for i := 0; i+shortest <= len(b) && c.at != nil; {
		p := int(c.at[hash(b[i:])]) - 1
		if p < 0 || !bytes.Equal(c.text[p:p+shortest], b[i:i+shortest]) {
			i++
			continue
		}
		from, n := i, shortest
		for from > done && p > 0 && c.text[p-1] == b[from-1] {
			from, p, n = from-1, p-1, n+1
		}
		for from+n < len(b) && p+n < len(c.text) && c.text[p+n] == b[from+n] {
			n++
		}
		c.literal(b[done:from])
		c.op(n, copied)
		c.out = binary.AppendVarint(c.out, int64(p-c.end))
		c.end = p + n
		done, i = from+n, from+n
	}
	c.literal(b[done:])
}

// segment is a piece of a message.
type segment struct {
	kind   int    // literal, blob or encoded
	body   []byte // of a blob and of what is encoded: decoded
	inside bool   // of a blob: the message's HTML shows it
}

// segments takes the base64 parts out of a message. Put together, the segments are the message, octet for octet.
func segments(raw []byte) (all []segment) {
	done := 0
	for at := 0; ; {
		i := bytes.Index(raw[at:], []byte("\r\nContent-Transfer-Encoding: base64\r\n"))
		if i < 0 {
			return append(all, segment{kind: literal, body: raw[done:]})
		}
		field := at + i
		i = bytes.Index(raw[field:], []byte("\r\n\r\n"))
		if i < 0 {
			return append(all, segment{kind: literal, body: raw[done:]})
		}
		from := field + i + 4
		to := from + len(bytes.TrimRight(raw[from:], "\r\n"))
		if i := bytes.Index(raw[from:], []byte("\r\n--")); i >= 0 {
			to = from + i
		}
		at = to
		body, ok := decoded(raw[from:to])
		if !ok {
			continue
		}
		kind := blob
		head := raw[max(bytes.LastIndex(raw[:field], []byte("\r\n--")), 0):from]
		if bytes.Contains(head, []byte("\nContent-Type: text/")) &&
			!bytes.Contains(head, []byte("\nContent-Disposition: att")) {
			kind = encoded
		}
		inside := bytes.Contains(head, []byte("\nContent-ID: "))
		all = append(all, segment{kind: literal, body: raw[done:from]}, segment{kind, body, inside})
		done = to
	}
}

// decoded decodes base64, if encoding the result gives the same again.
func decoded(b []byte) ([]byte, bool) {
	body := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Strict().Decode(body, b) // which skips line breaks
	if err != nil || n == 0 || !bytes.Equal(lines(body[:n]), b) {
		return nil, false
	}
	return body[:n], true
}

// lines returns base64 in the lines of a message.
func lines(body []byte) []byte {
	text := base64.StdEncoding.AppendEncode(nil, body)
	out := make([]byte, 0, len(text)+len(text)/38+2)
	for len(text) > 76 {
		out = append(append(out, text[:76]...), '\r', '\n')
		text = text[76:]
	}
	return append(out, text...)
}
