// Package sink is a catch-all SMTP server for trials and tests: [Start] starts one, [ParseRule] makes a fault for it,
// and [ReadRecords] reads what it took. It takes every message for everybody, keeps what it is told to keep, and fails
// where it is told to fail. Nothing ever leaves it.
//
// The server is emersion/go-smtp's. Between it and the socket is a layer of our own that does what a well-behaved
// server library cannot: close in the middle of a reply, answer nonsense, never answer.
//
// # Ground truth
//
// A message counts as accepted when its Record is written, and synced if Options.Record can sync. Only then is the
// reply sent. So the records tell, after any crash on either side, what a real server would have delivered. Comparing
// them with a sender's ledger shows messages lost or sent twice.
//
// # Rules
//
// A Rule makes the server misbehave at one point of the conversation:
//
//	POINT:ACTION             always
//	POINT:WHEN,WHEN…:ACTION  when all of them hold
//
// POINT is one of
//
//	connect   instead of the greeting
//	tls       in place of the TLS handshake (drop, reset, stall, delay)
//	ehlo starttls auth mail rcpt   the reply to the command
//	data      the reply to DATA, in place of 354
//	body      after the first bytes of the body (drop, reset, stall, delay)
//	dot       the reply to the end of the message (after DATA or BDAT LAST)
//
// WHEN is one of
//
//	*@gmail.example   the recipient matches (at mail: the sender); "*" and "?" are wildcards, case does not count
//	1%, 0.5%          this share, drawn from a hash of Options.Seed, the recipient and how often the rule saw it,
//	                  so that the same run fails in the same places
//	once              the first time for each recipient: greylisting
//	3, 3+             the third time, from the third time on; counted over the server
//	3/conn, 3+/conn   the same, counted in each connection
//
// A count counts the times when all conditions before it held, so put patterns first. ACTION is one of
//
//	450 4.2.1 slow down   this reply; "\n" begins another line of it. A 2xx has the effect of success, at dot the
//	                      message is kept; after a 421 the connection is closed
//	delay 2s              wait, then go on as usual
//	stall                 never answer; ends when the client or the server closes
//	drop                  close without an answer
//	reset                 the same by a TCP reset
//	half                  close in the middle of the usual reply
//	garbage               answer with bytes that are not a reply
//	raw "250 ok\r\n421 bye\r\n"   answer with these bytes (a Go string), whatever they are; it is success if they begin
//	                      with a whole line of success; with drop or reset after the string, close then
//	store-ACTION          at dot: keep the message and write its record first, then ACTION
//
// If several rules hold at one point, the first is taken.
package sink

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"mailshot/internal/mailbox"
)

// Options says where to listen and what to keep. The zero value listens on a free port of the loopback address, without
// TLS, and asks for no password.
type Options struct {
	// Addr is the TCP address to listen on. Default: 127.0.0.1:0.
	Addr string
	// Listener is used instead of Addr when it is set; the server closes it.
	Listener net.Listener
	// Hostname is what the server calls itself. Default: sink.example.
	Hostname string
	// TLS is "none", "starttls" (which is then required before MAIL) or "implicit". Default: none.
	TLS string
	// Username and Password are required by AUTH PLAIN or LOGIN before MAIL, if Username is set. Default: AUTH is not
	// offered.
	Username, Password string
	// MaxSize is the largest message in bytes, announced by SIZE. Default: no limit.
	MaxSize int64
	// MaxConnections is how many connections may be open; a further one is answered with 421. Default: no limit.
	MaxConnections int
	// IdleTimeout ends a connection that says nothing for that long with 421. Default: never.
	IdleTimeout time.Duration
	// Hide lists extensions to leave out of the answer to EHLO, such as "PIPELINING" or "SIZE". Default: none; go-smtp's
	// extensions, SMTPUTF8 and DSN are offered.
	Hide []string
	// Rules are the faults to show, first match first.
	Rules []Rule
	// Seed changes which messages a percentage hits. Default: 0.
	Seed uint64
	// Record gets one line of JSON, a [Record], for each accepted message, before the message is answered. If it has a
	// method Sync() error, that is called before the answer too. A fault of either is answered with 451. Default: none.
	Record io.Writer
	// Headers names header fields to copy into Record.Header. Default: none.
	Headers []string
	// Store keeps each accepted message, before its Record is written. The caller closes it, after the server. Default:
	// none.
	Store mailbox.Writer
	// Observe is called with each event, from several goroutines at once. The connection waits until it returns. Default:
	// nobody is told.
	Observe func(Event)
}

// Event is something that happened in the server.
type Event struct {
	// Kind is connected (nothing is said yet), closed, authenticated, mail, rcpt, data (354 is not yet sent), body (more
	// of the message has come), dot (the message is complete, nothing is kept yet), stored (the record is written, the
	// reply not yet sent), replied (the reply that takes the message was given to the socket) or fault.
	Kind string
	// Connection numbers connections from 1.
	Connection int64
	// From and To are the envelope as far as it is known.
	From string
	To   []string
	// Size is how many bytes of the message have come, for body.
	Size int64
	// Text is the user's name for authenticated, the rule for fault, and the error for closed, if there was one.
	Text string
}

// Server is a running sink.
type Server struct {
	o     Options
	tls   *certificate // nil without TLS
	l     *listener
	smtp  *smtp.Server
	rec   *recorder
	rules []*ruleState

	buffers  sync.Pool     // *[]byte to read bodies into
	served   chan struct{} // closed when the accept loop has ended
	stopping chan struct{} // closed when Close begins: ends delays and stalls
	stop     sync.Once

	accepted atomic.Int64
	total    atomic.Int64

	mu   sync.Mutex
	open map[*conn]struct{}
	peak int
}

// Start listens and serves in the background until Close.
func Start(o Options) (*Server, error) {
	if o.Hostname == "" {
		o.Hostname = "sink.example"
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	s := &Server{
		o:        o,
		rec:      newRecorder(o.Record),
		served:   make(chan struct{}),
		stopping: make(chan struct{}),
		open:     make(map[*conn]struct{}),
		buffers:  sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }},
	}
	switch o.TLS {
	case "", "none":
	case "starttls", "implicit":
		cert, err := newCertificate(o.Hostname)
		if err != nil {
			return nil, fmt.Errorf("sink: certificate: %w", err)
		}
		s.tls = cert
	default:
		return nil, fmt.Errorf("sink: unknown TLS mode %q (one of none, starttls, implicit)", o.TLS)
	}
	for _, r := range o.Rules {
		if r.point == "" {
			return nil, errors.New("sink: an empty rule")
		}
		s.rules = append(s.rules, newRuleState(r, o.Seed))
	}
	l := o.Listener
	if l == nil {
		var err error
		if l, err = net.Listen("tcp", o.Addr); err != nil {
			return nil, fmt.Errorf("sink: %w", err)
		}
	}
	s.l = &listener{Listener: l, server: s}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain = o.Hostname
	s.smtp.MaxMessageBytes = o.MaxSize
	s.smtp.ReadTimeout = o.IdleTimeout
	s.smtp.AllowInsecureAuth = true // go-smtp cannot see TLS, which is below it
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.EnableDSN = true
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	go func() {
		defer close(s.served)
		s.smtp.Serve(s.l) // ends when Close closes the listener
	}()
	return s, nil
}

// Addr is where the server listens, host:port.
func (s *Server) Addr() string { return s.l.Addr().String() }

// Host is the host of Addr.
func (s *Server) Host() string {
	host, _, _ := net.SplitHostPort(s.Addr())
	return host
}

// Port is the port of Addr.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.Addr())
	n, _ := strconv.Atoi(port)
	return n
}

// RootCAs is a pool that trusts this server's temporary certificate, which is for localhost, the loopback addresses and
// Options.Hostname. It is nil without TLS.
func (s *Server) RootCAs() *x509.CertPool {
	if s.tls == nil {
		return nil
	}
	return s.tls.pool
}

// Accepted counts the messages recorded, also those whose reply a rule then withheld.
func (s *Server) Accepted() int64 { return s.accepted.Load() }

// Connections counts the connections since the start.
func (s *Server) Connections() int { return int(s.total.Load()) }

// Open counts the connections open now.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Peak is the largest number of connections that were open at once.
func (s *Server) Peak() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak
}

// Close stops listening, closes every connection, and returns when nothing of the server runs any more. Messages not
// yet recorded are not accepted. Close may be called more than once.
func (s *Server) Close() error {
	var err error
	s.stop.Do(func() {
		close(s.stopping)
		err = s.l.Close()
		<-s.served // no connection is added from here on
		s.mu.Lock()
		for c := range s.open {
			c.kill(false)
		}
		s.mu.Unlock()
		// Of go-smtp's ways to end, only Shutdown waits for the connections. It complains that the listener is already
		// closed.
		s.smtp.Shutdown(context.Background())
	})
	return err
}

// observe tells the caller of an event.
func (s *Server) observe(e Event) {
	if s.o.Observe != nil {
		s.o.Observe(e)
	}
}

// listener gives go-smtp connections with our layer around them.
type listener struct {
	net.Listener
	server *Server
	once   sync.Once
	err    error
}

// Close closes the caller's listener once, however often go-smtp asks.
func (l *listener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

func (l *listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	s := l.server
	c := newConn(nc, s, s.total.Add(1))
	s.mu.Lock()
	s.open[c] = struct{}{}
	c.crowd = len(s.open)
	s.peak = max(s.peak, c.crowd)
	s.mu.Unlock()
	return c, nil
}

// forget is called when a connection ends, perhaps more than once.
func (s *Server) forget(c *conn) {
	s.mu.Lock()
	_, known := s.open[c]
	delete(s.open, c)
	s.mu.Unlock()
	if !known {
		return
	}
	for _, r := range s.rules {
		r.forget(c)
	}
	text, _ := c.text.Load().(string)
	s.observe(Event{Kind: "closed", Connection: c.number, Text: text})
}
