package traffic

// Tally adds up what messages cost. [Session.Tally] and [Fetch.Tally] make one. It is for one goroutine at a time.
type Tally struct {
	line          Line
	per, parallel int
	talk          talk
	flat          sum // of all messages as they are in the middle of a long connection
	n             int64
	user          int64
	first         Message
	mixed         bool    // the messages are not all alike
	mean          Message // sums until Cost
	loose         int64   // writes whose number of segments depends on the message behind
}

// talk is a protocol.
type talk interface {
	// open counts what a connection of some messages costs beside them. c cuts what the client writes.
	open(s *sum, messages int64, c *cutter)
	// message counts a message k times. c nil: in the middle of a long connection, where at is not looked at.
	message(s *sum, m Message, k int64, at place, c *cutter)
	// loose reports whether the number of segments of a message depends on the message behind it.
	loose(s *sum, m Message) bool
}

// place is where a message is in its connection.
type place struct {
	first, second, last bool
	number              int64 // of messages before it
}

func newTally(line Line, security Security, tls TLS, per, parallel int, t talk) *Tally {
	shape := sum{m: line.Segment(), h: line.Header(), record: fullRecord, room: sendBuffer}
	if security != Clear {
		shape.overhead = tls.overhead()
	}
	return &Tally{line: line, per: per, parallel: parallel, talk: t, flat: shape.empty()}
}

// Add counts a message n times.
func (t *Tally) Add(m Message, n int64) {
	if n <= 0 {
		return
	}
	if t.n == 0 {
		t.first = m
	}
	t.mixed = t.mixed || m != t.first
	before := t.n
	t.n += n
	t.user += n * int64(m.User)
	k := int(n)
	t.mean.Mail += k * m.Mail
	t.mean.Rcpt += k * m.Rcpt
	t.mean.More += k * m.More
	t.mean.Size += k * m.Size
	t.mean.Dots += k * m.Dots
	t.talk.message(&t.flat, m, n, place{number: before}, nil)
	if t.talk.loose(&t.flat, m) {
		t.loose += n
	}
}

// typical is the message that stands for all of them where it matters which come first: the one there is, or the mean.
func (t *Tally) typical() Message {
	if !t.mixed {
		return t.first
	}
	k := int(max(1, t.n))
	return Message{Mail: t.mean.Mail / k, Rcpt: t.mean.Rcpt / k, More: t.mean.More / k, Size: t.mean.Size / k,
		Dots: t.mean.Dots / k}
}

// connections returns how many connections carry how many messages each: some carry a, and the others b.
func (t *Tally) connections() (many, a, others, b int64) {
	if t.n == 0 {
		return 0, 0, 0, 0
	}
	parallel := min(int64(max(1, t.parallel)), t.n)
	if per := int64(t.per); per > 0 && (t.n+per-1)/per > parallel {
		many = t.n / per
		if rest := t.n % per; rest > 0 {
			return many, per, 1, rest
		}
		return many, per, 0, 0
	}
	rest := t.n % parallel
	return parallel - rest, t.n / parallel, rest, t.n/parallel + 1
}

// connection is what a connection of n messages costs beyond n messages in the middle of one.
func (t *Tally) connection(n int64, tls *cutter) sum {
	s := t.flat.empty()
	c := *tls
	t.talk.open(&s, n, &c)
	m := t.typical()
	i := int64(0)
	for ; i < n && (i < 2 || !c.full); i++ {
		t.talk.message(&s, m, 1, place{first: i == 0, second: i == 1, last: i == n-1, number: i}, &c)
		t.talk.message(&s, m, -1, place{number: i}, nil)
	}
	if i < n {
		t.talk.message(&s, m, 1, place{last: true, number: n - 1}, &c)
		t.talk.message(&s, m, -1, place{number: n - 1}, nil)
	}
	return s
}

// Cost says what all messages cost that were added. The Tally can take more afterwards.
func (t *Tally) Cost() Cost {
	all := t.flat.empty()
	all.add(&t.flat, 1)
	many, a, others, b := t.connections()
	c := t.cut()
	if many > 0 {
		s := t.connection(a, &c)
		all.add(&s, many)
	}
	if others > 0 {
		s := t.connection(b, &c)
		all.add(&s, others)
	}
	if f, ok := t.talk.(fetchTalk); ok && f.Once && many > 0 {
		stream := all.down.stream
		f.stream(&all, stream*a/t.n, a, many)
		if others > 0 {
			f.stream(&all, stream*b/t.n, b, others)
		}
	}
	all.settle()
	return t.cost(&all, many+others)
}

func (t *Tally) cut() cutter {
	if f, ok := t.talk.(interface{ cut() cutter }); ok {
		return f.cut()
	}
	return cutter{full: true}
}
