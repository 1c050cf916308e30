package strictxml

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/recipients/fault"
)

// resolve checks the characters of a text or value, and replaces references and line ends. It changes raw in place,
// since the result is never longer.
func (s *Scanner) resolve(raw []byte, references bool) ([]byte, error) {
	i, beyond := 0, false
	for ; i < len(raw); i++ {
		c := raw[i]
		if c >= utf8.RuneSelf {
			beyond = true
		} else if c == '&' && references || c == '\r' || c < ' ' && c != '\t' && c != '\n' {
			break
		}
	}
	out := raw[:i]
	for i < len(raw) {
		switch c := raw[i]; {
		case c == '&' && references:
			r, n, err := s.reference(raw[i:])
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
			i += n
			continue
		case c == '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			out = append(out, '\n')
		case c < ' ' && c != '\t' && c != '\n':
			return nil, s.bad("the character U+%04X, which XML does not have", c)
		default:
			beyond = beyond || c >= utf8.RuneSelf
			out = append(out, c)
		}
		i++
	}
	if beyond {
		if !utf8.Valid(out) {
			return nil, s.bad("bytes that are not UTF-8")
		}
		if bytes.Contains(out, []byte("\uFFFE")) || bytes.Contains(out, []byte("\uFFFF")) {
			return nil, s.bad("the character U+FFFE or U+FFFF, which XML does not have")
		}
	}
	return out, nil
}

// reference parses &lt; or &#60; or &#x3c;, and returns its length, too.
func (s *Scanner) reference(b []byte) (rune, int, error) {
	end := bytes.IndexByte(b[:min(len(b), 16)], ';')
	if end < 0 {
		return 0, 0, s.bad("an & that does not begin a reference")
	}
	name := string(b[1:end])
	switch name {
	case "lt":
		return '<', end + 1, nil
	case "gt":
		return '>', end + 1, nil
	case "amp":
		return '&', end + 1, nil
	case "apos":
		return '\'', end + 1, nil
	case "quot":
		return '"', end + 1, nil
	}
	if digits, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(digits, "x"); ok {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if r := rune(n); err == nil && n <= utf8.MaxRune && isChar(r) {
			return r, end + 1, nil
		}
	}
	return 0, 0, s.bad("the unknown reference %s", fault.Quote("&"+name+";"))
}

// isChar reports whether XML allows a character (XML 1.0, 2.2).
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r < 0xD800 || r > 0xDFFF && r < 0xFFFE || r > 0xFFFF
}

// nameBytes are the ASCII bytes of names. Bytes beyond ASCII are accepted without a check, since the names in
// workbooks do not have any.
var nameBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' ||
			c == '.' || c == ':' || c >= utf8.RuneSelf
	}
	return t
}()

// splitName cuts a name off the start of b; it is empty if b does not start with one.
func splitName(b []byte) (name, rest []byte) {
	n := 0
	for n < len(b) && nameBytes[b[n]] {
		n++
	}
	if n > 0 && (b[0] >= '0' && b[0] <= '9' || b[0] == '-' || b[0] == '.') {
		return nil, b
	}
	return b[:n], b[n:]
}

// ascii has every ASCII character at its own index.
var ascii = func() string {
	var b [utf8.RuneSelf]byte
	for c := range b {
		b[c] = byte(c)
	}
	return string(b[:])
}()

// name returns a name as a string. It checks and allocates each name once.
func (s *Scanner) name(b []byte) (string, error) {
	if len(b) == 1 && b[0] < utf8.RuneSelf && b[0] != ':' {
		return ascii[b[0] : b[0]+1], nil // nearly all names of a sheet
	}
	if name, ok := s.names[string(b)]; ok {
		return name, nil
	}
	name := string(b)
	if strings.Count(name, ":") > 1 || !utf8.ValidString(name) {
		return "", s.bad("the name %s", fault.Quote(name))
	}
	if len(s.names) < 1<<10 {
		s.names[name] = name
	}
	return name, nil
}

// trimBlank cuts the blanks off the start of b.
func trimBlank(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\t' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// split splits a name at the colon between its prefix and its local part.
func split(qualified string) (prefix, name string) {
	if i := strings.IndexByte(qualified, ':'); i > 0 && i < len(qualified)-1 {
		return qualified[:i], qualified[i+1:]
	}
	return "", qualified
}

// local is a name without its prefix.
func local(qualified string) string {
	_, name := split(qualified)
	return name
}
