package auth

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"

	"github.com/emersion/go-sasl"
)

// login is the LOGIN mechanism. It goes by the order of the challenges and not by their wording,
// which servers have made up in many ways and languages ("Username:", "User Name", "VXNlcm5hbWU6");
// go-sasl's own client knows "Password:" alone. It sends no initial response, because not every
// server accepts one with LOGIN. A third challenge is an error.
type login struct{ answers [][]byte }

func (*login) Start() (string, []byte, error) { return Login, nil, nil }

func (l *login) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return answer, nil
}

// cramMD5 is RFC 2195. The password is not sent, but whoever listens to a clear connection may
// guess it.
type cramMD5 struct {
	username, password string
	answered           bool
}

func (*cramMD5) Start() (string, []byte, error) { return CramMD5, nil, nil }

func (c *cramMD5) Next(challenge []byte) ([]byte, error) {
	if c.answered || len(challenge) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	c.answered = true
	digest := hmac.New(md5.New, []byte(c.password))
	digest.Write(challenge)
	return []byte(c.username + " " + hex.EncodeToString(digest.Sum(nil))), nil
}

// external is RFC 4422 appendix A: the TLS certificate of this end says who it is.
type external struct{ identity string }

func (e *external) Start() (string, []byte, error) { return External, []byte(e.identity), nil }

func (*external) Next([]byte) ([]byte, error) { return nil, sasl.ErrUnexpectedServerChallenge }
