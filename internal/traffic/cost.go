package traffic

import (
	"cmp"
	"math"
	"time"
)

// Cost is what messages cost on the wire. Bytes are bytes of IP packets, unless a field says otherwise.
type Cost struct {
	Messages    int64 `json:"messages"`
	Connections int64 `json:"connections"`
	// User is what users wrote, before encoding.
	User int64 `json:"user"`
	// PayloadUp and PayloadDown are the bytes of TCP payload, from the client and to it, including what TLS adds.
	PayloadUp   int64 `json:"payload_up"`
	PayloadDown int64 `json:"payload_down"`
	// Records is how many records TLS has cut application data into; 0 without TLS.
	Records int64 `json:"records"`
	// DataUp and DataDown are data segments. The bounds differ where writes follow each other at once: then the kernel
	// may put the end of one and the beginning of the next into one segment.
	DataUp   Range `json:"data_up"`
	DataDown Range `json:"data_down"`
	// Segments are all segments, including acknowledgements.
	Segments Range `json:"segments"`
	// Volume is all IP bytes in both directions. VolumeUp and VolumeDown are the bytes in each direction.
	Volume     Range `json:"volume"`
	VolumeUp   Range `json:"volume_up"`
	VolumeDown Range `json:"volume_down"`
	// Rounds is how many round trips the client waits for, over all connections, without opening and closing and
	// without slow start.
	Rounds int64 `json:"rounds"`
	// Lengths are the expected frames, by their length, the shortest first.
	Lengths []Length `json:"lengths"`

	line     Line
	parallel int64
	burst    int64 // segments of a mean body, for slow start
	pulls    bool  // the bodies come down
}

// Length is how many frames of one length are expected.
type Length struct {
	// Frame is the length of the Ethernet frame, as [FrameOf] counts it.
	Frame int `json:"frame"`
	// Data frames carry payload.
	Data int64 `json:"data"`
	// Shared is how many of the Data frames have no certain length: they belong to a write that is followed at once by
	// another, or to a write that the kernel may not take at once. The number of the other frames is exact if all
	// messages are alike, and a mean if they are not.
	Shared int64 `json:"shared"`
	// Bare frames carry no payload: SYN, FIN and acknowledgements. It is the expected number.
	Bare int64 `json:"bare"`
}

// cost makes the result of a sum over so many connections.
func (t *Tally) cost(s *sum, connections int64) Cost {
	c := Cost{Messages: t.n, Connections: connections, User: t.user, PayloadUp: s.up.payload, PayloadDown: s.down.payload,
		Records: s.up.records + s.down.records, Rounds: s.rounds, line: t.line,
		parallel: min(int64(max(1, t.parallel)), max(1, connections))}
	c.DataUp, c.DataDown = s.up.segments(), s.down.segments()
	reset := int64(0) // bytes by which RST in place of a FIN is shorter, where close_notify meets a closed end
	if s.overhead > 0 {
		reset = connections * int64(s.h-t.line.ip()-tcpHeader)
	}
	joined := int64(0) // FINs that ride on data
	if f, ok := t.talk.(fetchTalk); ok && f.joined() {
		joined = connections
	}
	slack := int64(0) // bytes by which the volume of a mix may differ for the order of its messages
	if t.mixed {
		loose := t.loose
		if s.overhead > 0 {
			loose += warmRecords * connections
			slack = warmRecords * connections * int64(s.overhead)
		}
		c.DataUp.Lower = max(0, c.DataUp.Lower-loose)
		c.DataUp.Upper += loose
	}
	h := int64(s.h)
	// The sender of a flow gets its acknowledgements. Each end acknowledges one FIN, and the server the first command:
	// Linux acknowledges the first segments of a connection at once. SYN, ACK and one FIN are the client's.
	up, down := (s.up.acks+500)/1000+connections, (s.down.acks+500)/1000
	syn := int64(t.line.syn())
	both := h * (c.DataUp.Upper + c.DataDown.Upper)
	fixed := s.up.payload + connections*(syn+2*h)
	c.VolumeUp = Range{fixed + h*c.DataUp.Lower - slack - reset,
		fixed + h*(c.DataUp.Expected+connections+down-joined), fixed + both + slack}
	fixed = s.down.payload + connections*(syn+h)
	c.VolumeDown = Range{fixed + h*(c.DataDown.Lower-joined), fixed + h*(c.DataDown.Expected+connections+up-joined),
		fixed + both + s.down.spare}
	c.Volume = Range{c.VolumeUp.Lower + c.VolumeDown.Lower, c.VolumeUp.Expected + c.VolumeDown.Expected,
		s.up.payload + s.down.payload + connections*int64(t.line.Control()) + 2*both + slack + s.down.spare}
	bare := controlSegments * connections
	c.Segments = Range{c.DataUp.Lower + c.DataDown.Lower + bare - joined,
		c.DataUp.Expected + c.DataDown.Expected + bare + 2*(connections-joined) + up + down,
		2*(c.DataUp.Upper+c.DataDown.Upper) + bare}
	c.lay(s, 2*connections, 5*connections-2*joined+up+down)
	if t.n > 0 {
		c.burst, c.pulls = max(s.up.bodies, s.down.bodies)/t.n, s.down.bodies > s.up.bodies
	}
	return c
}

// warmRecords is after how many records crypto/tls has reached full ones.
const warmRecords = 14

func (f flow) segments() Range { return Range{f.least, f.data, f.most} }

// lay makes the histogram: the data segments, SYNs and bare segments of h bytes.
func (c *Cost) lay(s *sum, syns, bare int64) {
	frames := make([]Length, FrameOf(s.m+s.h)+1)
	for n, k := range s.lengths {
		frames[FrameOf(n+s.h)].Data += k
		frames[FrameOf(n+s.h)].Shared += s.shared[n]
	}
	frames[FrameOf(s.h)].Bare += bare
	if syn := FrameOf(c.line.syn()); syn < len(frames) {
		frames[syn].Bare += syns
	}
	for i, f := range frames {
		f.Shared = min(f.Shared, f.Data)
		if f.Data != 0 || f.Bare != 0 {
			f.Frame = i
			c.Lengths = append(c.Lengths, f)
		}
	}
}

// Efficiency is the share of the expected volume that users wrote, 0 to 1.
func (c Cost) Efficiency() float64 {
	if c.Volume.Expected == 0 {
		return 0
	}
	return float64(c.User) / float64(c.Volume.Expected)
}

// Delay is how long something takes, with its parts. The parts are for one connection after another; Total takes into
// account that connections are open at the same time.
type Delay struct {
	Connecting time.Duration `json:"connecting"` // opening and closing of TCP
	Rounds     time.Duration `json:"rounds"`     // round trips of commands
	SlowStart  time.Duration `json:"slow_start"` // round trips for which a body waits until the window has grown
	Bytes      time.Duration `json:"bytes"`      // the time that the bytes need on the line
	Server     time.Duration `json:"server"`     // what the caller says that servers need
	Total      time.Duration `json:"total"`
	// Binds says what takes most of the time: "round trips", "bandwidth" or "server"; "" when there is no delay.
	Binds string `json:"binds"`
}

// initialWindow is how many segments may be sent before the first acknowledgement (RFC 6928).
const initialWindow = 10

// Delay says how long it takes on the line. server is the time that the server needs for a message.
//
// Connections that are open at the same time share the line: Total is never less than the time that the bytes need.
func (c Cost) Delay(server time.Duration) Delay {
	rtt, connections := float64(c.line.RTT), float64(c.Connections)
	d := Delay{
		Connecting: lasting(1.5 * rtt * connections),
		Rounds:     lasting(rtt * float64(c.Rounds)),
		SlowStart:  lasting(c.stalls() * connections),
		Bytes:      lasting(c.transfer()),
		Server:     lasting(float64(server) * float64(c.Messages)),
	}
	// In floating point, because the sums of the longest times are longer than a time.Duration.
	parallel := float64(max(1, c.parallel))
	waits, bytes := float64(d.Connecting)+float64(d.Rounds)+float64(d.SlowStart), float64(d.Bytes)
	d.Total = lasting(max((waits+float64(d.Server)+bytes)/parallel, bytes))
	switch share, served := waits/parallel, float64(d.Server)/parallel; {
	case d.Total == 0:
	case bytes >= share && bytes >= served:
		d.Binds = "bandwidth"
	case share >= served:
		d.Binds = "round trips"
	default:
		d.Binds = "server"
	}
	return d
}

// lasting is ns as a time.Duration. More than the longest time.Duration, 292 years, becomes that longest one.
func lasting(ns float64) time.Duration {
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}

// stalls returns how many nanoseconds a first body waits for acknowledgements, because its window does not fill the
// line yet. The window begins with ten segments and doubles each round trip (RFC 5681, 6928).
func (c Cost) stalls() float64 {
	rate := c.line.Up
	if c.pulls {
		rate = cmp.Or(c.line.Down, rate)
	}
	segment := 0.0 // the time that a full one needs
	if rate > 0 {
		segment = 8 * float64(c.line.Segment()+c.line.Header()+c.line.framing()) / float64(rate) * float64(time.Second)
	}
	rest, total := c.burst, 0.0
	for window := int64(initialWindow); rest > window; window *= 2 {
		rest -= window
		total += max(0, float64(c.line.RTT)+segment-float64(window)*segment)
	}
	return total
}

// transfer is how many nanoseconds all bytes need on the line, with the framing of their packets.
func (c Cost) transfer() float64 {
	if c.line.Up <= 0 {
		return 0
	}
	framing := int64(c.line.framing())
	seconds := func(volume, packets, rate int64) float64 {
		return 8 * float64(volume+packets*framing) / float64(rate)
	}
	down := cmp.Or(c.line.Down, c.line.Up)
	return (seconds(c.VolumeUp.Expected, c.DataUp.Expected, c.line.Up) +
		seconds(c.VolumeDown.Expected, c.DataDown.Expected, down)) * float64(time.Second)
}
