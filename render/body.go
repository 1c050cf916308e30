package render

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// normalize turns every line end (CRLF, CR, LF) of a text into CRLF, the canonical form from which a text part is
// encoded (RFC 2046 section 4.1.1).
func normalize(s []byte) []byte {
	out := make([]byte, 0, len(s)+bytes.Count(s, []byte("\n"))+2)
	for line := range bytes.Lines(s) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		if ended {
			text = bytes.TrimSuffix(text, []byte("\r"))
		}
		for i := bytes.IndexByte(text, '\r'); i >= 0; i = bytes.IndexByte(text, '\r') {
			out = append(append(out, text[:i]...), "\r\n"...)
			text = text[i+1:]
		}
		out = append(out, text...)
		if ended {
			out = append(out, "\r\n"...)
		}
	}
	return out
}

// preferBase64 chooses the shorter encoding. An octet over 127 costs three in quoted-printable and four thirds in
// base64, so the two meet at a sixth.
func preferBase64(s []byte) bool {
	high := 0
	for _, c := range s {
		if c >= 0x80 {
			high++
		}
	}
	return high*6 > len(s)
}

// appendQuotedPrintable encodes a text whose lines end in CRLF (RFC 2045 section 6.7). It does more than the standard
// asks for. The octets of one character stay on one line. A dot at the start of a line and the F of "From " are written
// as octets, so that no server or mail folder on the way has a reason to change them.
func appendQuotedPrintable(b, s []byte) []byte {
	column := 0
	for i := 0; i < len(s); {
		if column > 0 { // most of a letter stands for itself; it is copied in runs
			end := i
			for limit := min(len(s), i+lineLength-1-column); end < limit && literal(s, end); end++ {
			}
			b = append(b, s[i:end]...)
			column += end - i
			if i = end; i == len(s) {
				break
			}
		}
		if s[i] == '\r' && i+1 < len(s) && s[i+1] == '\n' {
			b = append(b, "\r\n"...)
			column = 0
			i += 2
			continue
		}
		_, size := utf8.DecodeRune(s[i:])
		c := s[i]
		plain, width := literal(s, i), 1
		if !plain {
			width = 3 * size
		}
		// One column stays free for the soft line break, unless the line ends here.
		if column+width > lineLength || column+width == lineLength && !bytes.HasPrefix(s[i+size:], []byte("\r\n")) {
			b = append(b, "=\r\n"...)
			column = 0
		}
		if column == 0 && (c == '.' || c == 'F' && bytes.HasPrefix(s[i:], []byte("From "))) {
			plain, width = false, 3
		}
		if plain {
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

// literal says that the octet at i stands for itself: printable ASCII, and a blank that does not end its line.
func literal(s []byte, i int) bool {
	c := s[i]
	return c > ' ' && c <= '~' && c != '=' || c == ' ' && i+1 < len(s) && s[i+1] != '\r'
}

// rawLine octets make one base64 line of 76 characters (RFC 2045 section 6.8).
const rawLine = 57

// base64Length is the number of octets that appendBase64 adds for n.
func base64Length(n int64) int64 {
	return n/rawLine*(lineLength+2) + min(n%rawLine, 1)*((n%rawLine+2)/3*4+2)
}

// appendBase64 encodes s in lines of 76 characters, each ended. When it is called piece by piece, each piece but the
// last must be a multiple of rawLine.
func appendBase64(b, s []byte) []byte {
	for len(s) > 0 {
		n := min(rawLine, len(s))
		b = base64.StdEncoding.AppendEncode(b, s[:n])
		b = append(b, "\r\n"...)
		s = s[n:]
	}
	return b
}
