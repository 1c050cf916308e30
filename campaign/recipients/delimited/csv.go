// Package delimited reads lists that are text. [NewCSV] reads CSV in any dialect, [NewJSON] reads JSON with one
// object per line, or an array of objects. Both return one [Record] after another. A fault has the line, its text,
// and a column in it.
package delimited

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"mailshot/campaign/recipients/charset"
	"mailshot/campaign/recipients/fault"
)

// Record is one line of a list before its columns have names. It belongs to the caller.
type Record struct {
	Line   int64    // line at which it begins, from 1
	Fields []string // cells, which share one string
	Raw    string   // the record as it is in the text
}

// MaxRecord is the longest record, in bytes. A longer one means that a quote was never closed, or that the file is
// not a list.
const MaxRecord = 1 << 20

// CSV reads CSV (RFC 4180) as strictly as real lists allow. encoding/csv is not used: it accepts an unclosed quote at
// the end of a file, changes line ends inside quotes, and does not keep the record for an error to show.
//
// Records end with LF, CRLF or CR. Empty lines are skipped. A quote at the start of a cell quotes the cell; elsewhere
// in an unquoted cell it is a character, as in 37°36'37.8". A closing quote must be followed by a delimiter or the
// end of the record.
type CSV struct {
	in        io.Reader
	name      string
	delimiter byte
	whole     bool   // a whole line is one field
	encoding  string // encoding of the file; "" is UTF-8
	by        By     // how the delimiter is known
	marked    bool   // the text begins with a byte order mark
	titled    int64  // line of the header, if a title stands above it; else 0

	buf    []byte
	pos    int   // start of the record being read
	end    int   // end of what was read
	line   int64 // of pos, from 1
	eof    error // what ended the input
	fields []span
}

// span is the place of a field in its record.
type span struct {
	from, to int
	doubled  bool
}

// Encoding is the encoding that the text was decoded from.
func (r *CSV) Encoding() string { return r.encoding }

// Marked reports whether the text begins with a byte order mark.
func (r *CSV) Marked() bool { return r.marked }

// Delimiter is the character between cells, and how it is known.
func (r *CSV) Delimiter() (rune, By) { return rune(r.delimiter), r.by }

// Place names a line: people.csv:17.
func (r *CSV) Place(line int64) string {
	b := make([]byte, 0, len(r.name)+12)
	b = append(append(b, r.name...), ':')
	return string(strconv.AppendInt(b, line, 10))
}

// fill reads more of the record at pos. It returns false at the end of the input, and when the record fills the
// largest buffer.
func (r *CSV) fill() bool {
	if r.eof != nil {
		return false
	}
	if r.pos > 0 {
		r.end = copy(r.buf, r.buf[r.pos:r.end])
		r.pos = 0
	}
	if r.end == len(r.buf) {
		if len(r.buf) >= MaxRecord {
			return false
		}
		r.buf = append(r.buf, make([]byte, max(len(r.buf), 64<<10))...)
	}
	for range 100 {
		n, err := r.in.Read(r.buf[r.end:])
		r.end += n
		r.eof = err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	r.eof = io.ErrNoProgress
	return false
}

// The states of reading a record.
const (
	fieldStart = iota
	inField
	inQuotes
	quoteInQuotes // after a quote inside quotes: it closes them, or is the first of a pair
	pastQuotes    // text after a closing quote: an error, read to the end of the line
)

// scan is how far a record was read. Offsets count from its start; -1 is nowhere.
type scan struct {
	state   int
	at      int  // the next byte
	field   int  // start of the field
	opened  int  // the last opening quote
	doubled bool // the field contains doubled quotes
	breaks  bool // quotes contain line breaks
	stray   int  // the first misplaced quote, or text after a closing quote
	nul     int  // the first NUL
}

// cut ends the field before the next byte.
func (s *scan) cut() span {
	f := span{s.field, s.at, false}
	if s.state == quoteInQuotes {
		f = span{s.field + 1, s.at - 1, s.doubled}
	}
	s.state, s.doubled, s.field = fieldStart, false, s.at+1
	return f
}

// Next returns the next record that is not an empty line. After a [*fault.Fault] that is not final, the reader goes
// on with the record that follows. Any other error ends it, io.EOF included.
func (r *CSV) Next() (Record, error) {
	for {
		rec, err := r.record()
		if err != nil || strings.Trim(rec.Raw, endOfText) != "" {
			return rec, err
		}
	}
}

func (r *CSV) record() (Record, error) {
	s := scan{opened: -1, stray: -1, nul: -1}
	r.fields = r.fields[:0]
	for !r.advance(&s) {
		if !r.fill() {
			return r.last(&s)
		}
	}
	return r.finish(&s)
}

// advance reads what is in the buffer, and reports whether the record ends there, before s.at.
func (r *CSV) advance(s *scan) bool {
	b := r.buf[r.pos:r.end]
	if r.whole {
		n := bytes.IndexByte(b[s.at:], '\n')
		if n < 0 {
			s.at = len(b)
			return false
		}
		s.at += n
		return true
	}
	for ; s.at < len(b); s.at++ {
		c := b[s.at]
		if c > '"' && c != r.delimiter && s.state <= inQuotes {
			if s.state == fieldStart {
				s.state = inField
			}
			continue
		}
		switch {
		case c == 0 && s.nul < 0:
			s.nul = s.at
		case s.state == inQuotes:
			if c == '"' {
				s.state = quoteInQuotes
			} else if c == '\n' || c == '\r' {
				s.breaks = true
			}
		case c == '"' && s.state == fieldStart:
			s.state, s.opened = inQuotes, s.at
		case c == '"' && s.state == quoteInQuotes:
			s.state, s.doubled = inQuotes, true
		case c == '"':
			// A quote after blanks was meant to quote the cell. Taken as a character, it would shift the cells after
			// it.
			if s.stray < 0 && s.state == inField && len(bytes.Trim(b[s.field:s.at], " \t")) == 0 {
				s.stray = s.at
			}
		case c == r.delimiter:
			r.fields = append(r.fields, s.cut())
		case c == '\n' || c == '\r':
			return true
		case s.state == quoteInQuotes:
			s.state = pastQuotes
			if s.stray < 0 {
				s.stray = s.at
			}
		case s.state == fieldStart:
			s.state = inField
		}
	}
	return false
}

// last returns the last record when the input ends, and the fault of a record that is too long for the buffer.
func (r *CSV) last(s *scan) (Record, error) {
	if r.eof != nil && r.eof != io.EOF {
		return Record{}, fault.File(r.name, r.eof)
	}
	raw := r.buf[r.pos:r.end]
	if s.state == inQuotes {
		line := r.line + fault.Lines(raw[:s.opened])
		begin := bytes.LastIndexAny(raw[:s.opened], "\r\n") + 1
		shown := fault.Excerpt(string(raw[begin:]))
		return Record{}, &fault.Fault{
			Code: "unclosed-quote", Place: r.Place(line), Line: line, Final: true,
			Text: "a quote opens here and is never closed", Excerpt: shown,
			Column: fault.Caret(raw[begin:s.opened], shown),
			Hint:   `everything after it would be lost: close it, or double it ("") if it belongs to the cell`,
		}
	}
	if r.eof == nil {
		return Record{}, &fault.Fault{
			Code: "long-record", Place: r.Place(r.line), Line: r.line, Final: true,
			Text: fmt.Sprintf("a row of more than %d bytes", MaxRecord),
			Hint: "this is not a list, or a quote is not closed",
		}
	}
	if len(raw) == 0 {
		return Record{}, io.EOF
	}
	return r.finish(s)
}

// finish returns the record that ends before s.at, and moves past its line end: LF, CRLF or CR.
func (r *CSV) finish(s *scan) (Record, error) {
	r.fields = append(r.fields, s.cut())
	rec := Record{Line: r.line, Raw: string(r.buf[r.pos : r.pos+s.at])}
	r.pos += s.at
	if s.breaks {
		r.line += fault.Lines([]byte(rec.Raw))
	}
	if r.pos < r.end {
		cr := r.buf[r.pos] == '\r'
		r.pos++
		r.line++
		if cr && (r.pos < r.end || r.fill()) && r.buf[r.pos] == '\n' {
			r.pos++
		}
	}
	if f := r.check(rec, s); f != nil {
		return Record{}, f
	}
	rec.Fields = make([]string, len(r.fields))
	for i, f := range r.fields {
		rec.Fields[i] = rec.Raw[f.from:f.to]
		if f.doubled {
			rec.Fields[i] = strings.ReplaceAll(rec.Fields[i], `""`, `"`)
		}
	}
	return rec, nil
}

// check returns the fault of a record that cannot be read.
func (r *CSV) check(rec Record, s *scan) *fault.Fault {
	at := -1
	f := &fault.Fault{}
	switch {
	case s.stray >= 0:
		at = s.stray
		f.Code, f.Text = "stray-quote", "a quote that neither opens nor closes a cell"
		f.Hint = `put quotes around the whole cell, without blanks outside them, and double ("") those inside`
		if at > 1 && rec.Raw[at-2:at] == `\"` {
			f.Hint = `the list has \" for a quote inside a cell: write each of them as ""`
		}
	case s.nul >= 0:
		at = s.nul
		f.Code, f.Text, f.Hint = "nul", "a NUL byte", "the file is not text, or not UTF-8: save the list as CSV UTF-8"
	case !utf8.ValidString(rec.Raw):
		at = charset.Invalid(rec.Raw)
		f.Code, f.Text, f.Hint = "bad-encoding", "bytes that are not UTF-8", "save the list as CSV UTF-8"
	case r.encoding != "" && r.encoding != charset.UTF8 && strings.ContainsRune(rec.Raw, utf8.RuneError):
		at = strings.IndexRune(rec.Raw, utf8.RuneError)
		f.Code, f.Text, f.Hint = "bad-encoding", "bytes that are not "+r.encoding,
			"correct recipients.encoding, or save the list as CSV UTF-8"
	default:
		return nil
	}
	begin := strings.LastIndexAny(rec.Raw[:at], "\r\n") + 1
	f.Line = rec.Line + fault.Lines([]byte(rec.Raw[:at]))
	f.Place = r.Place(f.Line)
	f.Excerpt = fault.Excerpt(rec.Raw[begin:])
	f.Column = fault.Caret([]byte(rec.Raw[begin:at]), f.Excerpt)
	f.Line = rec.Line
	return f
}
