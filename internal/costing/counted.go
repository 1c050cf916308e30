package costing

import (
	"slices"
	"time"

	"mailshot/campaign/meter"
	"mailshot/internal/traffic"
	"mailshot/sender/tally"
)

// Report is what the sessions of a campaign have counted, in JSON.
type Report struct {
	Campaign string    `json:"campaign"`         // its id
	Sent     int64     `json:"sent"`             // messages that servers have taken, by the ledger
	Counted  int64     `json:"counted"`          // messages of counted connections; above Sent: the ledger was begun anew
	Runs     int64     `json:"runs"`             // that counted
	Since    time.Time `json:"since,omitzero"`   // when the first of them began
	Parts    []Counted `json:"parts"`            // by server and kind of connection
	Last     *LastRun  `json:"last,omitempty"`   // the newest run by itself, if there were several
	Unread   string    `json:"unread,omitempty"` // why the record could not be read
}

// LastRun is the newest of several runs.
type LastRun struct {
	Started time.Time `json:"started"`
	Parts   []Counted `json:"parts"`
}

// OffersOf returns what a server offered in the newest run that spoke to it, by the most frequent kind of its
// connections in that run; nil: no run spoke to it.
func OffersOf(runs []meter.Run, server string) (found *Offers) {
	most := int64(0)
	for _, r := range slices.Backward(runs) {
		for _, p := range r.Parts {
			if p.Server == server && p.Sessions > most {
				most, found = p.Sessions, &Offers{Pipelining: p.Pipelining, Chunking: p.Chunking}
			}
		}
		if found != nil {
			break
		}
	}
	return found
}

// Counted is what connections of a kind have counted, with the bounds that the model gives.
type Counted struct {
	meter.Kind
	Path        string   `json:"path"` // how most of the messages went: lock-step, pipelined, ahead or BDAT
	Connections int64    `json:"connections"`
	Messages    Messages `json:"messages"`
	// PayloadUp and PayloadDown are bytes on the socket, including TLS and without the headers of TCP.
	PayloadUp   int64 `json:"payload_up"`
	PayloadDown int64 `json:"payload_down"`
	Writes      int64 `json:"writes"`
	Reads       int64 `json:"reads"`
	// Flights is how often this end wrote after it had read. Each of these writes waits for a round trip.
	Flights int64 `json:"flights"`
	// FlightsBound is how many flights the paths of the messages need: at least, and with a QUIT for each connection.
	// Refused messages, and messages with copies in lock-step, need more than that.
	FlightsBound traffic.Range `json:"flights_bound"`
	// HandshakeUp and HandshakeDown are the bytes of TLS handshakes in the payload.
	HandshakeUp   int64 `json:"handshake_up"`
	HandshakeDown int64 `json:"handshake_down"`
	// Segments and Volume are what goes over the line for this payload by the model, in TCP segments and IP bytes of
	// both directions: over Ethernet, with the timestamps of this machine's TCP, and without loss.
	Segments traffic.Range `json:"segments"`
	Volume   traffic.Range `json:"volume"`
}

// Messages are messages that servers have taken, by the way in which their envelopes went.
type Messages struct {
	LockStep  int64 `json:"lock_step"` // one command at a time
	Pipelined int64 `json:"pipelined"` // in one write
	Ahead     int64 `json:"ahead"`     // with the end of the message before
	Chunked   int64 `json:"bdat"`      // in one write with the message
}

// All returns the number of all messages.
func (m Messages) All() int64 { return m.LockStep + m.Pipelined + m.Ahead + m.Chunked }

// NewReport returns the report of the runs of a campaign. sent is how many messages the campaign has sent.
func NewReport(id string, sent int64, runs []meter.Run) Report {
	all := meter.Sum(runs)
	r := Report{Campaign: id, Sent: sent, Runs: all.Runs, Since: all.Started, Parts: counted(all)}
	for _, p := range r.Parts {
		r.Counted += p.Messages.All()
	}
	if n := len(runs); n > 1 {
		r.Last = &LastRun{runs[n-1].Started, counted(runs[n-1])}
	}
	return r
}

func counted(r meter.Run) []Counted {
	all := []Counted{}
	for _, p := range r.Parts {
		all = append(all, CountedOf(p))
	}
	return all
}

// flightsOf is how many flights a message needs, by its way.
var flightsOf = [tally.Ways]int64{tally.LockStep: 4, tally.Pipelined: 2, tally.Ahead: 1, tally.Chunked: 1}

// CountedOf compares what was counted with the model.
func CountedOf(p meter.Part) Counted {
	c := Counted{
		Kind: p.Kind, Connections: p.Sessions, PayloadUp: p.Sent, PayloadDown: p.Received, Writes: p.Writes, Reads: p.Reads,
		Flights: p.Flights, HandshakeUp: p.HandshakeSent, HandshakeDown: p.HandshakeReceived,
		Messages: Messages{p.Messages[tally.LockStep], p.Messages[tally.Pipelined], p.Messages[tally.Ahead],
			p.Messages[tally.Chunked]},
	}
	most := tally.LockStep
	need := p.Opening
	for way, n := range p.Messages {
		need += n * flightsOf[way]
		if n > p.Messages[most] {
			most = tally.Way(way)
		}
	}
	c.Path = [tally.Ways]string{"lock-step", "pipelined", "ahead", "BDAT"}[most]
	c.FlightsBound = traffic.Range{Lower: need, Expected: need + p.Sessions, Upper: need + p.Sessions}
	c.bound(p)
	return c
}

// bound is what goes over the line for a payload. Each flight is at least one segment, and is answered by at least one;
// at most each write begins a segment, and each reply is one.
func (c *Counted) bound(p meter.Part) {
	line := here(traffic.Line{IPv6: p.IPv6})
	full := int64(line.Segment())
	up := func(n int64) int64 { return (n + full - 1) / full }
	leastDown := max(up(p.Received), p.Flights-p.Sessions)
	least := max(up(p.Sent), p.Flights) + leastDown
	mostDown := p.Replies + up(p.HandshakeReceived)
	if p.TLS != "" {
		mostDown += 2 * p.Sessions // tickets, and the alert at the end
	}
	mostDown = max(leastDown, mostDown)
	most := max(least, p.Segments+mostDown)
	// A segment that comes is mostly read by itself. Those that come one behind another, without a command between, are
	// acknowledged alone, and so is a part of each body.
	down := min(max(p.Reads, leastDown), mostDown)
	alone := 2*p.Sessions + max(0, down-p.Flights)
	if n := p.Taken(); n > 0 {
		each := int((p.Segments - p.Flights + n) / n) // of a body, about
		alone += int64(traffic.AcksOf(each).Expected * float64(n))
	}
	h, fixed := int64(line.Header()), p.Sessions*int64(line.Control())
	payload, expected := p.Sent+p.Received, max(least, min(p.Segments+down+alone, 2*most))
	c.Volume = traffic.Range{
		Lower: payload + h*least + fixed, Expected: payload + h*expected + fixed, Upper: payload + 2*h*most + fixed,
	}
	const control = 5 // segments that open and close a connection
	c.Segments = traffic.Range{
		Lower: least + control*p.Sessions, Expected: expected + control*p.Sessions,
		Upper: 2*most + control*p.Sessions,
	}
}
