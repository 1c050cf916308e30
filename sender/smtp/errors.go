package smtp

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
	"syscall"

	"mailshot/sender/reply"
)

// Error says where and how a session or a transaction ended. There are three kinds: the server
// answered (Code is not 0), the configuration cannot work (Stop), or the connection broke (neither;
// Err says how).
type Error struct {
	Stage    reply.Stage
	Code     int    // basic code, 0 without an answer
	Enhanced string // as "5.1.1", or ""
	Text     string // the server's words, cleaned, or ours
	Hint     string // what to do, or ""
	Stop     bool   // only another configuration or another server will help
	// Sent reports that the final dot may have reached the server and its answer did not come
	// whole. Nobody knows whether the message was taken.
	Sent bool
	Err  error // cause, or nil
}

func (e *Error) Error() string {
	s := string(e.Stage) + ": "
	if e.Code != 0 {
		s += fmt.Sprint(e.Code, " ")
	}
	if e.Enhanced != "" {
		s += e.Enhanced + " "
	}
	s += e.Text
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Unheard reports whether the session turned out to be over, or not to be trusted, before a word of
// the message was written.
func (e *Error) Unheard() bool {
	return e.Stage == reply.Mail && e.Code == 0 && (errors.Is(e.Err, errClosed) || errors.Is(e.Err, errExtra))
}

// errClosed is the cause when the session was closed by this end, or by a 421.
var errClosed = errors.New("connection closed")

// refused is the error for a whole answer that is not the one that was wanted.
func (s *Session) refused(r Reply) error {
	return &Error{Stage: r.Stage, Code: r.Code, Enhanced: r.Enhanced(), Text: s.Said(r), Hint: s.hint(r)}
}

// hint is what to do about a refusal that is about the session and not about a message.
func (s *Session) hint(r Reply) string {
	switch {
	case r.Stage == reply.Ehlo && (r.Code == 501 || r.Code == 504 ||
		r.Code >= 500 && strings.Contains(strings.ToLower(r.Text()), "helo")):
		return "the server does not take the name " + s.name() + ": set server.helo to this computer's full name"
	case r.Stage == reply.Mail && r.Code == 530 && !s.secure:
		return "set tls: starttls, or tls: implicit with port 465; if there is TLS already, " +
			"set server.username and server.password"
	case r.Stage == reply.Mail && r.Code == 530:
		return "the server wants a login: set server.username and server.password"
	}
	return ""
}

// broken closes the session and says why.
func (s *Session) broken(stage reply.Stage, err error) error {
	if s.Closed() {
		// The error is only that of a socket that was closed meanwhile.
		err = errClosed
	}
	s.Close()
	e := &Error{Stage: stage, Text: describe(err), Err: err}
	if stage == reply.Greeting && !s.secure {
		e.Hint = "if the server waits for TLS from the first byte, as port 465 mostly does, set tls: implicit"
	}
	return e
}

// describe puts the ways a connection fails into plain words.
func describe(err error) string {
	var opErr *net.OpError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection in the middle of an answer"
	case errors.Is(err, io.EOF):
		return "the server closed the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection was reset"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &opErr):
		return reply.Clean(opErr.Err.Error())
	}
	return reply.Clean(err.Error())
}

// dialError tells a name that does not exist, which is a mistake in the campaign, from a server
// that cannot be reached now.
func dialError(err error) error {
	e := &Error{Stage: reply.Connect, Text: describe(err), Err: err}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		e.Text = "no address found for " + reply.Clean(dns.Name)
		if dns.IsNotFound && !dns.IsTemporary {
			e.Stop, e.Hint = true, "is server.host spelled right?"
			return e
		}
		e.Hint = "is this computer connected to a network?"
		return e
	}
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Hint = "nothing listens there: are server.host and server.port right? Usual ports are 587 with tls: starttls, " +
			"and 465 with tls: implicit"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN):
		e.Hint = "is this computer connected to a network?"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Hint = "is server.port right? A firewall, or the network's provider, may block it, as many block port 25"
	}
	return e
}

// tlsError tells a certificate that does not verify and a peer that does not speak TLS, which no
// later try will change, from a connection that broke.
func tlsError(err error) error {
	e := &Error{Stage: reply.TLS, Text: describe(err), Err: err}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		op      *net.OpError
		pinned  *FingerprintError
	)
	switch {
	case errors.As(err, &pinned):
		e.Stop = true
		e.Hint = "nothing was sent; if whoever runs the server confirms a new certificate, set server.fingerprint anew"
	case errors.As(err, &name):
		e.Stop, e.Hint = true, "nothing was sent; server.host must be the name in the certificate"
	case errors.As(err, &unknown):
		e.Stop = true
		e.Hint = "nothing was sent; if an authority of your own signed the certificate, name it in server.ca_file"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Stop = true
		e.Hint = "nothing was sent; renew the server's certificate, or set this computer's clock"
	case errors.As(err, &invalid), errors.As(err, &verify):
		e.Stop, e.Hint = true, "nothing was sent; the server's certificate cannot be trusted"
	case errors.As(err, &record):
		e.Stop, e.Text = true, "the server does not speak TLS here"
		e.Hint = "nothing was sent; port 587 usually needs tls: starttls, and port 465 tls: implicit"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		// The connection broke. The next one may not.
	case errors.As(err, &op) && (op.Op != "remote error" || strings.Contains(op.Err.Error(), "internal error")):
		// Likewise. Any other "remote error" is an alert that the server will repeat.
	default:
		e.Stop, e.Hint = true, "nothing was sent; the server and mailshot have no TLS of version 1.2 or later in common"
	}
	return e
}

// stageOf is the stage an error belongs to.
func stageOf(err error) reply.Stage {
	var e *Error
	if errors.As(err, &e) {
		return e.Stage
	}
	return reply.Connect
}
