package delimited

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/recipients/fault"
)

// sample is how many bytes of a file are used to find the delimiter.
const sample = 64 << 10

// delimiters are those that are recognised, the commonest first.
const delimiters = ",;\t|"

// Config says what text is read.
type Config struct {
	File        string // name of the file, for places
	Encoding    string // encoding of the file, for faults; default UTF-8
	Delimiter   rune   // between cells; default as the first line says, else Usual
	Usual       rune   // delimiter by the file's name, as for .tsv; default as the text shows
	DelimiterAt string // place that sets Delimiter, for faults
	HeaderRow   int    // line of the header; default the first row, or the first below a title
}

// By is how a delimiter is known.
type By int

// The ways to know a delimiter.
const (
	Told   By = iota // most of the first rows show it
	Said             // Config.Delimiter says it
	Stated           // the first line says it: sep=;
	Named            // it is Config.Usual
)

// NewCSV starts reading CSV in UTF-8.
func NewCSV(cfg Config, in io.Reader) (*CSV, error) {
	r := &CSV{in: newEnded(in), encoding: cfg.Encoding, name: cfg.File, line: 1}
	for r.end < sample && r.fill() {
	}
	if r.eof != nil && r.eof != io.EOF {
		return nil, fault.File(cfg.File, r.eof)
	}
	for bytes.HasPrefix(r.buf[r.pos:r.end], []byte(byteOrderMark)) {
		r.pos, r.marked = r.pos+len(byteOrderMark), true
	}
	stated := r.statement()
	switch d := cfg.Delimiter; {
	case d != 0:
		if d >= utf8.RuneSelf || d < ' ' && d != '\t' || d == '"' {
			return nil, &fault.Fault{Code: "bad-delimiter", Place: cfg.DelimiterAt,
				Text: fmt.Sprintf("delimiter %q", d), Hint: "one of , ; | or a tab; a quote or a line end cannot be"}
		}
		r.delimiter, r.by = byte(d), Said
	case stated != 0:
		r.delimiter, r.by = stated, Stated
	case cfg.Usual != 0:
		r.delimiter, r.by = byte(cfg.Usual), Named
	default:
		r.delimiter = detect(r.buf[r.pos:r.end], r.eof != nil)
	}
	if cfg.HeaderRow == 0 {
		r.skipTitle(r.by != Told, r.eof != nil)
	}
	return r, nil
}

// statement reads a first line `sep=;`, which Excel writes and reads. It returns the delimiter, or 0 if there is no
// such line.
func (r *CSV) statement() byte {
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

// detect finds the delimiter: the one with which most rows have as many cells as the first row, and of several, the
// one that gives most cells. For a list of one column it returns a comma, which the first row does not contain.
func detect(b []byte, whole bool) byte {
	best, bestScore, bestWidth := byte(','), 0.0, 1
	for i := range len(delimiters) {
		r := &CSV{in: bytes.NewReader(nil), eof: io.EOF, buf: b, end: len(b), line: 1, delimiter: delimiters[i]}
		width, rows, same := 0, 0, 0
		for rows < 200 {
			rec, err := r.Next()
			if err == io.EOF || !whole && r.pos == r.end {
				break // the last record of a sample may be cut off
			}
			rows++
			if err != nil {
				var f *fault.Fault
				if !errors.As(err, &f) || f.Final {
					break
				}
				continue
			}
			if width == 0 {
				width = len(rec.Fields)
			}
			if len(rec.Fields) == width {
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
