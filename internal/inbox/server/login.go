package server

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strings"

	"github.com/emersion/go-sasl"

	"mailshot/sender/auth"
)

// Credentials asks for the password or the token.
func (s Server) Credentials(ctx context.Context) (c auth.Credentials, err error) {
	c.Username = s.Username
	if s.Token != nil {
		c.Token, err = s.Token(ctx)
	} else {
		c.Password, err = s.Password(ctx)
	}
	return c, err
}

// Offers is what a mechanism is chosen by: what the server offers on this connection.
func (s Server) Offers(conn net.Conn, mechanisms []string) auth.Server {
	at := auth.Server{Offered: mechanisms, Host: s.Host, Port: s.Port}
	if conn, ok := conn.(*tls.Conn); ok {
		state := conn.ConnectionState()
		at.TLS = &state
	}
	return at
}

// Answer is what a server says to a line of a login.
type Answer struct {
	OK        bool   // the login is good
	More      bool   // it waits for the answer to a challenge
	Challenge string // encoded
}

// Play plays a mechanism. first sends its name, with the initial response if that can go with it (sent): encoded, "=" for
// an empty one, and "" if the mechanism has none. next sends a line. The login is good if it was so at the last answer,
// and a server that says so too early, or does not prove what the mechanism has it prove, is an error.
func (s Server) Play(client *auth.Client, first func(name, initial string) (a Answer, sent bool, err error),
	next func(line string) (Answer, error)) (name string, err error) {
	name, held, err := client.Start()
	if err != nil {
		return name, s.Fail("starting "+name+": "+Clean(client.Mask(err.Error())), "")
	}
	initial := ""
	if held != nil {
		if initial = base64.StdEncoding.EncodeToString(held); initial == "" {
			initial = "=" // RFC 4959 section 3, RFC 5034 section 4
		}
	}
	a, sent, err := first(name, initial)
	if sent {
		held = nil
	}
	for rounds := 0; err == nil && a.More; rounds++ {
		response, rerr := respond(client, name, a.Challenge, held)
		if held = nil; rerr != nil || rounds > 10 {
			_, _ = next("*") // the login is over either way
			return name, s.Fail("the server asked for something that "+name+" does not know", "")
		}
		a, err = next(base64.StdEncoding.EncodeToString(response))
	}
	if err == nil && a.OK {
		verr := client.Verified()
		if held != nil {
			verr = errors.New("the server says that the login is good before it has seen it")
		}
		if verr != nil {
			return name, s.Fail(Clean(client.Mask(verr.Error())), "the server is not to be trusted")
		}
	}
	return name, err
}

// respond answers a challenge. held is the initial response if it was not sent yet; nil = it was.
func respond(client *auth.Client, name, encoded string, held []byte) ([]byte, error) {
	challenge, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	switch {
	case held != nil && (err != nil || len(challenge) == 0):
		return held, nil
	case held != nil:
		return nil, sasl.ErrUnexpectedServerChallenge
	case err != nil && name == auth.Login:
		return client.Next([]byte(encoded))
	case err != nil:
		return nil, err
	}
	return client.Next(challenge)
}
