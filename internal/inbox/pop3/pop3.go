// Package pop3 reads the mailbox of a POP3 server (RFC 1939) and changes nothing in it: [New] returns a [Box].
//
// A message is named by the server's unique id (UIDL), or by its content where the server has none. No message is ever
// deleted: DELE is not in here. Where the server has TOP, a whole message is asked for by TOP with more lines than any
// message has, because many servers mark as read what was fetched by RETR.
//
// A session is one call of Each. It ends with QUIT, which frees the mailbox for others. If it breaks, the caller calls
// Each again, and skip makes it go on where it ended. Nothing that the server says before TLS is believed after it, and
// no password goes over a connection that is not protected, but to this very machine. What a server sends is limited: a
// line, a list, a message, and the time for each.
package pop3

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"mailshot/internal/inbox"
	"mailshot/internal/inbox/server"
	"mailshot/sender/auth"
)

// The logins that are commands of POP3 and not mechanisms of SASL.
const (
	userPass = "USER" // USER and PASS: the password itself
	apop     = "APOP" // a digest of the password and of what the greeting says
)

// protocol is POP3.
var protocol = server.Protocol{Article: "a", Name: "POP3", Implicit: 995, Plain: 110, Logins: Logins(), ShortestLimit: 128}

// Logins are the names that Config.Auth may have.
func Logins() []string { return append(auth.Mechanisms(), userPass, apop) }

// Config says which mailbox of which server to open.
type Config struct {
	Host string // name or address of the server
	Port int    // 995, or 110 where TLS is not implicit
	// TLS is "implicit", "starttls" or "none"; "": starttls on port 110, else implicit. Nobody logs in without TLS, but to
	// this very machine.
	TLS string
	// Username and Password log in, or Username and Token, an OAuth2 access token. Each is asked before each login. One of
	// the two is needed.
	Username string
	Password func(context.Context) (string, error)
	Token    func(context.Context) (string, error)
	// Auth is the mechanism to use, one of Logins, in any case; "": the best that the server offers. APOP needs a greeting
	// that came over TLS, or from this very machine.
	Auth string

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
	Line     int   // octets of one line of an answer, but for a message's; 4 KiB
	Messages int   // of one mailbox; 1 million
}

// Timeouts are the longest waits.
type Timeouts struct {
	Connect time.Duration // TCP connect, and the TLS handshake; 30 s
	Answer  time.Duration // a whole answer, and a second more for each 16 KiB of a message or a list; 5 min
	Quit    time.Duration // the answer to QUIT; 5 s
}

// resolve checks a configuration, finds all mistakes at once, and fills in the defaults.
func (c Config) resolve() (Config, error) {
	c.TLS, c.Port = protocol.Protection(c.TLS, c.Port)
	c.Auth = strings.ToUpper(c.Auth)
	c.Limits.Message = cmp.Or(c.Limits.Message, 50_000_000)
	c.Limits.Line = cmp.Or(c.Limits.Line, 4<<10)
	c.Limits.Messages = cmp.Or(c.Limits.Messages, 1_000_000)
	c.Timeouts.Connect = cmp.Or(c.Timeouts.Connect, 30*time.Second)
	c.Timeouts.Answer = cmp.Or(c.Timeouts.Answer, 5*time.Minute)
	c.Timeouts.Quit = cmp.Or(c.Timeouts.Quit, 5*time.Second)
	return c, c.check()
}

func (c Config) check() error {
	errs := c.at().Check(c.Limits.Message, c.Limits.Line, c.Limits.Messages)
	if c.TLS == server.StartTLS && c.Auth == apop {
		errs = append(errs, errors.New("pop3: apop needs a greeting that came over TLS (set tls: implicit, or another auth)"))
	}
	if strings.ContainsFunc(c.Username, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		errs = append(errs, errors.New("pop3: the user name has a control character"))
	}
	return errors.Join(errs...)
}

// at is the server.
func (c Config) at() server.Server {
	return server.Server{Protocol: &protocol, Host: c.Host, Port: c.Port, TLS: c.TLS, Auth: c.Auth, Username: c.Username,
		Password: c.Password, Token: c.Token, RootCAs: c.RootCAs, Certificates: c.Certificates, Fingerprint: c.Fingerprint,
		Connect: c.Timeouts.Connect, Open: c.Dial}
}

// Box is the mailbox of a POP3 server. It is an [inbox.Box]. It is not for concurrent use.
type Box struct{ cfg Config }

var _ inbox.Box = (*Box)(nil)

// New checks a configuration and reports all its mistakes at once. The box that it returns is connected while Each
// runs, and not between two calls: the server keeps others from the mailbox as long as a session lasts.
func New(c Config) (*Box, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	return &Box{cfg: c}, nil
}

// Name is the mailbox as a URL, as "pop3://ann@pop.example.com:995".
func (b *Box) Name() string {
	host := net.JoinHostPort(strings.ToLower(strings.Trim(b.cfg.Host, "[]")), strconv.Itoa(b.cfg.Port))
	return "pop3://" + b.cfg.Username + "@" + host
}

// Close does nothing: there is no connection between two calls of Each.
func (b *Box) Close() error { return nil }

// Check connects, logs in and counts the messages, and reads none.
func (b *Box) Check(ctx context.Context) (messages int, err error) {
	s, err := open(ctx, b.cfg)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if messages, err = s.stat(); err == nil {
		s.quit()
	}
	return messages, err
}
