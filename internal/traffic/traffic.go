// Package traffic says what mail costs on the wire: bytes, segments, frames and time, for sending by SMTP and for
// fetching by POP3 and IMAP. It only computes: it opens no connection and reads no file.
//
// # The model
//
// A connection carries payload in data segments. Each has a header of IP and TCP. The receiver acknowledges them, and
// an acknowledgement either rides on the receiver's own data or is a segment of its own. So the volume of a connection
// lies between two bounds, which need no assumption about the receiver:
//
//	lower     every acknowledgement rides on data
//	upper     every data segment is acknowledged by a segment of its own
//	expected  between them, by how Linux acknowledges, as it was measured ([Acks])
//
// The cost of a message does not depend on the other messages of its connection, except for the first few records of
// TLS. So costs are sums. A [Tally] takes messages one after another, or many of the same size at once, and then says
// what all of them cost. It keeps no message. Adding one allocates nothing.
//
// Loss is not in the model: each retransmission adds its segment.
//
// Sources: RFC 9293 (TCP), 7323 (timestamps), 5681 (acknowledgements, slow start), 6928 (initial window), 5321, 2920,
// 3030, 4954 and 3207 (SMTP and its extensions), 8446 and 5246 (TLS), 1939 (POP3), 9051 (IMAP).
package traffic

import "time"

// Line is the line between the two ends. The zero value is Ethernet with IPv4 and timestamps, without delay or limit.
type Line struct {
	// MTU is the largest IP packet in bytes; 0: 1500.
	MTU int
	// IPv6 makes the IP header 40 bytes instead of 20.
	IPv6 bool
	// NoTimestamps leaves out the 12 bytes of TCP timestamps in each segment. Linux, macOS and the BSDs use them.
	// Windows does not offer them.
	NoTimestamps bool
	// Framing is how many bytes the line adds to each IP packet; it counts for the time that bytes take. 0: 14,
	// Ethernet as it is captured; negative: none. On an Ethernet cable it is 38, with check sum, preamble and gap.
	Framing int
	// RTT is the time that a packet and its answer need while nothing is queued.
	RTT time.Duration
	// Up and Down are bits per second from the client and to it. Up 0: no limit; Down 0: as Up.
	Up, Down int64
}

// The headers, in bytes.
const (
	ipv4Header     = 20
	ipv6Header     = 40
	tcpHeader      = 20
	timestamps     = 12
	ethernetHeader = 14
	leastFrame     = 60 // of Ethernet, without check sum
	synOptions     = 20 // MSS, SACK, timestamps and window scale; without timestamps Linux pads to 12
	synOptionsBare = 12
)

// Segment is M, the payload of a full segment, in bytes.
func (l Line) Segment() int {
	mtu := l.MTU
	if mtu <= 0 {
		mtu = 1500
	}
	return max(1, mtu-l.Header())
}

// Header is h, the bytes of IP and TCP headers of a data segment or an acknowledgement.
func (l Line) Header() int {
	h := l.ip() + tcpHeader
	if !l.NoTimestamps {
		h += timestamps
	}
	return h
}

func (l Line) ip() int {
	if l.IPv6 {
		return ipv6Header
	}
	return ipv4Header
}

// syn is the length of the packets SYN and SYN-ACK.
func (l Line) syn() int {
	if l.NoTimestamps {
		return l.ip() + tcpHeader + synOptionsBare
	}
	return l.ip() + tcpHeader + synOptions
}

// Control is the volume of opening and closing a connection: SYN, SYN-ACK, ACK and two FINs, without what acknowledges
// the FINs.
func (l Line) Control() int { return 2*l.syn() + 3*l.Header() }

// controlSegments is how many segments [Line.Control] counts.
const controlSegments = 5

// FrameOf is the length of the Ethernet frame that carries an IP packet, as it is captured: without the check sum, but
// with the padding that short frames get on a cable.
func FrameOf(packet int) int { return max(leastFrame, packet+ethernetHeader) }

// framing is how many bytes the line adds to a packet.
func (l Line) framing() int {
	switch {
	case l.Framing < 0:
		return 0
	case l.Framing == 0:
		return ethernetHeader
	default:
		return l.Framing
	}
}

// Range is an amount with its bounds.
type Range struct {
	Lower    int64 `json:"lower"`
	Expected int64 `json:"expected"`
	Upper    int64 `json:"upper"`
}

// Path is how an SMTP session uses its round trips.
type Path int

// The paths of a session, from the most round trips to the fewest. The names are those of sender/smtp: the first
// message of [Ahead] and [Chunked] has its envelope in a write of its own.
const (
	// LockStep is one command and one answer after another: 4 round trips a message.
	LockStep Path = iota
	// Pipelined sends MAIL, RCPT and DATA in one write (RFC 2920): 2 round trips a message.
	Pipelined
	// Ahead sends the next message's MAIL, RCPT and DATA in the write of this message's end: 1 round trip a message.
	Ahead
	// Chunked sends MAIL, RCPT, BDAT and the message in one write (RFC 3030): 1 round trip a message. The first two of a
	// connection go by Ahead, because the second is announced before the server has taken one. So do messages above
	// [Session.ChunkLimit].
	Chunked
)

// String returns lock-step, pipelined, ahead or chunked.
func (p Path) String() string {
	return [...]string{"lock-step", "pipelined", "ahead", "chunked"}[p]
}

// Security is whether and how a connection is protected.
type Security int

// The kinds of protection.
const (
	Clear    Security = iota // no TLS
	Implicit                 // TLS from the first byte
	StartTLS                 // TLS by STARTTLS (STLS in POP3)
)

// String returns clear, implicit or starttls.
func (s Security) String() string { return [...]string{"clear", "implicit", "starttls"}[s] }

// Exchange is a write of the client and the server's answer to it, in bytes of payload with line ends. With Up 0 the
// server speaks unasked, as in a greeting.
type Exchange struct{ Up, Down int }
