package smtp

import (
	"errors"
	"strconv"

	"mailshot/sender/reply"
)

// ahead is a message whose envelope went out with the end of the message before.
type ahead struct {
	envelope Envelope
	answers  answers
}

// Announced reports whether the server waits for the message whose envelope went out with the
// message before. The session is then of no use for any other message.
func (s *Session) Announced() bool { return s.ahead != nil }

// answers are the answers to MAIL, RCPT and DATA sent in one write, as far as they came.
type answers struct {
	to  [3]Reply
	n   int
	err error // why there are fewer than three, or why they cannot be believed
}

// good reports whether a message may follow: everything was answered, and nothing was refused.
func (a *answers) good() bool {
	return a.err == nil && a.n == 3 && a.to[0].Code < 300 && a.to[1].Code < 300 && a.to[2].Code == 354
}

var envelopeStages = [3]reply.Stage{reply.Mail, reply.Rcpt, reply.Data}

// errOutOfStep means that an answer cannot be the answer to the command in its place. One was left
// out, or one too many came, and none of them is believed.
var errOutOfStep = errors.New("answers out of step")

// outOfStep reports whether an answer cannot be the answer to what was sent at its stage: 354
// answers DATA and nothing else, and no other 2xx or 3xx answers DATA.
func outOfStep(r Reply) bool {
	if r.Stage == reply.Data {
		return r.Code < 400 && r.Code != 354
	}
	return r.Code >= 300 && r.Code < 400
}

// appendGroup appends MAIL, each RCPT and DATA, behind the RSET that is due.
func (s *Session) appendGroup(b []byte, e Envelope) []byte {
	return appendData(s.appendRcpts(s.appendMail(s.appendReset(b), e), e), e)
}

// appendReset appends RSET when a refused transaction is still open.
func (s *Session) appendReset(b []byte) []byte {
	if s.dirty {
		s.dirty = false
		b = append(b, "RSET\r\n"...)
	}
	return b
}

// group reads the answers to MAIL, each RCPT and DATA, and before them the answer to RSET if it was
// sent.
func (s *Session) group(reset bool, e Envelope) (a answers) {
	if e.Copies != nil {
		e.Copies.unheard()
	}
	if a.err = s.cleared(reset); a.err != nil {
		return a
	}
	for _, stage := range envelopeStages {
		r, err := s.answer(stage, s.timeouts.Command)
		if err != nil {
			a.err = err
			return a
		}
		if outOfStep(r) {
			s.Close()
			a.err = strange(stage, r.Code)
			return a
		}
		a.to[a.n] = r
		a.n++
		if s.Closed() {
			return a // by 421
		}
		if stage != reply.Rcpt {
			continue
		}
		for i := range e.recipients() {
			r, err := s.answer(reply.Rcpt, s.timeouts.Command)
			if err == nil {
				err = s.copyAnswer(e, i, r)
			}
			if a.err = err; err != nil {
				return a
			}
		}
	}
	a.err = s.clean(reply.Data)
	return a
}

// strange is the error of an answer that cannot be one to what was sent at its stage.
func strange(stage reply.Stage, code int) error {
	return &Error{Stage: stage, Text: "unexpected answer " + strconv.Itoa(code), Err: errOutOfStep}
}

// cleared reads the answer to RSET if RSET was sent.
func (s *Session) cleared(reset bool) error {
	if !reset {
		return nil
	}
	r, err := s.answer(reply.Reset, s.timeouts.Command)
	if err == nil && r.Code != 250 {
		s.Close()
		err = &Error{Stage: reply.Reset, Text: "unexpected answer " + strconv.Itoa(r.Code), Err: errSenseless}
	}
	return err
}

// decide returns what the answers to an envelope mean. A nil error is 354 with nothing against it.
// The first refusal counts, because what comes behind it follows from it.
func (s *Session) decide(a answers, e Envelope) (Reply, error) {
	if errors.Is(a.err, errOutOfStep) || errors.Is(a.err, errExtra) {
		return Reply{}, a.err
	}
	for i, r := range a.to[:a.n] {
		if r.Code >= 400 {
			if !s.Closed() {
				s.clear(i, a.to, e.Copies)
			}
			return r, s.refused(r)
		}
	}
	return Reply{}, a.err
}

// clear leaves a transaction in which the command with the number refused was refused.
func (s *Session) clear(refused int, to [3]Reply, copies *Copies) {
	const mail, rcpt, data = 0, 1, 2
	switch {
	case refused == mail && (to[rcpt].Code < 400 || to[data].Code < 400 || copies.taken()):
		// A recipient was accepted without a sender. An older transaction is open at the server, or
		// the answers belong to something else. Nothing more is said to this server here.
		s.Close()
	case refused == mail:
		if to[mail].Code == 503 {
			s.Close() // the server thinks that something is open
		}
	case to[data].Code == 354 && s.lmtp:
		s.Close() // no recipients, no answers (RFC 2033 4.2): the end would go unseen
	case to[data].Code == 354 && copies != nil:
		s.Close() // a lone dot would hand the copies an empty message
	case to[data].Code == 354:
		s.empty()
	default:
		s.dirty = true
	}
}

// empty ends a message to nobody at once: the server wants a message though it has refused the
// recipient (RFC 2920 3.1). What it says to that counts for nothing.
func (s *Session) empty() {
	s.out = append(s.out[:0], ".\r\n"...)
	if r, err := s.exchange(reply.End, s.timeouts.End); err == nil && outOfStep(r) {
		s.Close()
	}
}
