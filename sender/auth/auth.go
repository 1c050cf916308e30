// Package auth chooses and plays the client's side of SMTP AUTH (RFC 4954) with
// a user name and a password.
//
// It never decides whether a connection is safe to send a password over; the
// session does, before it asks for a mechanism.
package auth

import (
	"fmt"
	"strings"

	"github.com/emersion/go-sasl"
)

// NoMechanismError means that the server offers nothing this package can do.
type NoMechanismError struct {
	Offered []string // as the server wrote them; empty: it offers no AUTH at all
}

func (e *NoMechanismError) Error() string {
	if len(e.Offered) == 0 {
		return "the server offers no authentication"
	}
	return fmt.Sprintf("the server offers only %s; PLAIN and LOGIN are supported", strings.Join(e.Offered, ", "))
}

// Choose returns a client for the best of the offered mechanisms: PLAIN, then
// LOGIN. The error is a [*NoMechanismError], or says what is wrong with the user name or password;
// it never contains them.
func Choose(offered []string, username, password string) (sasl.Client, error) {
	// RFC 4616 has no way to write a NUL; a server would take it for the end of a field.
	if strings.ContainsRune(username, 0) || strings.ContainsRune(password, 0) {
		return nil, fmt.Errorf("the user name or the password contains a NUL character")
	}
	has := map[string]bool{}
	for _, m := range offered {
		has[strings.ToUpper(m)] = true
	}
	switch {
	case has[sasl.Plain]:
		return sasl.NewPlainClient("", username, password), nil
	case has[sasl.Login]:
		return Login(username, password), nil
	}
	return nil, &NoMechanismError{Offered: offered}
}

// Login returns a client for the LOGIN mechanism that goes by the order of the
// challenges and not by their wording, which servers have made up in many ways
// and languages ("Username:", "User Name", "VXNlcm5hbWU6"); go-sasl's own knows
// "Password:" alone. It sends no initial response, because not every server
// takes one with LOGIN. A third challenge is an error.
func Login(username, password string) sasl.Client {
	return &login{answers: [][]byte{[]byte(username), []byte(password)}}
}

type login struct{ answers [][]byte }

func (*login) Start() (string, []byte, error) { return sasl.Login, nil, nil }

func (l *login) Next([]byte) ([]byte, error) {
	if len(l.answers) == 0 {
		return nil, sasl.ErrUnexpectedServerChallenge
	}
	answer := l.answers[0]
	l.answers = l.answers[1:]
	return answer, nil
}
