// Package strictxml reads XML and accepts nothing less than a whole document. [New] returns a [Scanner], and
// [Scanner.Next] returns one token after another. io.EOF comes only after the end of the root.
package strictxml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/recipients/fault"
)

// The limits of a document. Nothing that a person makes comes near them.
const (
	MaxToken = 4 << 20 // bytes of one tag or text
	MaxDepth = 64
)

// Scanner reads a document (XML 1.0, in UTF-8) token by token, and checks all of it: tags must match, there must be
// one root, and every character must be one that XML allows. Document types are refused, since they define entities.
//
// encoding/xml makes at least one allocation for each token, and a sheet has five tokens per cell. The tests compare
// this scanner with it, token by token. The slices of a token point into the scanner's buffer.
type Scanner struct {
	in    io.Reader
	buf   []byte // what was read and is still needed
	at    int    // index of the next byte
	ended error  // error of in

	token Token
	names map[string]string // each name once
	path  []string
	empty bool // the last start tag was also the end tag
	root  bool
	begun bool // something was read, so a declaration may not follow
	line  int  // of at, from 1
	err   error
}

// Kind is the kind of a token.
type Kind byte

// The kinds of tokens. An empty element <a/> is a start tag and an end tag.
const (
	StartTag Kind = iota
	EndTag
	CharData
)

// Token is a start tag, an end tag, or text. It is valid until the next token is read.
type Token struct {
	Kind  Kind
	Name  string // name of a tag, without its prefix
	Attrs []Attribute
	Text  []byte // text of CharData, with references resolved
}

// Attribute is an attribute of a start tag.
type Attribute struct {
	Prefix, Name string
	Value        []byte // as it is in the file between the quotes; Scanner.Plain resolves it
}

// syntaxError is a mistake in the XML.
type syntaxError struct {
	text string
	line int
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s (line %d of its XML)", e.text, e.line) }

// ErrTooLong is the error of a tag or text of more than MaxToken bytes.
var ErrTooLong = errors.New("a tag or text of more than 4 MiB")

// New returns a scanner for a document.
func New(r io.Reader) *Scanner {
	s := &Scanner{in: r, buf: make([]byte, 0, 64<<10), names: make(map[string]string), line: 1}
	if s.have(3) && string(s.buf[:3]) == "\uFEFF" {
		s.at = 3
	}
	return s
}

// more reads more input into the buffer. It drops what is before at.
func (s *Scanner) more() bool {
	if s.ended != nil {
		return false
	}
	if s.at > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.at:])]
		s.at = 0
	}
	if len(s.buf) >= MaxToken {
		s.ended = ErrTooLong
		return false
	}
	if len(s.buf) == cap(s.buf) {
		s.buf = append(make([]byte, 0, 2*cap(s.buf)), s.buf...)
	}
	for range 100 {
		n, err := s.in.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		s.ended = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.ended = io.ErrNoProgress
	return false
}

// have reports whether n more bytes exist, and reads them if needed.
func (s *Scanner) have(n int) bool {
	for len(s.buf)-s.at < n {
		if !s.more() {
			return false
		}
	}
	return true
}

// find returns the offset from at of the first occurrence of a text that is not before from. It reads as far as
// needed, and returns -1 if there is none.
func (s *Scanner) find(text string, from int) int {
	for {
		if i := bytes.Index(s.buf[min(s.at+from, len(s.buf)):], []byte(text)); i >= 0 {
			return from + i
		}
		from = max(from, len(s.buf)-s.at-len(text)+1)
		if !s.more() {
			return -1
		}
	}
}

// cut is the error that ended the input too early.
func (s *Scanner) cut() error {
	if s.ended == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return s.ended
}

func (s *Scanner) bad(format string, args ...any) error {
	return &syntaxError{fmt.Sprintf(format, args...), s.line}
}

// Next returns the next start tag, end tag or text. It is valid until the next call.
func (s *Scanner) Next() (*Token, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.err = s.step(); s.err != nil {
		return nil, s.err
	}
	return &s.token, nil
}

// Depth is the number of open elements.
func (s *Scanner) Depth() int { return len(s.path) }

// Parent is the name of the element around the one whose start tag was read, without its prefix; "" for the root.
func (s *Scanner) Parent() string {
	if n := len(s.path); n > 1 {
		return local(s.path[n-2])
	}
	return ""
}

func (s *Scanner) step() error {
	if s.empty {
		s.empty = false
		return s.end(s.path[len(s.path)-1])
	}
	for {
		if !s.have(1) {
			switch {
			case s.ended != io.EOF:
				return s.ended
			case len(s.path) > 0:
				return io.ErrUnexpectedEOF
			case !s.root:
				return errors.New("it is empty")
			}
			return io.EOF
		}
		if s.buf[s.at] != '<' {
			found, err := s.characters()
			if err != nil || found {
				return err
			}
			continue
		}
		if !s.have(2) {
			return s.cut()
		}
		switch s.buf[s.at+1] {
		case '/':
			return s.endTag()
		case '?':
			if err := s.instruction(); err != nil {
				return err
			}
		case '!':
			found, err := s.marked()
			if err != nil || found {
				return err
			}
		default:
			return s.startTag()
		}
		s.begun = true
	}
}

// take consumes n bytes and counts their lines.
func (s *Scanner) take(n int) []byte {
	b := s.buf[s.at : s.at+n]
	s.at += n
	s.line += bytes.Count(b, []byte{'\n'})
	return b
}

// characters reads text up to the next tag. It skips blanks around the root.
func (s *Scanner) characters() (found bool, err error) {
	n := bytes.IndexByte(s.buf[s.at:], '<')
	if n < 0 {
		if n = s.find("<", len(s.buf)-s.at); n < 0 {
			if s.ended != io.EOF {
				return false, s.ended
			}
			n = len(s.buf) - s.at
		}
	}
	raw := s.buf[s.at : s.at+n]
	if len(s.path) == 0 {
		if len(bytes.TrimSpace(raw)) > 0 {
			return false, errors.New("text outside its root")
		}
		s.take(n)
		return false, nil
	}
	if bytes.IndexByte(raw, ']') >= 0 && bytes.Contains(raw, []byte("]]>")) {
		return false, s.bad("]]> outside a CDATA section")
	}
	text, err := s.resolve(s.take(n), true)
	if err != nil {
		return false, err
	}
	s.token = Token{Kind: CharData, Text: text, Attrs: s.token.Attrs[:0]}
	return true, nil
}

// marked reads a comment, or a CDATA section, which is text.
func (s *Scanner) marked() (found bool, err error) {
	switch {
	case s.have(4) && string(s.buf[s.at:s.at+4]) == "<!--":
		n := s.find("--", 4)
		if n < 0 || !s.have(n+3) {
			return false, s.cut()
		}
		if s.buf[s.at+n+2] != '>' {
			return false, s.bad("-- within a comment")
		}
		_, err := s.resolve(s.take(n + 3)[4:n], false)
		return false, err
	case s.have(9) && string(s.buf[s.at:s.at+9]) == "<![CDATA[":
		n := s.find("]]>", 9)
		if n < 0 {
			return false, s.cut()
		}
		if len(s.path) == 0 {
			return false, errors.New("text outside its root")
		}
		text, err := s.resolve(s.take(n + 3)[9:n], false)
		if err != nil {
			return false, err
		}
		s.token = Token{Kind: CharData, Text: text, Attrs: s.token.Attrs[:0]}
		return true, nil
	case s.ended != nil && len(s.buf)-s.at < 9:
		return false, s.cut()
	}
	return false, errors.New("it has a document type declaration, which workbooks do not have")
}

// instruction reads a processing instruction. The XML declaration must come first, and must not name an encoding
// other than UTF-8.
func (s *Scanner) instruction() error {
	n := s.find("?>", 2)
	if n < 0 {
		return s.cut()
	}
	body, err := s.resolve(s.take(n + 2)[2:n], false)
	if err != nil {
		return err
	}
	target, rest := splitName(body)
	if len(target) == 0 {
		return s.bad("an instruction without a name")
	}
	if string(target) == "xml" {
		if s.begun {
			return s.bad("an XML declaration that is not at the begin")
		}
		if v := pseudo(rest, "version"); v != "1.0" {
			return s.bad("XML of version %s", fault.Quote(v))
		}
		if e := pseudo(rest, "encoding"); e != "" && !strings.EqualFold(e, "utf-8") {
			return s.bad("XML in the encoding %s, not UTF-8", fault.Quote(e))
		}
	}
	return nil
}

// pseudo is the value of a pseudo-attribute in an XML declaration.
func pseudo(b []byte, name string) string {
	_, rest, ok := strings.Cut(string(b), name)
	rest = strings.TrimLeft(rest, " \t\n")
	if !ok || rest == "" || rest[0] != '=' {
		return ""
	}
	rest = strings.TrimLeft(rest[1:], " \t\n")
	if rest == "" || rest[0] != '"' && rest[0] != '\'' {
		return ""
	}
	value, _, _ := strings.Cut(rest[1:], rest[:1])
	return value
}

// startTag reads <name a="b">, or <name/>.
func (s *Scanner) startTag() error {
	n := s.tagEnd()
	if n < 0 {
		return s.cut()
	}
	b := s.buf[s.at+1 : s.at+n]
	if s.empty = len(b) > 0 && b[len(b)-1] == '/'; s.empty {
		b = b[:len(b)-1]
	}
	raw, rest := splitName(b)
	if len(raw) == 0 {
		return s.bad("a < that does not begin a tag")
	}
	qualified, err := s.name(raw)
	if err != nil {
		return err
	}
	attrs := s.token.Attrs[:0]
	for {
		trimmed := trimBlank(rest)
		if len(trimmed) == 0 {
			break
		}
		key, after := splitName(trimmed)
		after = trimBlank(after)
		if len(key) == 0 || len(after) == 0 || after[0] != '=' {
			return s.bad("a malformed attribute of %s", fault.Quote(qualified))
		}
		after = trimBlank(after[1:])
		if len(after) < 2 || after[0] != '"' && after[0] != '\'' {
			return s.bad("an attribute of %s without quotes", fault.Quote(qualified))
		}
		end := bytes.IndexByte(after[1:], after[0])
		if end < 0 || bytes.IndexByte(after[1:1+end], '<') >= 0 {
			return s.bad("an attribute of %s that does not end", fault.Quote(qualified))
		}
		a := Attribute{Value: after[1 : 1+end]}
		if a.Name, err = s.name(key); err != nil {
			return err
		}
		a.Prefix, a.Name = split(a.Name)
		if err := s.checkValue(a.Value); err != nil {
			return err
		}
		attrs = append(attrs, a)
		rest = after[end+2:]
	}
	switch {
	case len(s.path) == 0 && s.root:
		return errors.New("something follows its end")
	case len(s.path) == MaxDepth:
		return fmt.Errorf("tags nested more than %d deep", MaxDepth)
	}
	s.take(n + 1)
	s.root, s.begun = true, true
	s.path = append(s.path, qualified)
	s.token.Kind, s.token.Name, s.token.Attrs, s.token.Text = StartTag, local(qualified), attrs, nil
	return nil
}

// checkValue checks the characters and references of an attribute's value, and does not change it.
func (s *Scanner) checkValue(v []byte) error {
	for _, c := range v {
		if c < ' ' || c == '&' || c >= utf8.RuneSelf {
			_, err := s.resolve(bytes.Clone(v), true)
			return err
		}
	}
	return nil
}

// tagEnd is the offset of the > that ends the tag, ignoring those in quotes; -1 if there is none.
func (s *Scanner) tagEnd() int {
	quoted := byte(0)
	for i := 1; ; {
		b := s.buf[s.at:]
		for ; i < len(b); i++ {
			switch c := b[i]; {
			case quoted != 0:
				if c == quoted {
					quoted = 0
				}
			case c == '>':
				return i
			case c == '"' || c == '\'':
				quoted = c
			}
		}
		if !s.more() {
			return -1
		}
	}
}

func (s *Scanner) endTag() error {
	if len(s.path) > 0 {
		// Nearly always it is the expected tag, without blanks.
		if want := s.path[len(s.path)-1]; s.have(len(want)+3) && s.buf[s.at+2+len(want)] == '>' &&
			string(s.buf[s.at+2:s.at+2+len(want)]) == want {
			s.at += len(want) + 3
			return s.end(want)
		}
	}
	n := s.find(">", 2)
	if n < 0 {
		return s.cut()
	}
	raw, rest := splitName(s.buf[s.at+2 : s.at+n])
	if len(trimBlank(rest)) > 0 || len(raw) == 0 {
		return s.bad("a malformed end tag")
	}
	name, err := s.name(raw)
	if err != nil {
		return err
	}
	if len(s.path) == 0 || s.path[len(s.path)-1] != name {
		return fmt.Errorf("the end tag %s has no start", fault.Quote(local(name)))
	}
	s.take(n + 1)
	return s.end(name)
}

func (s *Scanner) end(qualified string) error {
	s.path = s.path[:len(s.path)-1]
	// Set field by field, because it happens for every tag of a sheet.
	s.token.Kind, s.token.Name, s.token.Attrs, s.token.Text = EndTag, local(qualified), s.token.Attrs[:0], nil
	return nil
}
