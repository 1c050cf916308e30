package sink

import (
	"bytes"
	"io"
)

// wire reads the body of DATA up to the line with the lone dot, and takes that line and the stuffed dots away (RFC 5321
// section 4.5.2). Only CR LF ends a line.
type wire struct {
	c     *conn
	after byte // '\r' after a CR, '.' after a stuffed dot or in a line; 0 at the beginning of a line
	ended bool
}

// Read gives what is there, and waits only if nothing is.
func (b *wire) Read(p []byte) (int, error) {
	for !b.ended {
		in := b.c.in
		atDot := b.after == 0 && len(in) > 0 && in[0] == '.'
		switch {
		case len(in) == 0, atDot && len(in) < 3 && bytes.HasPrefix([]byte(".\r\n"), in):
			if err := b.c.more(); err == io.EOF {
				return 0, io.ErrUnexpectedEOF
			} else if err != nil {
				return 0, err
			}
		case atDot && bytes.HasPrefix(in, []byte(".\r\n")):
			b.c.in, b.ended = in[3:], true
		case atDot:
			b.c.in, b.after = in[1:], '.'
		default:
			return b.take(p), nil
		}
	}
	return 0, io.EOF
}

// take gives bytes up to the end of a line that a dot follows, or all that there are.
func (b *wire) take(p []byte) int {
	in := b.c.in[:min(len(p), len(b.c.in))]
	if len(in) == 0 {
		return 0
	}
	if b.after == '\r' && in[0] == '\n' {
		in = in[:1]
	} else if i := bytes.Index(in, []byte("\r\n.")); i >= 0 {
		in = in[:i+2]
	}
	switch {
	case bytes.HasSuffix(in, []byte("\r\n")), b.after == '\r' && in[0] == '\n':
		b.after = 0
	case in[len(in)-1] == '\r':
		b.after = '\r'
	default:
		b.after = '.'
	}
	b.c.in = b.c.in[len(in):]
	return copy(p, in)
}
