package smtp

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"mailshot/sender/reply"
)

// Ready is a body that lies in memory and may be written from where it lies. A message's Body that is one as well is
// asked for its pieces; WriteTo is called if it is not clean.
type Ready interface {
	io.WriterTo
	// Buffers returns the bytes that WriteTo writes, in order. Nobody changes them or the slices before the message has
	// been sent. The caller keeps neither.
	//
	// clean is a promise about the bytes. Every line ends in CRLF, the last one too. No line begins with a dot. There
	// is no CR or LF elsewhere, no NUL, and no line of more than 998 bytes. A clean message is written as it is, and
	// its lines are not looked at. Whoever promises it of bytes that are not so lets the text of a message be read as
	// commands (SMTP smuggling). So a body may promise it only if its own code has made or checked each byte. A body
	// that wraps another's bytes returns false.
	Buffers() (segments [][]byte, clean bool)
}

// clean returns the pieces of a body that says it is clean, and their size; nil for any other body. What can be seen at
// once is looked at all the same: how the message begins and ends, and where its pieces meet.
func clean(body io.WriterTo) (segments [][]byte, size int64) {
	ready, ok := body.(Ready)
	if !ok {
		return nil, 0
	}
	segments, ok = ready.Buffers()
	if !ok {
		return nil, 0
	}
	var last [2]byte // of the bytes so far
	begins := true   // a line begins with the next byte
	for _, b := range segments {
		if len(b) == 0 {
			continue
		}
		if begins && b[0] == '.' || last[1] == '\r' && b[0] != '\n' || len(b) <= bufferSize && dotted(b) {
			return nil, 0
		}
		if size += int64(len(b)); len(b) > 1 {
			last = [2]byte(b[len(b)-2:])
		} else {
			last = [2]byte{last[1], b[0]}
		}
		begins = last[1] == '\n'
	}
	if last != [2]byte{'\r', '\n'} {
		return nil, 0
	}
	return segments, size
}

// dotted says whether a line behind the first one begins with a dot, for which DATA needs another one. It looks for
// dots, because there are fewer of them in a message than line ends.
func dotted(b []byte) bool {
	for at := 1; at < len(b); at++ {
		i := bytes.IndexByte(b[at:], '.')
		if i < 0 {
			return false
		}
		if at += i; b[at-1] == '\n' {
			return true
		}
	}
	return false
}

// fill takes a whole message, and its end.
func (w *dotWriter) fill(body io.WriterTo) error {
	segments, size := clean(body)
	if size == 0 {
		if _, err := body.WriteTo(w); err != nil {
			return err
		}
		return w.end()
	}
	for _, b := range segments {
		for len(b) > 0 {
			n := len(b)
			if w.out != nil {
				n = min(n, bufferSize-len(w.buf))
			}
			w.buf = append(w.buf, b[:n]...)
			if b = b[n:]; len(b) == 0 && len(w.buf) < bufferSize {
				break
			}
			if err := w.spill(); err != nil {
				return err
			}
		}
	}
	return w.end()
}

// lying returns the pieces of a body that is clean and too large to be copied, if the connection takes pieces; else
// nil.
func (s *Session) lying(body io.WriterTo) (pieces net.Buffers, size int64) {
	switch s.raw.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil, 0
	}
	if s.secure {
		return nil, 0 // a TLS record for each would be dearer than a copy
	}
	segments, size := clean(body)
	if size <= bufferSize {
		return nil, 0
	}
	return append(s.pieces[:0], segments...), size
}

// gather writes a message from where its pieces lie, as part does. end is where the message ends in them. A write that
// gets on has more time: a slow server is given up as it is with any message.
func (s *Session) gather(pieces net.Buffers, end int64) error {
	all := pieces
	s.pieces = all
	defer clear(all) // the message is the caller's
	var written int64
	for len(pieces) > 0 {
		if s.Closed() {
			return s.broken(reply.Body, errClosed)
		}
		err := s.conn.SetWriteDeadline(time.Now().Add(s.timeouts.Data))
		var n int64
		if err == nil {
			n, err = pieces.WriteTo(s.raw) // many in one call of the system, which a wrapped connection has not
			s.wire.Wrote(n)
			written += n
		}
		if err == nil || n >= bufferSize && errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		e := s.broken(reply.Body, err).(*Error)
		if written >= end {
			e.Sent, e.Stage = true, reply.End
		}
		return e
	}
	return nil
}
