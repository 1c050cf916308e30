package imap

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-sasl"

	"mailshot/internal/mask"
	"mailshot/sender/auth"
)

// longest is the longest initial response that goes into the line of AUTHENTICATE.
const longest = 8000

// login logs in by AUTHENTICATE, or by LOGIN where the server offers no mechanism that will do. A mechanism that the
// server does not play after all is followed by the next one: after a BAD, or a NO that is about the mechanism. Any
// other NO is the end: the password was wrong, and another try could lock the account.
func (s *session) login(ctx context.Context) error {
	c := auth.Credentials{Mechanism: s.cfg.Auth, Username: s.cfg.Username}
	var err error
	switch {
	case s.cfg.Token != nil:
		c.Token, err = s.cfg.Token(ctx)
	default:
		c.Password, err = s.cfg.Password(ctx)
	}
	if err != nil {
		return err
	}
	s.masks = func(text string) string { return mask.Text(text, c.Password, c.Token) }
	at := auth.Server{Offered: s.offers(), Host: s.cfg.Host, Port: s.cfg.Port}
	if conn, ok := s.conn.(*tls.Conn); ok {
		state := conn.ConnectionState()
		at.TLS = &state
	}
	for refused := error(nil); ; {
		client, err := auth.Choose(at, c)
		var lacking *auth.NoMechanismError
		if err != nil && refused != nil && s.caps["LOGINDISABLED"] {
			return refused
		}
		if errors.As(err, &lacking) {
			return s.byCommand(c, lacking)
		}
		if err != nil {
			return s.fail(clean(err.Error()), "")
		}
		name, a, err := s.authenticate(client)
		switch {
		case err != nil:
			return err
		case a.status == "OK":
			return nil
		case !a.notThisWay():
			return s.refused(client, a)
		}
		refused = s.refused(client, a)
		// A SCRAM without channel binding would say that the server offers none, and the server would have to refuse it.
		bound := strings.HasSuffix(name, "-PLUS")
		at.Offered = slices.DeleteFunc(at.Offered, func(o string) bool {
			return strings.EqualFold(o, name) || bound && strings.HasPrefix(o, "SCRAM-")
		})
	}
}

// aboutMechanism are the words of a NO that is about the mechanism. Cyrus says "bad protocol / cancel" where a SCRAM
// with channel binding does not go with TLS 1.3.
var aboutMechanism = regexp.MustCompile(`(?i)mechanism|bad protocol|channel binding|not supported|unsupported|not enabled`)

// notThisWay reports whether an answer refuses the mechanism, and not the password.
func (a answer) notThisWay() bool {
	return a.status == "BAD" || a.status == "NO" && a.code == "" && aboutMechanism.MatchString(a.text)
}

// authenticate plays one mechanism (RFC 9051 section 6.2.2).
func (s *session) authenticate(client *auth.Client) (name string, a answer, err error) {
	name, initial, err := client.Start()
	if err != nil {
		return name, a, s.fail("starting "+name+": "+clean(client.Mask(err.Error())), "")
	}
	line, held := "AUTHENTICATE "+name, initial
	if initial != nil && s.caps["SASL-IR"] && len(initial) < longest {
		line, held = line+" "+encode(initial), nil
	}
	a, err = s.command(line)
	for rounds := 0; err == nil && a.more; rounds++ {
		response, rerr := respond(client, name, a.text, held)
		if held = nil; rerr != nil || rounds > 10 {
			_, _ = s.send("*") // the login is over either way
			return name, a, s.fail("the server asked for something that "+name+" does not know", "")
		}
		a, err = s.send(base64.StdEncoding.EncodeToString(response))
	}
	if err == nil && a.status == "OK" {
		verr := client.Verified()
		if held != nil {
			verr = errors.New("the server says that the login is good before it has seen it")
		}
		if verr != nil {
			return name, a, s.fail(clean(client.Mask(verr.Error())), "the server is not to be trusted")
		}
	}
	return name, a, err
}

// encode is an initial response as SASL-IR has it (RFC 4959).
func encode(b []byte) string {
	if len(b) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(b)
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

// byCommand logs in by LOGIN (RFC 9051 section 6.2.3), where the server does not forbid it.
func (s *session) byCommand(c auth.Credentials, lacking *auth.NoMechanismError) error {
	switch {
	case c.Token != "", c.Mechanism != "" && !strings.EqualFold(c.Mechanism, auth.Login):
		return s.fail(clean(lacking.Error()), "")
	case s.caps["LOGINDISABLED"]:
		return s.fail("the server takes no login here (LOGINDISABLED): "+clean(lacking.Error()),
			"does it want TLS? Set tls: starttls or tls: implicit")
	case strings.ContainsRune(c.Username+c.Password, 0):
		return s.fail("the user name or the password contains a NUL character", "")
	}
	s.deadline()
	s.tags++
	line := s.tag() + " LOGIN"
	var a answer
	for _, word := range []string{c.Username, c.Password} {
		if quotable(word) {
			line += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
			continue
		}
		var err error
		if a, err = s.send(fmt.Sprintf("%s {%d}", line, len(word))); err != nil {
			return err
		}
		if !a.more {
			return s.refused(nil, a)
		}
		line = word
	}
	a, err := s.send(line)
	switch {
	case err != nil:
		return err
	case a.status != "OK":
		return s.refused(nil, a)
	}
	return nil
}

// quotable reports whether a word may stand in quotes; else it is sent as a literal.
func quotable(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r > '~' }) && len(word) < 1000
}

// refused is the error of a login that was refused.
func (s *session) refused(client *auth.Client, a answer) error {
	if a.more {
		return s.cfg.broken(errStrange)
	}
	e := s.fail("the server refuses the login of "+s.cfg.Username, "")
	said := (&refusal{a.status, a.code, a.text}).Error()
	if client != nil {
		said = client.Mask(said)
	}
	e.Err = errors.New(said)
	lower := strings.ToLower(a.text)
	switch {
	case a.code == "UNAVAILABLE" || a.code == "INUSE" || a.code == "LIMIT":
		e.Later = true
	case strings.Contains(lower, "application-specific") || strings.Contains(lower, "app password"):
		e.Hint = "the account wants an app password, which its security settings on the web give, or a token"
	case a.code == "PRIVACYREQUIRED":
		e.Hint = "the server takes logins over TLS only: set tls: starttls or tls: implicit"
	case a.code == "EXPIRED":
		e.Hint = "the password has expired: set a new one on the provider's web page"
	case s.cfg.Token != nil:
		e.Hint = "the server refused the token: is the user name the account that logged in, may the token read mail " +
			"(a scope for IMAP), and is IMAP enabled for the mailbox?"
	default:
		e.Hint = "check the user name and the password; some providers want an app password, " +
			"or want IMAP to be switched on first"
	}
	return e
}
