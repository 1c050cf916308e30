// Package imap reads a folder of an IMAP server (RFC 9051, and 3501 before it) and changes nothing in it: [New] returns
// a [Box]. [NewAppender] returns an [Appender], which puts finished messages into a folder.
//
// A Box opens its folder by EXAMINE, which is read only, and fetches bodies by BODY.PEEK, which leaves flags alone. It
// sends no command that changes a mailbox. A message is named by UIDVALIDITY/UID. Both stay the same for as long as
// the server can tell which message it was, so what has the same name is the same message. Where the server gives the
// folder another UIDVALIDITY, all its messages have other names.
//
// The connection is brought up here, byte by byte: the greeting, STARTTLS, CAPABILITY and the login. Nothing that came
// before TLS is believed after it, and no password goes over a connection that is not protected, but to this very
// machine. Only then a library takes over, see library.go. It reads through a guard, which holds the limits (how long a
// line, a literal and a whole answer may be, and how long it may take) and leaves out what the library does not need.
//
// What breaks these rules ends the connection. The next call of Each opens another one, and the caller's skip makes it
// go on where the last one ended.
package imap

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"mailshot/internal/inbox/server"
	"mailshot/sender/auth"
)

// protocol is IMAP.
var protocol = server.Protocol{Article: "an", Name: "IMAP", Implicit: 993, Plain: 143, Applications: []string{"imap"},
	Logins: auth.Mechanisms(), ShortestLimit: 512}

// Config says which folder of which server to open.
type Config struct {
	Host string // name or address of the server
	Port int    // 993, or 143 where TLS is not implicit
	// TLS is "implicit", "starttls" or "none"; "": starttls on port 143, else implicit. Nobody logs in without TLS, but to
	// this very machine.
	TLS string
	// Username and Password log in, or Username and Token, an OAuth2 access token. Each is asked before each login. One of
	// the two is needed.
	Username string
	Password func(context.Context) (string, error)
	Token    func(context.Context) (string, error)
	// Auth is the mechanism to use, as sender/auth names it, in any case. LOGIN stands for the command of that name too;
	// "": the best that the server offers.
	Auth   string
	Folder string // INBOX

	RootCAs      *x509.CertPool    // whom to trust; nil: the system's
	Certificates []tls.Certificate // are shown to a server that asks for one; nil: none
	// Fingerprint is the SHA-256 of the only certificate that the server may show, in 64 hexadecimal digits. It takes the
	// place of verification; "": verify.
	Fingerprint string

	Limits   Limits
	Timeouts Timeouts
	// Dial opens the connection; nil: a net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Limits are how much a server may send. What is more is refused.
type Limits struct {
	Message  int64 // octets of one message; 50 MB. The Open of a larger one gives a [*TooLargeError]
	Line     int   // octets of one line; 64 KiB
	Messages int   // of one folder; 5 million
}

// Timeouts are the longest waits.
type Timeouts struct {
	Connect time.Duration // TCP connect, and the TLS handshake; 30 s
	Answer  time.Duration // a command's whole answer, and a second more for each 16 KiB that were asked for; 5 min
	Idle    time.Duration // how long Wait waits at the most; 9 min, and never more than 28 min (RFC 2177)
	Poll    time.Duration // how long Wait waits where the server cannot say that there is something new; 1 min
}

func (l Limits) defaults() Limits {
	l.Message = cmp.Or(l.Message, 50_000_000)
	l.Line = cmp.Or(l.Line, 64<<10)
	l.Messages = cmp.Or(l.Messages, 5_000_000)
	return l
}

func (t Timeouts) defaults() Timeouts {
	t.Connect = cmp.Or(t.Connect, 30*time.Second)
	t.Answer = cmp.Or(t.Answer, 5*time.Minute)
	t.Idle = min(cmp.Or(t.Idle, 9*time.Minute), 28*time.Minute)
	t.Poll = cmp.Or(t.Poll, time.Minute)
	return t
}

// resolve checks a configuration, finds all mistakes at once, and fills in the defaults.
func (c Config) resolve() (Config, error) {
	c.TLS, c.Port = protocol.Protection(c.TLS, c.Port)
	c.Folder = cmp.Or(c.Folder, "INBOX")
	if strings.EqualFold(c.Folder, "INBOX") {
		c.Folder = "INBOX"
	}
	c.Limits, c.Timeouts = c.Limits.defaults(), c.Timeouts.defaults()
	return c, c.check()
}

func (c Config) check() error {
	errs := c.at().Check(c.Limits.Message, c.Limits.Line, c.Limits.Messages)
	if strings.ContainsFunc(c.Folder, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		errs = append(errs, fmt.Errorf("imap: folder %q has a control character", c.Folder))
	}
	return errors.Join(errs...)
}

// at is the server.
func (c Config) at() server.Server {
	return server.Server{Protocol: &protocol, Host: c.Host, Port: c.Port, TLS: c.TLS, Auth: c.Auth, Username: c.Username,
		Password: c.Password, Token: c.Token, RootCAs: c.RootCAs, Certificates: c.Certificates, Fingerprint: c.Fingerprint,
		Connect: c.Timeouts.Connect, Open: c.Dial}
}

// name is the folder as a URL, without a secret.
func (c Config) name() string {
	return "imap://" + c.Username + "@" + net.JoinHostPort(strings.ToLower(c.Host), strconv.Itoa(c.Port)) + "/" + c.Folder
}
