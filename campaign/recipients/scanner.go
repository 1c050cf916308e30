package recipients

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits of the XML in a workbook: nothing a person makes comes near them.
const (
	maxToken = 4 << 20 // bytes of one tag or text
	maxDepth = 64
)

// scanner reads a document token by token and is content with nothing less than the whole: tags must match, there must be
// one root, and io.EOF comes only after its end. Document types are refused, for entities are defined there.
type scanner struct {
	decoder *xml.Decoder
	in      *rationed
	path    []string
	root    bool
	err     error
}

func newScanner(r io.Reader) *scanner {
	in := &rationed{r: bufio.NewReaderSize(r, 64<<10)}
	if mark, err := in.r.Peek(3); err == nil && string(mark) == "\uFEFF" {
		in.r.Discard(len(mark))
	}
	return &scanner{decoder: xml.NewDecoder(in), in: in}
}

// rationed stops a reader that gives too much for one token. It has ReadByte so that the decoder reads no further.
type rationed struct {
	r    *bufio.Reader
	used int
}

var errTooLong = errors.New("a tag or text of more than 4 MiB")

func (r *rationed) ReadByte() (byte, error) {
	if r.used++; r.used > maxToken {
		return 0, errTooLong
	}
	return r.r.ReadByte()
}

func (r *rationed) Read([]byte) (int, error) {
	return 0, errors.New("recipients: rationed is read by bytes")
}

// next returns the next start or end tag or text. What it returns is valid until the next call.
func (s *scanner) next() (xml.Token, error) {
	if s.err != nil {
		return nil, s.err
	}
	token, err := s.step()
	s.err = err
	return token, err
}

func (s *scanner) step() (xml.Token, error) {
	for {
		s.in.used = 0
		token, err := s.decoder.RawToken()
		if err == io.EOF {
			if len(s.path) > 0 {
				return nil, io.ErrUnexpectedEOF
			}
			if !s.root {
				return nil, errors.New("it is empty")
			}
			return nil, io.EOF
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(s.path) == 0 && s.root {
				return nil, errors.New("something follows its end")
			}
			if len(s.path) == maxDepth {
				return nil, fmt.Errorf("tags nested more than %d deep", maxDepth)
			}
			s.root = true
			s.path = append(s.path, qualified(t.Name))
			return t, nil
		case xml.EndElement:
			if len(s.path) == 0 || s.path[len(s.path)-1] != qualified(t.Name) {
				return nil, fmt.Errorf("the end tag %s has no start", quote(t.Name.Local))
			}
			s.path = s.path[:len(s.path)-1]
			return t, nil
		case xml.CharData:
			if len(s.path) == 0 {
				if strings.TrimSpace(string(t)) != "" {
					return nil, errors.New("text outside its root")
				}
				continue
			}
			return t, nil
		case xml.Directive:
			return nil, errors.New("it has a document type declaration, as no workbook has")
		}
	}
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// skip reads to the end of the element whose start was read.
func (s *scanner) skip() error {
	for depth := len(s.path); len(s.path) >= depth; {
		if _, err := s.next(); err != nil {
			return cutOff(err)
		}
	}
	return nil
}

// text reads the text of the element whose start was read, to its end.
func (s *scanner) text() (string, error) {
	var b []byte
	for depth := len(s.path); ; {
		token, err := s.next()
		if err != nil {
			return "", err
		}
		if len(s.path) < depth {
			return string(b), nil
		}
		if t, ok := token.(xml.CharData); ok {
			if b = append(b, t...); len(b) > maxToken {
				return "", errTooLong
			}
		}
	}
}

// richText reads the text of a string item (si, is) whose start was read: its t and those of its runs, without the
// phonetic ones.
func (s *scanner) richText() (string, error) {
	var b strings.Builder
	for depth := len(s.path); ; {
		token, err := s.next()
		if err != nil {
			return "", err
		}
		if len(s.path) < depth {
			return b.String(), nil
		}
		t, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch t.Name.Local {
		case "t":
			text, err := s.text()
			if err != nil {
				return "", err
			}
			if b.WriteString(text); b.Len() > maxToken {
				return "", errTooLong
			}
		case "r":
		default:
			if err := s.skip(); err != nil {
				return "", err
			}
		}
	}
}

// attr returns an attribute without a prefix, "" if there is none.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// unescape replaces _xHHHH_, by which workbooks write characters that XML cannot (ECMA-376 part 1, 22.9.2.19).
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, "_x")
		if i < 0 || i+7 > len(s) {
			b.WriteString(s)
			return b.String()
		}
		code, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
		if err != nil || s[i+6] != '_' || code >= 0xD800 && code < 0xE000 {
			b.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		b.WriteString(s[:i])
		b.WriteRune(rune(code))
		s = s[i+7:]
	}
}
