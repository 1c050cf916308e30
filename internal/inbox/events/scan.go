package events

import (
	"bufio"
	"errors"
	"io"
)

// The limits of what is in memory at once.
const (
	maxEvent = 4 << 20 // bytes of an event; SNS publishes 256 KiB at most
	maxDepth = 64      // brackets within each other
	maxRun   = 1000    // mistakes at the beginning of a file, with no event among them, after which it is left
)

// containers are the fields in which pages of APIs and envelopes of queues have lists of events.
var containers = map[string]bool{
	"items": true, "events": true, "bounces": true, "suppressions": true, "messages": true, "records": true,
	"result": true, "suppresseddestinationsummaries": true, "data": true,
}

// scanner takes the objects out of a stream of JSON: alone, in arrays, in lists within a container, each on a line, or
// one after the other. What is broken ends where a line or an object begins again.
type scanner struct {
	r     *bufio.Reader
	line  int64  // of the next byte
	stack []byte // the brackets of lists and containers that are open around the next object
	buf   []byte
}

func newScanner(r *bufio.Reader) *scanner { return &scanner{r: r, line: 1} }

// next returns an object and the line at which it begins. raw is good until the next call. A *unread says that raw is
// no object, and the next call goes on after it; any other error is the end, io.EOF the good one.
func (s *scanner) next() (raw []byte, line int64, err error) {
	for {
		c, err := s.skip()
		if errors.Is(err, io.EOF) && len(s.stack) > 0 {
			s.stack = nil
			return nil, s.line, &unread{"the file ends in the middle of a list", "export it again; it may have been cut off"}
		}
		if err != nil {
			return nil, s.line, err
		}
		top := byte(0)
		if len(s.stack) > 0 {
			top = s.stack[len(s.stack)-1]
		}
		switch {
		case c == '}' && top == '{', c == ']' && top == '[':
			s.stack = s.stack[:len(s.stack)-1]
		case top == '{' && c == '"':
			if err := s.field(); err != nil {
				return s.buf, s.line, err
			}
		case c == '[' && len(s.stack) < maxDepth:
			s.stack = append(s.stack, '[')
		case c == '{':
			line := s.line
			container, err := s.object()
			if container {
				s.stack = append(s.stack, '{', '[')
				continue
			}
			return s.buf, line, err
		default:
			line := s.line
			s.buf = append(s.buf[:0], c)
			return s.buf, line, s.broken("here is no event")
		}
	}
}

// read is ReadByte that counts lines.
func (s *scanner) read() (byte, error) {
	c, err := s.r.ReadByte()
	if c == '\n' && err == nil {
		s.line++
	}
	return c, err
}

// skip reads to the next byte that is not blank, nor a comma between objects, nor a mark of RFC 7464.
func (s *scanner) skip() (byte, error) {
	for {
		c, err := s.read()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n', ',', 0x1e:
		default:
			return c, nil
		}
	}
}

// keep appends to what is kept of an object, up to its limit.
func (s *scanner) keep(c byte) {
	if len(s.buf) <= maxEvent {
		s.buf = append(s.buf, c)
	}
}

// broken says that something is no event, and skips to where one may begin: the next line, or an object after a comma.
func (s *scanner) broken(text string) error {
	comma := false
	for {
		c, err := s.read()
		switch {
		case errors.Is(err, io.EOF):
			return &unread{text, ""}
		case err != nil:
			return err
		case c == '\n':
			return &unread{text, ""}
		case c == '{' && comma, c == ']' && comma:
			return errors.Join(s.r.UnreadByte(), &unread{text, ""})
		case c == ' ' || c == '\t' || c == '\r':
		default:
			comma = c == ','
			if len(s.buf) < 1000 {
				s.buf = append(s.buf, c)
			}
		}
	}
}

// object reads an object, whose first bracket was read. It ends early, and is a container, at a list of objects in one
// of the fields that have such lists.
func (s *scanner) object() (container bool, err error) {
	s.buf = append(s.buf[:0], '{')
	open := []byte{'{'}
	prev, key, start := byte('{'), "", 0
	for len(open) > 0 {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return false, &unread{"the file ends in the middle of an event", "export it again; it may have been cut off"}
		}
		if err != nil {
			return false, err
		}
		top := open[len(open)-1]
		switch c {
		case ' ', '\t', '\r', '\n':
			s.keep(c)
			continue
		case '"':
			start = len(s.buf)
			if err := s.string(); err != nil {
				return false, err
			}
			if len(open) == 1 && (prev == '{' || prev == ',') && start+1 <= len(s.buf)-1 {
				key = string(s.buf[start+1 : len(s.buf)-1])
			}
		case '{', '[':
			if prev != ':' && (top == '{' || prev != '[' && prev != ',') { // the one before was cut off
				return false, s.again(c)
			}
			if c == '[' && len(open) == 1 && containers[spelled(key)] && s.objects() {
				return true, nil
			}
			if len(open) == maxDepth {
				return false, s.broken("brackets are too deep")
			}
			open = append(open, c)
			s.keep(c)
		case '}', ']':
			s.keep(c)
			if c-2 != top {
				return false, s.broken("a bracket is missing")
			}
			open = open[:len(open)-1]
		default:
			s.keep(c)
		}
		prev = c
	}
	if len(s.buf) > maxEvent {
		return false, &unread{"an event of more than 4 MiB", "it is left out"}
	}
	return false, nil
}

// again puts the bracket back with which something new begins.
func (s *scanner) again(c byte) error {
	if c == '[' {
		return s.broken("a comma or a bracket is missing")
	}
	return errors.Join(s.r.UnreadByte(), &unread{"an event is cut off", ""})
}

// objects reports whether an object, or the end, comes next in a list.
func (s *scanner) objects() bool {
	for n := 1; n <= 256; n++ {
		b, err := s.r.Peek(n)
		if err != nil {
			return false
		}
		switch b[n-1] {
		case ' ', '\t', '\r', '\n':
		case '{', ']':
			return true
		default:
			return false
		}
	}
	return false
}

// string reads to the end of a string, whose first quote was read, and keeps it.
func (s *scanner) string() error {
	s.keep('"')
	for {
		c, err := s.read()
		if errors.Is(err, io.EOF) {
			return &unread{"the file ends in the middle of an event", "export it again; it may have been cut off"}
		}
		if err != nil {
			return err
		}
		switch c {
		case '\n':
			return &unread{"a line ends in the middle of an event", ""}
		case '\\':
			s.keep(c)
			if c, err = s.r.ReadByte(); err != nil {
				return &unread{"the file ends in the middle of an event", ""}
			}
			if c == '\n' {
				s.line++
				return &unread{"a line ends in the middle of an event", ""}
			}
		case '"':
			s.keep(c)
			return nil
		}
		s.keep(c)
	}
}

// field reads past a field of a container, whose name's first quote was read: to within its list of events, or to its
// end.
func (s *scanner) field() error {
	s.buf = s.buf[:0]
	if err := s.string(); err != nil {
		return err
	}
	key := string(s.buf[1 : len(s.buf)-1])
	c, err := s.skip()
	if err == nil && c == ':' {
		c, err = s.skip()
	} else if err == nil {
		return s.broken("a colon is missing")
	}
	switch {
	case err != nil:
		return err
	case c == '[' && containers[spelled(key)] && s.objects():
		s.stack = append(s.stack, '[')
		return nil
	case c == '{':
		_, err = s.object()
		return err
	case c == '"':
		return s.string()
	case c == '[':
		return s.array()
	}
	for { // a number or a word
		b, err := s.r.Peek(1)
		if err != nil || b[0] == ',' || b[0] == '}' || b[0] == '\n' || b[0] == ']' {
			return nil
		}
		_, _ = s.read() // it was peeked
	}
}

// array reads to the end of a list that has no events, whose first bracket was read.
func (s *scanner) array() error {
	for depth := 1; depth > 0; {
		c, err := s.read()
		if err != nil {
			return &unread{"the file ends in the middle of a list", ""}
		}
		switch c {
		case '"':
			s.buf = s.buf[:0]
			if err := s.string(); err != nil {
				return err
			}
		case '[':
			depth++
		case ']':
			depth--
		}
	}
	return nil
}
