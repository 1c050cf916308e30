package traffic

// Fetch is how messages are fetched from a mailbox. [POP3] and [IMAP] make the usual ones; a caller may change them.
type Fetch struct {
	Line     Line
	Security Security
	TLS      TLS
	// Clear are the exchanges before the handshake, with StartTLS.
	Clear []Exchange
	// Open are the exchanges of a connection before the first message, including the greeting; Close are the exchanges
	// after the last message. An exchange with Up 0 that is not the first is a further write of the answer before it.
	Open, Close []Exchange
	// Ask is the command that fetches a message, in bytes, with a number of one digit.
	Ask int
	// Lead is the length of what the server says before a message, and Tail of what it says after it. LeadAlone says
	// that Lead is a write of its own.
	Lead, Tail int
	LeadAlone  bool
	// Dotted says that a dot at the beginning of a line is doubled.
	Dotted bool
	// Once says that one command fetches many messages: Batch of them, or with 0 all messages of a connection. Done is
	// the answer after all of them.
	Once        bool
	Batch, Done int
	// Piece is the largest part of a message that one command fetches; the rest comes by further commands of AskPiece
	// bytes, with Lead, Tail and Done each. 0: there are no pieces.
	Piece, AskPiece int
	// Record is the largest payload of the server's TLS records; 0: 16,384, each as full as it can be. Dovecot sends up
	// to 4,096, and where it ends a record depends on how it reads its files: such a server may cut each message twice
	// more.
	Record int
	// Quick says that the server acknowledges each command before it answers, as Dovecot makes the kernel do.
	Quick bool
	// Then are the exchanges after each message, such as DELE.
	Then []Exchange
	// Connections is how many connections the messages are fetched over; 0: 1.
	Connections int
}

// POP3 is a session that takes everything and deletes it (RFC 1939): USER, PASS, STAT, and for each message RETR and
// DELE. user and secret are the lengths of name and password.
func POP3(line Line, user, secret int) Fetch {
	const ok = len("+OK\r\n")
	return Fetch{Line: line, Dotted: true,
		Open: []Exchange{{0, 21}, {len("USER \r\n") + user, ok}, {len("PASS \r\n") + secret, len("+OK Logged in.\r\n")},
			{len("STAT\r\n"), len("+OK 100 1000000\r\n")}},
		Ask: len("RETR 100\r\n"), Lead: len("+OK 10000 octets\r\n"), Tail: finalDot,
		Then:  []Exchange{{len("DELE 100\r\n"), len("+OK Marked to be deleted.\r\n")}},
		Close: []Exchange{{quitLine, len("+OK Logging out.\r\n")}},
	}
}

// IMAP is a session that fetches all messages by one command, or each message by a command of its own (RFC 9051):
// LOGIN, SELECT, FETCH, LOGOUT.
func IMAP(line Line, user, secret int, once bool) Fetch {
	const done = len("a3 OK Fetch completed (0.001 + 0.000 secs).\r\n")
	f := Fetch{Line: line, Once: once,
		Open: []Exchange{{0, 110}, {len("a1 LOGIN  \r\n") + user + secret, 350}, {len("a2 SELECT INBOX\r\n"), 400}},
		Ask:  len("a3 FETCH 1:100 BODY.PEEK[]\r\n"), Lead: len("* 100 FETCH (BODY[] {10000}\r\n"), Tail: len(")\r\n"),
		Close: []Exchange{{len("a4 LOGOUT\r\n"), len("* BYE Logging out\r\na4 OK Logout completed.\r\n")}},
	}
	if once {
		f.Done = done
	} else {
		f.Tail += done
	}
	return f
}

// Tally returns a Tally of messages that are fetched. Of a [Message] only Size, Dots and User count.
func (f Fetch) Tally() *Tally {
	t := newTally(f.Line, f.Security, f.TLS, 0, f.Connections, fetchTalk{f})
	t.flat.room = serverWrite
	if f.Record > 0 {
		t.flat.record, t.flat.uneven = f.Record, t.flat.overhead > 0
	}
	return t
}

type fetchTalk struct{ Fetch }

// serverWrite is how much of a message a mailbox server writes at least at a time.
const serverWrite = 16 << 10

func (t fetchTalk) cut() cutter {
	if t.Security == Clear {
		return cutter{full: true}
	}
	return t.TLS.cutter()
}

func (t fetchTalk) open(s *sum, messages int64, c *cutter) {
	if t.Security == StartTLS {
		clear := s.clear()
		for _, e := range t.Clear {
			clear.exchange(e, nil)
		}
		s.merge(clear)
		t.quick(s, int64(len(t.Clear))-1)
	}
	if t.Security != Clear {
		t.TLS.handshake(s)
		t.quick(s, 2) // the second segment of ClientHello, and the end of the handshake
	}
	t.quick(s, -1) // the first command's acknowledgement is counted for all servers
	for i, e := range t.Open {
		s.exchange(e, c)
		switch {
		case e.Up > 0:
			t.quick(s, 1)
		case i > 0:
			s.rounds-- // nothing is waited for
		}
	}
	if t.Once {
		batches := t.batches(messages)
		s.write(&s.up, t.Ask, batches, c)
		s.shared[min(s.m, t.Ask+s.overhead)] += batches // their numbers have more digits
		t.quick(s, batches)
		s.rounds += batches
		s.down.stream += batches * int64(t.Done)
	}
	for _, e := range t.Close {
		s.exchange(e, nil)
	}
	t.TLS.close(t.Security, s)
}

// batches is how many commands fetch so many messages.
func (t fetchTalk) batches(messages int64) int64 {
	batch := int64(t.Batch)
	if batch <= 0 {
		batch = max(1, messages)
	}
	return (messages + batch - 1) / batch
}

// quick counts what the server acknowledges alone.
func (t fetchTalk) quick(s *sum, commands int64) {
	if t.Quick {
		s.up.acks += 1000 * commands
	}
}

func (t fetchTalk) message(s *sum, m Message, k int64, at place, c *cutter) {
	n := m.Size
	if t.Dotted {
		n += m.Dots
	}
	if t.Once {
		first := n
		if t.Piece > 0 {
			first = min(n, t.Piece)
		}
		for rest := n - first; rest > 0; rest -= t.Piece {
			s.write(&s.up, t.AskPiece, k, c)
			s.shared[min(s.m, t.AskPiece+s.overhead)] += k // its numbers have more digits
			s.body(&s.down, t.Lead+min(rest, t.Piece)+t.Tail+t.Done, 0, k, nil)
			t.quick(s, k)
			s.rounds += k
		}
		s.down.stream += k * int64(first+t.Lead+t.Tail)
		if s.uneven {
			s.cut(&s.down, k)
		}
		return
	}
	t.ask(s, k, at.number, c)
	t.quick(s, k*int64(1+len(t.Then)))
	s.rounds += k
	if t.LeadAlone {
		s.write(&s.down, t.Lead, k, nil)
	} else {
		n += t.Lead
	}
	s.body(&s.down, n+t.Tail, 0, k, nil)
	for _, e := range t.Then {
		s.write(&s.up, e.Up, k, c)
		s.write(&s.down, e.Down, k, nil)
		s.rounds += k
	}
}

// ask counts the commands for k messages from a number on: their numbers have more and more digits. k is negative for
// what is taken back.
func (t fetchTalk) ask(s *sum, k, number int64, c *cutter) {
	sign := int64(1)
	if k < 0 {
		sign, k = -1, -k
	}
	for next, length := int64(9), t.Ask; k > 0; next, length = next*10+9, length+1 {
		if some := min(k, next-number); some > 0 {
			s.write(&s.up, length, sign*some, c)
			number, k = number+some, k-some
		}
	}
}

// stream counts what the answers to commands for many messages are, over connections of n messages each. bytes is what
// all of them have in one connection.
func (t fetchTalk) stream(s *sum, bytes, n, connections int64) {
	batches := t.batches(n)
	if batches == 0 {
		return
	}
	each := bytes * min(n, max(int64(t.Batch), 1)) / n
	if t.Batch <= 0 {
		each = bytes
	}
	last := bytes - each*(batches-1)
	s.body(&s.down, int(each), 0, connections*(batches-1), nil)
	s.body(&s.down, int(last), 0, connections, nil)
	// The ends of the answers are where the mean of all numbers puts them.
	s.shared[each%int64(s.m)] += connections * (batches - 1)
	s.shared[last%int64(s.m)] += connections
}

// joined reports whether the server's FIN rides on its last answer: it ends the connection in the same moment.
func (t fetchTalk) joined() bool { return t.Security == Clear && len(t.Close) > 0 }

func (t fetchTalk) loose(*sum, Message) bool { return false }
