package smtp

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"mailshot/sender/reply"
)

// Envelope is the outside of one message.
type Envelope struct {
	From string // "" is the null reverse path
	To   string
	Size int64 // of the message in bytes, for SIZE; 0: not known
}

// Send plays one transaction: MAIL, RCPT, DATA, the message, the final dot.
//
// begin is called once, after the server has said 354 and before the first byte
// of the message is written; its error closes the connection and comes back as
// it is, wrapped in an [*Error] of stage data. Up to then the end of ctx closes the connection too;
// from then on the transaction goes to its end whatever ctx says, and only Close
// cuts it short.
//
// The Reply is the answer that decided: a 2xx to the final dot means that the
// server has the message. A refusal is an [*Error] with its code, and the
// session can go on, unless Closed says otherwise. Error.Sent is the one case of doubt.
func (s *Session) Send(ctx context.Context, e Envelope, body io.WriterTo, begin func(context.Context) error) (Reply, error) {
	if err := s.fits(e); err != nil {
		return Reply{}, err
	}
	s.used++
	stop := context.AfterFunc(ctx, s.abort)
	r, err := s.envelope(e)
	if !stop() {
		// ctx has ended, and the connection with it; its error is the truer one.
		return Reply{}, &Error{Stage: reply.Data, Text: "interrupted", Err: context.Cause(ctx)}
	}
	if err != nil {
		return r, err
	}
	// From here on the end of ctx is begin's business alone.
	if err := begin(ctx); err != nil {
		s.abort() // there is no other way back from 354
		return Reply{}, &Error{Stage: reply.Data, Text: reply.Clean(err.Error()), Err: err}
	}
	return s.message(body)
}

// fits refuses what this server cannot take before anything is asked of it.
func (s *Session) fits(e Envelope) error {
	_, utf8 := s.caps["SMTPUTF8"]
	for _, a := range []struct {
		stage   reply.Stage
		address string
	}{{reply.Mail, e.From}, {reply.Rcpt, e.To}} {
		// A blank, a bracket or a line end would end the address and begin a
		// parameter or a command of somebody else's choice.
		if strings.ContainsFunc(a.address, func(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r == 0x7f }) || a.stage == reply.Rcpt && a.address == "" {
			return &Error{Stage: a.stage, Code: 553, Enhanced: "5.5.4", Text: "this cannot stand in an envelope: " + strconv.Quote(a.address), Err: ErrUnfit}
		}
		if !utf8 && !ascii(a.address) {
			return &Error{Stage: a.stage, Code: 553, Enhanced: "5.6.7", Err: ErrUnfit,
				Text: "the server does not take addresses with characters beyond ASCII (it does not offer SMTPUTF8)"}
		}
	}
	if limit := s.MaxSize(); limit > 0 && e.Size > limit {
		return &Error{Stage: reply.Mail, Code: 552, Enhanced: "5.3.4", Err: ErrUnfit,
			Text: "the message has " + strconv.FormatInt(e.Size, 10) + " bytes; the server takes at most " + strconv.FormatInt(limit, 10)}
	}
	return nil
}

// ErrUnfit is the cause of an [*Error] that no server gave: its code is the one
// the server would have used, had it been asked.
var ErrUnfit = errors.New("not offered to the server")

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// envelope brings a transaction to 354, or the session back to where it was.
func (s *Session) envelope(e Envelope) (Reply, error) {
	from := "MAIL FROM:<" + e.From + ">"
	if _, ok := s.caps["SIZE"]; ok && e.Size > 0 {
		from += " SIZE=" + strconv.FormatInt(e.Size, 10)
	}
	if !ascii(e.From) || !ascii(e.To) {
		from += " SMTPUTF8"
	}
	for _, c := range []struct {
		stage reply.Stage
		line  string
	}{{reply.Mail, from}, {reply.Rcpt, "RCPT TO:<" + e.To + ">"}, {reply.Data, "DATA"}} {
		r, err := s.command(c.stage, s.timeouts.Command, c.line)
		if err != nil {
			return Reply{}, err
		}
		if r.Code >= 400 {
			s.reset(c.stage)
			return r, s.refused(r)
		}
		if want := c.stage == reply.Data; want != (r.Code == 354) || !want && r.Code >= 300 {
			// An answer to something else: this end and that one are out of step.
			s.abort()
			return Reply{}, &Error{Stage: c.stage, Text: "unexpected answer " + strconv.Itoa(r.Code), Err: errSenseless}
		}
	}
	return Reply{}, s.clean(reply.Data)
}

// reset clears a refused transaction. Nothing is open when MAIL was refused.
func (s *Session) reset(stage reply.Stage) {
	if stage == reply.Mail || s.Closed() {
		return
	}
	if r, err := s.command(reply.Reset, s.timeouts.Command, "RSET"); err != nil || r.Code != 250 {
		s.abort()
	}
}

// message writes the message and its final dot, and reads the verdict.
func (s *Session) message(body io.WriterTo) (Reply, error) {
	w := &dotWriter{out: s.part, buf: s.out[:0]}
	_, err := body.WriteTo(w)
	if err == nil {
		err = w.end()
	}
	s.out = w.buf[:0]
	if err != nil {
		s.abort()
		var already *Error
		if errors.As(err, &already) {
			return Reply{}, already
		}
		return Reply{}, &Error{Stage: reply.Body, Text: reply.Clean(err.Error()), Err: &BodyError{err}}
	}
	r, err := s.answer(reply.End, s.timeouts.End)
	if err == nil && (r.Code < 200 || r.Code >= 300 && r.Code < 400) {
		err = s.broken(reply.End, errSenseless)
	}
	if err != nil {
		e := err.(*Error)
		e.Sent = true
		return Reply{}, e
	}
	if r.Code >= 400 {
		return r, s.refused(r)
	}
	return r, nil
}

// part writes a part of a message; the last part ends with the final dot. The
// dot counts as written once the count covers it: a server that lacks a single
// byte of it has nothing that it could take for a message.
func (s *Session) part(b []byte) error {
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
	if n == len(b) {
		e.Sent, e.Stage = true, reply.End
	}
	return e
}

// BodyError means that a message could not be written because of what it is: no
// server has seen its end.
type BodyError struct{ Err error }

func (e *BodyError) Error() string { return "message: " + e.Err.Error() }
func (e *BodyError) Unwrap() error { return e.Err }
