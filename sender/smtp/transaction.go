package smtp

import (
	"context"
	"errors"
	"io"
	"time"

	"mailshot/sender/reply"
	"mailshot/sender/tally"
)

// Next asks for the message that will follow on the session, so that its envelope goes out with the
// end of this message. When ok is false, there is none yet. The end of ctx means that the message
// will not follow after all.
type Next func() (ctx context.Context, e Envelope, ok bool)

// Send plays one transaction in the shortest way that the server offers:
//
//   - Without extensions, one command and one answer after another.
//   - With PIPELINING (RFC 2920), MAIL, RCPT and DATA in one write. When next gives an envelope,
//     its MAIL, RCPT and DATA go in the same write as the end of this message: one round trip a
//     message. The Send after this one must then be for that envelope, or the session be closed.
//   - With CHUNKING (RFC 3030) too, and e.Chunk, everything in one write: MAIL, RCPT, BDAT and the
//     message. The first message of a session does not go this way.
//
// begin is called once at most, before the first byte of the message is written: after the server
// has said 354, or before MAIL where all goes in one write. Its error comes back as it is when the
// server has heard nothing. Else it comes back wrapped in an [*Error], with the connection closed,
// since there is no other way back from 354. The end of ctx up to then has the same effect. From
// begin on the transaction goes to its end whatever ctx says, and only Close cuts it short. next
// may be nil.
//
// The Reply is the answer that decided: a 2xx to the end of the message means that the server has
// it. A refusal is an [*Error] with its code, and the session can go on, unless Closed says
// otherwise. Error.Sent is the one case of doubt. Never more than one message of a session is in
// doubt.
func (s *Session) Send(ctx context.Context, e Envelope, body io.WriterTo, begin func(context.Context) error,
	next Next) (Reply, error) {
	if err := s.Fits(e); err != nil {
		return Reply{}, err
	}
	if s.ahead == nil && s.Chunks(e) {
		r, err := s.chunk(ctx, e, body, begin)
		return s.counted(tally.Chunked, r, err)
	}
	by := s.way()
	if r, err := s.openWithin(ctx, e); err != nil {
		return r, err
	}
	// From here on only begin looks at ctx.
	if err := begin(ctx); err != nil {
		s.Close() // there is no other way back from 354
		return Reply{}, &Error{Stage: reply.Data, Text: reply.Clean(err.Error()), Err: err}
	}
	r, err := s.message(e, body, next)
	return s.counted(by, r, err)
}

// way is how the envelope of the next message goes, or went.
func (s *Session) way() tally.Way {
	switch {
	case s.ahead != nil:
		return tally.Ahead
	case s.pipelining:
		return tally.Pipelined
	}
	return tally.LockStep
}

// counted counts a message if the server has taken it, and returns what the server said.
func (s *Session) counted(by tally.Way, r Reply, err error) (Reply, error) {
	if err == nil {
		s.wire.Took(by)
	}
	return r, err
}

// openWithin is open as long as ctx lasts. Its end closes the connection.
func (s *Session) openWithin(ctx context.Context, e Envelope) (Reply, error) {
	interrupted := func() (Reply, error) {
		// ctx has ended, and the connection with it. Its error is the truer one.
		return Reply{}, &Error{Stage: reply.Data, Text: "interrupted", Err: context.Cause(ctx)}
	}
	if a := s.ahead; a != nil && a.envelope == e && a.answers.good() { // nothing is left to wait for
		s.ahead = nil
		if ctx.Err() != nil {
			s.Close()
			return interrupted()
		}
		return Reply{}, nil
	}
	stop := context.AfterFunc(ctx, s.Close)
	r, err := s.open(e)
	if !stop() {
		return interrupted()
	}
	return r, err
}

// open brings a transaction to 354, or the session back to where it was.
func (s *Session) open(e Envelope) (Reply, error) {
	if a := s.ahead; a != nil {
		s.ahead = nil
		if a.envelope != e {
			s.Close()
			return Reply{}, &Error{Stage: reply.Mail, Text: "another message was announced to the server",
				Err: errClosed}
		}
		return s.decide(a.answers, e)
	}
	if err := s.clean(reply.Mail); err != nil {
		return Reply{}, err
	}
	s.used++
	if !s.pipelining {
		return s.lockStep(e)
	}
	dirty := s.dirty
	s.out = s.appendGroup(s.out[:0], e)
	if err := s.write(reply.Mail, s.timeouts.Command, s.out); err != nil {
		return Reply{}, err
	}
	return s.decide(s.group(dirty, e), e)
}

// lockStep opens a transaction with one command after another.
func (s *Session) lockStep(e Envelope) (Reply, error) {
	if e.Copies != nil {
		e.Copies.unheard()
	}
	for _, c := range []struct {
		stage  reply.Stage
		append func([]byte, Envelope) []byte
	}{{reply.Mail, s.appendMail}, {reply.Rcpt, s.appendRcpt}, {reply.Data, appendData}} {
		s.out = c.append(s.out[:0], e)
		r, err := s.exchange(c.stage, s.timeouts.Command)
		if err != nil {
			return Reply{}, err
		}
		if r.Code >= 400 {
			s.reset(c.stage)
			return r, s.refused(r)
		}
		if outOfStep(r) {
			// An answer to something else: the two ends are out of step.
			s.Close()
			return Reply{}, strange(c.stage, r.Code)
		}
		if c.stage == reply.Rcpt {
			if r, err := s.copyLines(e); err != nil {
				return r, err
			}
		}
	}
	return Reply{}, s.clean(reply.Data)
}

// reset clears a refused transaction. When MAIL was refused, nothing is open.
func (s *Session) reset(stage reply.Stage) {
	if stage == reply.Mail || s.Closed() {
		return
	}
	if r, err := s.command(reply.Reset, s.timeouts.Command, "RSET"); err != nil || r.Code != 250 {
		s.Close()
	}
}

// message writes the message and its final dot, with the next message's envelope behind it if there
// is one, and reads all the answers.
func (s *Session) message(e Envelope, body io.WriterTo, next Next) (Reply, error) {
	waits, err := s.write354(body, next)
	if err != nil {
		s.unwritten(e, err)
		return Reply{}, err
	}
	r, err := s.verdict()
	s.end(e, r)
	if waits == nil || s.Closed() {
		return r, err
	}
	// What the server says to the next message is read here, so that all that one write caused is
	// read before anything is believed. That shows an answer too few or too many.
	s.in.until = waits
	s.follows.answers = s.group(false, s.follows.envelope)
	s.in.until = nil
	s.ahead = &s.follows
	if errors.Is(s.follows.answers.err, errOutOfStep) {
		s.end(e, Reply{})
		return Reply{}, &Error{Stage: reply.End, Sent: true, Text: "the server's answers do not match what was sent",
			Err: errOutOfStep}
	}
	return r, err
}

// write354 is the writing of message: what 354 asked for. It returns the context of the Send whose envelope went along;
// nil: none did.
func (s *Session) write354(body io.WriterTo, next Next) (waits context.Context, err error) {
	w := s.writer(false)
	lying, size := s.lying(body)
	if lying == nil {
		if err = w.fill(body); err != nil {
			s.out = w.buf[:0]
			s.Close()
			return nil, unwritten(err)
		}
	} else {
		w.buf = append(w.buf, '.', '\r', '\n')
	}
	dot := len(w.buf)
	if s.pipelining && next != nil {
		if ctx, e, ok := next(); ok {
			s.follows, waits = ahead{envelope: e}, ctx
			w.buf = s.appendGroup(w.buf, e)
			s.used++
		}
	}
	s.out = w.buf[:0]
	if lying == nil {
		return waits, s.part(w.buf, dot)
	}
	return waits, s.gather(append(lying, w.buf), size+int64(dot))
}

// unwritten is the error for a message that could not be written to its end.
func unwritten(err error) error {
	var already *Error
	if errors.As(err, &already) {
		return already
	}
	return &Error{Stage: reply.Body, Text: reply.Clean(err.Error()), Err: &BodyError{err}}
}

// verdict reads the answer to the end of a message.
func (s *Session) verdict() (Reply, error) {
	r, err := s.answer(reply.End, s.timeouts.End)
	if err == nil && r.Code < 400 && outOfStep(r) {
		err = s.broken(reply.End, errSenseless)
	}
	if err != nil {
		return Reply{}, doubtful(err)
	}
	if r.Code >= 400 {
		return r, s.refused(r)
	}
	s.taken = true
	return r, nil
}

// doubtful marks an error that came after the whole message was written.
func doubtful(err error) error {
	e := err.(*Error)
	e.Sent = true
	return e
}

// part writes a part of a message. end is where the message ends in it, 0 when it ends in a later
// part. The end counts as written once the count covers it: a server that lacks a single byte of it
// has nothing that it could take for a message.
func (s *Session) part(b []byte, end int) error {
	if s.Closed() {
		return s.broken(reply.Body, errClosed)
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.timeouts.Data)); err != nil {
		return s.broken(reply.Body, err)
	}
	n, err := s.conn.Write(b)
	if err == nil {
		return nil
	}
	e := s.broken(reply.Body, err).(*Error)
	if end > 0 && n >= end {
		e.Sent, e.Stage = true, reply.End
	}
	return e
}

// BodyError means that a message could not be written because of what it is: no server has seen its
// end.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "message: " + e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }
