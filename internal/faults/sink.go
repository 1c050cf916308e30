package faults

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"mailshot/internal/sink"
)

// Point is a place in a conversation, as the server sees it.
type Point string

// The points, in the order of a delivery. In between lies what the sender does.
const (
	Connect Point = "connected" // the server has not greeted yet
	Mail    Point = "mail"      // MAIL has come
	Rcpt    Point = "rcpt"      // RCPT has come
	Data    Point = "data"      // DATA has come, 354 is not sent; with BDAT there is no such point
	Body    Point = "body"      // some of the message has come
	Dot     Point = "dot"       // all of the message has come, and nothing is kept
	Stored  Point = "stored"    // the record is synced, the reply not sent
	Replied Point = "replied"   // the reply that takes the message is sent, and perhaps not read
)

// Points lists all points.
func Points() []Point { return []Point{Connect, Mail, Rcpt, Data, Body, Dot, Stored, Replied} }

// Mark is a moment of a conversation: the Nth time that Point is passed, counted from 1 over all connections. At Body
// it is byte number Byte of the Nth message, or the message's last byte if it is shorter.
type Mark struct {
	Point Point
	N     int
	Byte  int64
}

func (m Mark) String() string {
	if m.Point == Body {
		return fmt.Sprintf("byte %d of message %d", m.Byte, m.N)
	}
	return fmt.Sprintf("%s %d", m.Point, m.N)
}

// SinkOptions say how a Sink misbehaves. The zero value is a server with PIPELINING and CHUNKING that takes everything.
type SinkOptions struct {
	// Rules are faults, as sink.ParseRule reads them. Default: none.
	Rules []string
	// Hide lists the extensions that the server does not offer. Default: none.
	Hide []string
	// Seed chooses which messages a rule with a percentage hits. Default: 0.
	Seed uint64
	// Observe is called with every event, before a strike. Default: nil, no call.
	Observe func(sink.Event)
}

// Sink is a server that knows the truth: each message that it takes is in its record, a file of its own that only grows
// and is synced before the reply is sent. Any number of goroutines may use it.
type Sink struct {
	*sink.Server
	path string
	file *os.File
	tell func(sink.Event)

	mu      sync.Mutex
	mark    Mark
	do      func()
	passed  int
	reading int64 // the connection on which the Nth message is read; 0 before
	offered map[string]int
	open    map[int64]bool // connections
	quiet   chan struct{}  // closed while none is open
}

// StartSink starts a server on a free port of the loopback address, with its record in the file at path, which is made
// or continued. The caller closes it.
func StartSink(path string, o SinkOptions) (*Sink, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	s := &Sink{path: path, file: file, tell: o.Observe, offered: map[string]int{}, open: map[int64]bool{},
		quiet: make(chan struct{})}
	close(s.quiet)
	so := sink.Options{Record: file, Hide: o.Hide, Seed: o.Seed, Observe: s.observe}
	for _, text := range o.Rules {
		rule, err := sink.ParseRule(text)
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		so.Rules = append(so.Rules, rule)
	}
	if s.Server, err = sink.Start(so); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// Close ends the server and closes its record.
func (s *Sink) Close() error { return errors.Join(s.Server.Close(), s.file.Close()) }

// Records reads the record: the messages that the server has taken so far.
func (s *Sink) Records() ([]sink.Record, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return sink.ReadRecords(f)
}

// Offered returns how often each address was the first recipient of a whole message, kept or not.
func (s *Sink) Offered() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]int, len(s.offered))
	for to, n := range s.offered {
		all[to] = n
	}
	return all
}

// Quiet returns a channel that is closed while no connection is open. Then the server has read what a dead sender left
// in the sockets, and has kept it or thrown it away. Call Quiet anew each time.
func (s *Sink) Quiet() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quiet
}

// Strike has do called once, when the mark is passed, counted from now. do runs in the goroutine of that connection,
// which does not go on before do returns. A new strike takes the place of one that has not come; a nil do only removes
// that one.
func (s *Sink) Strike(m Mark, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark, s.do, s.passed, s.reading = m, do, 0, 0
}

// observe counts and strikes.
func (s *Sink) observe(e sink.Event) {
	if s.tell != nil {
		s.tell(e)
	}
	s.mu.Lock()
	switch e.Kind {
	case string(Connect):
		if len(s.open) == 0 {
			s.quiet = make(chan struct{})
		}
		s.open[e.Connection] = true
	case "closed":
		if delete(s.open, e.Connection); len(s.open) == 0 {
			close(s.quiet)
		}
	case string(Dot):
		s.offered[e.To[0]]++
	}
	do := s.do
	if do == nil || !s.hit(e) {
		do = nil
	} else {
		s.do = nil
	}
	s.mu.Unlock()
	if do != nil {
		do()
	}
}

// hit counts an event towards the mark, and reports whether it is the one. s.mu is held.
func (s *Sink) hit(e sink.Event) bool {
	if s.mark.Point != Body {
		if e.Kind == string(s.mark.Point) {
			s.passed++
		}
		return s.passed == s.mark.N
	}
	begins := e.Kind == string(Body) && e.Size == 1 // the sink reads the first byte alone
	if begins && s.reading == 0 {
		if s.passed++; s.passed == s.mark.N {
			s.reading = e.Connection
		}
	}
	return e.Connection == s.reading && (e.Kind == string(Body) && e.Size >= s.mark.Byte || e.Kind == string(Dot))
}
