package imap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"mailshot/internal/inbox/server"
)

// session is a connection on its way from the first byte to the end of the login.
type session struct {
	cfg   Config
	raw   net.Conn
	conn  net.Conn // raw, or TLS around it
	br    *bufio.Reader
	caps  map[string]bool // upper case; of the last CAPABILITY
	tags  int
	masks func(string) string // takes the login's secrets out of a text
}

// untagged is how many lines nobody asked for may come before one answer.
const untagged = 1000

// open connects, secures the connection and logs in. When ctx ends, so does the connection.
func open(ctx context.Context, cfg Config) (*session, error) {
	s := &session{cfg: cfg, masks: func(text string) string { return text }}
	conn, err := cfg.at().Dial(ctx)
	if err != nil {
		return nil, err
	}
	s.raw = conn
	s.listen(conn)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	err = s.begin(ctx)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

// listen starts to read from conn. What was read ahead of it is forgotten.
func (s *session) listen(conn net.Conn) {
	s.conn, s.br, s.caps = conn, bufio.NewReaderSize(conn, 4096), nil
}

// begin goes from the first byte to the end of the login.
func (s *session) begin(ctx context.Context) error {
	if s.cfg.TLS == server.Implicit {
		if err := s.secure(ctx); err != nil {
			return err
		}
	}
	if err := s.greeting(); err != nil {
		return err
	}
	if s.cfg.TLS == server.StartTLS {
		if err := s.startTLS(ctx); err != nil {
			return err
		}
	}
	if s.cfg.TLS == server.None && !server.Here(s.raw) {
		return s.fail("the connection is not protected, so no password is sent over it",
			"set tls: starttls or tls: implicit")
	}
	if err := s.capability(); err != nil {
		return err
	}
	if err := s.login(ctx); err != nil {
		return err
	}
	return s.capability() // a login changes what is offered
}

// secure puts TLS on the connection.
func (s *session) secure(ctx context.Context) error {
	conn, err := s.cfg.at().Secure(ctx, s.raw)
	if err == nil {
		s.listen(conn)
	}
	return err
}

// protected reports whether what the server says comes from the server.
func (s *session) protected() bool { return s.conn != s.raw || s.cfg.TLS == server.None }

// greeting reads the first line. A server that says that somebody is logged in already (PREAUTH) is refused: without
// TLS it is the way to keep TLS off (RFC 9051 section 7.1.4), and with TLS nobody knows whose mailbox it is.
func (s *session) greeting() error {
	s.deadline()
	line, err := s.line()
	if err != nil {
		return s.cfg.broken(err)
	}
	word, rest := cut(line)
	status, rest := cut(rest)
	switch {
	case word == "*" && strings.EqualFold(status, "OK"):
		return nil
	case word == "*" && strings.EqualFold(status, "PREAUTH"):
		return s.fail("the server says that somebody is logged in already",
			"somebody may be tampering with the connection; use tls: implicit with port 993 if the server has it")
	case word == "*" && strings.EqualFold(status, "BYE"):
		e := s.fail("the server takes no connections now", "")
		e.Later = true
		if s.protected() {
			e.Text += ": " + clean(statusOf("BYE "+rest).text)
		}
		return e
	}
	return s.cfg.broken(errStrange)
}

// startTLS asks for TLS. The command comes first, whatever the server seems to offer, because what it says without TLS
// may be another's words. What comes before the answer is thrown away. Bytes behind the answer would be taken for the
// server's protected words: they end the connection.
func (s *session) startTLS(ctx context.Context) error {
	a, err := s.command("STARTTLS")
	if err != nil {
		return err
	}
	if a.status != "OK" {
		return s.fail("the server does not start TLS",
			"nothing was sent over the unprotected connection; use tls: implicit with port 993 if the server has it")
	}
	if s.br.Buffered() > 0 {
		return s.fail("unprotected bytes came behind the answer to STARTTLS",
			"somebody may be tampering with the connection; use tls: implicit with port 993 if the server has it")
	}
	return s.secure(ctx)
}

// capability asks what the server offers. What it said before is forgotten.
func (s *session) capability() error {
	s.caps = map[string]bool{}
	a, err := s.command("CAPABILITY")
	if err != nil {
		return err
	}
	if a.status != "OK" || !s.caps["IMAP4REV1"] && !s.caps["IMAP4REV2"] {
		return s.fail("the server does not speak IMAP4rev1 or IMAP4rev2", "")
	}
	return nil
}

// offers are the mechanisms of AUTHENTICATE.
func (s *session) offers() []string {
	var names []string
	for c := range s.caps {
		if name, ok := strings.CutPrefix(c, "AUTH="); ok {
			names = append(names, name)
		}
	}
	return names
}

// answer is the end of a command, or a line that asks for more of it.
type answer struct {
	more         bool   // +
	status, code string // OK, NO or BAD; the code in square brackets, upper case, without its arguments
	text         string
}

// command sends a command and reads its answer.
func (s *session) command(line string) (answer, error) {
	s.deadline()
	s.tags++
	return s.send(s.tag() + " " + line)
}

func (s *session) tag() string { return "a" + strconv.Itoa(s.tags) }

// send sends a line and reads what the server says to it.
func (s *session) send(line string) (answer, error) {
	if _, err := s.conn.Write([]byte(line + "\r\n")); err != nil {
		return answer{}, s.cfg.broken(err)
	}
	return s.answer()
}

// answer reads up to the end of the command, or up to a line that asks for more of it. Of what comes before it only the
// capabilities are noted. A referral to another server is a text like any other: nobody follows it.
func (s *session) answer() (answer, error) {
	for range untagged {
		line, err := s.line()
		if err != nil {
			return answer{}, s.cfg.broken(err)
		}
		word, rest := cut(line)
		switch word {
		case "+":
			return answer{more: true, text: rest}, nil
		case "*":
			if err := s.note(rest); err != nil {
				return answer{}, err
			}
		case s.tag():
			a := statusOf(rest)
			if a.status != "OK" && a.status != "NO" && a.status != "BAD" {
				return a, s.cfg.broken(errStrange)
			}
			a.text = clean(s.masks(a.text))
			return a, nil
		default:
			return answer{}, s.cfg.broken(errStrange)
		}
	}
	return answer{}, s.cfg.broken(errBudget)
}

// note reads a line that nobody asked for.
func (s *session) note(line string) error {
	word, rest := cut(line)
	switch strings.ToUpper(word) {
	case "CAPABILITY":
		if s.caps == nil {
			s.caps = map[string]bool{}
		}
		for _, c := range strings.Fields(rest) {
			s.caps[strings.ToUpper(c)] = true
		}
	case "BYE":
		e := s.fail("the server ends the connection", "")
		e.Later = true
		if s.protected() {
			e.Text += ": " + clean(s.masks(statusOf("BYE "+rest).text))
		}
		return e
	}
	return nil
}

// line reads one line, without its end.
func (s *session) line() (string, error) {
	var line []byte
	for {
		part, err := s.br.ReadSlice('\n')
		if line = append(line, part...); len(line) > s.cfg.Limits.Line {
			return "", errLine
		}
		if err == nil {
			return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
	}
}

// deadline gives the next answer its time.
func (s *session) deadline() { _ = s.conn.SetDeadline(time.Now().Add(s.cfg.Timeouts.Answer)) }

func (s *session) fail(text, hint string) *Error { return s.cfg.at().Fail(text, hint) }

// statusOf reads OK [CODE arguments] text.
func statusOf(line string) answer {
	word, rest := cut(line)
	a := answer{status: strings.ToUpper(word), text: rest}
	if inside, ok := strings.CutPrefix(rest, "["); ok {
		if code, text, ok := strings.Cut(inside, "]"); ok {
			code, _ = cut(code)
			a.code, a.text = strings.ToUpper(code), strings.TrimSpace(text)
		}
	}
	return a
}

// cut splits a line at its first blank.
func cut(line string) (word, rest string) {
	word, rest, _ = strings.Cut(line, " ")
	return word, rest
}
