// Package server is what the clients of IMAP and POP3 have in common. A [Server] is checked by [Server.Check], dialled
// by [Server.Dial] and spoken to over TLS after [Server.Secure]; [Server.Play] plays a mechanism of a login.
//
// What goes wrong is an [*Error], which says what a person may do. Nothing has a secret in it.
package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of protection, as in the campaign file.
const (
	Implicit = "implicit"
	StartTLS = "starttls"
	None     = "none"
)

// Protocol is a kind of server.
type Protocol struct {
	Article, Name string   // in words to people: "an", "IMAP"
	Implicit      int      // its port with TLS from the first byte
	Plain         int      // and without
	Applications  []string // its names in a handshake of TLS (RFC 7301); nil = none
	Logins        []string // what Auth may be, in upper case
	ShortestLimit int      // on the octets of a line
}

// Server is a server as a configuration names it. Its fields mean what they mean in the configurations of the clients.
type Server struct {
	*Protocol
	Host         string
	Port         int
	TLS          string
	Auth         string // in any case
	Username     string
	Password     func(context.Context) (string, error)
	Token        func(context.Context) (string, error)
	RootCAs      *x509.CertPool
	Certificates []tls.Certificate
	Fingerprint  string
	Connect      time.Duration                                                        // for the connection, and for the handshake of TLS
	Open         func(ctx context.Context, network, address string) (net.Conn, error) // nil: a net.Dialer
}

// Protection fills in what a configuration leaves out of protection and port.
func (p *Protocol) Protection(protection string, port int) (string, int) {
	switch {
	case protection == "" && port == p.Plain:
		protection = StartTLS
	case protection == "":
		protection = Implicit
	}
	if port == 0 {
		if port = p.Implicit; protection != Implicit {
			port = p.Plain
		}
	}
	return protection, port
}

// Check says what is wrong with a configuration, all of it at once. message, line and messages are its limits.
func (s Server) Check(message int64, line, messages int) (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(strings.ToLower(s.Name)+": "+format, args...))
	}
	if s.Host == "" || strings.ContainsFunc(s.Host, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		bad("host %q is not a host name", s.Host)
	}
	if s.Port < 1 || s.Port > 65535 {
		bad("port %d is not between 1 and 65535", s.Port)
	}
	switch s.TLS {
	case Implicit, StartTLS:
	case None:
		if !local(s.Host) {
			bad("a password is never sent to %s without TLS (set tls: starttls or tls: implicit)", s.Host)
		}
	default:
		bad("tls %q is not implicit, starttls or none", s.TLS)
	}
	switch {
	case s.Password != nil && s.Token != nil:
		bad("both a password and a token (remove one of them)")
	case s.Password == nil && s.Token == nil:
		bad("neither a password nor a token (a mailbox wants a login)")
	case s.Username == "":
		bad("a password or a token without a user name")
	}
	if s.Auth != "" && !slices.Contains(s.Logins, strings.ToUpper(s.Auth)) {
		bad("auth %q is not one of %s", s.Auth, strings.Join(s.Logins, ", "))
	}
	if b, err := hex.DecodeString(s.Fingerprint); err != nil || len(b) != 0 && len(b) != sha256.Size {
		bad("fingerprint %q is not a SHA-256 in hexadecimal", s.Fingerprint)
	}
	if message < 0 || line < s.ShortestLimit || messages < 0 {
		bad("limits must not be negative, and a line has at least %d octets", s.ShortestLimit)
	}
	return errs
}

// Address is where the server is dialled.
func (s Server) Address() string { return net.JoinHostPort(s.name(), strconv.Itoa(s.Port)) }

func (s Server) name() string { return strings.Trim(s.Host, "[]") }

// Dial opens the connection. If ctx ends, the error is that of ctx.
func (s Server) Dial(ctx context.Context) (net.Conn, error) {
	dial := s.Open
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	limited, cancel := context.WithTimeout(ctx, s.Connect)
	defer cancel()
	conn, err := dial(limited, "tcp", s.Address())
	switch {
	case ctx.Err() != nil && err == nil:
		_ = conn.Close()
		fallthrough
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, s.unreachable(err)
	}
	return conn, nil
}

// Secure puts TLS on a connection, and makes sure of whose it is. If ctx ends, the error is that of ctx.
func (s Server) Secure(ctx context.Context, raw net.Conn) (*tls.Conn, error) {
	c := &tls.Config{ServerName: s.name(), RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12,
		Certificates: s.Certificates, NextProtos: s.Applications}
	if s.Fingerprint != "" {
		c.InsecureSkipVerify = true // the fingerprint takes its place
		c.VerifyConnection = func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if got := hex.EncodeToString(sum[:]); got != strings.ToLower(s.Fingerprint) {
				return fmt.Errorf("%w: %s", errPinned, got)
			}
			return nil
		}
	}
	limited, cancel := context.WithTimeout(ctx, s.Connect)
	defer cancel()
	_ = raw.SetDeadline(time.Time{}) // the handshake has its own
	conn := tls.Client(raw, c)
	if err := conn.HandshakeContext(limited); err != nil {
		return nil, s.unprotected(ctx, err)
	}
	return conn, nil
}

// Here reports whether the other end of a connection is this machine: a password may go there without TLS.
func Here(c net.Conn) bool {
	switch a := c.RemoteAddr().(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// local reports whether a host is this machine, whatever its DNS says.
func local(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ip.Unmap().IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
