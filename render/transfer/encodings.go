package transfer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"unicode/utf8"
)

const hexDigits = "0123456789ABCDEF"

// plain are the octets that stand for themselves in quoted-printable: printable ASCII, and a blank that does not end
// its line.
var plain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '='
	}
	return t
}()

// allPlain says whether eight octets are plain: none below a blank, none above a tilde, and no equals sign.
func allPlain(x uint64) bool {
	const each = 0x0101010101010101
	equals := x ^ each*'='
	above, below := x|(x+each), (x-each*' ')&^x // in Go x|x+each is (x|x)+each
	return (above|below|(equals-each)&^equals)&(each*0x80) == 0
}

// appendLines encodes lines in quoted-printable (RFC 2045 section 6.7). s begins at the start of a line. It does more
// than the standard asks for. The octets of one character stay on one line. A dot at the start of a line and the F of
// "From " are written as octets, so that no server or mail folder on the way has a reason to change them.
func appendLines(b, s []byte) []byte {
	column := 0
	for i := 0; i < len(s); {
		if column > 0 { // most of a letter stands for itself; it is copied in runs
			limit := min(len(s), i+LineLength-1-column)
			end := i
			for end+8 <= limit && allPlain(binary.NativeEndian.Uint64(s[end:])) {
				end += 8
			}
			for end < limit && plain[s[end]] {
				end++
			}
			if end > i && s[end-1] == ' ' && endsLine(s, end) {
				end--
			}
			b = append(b, s[i:end]...)
			column += end - i
			if i = end; i == len(s) {
				break
			}
		}
		c := s[i]
		if c == '\r' || c == '\n' {
			b = append(b, "\r\n"...)
			column = 0
			if i++; c == '\r' && i < len(s) && s[i] == '\n' {
				i++
			}
			continue
		}
		self, width, size := plain[c] && (c != ' ' || !endsLine(s, i+1)), 1, 1
		if !self {
			_, size = utf8.DecodeRune(s[i:])
			width = 3 * size
		}
		// One column stays free for the soft line break, unless the line ends here.
		if column+width > LineLength || column+width == LineLength && !endsLine(s, i+size) {
			b = append(b, "=\r\n"...)
			column = 0
		}
		if column == 0 && (c == '.' || c == 'F' && bytes.HasPrefix(s[i:], []byte("From "))) {
			self, width = false, 3
		}
		if self {
			b = append(b, c)
		} else {
			for _, c := range s[i : i+size] {
				b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		column += width
		i += size
	}
	return b
}

// endsLine says whether a line ends before the octet at i. The end of the text is a line end, for the last line is
// always ended.
func endsLine(s []byte, i int) bool { return i >= len(s) || s[i] == '\r' || s[i] == '\n' }

// RawLine octets make one base64 line (RFC 2045 section 6.8).
const RawLine = 57

// Base64Length is the number of octets that AppendBase64 adds for n.
func Base64Length(n int64) int64 {
	return n/RawLine*(LineLength+2) + min(n%RawLine, 1)*((n%RawLine+2)/3*4+2)
}

// AppendBase64 encodes s in lines of 76 characters, each ended. When it is called piece by piece, each piece but the
// last must be a multiple of RawLine.
func AppendBase64(b, s []byte) []byte {
	for len(s) > 0 {
		n := min(RawLine, len(s))
		b = base64.StdEncoding.AppendEncode(b, s[:n])
		b = append(b, "\r\n"...)
		s = s[n:]
	}
	return b
}
