package events

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// The limits of a row: what a quote that is not closed can take with it.
const (
	maxLine = 1 << 20
	maxRows = 200 // lines of one row
)

// table reads CSV. What a row with a quote that is not closed takes with it is read again, from its second line on.
type table struct {
	r     *bufio.Reader
	line  int64 // of the next line
	comma byte
	ahead [][]byte // lines that were read and are read again
	names []string // of the columns, as spelled has them
}

// newTable reads the header. raw is its text. names is empty where there is no line.
func newTable(r *bufio.Reader) (t *table, raw []byte, err error) {
	t = &table{r: r, line: 1}
	for {
		raw, err = t.text()
		if err != nil {
			return t, nil, err
		}
		if s := strings.ToLower(string(bytes.TrimSpace(raw))); strings.HasPrefix(s, "sep=") && len(s) == 5 {
			t.comma = s[4] // as Excel writes it
			continue
		}
		if len(bytes.TrimSpace(raw)) > 0 {
			break
		}
	}
	if t.comma == 0 {
		t.comma = ','
		for _, c := range []byte{';', '\t', '|'} {
			if bytes.Count(raw, []byte{c}) > bytes.Count(raw, []byte{t.comma}) {
				t.comma = c
			}
		}
	}
	fields, closed := t.split(raw)
	if !closed {
		return t, raw, nil
	}
	for _, f := range fields {
		t.names = append(t.names, spelled(f))
	}
	return t, raw, nil
}

// text reads a line, without its end. What is beyond maxLine is lost, and the line is then too long to be right.
func (t *table) text() ([]byte, error) {
	if len(t.ahead) > 0 {
		raw := t.ahead[0]
		t.ahead = t.ahead[1:]
		t.line++
		return raw, nil
	}
	var raw []byte
	for {
		part, err := t.r.ReadSlice('\n')
		if len(raw) <= maxLine {
			raw = append(raw, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (len(raw) == 0 || !errors.Is(err, io.EOF)) {
			return nil, err
		}
		t.line++
		return bytes.TrimRight(raw, "\r\n"), nil
	}
}

// next returns a row and the line at which it begins. A *unread is a row that cannot be read; any other error is the
// end.
func (t *table) next() (fields []string, raw []byte, line int64, err error) {
	var lines [][]byte
	for {
		line = t.line
		raw, err = t.text()
		if err != nil {
			return nil, nil, line, err
		}
		if len(bytes.TrimSpace(raw)) > 0 {
			break
		}
	}
	lines, whole := append(lines, raw), raw
	for {
		if len(whole) > maxLine {
			t.back(lines[1:])
			return nil, raw, line, &unread{"a row of more than 1 MiB", "it is left out"}
		}
		fields, closed := t.split(whole)
		if closed && len(fields) > len(t.names) {
			return nil, raw, line, &unread{"a row with more cells than the header has", "a text with a comma needs quotes"}
		}
		if closed {
			return fields, raw, line, nil
		}
		more, err := t.text()
		if err != nil || len(lines) == maxRows {
			if err == nil {
				lines = append(lines, more)
			}
			t.back(lines[1:])
			return nil, raw, line, &unread{"a quote is not closed", ""}
		}
		lines = append(lines, more)
		whole = append(append(bytes.Clone(whole), '\n'), more...)
	}
}

// back puts lines back, to be read again.
func (t *table) back(lines [][]byte) {
	t.ahead = append(lines, t.ahead...)
	t.line -= int64(len(lines))
}

// split splits a row. closed is false if it ends within quotes.
func (t *table) split(raw []byte) (fields []string, closed bool) {
	var b strings.Builder
	quoted, was := false, false // within quotes; the field had quotes
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '"' && i+1 < len(raw) && raw[i+1] == '"':
			b.WriteByte('"')
			i++
		case quoted && c == '"':
			quoted = false
		case !quoted && c == '"' && !was && strings.TrimSpace(b.String()) == "":
			b.Reset()
			quoted, was = true, true
		case !quoted && c == t.comma:
			fields = append(fields, strings.TrimSpace(b.String()))
			b.Reset()
			was = false
		default:
			b.WriteByte(c)
		}
	}
	return append(fields, strings.TrimSpace(b.String())), !quoted
}
