package dkim

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// body hashes the canonical form of a body (RFC 6376 section 3.4.4). Blanks at the end of a line are removed, other
// blanks become one space, and empty lines at the end of the body are removed. Each piece may end anywhere, even within
// a line.
type body struct {
	h     hash.Hash
	buf   []byte
	blank bool // blanks came in this line, and nothing after them yet
	some  bool // this line has something
	cr    bool // a CR came, and its LF not yet
	empty int  // lines that came and count only if something comes after them
}

func newBody() *body { return &body{h: sha256.New()} }

// write takes the next octets.
func (b *body) write(p []byte) {
	for len(p) > 0 {
		if b.cr {
			b.cr = false
			if p[0] == '\n' {
				b.line()
				p = p[1:]
				continue
			}
			b.text(cr)
		}
		if !b.some && !b.blank {
			if n := canonical(p); n > 0 {
				b.lines(p[:n])
				p = p[n:]
				continue
			}
		}
		if n := special(p); n > 0 {
			b.text(p[:n])
			p = p[n:]
			continue
		}
		switch p[0] {
		case '\r':
			b.cr = true
		default:
			b.blank = true
		}
		p = p[1:]
	}
}

// lines takes whole lines that are canonical.
func (b *body) lines(p []byte) {
	for ; b.empty > 0; b.empty-- {
		b.buf = append(b.buf, crlf...)
	}
	b.flush()
	b.h.Write(p)
}

var cr, twoBlanks = []byte("\r"), []byte("  ")

// canonical returns the length of the whole lines at the start of p that are not empty and already canonical. p begins
// at the beginning of a line. Nearly all lines of a message are already canonical, and they are hashed without copying.
func canonical(p []byte) (n int) {
	for {
		line := p[n:]
		end := bytes.IndexByte(line, '\n')
		if end < 2 {
			return n
		}
		line = line[:end]
		if bytes.IndexByte(line, '\r') != end-1 || line[end-2] == ' ' || bytes.IndexByte(line, '\t') >= 0 ||
			bytes.Contains(line, twoBlanks) {
			return n
		}
		n += end + 1
	}
}

// special returns how many octets at the start of p are neither blanks nor CR.
func special(p []byte) int {
	// Most lines are words, or 76 octets without a blank: looking for the line's end first finds both quickly.
	p = p[:min(len(p), 128)] // a line without an end is not looked through for each of its words
	end := bytes.IndexByte(p, '\r')
	if end < 0 {
		end = len(p)
	}
	if n := bytes.IndexByte(p[:end], ' '); n >= 0 {
		end = n
	}
	if n := bytes.IndexByte(p[:end], '\t'); n >= 0 {
		end = n
	}
	return end
}

// text takes octets within a line.
func (b *body) text(p []byte) {
	for ; b.empty > 0; b.empty-- {
		b.buf = append(b.buf, crlf...)
	}
	if b.blank {
		b.buf = append(b.buf, ' ')
		b.blank = false
	}
	b.some = true
	if len(p) >= 4096 || len(b.buf)+len(p) > 16384 {
		b.flush()
	}
	if len(p) >= 4096 {
		b.h.Write(p)
		return
	}
	b.buf = append(b.buf, p...)
}

// line ends a line.
func (b *body) line() {
	if b.some {
		b.buf = append(b.buf, crlf...)
	} else {
		b.empty++
	}
	b.blank, b.some = false, false
}

func (b *body) flush() {
	b.h.Write(b.buf)
	b.buf = b.buf[:0]
}

// sum ends the body, and returns its hash. A last line without a line end gets one.
func (b *body) sum() []byte {
	if b.cr {
		b.text(cr)
	}
	if b.some {
		b.line()
	}
	b.flush()
	return b.h.Sum(nil)
}
