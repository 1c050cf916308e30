package pop3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"mailshot/sender/reply"
)

// Error says why a server could not be used, or not any more. It has no secret: what the server says is masked, and
// what it said before TLS is not repeated at all.
type Error struct {
	Server string // host:port
	Text   string
	Hint   string // what a person may do; "" = nothing is known
	Later  bool   // it may work another time without anybody doing anything
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

// TooLargeError is the error of Open, or of reading what it gave, for a message that is larger than Limits.Message.
type TooLargeError struct {
	Size  int64 // in octets, as the server says; or how much it has sent so far
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the message has %d octets or more, and at most %d are read", e.Size, e.Limit)
}

// NoBodyError is the error of Open for a message that the server lists and does not give.
type NoBodyError struct {
	ID   string
	Said string // the server's words
}

func (e *NoBodyError) Error() string {
	return fmt.Sprintf("the server lists message %s and does not give it: %s", e.ID, e.Said)
}

// PartError is the error of Each where the mailbox could not be read to its end.
type PartError struct {
	Box  string
	Done int // messages that were given to the caller
	Err  error
}

func (e *PartError) Error() string {
	return fmt.Sprintf("%s: after %d messages: %v", e.Box, e.Done, e.Err)
}

// Unwrap returns the cause.
func (e *PartError) Unwrap() error { return e.Err }

// Temporary reports whether it may work another time without anybody doing anything.
func (e *PartError) Temporary() bool {
	var t interface{ Temporary() bool }
	return errors.As(e.Err, &t) && t.Temporary()
}

// The ways in which a server breaks the limits or the protocol.
var (
	errLine     = errors.New("the server sends a line that is longer than any line may be")
	errList     = errors.New("the server lists more messages than anybody has")
	errNumbers  = errors.New("the server lists a message twice, or one that has no number")
	errUnasked  = errors.New("the server says something that nobody asked for")
	errStrange  = errors.New("the server's answer is not POP3")
	errNotEnded = errors.New("the server ended the connection within an answer")
)

// errPinned is the error of a certificate that is not the one that the server is known by.
var errPinned = errors.New("the server shows a certificate with another fingerprint")

// broken makes the error of a connection that can no longer be used. Whether it may work later depends on who broke it.
func (c Config) broken(err error) error {
	var own *Error
	var large *TooLargeError
	if errors.As(err, &own) || errors.As(err, &large) {
		return err
	}
	e := &Error{Server: c.address(), Text: "the connection is lost", Later: true, Err: err}
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		e.Text, e.Err = "the server did not answer in time", nil
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		e.Text, e.Err = "the server closed the connection", nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errNotEnded):
		e.Text, e.Err = errNotEnded.Error(), nil
	case errors.Is(err, errLine), errors.Is(err, errList), errors.Is(err, errNumbers), errors.Is(err, errUnasked),
		errors.Is(err, errStrange):
		e.Text, e.Err, e.Later = err.Error(), nil, false
		e.Hint = "the connection was closed; is this a POP3 server, on the right port?"
	}
	return e
}

// dialError says why no connection came about.
func (c Config) dialError(err error) error {
	e := &Error{Server: c.address(), Text: "the server cannot be reached", Later: true, Err: err}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		e.Later, e.Hint = false, "is the host's name right?"
	}
	return e
}

// tlsError says why there is no TLS. Nothing was sent over such a connection.
func (c Config) tlsError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Error{Server: c.address(), Text: "TLS", Err: err}
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
		e.Hint = "nothing was sent; port 110 usually needs tls: starttls, and port 995 tls: implicit"
	default:
		e.Later = true
	}
	return e
}

// clean makes a server's words safe to show.
func clean(s string) string { return reply.Clean(s) }
