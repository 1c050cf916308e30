package pop3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
)

// allLines is more lines than any message has. TOP with it gives a whole message, and leaves it unread.
const allLines = "2000000000"

// mostInexact is how often a server may list more octets than a message has until its sizes are not believed.
const mostInexact = 3

// message opens a message. name is its ID, for errors.
func (s *session) message(ctx context.Context, e entry, name string) (io.ReadCloser, error) {
	if e.size > s.cfg.Limits.Message {
		return nil, &TooLargeError{Size: e.size, Limit: s.cfg.Limits.Message}
	}
	if _, has := s.caps["TOP"]; !has || s.noTop || e.size < 0 {
		return s.retr(ctx, e, name)
	}
	text, err := s.top(e)
	switch {
	case err != nil:
		return nil, err
	case text == nil: // the server has no TOP after all
		s.noTop = true
		return s.retr(ctx, e, name)
	case int64(len(text)) >= e.size || s.inexact >= mostInexact:
		return io.NopCloser(bytes.NewReader(text)), nil
	}
	// There are servers that cut off what TOP gives, and others that count wrong.
	in, err := s.retr(ctx, e, name)
	if err != nil {
		return nil, err
	}
	whole, err := io.ReadAll(in)
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, err
	}
	if len(whole) > len(text) {
		s.noTop = true
	} else {
		s.inexact++
	}
	return io.NopCloser(bytes.NewReader(whole)), nil
}

// top reads a whole message by TOP; nil if the server does not give it that way.
func (s *session) top(e entry) ([]byte, error) {
	a, err := s.command("TOP " + strconv.Itoa(e.number) + " " + allLines)
	if err != nil || !a.ok {
		return nil, err
	}
	text, err := io.ReadAll(s.incoming(e))
	if text == nil && err == nil {
		text = []byte{}
	}
	return text, err
}

// retr begins to read a message.
func (s *session) retr(ctx context.Context, e entry, name string) (io.ReadCloser, error) {
	a, err := s.command("RETR " + strconv.Itoa(e.number))
	if err != nil {
		return nil, err
	}
	if !a.ok {
		return nil, &NoBodyError{ID: name, Said: a.text}
	}
	b := s.incoming(e)
	b.stop = context.AfterFunc(ctx, s.close)
	return b, nil
}

// body is a message that comes in. Its octets are those that the server has, without the dots that POP3 adds.
type body struct {
	s     *session
	stop  func() bool // watching the context of Open; nil = nothing is watched
	n     int64       // octets so far
	state state
	pair  [2]byte
	held  []byte // of pair: read, and not given yet
	err   error  // why nothing more comes; io.EOF at the end
}

// state is where in a line a body is.
type state int

const (
	lineStart   state = iota // behind CRLF, or at the beginning
	inLine                   //
	behindCR                 //
	behindDot                // behind a dot at the start of a line: the end of it all, or a dot that was added
	behindDotCR              // behind that and CR
)

// incoming begins to read the message that an answer has.
func (s *session) incoming(e entry) *body {
	s.deadline(min(max(e.size, 0), s.cfg.Limits.Message))
	s.body = &body{s: s}
	return s.body
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	n, err := b.read(p)
	b.n += int64(n)
	most := b.s.cfg.Limits.Message
	switch {
	case b.n > most:
		b.err = &TooLargeError{Size: b.n, Limit: most}
		_ = b.s.end(b.err)
		return 0, b.err
	case err == io.EOF:
		b.err = io.EOF
		b.over()
	case err != nil:
		b.err = b.s.end(within(err))
	}
	return n, b.err
}

// Close reads what is left of the message, so that the next command finds the connection in order.
func (b *body) Close() error {
	_, _ = io.Copy(io.Discard, b) // what goes wrong ends the session, which knows it
	b.over()
	return nil
}

// over lets go of the session.
func (b *body) over() {
	if b.s.body == b {
		b.s.body = nil
	}
	if b.stop != nil {
		b.stop()
	}
}

// read reads octets up to the end of the answer, which is io.EOF.
func (b *body) read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(b.held) > 0 {
			c := copy(p[n:], b.held)
			b.held, n = b.held[c:], n+c
			continue
		}
		if n > 0 && b.s.br.Buffered() == 0 {
			return n, nil // what there is now
		}
		if b.state == inLine {
			if _, err := b.s.br.Peek(1); err != nil {
				return n, within(err)
			}
			ahead, _ := b.s.br.Peek(b.s.br.Buffered())
			if i := bytes.IndexByte(ahead, '\r'); i >= 0 {
				ahead = ahead[:i]
			}
			if c := copy(p[n:], ahead); c > 0 {
				_, _ = b.s.br.Discard(c)
				n += c
				continue
			}
		}
		c, err := b.s.br.ReadByte()
		if err != nil {
			return n, within(err)
		}
		if b.step(c) {
			return n, io.EOF
		}
	}
	return n, nil
}

// step takes an octet, and reports whether it was the last one: a line of one dot is the end. Only CRLF ends a line.
// Who takes a bare LF for an end can be made to take a part of a message for the server's next answer.
func (b *body) step(c byte) (end bool) {
	held := b.pair[:0]
	switch {
	case b.state == lineStart && c == '.':
		b.state = behindDot
		return false
	case b.state == behindDot && c == '\r':
		b.state = behindDotCR
		return false
	case b.state == behindDotCR && c == '\n':
		return true
	case b.state == behindDotCR:
		held = append(held, '\r')
		b.state = behindCR
	}
	b.held = append(held, c)
	switch {
	case c == '\r':
		b.state = behindCR
	case c == '\n' && b.state == behindCR:
		b.state = lineStart
	default:
		b.state = inLine
	}
	return false
}
