package smtp

import (
	"errors"

	"mailshot/sender/reply"
)

// Copies are further recipients of a message, in its one transaction. The first recipient, Envelope.To, decides what
// becomes of the message: if the server does not take it, nobody gets the message. What the server says to a copy
// stops nothing.
//
// A message with copies never goes in one write with its envelope, because the answer to each RCPT is known before the
// first byte of it leaves.
type Copies struct {
	To []string // addresses in ASCII
	// Said is what became of each, by To. Send fills it in before it returns.
	Said []Copied
}

// mostCopies is how many copies a transaction may have: with the first recipient as many as every server has to take
// (RFC 5321 4.5.3.1.8).
const mostCopies = 99

// Copied is what became of a message for one recipient of a copy.
type Copied struct {
	Address  string
	Accepted bool        // the server has the message, for this recipient too
	Stage    reply.Stage // of the answer; Rcpt: to the recipient, End: to the message
	Code     int         // basic code; 0: no whole answer
	Enhanced string      // as "5.1.1", or ""
	Text     string      // the server's words, cleaned, or what happened
}

// MakeCopies returns the copies for an envelope; nil: nobody gets one.
func MakeCopies(to []string) *Copies {
	if len(to) == 0 {
		return nil
	}
	return &Copies{To: to}
}

// recipients are the addresses beside To.
func (e Envelope) recipients() []string {
	if e.Copies == nil {
		return nil
	}
	return e.Copies.To
}

// unheard begins a transaction: nothing was said yet.
func (c *Copies) unheard() {
	c.Said = make([]Copied, len(c.To))
	for i, to := range c.To {
		c.Said[i] = Copied{Address: to, Stage: reply.Rcpt, Text: "the transaction did not get that far"}
	}
}

// note keeps an answer to a copy.
func (s *Session) note(e Envelope, i int, r Reply) {
	e.Copies.Said[i] = Copied{Address: e.Copies.To[i], Accepted: r.Code < 300, Stage: r.Stage, Code: r.Code,
		Enhanced: r.Enhanced(), Text: s.Said(r)}
}

// appendRcpts appends the RCPT lines of an envelope, the first recipient's first.
func (s *Session) appendRcpts(b []byte, e Envelope) []byte {
	b = s.appendRcpt(b, e)
	for _, to := range e.recipients() {
		e.To = to
		b = s.appendRcpt(b, e)
	}
	return b
}

// copyLines plays the RCPT of each copy, one after another. An error means that there is no transaction any more.
func (s *Session) copyLines(e Envelope) (Reply, error) {
	for i, to := range e.recipients() {
		one := e
		one.To = to
		s.out = s.appendRcpt(s.out[:0], one)
		r, err := s.exchange(reply.Rcpt, s.timeouts.Command)
		if err == nil {
			err = s.copyAnswer(e, i, r)
		}
		if err != nil {
			return r, err
		}
	}
	return Reply{}, nil
}

// copyAnswer looks at an answer to a copy's RCPT. A refusal is noted, and is no error: but one that ends the connection
// ends the transaction, in which nothing was sent.
func (s *Session) copyAnswer(e Envelope, i int, r Reply) error {
	s.note(e, i, r)
	switch {
	case outOfStep(r):
		s.Close()
		return strange(reply.Rcpt, r.Code)
	case s.Closed(): // by 421
		return s.refused(r)
	}
	return nil
}

// taken reports whether a copy's RCPT was accepted.
func (c *Copies) taken() bool {
	if c == nil {
		return false
	}
	for _, said := range c.Said {
		if said.Accepted {
			return true
		}
	}
	return false
}

// end takes the answer to the message to the copies that it counts for: all that were accepted, unless a server gives
// an answer for each (LMTP). r is the zero Reply if there was none.
func (s *Session) end(e Envelope, r Reply) {
	if e.Copies == nil {
		return
	}
	for i, said := range e.Copies.Said {
		switch {
		case !said.Accepted || r.Code != 0 && r.Code < 300 && !s.lmtp:
		case s.lmtp && r.Code != 0 && !s.Closed():
			each, err := s.answer(reply.End, s.timeouts.End)
			if err == nil && outOfStep(each) {
				err = s.broken(reply.End, errSenseless)
			}
			if err != nil {
				e.Copies.doubt(i)
				continue
			}
			s.note(e, i, each)
		case r.Code == 0 || s.lmtp:
			e.Copies.doubt(i)
		default:
			s.note(e, i, r)
		}
	}
}

// unwritten says of the copies of a message that was not written to its end that nobody has it, unless that is not
// certain.
func (s *Session) unwritten(e Envelope, err error) {
	var broken *Error
	switch {
	case e.Copies == nil:
	case errors.As(err, &broken) && broken.Sent:
		s.end(e, Reply{})
	default:
		e.Copies.unheard()
	}
}

// doubt says of a copy that nobody knows what became of it.
func (c *Copies) doubt(i int) {
	c.Said[i] = Copied{Address: c.To[i], Stage: reply.End, Text: "no whole answer to the message: the server may have it or not"}
}
