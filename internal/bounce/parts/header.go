package parts

import (
	"bytes"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message/charset"
)

// Field is a field of a header, or of a report.
type Field struct {
	Name  string // as it stands there
	Value string // unfolded: a line end and the blanks after it are one blank
}

// Header are the fields of a header in their order.
type Header []Field

// Get returns the value of the first field with a name, whose case does not matter; "" if there is none.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// All returns the values of all fields with a name.
func (h Header) All(name string) []string {
	var all []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return all
}

// Text returns the first value with a name, its encoded words decoded (RFC 2047).
func (h Header) Text(name string) string { return Words(h.Get(name)) }

// Words decodes encoded words (RFC 2047). What cannot be decoded stays as it is.
func Words(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	d := mime.WordDecoder{CharsetReader: charset.Reader}
	out, err := d.DecodeHeader(s)
	if err != nil {
		return s
	}
	return out
}

// readHeader cuts the header off the front of a part. whole says that the part is a message, which may begin with a
// mailbox's "From " line. Where the first line is not a field, everything is the body.
func readHeader(b []byte, whole bool, limit int) (Header, []byte, error) {
	var h Header
	var last strings.Builder // the value of the last field of h
	start := b
	if whole {
		for bytes.HasPrefix(b, []byte("From ")) || bytes.HasPrefix(b, []byte(">From ")) {
			_, b, _ = bytes.Cut(b, []byte{'\n'})
		}
	}
	done := func() {
		if len(h) > 0 {
			h[len(h)-1].Value = strings.TrimSpace(last.String())
		}
		last.Reset()
	}
	for all := len(b); len(b) > 0; {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		if all-len(rest) > limit && len(h) > 0 || len(line) > limit {
			return nil, nil, &LimitError{What: "header", Limit: int64(limit)}
		}
		name, value, colon := fieldOf(line)
		switch {
		case len(bytes.TrimSpace(line)) == 0:
			done()
			return h, rest, nil
		case len(h) > 0 && (line[0] == ' ' || line[0] == '\t'):
			last.WriteByte(' ')
			last.Write(bytes.TrimSpace(line))
		case colon:
			done()
			h = append(h, Field{Name: name})
			last.WriteString(value)
		case len(h) == 0:
			return nil, start, nil
		case bytes.HasPrefix(line, []byte("--")):
			// A boundary in the header: the blank line is missing.
			done()
			return h, b, nil
		}
		b = rest
	}
	done()
	return h, nil, nil
}

// fieldOf takes a line apart that is a field.
func fieldOf(line []byte) (name, value string, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i < 1 || i > 76 {
		return "", "", false
	}
	n := bytes.TrimRight(line[:i], " \t")
	for _, c := range n {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	return string(n), string(bytes.TrimSpace(line[i+1:])), len(n) > 0
}

// Fields reads groups of fields, between which there are empty lines, as reports have them (RFC 3464 section 2.1). A
// line that is not a field, and continues none, is left out.
func Fields(text string) []Header {
	var groups []Header
	var h Header
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		name, value, colon := fieldOf([]byte(line))
		switch {
		case strings.TrimSpace(line) == "":
			if len(h) > 0 {
				groups = append(groups, h)
			}
			h = nil
		case len(h) > 0 && (line[0] == ' ' || line[0] == '\t'):
			h[len(h)-1].Value += " " + strings.TrimSpace(line)
		case colon:
			h = append(h, Field{Name: name, Value: value})
		}
	}
	if len(h) > 0 {
		groups = append(groups, h)
	}
	return groups
}

// mediaType reads a Content-Type. Parameters are read where the standard library refuses them, too.
func mediaType(s, kind string) (string, map[string]string) {
	if s == "" {
		return kind, nil
	}
	typ, params, err := mime.ParseMediaType(strings.TrimRight(s, "; "))
	if err == nil && strings.Contains(typ, "/") {
		return typ, params
	}
	typ, rest, _ := strings.Cut(s, ";")
	typ = strings.ToLower(strings.TrimSpace(typ))
	if !strings.Contains(typ, "/") || strings.ContainsAny(typ, " \t") {
		typ = kind
	}
	params = map[string]string{}
	for _, one := range strings.Split(rest, ";") {
		name, value, ok := strings.Cut(one, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if value = strings.Trim(strings.TrimSpace(value), `"`); ok && params[name] == "" {
			params[name] = value
		}
	}
	return typ, params
}

// toUTF8 returns text of a charset as UTF-8. An unknown charset is UTF-8 if it can be, and else Latin-1.
func toUTF8(b []byte, label string) string {
	label = strings.ToLower(strings.Trim(label, `"' `))
	switch label {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unicode-1-1-utf-7", "utf-7", "unknown-8bit", "x-unknown":
		return valid(b)
	}
	r, err := charset.Reader(label, bytes.NewReader(b))
	if err != nil {
		return valid(b)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return valid(b)
	}
	return valid(out)
}
