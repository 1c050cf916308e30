// Package sender hands finished messages to a mail server through a pool of
// authenticated SMTP connections, and tells what became of each.
//
// # One message
//
// [Pool.Send] takes a connection, the one used last, or opens one, and plays one
// transaction for one recipient. Its begin callback runs once the server has
// accepted the envelope and before the first byte of the message: that is where
// the caller makes its intent durable, and the only moment at which it can. What
// happened comes back as an [Outcome] in one of few classes (see
// [mailshot/sender/reply]), never as a panic, a retry behind the caller's back
// of anything a server may have taken, or a guess:
//
//   - Before begin everything can be tried again, and nothing has happened.
//   - Between begin and the final dot nothing has been handed over, because no
//     server takes a message without its end.
//   - After the final dot a whole answer decides. Without one the outcome is unknown.
//
// Where the server offers PIPELINING, the end of a message carries the envelope of a
// Send that waits: one round trip a message, as long as some wait. Where it offers CHUNKING too, a
// message of up to Config.ChunkLimit goes out in one write with its own envelope, once the
// connection has carried one and was heard just now; begin runs before MAIL
// there, and a connection that breaks before any answer leaves the message unknown. After the first such break
// the pool sends no more that way.
//
// The one thing Send repeats by itself is a transaction of which the server has
// heard nothing, on a connection that had been used before: servers close idle connections, and
// that is no one's fault. Once MAIL is written it may count for the server's caps, whatever became of
// it, and another try needs a use of its own: Send returns, with no time to wait.
//
// # Connections
//
// Connections are opened on demand, up to Config.Connections, and closed after
// MessagesPerConnection messages, a minute without use, or anything that makes
// them doubtful. The pool proves itself with a single connection before it opens
// others, so that a bad password is tried once and not once per worker. A server
// that refuses further connections while some are open is believed: the pool
// makes do with those. When no connection can be had, the pool does not try
// again before a growing wait is over, whoever asks; meanwhile every Send
// returns that wait at once. What only a person can put right (credentials, certificates) stops the pool for good.
//
// # Caps
//
// [Budget] is where caps are reserved and used up, [Gate] what admits one
// message after another under them. The pool knows nothing of caps.
package sender

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailshot/sender/auth"
	"mailshot/sender/limits"
	"mailshot/sender/reply"
	"mailshot/sender/smtp"
)

// Timeouts are the longest waits; a zero field is what RFC 5321 4.5.3.2 asks for.
type Timeouts = smtp.Timeouts

// Config describes a mail server and how to use it.
type Config struct {
	Host     string
	Port     int
	Socket   string // path of the Unix socket that the server listens on, in the place of Host and Port; "": none
	Protocol string // "smtp" or "lmtp" (RFC 2033); "": smtp
	TLS      string // "implicit", "starttls", "none" or, without a login, "opportunistic"; "": implicit for port 465, none for a socket, else starttls
	// Username and Password log in. Password is called until it has given a
	// secret once; that one serves the pool's life. Nil: no authentication.
	Username string
	Password func(context.Context) (Secret, error)
	// Token gives an OAuth2 access token in the place of a password. It is asked
	// before each connection is opened, by several goroutines at once, and keeps its token itself. An error
	// with a method Temporary() bool that returns true is waited out; any other stops the pool.
	Token func(context.Context) (Secret, error)
	// Auth is the mechanism to use, as EHLO names it, in any case; "": the best
	// that the server offers. EXTERNAL needs neither password nor token.
	Auth    string
	Helo    string         // the name given in EHLO; "": this end's address as a literal
	RootCAs *x509.CertPool // nil: the system's
	// Certificates are shown to a server that asks for one.
	Certificates []tls.Certificate
	// Fingerprint is the SHA-256 of the only certificate that the server may show, in
	// 64 hexadecimal digits; it takes the place of verification. "": verify.
	Fingerprint string
	// Replies says whose words the server speaks, as reply.Provider's Replies or
	// reply.System name it; "": found by the host.
	Replies string

	Connections           int            // open at once; 2
	MessagesPerConnection int            // 100
	Idle                  time.Duration  // an unused connection is closed after it; 1 min
	Reconnect             limits.Backoff // waits while no connection can be had; First 5 s, Max 1 h, GiveUp is not used
	Timeouts              Timeouts

	// RequireTLS asks the server to pass every message on over TLS only (RFC
	// 8689); one that does not offer REQUIRETLS stops the pool. Default: not asked.
	RequireTLS bool
	// ChunkLimit is the size in bytes up to which a message goes out in one write with
	// its envelope where the server offers CHUNKING and PIPELINING; 0: 64 KiB, negative: none.
	ChunkLimit int64
	// LockStep: one command at a time, for servers that offer more than they can. Default: what is offered is used.
	LockStep bool

	// Observe is called for connections opened, lost, closed and refused; nil: nobody
	// looks. It may be called from several goroutines at once, and must not block or call the pool.
	Observe func(Event)
	// Dial opens network connections; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// stranger: the server is one of many that others run (see Direct). What it says
	// to a connection stops nothing for good: it is asked again after a while.
	stranger bool
}

// Event is news of a connection.
type Event struct {
	Kind        EventKind
	Server      string // host:port, or the socket's path
	Text        string // the server's words, cleaned, or what happened; may be ""
	Connections int    // open after it
	Time        time.Time
}

// EventKind is what happened to a connection.
type EventKind string

// The kinds of events.
const (
	Opened  EventKind = "opened"
	Closed  EventKind = "closed"  // by this end
	Lost    EventKind = "lost"    // it broke, or the server closed it
	Refused EventKind = "refused" // none could be had
)

// Mail is one finished message for one recipient.
type Mail struct {
	From, To string // envelope addresses, without <>; From "" is the null reverse path
	Size     int64  // in bytes as written by Body; 0: not known
	// Body writes the message: CRLF line ends, lines up to 998 bytes, no dot
	// stuffing. It is called once at most.
	Body io.WriterTo
	// Notify asks for delivery reports where the server offers DSN (RFC 3461):
	// "never", or "success", "failure" and "delay" joined by commas; "": the server's choice.
	Notify string
	// EnvID, up to 100 printable ASCII characters, comes back in those reports; "": none.
	EnvID string
}

// LMTP is the Config.Protocol of servers that put mail into mailboxes themselves.
const LMTP = "lmtp"

// Outcome is what became of a message.
type Outcome struct {
	// Class says what may be done next. It is "" when Send was cut short before
	// begin, or by begin: nothing has happened, and Err says why. Stage is "" then
	// if the server has not heard of the message.
	Class reply.Class
	// About is what the server, or the lack of one, had to say something about:
	// recipient, message, sender or server. When it is the server, nothing is
	// known against the delivery: it is to be put back, not counted as tried.
	About reply.About
	// Begun: begin was called and returned nil.
	Begun bool

	Stage    reply.Stage // step of the session
	Code     int         // basic code; 0: no whole answer
	Enhanced string      // as "5.1.1", or ""
	Text     string      // the server's words, cleaned, or what happened
	Server   string      // host:port, or the socket's path

	// HoldOff is how long to leave the server alone from Time on; 0: no need. After a reply it is what that one
	// asks for: to wait longer each time it is asked again is the caller's part.
	HoldOff  time.Duration
	Suppress bool // the mailbox does not exist
	Time     time.Time
	// Err is nil when Class is OK. Else it is a text for a person, with what to
	// do where that is known, and wraps the cause.
	Err error
}

// Error is an Outcome as an error, as Check returns it.
type Error struct{ Outcome Outcome }

func (e *Error) Error() string { return e.Outcome.Err.Error() }
func (e *Error) Unwrap() error { return e.Outcome.Err }

// Why Send did not get as far as a server.
var (
	ErrClosed  = errors.New("the sender is closed")
	ErrAborted = errors.New("the sender was told to close every connection at once")
)

const (
	defaultConnections = 2
	defaultMessages    = 100
	defaultIdle        = time.Minute
	firstReconnect     = 5 * time.Second
	lastReconnect      = time.Hour
	defaultChunkLimit  = 64 << 10
)

// resolve checks a configuration, all of it at once, and fills in its defaults.
func (c Config) resolve() (Config, error) {
	if c.TLS == "" {
		c.TLS = string(c.security())
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("server: "+format, args...)) }
	c.checkAddress(bad)
	c.checkTLS(bad)
	c.checkLogin(bad)
	if c.Helo != "" && strings.ContainsFunc(c.Helo, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		bad("helo %q is not a host name", c.Helo)
	}
	if b, err := hex.DecodeString(c.Fingerprint); err != nil || len(b) != 0 && len(b) != sha256.Size {
		bad("fingerprint %q is not a SHA-256 in hexadecimal", c.Fingerprint)
	}
	if c.Connections < 0 || c.MessagesPerConnection < 0 || c.Idle < 0 {
		bad("connections, messages per connection and idle time must not be negative")
	}
	c.Connections = cmp.Or(c.Connections, defaultConnections)
	c.MessagesPerConnection = cmp.Or(c.MessagesPerConnection, defaultMessages)
	c.ChunkLimit = cmp.Or(c.ChunkLimit, defaultChunkLimit)
	c.Idle = cmp.Or(c.Idle, defaultIdle)
	c.Reconnect.First = cmp.Or(c.Reconnect.First, firstReconnect)
	c.Reconnect.Max = max(cmp.Or(c.Reconnect.Max, lastReconnect), c.Reconnect.First)
	c.Timeouts = c.Timeouts.Defaults()
	if c.Replies == "" {
		c.Replies = reply.System(c.Host)
	}
	if c.Observe == nil {
		c.Observe = func(Event) {}
	}
	return c, errors.Join(errs...)
}

// security is how the connection is protected when TLS does not say.
func (c Config) security() smtp.Security {
	switch {
	case c.Socket != "":
		return smtp.None
	case c.Port == 465:
		return smtp.Implicit
	}
	return smtp.StartTLS
}

func (c Config) checkAddress(bad func(format string, args ...any)) {
	switch {
	case c.Socket != "" && (c.Host != "" || c.Port != 0):
		bad("a socket and a host or port")
	case c.Socket != "":
	case c.Host == "" || strings.ContainsFunc(c.Host, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		bad("host %q is not a host name", c.Host)
	}
	if c.Socket == "" && (c.Port < 1 || c.Port > 65535) {
		bad("port %d is not between 1 and 65535", c.Port)
	}
	if c.Protocol != "" && c.Protocol != "smtp" && c.Protocol != LMTP {
		bad("protocol %q is not smtp or lmtp", c.Protocol)
	}
}

func (c Config) checkTLS(bad func(format string, args ...any)) {
	switch smtp.Security(c.TLS) {
	case smtp.Implicit, smtp.StartTLS:
	case smtp.Opportunistic:
		if c.authenticates() {
			bad("no login over TLS that is only opportunistic (set tls: starttls or tls: implicit)")
		}
	case smtp.None:
		if c.authenticates() && c.Socket == "" && !local(c.Host) {
			bad("a password is never sent to %s without TLS (set tls: starttls or tls: implicit)", c.Host)
		}
		if c.RequireTLS {
			bad("TLS cannot be required of others on a connection without it (set tls: starttls or tls: implicit)")
		}
	default:
		bad("tls %q is not implicit, starttls or none", c.TLS)
	}
}

func (c Config) checkLogin(bad func(format string, args ...any)) {
	switch secret := c.Password != nil || c.Token != nil; {
	case c.Password != nil && c.Token != nil:
		bad("both a password and a token")
	case secret && c.Username == "":
		bad("a password or token without a user name")
	case c.Auth != "" && !slices.Contains(auth.Mechanisms(), strings.ToUpper(c.Auth)):
		bad("auth %q is not one of %s", c.Auth, strings.Join(auth.Mechanisms(), ", "))
	case c.Auth != "" && !secret && !strings.EqualFold(c.Auth, auth.External):
		bad("auth %s without a password or token", c.Auth)
	}
}

// authenticates reports whether sessions log in.
func (c Config) authenticates() bool {
	return c.Password != nil || c.Token != nil || c.Auth != ""
}

// local reports whether a host as written is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// address is where the server listens: host:port, or the path of a socket.
func (c Config) address() string {
	if c.Socket != "" {
		return c.Socket
	}
	return net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
}
