package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"mailshot/sender/reply"
)

// Error says why a server could not be used, or not any more. It has no secret: what the server says is masked, and
// what it said before TLS is not repeated at all.
type Error struct {
	Server string // host:port
	Text   string
	Hint   string // what a person may do; "" = nothing is known
	Later  bool   // it may work another time without anybody doing anything
	Login  bool   // the server has refused the login, so that another try may lock the account
	Err    error  // the cause; nil = the text says all
}

func (e *Error) Error() string {
	s := e.Server + ": " + e.Text
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether it may work another time without anybody doing anything.
func (e *Error) Temporary() bool { return e.Later }

// Temporary reports whether an error says that it may work another time without anybody doing anything.
func Temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// TooLargeError is the error of a message that is larger than the configuration's limit.
type TooLargeError struct {
	Size  int64 // in octets, as the server says; or how much it has sent so far
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the message has %d octets or more, and at most %d are read", e.Size, e.Limit)
}

// NoBodyError is the error of a message that the server lists and does not give.
type NoBodyError struct {
	ID   string
	Said string // the server's words; "" = it said nothing about it
}

func (e *NoBodyError) Error() string {
	s := "the server lists message " + e.ID + " and does not give it"
	if e.Said != "" {
		s += ": " + e.Said
	}
	return s
}

// errPinned is the error of a certificate that is not the one that the server is known by.
var errPinned = errors.New("the server shows a certificate with another fingerprint")

// Fail makes an error of the server.
func (s Server) Fail(text, hint string) *Error {
	return &Error{Server: s.Address(), Text: text, Hint: hint}
}

// Lost makes the error of a connection that can no longer be used. Whether it may work later depends on who broke it:
// faults are the ways in which a server breaks the limits or the protocol.
func (s Server) Lost(err error, faults ...error) *Error {
	e := &Error{Server: s.Address(), Text: "the connection is lost", Later: true, Err: err}
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Text, e.Err = "the server did not answer in time", nil
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		e.Text, e.Err = "the server closed the connection", nil
	}
	for _, fault := range faults {
		if errors.Is(err, fault) {
			e.Text, e.Err, e.Later = err.Error(), nil, false
			e.Hint = "the connection was closed; is this " + s.Article + " " + s.Name + " server, on the right port?"
		}
	}
	return e
}

// unreachable says why no connection came about.
func (s Server) unreachable(err error) *Error {
	e := &Error{Server: s.Address(), Text: "the server cannot be reached", Later: true, Err: err}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound && !dns.IsTemporary {
		e.Later, e.Hint = false, "is the host's name right?"
	}
	return e
}

// unprotected says why there is no TLS. Nothing was sent over such a connection.
func (s Server) unprotected(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Error{Server: s.Address(), Text: "TLS", Err: err}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errPinned):
		e.Hint = "nothing was sent; if whoever runs the server confirms a new certificate, set fingerprint anew"
	case errors.As(err, &name):
		e.Hint = "nothing was sent; host must be the name in the certificate"
	case errors.As(err, &unknown):
		e.Hint = "nothing was sent; if an authority of your own signed the certificate, name it in ca_file"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Hint = "nothing was sent; renew the server's certificate, or set this computer's clock"
	case errors.As(err, &invalid), errors.As(err, &verify):
		e.Hint = "nothing was sent; the server's certificate cannot be trusted"
	case errors.As(err, &record):
		e.Text, e.Err = "the server does not speak TLS here", nil
		e.Hint = fmt.Sprintf("nothing was sent; port %d usually needs tls: starttls, and port %d tls: implicit",
			s.Plain, s.Implicit)
	default:
		e.Later = true
	}
	return e
}

// Refused says why a login was refused, by the server's words, which are masked.
func (s Server) Refused(said string) *Error {
	e := s.Fail("the server refuses the login of "+Clean(s.Username), "")
	e.Login, e.Err = true, errors.New(said)
	lower := strings.ToLower(said)
	switch {
	case strings.Contains(lower, "application-specific") || strings.Contains(lower, "app password"):
		e.Hint = "the account wants an app password, which its security settings on the web give, or a token"
	case s.Token != nil:
		e.Hint = "the server refused the token: is the user name the account that logged in, may the token read mail " +
			"(a scope for " + s.Name + "), and is " + s.Name + " enabled for the mailbox?"
	default:
		e.Hint = "check the user name and the password; some providers want an app password, " +
			"or want " + s.Name + " to be switched on first"
	}
	return e
}

// Clean makes a server's words safe to show.
func Clean(text string) string { return reply.Clean(strings.ToValidUTF8(text, "?")) }
