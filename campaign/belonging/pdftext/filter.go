package pdftext

import (
	"bytes"
	"compress/zlib"
	"io"
	"slices"

	"golang.org/x/image/tiff/lzw"
)

// mostFilters is how many filters a stream may have in a row.
const mostFilters = 4

// unpack returns the bytes of a stream, as far as they can be unpacked; nil for a picture.
func (d *document) unpack(s *stream) []byte {
	filters := d.list(s.dict["Filter"])
	parameters := d.list(s.dict["DecodeParms"])
	if len(filters) > mostFilters {
		panic(stop{ErrTooMuch})
	}
	b := s.raw
	for i, f := range filters {
		var with dict
		if i < len(parameters) {
			with = d.dict(parameters[i])
		}
		switch d.resolve(f) {
		case name("FlateDecode"), name("Fl"):
			b = d.predicted(d.inflate(b), with)
		case name("LZWDecode"), name("LZW"):
			b = d.predicted(d.drain(lzw.NewReader(bytes.NewReader(b), lzw.MSB, 8)), with)
		case name("ASCIIHexDecode"), name("AHx"):
			b = []byte((&lexer{d: d, b: append([]byte("<"), b...)}).hex())
		case name("ASCII85Decode"), name("A85"):
			b = ascii85(b)
		case name("RunLengthDecode"), name("RL"):
			b = d.runs(b)
		case name("Crypt"):
		default:
			return nil
		}
		if len(b) == 0 {
			return nil
		}
	}
	return b
}

func (d *document) list(o object) array {
	switch o := d.resolve(o).(type) {
	case nil:
		return nil
	case array:
		return o
	default:
		return array{o}
	}
}

// inflate unpacks what zlib packed. A broken end loses what comes after it, and no more.
func (d *document) inflate(b []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	return d.drain(r)
}

// drain reads all of r, within the limits. What it has is copied once, at the end: a buffer that grows by doubling had
// three times the limit in memory with what it left behind.
func (d *document) drain(r io.Reader) []byte {
	var parts [][]byte
	for size := 4 << 10; ; size = min(2*size, 1<<20) {
		part := make([]byte, size)
		n, err := io.ReadFull(r, part)
		d.take(n)
		parts = append(parts, part[:n])
		if err != nil {
			return slices.Concat(parts...)
		}
	}
}

// predicted undoes a predictor of PNG (ISO 32000-1 section 7.4.4.4).
func (d *document) predicted(b []byte, with dict) []byte {
	if d.number(with["Predictor"], 1) < 10 {
		return b
	}
	colours, bits := d.number(with["Colors"], 1), d.number(with["BitsPerComponent"], 8)
	row := int((d.number(with["Columns"], 1)*colours*bits + 7) / 8)
	pixel := max(1, int(colours*bits/8))
	if row < 1 || row > 1<<20 || pixel > row {
		return nil
	}
	out := make([]byte, 0, len(b))
	above := make([]byte, row)
	for len(b) > 1 {
		kind := b[0]
		line := make([]byte, row)
		n := copy(line, b[1:])
		b = b[1+n:]
		for i := range line {
			var left, corner byte
			if i >= pixel {
				left, corner = line[i-pixel], above[i-pixel]
			}
			switch kind {
			case 1:
				line[i] += left
			case 2:
				line[i] += above[i]
			case 3:
				line[i] += byte((int(left) + int(above[i])) / 2)
			case 4:
				line[i] += paeth(left, above[i], corner)
			}
		}
		out = append(out, line[:n]...)
		above = line
	}
	return out
}

func paeth(a, b, c byte) byte {
	p := int(a) + int(b) - int(c)
	distance := func(v byte) int { return max(p-int(v), int(v)-p) }
	switch da, db, dc := distance(a), distance(b), distance(c); {
	case da <= db && da <= dc:
		return a
	case db <= dc:
		return b
	}
	return c
}

// ascii85 decodes base 85 (ISO 32000-1 section 7.4.3).
func ascii85(b []byte) []byte {
	var out []byte
	var group [5]byte
	n := 0
	flush := func(n int) {
		for i := n; i < 5; i++ {
			group[i] = 84
		}
		v := uint32(0)
		for _, c := range group {
			v = v*85 + uint32(c)
		}
		out = append(out, []byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}[:n-1]...)
	}
	for _, c := range b {
		switch {
		case c == '~':
			if n > 1 {
				flush(n)
			}
			return out
		case c == 'z' && n == 0:
			out = append(out, 0, 0, 0, 0)
		case c >= '!' && c <= 'u':
			group[n] = c - '!'
			if n++; n == 5 {
				flush(5)
				n = 0
			}
		}
	}
	if n > 1 {
		flush(n)
	}
	return out
}

// runs decodes run lengths (ISO 32000-1 section 7.4.5).
func (d *document) runs(b []byte) []byte {
	var out []byte
	for len(b) > 1 && b[0] != 128 {
		n := int(b[0])
		if n < 128 {
			n = min(n+1, len(b)-1)
			out = append(out, b[1:1+n]...)
			b = b[1+n:]
		} else {
			n = 257 - n
			out = append(out, bytes.Repeat(b[1:2], n)...)
			b = b[2:]
		}
		d.take(n)
	}
	return out
}
