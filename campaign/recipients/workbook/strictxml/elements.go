package strictxml

import (
	"bytes"
	"io"
)

// Skip reads to the end of the element whose start tag was read.
func (s *Scanner) Skip() error {
	for depth := len(s.path); len(s.path) >= depth; {
		if _, err := s.Next(); err != nil {
			return cutOff(err)
		}
	}
	return nil
}

// Text appends to b the text of the element whose start tag was read, and reads to its end.
func (s *Scanner) Text(b []byte) ([]byte, error) {
	for depth := len(s.path); ; {
		t, err := s.Next()
		if err != nil {
			return b, err
		}
		if len(s.path) < depth {
			return b, nil
		}
		if t.Kind == CharData {
			if b = append(b, t.Text...); len(b) > MaxToken {
				return b, ErrTooLong
			}
		}
	}
}

// Attr returns the value of an attribute without a prefix as it is in the file, nil if there is none.
func (t *Token) Attr(name string) []byte {
	for i := range t.Attrs {
		if a := &t.Attrs[i]; a.Name == name && a.Prefix == "" {
			return a.Value
		}
	}
	return nil
}

// Value returns the value of an attribute of the last token, without a prefix and with references resolved. It is ""
// if there is none.
func (s *Scanner) Value(name string) string { return s.Plain(s.token.Attr(name)) }

// Plain resolves the references in an attribute's value, which Next has checked.
func (s *Scanner) Plain(raw []byte) string {
	if bytes.ContainsAny(raw, "&\r") {
		raw, _ = s.resolve(bytes.Clone(raw), true)
	}
	return string(raw)
}

// cutOff turns an end of the file that comes too early into an error.
func cutOff(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
