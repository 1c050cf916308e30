package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"strings"

	"github.com/emersion/go-sasl"

	"mailshot/sender/reply"
)

// authenticate plays AUTH (RFC 4954) once. A password goes over TLS, or to this
// very machine.
func (s *Session) authenticate(ctx context.Context, choose func(context.Context, []string) (sasl.Client, error)) error {
	if !s.secure && !loopback(s.raw.RemoteAddr()) {
		return &Error{Stage: reply.Auth, Stop: true, Text: "the connection is not protected, so no password is sent over it",
			Hint: "set tls: starttls or tls: implicit, or leave out username and password"}
	}
	mechanism, err := choose(ctx, strings.Fields(s.caps["AUTH"]))
	if err != nil {
		if ctx.Err() != nil {
			return &Error{Stage: reply.Auth, Text: "interrupted", Err: ctx.Err()}
		}
		return &Error{Stage: reply.Auth, Stop: true, Text: reply.Clean(err.Error()), Err: err}
	}
	name, initial, err := mechanism.Start()
	if err != nil {
		return &Error{Stage: reply.Auth, Stop: true, Text: "starting " + name, Err: err}
	}
	line := "AUTH " + name
	switch {
	case len(initial) > 0:
		line += " " + base64.StdEncoding.EncodeToString(initial)
	case initial != nil:
		line += " ="
	}
	for {
		r, err := s.command(reply.Auth, s.timeouts.Command, line)
		if err != nil {
			return err
		}
		if r.Code == 235 {
			return nil
		}
		if r.Code != 334 {
			e := s.refused(r).(*Error)
			if e.Code >= 500 || e.Code == 432 {
				e.Hint = "check the user name and the password; some providers want an app password here"
			}
			return e
		}
		challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Lines[0]))
		var response []byte
		if err == nil {
			response, err = mechanism.Next(challenge)
		}
		if err != nil {
			// RFC 4954 4: the client cancels with a single asterisk.
			_, _ = s.command(reply.Auth, s.timeouts.Quit, "*")
			return &Error{Stage: reply.Auth, Stop: true, Text: "the server asked for something " + name + " does not know", Err: err}
		}
		line = base64.StdEncoding.EncodeToString(response)
	}
}

// loopback reports whether the other end is this machine.
func loopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// IsAuth reports whether err is a server's final refusal of the credentials.
func IsAuth(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Stage == reply.Auth && e.Code >= 500
}
