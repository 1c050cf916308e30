// Package transfer writes texts in the encodings of a mail's parts, which are 7-bit and in lines of 76 (RFC 2045).
// Prepare the literals that many texts share with [Prepare], find them in a text with [Literals.Verify], ask
// [Literals.Examine] which encoding is the shorter one, and write the text with [Literals.AppendQuotedPrintable], or
// with [Literals.Normalize] and [AppendBase64].
//
// Most of a letter is the same for everybody. A line of quoted-printable depends on nothing but its line of the text.
// So the whole lines within a literal are encoded once, beforehand, and copied into each message. Only the lines with a
// cell in them are encoded for each message. The octets are the same as if all of the text were encoded at once.
//
// All line ends of a text (CRLF, CR, LF) are written as CRLF, the canonical form of a text part (RFC 2046 section
// 4.1.1), and the last line is ended. The package keeps nothing of a text that it has written.
package transfer

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"mailshot/templates"
)

// LineLength is how many characters an encoded line has at most, without its line end.
const LineLength = 76

// Literals are the literals of one template, encoded beforehand. They are immutable and safe for concurrent use.
type Literals []literal

// literal is a text that stands in many texts. Its whole lines are those between its first and its last line break:
// what stands before and after them belongs to lines that go on outside.
type literal struct {
	text       string
	head, tail int    // text[head:tail] are its whole lines
	lines      []byte // its whole lines in quoted-printable
	canonical  []byte // its whole lines with CRLF line ends
	high       int    // octets over 127 in its whole lines
	invalid    bool   // its whole lines are not UTF-8
}

// Prepare encodes the whole lines of literals.
func Prepare(texts []string) Literals {
	l := make(Literals, len(texts))
	for i, text := range texts {
		l[i] = prepare(text)
	}
	return l
}

func prepare(text string) literal {
	l := literal{text: text}
	for i := range len(text) {
		// A CR at the very end may be half of a line break.
		if c := text[i]; c == '\n' || c == '\r' && i+1 < len(text) && text[i+1] != '\n' {
			if l.tail = i + 1; l.head == 0 {
				l.head = l.tail
			}
		}
	}
	lines := []byte(text[l.head:l.tail])
	l.lines, l.high, l.invalid = appendLines(nil, lines), over127(lines), !utf8.Valid(lines)
	l.canonical = appendCanonical(nil, lines)
	return l
}

// Verify drops the runs whose place in the text does not hold their literal, or that overlap. It returns the others, in
// the same memory. The other methods want runs that are verified: what they write is the text only then.
func (l Literals) Verify(text []byte, runs []templates.Run) []templates.Run {
	good, at := runs[:0], 0
	for _, r := range runs {
		if r.Literal < 0 || r.Literal >= len(l) || r.At < at {
			continue
		}
		end := r.At + len(l[r.Literal].text)
		if end < r.At || end > len(text) || string(text[r.At:end]) != l[r.Literal].text {
			continue
		}
		good, at = append(good, r), end
	}
	return good
}

// Examine says whether a text is UTF-8, and whether base64 is its shorter encoding. An octet over 127 costs three in
// quoted-printable and four thirds in base64, so the two meet at a sixth.
func (l Literals) Examine(text []byte, runs []templates.Run) (valid, base64 bool) {
	high, at := 0, 0
	for _, r := range runs {
		// A line break ends a character, so that whole lines are valid or not by themselves.
		if lit := &l[r.Literal]; lit.head < lit.tail {
			gap := text[at : r.At+lit.head]
			n := over127(gap)
			if lit.invalid || n > 0 && !utf8.Valid(gap) {
				return false, false
			}
			high += n + lit.high
			at = r.At + lit.tail
		}
	}
	n := over127(text[at:])
	if n > 0 && !utf8.Valid(text[at:]) {
		return false, false
	}
	high += n
	return true, high*6 > len(text) && high*6 > Size(text)
}

// AppendQuotedPrintable encodes a text in quoted-printable.
func (l Literals) AppendQuotedPrintable(b, text []byte, runs []templates.Run) []byte {
	at := 0
	for _, r := range runs {
		if lit := &l[r.Literal]; lit.head < lit.tail {
			b = append(appendLines(b, text[at:r.At+lit.head]), lit.lines...)
			at = r.At + lit.tail
		}
	}
	b = appendLines(b, text[at:])
	if !ended(text) {
		b = append(b, "\r\n"...)
	}
	return b
}

// over127 counts the octets over 127.
func over127(s []byte) int {
	n := 0
	for ; len(s) >= 8; s = s[8:] {
		n += bits.OnesCount64(binary.NativeEndian.Uint64(s) & 0x8080808080808080)
	}
	for _, c := range s {
		n += int(c >> 7)
	}
	return n
}

// ended says whether a text ends in a line end.
func ended(s []byte) bool { return len(s) > 0 && (s[len(s)-1] == '\n' || s[len(s)-1] == '\r') }

// Size is the number of octets that a text has with CRLF line ends and its last line ended.
func Size(text []byte) int {
	n := len(text)
	for i, c := range text {
		if c == '\n' && (i == 0 || text[i-1] != '\r') || c == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
			n++
		}
	}
	if !ended(text) {
		n += 2
	}
	return n
}

// Normalize appends a text with every line end (CRLF, CR, LF) as CRLF, and its last line ended.
func (l Literals) Normalize(b, text []byte, runs []templates.Run) []byte {
	at := 0
	for _, r := range runs {
		if lit := &l[r.Literal]; lit.head < lit.tail {
			b = append(appendCanonical(b, text[at:r.At+lit.head]), lit.canonical...)
			at = r.At + lit.tail
		}
	}
	b = appendCanonical(b, text[at:])
	if !ended(text) {
		b = append(b, "\r\n"...)
	}
	return b
}

// Normalize is [Literals.Normalize] of a text whose literals are not known.
func Normalize(b, text []byte) []byte { return Literals{}.Normalize(b, text, nil) }

// appendCanonical appends lines with every line end as CRLF.
func appendCanonical(b, s []byte) []byte {
	for line := range bytes.Lines(s) {
		text, lf := bytes.CutSuffix(line, []byte("\n"))
		if lf {
			text = bytes.TrimSuffix(text, []byte("\r"))
		}
		for i := bytes.IndexByte(text, '\r'); i >= 0; i = bytes.IndexByte(text, '\r') {
			b = append(append(b, text[:i]...), "\r\n"...)
			text = text[i+1:]
		}
		b = append(b, text...)
		if lf {
			b = append(b, "\r\n"...)
		}
	}
	return b
}
