package traffic

import "cmp"

// Tally returns a Tally of messages that the session sends.
func (s Session) Tally() *Tally {
	return newTally(s.Line, s.Security, s.TLS, s.PerConnection, s.Connections,
		smtpTalk{Session: s, replies: s.Replies.defaults(), limit: cmp.Or(s.ChunkLimit, writeSize)})
}

type smtpTalk struct {
	Session
	replies Replies
	limit   int
}

func (t smtpTalk) cut() cutter {
	if t.Security == Clear {
		return cutter{full: true}
	}
	return t.TLS.cutter()
}

// open counts greeting, EHLO, STARTTLS, the handshake, AUTH and QUIT.
func (t smtpTalk) open(s *sum, _ int64, c *cutter) {
	hello := Exchange{cmp.Or(t.Hello, helloLine), t.replies.Ehlo}
	switch t.Security {
	case Implicit:
		t.TLS.handshake(s)
		s.exchange(Exchange{0, t.replies.Greeting}, c)
	case StartTLS:
		clear := s.clear()
		clear.exchange(Exchange{0, t.replies.Greeting}, nil)
		clear.exchange(Exchange{hello.Up, t.replies.Offer}, nil)
		clear.exchange(Exchange{startTLSLine, t.replies.StartTLS}, nil)
		s.merge(clear)
		t.TLS.handshake(s)
	default:
		s.exchange(Exchange{0, t.replies.Greeting}, c)
	}
	s.exchange(hello, c)
	for _, e := range t.Login {
		s.exchange(e, c)
	}
	s.exchange(Exchange{quitLine, t.replies.Quit}, nil)
	t.TLS.close(t.Security, s)
}

// chunked reports whether a message goes by BDAT.
func (t smtpTalk) chunked(m Message) bool { return t.Path == Chunked && m.Size <= t.limit }

func (t smtpTalk) message(s *sum, m Message, k int64, at place, c *cutter) {
	r, dot := t.replies, m.Size+m.Dots+finalDot
	envelope := m.Mail + m.Rcpt + dataLine
	recipients := r.Rcpt * (1 + m.More)
	early := c != nil && (at.first || at.second) // the server has not taken a message yet when this one is announced
	switch {
	case t.Path == LockStep:
		for _, e := range [2]Exchange{{m.Mail, r.Mail}, {dataLine, r.Data}} {
			s.write(&s.up, e.Up, k, c)
			s.write(&s.down, e.Down, k, nil)
		}
		for i := range 1 + m.More {
			s.write(&s.up, (m.Rcpt+i)/(1+m.More), k, c)
			s.write(&s.down, r.Rcpt, k, nil)
		}
		s.body(&s.up, dot, writeSize, k, c)
		s.write(&s.down, r.End, k, nil)
		s.rounds += k * int64(4+m.More)
	case t.chunked(m) && !early:
		s.body(&s.up, m.Mail+m.Rcpt+bdatLine(m.Size)+m.Size, 0, k, c)
		if long := s.segments(m.Size) > 1; long && r.Together {
			s.apart(k, r.Mail+recipients, r.Chunk)
		} else {
			t.reply(s, k, m, r.Mail, recipients, r.Chunk)
		}
		s.rounds += k
	case t.Path == Pipelined:
		s.write(&s.up, envelope, k, c)
		t.reply(s, k, m, r.Mail, recipients, r.Data)
		s.body(&s.up, dot, writeSize, k, c)
		s.write(&s.down, r.End, k, nil)
		s.rounds += 2 * k
	default:
		t.ahead(s, m, k, at, c, dot, envelope)
	}
}

// ahead counts a message whose write carries the envelope of the one behind it.
func (t smtpTalk) ahead(s *sum, m Message, k int64, at place, c *cutter, dot, envelope int) {
	r, recipients := t.replies, t.replies.Rcpt*(1+m.More)
	if c != nil && at.first {
		s.write(&s.up, envelope, k, c)
		t.reply(s, k, m, r.Mail, recipients, r.Data)
		s.rounds += k
	}
	s.rounds += k
	if c != nil && (at.last || at.second && t.chunked(m)) {
		s.body(&s.up, dot, writeSize, k, c)
		s.write(&s.down, r.End, k, nil)
		return
	}
	s.body(&s.up, dot+envelope, writeSize, k, c)
	if r.Together {
		s.apart(k, r.End, r.Mail+recipients+r.Data)
		return
	}
	s.write(&s.down, r.End, k, nil)
	t.reply(s, k, m, r.Mail, recipients, r.Data)
}

// reply counts the answers to an envelope that came in one write.
func (t smtpTalk) reply(s *sum, k int64, m Message, mail, recipients, last int) {
	if t.replies.Together || m.More == 0 {
		s.answers(t.replies.Together, k, mail, recipients, last)
		return
	}
	s.write(&s.down, mail, k, nil)
	for range m.More {
		s.write(&s.down, t.replies.Rcpt, k, nil)
	}
	s.answers(false, k, t.replies.Rcpt, last)
}

// nearby is how much the envelopes of two messages of a campaign may differ in length.
const nearby = 64

func (t smtpTalk) loose(s *sum, m Message) bool {
	if t.Path < Ahead || t.chunked(m) {
		return false
	}
	n := m.Size + m.Dots + finalDot + m.Mail + m.Rcpt + dataLine
	return s.segments(max(1, n-nearby)) != s.segments(n+nearby)
}

// clear is an empty sum of the same line without TLS.
func (s *sum) clear() *sum {
	e := sum{m: s.m, h: s.h, record: s.record, room: s.room}
	e = e.empty()
	return &e
}

// merge adds what was said without TLS.
func (s *sum) merge(b *sum) { s.add(b, 1) }

// handshake counts the writes of a handshake and the tickets behind it. Linux acknowledges the first segments of a
// connection at once, so that the flights are acknowledged alone: the client's by one, the server's by two.
func (t TLS) handshake(s *sum) {
	s.up.acks += 1000
	s.down.acks += 2000
	for _, f := range t.flights() {
		if f.FromServer {
			s.raw(&s.down, f.Bytes, 1)
		} else {
			s.raw(&s.up, f.Bytes, 1)
		}
	}
	s.raw(&s.down, t.Tickets, 1)
	s.rounds += int64(t.rounds())
}

// close counts close_notify.
func (t TLS) close(security Security, s *sum) {
	if security != Clear && !t.NoAlert {
		s.write(&s.down, alertBytes, 1, nil)
	}
}
