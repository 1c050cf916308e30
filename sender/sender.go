// Package sender hands finished messages to a mail server. [New] makes a [Pool] for one server.
// [Pool.Check] tries the connection and the login, [Pool.Send] hands over one message and returns
// an [Outcome], and [Pool.Close] ends the pool. [NewDirect] does the same without a server of one's
// own: it delivers to each domain's mail exchangers. [Probe] shows what a server offers.
//
// # One message
//
// [Pool.Send] takes a connection, the one used last, or opens one. It plays one transaction for one
// recipient. Its begin callback runs once the server has accepted the envelope and before the first
// byte of the message. There the caller makes its intent durable; there is no other moment for it.
// What happened comes back as an [Outcome] in one of a few classes (see [mailshot/sender/reply]).
// It is never a panic, a guess, or a hidden retry of anything that a server may have taken:
//
//   - Before begin nothing has happened, and everything can be tried again.
//   - Between begin and the final dot nothing has been handed over, because no server takes a
//     message without its end.
//   - After the final dot a whole answer decides. Without one the outcome is unknown.
//
// Where the server offers PIPELINING, the end of a message carries the envelope of a Send that
// waits. As long as some wait, a message costs one round trip.
//
// Where the server offers CHUNKING too, a message of up to Config.ChunkLimit goes out in one write
// with its own envelope, once the connection has carried a message and the server was heard just
// now. There begin runs before MAIL, and a connection that breaks before any answer leaves the
// message unknown. After the first such break the pool sends no more messages that way.
//
// Send repeats one thing by itself: a transaction of which the server has heard nothing, on a
// connection that had been used before. Servers close idle connections, and nobody is at fault.
// Once MAIL is written the message may count for the server's caps, whatever became of it. Another
// try then needs a use of its own, so Send returns, with no time to wait.
//
// # Connections
//
// Connections are opened on demand, up to Config.Connections. A connection is closed after
// Config.MessagesPerConnection messages, after Config.Idle without use, or after anything that
// makes it doubtful. The pool proves itself with a single connection before it opens others, so that a bad
// password is tried once and not once per worker. When a server refuses further connections while
// some are open, the pool makes do with those.
//
// When no connection can be had, the pool waits before it tries again, longer each time, whoever
// asks. Until then every Send returns the rest of that wait at once. What only a person can put
// right (credentials, certificates) stops the pool for good.
//
// # Caps
//
// [Budget] is where caps are reserved and used up. [Gate] admits one message after another under
// them. The pool knows nothing of caps.
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

// Timeouts are the longest waits. A zero field has the value that RFC 5321 4.5.3.2 asks for.
type Timeouts = smtp.Timeouts

// Config describes a mail server and how to use it.
type Config struct {
	Host     string // name or address of the server
	Port     int    // 587 for most servers with a login, 465 for TLS from the first byte; there is no default
	Socket   string // path of the Unix socket that the server listens on, instead of Host and Port; "": none
	Protocol string // "smtp" or "lmtp" (RFC 2033); "": smtp
	// TLS is "implicit", "starttls", "none" or, without a login, "opportunistic"; "": implicit for
	// port 465, none for a socket, else starttls.
	TLS string
	// Username and Password log in. Password is called until it has given a secret once. That
	// secret serves for the pool's life. Nil: no authentication.
	Username string
	Password func(context.Context) (Secret, error)
	// Token gives an OAuth2 access token, instead of a password. It is asked before each connection
	// is opened, by several goroutines at once, and it keeps its token itself. An error with a
	// method Temporary() bool that returns true is waited out. Any other error stops the pool. Nil:
	// no token.
	Token func(context.Context) (Secret, error)
	// Auth is the mechanism to use, as EHLO names it, in any case; "": the best that the server
	// offers. EXTERNAL needs neither a password nor a token.
	Auth    string
	Helo    string         // the name given in EHLO; "": this end's address as a literal
	RootCAs *x509.CertPool // nil: the system's
	// Certificates are shown to a server that asks for one; nil: none.
	Certificates []tls.Certificate
	// Fingerprint is the SHA-256 of the only certificate that the server may show, in 64
	// hexadecimal digits. It takes the place of verification; "": verify.
	Fingerprint string
	// Replies says whose words the server speaks, as reply.Provider's Replies or reply.System name
	// them; "": found by the host.
	Replies string

	Connections           int            // open at once; 2
	MessagesPerConnection int            // 100
	Idle                  time.Duration  // an unused connection is closed after it; 1 min
	Reconnect             limits.Backoff // waits while no connection can be had; First 5 s, Max 1 h; GiveUp is not used
	Timeouts              Timeouts

	// RequireTLS asks the server to pass every message on over TLS only (RFC 8689). A server that
	// does not offer REQUIRETLS stops the pool; false: not asked.
	RequireTLS bool
	// ChunkLimit is the largest message, in bytes, that goes out in one write with its envelope
	// where the server offers CHUNKING and PIPELINING; 0: 64 KiB, negative: none.
	ChunkLimit int64
	// LockStep sends one command at a time, for servers that offer more than they can do; false:
	// what is offered is used.
	LockStep bool

	// Observe is called when a connection is opened, closed, lost or refused. It may be called from
	// several goroutines at once, and must not block or call the pool; nil: nobody looks.
	Observe func(Event)
	// Dial opens network connections; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// stranger: others run the server, and it is one of many (see Direct). What it says to a
	// connection stops nothing for good: it is asked again after a while.
	stranger bool
}

// Event is news of a connection.
type Event struct {
	Kind        EventKind
	Server      string // host:port, or the socket's path
	Text        string // the server's words, cleaned, or what happened; may be ""
	Connections int    // open after the event
	Time        time.Time
	Traffic     Traffic // of a connection that was closed or lost: all that went over it
}

// Traffic is what went over a connection, and how.
type Traffic = smtp.Traffic

// EventKind is what happened to a connection.
type EventKind string

// The kinds of events.
const (
	Opened  EventKind = "opened"
	Closed  EventKind = "closed"  // by this end
	Lost    EventKind = "lost"    // it broke, or the server closed it
	Refused EventKind = "refused" // no connection could be opened
	// Silent: a server has said nothing for five seconds, and is waited for. It comes once until a
	// server has greeted again.
	Silent EventKind = "silent"
)

// Mail is one finished message for one recipient, and those who get a copy of it.
type Mail struct {
	From, To string // envelope addresses, without <>; From "" is the null reverse path
	// Copies are further recipients in the same transaction, in ASCII, no two alike, 99 at most. What becomes of the
	// message is decided by To alone: see [smtp.Copies]. Only a [Pool] takes them; nil: none.
	Copies []string
	Size   int64 // in bytes as written by Body; 0: not known
	// Body writes the message: CRLF line ends, lines of up to 998 bytes, no dot stuffing. It is
	// called once at most. A body that is [Ready] too, and clean, is written from where it lies.
	Body io.WriterTo
	// Ahead does what takes long and needs no connection, such as making an intent durable, while the message waits for
	// one. Where Send has to wait, it calls Ahead in its own goroutine, before begin. It may call Ahead several times.
	// turn gets a value when the message's turn has come: then Ahead does not begin anything that can be left to begin.
	// Its error ends the Send as an error of begin does. Nil: nothing is done ahead.
	Ahead func(ctx context.Context, turn <-chan struct{}) error
	// Notify asks for delivery reports where the server offers DSN (RFC 3461): "never", or
	// "success", "failure" and "delay" joined by commas; "": the server's choice.
	Notify string
	// EnvID, up to 100 printable ASCII characters, comes back in those reports; "": none.
	EnvID string
}

// Ready is a Body that lies in memory, and that may promise to need no look at its lines.
type Ready = smtp.Ready

// Copied is what became of a message for one of Mail.Copies.
type Copied = smtp.Copied

// LMTP is the Config.Protocol of servers that put mail into mailboxes themselves (RFC 2033).
const LMTP = "lmtp"

// Outcome is what became of a message.
type Outcome struct {
	// Class says what may be done next. It is "" when Send was cut short before begin, or by begin.
	// Then nothing has happened, Err says why, and Stage is "" if the server has not heard of the
	// message.
	Class reply.Class
	// About is what the outcome is about: recipient, group, message, sender or server; "" when
	// Class is OK or "". When it is the server, nothing is known against the delivery. Put the
	// delivery back, and do not count it as tried.
	About reply.About
	// Begun reports that begin was called and returned nil.
	Begun bool
	// Copies are what became of Mail.Copies, in their order; nil if Begun is false, for then nobody gets the message.
	Copies []Copied

	Stage    reply.Stage // step of the session
	Code     int         // basic code; 0: no whole answer
	Enhanced string      // as "5.1.1", or ""
	Text     string      // the server's words, cleaned, or what happened
	Server   string      // host:port, or the socket's path

	// HoldOff is how long to leave the server alone from Time on; 0: no need. After a reply it is
	// the wait that this one reply asks for. Backing off on repeated replies is the caller's job.
	HoldOff  time.Duration
	Suppress bool // the mailbox does not exist
	Time     time.Time
	// Err is nil when Class is OK. Else it is a text for a person, with what to do where that is
	// known, and it wraps the cause.
	Err error
}

// Error is an Outcome as an error. Check returns it.
type Error struct{ Outcome Outcome }

func (e *Error) Error() string { return e.Outcome.Err.Error() }
func (e *Error) Unwrap() error { return e.Outcome.Err }

// The reasons why Send did not get as far as a server.
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

// resolve checks a configuration, finds all mistakes at once, and fills in the defaults.
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

// security is how the connection is protected when Config.TLS does not say.
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
		bad("both a socket and a host or port (remove one of them)")
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
			bad("no login over TLS that is only opportunistic, because nobody checks the certificate " +
				"(set tls: starttls or tls: implicit)")
		}
	case smtp.None:
		if c.authenticates() && c.Socket == "" && !local(c.Host) {
			bad("a password is never sent to %s without TLS (set tls: starttls or tls: implicit)", c.Host)
		}
		if c.RequireTLS {
			bad("TLS cannot be required of others on a connection without TLS (set tls: starttls or tls: implicit)")
		}
	default:
		bad("tls %q is not implicit, starttls or none", c.TLS)
	}
}

func (c Config) checkLogin(bad func(format string, args ...any)) {
	switch secret := c.Password != nil || c.Token != nil; {
	case c.Password != nil && c.Token != nil:
		bad("both a password and a token (remove one of them)")
	case secret && c.Username == "":
		bad("a password or a token without a user name")
	case c.Auth != "" && !slices.Contains(auth.Mechanisms(), strings.ToUpper(c.Auth)):
		bad("auth %q is not one of %s", c.Auth, strings.Join(auth.Mechanisms(), ", "))
	case c.Auth != "" && !secret && !strings.EqualFold(c.Auth, auth.External):
		bad("auth %s without a password or a token", c.Auth)
	}
}

// authenticates reports whether sessions log in.
func (c Config) authenticates() bool {
	return c.Password != nil || c.Token != nil || c.Auth != ""
}

// local reports whether a host, as it is written, is this machine.
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
