package smtp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"mailshot/sender/reply"
)

// The largest answers that are read. RFC 5321 4.5.3.1.5 allows lines of 512 bytes. Real servers
// write longer ones, and hostile servers endless ones.
const (
	maxLine   = 4 << 10
	maxAnswer = 64 << 10
)

// Reply is one whole answer of a server.
type Reply struct {
	Stage reply.Stage
	Code  int      // 200 to 599
	Lines []string // text of each line as it came, without its code and line end
	Time  time.Time
}

// Enhanced is the enhanced status code (RFC 2034), "" when there is none.
func (r Reply) Enhanced() string {
	code, _ := reply.Enhanced(r.Lines[0])
	return code
}

// Text is the answer's text without its codes, safe to show and to store.
func (r Reply) Text() string {
	if len(r.Lines) == 1 {
		return reply.Clean(strings.TrimPrefix(r.Lines[0], r.Enhanced()))
	}
	return reply.Clean(strings.Join(r.words(), " "))
}

// words are the answer's lines without their enhanced codes.
func (r Reply) words() []string {
	code := r.Enhanced()
	words := make([]string, len(r.Lines))
	for i, line := range r.Lines {
		words[i] = line
		if code != "" {
			words[i] = strings.TrimPrefix(line, code)
		}
	}
	return words
}

// Said is the answer's text as [Reply.Text] gives it, without the secrets of this session's login.
// Some servers repeat them long after, on one line or across several.
func (s *Session) Said(r Reply) string {
	if s.masks == nil {
		return r.Text()
	}
	words, ok := s.hidden(r)
	if !ok {
		return secretMark
	}
	return s.masks(reply.Clean(strings.Join(words, " ")))
}

// hidden returns the answer's words, each line without the secrets. ok is false when the end of a
// line cuts a secret in two, and the secret is still there.
func (s *Session) hidden(r Reply) (words []string, ok bool) {
	words = r.words()
	for i := range words {
		words[i] = strings.TrimSpace(s.masks(words[i]))
	}
	rest := strings.Join(words, "")
	return words, s.masks(rest) == rest
}

// The ways in which an answer fails to be one.
var (
	errSenseless = errors.New("malformed answer")
	errTooLong   = errors.New("answer too long")
	errExtra     = errors.New("the server sent more than was asked for")
)

// readReply reads one answer (RFC 5321 4.2): lines of three digits and a hyphen, and a last line
// with a blank, or nothing, after the same digits. A bare LF ends a line too. An answer is whole
// when its last line has ended.
//
// before is what the same question was answered with the last time; nil: nothing is remembered. An answer of one line
// that is the same again costs no memory.
func readReply(br *bufio.Reader, before *answered) (code int, lines []string, err error) {
	for total := 0; ; {
		line, err := br.ReadSlice('\n')
		if total == 0 && err == nil && before.is(line) {
			return before.code, before.lines, nil
		}
		total += len(line)
		if errors.Is(err, bufio.ErrBufferFull) || total > maxAnswer {
			return 0, nil, errTooLong
		}
		if err != nil {
			if err == io.EOF && total > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, nil, err
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		n, more, rest, ok := parseLine(text)
		if !ok || code != 0 && n != code {
			return 0, nil, fmt.Errorf("%w %q", errSenseless, reply.Clean(text))
		}
		code, lines = n, append(lines, rest)
		if !more {
			if len(lines) == 1 {
				before.remember(line, code, lines)
			}
			return code, lines, nil
		}
	}
}

// answered is an answer of one line, as it came.
type answered struct {
	line  []byte
	code  int
	lines []string // shared by all the replies that are this answer; nobody changes them
}

func (a *answered) is(line []byte) bool { return a != nil && a.code != 0 && bytes.Equal(a.line, line) }

func (a *answered) remember(line []byte, code int, lines []string) {
	if a != nil {
		a.line, a.code, a.lines = append(a.line[:0], line...), code, lines
	}
}

// parseLine takes a line of an answer apart.
func parseLine(s string) (code int, more bool, text string, ok bool) {
	if len(s) < 3 || s[0] < '2' || s[0] > '5' {
		return 0, false, "", false
	}
	for _, c := range []byte(s[:3]) {
		if c < '0' || c > '9' {
			return 0, false, "", false
		}
		code = code*10 + int(c-'0')
	}
	switch {
	case len(s) == 3:
		return code, false, "", true
	case s[3] == ' ':
		return code, false, s[4:], true
	case s[3] == '-':
		return code, true, s[4:], true
	}
	return 0, false, "", false
}

// answer reads the answer to what was sent at stage, within d in all. Anything but a whole answer
// closes the session.
func (s *Session) answer(stage reply.Stage, d time.Duration) (Reply, error) {
	s.in.within = d
	code, lines, err := readReply(s.br, s.before(stage))
	if err != nil {
		return Reply{}, s.broken(stage, err)
	}
	s.wire.Replied()
	r := Reply{Stage: stage, Code: code, Lines: lines, Time: s.in.heard}
	s.got(r)
	if code == 421 {
		s.Close() // RFC 5321 4.2.3: the server is closing the connection
	}
	return r, nil
}

// before is where the last answer to a command of an envelope is remembered; nil for other stages.
func (s *Session) before(stage reply.Stage) *answered {
	switch stage {
	case reply.Mail:
		return &s.known[0]
	case reply.Rcpt:
		return &s.known[1]
	case reply.Data:
		return &s.known[2]
	}
	return nil
}

// incoming reads what the server says, for a bufio.Reader. The deadline of an answer is set when its bytes have to be
// waited for. What has come already needs none. Answers that came together cost one deadline.
type incoming struct {
	conn   net.Conn
	within time.Duration   // in which the answer that is read has to be there; 0: its deadline is set
	until  context.Context // its end calls hang; nil: nothing does
	hang   func()
	heard  time.Time // when the last bytes came
}

func (i *incoming) Read(p []byte) (int, error) {
	if i.within > 0 {
		if err := i.conn.SetReadDeadline(time.Now().Add(i.within)); err != nil {
			return 0, err
		}
		i.within = 0
	}
	if i.until != nil {
		defer context.AfterFunc(i.until, i.hang)()
	}
	n, err := i.conn.Read(p)
	i.heard = time.Now()
	return n, err
}

// listen reads from a connection from now on.
func (s *Session) listen(conn net.Conn) {
	s.in = incoming{conn: conn, hang: s.Close}
	s.br = bufio.NewReaderSize(&s.in, maxLine)
}

// command writes a line and reads its answer.
func (s *Session) command(stage reply.Stage, d time.Duration, line string) (Reply, error) {
	s.out = append(append(s.out[:0], line...), '\r', '\n')
	return s.exchange(stage, d)
}

// exchange writes the one command in s.out, and reads its answer.
func (s *Session) exchange(stage reply.Stage, d time.Duration) (Reply, error) {
	if err := s.clean(stage); err != nil {
		return Reply{}, err
	}
	if err := s.write(stage, d, s.out); err != nil {
		return Reply{}, err
	}
	return s.answer(stage, d)
}

// clean closes a session on which something came that nobody asked for: it would be read as the
// answer to the next command.
func (s *Session) clean(stage reply.Stage) error {
	if s.Closed() {
		return &Error{Stage: stage, Text: "the connection is closed", Err: errClosed}
	}
	if s.br.Buffered() > 0 {
		return s.broken(stage, errExtra)
	}
	return nil
}

// write writes all of b, or closes the session.
func (s *Session) write(stage reply.Stage, d time.Duration, b []byte) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return s.broken(stage, err)
	}
	s.sent(stage, b)
	if _, err := s.conn.Write(b); err != nil {
		return s.broken(stage, err)
	}
	return nil
}
