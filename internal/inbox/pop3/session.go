package pop3

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"mailshot/internal/inbox/server"
)

// session is a connection from its first byte to QUIT. What breaks the protocol or a limit ends it.
type session struct {
	cfg    Config
	raw    net.Conn
	conn   net.Conn // raw, or TLS around it
	br     *bufio.Reader
	banner string              // the greeting's timestamp for APOP, if the greeting can be trusted
	caps   map[string][]string // upper case; of the last CAPA; nil: the server does not know CAPA
	masks  func(string) string // takes the login's secrets out of a text
	err    error               // why the session cannot be used any more
	body   *body               // a message that is being read

	noTop   bool // whole messages are asked for by RETR
	inexact int  // how often the server gave less than it had listed
}

// open connects, secures the connection and logs in. When ctx ends, so does the connection, until close is called.
func open(ctx context.Context, cfg Config) (*session, error) {
	conn, err := cfg.at().Dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{cfg: cfg, raw: conn, masks: func(text string) string { return text }}
	s.listen(conn)
	stop := context.AfterFunc(ctx, s.close)
	defer stop()
	if err = s.begin(ctx); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.close()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

// listen starts to read from conn. What was read ahead of it is forgotten.
func (s *session) listen(conn net.Conn) {
	s.conn, s.br, s.caps = conn, bufio.NewReaderSize(conn, 16<<10), nil
}

func (s *session) close() { _ = s.raw.Close() }

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
	if s.conn == s.raw && !server.Here(s.raw) {
		return s.fail("the connection is not protected, so no password is sent over it",
			"set tls: starttls or tls: implicit")
	}
	if err := s.capa(); err != nil {
		return err
	}
	if _, ok := s.caps["UTF8"]; ok { // RFC 6856: else messages in UTF-8 come changed; only before the login
		if _, err := s.command("UTF8"); err != nil {
			return err
		}
	}
	if err := s.login(ctx); err != nil {
		return err
	}
	return s.capa() // a login may change what is offered
}

// secure puts TLS on the connection.
func (s *session) secure(ctx context.Context) error {
	conn, err := s.cfg.at().Secure(ctx, s.raw)
	if err == nil {
		s.listen(conn)
	}
	return err
}

// trusted reports whether what the server says comes from the server.
func (s *session) trusted() bool { return s.conn != s.raw || s.cfg.TLS == server.None }

// greeting reads the first line.
func (s *session) greeting() error {
	s.deadline(0)
	a, err := s.answer()
	if err != nil {
		return err
	}
	if !a.ok {
		e := s.fail("the server takes no connections now", "")
		e.Later = true
		if s.trusted() {
			e.Text += ": " + a.text
		}
		return e
	}
	if s.trusted() {
		s.banner = timestamp(a.raw)
	}
	return nil
}

// startTLS asks for TLS (RFC 2595 section 4), whatever the server seems to offer, because what it says without TLS may
// be another's words. Bytes behind the answer would be taken for the server's protected words: they end the connection.
func (s *session) startTLS(ctx context.Context) error {
	a, err := s.command("STLS")
	if err != nil {
		return err
	}
	if !a.ok {
		return s.fail("the server does not start TLS",
			"nothing was sent over the unprotected connection; use tls: implicit with port 995 if the server has it")
	}
	if s.br.Buffered() > 0 {
		return s.fail("unprotected bytes came behind the answer to STLS",
			"somebody may be tampering with the connection; use tls: implicit with port 995 if the server has it")
	}
	return s.secure(ctx)
}

// capa asks what the server offers (RFC 2449). A server that does not know the command offers nothing.
func (s *session) capa() error {
	s.caps = nil
	a, err := s.command("CAPA")
	if err != nil || !a.ok {
		return err
	}
	s.caps = map[string][]string{}
	return s.lines(1000, func(line string) error {
		if words := strings.Fields(line); len(words) > 0 {
			s.caps[strings.ToUpper(words[0])] = words[1:]
		}
		return nil
	})
}

// answer is the first line of an answer.
type answer struct {
	ok   bool
	more bool   // "+ ": the server waits for more of the login
	code string // of RFC 2449 section 8, as "IN-USE"; ""
	text string // the rest, without secrets and safe to show
	raw  string // the rest, as it came
}

// command sends a command and reads the first line of its answer.
func (s *session) command(line string) (answer, error) {
	if err := s.settle(); err != nil {
		return answer{}, err
	}
	s.deadline(0)
	if _, err := s.conn.Write([]byte(line + "\r\n")); err != nil {
		return answer{}, s.end(err)
	}
	return s.answer()
}

// settle gets ready for the next command: a message that was not read to its end is read, and nothing else has come.
func (s *session) settle() error {
	if s.body != nil {
		_ = s.body.Close()
	}
	if s.err != nil {
		return s.err
	}
	if s.br.Buffered() > 0 {
		return s.end(errUnasked)
	}
	return nil
}

// answer reads the first line of an answer.
func (s *session) answer() (answer, error) {
	line, err := s.line()
	if err != nil {
		return answer{}, s.end(err)
	}
	word, rest, _ := strings.Cut(line, " ")
	a := answer{raw: rest}
	switch {
	case word == "+":
		a.more = true
	case strings.EqualFold(word, "+OK"):
		a.ok = true
	case strings.EqualFold(word, "-ERR"):
		if inside, is := strings.CutPrefix(strings.TrimSpace(rest), "["); is {
			code, _, _ := strings.Cut(inside, "]")
			a.code = strings.ToUpper(clean(code))
		}
	default:
		return answer{}, s.end(errStrange)
	}
	if a.text = clean(s.masks(rest)); a.text == "" {
		a.text = "it gives no reason"
	}
	return a, nil
}

// lines reads the lines of an answer that has more than one, at most a number of them.
func (s *session) lines(most int, do func(line string) error) error {
	for n := 0; ; n++ {
		line, err := s.line()
		if err != nil {
			return s.end(within(err))
		}
		if line == "." {
			return nil
		}
		if n == most {
			return s.end(errList)
		}
		if err := do(strings.TrimPrefix(line, ".")); err != nil {
			return s.end(err)
		}
	}
}

// within is the error of a connection that ended within an answer.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		return errNotEnded
	}
	return err
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
			return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if len(line) > 0 {
				err = within(err)
			}
			return "", err
		}
	}
}

// end notes why the session cannot be used any more, and closes the connection.
func (s *session) end(err error) error {
	if s.err == nil {
		s.err = s.cfg.broken(err)
		s.close()
	}
	return s.err
}

// deadline gives the next answer its time; more is how many octets it has beside the first.
func (s *session) deadline(more int64) {
	extra := time.Duration(more/(16<<10)) * time.Second
	_ = s.conn.SetDeadline(time.Now().Add(s.cfg.Timeouts.Answer + extra))
}

// quit ends the session. Nothing was marked for deletion, so nothing is deleted. A server that deletes by itself what
// was read (EXPIRE 0, RFC 2449 section 6.7) is left without QUIT: then it may not (RFC 1939 section 6).
func (s *session) quit() {
	if days := s.caps["EXPIRE"]; s.settle() != nil || len(days) > 0 && days[0] == "0" {
		s.close()
		return
	}
	_ = s.conn.SetDeadline(time.Now().Add(s.cfg.Timeouts.Quit))
	if _, err := s.conn.Write([]byte("QUIT\r\n")); err == nil {
		_, _ = s.line() // it is over either way
	}
	s.close()
}

func (s *session) fail(text, hint string) *Error { return s.cfg.at().Fail(text, hint) }
