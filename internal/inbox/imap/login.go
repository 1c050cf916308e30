package imap

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"mailshot/internal/inbox/server"
	"mailshot/internal/mask"
	"mailshot/sender/auth"
)

// longest is the longest initial response that goes into the line of AUTHENTICATE.
const longest = 8000

// login logs in by AUTHENTICATE, or by LOGIN where the server offers no mechanism that will do. A mechanism that the
// server does not play after all is followed by the next one: after a BAD, or a NO that is about the mechanism. Any
// other NO is the end: the password was wrong, and another try could lock the account.
func (s *session) login(ctx context.Context) error {
	c, err := s.cfg.at().Credentials(ctx)
	if err != nil {
		return err
	}
	c.Mechanism = s.cfg.Auth
	s.masks = func(text string) string { return mask.Text(text, c.Password, c.Token) }
	at := s.cfg.at().Offers(s.conn, s.offers())
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
	said := func(line string, say func(string) (answer, error)) (server.Answer, error) {
		a, err = say(line)
		return server.Answer{OK: a.status == "OK", More: a.more, Challenge: a.text}, err
	}
	name, err = s.cfg.at().Play(client, func(name, initial string) (first server.Answer, sent bool, err error) {
		line := "AUTHENTICATE " + name
		if sent = initial != "" && s.caps["SASL-IR"] && len(initial) < longest; sent {
			line += " " + initial // RFC 4959
		}
		first, err = said(line, s.command)
		return first, sent, err
	}, func(line string) (server.Answer, error) { return said(line, s.send) })
	return name, a, err
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
	said := (&refusal{a.status, a.code, a.text}).Error()
	if client != nil {
		said = client.Mask(said)
	}
	e := s.cfg.at().Refused(said)
	switch a.code {
	case "UNAVAILABLE", "INUSE", "LIMIT":
		e.Later, e.Hint = true, ""
	case "PRIVACYREQUIRED":
		e.Hint = "the server takes logins over TLS only: set tls: starttls or tls: implicit"
	case "EXPIRED":
		e.Hint = "the password has expired: set a new one on the provider's web page"
	}
	return e
}
