package recipients

import (
	"bytes"
	"strconv"
	"strings"
)

// skip reads to the end of the element whose start was read.
func (s *scanner) skip() error {
	for depth := len(s.path); len(s.path) >= depth; {
		if _, err := s.next(); err != nil {
			return cutOff(err)
		}
	}
	return nil
}

// text appends the text of the element whose start was read, to its end.
func (s *scanner) text(b []byte) ([]byte, error) {
	for depth := len(s.path); ; {
		t, err := s.next()
		if err != nil {
			return b, err
		}
		if len(s.path) < depth {
			return b, nil
		}
		if t.kind == charData {
			if b = append(b, t.text...); len(b) > maxToken {
				return b, errTooLong
			}
		}
	}
}

// richText appends the text of a string item (si, is) whose start was read: its t and those of its runs, without the
// phonetic ones.
func (s *scanner) richText(b []byte) ([]byte, error) {
	for depth := len(s.path); ; {
		t, err := s.next()
		if err != nil {
			return b, err
		}
		if len(s.path) < depth {
			return b, nil
		}
		if t.kind != startTag {
			continue
		}
		switch t.name {
		case "t":
			if b, err = s.text(b); err != nil {
				return b, err
			}
			if len(b) > maxToken {
				return b, errTooLong
			}
		case "r":
		default:
			if err := s.skip(); err != nil {
				return b, err
			}
		}
	}
}

// attr returns an attribute without a prefix as it stands in the file, nil if there is none.
func (t *token) attr(name string) []byte {
	for i := range t.attrs {
		if a := &t.attrs[i]; a.name == name && a.prefix == "" {
			return a.value
		}
	}
	return nil
}

// value returns an attribute without a prefix, references resolved, "" if there is none.
func (s *scanner) value(name string) string { return s.plain(s.token.attr(name)) }

// plain is an attribute's value, references resolved. It was checked when it was read.
func (s *scanner) plain(raw []byte) string {
	if bytes.ContainsAny(raw, "&\r") {
		raw, _ = s.resolve(bytes.Clone(raw), true)
	}
	return string(raw)
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
