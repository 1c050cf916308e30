package pop3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"

	"mailshot/internal/inbox/server"
	"mailshot/internal/mask"
	"mailshot/sender/auth"
)

// mostCommand is the longest command with its end (RFC 2449 section 4).
const mostCommand = 255

// login logs in by the best mechanism of SASL (RFC 5034) that the server offers, or else by USER and PASS, or else by
// APOP. A mechanism that the server does not play after all is followed by the next one. Where the password was refused,
// there is no other try: it could lock the account.
func (s *session) login(ctx context.Context) error {
	c, err := s.cfg.at().Credentials(ctx)
	if err != nil {
		return err
	}
	digest := ""
	if s.banner != "" && c.Token == "" {
		sum := md5.Sum([]byte(s.banner + c.Password))
		digest = hex.EncodeToString(sum[:])
	}
	s.masks = func(text string) string { return mask.Text(text, c.Password, c.Token, digest) }
	if strings.ContainsAny(c.Password, "\r\n\x00") {
		return s.fail("the password contains a character that POP3 cannot carry", "")
	}
	switch s.cfg.Auth {
	case userPass:
		return s.userPass(c)
	case apop:
		return s.apop(c, digest)
	}
	c.Mechanism = s.cfg.Auth
	at := s.cfg.at().Offers(s.conn, slices.Clone(s.caps["SASL"]))
	for {
		client, err := auth.Choose(at, c)
		var lacking *auth.NoMechanismError
		switch {
		case errors.As(err, &lacking) && c.Token == "" && c.Mechanism == "":
			return s.byCommand(c, digest)
		case err != nil:
			return s.fail(clean(err.Error()), "")
		}
		name, a, err := s.authenticate(client)
		switch {
		case err != nil:
			return err
		case a.ok:
			return nil
		case a.more || !(auth.Refusal{Code: 535, Text: a.text}).WrongMechanism():
			return s.refused(a)
		}
		at.Offered = slices.DeleteFunc(at.Offered, func(o string) bool { return strings.EqualFold(o, name) })
	}
}

// byCommand logs in without SASL. A server that does not know CAPA knows USER.
func (s *session) byCommand(c auth.Credentials, digest string) error {
	if _, offered := s.caps["USER"]; offered || s.caps == nil || digest == "" {
		return s.userPass(c)
	}
	return s.apop(c, digest)
}

// userPass is USER and PASS (RFC 1939 section 7).
func (s *session) userPass(c auth.Credentials) error {
	if c.Token != "" {
		return s.fail("USER needs a password, not a token", "")
	}
	a, err := s.command("USER " + c.Username)
	if err == nil && a.ok {
		a, err = s.command("PASS " + c.Password)
	}
	if err == nil && !a.ok {
		err = s.refused(a)
	}
	return err
}

// apop is APOP (RFC 1939 section 7).
func (s *session) apop(c auth.Credentials, digest string) error {
	if digest == "" {
		return s.fail("the server's greeting has no timestamp that APOP could use", "leave out auth, or name another one")
	}
	a, err := s.command("APOP " + c.Username + " " + digest)
	if err == nil && !a.ok {
		err = s.refused(a)
	}
	return err
}

// messageID is the form of a timestamp, which is that of a Message-ID (RFC 1939 section 7, RFC 822). Who may choose any
// octets for it can find the password by collisions of MD5 (CVE-2007-1558), so nothing else will do.
var messageID = regexp.MustCompile(`<[A-Za-z0-9!#$%&'*+/=?^_{|}~` + "`" + `.-]{1,200}@[A-Za-z0-9!#$%&'*+/=?^_{|}~` +
	"`" + `.:\[\]-]{1,200}>`)

// timestamp is what the greeting has for APOP; "" if it has none, or one in another form.
func timestamp(greeting string) string {
	if strings.Count(greeting, "<") != 1 || strings.Count(greeting, ">") != 1 {
		return ""
	}
	return messageID.FindString(greeting)
}

// authenticate plays one mechanism.
func (s *session) authenticate(client *auth.Client) (name string, a answer, err error) {
	say := func(line string) (server.Answer, error) {
		a, err = s.command(line)
		return server.Answer{OK: a.ok, More: a.more, Challenge: a.raw}, err
	}
	name, err = s.cfg.at().Play(client, func(name, initial string) (first server.Answer, sent bool, err error) {
		line := "AUTH " + name
		if sent = initial != "" && len(line)+len(initial)+3 <= mostCommand; sent {
			line += " " + initial
		}
		first, err = say(line)
		return first, sent, err
	}, say)
	return name, a, err
}

// refused is the error of a login that was refused. The codes are those of RFC 2449 and RFC 3206.
func (s *session) refused(a answer) error {
	if a.more {
		return s.end(errStrange)
	}
	e := s.cfg.at().Refused(a.text)
	lower := strings.ToLower(a.text)
	switch {
	case a.code == "IN-USE" || strings.Contains(lower, "is locked") || strings.Contains(lower, "lock busy"):
		e.Later, e.Hint = true, "another program has the mailbox open"
	case a.code == "LOGIN-DELAY", strings.HasPrefix(a.code, "SYS/TEMP"), a.code == "SYS":
		e.Later, e.Hint = true, ""
	}
	return e
}
