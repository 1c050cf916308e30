package smtp

import (
	"bytes"
	"errors"
	"fmt"
)

// bufferSize is how much of a message is gathered before it is written. Most messages go out in one
// write, with their final dot.
const bufferSize = 64 << 10

// maxText is the longest line of a message, without its line end (RFC 5321 4.5.3.1.6).
const maxText = 998

// dotWriter writes a message as DATA wants it (RFC 5321 4.5.2): a dot at the start of a line is
// doubled. It repairs nothing. A bare CR or LF and a NUL, which servers read in different ways
// (SMTP smuggling), and a line over 998 bytes are errors. The caller then closes the connection.
type dotWriter struct {
	out  func([]byte) error // takes full buffers; nil: everything is kept in buf
	raw  bool               // for BDAT: no dot is doubled, and none ends the message
	buf  []byte
	line int   // bytes in the current line so far
	cr   bool  // the last byte was a CR
	err  error // the first error; a caller that ignores it does not get past it
}

var (
	errBareCR = errors.New("a CR without its LF")
	errBareLF = errors.New("an LF without its CR")
	errNUL    = errors.New("a NUL character")
)

func (w *dotWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.write(p)
	w.err = err
	return n, err
}

// write works line by line: it looks for the next LF, and never at single bytes.
func (w *dotWriter) write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if w.cr && p[0] != '\n' {
			return total - len(p), errBareCR
		}
		if !w.raw && w.line == 0 && !w.cr && p[0] == '.' {
			w.buf = append(w.buf, '.')
		}
		i := bytes.IndexByte(p, '\n')
		piece := p
		if i >= 0 {
			piece = p[:i]
		}
		if err := w.text(piece); err != nil {
			return total - len(p), err
		}
		if i < 0 {
			w.buf = append(w.buf, p...)
			return total, w.spill()
		}
		if !w.cr {
			return total - len(p), errBareLF
		}
		w.buf = append(w.buf, p[:i+1]...)
		w.line, w.cr = 0, false
		p = p[i+1:]
		if err := w.spill(); err != nil {
			return total - len(p), err
		}
	}
	return total, nil
}

// text takes note of a piece of a line up to its LF, without it. A CR may only be its last byte.
func (w *dotWriter) text(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	if bytes.IndexByte(piece, 0) >= 0 {
		return errNUL // some servers drop it, so that what stands around it meets
	}
	switch i := bytes.IndexByte(piece, '\r'); {
	case i < 0:
		w.line += len(piece)
	case i == len(piece)-1:
		w.line += i
		w.cr = true
	default:
		return errBareCR
	}
	if w.line > maxText {
		return fmt.Errorf("a line of more than %d bytes", maxText)
	}
	return nil
}

// spill writes out full buffers.
func (w *dotWriter) spill() error {
	for w.out != nil && len(w.buf) >= bufferSize {
		if err := w.out(w.buf[:bufferSize]); err != nil {
			return err
		}
		w.buf = append(w.buf[:0], w.buf[bufferSize:]...)
	}
	return nil
}

// end puts the end of the message into the buffer. It is written with all that is left in one
// write, whose count tells whether the end went out.
func (w *dotWriter) end() error {
	if w.err != nil {
		return w.err
	}
	if w.cr {
		return errBareCR
	}
	if w.line > 0 {
		w.buf = append(w.buf, '\r', '\n')
	}
	if !w.raw {
		w.buf = append(w.buf, '.', '\r', '\n')
	}
	return nil
}

// writer returns the session's writer for one message. The message uses the session's buffer.
func (s *Session) writer(raw bool) *dotWriter {
	s.dots = dotWriter{raw: raw, buf: s.out[:0]}
	if !raw {
		s.dots.out = s.spilled
	}
	return &s.dots
}
