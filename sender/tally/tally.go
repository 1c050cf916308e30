// Package tally counts what a session puts on the wire: [New] wraps a connection, and [Conn.Tally] says what has gone
// over it so far.
//
// It counts on the socket, below TLS and above TCP. So it includes the bytes of TLS, and does not include segment
// headers and acknowledgements. Counting costs a few additions for each system call.
package tally

import "net"

// Tally is what went over one or more sessions. Messages are those that the server has taken.
type Tally struct {
	Sessions int64 `json:"sessions"`
	Sent     int64 `json:"sent"`     // bytes
	Received int64 `json:"received"` // bytes
	Writes   int64 `json:"writes"`   // calls that sent bytes; with TLS each record is a write
	Reads    int64 `json:"reads"`    // calls that brought bytes
	// Flights is how often this end began to write after it had read, or before anything was read. Each flight costs a
	// round trip if this end then waits for the server.
	Flights int64 `json:"flights"`
	// Opening is how many of Flights were before the first message could begin: EHLO, STARTTLS, handshake, login.
	Opening int64 `json:"opening"`
	// Segments is the least number of TCP segments that the writes need if each write begins a segment. See Full.
	Segments int64 `json:"segments"`
	Replies  int64 `json:"replies"` // whole answers of the server
	// HandshakeSent and HandshakeReceived are the bytes of TLS's handshake in Sent and Received. They do not include
	// what a server sends after the handshake, such as session tickets.
	HandshakeSent     int64       `json:"handshake_sent"`
	HandshakeReceived int64       `json:"handshake_received"`
	Messages          [Ways]int64 `json:"messages"` // by their way
}

// Way is how the envelope of a message goes to the server.
type Way int

// The ways, the longest first.
const (
	LockStep  Way = iota // one command at a time
	Pipelined            // MAIL, RCPT and DATA in one write (RFC 2920)
	Ahead                // with the end of the message before
	Chunked              // in one write with the message, by BDAT (RFC 3030)
	Ways                 // how many there are
)

// Taken is how many messages the server has taken, whatever their way.
func (t Tally) Taken() (n int64) {
	for _, m := range t.Messages {
		n += m
	}
	return n
}

// Add adds another tally.
func (t *Tally) Add(o Tally) {
	t.Sessions += o.Sessions
	t.Sent += o.Sent
	t.Received += o.Received
	t.Writes += o.Writes
	t.Reads += o.Reads
	t.Flights += o.Flights
	t.Opening += o.Opening
	t.Segments += o.Segments
	t.Replies += o.Replies
	t.HandshakeSent += o.HandshakeSent
	t.HandshakeReceived += o.HandshakeReceived
	for i, n := range o.Messages {
		t.Messages[i] += n
	}
}

// Full returns the largest payload of a segment that Segments assumes, in bytes: on a link of 1,500 bytes with
// timestamps (RFC 7323).
func Full(ipv6 bool) int64 {
	if ipv6 {
		return 1428
	}
	return 1448
}

// Conn is a connection that counts what goes over it. Only one caller at a time may read, write or ask for the tally;
// any caller may close it. Close and deadlines are those of the wrapped connection.
type Conn struct {
	net.Conn
	tally Tally
	ipv6  bool
	wrote bool // the last thing that happened was a write
}

// New wraps a connection.
func New(conn net.Conn) Conn {
	return Conn{Conn: conn, tally: Tally{Sessions: 1}, ipv6: IPv6(conn)}
}

// IPv6 reports whether a connection goes over IPv6.
func IPv6(conn net.Conn) bool {
	a, ok := conn.RemoteAddr().(*net.TCPAddr)
	return ok && a.IP.To4() == nil
}

// Tally returns what has gone over the connection so far.
func (c *Conn) Tally() Tally { return c.tally }

// Read reads from the connection, and counts.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.tally.Reads++
		c.tally.Received += int64(n)
		c.wrote = false
	}
	return n, err
}

// Write writes to the connection, and counts.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.Wrote(int64(n))
	return n, err
}

// Wrote counts a write of n bytes that went directly to the wrapped connection.
func (c *Conn) Wrote(n int64) {
	if n <= 0 {
		return
	}
	if !c.wrote {
		c.tally.Flights++
	}
	c.wrote = true
	c.tally.Writes++
	c.tally.Sent += n
	full := Full(c.ipv6)
	c.tally.Segments += (n + full - 1) / full
}

// Opened notes that messages can be sent from now on.
func (c *Conn) Opened() { c.tally.Opening = c.tally.Flights }

// Replied counts a whole answer of the server.
func (c *Conn) Replied() { c.tally.Replies++ }

// Took counts a message that the server has taken.
func (c *Conn) Took(by Way) { c.tally.Messages[by]++ }

// Secured notes that TLS is up. before is the tally when its handshake began.
func (c *Conn) Secured(before Tally) {
	c.tally.HandshakeSent, c.tally.HandshakeReceived = c.tally.Sent-before.Sent, c.tally.Received-before.Received
}
