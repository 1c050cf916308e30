package trace

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Message is one message on its way to a server.
type Message struct {
	To string // the envelope recipient
	// First, Last and Reply are places in the trace: where the write began that has the first byte of the body, where
	// the one began that has the last, and where a read ended that completes the reply. Never: it did not happen.
	First, Last, Reply int
	Code               int // of the reply
}

// Messages are what went over all connections of a trace, in the order of their first bytes. It reads SMTP without TLS:
// MAIL, RCPT and DATA or BDAT, pipelined or not. A connection on which something else is spoken is an error.
func Messages(steps []Step) ([]*Message, error) {
	var all []*Message
	lines := map[string]*conversation{}
	for _, s := range steps {
		c := s.Call
		switch c.Name {
		case "write", "writev", "sendto", "sendmsg":
			if s.Ends {
				continue
			}
		case "read", "recvfrom", "recvmsg":
			if !s.Ends {
				continue
			}
		default:
			continue
		}
		_, socket, err := c.fd(0)
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(socket, "socket:") {
			continue
		}
		data, err := c.data()
		if err != nil {
			return nil, err
		}
		l := lines[socket]
		if l == nil {
			l = &conversation{awaited: []*Message{nil},
				found: func(m *Message) { all = append(all, m) }} // the greeting
			lines[socket] = l
		}
		if s.Ends {
			err = l.said(data, s.Place)
		} else {
			err = l.hear(data, s.Place)
		}
		if err != nil {
			return nil, fmt.Errorf("%s at %d: %w", socket, s.Place, err)
		}
	}
	return all, nil
}

// conversation is one connection, as far as it has come.
type conversation struct {
	found   func(*Message)
	awaited []*Message // the replies that are due: of a message, or nil of anything else
	data    *Message   // DATA was said and its reply is due
	mail    *Message   // the envelope
	line    []byte     // a command that is not whole
	body    *Message   // whose bytes come
	left    int        // of them, by BDAT; -1: to the dot
	last    bool       // BDAT LAST
	tail    []byte     // the last bytes before, to find the dot
	reply   []byte     // a reply that is not whole
}

// hear takes what the client says.
func (l *conversation) hear(data []byte, place int) error {
	for len(data) > 0 {
		if l.body != nil {
			data = l.more(data, place)
			continue
		}
		if l.data != nil {
			return errors.New("the client speaks before DATA is answered")
		}
		i := bytes.IndexByte(data, '\n')
		l.line = append(l.line, data[:i+1]...)
		if i < 0 {
			l.line = append(l.line, data...)
			return nil
		}
		data = data[i+1:]
		if err := l.command(strings.TrimRight(string(l.line), "\r\n")); err != nil {
			return err
		}
		l.line = l.line[:0]
	}
	return nil
}

func (l *conversation) command(line string) error {
	words := strings.Fields(line)
	if len(words) == 0 {
		return errors.New("an empty command")
	}
	var about *Message
	switch verb := strings.ToUpper(words[0]); verb {
	case "EHLO", "HELO", "RSET", "NOOP", "QUIT":
	case "MAIL":
		l.mail = &Message{First: Never, Last: Never, Reply: Never}
	case "RCPT":
		_, to, _ := strings.Cut(line, "<")
		to, _, ok := strings.Cut(to, ">")
		if !ok || l.mail == nil || l.mail.To != "" {
			return fmt.Errorf("%q: not the one recipient of a message", line)
		}
		l.mail.To = to
	case "DATA":
		l.data = l.mail
	case "BDAT":
		if len(words) < 2 || l.mail == nil {
			return fmt.Errorf("%q: not the message of an envelope", line)
		}
		var err error
		if l.left, err = strconv.Atoi(words[1]); err != nil {
			return err
		}
		l.body, l.last, about = l.mail, len(words) > 2, l.mail
	default:
		return fmt.Errorf("%q: the replay does not know this command", line)
	}
	l.awaited = append(l.awaited, about)
	return nil
}

// more takes bytes of the body, and returns what comes behind it.
func (l *conversation) more(data []byte, place int) []byte {
	if l.body.First == Never {
		l.body.First = place
		l.found(l.body)
	}
	if l.left >= 0 {
		n := min(l.left, len(data))
		if l.left -= n; l.left == 0 {
			if l.last {
				l.body.Last = place
			}
			l.body = nil
		}
		return data[n:]
	}
	known := len(l.tail)
	l.tail = append(l.tail, data...)
	end := bytes.Index(l.tail, []byte("\r\n.\r\n"))
	if end < 0 {
		l.tail = bytes.Clone(l.tail[max(0, len(l.tail)-4):])
		return nil
	}
	l.body.Last = place
	l.awaited = append(l.awaited, l.body)
	l.body, l.tail = nil, nil
	return data[end+5-known:]
}

// said takes what the server says.
func (l *conversation) said(data []byte, place int) error {
	l.reply = append(l.reply, data...)
	for {
		line, rest, whole := bytes.Cut(l.reply, []byte("\n"))
		if !whole {
			return nil
		}
		l.reply = rest
		if len(line) < 3 {
			return fmt.Errorf("%q: no reply", line)
		}
		if len(line) > 3 && line[3] == '-' {
			continue
		}
		code, err := strconv.Atoi(string(line[:3]))
		if err != nil {
			return fmt.Errorf("%q: no reply", line)
		}
		if len(l.awaited) == 0 {
			return fmt.Errorf("%q: nothing was asked", line)
		}
		m := l.awaited[0]
		l.awaited = l.awaited[1:]
		switch {
		case m != nil && m.Last <= place:
			m.Reply, m.Code = place, code
		case m == nil && l.data != nil && len(l.awaited) == 0: // DATA's is the last of its group
			if code == 354 {
				l.body, l.left, l.tail = l.data, -1, []byte("\r\n")
			}
			l.data = nil
		}
	}
}
