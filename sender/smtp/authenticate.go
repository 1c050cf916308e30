package smtp

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"

	"mailshot/sender/auth"
	"mailshot/sender/reply"
)

// authenticate plays AUTH (RFC 4954). A password goes over TLS, or to this very machine. Where the
// answer says that the mechanism is wrong, the next one that the caller has for the server is
// played. Whatever the server says is masked, because it may repeat what it was sent.
func (s *Session) authenticate(ctx context.Context, o Options) error {
	if !s.secure && !loopback(s.raw.RemoteAddr()) {
		return &Error{Stage: reply.Auth, Stop: true,
			Text: "the connection is not protected, so no password is sent over it",
			Hint: "set tls: starttls or tls: implicit, or leave out username and password"}
	}
	var refused *Error
	for offer := s.offer(o.Address); ; {
		mechanism, err := o.Auth(ctx, offer)
		switch {
		case err != nil && ctx.Err() != nil:
			return &Error{Stage: reply.Auth, Text: "interrupted", Err: ctx.Err()}
		case err != nil && refused != nil:
			return refused // there is no other mechanism
		case err != nil:
			return &Error{Stage: reply.Auth, Stop: true, Text: reply.Clean(err.Error()), Err: err}
		}
		name, err := s.play(mechanism)
		var e *Error
		if !errors.As(err, &e) {
			return err
		}
		if refused != nil && e.Code == 0 && !e.Stop {
			return refused // the server has hung up on the second attempt
		}
		if !(auth.Refusal{Code: e.Code, Enhanced: e.Enhanced, Text: e.Text}).WrongMechanism() || s.Closed() {
			return e
		}
		refused = e
		offer.Offered = slices.DeleteFunc(offer.Offered, func(o string) bool { return strings.EqualFold(o, name) })
	}
}

// play plays one mechanism. A server that does not take the response in the first line (501) is
// asked once more without it.
func (s *Session) play(mechanism *auth.Client) (name string, err error) {
	s.masks = mechanism.Mask
	name, initial, err := mechanism.Start()
	if err != nil {
		return name, &Error{Stage: reply.Auth, Stop: true, Text: "starting " + name, Err: err}
	}
	line, held := firstLine(name, initial)
	for whole := held == nil && initial != nil; ; {
		r, err := s.command(reply.Auth, s.timeouts.Command, line)
		switch {
		case err != nil:
			return name, masked(err, mechanism)
		case r.Code == 235:
			return name, s.verified(mechanism, held)
		case r.Code == 501 && whole && !s.Closed():
			line, held, whole = "AUTH "+name, initial, false
			continue
		case r.Code != 334:
			e := s.refused(r).(*Error)
			if e.Code >= 500 || e.Code == 432 {
				e.Hint = mechanism.Hint(auth.Refusal{Code: e.Code, Enhanced: e.Enhanced, Text: e.Text})
			}
			return name, masked(e, mechanism)
		}
		response, err := respond(mechanism, name, r.Lines[0], held)
		if err != nil {
			return name, s.cancel(mechanism, name, err)
		}
		held, line, whole = nil, base64.StdEncoding.EncodeToString(response), false
	}
}

// verified is called when the server says that the login is good.
func (s *Session) verified(mechanism *auth.Client, held []byte) error {
	err := mechanism.Verified()
	if held != nil {
		err = errEarly
	}
	if err != nil {
		return &Error{Stage: reply.Auth, Stop: true, Text: err.Error(), Err: err}
	}
	return nil
}

// respond answers a challenge. held is the initial response if it was not in the first line, nil if
// it was sent. LOGIN was never standardised: its questions are answered by their order, in whatever
// words and encoding they come. A server that asks for a response that it has not seen may do so
// in plain words, too.
func respond(mechanism *auth.Client, name, encoded string, held []byte) ([]byte, error) {
	challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	switch {
	case err != nil && name == auth.Login:
		return mechanism.Next([]byte(encoded))
	case held != nil && (err != nil || len(challenge) == 0):
		return held, nil
	case held != nil:
		return nil, sasl.ErrUnexpectedServerChallenge
	case err != nil:
		return nil, err
	}
	return mechanism.Next(challenge)
}

// cancel ends an authentication that this end cannot go on with, by a single asterisk (RFC 4954 4),
// and returns the reason.
func (s *Session) cancel(mechanism *auth.Client, name string, err error) error {
	_, _ = s.command(reply.Auth, s.timeouts.Quit, "*") // it is over either way
	var strange base64.CorruptInputError
	text := mechanism.Mask(reply.Clean(err.Error()))
	if errors.As(err, &strange) || errors.Is(err, sasl.ErrUnexpectedServerChallenge) {
		text = "the server asked for something that " + name + " does not know"
	}
	return &Error{Stage: reply.Auth, Stop: true, Text: text, Err: errAuth}
}

// offer is what is known of the server before AUTH.
func (s *Session) offer(address string) auth.Server {
	offer := auth.Server{Offered: strings.Fields(s.caps["AUTH"])}
	host, port, _ := net.SplitHostPort(address) // dialled with it
	offer.Host = host
	offer.Port, _ = strconv.Atoi(port) // the name of a service gives no number
	if conn, ok := s.conn.(*tls.Conn); ok {
		state := conn.ConnectionState()
		offer.TLS = &state
	}
	return offer
}

// maxCommand is the longest command line with its end (RFC 5321 4.5.3.1.4).
const maxCommand = 512

// firstLine is the AUTH command with the initial response, if there is one. A response that makes
// the line too long, as tokens do, is held back until the server's empty challenge asks for it (RFC
// 4954 4).
func firstLine(name string, initial []byte) (line string, held []byte) {
	line = "AUTH " + name
	switch {
	case len(initial) > 0:
		encoded := base64.StdEncoding.EncodeToString(initial)
		if len(line)+1+len(encoded)+2 > maxCommand {
			return line, initial
		}
		line += " " + encoded
	case initial != nil:
		line += " ="
	}
	return line, nil
}

// errEarly is the error of a server that accepts a login before it was made: it checks nothing.
var errEarly = errors.New("the server says that the login is good before it has seen it; nothing was sent to it")

// errAuth is the cause where the true cause may show what was sent.
var errAuth = errors.New("authentication failed")

// masked takes what was sent out of what the server said about it.
func masked(err error, mechanism *auth.Client) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	e.Text = mechanism.Mask(e.Text)
	if e.Err != nil && mechanism.Mask(e.Err.Error()) != e.Err.Error() {
		e.Err = errAuth
	}
	return e
}

// loopback reports whether the other end is this machine.
func loopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}
