package traffic

// Fetch is how messages are fetched from a mailbox. [POP3] and [IMAP] make the usual ones; a caller may change them.
type Fetch struct {
	Line     Line
	Security Security
	TLS      TLS
	// Clear are the exchanges before the handshake, with StartTLS.
	Clear []Exchange
	// Open are the exchanges of a connection before the first message, with the greeting; Close those behind the last.
	Open, Close []Exchange
	// Ask is the command that fetches a message, in bytes.
	Ask int
	// Lead is what the server says in front of a message, and Tail what it says behind it. LeadAlone says that Lead is a
	// write of its own.
	Lead, Tail int
	LeadAlone  bool
	// Dotted says that a dot at the beginning of a line is doubled.
	Dotted bool
	// Once says that one command fetches all messages of a connection. Done is then the answer behind all of them.
	Once bool
	Done int
	// Then are the exchanges behind each message, such as DELE.
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

// IMAP is a session that fetches all messages by one command, or each by one of its own (RFC 9051): LOGIN, SELECT,
// FETCH, LOGOUT.
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
	return newTally(f.Line, f.Security, f.TLS, 0, f.Connections, fetchTalk{f})
}

type fetchTalk struct{ Fetch }

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
	}
	if t.Security != Clear {
		t.TLS.handshake(s)
	}
	for _, e := range t.Open {
		s.exchange(e, c)
	}
	if t.Once && messages > 0 {
		s.exchange(Exchange{t.Ask, t.Done}, c)
	}
	for _, e := range t.Close {
		s.exchange(e, nil)
	}
	t.TLS.close(t.Security, s)
}

func (t fetchTalk) message(s *sum, m Message, k int64, _ place, c *cutter) {
	n := m.Size + t.Tail
	if t.Dotted {
		n += m.Dots
	}
	if t.Once {
		s.down.stream += k * int64(n+t.Lead)
		return
	}
	s.write(&s.up, t.Ask, k, c)
	s.rounds += k
	if t.LeadAlone {
		s.write(&s.down, t.Lead, k, nil)
	} else {
		n += t.Lead
	}
	s.body(&s.down, n, 0, k, nil)
	for _, e := range t.Then {
		s.write(&s.up, e.Up, k, c)
		s.write(&s.down, e.Down, k, nil)
		s.rounds += k
	}
}

func (t fetchTalk) loose(*sum, Message) bool { return false }
