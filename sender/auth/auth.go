// Package auth plays the client's side of SMTP AUTH (RFC 4954) with a password, a token (RFC 6750)
// or a client certificate. [Choose] returns a [Client] for one login, given what the server offers.
//
// The mechanism is the one that was asked for, or the best that the server offers. With a token
// that is XOAUTH2, else OAUTHBEARER (RFC 7628). With a password it is SCRAM bound to the TLS
// connection, SCRAM (RFC 5802, 7677), PLAIN (RFC 4616), LOGIN, and last CRAM-MD5 (RFC 2195), whose
// servers have to keep the password itself. EXTERNAL (RFC 4422) is played only when it is asked
// for.
//
// The package does not decide whether a connection is safe to authenticate over. The session does
// so before it asks for a mechanism. A [Refusal] says whether another mechanism may be played, and
// [Client.Hint] what a person may do about it. What a mechanism can check of the server, it checks: with
// SCRAM the server has to prove that it knows the password too, see [Client.Verified].
package auth

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"mailshot/internal/mask"
)

// The mechanisms, as EHLO's answer names them.
const (
	ScramSHA256Plus = "SCRAM-SHA-256-PLUS"
	ScramSHA1Plus   = "SCRAM-SHA-1-PLUS"
	ScramSHA256     = "SCRAM-SHA-256"
	ScramSHA1       = "SCRAM-SHA-1"
	Plain           = sasl.Plain
	Login           = sasl.Login
	CramMD5         = "CRAM-MD5"
	XOAuth2         = "XOAUTH2"
	OAuthBearer     = sasl.OAuthBearer
	External        = sasl.External
)

// The orders of preference.
var (
	byPassword = []string{ScramSHA256Plus, ScramSHA1Plus, ScramSHA256, ScramSHA1, Plain, Login, CramMD5}
	byToken    = []string{XOAuth2, OAuthBearer}
)

// Mechanisms returns the names of all mechanisms, the best first.
func Mechanisms() []string {
	return slices.Concat(byPassword, byToken, []string{External})
}

// Server is what is known of the server that is logged in to.
type Server struct {
	Offered []string             // mechanisms, as the server wrote them
	TLS     *tls.ConnectionState // nil: no TLS
	Host    string               // as dialled; OAUTHBEARER names it
	Port    int
}

// Credentials are the credentials of one account. Password and Token are not both set.
type Credentials struct {
	Mechanism string // one of the package's names in any case; "": the best one
	Username  string // with EXTERNAL the identity to act as; "": the certificate's
	Password  string
	Token     string // an OAuth2 access token
}

// NoMechanismError means that the server offers nothing that this package can play with the
// credentials.
type NoMechanismError struct {
	Offered []string // as the server wrote them; empty: it offers no AUTH at all
	Wanted  []string // the mechanisms that would do
}

func (e *NoMechanismError) Error() string {
	wanted := strings.Join(e.Wanted, " or ")
	if n := len(e.Wanted); n > 2 {
		wanted = strings.Join(e.Wanted[:n-1], ", ") + " or " + e.Wanted[n-1]
	}
	if len(e.Offered) == 0 {
		return "the server offers no authentication; the login needs " + wanted
	}
	return fmt.Sprintf("the server offers only %s; the login needs %s", strings.Join(e.Offered, ", "), wanted)
}

// Client plays one mechanism once. It is a [sasl.Client] that can mask its secrets, and that may
// have to check the server at the end.
type Client struct {
	sasl.Client
	secrets []string
	token   bool
}

// verifier is a mechanism in which the server proves something too.
type verifier interface{ verified() error }

// refuser is a mechanism that learns why it was refused.
type refuser interface{ refusal() string }

// Verified must be called when the server says that the login is good. An error means that the
// server had to prove itself and has not: it cannot be trusted, and nothing must be sent to it.
func (c *Client) Verified() error {
	if v, ok := c.Client.(verifier); ok {
		return v.verified()
	}
	return nil
}

// Mask takes the secrets of this authentication out of a text of the server's.
func (c *Client) Mask(s string) string { return mask.Text(s, c.secrets...) }

// Choose returns a client for the mechanism that the credentials name, or else for the best that
// the server offers. The error is a [*NoMechanismError], or says what is wrong with the
// credentials. It never contains them.
func Choose(s Server, c Credentials) (*Client, error) {
	wanted := byPassword
	switch {
	case c.Mechanism != "":
		wanted = []string{strings.ToUpper(c.Mechanism)}
	case c.Token != "":
		wanted = byToken
	}
	if err := c.check(wanted[0]); err != nil {
		return nil, err
	}
	for _, name := range wanted {
		if !offers(s.Offered, name) {
			continue
		}
		client, err := play(name, s, c)
		if errors.Is(err, errNoBinding) && c.Mechanism == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		return &Client{Client: client, secrets: []string{c.Password, c.Token}, token: c.Token != ""}, nil
	}
	return nil, &NoMechanismError{Offered: s.Offered, Wanted: wanted}
}

// check refuses what no mechanism can carry. A NUL, or with tokens a ^A, would be taken for the end
// of a field, and what follows it for another field.
func (c Credentials) check(name string) error {
	if strings.ContainsRune(c.Username, 0) || strings.ContainsRune(c.Password, 0) {
		return errors.New("the user name or the password contains a NUL character")
	}
	if strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the token contains characters that a token cannot have")
	}
	tokens := slices.Contains(byToken, name)
	switch {
	case !slices.Contains(Mechanisms(), name):
		return fmt.Errorf("authentication by %s is not supported", name)
	case tokens && c.Token == "":
		return fmt.Errorf("%s needs a token, and there is none", name)
	case tokens && strings.ContainsFunc(c.Username, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("the user name contains a control character")
	case slices.Contains(byPassword, name) && c.Token != "":
		return fmt.Errorf("%s needs a password, not a token", name)
	}
	return nil
}

func offers(offered []string, name string) bool {
	return slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, name) })
}

// play makes the client of one mechanism.
func play(name string, s Server, c Credentials) (sasl.Client, error) {
	switch name {
	case Plain:
		return sasl.NewPlainClient("", c.Username, c.Password), nil
	case Login:
		return &login{answers: [][]byte{[]byte(c.Username), []byte(c.Password)}}, nil
	case CramMD5:
		return &cramMD5{username: c.Username, password: c.Password}, nil
	case XOAuth2:
		return &xoauth2{bearer: bearer{username: c.Username, token: c.Token}}, nil
	case OAuthBearer:
		return &oauthBearer{bearer: bearer{username: c.Username, token: c.Token}, host: s.Host, port: s.Port}, nil
	case External:
		return &external{identity: c.Username}, nil
	}
	return newScram(name, s, c)
}
