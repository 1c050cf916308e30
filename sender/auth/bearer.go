package auth

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/emersion/go-sasl"
)

// bearer is what the two mechanisms for tokens have in common. They send a single message. When the
// server refuses the token, one challenge says why, in JSON, before the refusal itself.
type bearer struct {
	username, token string
	refused         bool
	reason          string
}

// failed reads the challenge. A second challenge is an error, and so is one that does not report an
// error.
func (b *bearer) failed(challenge []byte) error {
	if b.refused || len(challenge) == 0 {
		return sasl.ErrUnexpectedServerChallenge
	}
	var said struct{ Status, Scope string }
	if json.Unmarshal(challenge, &said) != nil {
		return sasl.ErrUnexpectedServerChallenge
	}
	b.refused = true
	var words []string
	if said.Status != "" {
		words = append(words, "status "+said.Status)
	}
	if said.Scope != "" {
		words = append(words, "wanted scope "+said.Scope)
	}
	b.reason = strings.Join(words, ", ")
	return nil
}

// refusal is what the server said about the token, in its own words.
func (b *bearer) refusal() string { return b.reason }

// xoauth2 is the mechanism that Google, Microsoft and others had before RFC 7628
// (developers.google.com/gmail/imap/xoauth2-protocol).
type xoauth2 struct{ bearer }

func (x *xoauth2) Start() (string, []byte, error) {
	return XOAuth2, []byte("user=" + x.username + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the error with an empty line, after which the server refuses.
func (x *xoauth2) Next(challenge []byte) ([]byte, error) {
	if err := x.failed(challenge); err != nil {
		return nil, err
	}
	return []byte{}, nil
}

// oauthBearer is RFC 7628. Its host and port let the server see that the token was meant for it.
type oauthBearer struct {
	bearer
	host string
	port int
}

func (o *oauthBearer) Start() (string, []byte, error) {
	name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(o.username) // saslname, RFC 5801
	return OAuthBearer, []byte("n,a=" + name + ",\x01host=" + o.host + "\x01port=" + strconv.Itoa(o.port) +
		"\x01auth=Bearer " + o.token + "\x01\x01"), nil
}

// Next answers the error with a single ^A (RFC 7628 3.2.3), after which the server refuses.
func (o *oauthBearer) Next(challenge []byte) ([]byte, error) {
	if err := o.failed(challenge); err != nil {
		return nil, err
	}
	return []byte{1}, nil
}
