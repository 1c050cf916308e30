// Package smtp is the client's side of one SMTP session (RFC 5321, 3207, 4954). [Dial] connects,
// reads the greeting, and plays EHLO, STARTTLS and AUTH. Then [Session.Send] plays one transaction
// after another, and [Session.Quit] ends the session.
//
// A session is clean or closed. It is clean when every command has had its one whole answer and
// nothing else has come; only then is the next command written. Whatever breaks that (a byte nobody
// asked for, half an answer, a time-out, an answer that makes no sense) closes the connection, and
// what came is credited to nothing. There is no NOOP, no RSET after success, and no way to take
// back a message but to close the socket.
//
// The session reads answers itself and not through go-smtp's client. That client keeps what it read
// beyond an answer in a buffer of its own, bounds a line but not the number of lines, has no
// deadline while a body is written, and waits for each reply of a transaction. The mechanisms of
// AUTH are those of sender/auth.
//
// Each wait has a deadline of its own: one for a whole answer, however slowly its bytes come, and
// one for each write of a body.
package smtp

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mailshot/sender/auth"
	"mailshot/sender/reply"
	"mailshot/sender/tally"
)

// Security is how a session is protected.
type Security string

// The kinds of protection. Within a session none of them falls back to another.
const (
	Implicit Security = "implicit" // TLS from the first byte (RFC 8314)
	StartTLS Security = "starttls" // TLS by STARTTLS, required (RFC 3207)
	None     Security = "none"     // no TLS
	// Opportunistic is how mail exchangers speak to each other (RFC 7435): TLS by STARTTLS where it
	// is offered, with whatever certificate, else no TLS. It keeps out those who listen, not those
	// who can change what is sent. Nothing is authenticated over it.
	Opportunistic Security = "opportunistic"
)

// Timeouts are the longest waits of a session. A zero field has the value that RFC 5321 4.5.3.2
// asks for.
type Timeouts struct {
	Connect time.Duration // TCP connect, and the TLS handshake; 30 s
	Command time.Duration // a command's write, and its whole answer; 5 min
	Data    time.Duration // each write of a part of a message; 3 min
	End     time.Duration // the answer to the final dot; 10 min
	Quit    time.Duration // QUIT; 5 s
}

// Defaults returns the time-outs with zero fields filled in.
func (t Timeouts) Defaults() Timeouts {
	fill := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	fill(&t.Connect, 30*time.Second)
	fill(&t.Command, 5*time.Minute)
	fill(&t.Data, 3*time.Minute)
	fill(&t.End, 10*time.Minute)
	fill(&t.Quit, 5*time.Second)
	return t
}

// Options say how to open a session.
type Options struct {
	Network  string   // as for net.Dial; "": tcp
	Address  string   // host:port, or what Network has in its place
	Security Security // "": Implicit
	Helo     string   // the name to give in EHLO; "": an address literal of this end
	Timeouts Timeouts
	// TLS gives ServerName and RootCAs; nil: the host of Address and the system's roots. TLS 1.2 is
	// the least, and the certificate is verified, except with Opportunistic.
	TLS *tls.Config
	// Auth returns the mechanism to authenticate with, given what the server
	// offers after TLS; nil: no authentication.
	Auth func(context.Context, auth.Server) (*auth.Client, error)
	// Dial opens the connection; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Fingerprint is the SHA-256 of the one certificate that the server may show. It takes the
	// place of the certificate's verification, and nothing else does; empty: verify.
	Fingerprint []byte
	// Trace is called with each line of the conversation, without its line end. Secrets are masked
	// and messages left out; nil: nobody listens.
	Trace func(server bool, line string)
	// Secured is called when TLS is up, and Greeted when the server has greeted, whatever becomes of
	// the session then; nil: nobody looks.
	Secured func(tls.ConnectionState)
	Greeted func()
	// Until ends Dial early: reply.Greeting behind the greeting, reply.Ehlo behind the first EHLO.
	// Such a session takes no transaction; "": Dial ends when the session can take one.
	Until reply.Stage
	// LMTP speaks LMTP (RFC 2033), to a server that puts mail into mailboxes itself.
	LMTP bool
	// LockStep sends one command at a time, whatever is offered.
	LockStep bool
	// RequireTLS asks the server to pass every message on over TLS only (RFC 8689). A session
	// without TLS, or with a server that does not offer REQUIRETLS, is an error.
	RequireTLS bool
}

// Session is an open session. Its methods are for one goroutine at a time, except Close, which any
// goroutine may call.
type Session struct {
	conn     net.Conn // what is spoken on: wire, or TLS around it
	raw      net.Conn
	wire     tally.Conn // counts what goes over raw
	tls      uint16     // version of TLS; 0: none
	started  bool       // by STARTTLS
	in       incoming
	br       *bufio.Reader // of in
	out      []byte        // write buffer, reused
	pieces   net.Buffers   // of a message that is written from where it lies, reused
	timeouts Timeouts
	helo     string
	caps     map[string]string // EHLO keyword → parameters, upper case keywords
	secure   bool
	trace    func(server bool, line string)
	masks    func(string) string // takes the secrets of AUTH out of a text; nil before AUTH
	closed   atomic.Bool
	used     int // transactions begun
	once     sync.Once

	// What the last EHLO offered, as far as transactions use it.
	pipelining, chunking, dsn, sizes, eightBit bool
	lmtp, lockstep, requireTLS                 bool // as Options say
	// State between transactions.
	dirty   bool        // a refused transaction is open: RSET is due
	taken   bool        // the server has taken a message
	ahead   *ahead      // the next message's envelope was sent already; nil: none was
	follows ahead       // what ahead points to
	known   [3]answered // the last answers to MAIL, RCPT and DATA
	dots    dotWriter
	spilled func([]byte) error
}

// Dial opens a session and brings it to the point where it takes a transaction. When ctx ends, the
// connection is closed and Dial returns ctx's error, wrapped. Every error is an [*Error].
func Dial(ctx context.Context, o Options) (*Session, error) {
	s := &Session{timeouts: o.Timeouts.Defaults(), helo: o.Helo, lmtp: o.LMTP, lockstep: o.LockStep,
		requireTLS: o.RequireTLS}
	s.spilled = func(b []byte) error { return s.part(b, 0) }
	s.trace = o.Trace
	if err := s.connect(ctx, o); err != nil {
		return nil, err
	}
	// From here on the end of ctx shows as an error on the closed connection.
	stop := context.AfterFunc(ctx, s.Close)
	err := s.handshake(ctx, o)
	if !stop() && err == nil {
		err = &Error{Stage: reply.Auth, Err: ctx.Err()}
	}
	if err != nil {
		s.Close()
		if ctx.Err() != nil {
			return nil, &Error{Stage: stageOf(err), Text: "interrupted", Err: ctx.Err()}
		}
		return nil, err
	}
	s.wire.Opened()
	return s, nil
}

func (s *Session) connect(ctx context.Context, o Options) error {
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	limited, cancel := context.WithTimeout(ctx, s.timeouts.Connect)
	defer cancel()
	conn, err := dial(limited, cmp.Or(o.Network, "tcp"), o.Address)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return dialError(err)
	}
	s.raw, s.wire = conn, tally.New(conn)
	s.conn = &s.wire
	return nil
}

// handshake goes from the first byte to the end of AUTH.
func (s *Session) handshake(ctx context.Context, o Options) error {
	config := tlsConfig(o)
	if o.Security == Implicit || o.Security == "" {
		if err := s.upgrade(ctx, config, o.Secured); err != nil {
			return err
		}
	}
	s.listen(s.conn)
	r, err := s.answer(reply.Greeting, s.timeouts.Command)
	if err != nil {
		return err
	}
	if o.Greeted != nil {
		o.Greeted()
	}
	if r.Code != 220 {
		return s.refused(r)
	}
	if o.Until == reply.Greeting {
		return nil
	}
	if err := s.hello(); err != nil || o.Until == reply.Ehlo {
		return err
	}
	_, offered := s.caps["STARTTLS"]
	if o.Security == StartTLS || o.Security == Opportunistic && offered {
		if err := s.startTLS(ctx, config, o.Secured); err != nil {
			return err
		}
	}
	if _, ok := s.caps["REQUIRETLS"]; s.requireTLS && (!ok || !s.secure) {
		return &Error{Stage: reply.Ehlo, Stop: true,
			Text: "the server does not promise to pass mail on over TLS only (it does not offer REQUIRETLS)",
			Hint: "nothing was sent; leave the requirement out, or use a server that offers REQUIRETLS"}
	}
	if o.Auth == nil {
		return nil
	}
	return s.authenticate(ctx, o)
}

// tlsConfig is the caller's configuration with what is not negotiable.
func tlsConfig(o Options) *tls.Config {
	c := &tls.Config{}
	if o.TLS != nil {
		c = o.TLS.Clone()
	}
	c.InsecureSkipVerify = o.Security == Opportunistic
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(o.Address)
	}
	if len(o.Fingerprint) > 0 {
		pin(c, o.Fingerprint)
	}
	return c
}

func (s *Session) upgrade(ctx context.Context, config *tls.Config, secured func(tls.ConnectionState)) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts.Connect)
	defer cancel()
	conn := tls.Client(&s.wire, config)
	before := s.wire.Tally()
	if err := conn.HandshakeContext(ctx); err != nil {
		return tlsError(err)
	}
	s.conn, s.secure = conn, true
	state := conn.ConnectionState()
	s.wire.Secured(before)
	s.tls = state.Version
	if secured != nil {
		secured(state)
	}
	return nil
}

// startTLS upgrades the connection. Bytes behind the 220 were sent by somebody on the clear
// connection, and would be taken for the server's protected words (CVE-2011-0411): they end the
// session.
func (s *Session) startTLS(ctx context.Context, config *tls.Config, secured func(tls.ConnectionState)) error {
	if _, ok := s.caps["STARTTLS"]; !ok {
		return &Error{Stage: reply.StartTLS, Stop: true, Text: "the server does not offer STARTTLS",
			Hint: "nothing was sent over the unprotected connection; " +
				"use tls: implicit with port 465 if the server has it"}
	}
	r, err := s.command(reply.StartTLS, s.timeouts.Command, "STARTTLS")
	if err != nil {
		return err
	}
	if r.Code != 220 {
		return s.refused(r)
	}
	if s.br.Buffered() > 0 {
		return &Error{Stage: reply.StartTLS, Stop: true, Text: "unprotected bytes came behind the answer to STARTTLS",
			Hint: "somebody may be tampering with the connection; use tls: implicit with port 465 if the server has it"}
	}
	if err := s.upgrade(ctx, config, secured); err != nil {
		return err
	}
	s.started = true
	s.listen(s.conn)
	s.caps = nil
	return s.hello()
}

// name is what this end calls itself.
func (s *Session) name() string {
	if s.helo != "" {
		return s.helo
	}
	return literal(s.conn.LocalAddr())
}

// hello says EHLO, or HELO to a server that does not know EHLO, and takes note of what is offered.
// After HELO nothing is offered.
func (s *Session) hello() error {
	name, hello := s.name(), "EHLO "
	if s.lmtp {
		hello = "LHLO "
	}
	r, err := s.command(reply.Ehlo, s.timeouts.Command, hello+name)
	if err != nil {
		return err
	}
	s.caps = map[string]string{}
	defer s.offered()
	if !s.lmtp && (r.Code == 500 || r.Code == 502 || r.Code == 504) {
		if r, err = s.command(reply.Ehlo, s.timeouts.Command, "HELO "+name); err != nil {
			return err
		}
		if r.Code != 250 {
			return s.refused(r)
		}
		return nil
	}
	if r.Code != 250 {
		return s.refused(r)
	}
	s.caps = keywords(r.Lines[1:])
	return nil
}

// keywords reads the lines of EHLO's answer behind the first. Some servers say a keyword twice, as a
// front and the server behind it do: the parameters of both count, and of two sizes the smaller one.
func keywords(lines []string) map[string]string {
	caps := map[string]string{}
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		keyword, params := strings.ToUpper(fields[0]), fields[1:]
		// The old form AUTH=LOGIN comes beside the right form, or without it.
		if first, ok := strings.CutPrefix(keyword, "AUTH="); ok {
			keyword = "AUTH"
			if first != "" {
				params = slices.Concat([]string{fields[0][len("AUTH="):]}, params)
			}
		}
		have := strings.Fields(caps[keyword])
		for _, p := range params {
			if !slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, p) }) {
				have = append(have, p)
			}
		}
		if keyword == "SIZE" && len(have) > 1 {
			have = []string{smaller(have[0], have[1])}
		}
		caps[keyword] = strings.Join(have, " ")
	}
	return caps
}

// smaller is the smaller one of two sizes. 0 and what is not a number name no size.
func smaller(a, b string) string {
	x, errX := strconv.ParseInt(a, 10, 64)
	y, errY := strconv.ParseInt(b, 10, 64)
	if errX != nil || x <= 0 || errY == nil && y > 0 && y < x {
		return b
	}
	return a
}

// offered takes note of the extensions that transactions use.
func (s *Session) offered() {
	has := func(keyword string) bool { _, ok := s.caps[keyword]; return ok }
	s.pipelining = has("PIPELINING") && !s.lockstep
	s.chunking, s.dsn, s.sizes, s.eightBit = has("CHUNKING"), has("DSN"), has("SIZE"), has("8BITMIME")
}

// literal is this end's address as RFC 5321 4.1.3 writes it for a host without a name.
func literal(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	switch {
	case !ok:
		return "[127.0.0.1]"
	case tcp.IP.To4() != nil:
		return "[" + tcp.IP.String() + "]"
	default:
		return "[IPv6:" + tcp.IP.String() + "]"
	}
}

// MaxSize is the size in bytes of the largest message that the server takes (RFC 1870), 0 when it
// names none.
func (s *Session) MaxSize() int64 {
	n, err := strconv.ParseInt(s.caps["SIZE"], 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Traffic is what went over a session, and how.
type Traffic struct {
	tally.Tally
	TLS      uint16 // the version, as in crypto/tls; 0: no TLS
	StartTLS bool   // TLS began by STARTTLS
	IPv6     bool
	// What the server offers (RFC 2920, RFC 3030), whether it is used or not.
	Pipelining, Chunking bool
}

// Traffic returns what went over the session so far. Call it as its only user, and not while Send runs.
func (s *Session) Traffic() Traffic {
	_, pipelining := s.caps["PIPELINING"]
	return Traffic{s.wire.Tally(), s.tls, s.started, tally.IPv6(s.raw), pipelining, s.chunking}
}

// Used is the number of transactions begun.
func (s *Session) Used() int { return s.used }

// Stale reports whether the session, unused for a while, has been closed by the server or holds
// words that nobody asked for. It does not wait, and misses what is still on its way.
func (s *Session) Stale() bool {
	// A read deadline that has passed would be taken for news.
	return s.Closed() || s.br.Buffered() > 0 || s.conn.SetReadDeadline(time.Time{}) != nil || pending(s.raw)
}

// Closed reports whether the session can take no more.
func (s *Session) Closed() bool { return s.closed.Load() }

// Quit says QUIT on a clean session and closes it; a session that is not clean it only closes. It
// waits at most Timeouts.Quit.
func (s *Session) Quit() {
	if !s.Closed() {
		_, _ = s.command(reply.Quit, s.timeouts.Quit, "QUIT") // closed either way
	}
	s.Close()
}

// Close closes the connection at once. Another goroutine's call that is under way on it then fails.
func (s *Session) Close() {
	// The raw connection is closed: closing the TLS connection could wait for a peer that does not read.
	s.closed.Store(true)
	s.once.Do(func() { _ = s.raw.Close() }) // nothing is lost with it
}
