package recipients

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/recipients/fault"
)

// sample is how much of a file the delimiter is told from, in bytes.
const sample = 64 << 10

// delimiters are those that are told apart, the commonest first.
const delimiters = ",;\t|"

// newCSV starts reading CSV, in UTF-8; encoding is what it was in. What it infers it adds to the header's guesses.
func newCSV(cfg Config, in io.Reader, encoding string, h *Header) (*csvReader, error) {
	r := &csvReader{in: in, encoding: encoding, name: cfg.File, line: 1}
	for r.end < sample && r.fill() {
	}
	if r.eof != nil && r.eof != io.EOF {
		return nil, fault.File(cfg.File, r.eof)
	}
	if bytes.HasPrefix(r.buf[:r.end], []byte("\uFEFF")) {
		r.pos = len("\uFEFF")
	}
	stated := r.statement()
	switch d := cfg.Delimiter; {
	case d != 0:
		if d >= utf8.RuneSelf || d < ' ' && d != '\t' || d == '"' {
			return nil, &Fault{Code: "bad-delimiter", Place: cfg.says("delimiter"), Text: fmt.Sprintf("delimiter %q", d), Hint: "one of , ; | or a tab; a quote or a line end cannot be"}
		}
		r.delimiter = byte(d)
	case stated != 0:
		r.delimiter = stated
	case strings.EqualFold(filepath.Ext(plainName(cfg.File)), ".tsv"):
		r.delimiter = '\t'
	default:
		r.delimiter = detect(r.buf[r.pos:r.end], r.eof != nil)
		if r.delimiter != ',' {
			h.Guessed = append(h.Guessed, fmt.Sprintf("delimiter: %q", string(rune(r.delimiter))))
		}
	}
	return r, nil
}

// statement takes a first line `sep=;`, which Excel writes and reads, and returns its delimiter, 0 if there is none.
func (r *csvReader) statement() byte {
	b := r.buf[r.pos:r.end]
	if len(b) < 6 || !bytes.EqualFold(b[:4], []byte("sep=")) || !strings.Contains(delimiters, string(b[4:5])) {
		return 0
	}
	d := b[4]
	switch {
	case b[5] == '\n':
		r.pos += 6
	case bytes.HasPrefix(b[5:], []byte("\r\n")):
		r.pos += 7
	default:
		return 0
	}
	r.line++
	return d
}

// detect tells the delimiter: the one under which most rows have as many cells as the first, and of several the one that
// makes most cells. A list of one column has none: then it is the comma, which is not in the first row.
func detect(b []byte, whole bool) byte {
	best, bestScore, bestWidth := byte(','), 0.0, 1
	for i := range len(delimiters) {
		r := &csvReader{in: bytes.NewReader(nil), eof: io.EOF, buf: b, end: len(b), line: 1, delimiter: delimiters[i]}
		width, rows, same := 0, 0, 0
		for rows < 200 {
			rec, err := r.next()
			if err == io.EOF || !whole && r.pos == r.end {
				break // the last record of a sample may be cut
			}
			rows++
			if err != nil {
				var f *Fault
				if !errors.As(err, &f) || f.Final {
					break
				}
				continue
			}
			if width == 0 {
				width = len(rec.fields)
			}
			if len(rec.fields) == width {
				same++
			}
		}
		if width < 2 {
			continue
		}
		if score := float64(same) / float64(rows); score > bestScore || score == bestScore && width > bestWidth {
			best, bestScore, bestWidth = delimiters[i], score, width
		}
	}
	return best
}
